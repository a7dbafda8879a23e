//! Further regions: what `release.regions` names.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use pawl_base::names::RegionName;

/// A further region that a promoted model goes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// Which, such as `eu-west-1`.
    pub name: RegionName,
    /// A bucket in that region, made by you: SageMaker takes a model's archive only from its own region.
    /// Captured requests go there too.
    pub bucket: String,
    /// The serving image in that region: ECR's replication puts it there under another host.
    pub image: String,
    /// Rows of features to try the endpoint there with, written by you, at most five. Default: as
    /// `release.smoke` says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub smoke_rows: Vec<BTreeMap<String, Value>>,
}

/// Which rows an endpoint in a further region is tried with. At home it is always rows of the holdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SmokeRows {
    /// Rows made of the training data's profile: the middle of a range, the commonest value. No row of the
    /// data leaves home.
    #[default]
    Synthetic,
    /// Rows of home's holdout.
    Home,
}

/// Why the list of regions cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegionError {
    /// One region twice.
    #[error("release.regions: {0} is named twice: name it once")]
    Twice(RegionName),
    /// One bucket for two regions.
    #[error(
        "release.regions: {region} has the bucket {bucket:?} of another region, or of the data: a bucket \
        lies in one region, name one that lies in {region}"
    )]
    SharedBucket {
        /// Which region.
        region: RegionName,
        /// The bucket.
        bucket: String,
    },
    /// Nothing stands where a name is needed.
    #[error("release.regions: {region} has no {what}: name one that lies in {region}")]
    Missing {
        /// Which region.
        region: RegionName,
        /// What is missing.
        what: &'static str,
    },
    /// It is where the pipeline runs.
    #[error("release.regions: {0} is home, as train.image says: name further regions only")]
    Home(RegionName),
    /// SageMaker pulls images from its own region only.
    #[error(
        "release.regions: the image of {region} lies in {found}: SageMaker pulls from its own region, \
        replicate it to {region}"
    )]
    ImageElsewhere {
        /// Which region.
        region: RegionName,
        /// Where the image lies.
        found: String,
    },
    /// More rows than are sent.
    #[error("release.regions: {region} has {found} smoke_rows: name at most {MOST_ROWS}")]
    TooManyRows {
        /// Which region.
        region: RegionName,
        /// How many.
        found: usize,
    },
    /// More than a wave should visit.
    #[error("release.regions: {0} regions: name at most {MOST}")]
    TooMany(usize),
}

/// The most rows that an endpoint is tried with.
pub const MOST_ROWS: usize = 5;

/// The most regions of one pipeline.
const MOST: usize = 20;

/// Whether a wave could visit all regions, as far as the file shows. `image` and `bucket` are those at home.
pub(crate) fn check(regions: &[Region], image: &str, bucket: &str) -> Result<(), RegionError> {
    if regions.len() > MOST {
        return Err(RegionError::TooMany(regions.len()));
    }
    let home = registry_of(image);
    for (number, Region { name, bucket: own, image, smoke_rows }) in regions.iter().enumerate() {
        let before = || regions.iter().take(number);
        let region = name.clone();
        if home == Some(name.as_str()) {
            return Err(RegionError::Home(region));
        }
        if before().any(|other| other.name == *name) {
            return Err(RegionError::Twice(region));
        }
        if let Some(what) = [("bucket", own), ("image", image)].into_iter().find(|(_, text)| text.is_empty())
        {
            return Err(RegionError::Missing { region, what: what.0 });
        }
        if smoke_rows.len() > MOST_ROWS {
            return Err(RegionError::TooManyRows { region, found: smoke_rows.len() });
        }
        if own == bucket || before().any(|other| other.bucket == *own) {
            return Err(RegionError::SharedBucket { region, bucket: own.clone() });
        }
        if let Some(found) = registry_of(image).filter(|found| *found != name.as_str()) {
            return Err(RegionError::ImageElsewhere { region, found: found.to_owned() });
        }
    }
    Ok(())
}

/// The region in the URI of an ECR image: `<account>.dkr.ecr.<region>.amazonaws.com/<repository>`.
fn registry_of(image: &str) -> Option<&str> {
    let (_, host) = image.split('/').next()?.split_once(".dkr.ecr.")?;
    host.split('.').next()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const HOME: &str = "1.dkr.ecr.eu-central-1.amazonaws.com/bike:1";

    fn refused(regions: &[(&str, &str, &str)]) -> String {
        let region = |(name, bucket, image): &(&str, &str, &str)| Region {
            name: RegionName::try_from((*name).to_owned()).unwrap(),
            bucket: (*bucket).to_owned(),
            image: (*image).to_owned(),
            smoke_rows: Vec::new(),
        };
        let regions: Vec<Region> = regions.iter().map(region).collect();
        check(&regions, HOME, "data").map_or_else(|e| e.to_string(), |()| String::new())
    }

    #[test]
    fn regions_that_no_wave_could_visit_are_refused() {
        let image = "1.dkr.ecr.eu-west-1.amazonaws.com/bike:1";
        assert_eq!(refused(&[("eu-west-1", "a", image), ("us-east-1", "b", "bike")]), "");
        for (regions, wanted) in [
            (vec![("eu-central-1", "a", "bike")], "eu-central-1 is home, as train.image says"),
            (vec![("eu-west-1", "a", image), ("eu-west-1", "b", image)], "eu-west-1 is named twice"),
            (
                vec![("eu-west-1", "a", image), ("us-east-1", "a", "bike")],
                "us-east-1 has the bucket \"a\" of another",
            ),
            (
                vec![("eu-west-1", "data", image)],
                "eu-west-1 has the bucket \"data\" of another region, or of the data",
            ),
            (vec![("us-east-1", "a", image)], "the image of us-east-1 lies in eu-west-1"),
            (vec![("eu-west-1", "", image)], "eu-west-1 has no bucket"),
            (vec![("eu-west-1", "a", "")], "eu-west-1 has no image"),
        ] {
            let said = refused(&regions);
            assert!(said.contains(wanted), "{said}");
        }
    }
}
