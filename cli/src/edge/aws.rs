//! The services themselves.

use aws_sdk_sts as sts;
use jiff::Timestamp;
use pawl::documents::UserId;
use pawl_aws::{S3Store, fault};

use super::{Edge, PAUSE, Services};
use crate::build::Build;
use crate::reply::Failure;

/// The clients beside the ledger's.
#[derive(Debug)]
pub(crate) struct Aws {
    sts: sts::Client,
    store: S3Store,
}

/// Connects as the environment says; `AWS_ENDPOINT_URL` leads to a local stand-in.
pub(crate) async fn connect(bucket: Option<&str>, says: String) -> Result<Edge<S3Store, Aws>, Failure> {
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
    let store = S3Store::new(&config, bucket.to_owned());
    Ok(Edge {
        services: Aws { sts: sts::Client::new(&config), store: store.clone() },
        store,
        bucket: bucket.to_owned(),
        says,
    })
}

impl Services for Aws {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn user(&self) -> Result<UserId, Failure> {
        let found = self.sts.get_caller_identity().send().await;
        let found = found.map_err(|e| Failure::from(fault("ask AWS who you are", &e)))?;
        UserId::new(found.user_id().unwrap_or_default()).map_err(Failure::cannot_run)
    }

    async fn deployed(&self) -> Result<Option<Build>, Failure> {
        Ok(Build::of_tags(&self.store.tags().await?))
    }

    async fn pause(&self) {
        tokio::time::sleep(PAUSE).await;
    }
}
