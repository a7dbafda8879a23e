//! The services themselves.

use aws_sdk_eventbridge as eventbridge;
use eventbridge::types::PutEventsRequestEntry;
use jiff::Timestamp;
use pawl_aws::{S3Store, fault, sfn};
use serde_json::Value;

use super::{Delivery, Edge, PAUSE, Services, Subject};
use crate::reply::Failure;

/// The clients beside the ledger's.
#[derive(Debug)]
pub(crate) struct Aws {
    sfn: sfn::Client,
    events: eventbridge::Client,
}

/// Connects as the environment says; `AWS_ENDPOINT_URL` leads to a local stand-in.
pub(crate) async fn connect(bucket: Option<&str>, who: String) -> Result<Edge<S3Store, Aws>, Failure> {
    let Some(bucket) = bucket.filter(|bucket| !bucket.is_empty()) else {
        return Err(Failure::cannot_run(
            "no bucket: give --bucket NAME or set PAWL_BUCKET to the stack's output PawlBucket",
        ));
    };
    let config = pawl_aws::connect().await;
    if config.region().is_none() {
        return Err(Failure::cannot_run(
            "no AWS region: set AWS_REGION, or AWS_PROFILE to a profile with a region",
        ));
    }
    Ok(Edge {
        store: S3Store::new(&config, bucket.to_owned()),
        services: Aws { sfn: sfn::Client::new(&config), events: eventbridge::Client::new(&config) },
        bucket: bucket.to_owned(),
        who,
    })
}

impl Services for Aws {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn answer(&self, token: &str, output: &Value) -> Result<Delivery, Failure> {
        let request = self.sfn.send_task_success().task_token(token).output(output.to_string());
        match request.send().await {
            Ok(_) => Ok(Delivery::Taken),
            Err(e) => {
                let over = e.as_service_error().is_some_and(|e| {
                    e.is_task_timed_out() || e.is_task_does_not_exist() || e.is_invalid_token()
                });
                if over { Ok(Delivery::NobodyWaits) } else { Err(fault("answer the waiting run", &e).into()) }
            }
        }
    }

    async fn publish(&self, subject: Subject, detail: &Value) -> Result<(), Failure> {
        let entry = PutEventsRequestEntry::builder()
            .source("custom.pawl")
            .detail_type(subject.detail_type())
            .detail(detail.to_string())
            .build();
        let sent = self.events.put_events().entries(entry).send().await;
        let sent = sent.map_err(|e| Failure::from(fault("publish to the event bus", &e)))?;
        match sent.entries().iter().find_map(|entry| entry.error_message()) {
            Some(reason) => Err(Failure::cannot_run(format!("the event bus refused: {reason}"))),
            None => Ok(()),
        }
    }

    async fn pause(&self) {
        tokio::time::sleep(PAUSE).await;
    }
}
