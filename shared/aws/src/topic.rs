//! The SNS topic that people are notified through.

use aws_sdk_sns::Client;

use super::{SdkConfig, Setting, Settings, fault};
use pawl_base::fault::Fault;
use pawl_ledger::edge::Notices;

/// The most characters that SNS takes in a subject: fewer than 100, and no line breaks or control characters.
const LONGEST_SUBJECT: usize = 99;

/// The topic that `PAWL_TOPIC_ARN` names.
#[derive(Debug, Clone)]
pub struct Topic {
    client: Client,
    arn: String,
}

impl Topic {
    /// The topic of this environment.
    pub fn from_env(config: &SdkConfig) -> Result<Self, Fault> {
        Ok(Self::new(config, Settings.get(Setting::Topic)?))
    }

    /// The topic of this ARN.
    pub fn new(config: &SdkConfig, arn: String) -> Self {
        Self { client: Client::new(config), arn }
    }

    /// Notifies people. A subject becomes one line of at most 99 characters.
    pub async fn notify(&self, subject: &str, message: &str) -> Result<(), Fault> {
        let line = subject.chars().map(|c| if c.is_control() { ' ' } else { c });
        let subject: String = line.take(LONGEST_SUBJECT).collect();
        let request = self.client.publish().topic_arn(&self.arn).subject(subject).message(message);
        request.send().await.map(|_| ()).map_err(|e| fault("notify", &e))
    }
}

impl Notices for Topic {
    async fn notify(&self, subject: &str, message: &str) -> Result<(), Fault> {
        Self::notify(self, subject, message).await
    }
}
