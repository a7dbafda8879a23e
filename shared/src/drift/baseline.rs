//! Which objects a batch is compared with.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
        "no object before {before} fits the rule {rule:?}: keep more history, or compare with the champion's training data"
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
