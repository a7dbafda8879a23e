//! `pawl check`: reads and checks a `pipeline.yaml`, and says where it is wrong.

mod explain;
mod locate;
mod starts;

use std::fmt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use pawl::drift::live::MAX_GROUPINGS;
use pawl::gate::policy::Groups;
use pawl::pipeline::Pipeline;
use pawl::release::alarms::response;
use pawl::release::{AlarmResponse, LiveLimit, WhenStable};
use pawl_aws::Settings;
use serde::Serialize;

use crate::page::Page;
use crate::reply::{Failure, Reply};

/// Read and check a pipeline.yaml
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub(crate) struct Args {
    /// The file
    #[arg(default_value = "pipeline.yaml")]
    file: PathBuf,
}

const AFTER: &str = "\
An error names the line, the column, the field and what would be right.

Exit codes: 0 the file is good, 2 it is not, or cannot be read.

Examples:
  pawl check
  pawl check examples/bike-demand/pipeline.yaml";

pub(crate) fn run(args: &Args) -> Result<Reply, Failure> {
    let (_, pipeline) = load(&args.file)?;
    Reply::done(&Checked { file: args.file.display().to_string(), pipeline })
}

/// A file's bytes, and the good pipeline in them.
pub(crate) fn load(file: &Path) -> Result<(Vec<u8>, Pipeline), Failure> {
    let name = file.display();
    let yaml = std::fs::read(file)
        .map_err(|e| Failure::cannot_run(format!("{name}: {e}; name a pipeline.yaml that you can read")))?;
    let every = Settings.endpoint_metrics().map_err(|fault| Failure::cannot_run(fault.to_string()))?;
    match Pipeline::parse(&yaml).and_then(|pipeline| pipeline.check_periods(every).map(|()| pipeline)) {
        Ok(pipeline) => Ok((yaml, pipeline)),
        Err(e) => {
            let complaint = explain::explain(&yaml, &e);
            let place = complaint.place.map_or(String::new(), |(line, column)| format!(":{line}:{column}"));
            Err(Failure::cannot_run(format!("{name}{place}: {}", complaint.text)))
        }
    }
}

/// A good `pipeline.yaml`.
#[derive(Serialize)]
struct Checked {
    file: String,
    /// With every default filled in.
    pipeline: Pipeline,
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Pipeline { model, data, train, release, .. } = &self.pipeline;
        let label = match (data.label.at_least, &data.label.positive) {
            (Some(least), _) => format!("{} at least {least}", data.label.column),
            (None, Some(positive)) => format!("{}, where {positive} is positive", data.label.column),
            (None, None) => data.label.column.clone(),
        };
        let mut page = Page::default();
        page.line(&format!("{} is good.", self.file));
        page.gap();
        page.field("model", model.as_str());
        page.field("data", &format!("s3://{}/{}", data.bucket, data.prefix));
        page.field("label", &label);
        page.field("features", &data.features.join(", "));
        page.field(
            "train",
            &format!("{} on {} x {}", train.image, train.instance_count, train.instance_type),
        );
        page.field("release", &strategy(release));
        for (number, words) in starts::of(&self.pipeline, Timestamp::now()).iter().enumerate() {
            page.field(if number == 0 { "starts" } else { "" }, words);
        }
        for (number, words) in alarms(&self.pipeline).iter().enumerate() {
            page.field(if number == 0 { "alarms" } else { "" }, words);
        }
        for (number, words) in watched_groups(&self.pipeline).iter().enumerate() {
            page.field(if number == 0 { "live groups" } else { "" }, words);
        }
        page.fmt(f)
    }
}

/// What follows from each alarm that the pipeline asks for, once a model serves.
fn alarms(pipeline: &Pipeline) -> Vec<String> {
    let policy = &pipeline.release.alarms;
    let stable = match pipeline.release.when_stable {
        WhenStable::RollBack => "goes back to the last good config",
        WhenStable::Notify => "goes back while it is watched, later tells people",
    };
    let live = |name: &str, kind: &str, limit: &Option<LiveLimit>| {
        limit.as_ref()?;
        let words = match response(policy, &format!("pawl-{}-{kind}", pipeline.model))? {
            AlarmResponse::Retrain => "asks for a new model; what serves stays".to_owned(),
            AlarmResponse::RollBack => stable.to_owned(),
            AlarmResponse::RollBackAndRetrain => format!("{stable}, and asks for a new model"),
            AlarmResponse::Notify => "tells people".to_owned(),
        };
        Some(format!("{name}: {words}"))
    };
    let own = [
        Some(format!("errors, latency: {stable}")),
        live("live quality", "quality", &policy.live_quality),
        live("drift", "drift", &policy.drift),
        live("groups", "groups", &policy.groups),
    ];
    let compared = "compared with the old fleet while it is watched; later tells people";
    let further = policy.further.iter().map(|name| format!("{name}: {compared}"));
    let asked = pipeline.decide.alarms.iter().map(|name| format!("{name}: asks for a new model"));
    own.into_iter().flatten().chain(further).chain(asked).collect()
}

/// How each of the gate's groupings is known in production, or why it is not watched there.
fn watched_groups(pipeline: &Pipeline) -> Vec<String> {
    let Pipeline { data, gate, serve, .. } = pipeline;
    let known = |(number, groups): (usize, &Groups)| {
        let is_feature = |column: &String| data.features.contains(column);
        let how = match groups.columns.iter().all(is_feature) {
            _ if serve.capture_percent == 0 => "not watched: serve.capture_percent is 0".to_owned(),
            _ if number >= MAX_GROUPINGS => format!("not watched: only the first {MAX_GROUPINGS} are"),
            true => "known by the captured requests".to_owned(),
            false => format!(
                "no feature: watched only where lines under truth/{}/ tell it in \"groups\"",
                pipeline.model
            ),
        };
        format!("{}: {how}", groups.name())
    };
    gate.fairness.groups.iter().enumerate().map(known).collect()
}

/// The name of the release's strategy, as `pipeline.yaml` spells it.
fn strategy(release: &pawl::release::Policy) -> String {
    let value = serde_json::to_value(&release.strategy).unwrap_or_default();
    let name = value.as_str().or_else(|| value.as_object()?.keys().next().map(String::as_str));
    name.unwrap_or_default().replace('_', " ")
}
