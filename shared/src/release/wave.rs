//! A promoted model goes to further regions, one after another; a failure stops the wave.
//!
//! Each region has a release of its own, with its own watch and its own record. The wave only says who is next: a pure function
//! of its record and what came back. Events may be doubled or late: a region moves forward only, and only in its turn.

use serde::{Deserialize, Serialize};

use crate::names::Generation;

/// The way of one generation through the regions: a document of its own, changed by compare-and-swap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wave {
    /// The generation that was promoted at home.
    pub generation: Generation,
    /// The regions in their order.
    pub stops: Vec<Stop>,
    /// Why it goes no further, where it was stopped.
    pub stopped: Option<String>,
}

/// One region of a wave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// The region, such as `eu-west-1`.
    pub region: String,
    /// How far it is.
    pub stage: Stage,
}

/// How far a region is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Its turn has not come.
    Waiting,
    /// Artefact and package are copied there.
    Copying,
    /// It is deployed, and watched by the region's own release.
    Releasing,
    /// Its watch ended healthy.
    Promoted,
    /// It could not be copied, was held, or was rolled back.
    Failed,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Artefact and package stand in the region.
    Copied {
        /// Which.
        region: String,
    },
    /// The region's watch ended healthy.
    Promoted {
        /// Which.
        region: String,
    },
    /// Anything else ended it: not copied, held, rolled back, abandoned.
    Failed {
        /// Which.
        region: String,
        /// Why, in plain words.
        reason: String,
    },
    /// The generation was taken out at home, or a person asks: no further region gets it.
    Stop {
        /// Why, in plain words.
        reason: String,
    },
    /// Nothing new: what is under way is asked for again, since the order may have got lost.
    Tick,
}

/// What to do next. Each may be repeated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum Order {
    /// Copy artefact and model package to the region.
    Copy {
        /// Which.
        region: String,
    },
    /// Ask the region's release to deploy and to watch.
    Release {
        /// Which.
        region: String,
    },
    /// All regions serve it.
    Done,
    /// It went no further: tell a person. What is promoted stays.
    Stopped {
        /// Why.
        reason: String,
    },
}

impl Wave {
    /// The wave of a generation that was promoted at home. A region that is named twice is visited once.
    pub fn new(generation: Generation, regions: &[String]) -> Self {
        let mut stops: Vec<Stop> = Vec::new();
        for region in regions {
            if !stops.iter().any(|stop| stop.region == *region) {
                stops.push(Stop { region: region.clone(), stage: Stage::Waiting });
            }
        }
        Self { generation, stops, stopped: None }
    }

    /// Takes in what came back, and says what to do next. News of a region whose turn it is not change nothing.
    pub fn step(&self, news: &News) -> (Self, Order) {
        let mut next = self.clone();
        match news {
            News::Copied { region } => next.advance(region, Stage::Copying, Stage::Releasing),
            News::Promoted { region } => next.advance(region, Stage::Releasing, Stage::Promoted),
            News::Failed { region, reason } => {
                if let Some(stop) = next.under_way().filter(|stop| stop.region == *region) {
                    stop.stage = Stage::Failed;
                    next.stopped.get_or_insert(format!("{region}: {reason}"));
                }
            }
            News::Stop { reason } => {
                if !next.is_through() {
                    next.stopped.get_or_insert(reason.clone());
                }
            }
            News::Tick => {}
        }
        let order = next.order();
        (next, order)
    }

    fn advance(&mut self, region: &str, from: Stage, to: Stage) {
        if let Some(stop) = self.under_way().filter(|stop| stop.region == region && stop.stage == from) {
            stop.stage = to;
        }
    }

    /// The region whose turn it is.
    fn under_way(&mut self) -> Option<&mut Stop> {
        self.stops.iter_mut().find(|stop| matches!(stop.stage, Stage::Copying | Stage::Releasing))
    }

    fn is_through(&self) -> bool {
        self.stops.iter().all(|stop| stop.stage == Stage::Promoted)
    }

    fn order(&mut self) -> Order {
        // A release that is under way is ended by its own watch; it is only asked for again while the wave goes on.
        if let Some(reason) = &self.stopped {
            return Order::Stopped { reason: reason.clone() };
        }
        if self.under_way().is_none() {
            let Some(stop) = self.stops.iter_mut().find(|stop| stop.stage == Stage::Waiting) else {
                return Order::Done;
            };
            stop.stage = Stage::Copying;
        }
        match self.under_way() {
            Some(Stop { region, stage: Stage::Releasing }) => Order::Release { region: region.clone() },
            Some(Stop { region, .. }) => Order::Copy { region: region.clone() },
            None => Order::Done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REGIONS: [&str; 3] = ["eu-west-1", "us-east-1", "ap-south-1"];

    fn wave() -> Wave {
        let regions: Vec<String> = REGIONS.iter().map(ToString::to_string).collect();
        Wave::new(Generation(7), &regions)
    }

    fn copied(region: &str) -> News {
        News::Copied { region: region.to_owned() }
    }

    fn promoted(region: &str) -> News {
        News::Promoted { region: region.to_owned() }
    }

    #[test]
    fn one_region_after_another_each_with_its_own_watch() {
        let (mut wave, mut order) = wave().step(&News::Tick);
        for region in REGIONS {
            assert_eq!(order, Order::Copy { region: region.to_owned() });
            (wave, order) = wave.step(&copied(region));
            assert_eq!(order, Order::Release { region: region.to_owned() });
            assert_eq!(wave.step(&News::Tick), (wave.clone(), order), "a lost order is given again");
            (wave, order) = wave.step(&promoted(region));
        }
        assert_eq!(order, Order::Done);
        assert_eq!(wave.step(&News::Stop { reason: "late".to_owned() }).1, Order::Done);
    }

    #[test]
    fn a_failure_stops_the_wave_and_what_is_promoted_stays() {
        let first = wave().step(&News::Tick).0.step(&copied(REGIONS[0])).0.step(&promoted(REGIONS[0])).0;
        let failed = News::Failed { region: REGIONS[1].to_owned(), reason: "rolled back".to_owned() };
        let (stopped, order) = first.step(&failed);
        assert_eq!(order, Order::Stopped { reason: "us-east-1: rolled back".to_owned() });
        let stages: Vec<Stage> = stopped.stops.iter().map(|stop| stop.stage).collect();
        assert_eq!(stages, [Stage::Promoted, Stage::Failed, Stage::Waiting]);
        assert_eq!(stopped.step(&copied(REGIONS[2])), (stopped.clone(), order));
    }

    #[test]
    fn news_out_of_turn_change_nothing() {
        let begun = wave().step(&News::Tick).0;
        for news in [promoted(REGIONS[0]), copied(REGIONS[1]), copied("mars")] {
            assert_eq!(begun.step(&news).0, begun, "{news:?}");
        }
        let twice = vec!["a".to_owned(), "a".to_owned()];
        assert_eq!(Wave::new(Generation(1), &twice).stops.len(), 1);
        assert_eq!(Wave::new(Generation(1), &[]).step(&News::Tick).1, Order::Done);
    }

    fn any_news() -> impl Strategy<Value = News> {
        let region = || prop::sample::select(REGIONS.to_vec()).prop_map(str::to_owned);
        prop_oneof![
            4 => region().prop_map(|region| News::Copied { region }),
            4 => region().prop_map(|region| News::Promoted { region }),
            1 => region().prop_map(|region| News::Failed { region, reason: "no".to_owned() }),
            1 => Just(News::Stop { reason: "taken out at home".to_owned() }),
            2 => Just(News::Tick),
        ]
    }

    proptest! {
        #[test]
        fn at_most_one_region_moves_and_none_after_a_failure(all in prop::collection::vec(any_news(), 0..60)) {
            let mut wave = wave();
            for news in &all {
                let (next, order) = wave.step(news);
                let moving = |wave: &Wave| {
                    wave.stops.iter().filter(|stop| matches!(stop.stage, Stage::Copying | Stage::Releasing)).count()
                };
                prop_assert!(moving(&next) <= 1);
                // In order: nothing behind a region that is not promoted has begun.
                let begun = next.stops.iter().rposition(|stop| stop.stage != Stage::Waiting).unwrap_or(0);
                prop_assert!(next.stops.iter().take(begun).all(|stop| stop.stage == Stage::Promoted));
                for (before, after) in wave.stops.iter().zip(&next.stops) {
                    prop_assert!(after.stage >= before.stage, "a region never goes back");
                    if wave.stopped.is_some() {
                        prop_assert!(!(before.stage == Stage::Waiting && after.stage != Stage::Waiting));
                    }
                }
                if next.stopped.is_some() {
                    prop_assert!(matches!(order, Order::Stopped { .. }), "{order:?}");
                }
                wave = next;
            }
        }
    }
}
