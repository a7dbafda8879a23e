//! The `pipeline.yaml` that a team writes: types, defaults, checks, and the SageMaker jobs that follow from it.

pub mod catalog;
mod config;
mod feedback;
pub mod jobs;
mod load;
mod tune;
mod yaml;

pub use config::{
    Approval, Ask, Compare, Data, Decide, Metric, NewData, Pipeline, Scalar, Settle, Split, Train, Vpc,
};
pub use feedback::{Feedback, Selected, Treat, Treated, WEIGHT};
pub use load::load;
pub(crate) use load::load_from;
pub use tune::{Goal, Range, Scale, Search, Tune};

use crate::drift::BaselineRule;
use crate::duration::Duration;
use crate::gate::Task;
use crate::release::Trial;
use crate::release::serving::Serverless;
use crate::release::strategy::EndpointKind;

/// Why a `pipeline.yaml` cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PipelineError {
    /// It is no YAML of the right shape: the message names line, column and field.
    #[error("pipeline.yaml: {0}")]
    Unreadable(String),
    /// A section has a value that cannot work: the section's own words.
    #[error("pipeline.yaml: {0}")]
    BadSection(String),
    /// A field has a value that cannot work.
    #[error("pipeline.yaml: {field} is {found}: {fix}")]
    BadField {
        /// The field's path, such as `split.holdout_objects`.
        field: &'static str,
        /// What stands there.
        found: String,
        /// What would be right.
        fix: &'static str,
    },
}

/// The largest `pipeline.yaml` that is read, in bytes.
const LARGEST: usize = 1 << 20;

/// What the longest waits of a run may take together, in seconds. Its state machine ends it after 30 days, and its work
/// takes time too.
const LONGEST_WAITS: u64 = 28 * DAY;

const DAY: u64 = 86_400;

/// The most columns whose values part the rows.
const MOST_SEGMENTS: usize = 4;

impl Pipeline {
    /// Reads and checks a `pipeline.yaml`.
    pub fn parse(yaml: &[u8]) -> Result<Self, PipelineError> {
        if yaml.len() > LARGEST {
            return Err(PipelineError::Unreadable(format!("larger than {LARGEST} bytes")));
        }
        let text = std::str::from_utf8(yaml)
            .map_err(|e| PipelineError::Unreadable(format!("not UTF-8 at byte {}", e.valid_up_to())))?;
        let mut pipeline: Self = yaml::read(text).map_err(PipelineError::Unreadable)?;
        pipeline.check()?;
        pipeline.gate = pipeline.gate.with_defaults();
        Ok(pipeline)
    }

    /// Whether an object with this bucket and key is data of this pipeline.
    pub fn takes(&self, bucket: &str, key: &str) -> bool {
        self.data.bucket == bucket && key.starts_with(&self.data.prefix)
    }

    /// The features that new data is compared by.
    pub fn compared(&self) -> impl Iterator<Item = &String> {
        self.data.features.iter().filter(|name| !self.compare.leave_out.contains(name))
    }

    /// The columns that `data` and `feedback` name, each once: those of the time order, the label,
    /// the features, the context, and who selected a row.
    pub fn columns(&self) -> Vec<String> {
        let Data { schema, label, features, context, .. } = &self.data;
        let time = schema.time.iter().flat_map(|time| std::iter::once(&time.date).chain(&time.hour));
        let feedback = self.feedback.iter().flat_map(Feedback::columns);
        let mut columns: Vec<String> = Vec::new();
        for name in time.chain([&label.column]).chain(features).chain(context).chain(feedback) {
            if !columns.contains(name) {
                columns.push(name.clone());
            }
        }
        columns
    }

    fn check(&self) -> Result<(), PipelineError> {
        let wrong = |field, found: String, fix| Err(PipelineError::BadField { field, found, fix });
        if self.data.bucket.is_empty() {
            return wrong("data.bucket", "empty".into(), "name the bucket that data arrives in");
        }
        if !self.data.prefix.ends_with('/') {
            let fix = "end it with / so that it names a folder, such as bike/hourly/";
            return wrong("data.prefix", format!("{:?}", self.data.prefix), fix);
        }
        if self.data.features.is_empty() {
            return wrong("data.features", "empty".into(), "list the columns that the model sees");
        }
        if self.data.features.contains(&self.data.label.column) {
            let fix = "the label must not be a feature: the model would see the answer";
            return wrong("data.features", format!("{:?} included", self.data.label.column), fix);
        }
        if self.split.holdout_objects == 0 {
            return wrong("split.holdout_objects", "0".into(), "at least one object must judge the models");
        }
        if self.split.least_objects == 0 {
            return wrong("split.least_objects", "0".into(), "at least one object must train the model");
        }
        if self.settle.quiet.as_secs() == 0 {
            return wrong("settle.quiet", "0s".into(), "look at least every second: 1s or more");
        }
        if self.serve.instance_count == 0 {
            return wrong("serve.instance_count", "0".into(), "an endpoint needs one instance, a canary two");
        }
        if self.serve.capture_percent > 100 {
            return wrong(
                "serve.capture_percent",
                self.serve.capture_percent.to_string(),
                "0 to 100 percent",
            );
        }
        if let Some(share) = self.decide.ask_above.filter(|share| !(0.0..=1.0).contains(share)) {
            return wrong("decide.ask_above", share.to_string(), "a share of columns, from 0 to 1");
        }
        // Before anything is trained, not after it was paid for.
        jobs::check(self)?;
        if let Some(tune) = &self.train.tune {
            tune.check(&self.train)?;
        }
        if let Some(feedback) = &self.feedback {
            feedback.check(&self.data)?;
        }
        self.check_compare()?;
        self.drift.check().map_err(|e| PipelineError::BadSection(e.to_string()))?;
        self.monitor.check().map_err(PipelineError::BadSection)?;
        self.gate.check().map_err(|e| PipelineError::BadSection(e.to_string()))?;
        self.gate
            .behaviour
            .check_features(&self.data.features)
            .map_err(|e| PipelineError::BadSection(e.to_string()))?;
        self.release
            .strategy
            .fits(self.serve.fleet())
            .map_err(|e| PipelineError::BadSection(e.to_string()))?;
        if let (Some(least), Task::Multiclass) = (self.data.label.at_least, self.gate.task) {
            let fix = "it makes the label a yes or no: leave it out, or gate.task multiclass";
            return wrong("data.label.at_least", format!("{least} for gate.task multiclass"), fix);
        }
        if self.release.trial.is_some() && self.gate.task != Task::Binary {
            let fix = "side by side only answers of yes or no are compared: leave the trial out";
            return wrong("release.trial", format!("there for gate.task {}", self.gate.task), fix);
        }
        let alarms = &self.release.alarms;
        if (alarms.live_quality.is_some() || alarms.drift.is_some()) && self.serve.capture_percent == 0 {
            let fix = "release.alarms.live_quality and drift rest on what is captured: write at least 1, or leave them out";
            return wrong("serve.capture_percent", "0".into(), fix);
        }
        if let Some(trial) = &self.release.trial {
            trial
                .fits(self.serve.fleet(), self.serve.capture_percent, &self.release.strategy)
                .map_err(|e| PipelineError::BadSection(e.to_string()))?;
        }
        self.release
            .fits_regions(&self.train.image, &self.data.bucket)
            .map_err(|e| PipelineError::BadSection(e.to_string()))?;
        if self.serve.kind == EndpointKind::Asynchronous && !self.release.regions.is_empty() {
            let fix = "its rows and answers lie in the bucket at home: leave the regions out, or serve.kind real_time";
            return wrong("release.regions", "there for serve.kind asynchronous".into(), fix);
        }
        if self.serve.kind == EndpointKind::Serverless {
            self.check_serverless()?;
        }
        self.check_autoscaling()?;
        self.check_waits()
    }

    /// A run that is ended in its middle leaves a question unanswered, or a release without its run.
    fn check_waits(&self) -> Result<(), PipelineError> {
        let (settle, release) = (self.settle.at_most, &self.release);
        let asked = u64::from(self.decide.ask_above.is_some()) + u64::from(self.approval.ask != Ask::Never);
        let answers = self.approval.wait.as_secs() * asked;
        let total = settle.as_secs() + answers + release.at_most().as_secs();
        if total <= LONGEST_WAITS {
            return Ok(());
        }
        let (on_trial, trial, decisions) = match &release.trial {
            Some(Trial::Shadow { at_most, .. }) => ("release.trial.shadow.at_most", *at_most, 2),
            Some(Trial::Ab { at_most, .. }) => ("release.trial.ab.at_most", *at_most, 2),
            None => ("release.trial", Duration::default(), 1),
        };
        let waits = [
            ("settle.at_most", settle, settle.as_secs()),
            ("approval.wait", self.approval.wait, answers),
            (on_trial, trial, trial.as_secs()),
            ("release.bake", release.bake, release.bake.as_secs()),
            ("release.patience", release.patience, release.patience.as_secs()),
            ("release.decision", release.decision, release.decision.as_secs() * decisions),
        ];
        let Some((field, span, _)) = waits.into_iter().max_by_key(|(_, _, share)| *share) else {
            return Ok(());
        };
        Err(PipelineError::BadField {
            field,
            found: format!("{span}, and a run may wait {} days in all", total.div_ceil(DAY)),
            fix: "at most 28d for settle, approval (twice with decide.ask_above), trial, bake, patience and decision (twice with a trial): a run is ended after 30",
        })
    }

    fn check_compare(&self) -> Result<(), PipelineError> {
        let wrong = |field, found: String, fix| Err(PipelineError::BadField { field, found, fix });
        let compare = &self.compare;
        if let Some(name) = compare.leave_out.iter().find(|name| !self.data.features.contains(name)) {
            return wrong("compare.leave_out", format!("{name:?}"), "name features: only they are compared");
        }
        let mut segments = compare.segments.clone();
        segments.sort_unstable();
        segments.dedup();
        if segments.len() < compare.segments.len() || segments.iter().any(String::is_empty) {
            return wrong("compare.segments", format!("{:?}", compare.segments), "name each column once");
        }
        if segments.len() > MOST_SEGMENTS {
            return wrong(
                "compare.segments",
                format!("{} columns", segments.len()),
                "name at most 4: each is profiled again",
            );
        }
        if segments.contains(&self.data.label.column) {
            let fix = "name a column that is known before the label is: its drift is told apart";
            return wrong("compare.segments", format!("{:?} included", self.data.label.column), fix);
        }
        match compare.with {
            BaselineRule::SameSeason { months } if months > 5 => {
                wrong("compare.with.same_season.months", months.to_string(), "0 to 5 months on either side")
            }
            BaselineRule::Rolling { objects: 0 } => {
                wrong("compare.with.rolling.objects", "0".into(), "at least one object to compare with")
            }
            BaselineRule::SameSeason { .. } | BaselineRule::SameWeekday
                if self.data.schema.time.is_none() =>
            {
                let fix = "name the column of time in data.schema.time, by which earlier objects are chosen";
                wrong("compare.with", "by the calendar".into(), fix)
            }
            _ => Ok(()),
        }
    }

    fn check_autoscaling(&self) -> Result<(), PipelineError> {
        let wrong = |field, found: String, fix| Err(PipelineError::BadField { field, found, fix });
        let Some(scaling) = &self.serve.autoscaling else { return Ok(()) };
        if self.serve.kind != EndpointKind::RealTime {
            let fix = "only a real_time endpoint scales by requests for each instance: leave autoscaling out";
            return wrong("serve.kind", self.serve.kind.to_string(), fix);
        }
        if scaling.least < 2 {
            let fix = "at least 2: with one instance each update and each failure is an outage";
            return wrong("serve.autoscaling.least", scaling.least.to_string(), fix);
        }
        if scaling.most < scaling.least {
            return wrong(
                "serve.autoscaling.most",
                scaling.most.to_string(),
                "not below serve.autoscaling.least",
            );
        }
        if !(scaling.least..=scaling.most).contains(&self.serve.instance_count) {
            let fix = "between serve.autoscaling.least and serve.autoscaling.most";
            return wrong("serve.instance_count", self.serve.instance_count.to_string(), fix);
        }
        if !(scaling.requests_per_instance.is_finite() && scaling.requests_per_instance > 0.0) {
            let found = scaling.requests_per_instance.to_string();
            return wrong(
                "serve.autoscaling.requests_per_instance",
                found,
                "a number of requests a minute above 0",
            );
        }
        Ok(())
    }

    fn check_serverless(&self) -> Result<(), PipelineError> {
        let wrong =
            |field, found: u32, fix| Err(PipelineError::BadField { field, found: found.to_string(), fix });
        let Serverless { memory_mb, concurrency } = self.serve.serverless;
        if !memory_mb.is_multiple_of(1_024) || !(1_024..=6_144).contains(&memory_mb) {
            let fix = "SageMaker takes 1024, 2048, 3072, 4096, 5120 or 6144";
            return wrong("serve.serverless.memory_mb", memory_mb, fix);
        }
        if !(1..=200).contains(&concurrency) {
            return wrong("serve.serverless.concurrency", concurrency, "SageMaker takes 1 to 200");
        }
        if self.serve.capture_percent > 0 {
            let fix = "a serverless endpoint captures nothing: write 0, or serve.kind: real_time";
            return wrong("serve.capture_percent", self.serve.capture_percent, fix);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn parse(sections: &str) -> Result<Pipeline, String> {
        let base = "model: bike\ndata: {bucket: b, prefix: p/, label: {column: y}, features: [x]}\ntrain: {image: i}\n";
        Pipeline::parse(format!("{base}{sections}").as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_strategy_that_the_endpoint_cannot_follow_is_refused_with_the_fix() {
        let alone = parse("serve: {instance_count: 1}").unwrap_err();
        assert_eq!(
            alone,
            "pipeline.yaml: release.strategy: canary needs at least 2 instances, serve.instance_count is 1: raise it, or use all_at_once or blue_green"
        );
        let serverless = parse("serve: {kind: serverless, capture_percent: 0}").unwrap_err();
        assert!(serverless.contains("use all_at_once, or serve.kind: real_time"), "{serverless}");
        for kind in ["kind: serverless, capture_percent: 0", "kind: asynchronous"] {
            let text = format!(
                "serve: {{{kind}}}\nrelease: {{strategy: all_at_once, trial: {{shadow: {{at_most: 7d}}}}}}"
            );
            let refused = parse(&text).unwrap_err();
            assert!(refused.contains("release.trial: shadow does not work on a"), "{refused}");
        }
        assert!(parse("release: {trial: {shadow: {at_most: 7d}}}").is_ok());
        assert!(parse("release: {strategy: all_at_once, trial: {ab: {percent: 20, at_most: 14d}}}").is_ok());
        assert!(parse("serve: {instance_count: 1}\nrelease: {strategy: {blue_green: {bake: 10m}}}").is_ok());
        assert!(
            parse("serve: {kind: asynchronous}\nrelease: {strategy: {rolling: {percent: 50, wait: 1m}}}")
                .is_ok()
        );
        let regions = "serve: {kind: asynchronous}\nrelease: {regions: [{name: eu-west-1, bucket: there, image: bike}]}";
        assert!(parse(regions).unwrap_err().contains("release.regions"), "{regions}");
    }

    #[test]
    fn waits_that_outlast_a_run_are_refused_with_the_longest() {
        // The defaults: 6h to settle, 7d for an answer, and 30m, 2h and 1d of the release.
        assert!(parse("approval: {wait: 2302200s}").is_ok(), "28 days");
        let refused = parse("approval: {wait: 2302201s}").unwrap_err();
        assert_eq!(
            refused,
            "pipeline.yaml: approval.wait is 2302201s, and a run may wait 29 days in all: at most 28d for settle, approval (twice with decide.ask_above), trial, bake, patience and decision (twice with a trial): a run is ended after 30"
        );
        let trial = |days: u32| format!("release: {{trial: {{shadow: {{at_most: {days}d}}}}}}");
        let (both, never) = ("decide: {ask_above: 0.5}", "approval: {ask: never}");
        for sections in [
            both.to_owned(),
            trial(7),
            format!("{both}\n{never}"),
            format!("{never}\n{}", trial(25)),
            "approval: {ask: never, wait: 1000d}".to_owned(),
        ] {
            assert!(parse(&sections).is_ok(), "{sections}");
        }
        for (sections, field, days) in [
            (format!("{both}\napproval: {{wait: 14d}}"), "approval.wait is 14d", 30),
            (trial(20), "release.trial.shadow.at_most is 20d", 30),
            (format!("{never}\n{}", trial(26)), "release.trial.shadow.at_most is 26d", 29),
            (format!("{never}\nsettle: {{at_most: 27d}}"), "settle.at_most is 27d", 29),
            (format!("{never}\nrelease: {{bake: 27d}}"), "release.bake is 27d", 29),
            (format!("{never}\nrelease: {{decision: 3650d}}"), "release.decision is 3650d", 3_651),
        ] {
            let refused = parse(&sections).unwrap_err();
            let wanted = format!("pipeline.yaml: {field}, and a run may wait {days} days");
            assert!(refused.starts_with(&wanted), "{refused}");
        }
    }

    #[test]
    fn regions_are_refused_with_the_line_or_the_fix() {
        let regions = |list: &str| parse(&format!("release: {{regions: [{list}]}}"));
        let good = "{name: eu-west-1, bucket: there, image: bike}";
        assert_eq!(regions(good).unwrap().release.regions[0].name.as_str(), "eu-west-1");
        for (list, wanted) in [
            ("{name: ireland, bucket: there, image: bike}", "region \"ireland\": write it as AWS does"),
            ("{name: eu-west-1, image: bike}", "bucket"),
            ("{name: eu-west-1, bucket: there}", "image"),
            ("{name: eu-west-1, bucket: there, image: bike, role: r}", "role"),
            (
                "{name: eu-west-1, bucket: b, image: bike}",
                "has the bucket \"b\" of another region, or of the data",
            ),
        ] {
            let error = regions(list).unwrap_err();
            assert!(error.contains(wanted), "{error}");
        }
        assert!(regions(&format!("{good}, {good}")).unwrap_err().contains("named twice"));
    }

    #[test]
    fn a_comparison_that_cannot_be_made_is_refused() {
        for compare in ["{segments: [x, town], with: {rolling: {objects: 3}}}", "{leave_out: [x]}"] {
            assert!(parse(&format!("compare: {compare}")).is_ok(), "{compare}");
        }
        for (compare, wanted) in [
            ("{segments: [a, b, c, d, e]}", "compare.segments is 5 columns: name at most 4"),
            ("{segments: [a, a]}", "name each column once"),
            ("{segments: [y]}", "compare.segments is \"y\" included"),
            ("{leave_out: [z]}", "compare.leave_out is \"z\": name features"),
            ("{with: same_weekday}", "name the column of time in data.schema.time"),
            ("{with: {same_season: {months: 6}}}", "compare.with.same_season.months is 6"),
            ("{with: {rolling: {objects: 0}}}", "compare.with.rolling.objects is 0"),
        ] {
            let error = parse(&format!("compare: {compare}")).unwrap_err();
            assert!(error.contains(wanted), "{error}");
        }
    }

    #[test]
    fn a_quality_that_cannot_be_held_is_refused() {
        assert!(parse("monitor: {quality: {error_margin: 0, margin: 0}}").is_ok());
        for (monitor, wanted) in [
            ("quality: {error_margin: -0.1}", "monitor.quality.error_margin is -0.1: give a share"),
            ("quality: {margin: 2}", "monitor.quality.margin is 2: give a fraction"),
            ("quality: {alpha: 0}", "monitor.quality.alpha is 0: give a fraction"),
            ("quality: {min_rows: 0}", "monitor.quality.min_rows is 0: at least 1"),
            ("remember: 0", "monitor.remember is 0"),
        ] {
            let error = parse(&format!("monitor: {{{monitor}}}")).unwrap_err();
            assert!(error.contains(wanted), "{error}");
        }
    }

    #[test]
    fn what_the_monitoring_could_never_judge_is_refused() {
        assert!(
            parse("gate: {task: multiclass}\nrelease: {alarms: {live_quality: {bound: 0.8, period: 1h}}}")
                .is_ok()
        );
        for (sections, wanted) in [
            (
                "gate: {task: multiclass}\nrelease: {trial: {shadow: {at_most: 7d}}}",
                "release.trial is there for gate.task multiclass: side by side",
            ),
            (
                "serve: {capture_percent: 0}\nrelease: {alarms: {live_quality: {bound: 0.8, period: 1h}}}",
                "serve.capture_percent is 0: release.alarms.live_quality",
            ),
            ("gate: {task: multiclass, classes: [owl, '2.0']}", "gate.classes: \"2.0\"; labels"),
        ] {
            let error = parse(sections).unwrap_err();
            assert!(error.contains(wanted), "{error}");
        }
        let above = "model: bike\ntrain: {image: i}\ngate: {task: multiclass}\n\
                     data: {bucket: b, prefix: p/, label: {column: y, at_least: 2}, features: [x]}\n";
        let error = Pipeline::parse(above.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("data.label.at_least is 2 for gate.task multiclass: it makes"), "{error}");
    }

    #[test]
    fn feedback_that_cannot_be_undone_is_refused() {
        for feedback in [
            "{selected_by: shown}",
            "{selected_by: shown, version: served_by, treat: reweigh, exploration: 0.05}",
        ] {
            assert!(parse(&format!("feedback: {feedback}")).is_ok(), "{feedback}");
        }
        for (feedback, wanted) in [
            ("{selected_by: x}", "feedback.selected_by is \"x\": name a column of its own"),
            ("{selected_by: s, version: y}", "feedback.version is \"y\": name a column of its own"),
            ("{selected_by: s, treat: reweigh}", "feedback.exploration is missing: name the share"),
            ("{selected_by: s, exploration: 5}", "feedback.exploration is 5: a share of requests"),
            ("{selected_by: s, largest_weight: 0.5}", "feedback.largest_weight is 0.5: 1 or more"),
            ("{treat: exclude}", "selected_by"),
        ] {
            let error = parse(&format!("feedback: {feedback}")).unwrap_err();
            assert!(error.contains(wanted), "{error}");
        }
    }

    #[test]
    fn a_column_that_is_named_twice_stands_once() {
        let base = "model: bike\ntrain: {image: i}\nfeedback: {selected_by: chosen}\n\
                    data: {bucket: b, prefix: p/, label: {column: y}, features: [x], context: [chosen, day]}\n";
        let pipeline = Pipeline::parse(base.as_bytes()).unwrap();
        assert_eq!(pipeline.columns(), ["y", "x", "chosen", "day"]);
    }

    #[test]
    fn autoscaling_is_held_to_what_can_work() {
        assert!(parse("serve: {autoscaling: {most: 4}}").is_ok());
        for (serve, field) in [
            ("autoscaling: {least: 1}", "serve.autoscaling.least"),
            ("autoscaling: {most: 1}", "serve.autoscaling.most"),
            ("instance_count: 9, autoscaling: {}", "serve.instance_count"),
            ("autoscaling: {requests_per_instance: 0}", "serve.autoscaling.requests_per_instance"),
            ("kind: asynchronous, autoscaling: {}", "serve.kind"),
        ] {
            let error = parse(&format!("serve: {{{serve}}}")).unwrap_err();
            assert!(error.starts_with(&format!("pipeline.yaml: {field} is ")), "{error}");
        }
    }

    #[test]
    fn a_serverless_endpoint_asks_only_for_what_there_is() {
        let serverless = |serve: &str| {
            parse(&format!("serve: {{kind: serverless, {serve}}}\nrelease: {{strategy: all_at_once}}"))
        };
        assert!(serverless("").unwrap_err().contains("serve.capture_percent is 100"));
        for serve in ["memory_mb: 1500", "concurrency: 201"] {
            let error = serverless(&format!("capture_percent: 0, serverless: {{{serve}}}")).unwrap_err();
            assert!(error.contains("SageMaker takes"), "{error}");
        }
        assert!(serverless("capture_percent: 0, serverless: {memory_mb: 3072}").is_ok());
    }
}
