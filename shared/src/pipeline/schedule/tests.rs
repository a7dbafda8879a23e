#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn slots_are_those_of_the_calendar() {
    // 2026-12-01 is a Tuesday.
    for (schedule, now, newest, next) in [
        ("rate(1 day)", "2026-12-01T10:00:00Z", "2026-12-01T00:00:00Z", "2026-12-02T00:00:00Z"),
        ("rate(12 hours)", "2026-12-01T12:00:00Z", "2026-12-01T12:00:00Z", "2026-12-02T00:00:00Z"),
        ("rate(5 minutes)", "2026-12-01T12:04:59Z", "2026-12-01T12:00:00Z", "2026-12-01T12:05:00Z"),
        ("cron(0 6 * * ? *)", "2026-12-01T05:59:59Z", "2026-11-30T06:00:00Z", "2026-12-01T06:00:00Z"),
        ("cron(0 6 ? * MON-FRI *)", "2026-11-29T10:00:00Z", "2026-11-27T06:00:00Z", "2026-11-30T06:00:00Z"),
        ("cron(0 6 ? * 1 *)", "2026-12-01T10:00:00Z", "2026-11-29T06:00:00Z", "2026-12-06T06:00:00Z"),
        ("cron(15,45 8/4 * * ? *)", "2026-12-01T13:00:00Z", "2026-12-01T12:45:00Z", "2026-12-01T16:15:00Z"),
        ("cron(0 0 L * ? *)", "2026-12-01T10:00:00Z", "2026-11-30T00:00:00Z", "2026-12-31T00:00:00Z"),
        ("cron(0 0 29 2 ? *)", "2026-12-01T10:00:00Z", "2024-02-29T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("cron(0 0 ? * TUE#1 *)", "2026-12-01T10:00:00Z", "2026-12-01T00:00:00Z", "2027-01-05T00:00:00Z"),
        ("cron(0 0 ? * FRIL *)", "2026-12-01T10:00:00Z", "2026-11-27T00:00:00Z", "2026-12-25T00:00:00Z"),
        // Summer time ends on 25 October 2026 at 3:00: 2:30 comes twice, and the first counts.
        (
            "cron(30 2 * * ? *) Europe/Berlin",
            "2026-10-25T12:00:00Z",
            "2026-10-25T00:30:00Z",
            "2026-10-26T01:30:00Z",
        ),
        // It began on 29 March at 2:00: 2:30 is left out, and comes as 3:30.
        (
            "cron(30 2 * * ? *) Europe/Berlin",
            "2026-03-29T12:00:00Z",
            "2026-03-29T01:30:00Z",
            "2026-03-30T00:30:00Z",
        ),
    ] {
        let (read, now) = (schedule.parse::<Schedule>().unwrap(), time(now));
        assert_eq!(read.newest(now), Some(time(newest)), "{schedule} at {now}");
        assert_eq!(read.next(now), Some(time(next)), "{schedule} after {now}");
    }
}

#[test]
fn a_schedule_that_is_over_or_not_begun_has_no_slot() {
    let past: Schedule = "cron(0 6 * * ? 2020)".parse().unwrap();
    assert_eq!(
        (past.newest(time("2026-12-01T10:00:00Z")), past.next(time("2026-12-01T10:00:00Z"))),
        (None, None)
    );
    let later: Schedule = "cron(0 6 1 1 ? 2028)".parse().unwrap();
    assert_eq!(later.newest(time("2026-12-01T10:00:00Z")), None);
    assert_eq!(later.next(time("2026-12-01T10:00:00Z")), Some(time("2028-01-01T06:00:00Z")));
}

#[test]
fn what_is_no_schedule_is_refused_with_the_fix() {
    for (text, reason) in [
        ("daily", "write rate(1 day)"),
        ("every(1 day)", "write rate(1 day)"),
        ("rate(1day)", "a whole number and minutes"),
        ("rate(1 week)", "a whole number and minutes"),
        ("rate(1 minute)", "from 5 minutes"),
        ("rate(400 days)", "to 366 days"),
        ("rate(1 day) Europe/Berlin", "no time zone"),
        ("cron(0 6 * * *)", "5 fields, but cron has six"),
        ("cron(0 6 * * * *)", "must be ?"),
        ("cron(0 6 ? * ? *)", "must say which days"),
        ("cron(60 6 * * ? *)", "minute \"60\": write * or numbers from 0 to 59"),
        ("cron(0 6 ? * FRI-MON *)", "runs backwards"),
        ("cron(0 6 15W * ? *)", "W, the nearest weekday"),
        ("cron(0 6 30 2 ? *)", "would never start"),
        ("cron(0 6 * * ? *) Mars/Olympus", "no time zone"),
        ("cron(*/0 6 * * ? *)", "minute \"*/0\""),
    ] {
        let said = text.parse::<Schedule>().unwrap_err().to_string();
        assert!(said.contains(reason), "{text}: {said}");
    }
}

proptest! {
    /// Between the newest slot and the next one there is none, whenever one looks.
    #[test]
    fn slots_follow_each_other(second in 1_700_000_000_i64..1_900_000_000, which in 0_usize..5) {
        let schedule: Schedule = [
            "rate(7 hours)", "cron(0/20 1-5 ? * 2,4 *) America/New_York", "cron(5 4 L * ? *)",
            "cron(30 2 * 3,10 ? *) Europe/Berlin", "cron(0 0 ? * SUN#5 *) Asia/Kolkata",
        ][which].parse().unwrap();
        let now = Timestamp::from_second(second).unwrap();
        let (Some(newest), Some(next)) = (schedule.newest(now), schedule.next(now)) else {
            return Err(TestCaseError::fail("it repeats every year"));
        };
        prop_assert!(newest <= now && now < next);
        prop_assert_eq!(schedule.newest(next), Some(next));
        prop_assert_eq!(schedule.next(newest), Some(next), "nothing between");
        let text = String::from(schedule.clone());
        prop_assert_eq!(text.parse::<Schedule>().unwrap(), schedule);
    }
}
