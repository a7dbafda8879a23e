//! The SNS topic that people are notified through.

use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;

use super::{SdkConfig, Setting, Settings, fault};
use pawl_base::fault::Fault;
use pawl_base::names::RegionName;
use pawl_ledger::edge::Notices;
use pawl_ledger::notice::{Message, Notice, Origin};

/// The topic that `PAWL_TOPIC_ARN` names.
#[derive(Debug, Clone)]
pub struct Topic {
    client: Client,
    arn: String,
    origin: Origin,
}

impl Topic {
    /// The topic of this environment.
    pub fn from_env(config: &SdkConfig) -> Result<Self, Fault> {
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        let region =
            RegionName::try_from(region).map_err(|e| Fault::BadConfig(format!("AWS_REGION: {e}")))?;
        let origin = Origin { region, bucket: Settings.get(Setting::Bucket)? };
        Ok(Self::new(config, Settings.get(Setting::Topic)?, origin))
    }

    /// The topic of this ARN, for notices from this stack.
    pub fn new(config: &SdkConfig, arn: String, origin: Origin) -> Self {
        Self { client: Client::new(config), arn, origin }
    }
}

impl Notices for Topic {
    async fn notify(&self, notice: &Notice) -> Result<(), Fault> {
        let message = Message::new(notice, &self.origin);
        let request = self.client.publish().topic_arn(&self.arn).subject(&message.subject);
        let mut request = request.message_structure("json").message(message.by_protocol());
        for (name, value) in message.attributes {
            let value = MessageAttributeValue::builder().data_type("String").string_value(value);
            let value = value.build().map_err(|e| Fault::BadInput(format!("notify: {name}: {e}")))?;
            request = request.message_attributes(name, value);
        }
        request.send().await.map(|_| ()).map_err(|e| fault("notify", &e))
    }
}
