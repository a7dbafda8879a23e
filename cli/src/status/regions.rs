//! What `pawl status` says of further regions.

use pawl::documents::{RELEASE, WAVE};
use pawl::ledger::{Keys, Store, StoreError};
use pawl::names::RegionName;
use pawl::release::{Deployment, Freeze, RegionStage, State, Wave};
use serde::Serialize;

use super::{release_words, words};
use crate::page::Page;

/// The newest promoted model's way through further regions, and what serves in each.
#[derive(Debug, Serialize)]
pub(super) struct Regions {
    wave: Wave,
    releases: Vec<There>,
}

/// The release in a further region.
#[derive(Debug, Serialize)]
struct There {
    region: RegionName,
    stage: RegionStage,
    serving: Option<Deployment>,
    release: Option<State>,
    freeze: Option<Freeze>,
}

impl Regions {
    /// `None` where no promoted model was to go further.
    pub(super) async fn read(store: &impl Store, keys: &Keys) -> Result<Option<Self>, StoreError> {
        let Some(wave) = WAVE.of(keys).read(store).await?.flatten() else { return Ok(None) };
        let mut releases = Vec::new();
        for stop in &wave.stops {
            let region = stop.region.name.clone();
            let release = RELEASE.of(&keys.in_region(&region)).read(store).await?;
            releases.push(There {
                region,
                stage: stop.stage,
                serving: release.as_ref().and_then(|release| release.current.clone()),
                freeze: release.as_ref().and_then(|release| release.freeze.clone()),
                release: release.map(|release| release.state),
            });
        }
        Ok(Some(Self { wave, releases }))
    }

    pub(super) fn show(&self, page: &mut Page) {
        let run = self.wave.generation;
        let stages = || self.wave.stops.iter().map(|stop| stop.stage);
        let how = match &self.wave.stopped {
            Some(reason) => format!("run {run} was stopped: {reason}"),
            None if stages().all(|stage| stage == RegionStage::Promoted) => {
                format!("run {run} was promoted in all")
            }
            None => format!("run {run} is on its way, one region after another"),
        };
        page.field("regions", &how);
        for there in &self.releases {
            page.field("", &there.words());
        }
    }
}

impl There {
    fn words(&self) -> String {
        let serving = match &self.serving {
            None => "nothing serves".to_owned(),
            Some(found) => format!("run {} serves", found.generation),
        };
        let release = match &self.release {
            None => String::new(),
            state => format!("; {}", release_words(state.as_ref(), self.serving.as_ref())),
        };
        let freeze = self.freeze.as_ref();
        let freeze =
            freeze.map_or(String::new(), |freeze| format!("; frozen by {}: {}", freeze.who, freeze.why));
        format!("{}: {}; {serving}{release}{freeze}", self.region, words(&self.stage))
    }
}
