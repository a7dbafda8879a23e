//! By what a pipeline starts, in words.

use jiff::Timestamp;
use pawl::ledger::TriggerKind;
use pawl::pipeline::{NewData, Pipeline};
use pawl::release::AlarmResponse;
use pawl::release::alarms::response;

/// One line for each kind of trigger.
pub(super) fn of(pipeline: &Pipeline, now: Timestamp) -> Vec<String> {
    let decide = &pipeline.decide;
    let trains = |kind| match decide.retrain_on.contains(&kind) {
        true => "",
        false => ": validates and compares only, as decide.retrain_on says",
    };
    let mut starts = vec![format!(
        "new objects under s3://{}/{}{}",
        pipeline.data.bucket,
        pipeline.data.prefix,
        match (trains(TriggerKind::NewData), decide.new_data) {
            ("", NewData::Always) => "",
            ("", _) => ": trains where they drift",
            (only, _) => only,
        }
    )];
    if let Some(schedule) = &pipeline.schedule {
        let next = schedule.next(now).map_or("never again".to_owned(), |next| format!("next at {next}"));
        starts.push(format!("{schedule}, {next}{}", trains(TriggerKind::Schedule)));
    }
    let own = [("quality", &pipeline.release.alarms.live_quality), ("drift", &pipeline.release.alarms.drift)];
    let own = own.into_iter().filter(|(kind, limit)| {
        let name = format!("pawl-{}-{kind}", pipeline.model);
        limit.is_some() && response(&pipeline.release.alarms, &name).is_some_and(AlarmResponse::retrains)
    });
    let alarms: Vec<&str> =
        own.map(|(kind, _)| kind).chain(decide.alarms.iter().map(String::as_str)).collect();
    if !alarms.is_empty() {
        starts.push(format!("alarms: {}{}", alarms.join(", "), trains(TriggerKind::Alarm)));
    }
    let code = std::iter::once(&pipeline.train.image).chain(&decide.repositories);
    let code: Vec<&str> = code.map(String::as_str).collect();
    starts.push(format!("pushes of {}{}", code.join(", "), trains(TriggerKind::Code)));
    starts.push(format!("another pipeline.yaml (pawl put){}", trains(TriggerKind::Code)));
    starts.push(format!("pawl run {}{}", pipeline.model, trains(TriggerKind::Person)));
    starts
}
