//! A promoted model goes to further regions, one after another; a failure stops the wave.
//!
//! Each region has a release of its own, with its own record, alarms and watch. The wave only says whose turn
//! it is and what is to be done there: a pure function of its record and the news. News may be doubled or
//! late: a region moves forward only, and only in its turn.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::deployment::Deployment;
use crate::record::Release;
use crate::region::Region;
use pawl_base::names::{Generation, RegionName};

/// The way of one generation through the regions: the document `ledger/<model>/wave.json`, changed by
/// compare-and-swap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wave {
    /// The generation that was promoted at home.
    pub generation: Generation,
    /// The name of model and endpoint config, at home and in each region.
    pub name: String,
    /// The model's archive at home.
    pub artifact: String,
    /// The model package at home.
    pub package: Option<String>,
    /// The regions in their order.
    pub stops: Vec<WaveRegion>,
    /// Why no further region gets it, where it was stopped.
    pub stopped: Option<String>,
    /// Whether people were notified how it ended.
    pub told: bool,
    /// When the state machine last worked on it.
    pub turned_at: Timestamp,
}

/// One region of a wave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaveRegion {
    /// The region, as the promoted run's `pipeline.yaml` describes it.
    pub region: Region,
    /// How far it is.
    pub stage: RegionStage,
    /// Since when.
    pub since: Timestamp,
    /// The model package there, once it stands.
    pub package: Option<String>,
}

/// How far a region is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegionStage {
    /// Its turn has not come.
    Waiting,
    /// The archive is copied there.
    Copying,
    /// Package and model are made there.
    Registering,
    /// Its release is asked for permission, and the endpoint is created or updated.
    Deploying,
    /// The endpoint is on its way or bakes, watched by the region's own release.
    Watching,
    /// Its watch ended healthy.
    Promoted,
    /// It was not copied, held, or rolled back.
    Failed,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum WaveNews {
    /// Nothing new.
    Nothing,
    /// The archive lies in the region.
    Copied {
        /// Which.
        region: RegionName,
    },
    /// Package and model stand in the region.
    Registered {
        /// Which.
        region: RegionName,
        /// The package's ARN.
        package: String,
    },
    /// The region's endpoint has taken the order.
    Begun {
        /// Which.
        region: RegionName,
    },
    /// The region's watch ended healthy.
    Promoted {
        /// Which.
        region: RegionName,
    },
    /// Anything else ended it.
    Failed {
        /// Which.
        region: RegionName,
        /// Why, in plain words.
        reason: String,
    },
    /// Home has taken it back, or forbids it: no further region gets it.
    Stop {
        /// Why, in plain words.
        reason: String,
    },
    /// People were notified how it ended.
    Told,
}

/// What to do next. Each may be repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaveStep {
    /// Copy the archive there.
    Copy(Region),
    /// Make package and model there.
    Register(Region),
    /// Ask the region's release, and create or update its endpoint.
    Deploy(Region),
    /// The wave was stopped: tell the region's release that nothing comes, unless it has begun.
    Withdraw(Region),
    /// Let the region's release check its endpoint and alarms.
    Watch(Region),
    /// Tell people how it ended.
    Tell(String),
    /// It is over.
    Nothing,
}

/// A wave that is under way renews its sign of life at least this often.
const SIGN_OF_LIFE: SignedDuration = SignedDuration::from_mins(5);
/// After this long without a sign of life the wave is overdue and is started again: a copy may take 15
/// minutes, and three tries.
const OVERDUE: SignedDuration = SignedDuration::from_mins(60);

impl Wave {
    /// The wave of a deployment that was promoted at home.
    pub fn new(promoted: &Deployment, artifact: String, regions: &[Region], now: Timestamp) -> Self {
        let stop = |region: &Region| WaveRegion {
            region: region.clone(),
            stage: RegionStage::Waiting,
            since: now,
            package: None,
        };
        Self {
            generation: promoted.generation,
            name: promoted.last_config().0.clone(),
            artifact,
            package: promoted.package.clone(),
            stops: regions.iter().map(stop).collect(),
            stopped: None,
            told: false,
            turned_at: now,
        }
    }

    /// Takes in what came back, and says what to do next. News of a region whose turn it is not change
    /// nothing.
    pub fn step(&self, news: &WaveNews, now: Timestamp) -> (Self, WaveStep) {
        let mut next = self.clone();
        match news {
            WaveNews::Nothing => {}
            // No deployment comes of it any more.
            WaveNews::Copied { .. } | WaveNews::Registered { .. } if next.stopped.is_some() => {}
            WaveNews::Copied { region } => {
                next.advance(region, RegionStage::Copying, RegionStage::Registering, now);
            }
            WaveNews::Registered { region, package } => {
                if let Some(stop) = next.at(region, RegionStage::Registering) {
                    stop.package = Some(package.clone());
                }
                next.advance(region, RegionStage::Registering, RegionStage::Deploying, now);
            }
            WaveNews::Begun { region } => {
                next.advance(region, RegionStage::Deploying, RegionStage::Watching, now);
            }
            WaveNews::Promoted { region } => {
                next.advance(region, RegionStage::Deploying, RegionStage::Promoted, now);
                next.advance(region, RegionStage::Watching, RegionStage::Promoted, now);
            }
            WaveNews::Failed { region, reason } => {
                if let Some(stop) = next.under_way().filter(|stop| stop.region.name == *region) {
                    (stop.stage, stop.since) = (RegionStage::Failed, now);
                    next.stopped.get_or_insert(format!("{region}: {reason}"));
                }
            }
            WaveNews::Stop { reason } => {
                if !next.is_through() {
                    next.stopped.get_or_insert(reason.clone());
                }
            }
            WaveNews::Told => next.told = next.ending().is_some(),
        }
        let order = next.order(now);
        let silent = now.duration_since(next.turned_at) >= SIGN_OF_LIFE;
        if silent || matches!(order, WaveStep::Copy(_)) {
            next.turned_at = now;
        }
        (next, order)
    }

    /// Whether the state machine seems to have stopped working on it.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        !self.told && now.duration_since(self.turned_at) >= OVERDUE
    }

    fn at(&mut self, region: &RegionName, stage: RegionStage) -> Option<&mut WaveRegion> {
        self.under_way().filter(|stop| stop.region.name == *region && stop.stage == stage)
    }

    fn advance(&mut self, region: &RegionName, from: RegionStage, to: RegionStage, now: Timestamp) {
        if let Some(stop) = self.at(region, from) {
            (stop.stage, stop.since) = (to, now);
        }
    }

    /// The region whose turn it is.
    fn under_way(&mut self) -> Option<&mut WaveRegion> {
        self.stops
            .iter_mut()
            .find(|stop| (RegionStage::Copying..=RegionStage::Watching).contains(&stop.stage))
    }

    fn is_through(&self) -> bool {
        self.stops.iter().all(|stop| stop.stage == RegionStage::Promoted)
    }

    /// How it ended, in plain words; `None` while a region may still change.
    fn ending(&self) -> Option<String> {
        let settled =
            |stop: &WaveRegion| !matches!(stop.stage, RegionStage::Deploying | RegionStage::Watching);
        let serving = self.stops.iter().filter(|stop| stop.stage == RegionStage::Promoted);
        let serving: Vec<&str> = serving.map(|stop| stop.region.name.as_str()).collect();
        match &self.stopped {
            None => self.is_through().then(|| format!("Promoted in {}.", serving.join(", "))),
            Some(reason) => self.stops.iter().all(settled).then(|| match serving.as_slice() {
                [] => format!("Stopped before any further region was promoted. {reason}"),
                some => format!("Stopped after {}. {reason}", some.join(", ")),
            }),
        }
    }

    fn order(&mut self, now: Timestamp) -> WaveStep {
        if let Some(message) = self.ending() {
            return if self.told { WaveStep::Nothing } else { WaveStep::Tell(message) };
        }
        if self.under_way().is_none()
            && let Some(stop) = self.stops.iter_mut().find(|stop| stop.stage == RegionStage::Waiting)
        {
            (stop.stage, stop.since) = (RegionStage::Copying, now);
        }
        let stopped = self.stopped.is_some();
        let Some(WaveRegion { region, stage, .. }) = self.under_way() else { return WaveStep::Nothing };
        let region = region.clone();
        match stage {
            RegionStage::Copying => WaveStep::Copy(region),
            RegionStage::Registering => WaveStep::Register(region),
            RegionStage::Deploying if stopped => WaveStep::Withdraw(region),
            RegionStage::Deploying => WaveStep::Deploy(region),
            // A release that is under way is ended by its own watch, whatever becomes of the wave.
            RegionStage::Watching => WaveStep::Watch(region),
            RegionStage::Waiting | RegionStage::Promoted | RegionStage::Failed => WaveStep::Nothing,
        }
    }
}

impl Release {
    /// Why a wave of this generation must go no further, as the release at home says.
    pub fn against_wave(&self, generation: Generation) -> Option<String> {
        if let Some(freeze) = &self.freeze {
            return Some(format!("home is frozen by {}: {}", freeze.who, freeze.why));
        }
        match self.last_known_good() {
            Some(good) if good.generation == generation => None,
            Some(good) if good.generation > generation => {
                Some(format!("run {} was promoted at home meanwhile", good.generation))
            }
            _ => Some(format!("run {generation} was taken back at home")),
        }
    }

    /// Whether the release at home has taken back what a region serves or deploys.
    pub fn has_taken_back(&self, there: &Deployment) -> bool {
        let here = self.good_with(&there.config);
        self.revoked_configs.contains(&there.config) || here.is_some_and(|here| self.is_revoked(here))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::Freeze;
    use proptest::prelude::*;

    const NAMES: [&str; 3] = ["eu-west-1", "us-east-1", "ap-south-1"];

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    fn name(index: usize) -> RegionName {
        RegionName::try_from(NAMES[index].to_owned()).unwrap()
    }

    fn region(index: usize) -> Region {
        Region {
            name: name(index),
            bucket: format!("bucket-{index}"),
            image: "bike".to_owned(),
            smoke_rows: Vec::new(),
        }
    }

    fn wave() -> Wave {
        let promoted = Deployment::new(Generation(7), "bike-7");
        Wave::new(&promoted, "s3://home/model.tar.gz".to_owned(), &[region(0), region(1), region(2)], at(0))
    }

    fn registered(index: usize) -> WaveNews {
        WaveNews::Registered { region: name(index), package: format!("package-{index}") }
    }

    fn failed(index: usize, reason: &str) -> WaveNews {
        WaveNews::Failed { region: name(index), reason: reason.to_owned() }
    }

    /// Takes the news in, one after another.
    fn after(wave: Wave, news: &[WaveNews]) -> (Wave, WaveStep) {
        let begun = wave.step(&WaveNews::Nothing, at(0));
        news.iter().fold(begun, |(wave, _), news| wave.step(news, at(0)))
    }

    fn through(index: usize) -> [WaveNews; 4] {
        let region = || name(index);
        [
            WaveNews::Copied { region: region() },
            registered(index),
            WaveNews::Begun { region: region() },
            WaveNews::Promoted { region: region() },
        ]
    }

    #[test]
    fn one_region_after_another_each_with_its_own_watch() {
        let (mut wave, mut order) = wave().step(&WaveNews::Nothing, at(0));
        for index in 0..3 {
            let orders: [fn(Region) -> WaveStep; 4] =
                [WaveStep::Copy, WaveStep::Register, WaveStep::Deploy, WaveStep::Watch];
            for (wanted, news) in orders.into_iter().zip(through(index)) {
                assert_eq!(order, wanted(region(index)));
                assert_eq!(
                    wave.step(&WaveNews::Nothing, at(0)),
                    (wave.clone(), order),
                    "a lost order is given again"
                );
                (wave, order) = wave.step(&news, at(0));
                assert_eq!(wave.step(&news, at(0)).0, wave, "the same news again");
            }
            assert_eq!(wave.stops[index].package, Some(format!("package-{index}")));
        }
        assert_eq!(order, WaveStep::Tell("Promoted in eu-west-1, us-east-1, ap-south-1.".to_owned()));
        let (told, order) = wave.step(&WaveNews::Told, at(0));
        assert_eq!(order, WaveStep::Nothing);
        assert_eq!(
            told.step(&WaveNews::Stop { reason: "late".to_owned() }, at(0)),
            (told.clone(), WaveStep::Nothing)
        );
    }

    #[test]
    fn a_failure_stops_the_wave_and_what_is_promoted_stays() {
        let (first, _) = after(wave(), &through(0));
        let (stopped, order) = first.step(&failed(1, "rolled back"), at(0));
        assert_eq!(order, WaveStep::Tell("Stopped after eu-west-1. us-east-1: rolled back".to_owned()));
        let stages: Vec<RegionStage> = stopped.stops.iter().map(|stop| stop.stage).collect();
        assert_eq!(stages, [RegionStage::Promoted, RegionStage::Failed, RegionStage::Waiting]);
        assert_eq!(stopped.step(&WaveNews::Copied { region: name(2) }, at(0)), (stopped.clone(), order));
        assert_eq!(stopped.step(&WaveNews::Told, at(0)).1, WaveStep::Nothing);
    }

    #[test]
    fn a_wave_that_is_stopped_lets_a_region_come_to_rest_and_begins_no_other() {
        let stop = WaveNews::Stop { reason: "taken back".to_owned() };
        let tell = WaveStep::Tell("Stopped before any further region was promoted. taken back".to_owned());
        let way = through(0);
        // Nothing has begun there yet.
        for news in [&way[..0], &way[..1]] {
            assert_eq!(after(wave(), news).0.step(&stop, at(0)).1, tell);
        }
        // It may have begun: its release knows.
        let (asked, order) = after(wave(), &way[..2]).0.step(&stop, at(0));
        assert_eq!(order, WaveStep::Withdraw(region(0)));
        assert_eq!(asked.step(&failed(0, "not begun"), at(0)).1, tell);
        let (watched, order) = asked.step(&WaveNews::Begun { region: name(0) }, at(0));
        assert_eq!(order, WaveStep::Watch(region(0)));
        assert_eq!(watched.step(&WaveNews::Told, at(0)), (watched.clone(), order), "nobody can be told yet");
        let (ended, order) = watched.step(&WaveNews::Promoted { region: name(0) }, at(0));
        assert_eq!(order, WaveStep::Tell("Stopped after eu-west-1. taken back".to_owned()));
        assert_eq!(ended.stops[1].stage, RegionStage::Waiting);
    }

    #[test]
    fn news_out_of_turn_change_nothing() {
        let begun = wave().step(&WaveNews::Nothing, at(0)).0;
        for news in [
            registered(0),
            WaveNews::Begun { region: name(0) },
            WaveNews::Copied { region: name(1) },
            failed(2, "no"),
            WaveNews::Told,
        ] {
            assert_eq!(begun.step(&news, at(0)).0, begun, "{news:?}");
        }
    }

    #[test]
    fn a_wave_that_nobody_looks_after_is_overdue() {
        let (copying, _) = wave().step(&WaveNews::Nothing, at(0));
        assert!(!copying.is_overdue(at(59)) && copying.is_overdue(at(60)));
        let (again, _) = copying.step(&WaveNews::Nothing, at(60));
        assert!(!again.is_overdue(at(61)), "the order was given again");
        let (watching, _) = after(wave(), &through(0)[..3]);
        assert_eq!(
            watching.step(&WaveNews::Nothing, at(4)).0.turned_at,
            at(0),
            "not each look is written down"
        );
        assert_eq!(watching.step(&WaveNews::Nothing, at(5)).0.turned_at, at(5));
        let over = after(wave(), &[failed(0, "no"), WaveNews::Told]).0;
        assert!(!over.is_overdue(at(1_000)));
    }

    #[test]
    fn home_has_the_last_word() {
        let good = |generation| Deployment {
            package: Some(format!("package-{generation}")),
            ..Deployment::new(Generation(generation), format!("bike-{generation}").as_str())
        };
        let mut home = Release::new("bike");
        home.good = vec![good(7), good(4)];
        let says = |home: &Release| home.against_wave(Generation(7));
        assert_eq!(says(&home), None);
        assert!(!home.has_taken_back(&good(7)));
        let frozen = Freeze { who: "ann".to_owned(), why: "holiday".to_owned(), at: at(0) };
        let locked = Release { freeze: Some(frozen), ..home.clone() };
        assert_eq!(says(&locked).unwrap(), "home is frozen by ann: holiday");
        let newer = Release { good: vec![good(8), good(7)], ..home.clone() };
        assert_eq!(says(&newer).unwrap(), "run 8 was promoted at home meanwhile");
        assert!(!newer.has_taken_back(&good(7)), "an older model that was good stays good");
        let by_config = Release { revoked_configs: vec!["bike-7".into()], ..home.clone() };
        let by_package = Release { rejected: vec!["package-7".to_owned()], ..home.clone() };
        for home in [by_config, by_package] {
            assert_eq!(says(&home).unwrap(), "run 7 was taken back at home");
            // The region's package has another name; the config has the same.
            assert!(home.has_taken_back(&Deployment { package: None, ..good(7) }));
        }
    }

    fn any_news() -> impl Strategy<Value = WaveNews> {
        let any = || prop::sample::select(vec![0, 1, 2]);
        prop_oneof![
            12 => (any(), 0..4_usize).prop_map(|(index, step)| through(index)[step].clone()),
            1 => any().prop_map(|index| failed(index, "no")),
            1 => Just(WaveNews::Stop { reason: "taken back".to_owned() }),
            1 => Just(WaveNews::Told),
            2 => Just(WaveNews::Nothing),
        ]
    }

    proptest! {
        #[test]
        fn at_most_one_region_moves_and_none_begins_after_a_stop(
            all in prop::collection::vec(any_news(), 0..80),
        ) {
            let moves = |stop: &&WaveRegion| {
                (RegionStage::Copying..=RegionStage::Watching).contains(&stop.stage)
            };
            let waits = |stop: &WaveRegion| stop.stage == RegionStage::Waiting;
            let mut wave = wave();
            for news in &all {
                let (next, order) = wave.step(news, at(0));
                prop_assert!(next.stops.iter().filter(moves).count() <= 1);
                // In order: nothing behind a region that is not promoted has begun.
                let begun = next.stops.iter().rposition(|stop| !waits(stop)).unwrap_or(0);
                prop_assert!(next.stops.iter().take(begun).all(|stop| stop.stage == RegionStage::Promoted));
                for (before, after) in wave.stops.iter().zip(&next.stops) {
                    prop_assert!(after.stage >= before.stage, "a region never goes back");
                    if wave.stopped.is_some() {
                        prop_assert!(!waits(before) || waits(after));
                    }
                }
                prop_assert!(!next.told || order == WaveStep::Nothing);
                if next.stopped.is_some() {
                    let fits = matches!(
                        order,
                        WaveStep::Withdraw(_)
                            | WaveStep::Watch(_)
                            | WaveStep::Tell(_)
                            | WaveStep::Nothing
                    );
                    prop_assert!(fits, "{order:?}");
                }
                wave = next;
            }
        }
    }
}
