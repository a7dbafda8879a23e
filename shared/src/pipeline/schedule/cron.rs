//! Six fields as EventBridge has them: minute, hour, day of month, month, day of week, year
//! (<https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based>).
//!
//! Of its letters `L` and `#` are known; `W`, the nearest weekday, is refused. No crate for cron has these
//! fields: days of the week count from 1, Sunday, and one of the two day fields is `?`.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

/// So many days are looked through for a slot: a leap year is among them.
const DAYS: i32 = 5 * 366;

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// The minutes of a calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cron {
    minutes: BTreeSet<i16>,
    hours: BTreeSet<i16>,
    months: BTreeSet<i16>,
    years: BTreeSet<i16>,
    days: Days,
}

/// Which days of a month.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Days {
    /// By their numbers.
    OfMonth(BTreeSet<i16>),
    /// The last one.
    Last,
    /// By the day of the week, 1 for Sunday.
    OfWeek(BTreeSet<i16>),
    /// The nth such day of the week in the month.
    Nth(i16, i16),
    /// The last such day of the week in the month.
    LastOfWeek(i16),
}

impl Cron {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday, year] = fields[..] else {
            return Err(format!(
                "{} fields, but cron has six: minute, hour, day of month, month, day of week, \
                                year",
                fields.len()
            ));
        };
        let cron = Self {
            minutes: numbers("minute", minute, 0, 59, &[])?,
            hours: numbers("hour", hour, 0, 23, &[])?,
            months: numbers("month", month, 1, 12, &MONTHS)?,
            years: numbers("year", year, 1970, 2199, &[])?,
            days: Days::parse(day, weekday)?,
        };
        if cron.can_never_fire() {
            return Err("no day is like that, so it would never start".to_owned());
        }
        Ok(cron)
    }

    /// Whether no day of the years that it names fits. Days repeat after 28 years.
    fn can_never_fire(&self) -> bool {
        let years = self.years.iter().take(28);
        let days = years.flat_map(|&year| self.months.iter().map(move |&month| (year, month)));
        !days.into_iter().any(|(year, month)| {
            let first = Date::new(year, i8::try_from(month).unwrap_or(1), 1);
            first.is_ok_and(|first| {
                (1..=first.days_in_month())
                    .any(|day| Date::new(first.year(), first.month(), day).is_ok_and(|date| self.is_on(date)))
            })
        })
    }

    fn is_on(&self, date: Date) -> bool {
        let on_calendar = self.years.contains(&date.year()) && self.months.contains(&i16::from(date.month()));
        on_calendar && self.days.contain(date)
    }

    /// The newest slot that is not after `now`.
    pub(super) fn newest(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let today = now.to_zoned(zone.clone()).date();
        let times = || self.hours.iter().rev().flat_map(|h| self.minutes.iter().rev().map(move |m| (*h, *m)));
        (0..DAYS).find_map(|back| {
            let date = today.checked_sub(jiff::Span::new().days(back)).ok()?;
            if !self.is_on(date) {
                return None;
            }
            times().find_map(|time| at(date, time, zone).filter(|slot| *slot <= now))
        })
    }

    /// The first slot after `now`.
    pub(super) fn next(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let today = now.to_zoned(zone.clone()).date();
        let times = || self.hours.iter().flat_map(|h| self.minutes.iter().map(move |m| (*h, *m)));
        (0..DAYS).find_map(|on| {
            let date = today.checked_add(jiff::Span::new().days(on)).ok()?;
            if !self.is_on(date) {
                return None;
            }
            times().find_map(|time| at(date, time, zone).filter(|slot| *slot > now))
        })
    }
}

/// A minute of a day. One that the clock leaves out in spring comes when the clock has moved on; of one that
/// comes twice in autumn the first counts.
fn at(date: Date, (hour, minute): (i16, i16), zone: &TimeZone) -> Option<Timestamp> {
    let (hour, minute) = (i8::try_from(hour).ok()?, i8::try_from(minute).ok()?);
    date.at(hour, minute, 0, 0).to_zoned(zone.clone()).ok().map(|it| it.timestamp())
}

impl Days {
    fn parse(day: &str, weekday: &str) -> Result<Self, String> {
        match (day, weekday) {
            ("?", "?") => Err("one of day of month and day of week must say which days".to_owned()),
            ("L", "?") => Ok(Self::Last),
            (day, "?") if day.contains('W') => Err("W, the nearest weekday, is not known here".to_owned()),
            (day, "?") => Ok(Self::OfMonth(numbers("day of month", day, 1, 31, &[])?)),
            ("?", weekday) => Self::of_week(weekday),
            _ => Err("one of day of month and day of week must be ?".to_owned()),
        }
    }

    fn of_week(text: &str) -> Result<Self, String> {
        let one = |text: &str| -> Result<i16, String> {
            let days = numbers("day of week", text, 1, 7, &WEEKDAYS)?;
            match days.len() {
                1 => days.first().copied().ok_or_else(String::new),
                _ => Err(format!("day of week {text:?}: name one day before L or #")),
            }
        };
        if let Some((day, nth)) = text.split_once('#') {
            let nth = numbers("number behind #", nth, 1, 5, &[])?;
            return Ok(Self::Nth(one(day)?, nth.first().copied().unwrap_or(1)));
        }
        match text.strip_suffix('L') {
            Some(day) if !day.is_empty() => Ok(Self::LastOfWeek(one(day)?)),
            _ => Ok(Self::OfWeek(numbers("day of week", text, 1, 7, &WEEKDAYS)?)),
        }
    }

    fn contain(&self, date: Date) -> bool {
        let weekday = i16::from(date.weekday().since(Weekday::Sunday)) + 1;
        let (day, last) = (i16::from(date.day()), i16::from(date.days_in_month()));
        match self {
            Self::OfMonth(days) => days.contains(&day),
            Self::Last => day == last,
            Self::OfWeek(days) => days.contains(&weekday),
            Self::Nth(of, nth) => *of == weekday && (day - 1) / 7 + 1 == *nth,
            Self::LastOfWeek(of) => *of == weekday && day + 7 > last,
        }
    }
}

/// The numbers of one field: `*`, or a list of numbers, names, ranges and steps.
fn numbers(field: &str, text: &str, least: i16, most: i16, names: &[&str]) -> Result<BTreeSet<i16>, String> {
    let refused = |part: &str| format!("{field} {part:?}: write * or numbers from {least} to {most}");
    let number = |part: &str| -> Result<i16, String> {
        let named = names.iter().position(|name| name.eq_ignore_ascii_case(part));
        let found = match named {
            Some(at) => i16::try_from(at).ok().map(|at| at + least),
            None => part.parse().ok(),
        };
        found.filter(|found| (least..=most).contains(found)).ok_or_else(|| refused(part))
    };
    let mut found = BTreeSet::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => {
                let step: i16 = step.parse().ok().filter(|step| *step > 0).ok_or_else(|| refused(part))?;
                (range, Some(step))
            }
            None => (part, None),
        };
        let (from, to) = match (range, range.split_once('-')) {
            ("*", _) => (least, most),
            (_, Some((from, to))) => (number(from)?, number(to)?),
            // 5/15 begins at 5; 5 alone is 5.
            (one, None) => (number(one)?, if step.is_some() { most } else { number(one)? }),
        };
        if from > to {
            return Err(format!("{field} {part:?}: from {from} to {to} runs backwards; write two ranges"));
        }
        found.extend((from..=to).step_by(usize::try_from(step.unwrap_or(1)).unwrap_or(1)));
    }
    Ok(found)
}
