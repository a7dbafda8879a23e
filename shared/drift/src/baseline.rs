//! Which objects a batch is compared with.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use pawl_base::names::Generation;
use pawl_data::profile::bins::Baseline;

/// What a batch is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BaselineRule {
    /// The champion's own training data (default).
    #[default]
    Champion,
    /// Earlier objects of the same time of year: the same month and `months` on either side.
    SameSeason {
        /// How many months on either side, 0 to 5; 1 is usual.
        months: u8,
    },
    /// Earlier objects that begin on the same day of the week: for objects of a day.
    SameWeekday,
    /// The newest earlier objects.
    Rolling {
        /// How many of them, at least 1.
        objects: usize,
    },
}

/// The document `reference.json`: the bins that a batch is counted in, and what they are of. Who needs the
/// bins alone reads it as a [`Baseline`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// The frozen bins.
    #[serde(flatten)]
    pub baseline: Baseline,
    /// What they are of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared_with: Option<ComparedWith>,
}

/// What a batch was compared with: what was wanted, or what took its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComparedWith {
    /// The training data of the champion, the model of this run, as wanted.
    Champion(Generation),
    /// The earlier objects that the rule chose.
    Earlier {
        /// The rule.
        rule: BaselineRule,
        /// How many they are.
        objects: usize,
    },
    /// The training data of the champion, since the rule chose nothing.
    ChampionInstead {
        /// The run whose model it is.
        champion: Generation,
        /// The rule.
        rule: BaselineRule,
        /// Why it chose nothing.
        why: NoEarlier,
    },
}

/// Why a rule chose no earlier object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoEarlier {
    /// There is none that fits.
    NoneFits,
    /// The first rows of the batch tell no day by which to choose.
    NoDay,
}

impl ComparedWith {
    /// What it was, in plain words.
    pub fn describe(&self) -> String {
        match self {
            Self::Champion(run) | Self::ChampionInstead { champion: run, .. } => {
                format!("the training data of the champion, run {run}")
            }
            Self::Earlier { rule, objects: 1 } => format!("one earlier object {}", which(*rule)),
            Self::Earlier { rule, objects } => format!("{objects} earlier objects {}", which(*rule)),
        }
    }

    /// What was wanted and why it was not had, in plain words; none where it was.
    pub fn wanted(&self) -> Option<String> {
        let Self::ChampionInstead { rule, why, .. } = self else { return None };
        let why = match why {
            NoEarlier::NoneFits => "no earlier accepted object is one",
            NoEarlier::NoDay => "the first rows of the new data tell no day to choose by",
        };
        Some(format!("earlier objects {}, as compare.with asks; {why}", which(*rule)))
    }
}

/// Which objects a rule means.
fn which(rule: BaselineRule) -> String {
    match rule {
        BaselineRule::Champion => "that trained the champion".to_owned(),
        BaselineRule::SameSeason { months: 0 } => "of the same month of the year".to_owned(),
        BaselineRule::SameSeason { months: 1 } => {
            "of the same season (the same month of the year, and one on either side)".to_owned()
        }
        BaselineRule::SameSeason { months } => {
            format!("of the same season (the same month of the year, and {months} on either side)")
        }
        BaselineRule::SameWeekday => "of the same day of the week".to_owned(),
        BaselineRule::Rolling { .. } => "that came last".to_owned(),
    }
}

/// The days that an object of data covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// The object's id.
    pub object: String,
    /// Its first day.
    pub first: Date,
    /// Its last day.
    pub last: Date,
}

/// Why no baseline could be chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaselineError {
    /// A period ends before it begins.
    #[error("object {object:?} ends before it begins: give the first day first")]
    Backwards {
        /// The object.
        object: String,
    },
    /// No earlier object fits the rule.
    #[error(
        "no object before {before} fits the rule {rule:?}: keep more history, or compare with the \
         champion's training data"
    )]
    NoneFits {
        /// The first day of the batch.
        before: Date,
        /// The rule.
        rule: BaselineRule,
    },
    /// The champion's training data is known by its manifest, not by dates.
    #[error("the champion's training objects stand in its manifest: take them from there")]
    Champion,
}

/// The objects to compare a batch with, in the order given: those that end before it begins and
/// fit the rule. The batch's month and weekday are those of the middle of its days.
pub fn select<'a>(
    objects: &'a [Period],
    batch: &Period,
    rule: BaselineRule,
) -> Result<Vec<&'a Period>, BaselineError> {
    let middle = middle(batch)?;
    let mut fitting = Vec::new();
    for object in objects {
        let theirs = self::middle(object)?;
        let fits = match rule {
            BaselineRule::Champion => return Err(BaselineError::Champion),
            BaselineRule::SameSeason { months } => months_apart(middle, theirs) <= i16::from(months),
            BaselineRule::SameWeekday => theirs.weekday() == middle.weekday(),
            BaselineRule::Rolling { .. } => true,
        };
        if fits && object.last < batch.first {
            fitting.push(object);
        }
    }
    if let BaselineRule::Rolling { objects: most } = rule {
        fitting.sort_by_key(|object| object.last);
        let surplus = fitting.len().saturating_sub(most);
        fitting.drain(..surplus);
    }
    if fitting.is_empty() {
        return Err(BaselineError::NoneFits { before: batch.first, rule });
    }
    Ok(fitting)
}

fn middle(period: &Period) -> Result<Date, BaselineError> {
    let backwards = || BaselineError::Backwards { object: period.object.clone() };
    let days = period.first.until(period.last).map_err(|_| backwards())?.get_days();
    if days < 0 {
        return Err(backwards());
    }
    period.first.checked_add(jiff::Span::new().days(days / 2)).map_err(|_| backwards())
}

/// How many months lie between two times of the year, the shorter way round.
fn months_apart(a: Date, b: Date) -> i16 {
    let apart = (i16::from(a.month()) - i16::from(b.month())).rem_euclid(12);
    apart.min(12 - apart)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn months() -> Vec<Period> {
        let month = |index: i16| {
            let first = date(2011 + index / 12, (index % 12 + 1) as i8, 1);
            Period {
                object: format!("{}-{:02}", first.year(), first.month()),
                first,
                last: first.last_of_month(),
            }
        };
        (0..24).map(month).collect()
    }

    fn chosen(batch: usize, rule: BaselineRule) -> Vec<String> {
        let months = months();
        select(&months, &months[batch], rule).unwrap().iter().map(|period| period.object.clone()).collect()
    }

    #[test]
    fn the_same_season_crosses_the_year_and_never_looks_ahead() {
        let rule = BaselineRule::SameSeason { months: 1 };
        assert_eq!(chosen(12, rule), ["2011-01", "2011-02", "2011-12"]);
        assert_eq!(chosen(14, rule), ["2011-02", "2011-03", "2011-04", "2012-02"]);
        assert_eq!(chosen(14, BaselineRule::SameSeason { months: 0 }), ["2011-03"]);
    }

    #[test]
    fn rolling_takes_the_newest_and_weekdays_match() {
        assert_eq!(chosen(14, BaselineRule::Rolling { objects: 2 }), ["2012-01", "2012-02"]);
        let day = |day: i8| {
            let date = date(2012, 3, day);
            Period { object: day.to_string(), first: date, last: date }
        };
        let days: Vec<Period> = (1..=20).map(day).collect();
        let same = select(&days, &days[19], BaselineRule::SameWeekday).unwrap();
        assert_eq!(same.iter().map(|period| period.object.as_str()).collect::<Vec<_>>(), ["6", "13"]);
    }

    #[test]
    fn what_took_the_place_of_what_is_told() {
        let season = BaselineRule::SameSeason { months: 1 };
        let (champion, rule) = (Generation(3), season);
        let earlier = ComparedWith::Earlier { rule, objects: 2 };
        assert_eq!(
            earlier.describe(),
            "2 earlier objects of the same season (the same month of the year, and one on either side)"
        );
        assert_eq!((earlier.wanted(), ComparedWith::Champion(champion).wanted()), (None, None));
        let instead = ComparedWith::ChampionInstead { champion, rule, why: NoEarlier::NoneFits };
        assert_eq!(instead.describe(), "the training data of the champion, run 3");
        assert_eq!(
            instead.wanted().unwrap(),
            "earlier objects of the same season (the same month of the year, and one on either side), as \
             compare.with asks; no earlier accepted object is one"
        );
        let (rule, why) = (BaselineRule::Rolling { objects: 6 }, NoEarlier::NoDay);
        assert_eq!(
            ComparedWith::ChampionInstead { champion, rule, why }.wanted().unwrap(),
            "earlier objects that came last, as compare.with asks; the first rows of the new data tell no \
             day to choose by"
        );
    }

    #[test]
    fn a_reference_is_read_as_a_baseline_too() {
        use pawl_data::dataset::{Scanner, Schema};
        let mut scanner = Scanner::new(&Schema::default()).with_segments(&["town".to_owned()]);
        scanner.feed(b"temp,town\n1.5,a\n2,b\n,b\nx,\n", &mut ()).unwrap();
        let baseline = Baseline::freeze(&scanner.finish(&mut ()).unwrap().profile);
        let compared_with = Some(ComparedWith::Champion(Generation(3)));
        let text = serde_json::to_string(&Reference { baseline: baseline.clone(), compared_with }).unwrap();
        assert_eq!(serde_json::from_str::<Baseline>(&text).unwrap(), baseline);
        let read: Reference = serde_json::from_str(&text).unwrap();
        assert_eq!((&read.baseline, read.compared_with), (&baseline, compared_with));
        // One from before says nothing of it.
        let before = serde_json::to_string(&baseline).unwrap();
        assert_eq!(serde_json::from_str::<Reference>(&before).unwrap().compared_with, None);
        assert!(!baseline.segments.is_empty());
    }

    #[test]
    fn no_history_and_backward_periods_are_errors_that_name_the_fix() {
        let months = months();
        let error = select(&months, &months[0], BaselineRule::SameSeason { months: 1 }).unwrap_err();
        assert!(error.to_string().starts_with("no object before 2011-01-01 fits"), "{error}");
        let backwards = Period { object: "x".into(), first: date(2012, 2, 1), last: date(2012, 1, 1) };
        let error = select(&months, &backwards, BaselineRule::SameWeekday).unwrap_err();
        assert_eq!(error, BaselineError::Backwards { object: "x".into() });
        let error = select(&months, &months[3], BaselineRule::Champion).unwrap_err();
        assert_eq!(error, BaselineError::Champion);
    }
}
