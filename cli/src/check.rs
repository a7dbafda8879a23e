//! `pawl check`: reads and checks a `pipeline.yaml`, and says where it is wrong.

mod explain;
mod locate;

use std::fmt;
use std::path::{Path, PathBuf};

use pawl::pipeline::Pipeline;
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
        page.fmt(f)
    }
}

/// The name of the release's strategy, as `pipeline.yaml` spells it.
fn strategy(release: &pawl::release::Policy) -> String {
    let value = serde_json::to_value(&release.strategy).unwrap_or_default();
    let name = value.as_str().or_else(|| value.as_object()?.keys().next().map(String::as_str));
    name.unwrap_or_default().replace('_', " ")
}
