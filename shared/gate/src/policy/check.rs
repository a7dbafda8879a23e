//! What a policy cannot mean: ranges, doubled entries, measures that the task does not have.

use std::collections::BTreeSet;

use super::Policy;
use crate::classes::MAX_CLASSES;
use crate::fairness::Favourable;
use crate::given::Value;
use crate::metric::{Metric, Task};

/// A policy that cannot be meant: the field, what it says, what it may say.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("gate.{field}: {found}; {fix}")]
pub struct PolicyError {
    /// The field's path inside the gate section.
    pub field: String,
    /// What stands there.
    pub found: String,
    /// What may stand there.
    pub fix: &'static str,
}

impl Policy {
    /// Checks what the types cannot: ranges, doubled entries, bounds that no value meets.
    pub fn check(&self) -> Result<(), PolicyError> {
        let wrong =
            |field: &str, found: String, fix| Err(PolicyError { field: field.to_owned(), found, fix });
        if !(self.threshold > 0.0 && self.threshold < 1.0) {
            return wrong("threshold", self.threshold.to_string(), "write a number between 0 and 1");
        }
        if !(self.alpha > 0.0 && self.alpha <= 0.5) {
            return wrong(
                "alpha",
                self.alpha.to_string(),
                "write a level above 0 and at most 0.5, such as 0.05",
            );
        }
        if self.sample_above < 1000 {
            return wrong("sample_above", self.sample_above.to_string(), "write at least 1000 rows");
        }
        if self.superiority().is_empty() {
            let fix = "name at least one metric in which a challenger can win";
            return wrong("superiority", "empty".to_owned(), fix);
        }
        if let Some(win) =
            self.superiority().iter().find(|s| !(0.0..f64::INFINITY).contains(&s.minimum_effect))
        {
            return wrong(
                &format!("superiority.{}.minimum_effect", win.metric),
                win.minimum_effect.to_string(),
                "write 0 or a positive number",
            );
        }
        if let Some(guard) = self.guards().iter().find(|g| !(g.margin > 0.0 && g.margin < 1.0)) {
            return wrong(
                &format!("guards.{}.margin", guard.metric),
                guard.margin.to_string(),
                "write a margin between 0 and 1: without one nothing can be shown to be as good",
            );
        }
        if let Some(floor) = self.floors.iter().find(|f| !f.worst.is_finite()) {
            return wrong(
                &format!("floors.{}.worst", floor.metric),
                floor.worst.to_string(),
                "write a number",
            );
        }
        if !(200..=100_000).contains(&self.resamples) {
            return wrong("resamples", self.resamples.to_string(), "write 200 to 100000; 2000 is usual");
        }
        if self.fairness.groups.iter().any(|g| g.columns.is_empty() || g.columns.iter().any(String::is_empty))
        {
            return wrong(
                "fairness.groups",
                "a group without columns".to_owned(),
                "name at least one column",
            );
        }
        for rule in &self.fairness.rules {
            let fine = |x: f64| (0.0..=1.0).contains(&x);
            if !(rule.acceptable.is_none_or(fine) && rule.tolerance >= 0.0 && rule.tolerance.is_finite()) {
                return wrong(
                    &format!("fairness.rules.{}", rule.measure.as_str()),
                    format!("acceptable {:?}, tolerance {}", rule.acceptable, rule.tolerance),
                    "write acceptable between 0 and 1 and a tolerance of 0 or more",
                );
            }
        }
        let leakage = &self.leakage;
        for (field, value) in [
            ("ceiling", leakage.ceiling),
            ("above_history", leakage.above_history),
            ("feature", leakage.feature),
            ("seen_rows", leakage.seen_rows),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                return wrong(
                    &format!("leakage.{field}"),
                    value.to_string(),
                    "write a number above 0; one that nothing reaches, such as 2, turns an alarm off",
                );
            }
        }
        self.behaviour.check(self.task)?;
        self.service.check()?;
        self.check_task()?;
        let lists = [
            ("superiority", self.superiority().iter().map(|s| s.metric).collect::<Vec<_>>()),
            ("guards", self.guards().iter().map(|g| g.metric).collect()),
            ("floors", self.floors.iter().map(|f| f.metric).collect()),
        ];
        for (list, metrics) in lists {
            if let Some(foreign) = metrics.iter().find(|metric| !self.task.metrics().contains(metric)) {
                return wrong(list, format!("{foreign} under task {}", self.task), measures(self.task));
            }
            let mut seen = BTreeSet::new();
            if let Some(twice) = metrics.into_iter().find(|m| !seen.insert(*m)) {
                return wrong(list, format!("{twice} stands twice"), "name each metric once");
            }
        }
        for bound in &self.convergence {
            let possible =
                bound.at_least.unwrap_or(f64::NEG_INFINITY) <= bound.at_most.unwrap_or(f64::INFINITY);
            if !possible || bound.metric.is_empty() {
                return wrong(
                    &format!("convergence.{}", bound.metric),
                    format!("at_least {:?}, at_most {:?}", bound.at_least, bound.at_most),
                    "name the metric, and let at_least be no greater than at_most",
                );
            }
        }
        Ok(())
    }

    /// What only some tasks have.
    fn check_task(&self) -> Result<(), PolicyError> {
        let wrong =
            |field: &str, found: String, fix| Err(PolicyError { field: field.to_owned(), found, fix });
        let fairness = &self.fairness;
        match (self.task, &fairness.favourable) {
            (Task::Binary, Some(_)) => {
                let fix = "leave it out: of a binary label the positive class is the favourable one";
                return wrong("fairness.favourable", "task binary".to_owned(), fix);
            }
            (Task::Binary, None) => {}
            (Task::Multiclass, Some(Favourable::Classes(names))) => {
                let unknown = |name: &String| {
                    name.is_empty() || !self.classes.is_empty() && !self.classes.contains(name)
                };
                if names.is_empty() || names.iter().any(unknown) {
                    let fix = "name one or several of gate.classes";
                    return wrong("fairness.favourable.classes", format!("[{}]", names.join(", ")), fix);
                }
            }
            (Task::Regression, Some(Favourable::Above(bound))) => {
                if !bound.is_finite() {
                    return wrong("fairness.favourable.above", bound.to_string(), "write a number");
                }
            }
            (Task::Multiclass, _) if fairness.favourable.is_some() || !fairness.groups.is_empty() => {
                let fix = "Clarify's measures compare shares of a favourable outcome: write favourable: {classes: [...]}, or \
                           name the columns under slices.columns";
                return wrong("fairness.favourable", "task multiclass without its classes".to_owned(), fix);
            }
            (Task::Regression, _) if fairness.favourable.is_some() || !fairness.groups.is_empty() => {
                let fix = "Clarify's measures compare shares of a favourable outcome: write favourable: {above: ...}, or \
                           name the columns under slices.columns";
                return wrong("fairness.favourable", "task regression without its bound".to_owned(), fix);
            }
            (Task::Multiclass | Task::Regression, _) => {}
        }
        let distinct: BTreeSet<&String> = self.classes.iter().collect();
        if distinct.len() != self.classes.len() || distinct.contains(&String::new()) {
            return wrong("classes", self.classes.join(", "), "name each class once");
        }
        if self.classes.len() > MAX_CLASSES {
            let fix = "name at most 100: judge a coarser label, or task regression if it is a number";
            return wrong("classes", format!("{} names", self.classes.len()), fix);
        }
        let read = |name: &String| Value::Text(name).class().is_some_and(|class| class == **name);
        if let Some(name) = self.classes.iter().find(|name| !read(name)) {
            let fix = "labels are read without spaces around them, and whole numbers without .0: write it so";
            return wrong("classes", format!("{name:?}"), fix);
        }
        if self.task != Task::Multiclass && !self.classes.is_empty() {
            return wrong("classes", format!("task {}", self.task), "only task multiclass has named classes");
        }
        let Some(horizon) = self.horizon else { return Ok(()) };
        let found = horizon.to_string();
        if self.task != Task::Regression {
            return wrong("horizon", found, "only task regression is a forecast: leave it out");
        }
        if !(1..=1000).contains(&horizon) {
            return wrong("horizon", found, "write how many steps ahead is forecast: 1 to 1000");
        }
        if self.cluster.is_some() {
            return wrong("horizon", found, "rows depend by their order or by cluster: write one of the two");
        }
        if self.names(Metric::Rmse) || self.names(Metric::R2) {
            return wrong(
                "horizon",
                found,
                "Diebold–Mariano tests mae and mse: name one of them, not rmse or r2",
            );
        }
        Ok(())
    }
}

/// What a task measures, as a fix.
fn measures(task: Task) -> &'static str {
    match task {
        Task::Binary => {
            "name auc, average_precision, accuracy, balanced_accuracy, precision, recall, f1, mcc, log_loss, brier or \
             calibration_error"
        }
        Task::Multiclass => "name accuracy, macro_f1, weighted_f1, weighted_precision or log_loss",
        Task::Regression => "name mae, mse, rmse or r2",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::fairness::Groups;
    use crate::{Floor, Guard, Superiority, TrainingBound};

    #[test]
    fn the_default_holds_and_reads_back() {
        let policy = Policy::default();
        assert_eq!(policy.check(), Ok(()));
        let text = serde_json::to_string(&policy).unwrap();
        assert_eq!(serde_json::from_str::<Policy>(&text).unwrap(), policy);
        assert_eq!(serde_json::from_str::<Policy>("{}").unwrap(), policy);
        assert!(serde_json::from_str::<Policy>(r#"{"treshold": 0.4}"#).is_err());
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_field() {
        let refused = |change: &dyn Fn(&mut Policy)| {
            let mut policy = Policy::default();
            change(&mut policy);
            policy.check().map_err(|e| e.field).unwrap_err()
        };
        assert_eq!(refused(&|p| p.threshold = f64::NAN), "threshold");
        assert_eq!(refused(&|p| p.alpha = 0.0), "alpha");
        assert_eq!(refused(&|p| p.sample_above = 0), "sample_above");
        assert_eq!(refused(&|p| p.superiority = Some(Vec::new())), "superiority");
        assert_eq!(refused(&|p| p.resamples = 3), "resamples");
        assert_eq!(refused(&|p| p.fairness.rules[0].acceptable = Some(2.0)), "fairness.rules.DI");
        let nobody = Groups { columns: Vec::new(), disadvantaged: None };
        assert_eq!(refused(&|p| p.fairness.groups.push(nobody.clone())), "fairness.groups");
        let win = |minimum_effect| Some(vec![Superiority { metric: Metric::Auc, minimum_effect }]);
        assert_eq!(refused(&|p| p.superiority = win(-1.0)), "superiority.auc.minimum_effect");
        let guard = |metric, margin| Guard { metric, margin };
        assert_eq!(refused(&|p| p.guards = Some(vec![guard(Metric::F1, 0.0)])), "guards.f1.margin");
        assert_eq!(refused(&|p| p.guards = Some(vec![guard(Metric::F1, 0.1); 2])), "guards");
        assert_eq!(refused(&|p| p.guards = Some(vec![guard(Metric::Mae, 0.1)])), "guards");
        assert_eq!(
            refused(&|p| p.floors.push(Floor { metric: Metric::Auc, worst: f64::NAN })),
            "floors.auc.worst"
        );
        let bound = TrainingBound { metric: "loss".into(), at_least: Some(1.0), at_most: Some(0.0) };
        assert_eq!(refused(&|p| p.convergence.push(bound.clone())), "convergence.loss");
    }

    #[test]
    fn each_task_has_its_own_fields_and_defaults() {
        let of = |yaml: &str| {
            let policy = Policy::from_yaml(yaml).unwrap();
            policy.check().map(|()| policy.filled()).map_err(|e| e.field)
        };
        let metrics = |yaml: &str| {
            let filled = of(yaml).unwrap();
            filled.guards().iter().map(|g| g.metric.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(metrics("{}"), ["auc", "accuracy"]);
        assert_eq!(metrics("task: multiclass"), ["accuracy", "macro_f1"]);
        assert_eq!(metrics("{task: regression, horizon: 24}"), ["mae", "mse"]);
        assert_eq!(metrics("{task: regression, guards: []}"), Vec::<&str>::new());
        let named = |names: usize| {
            let classes: Vec<String> = (0..names).map(|name| format!("c{name}")).collect();
            of(&format!("{{task: multiclass, classes: [{}]}}", classes.join(", "))).map(|_| ())
        };
        assert_eq!((named(100), named(101)), (Ok(()), Err("classes".to_owned())));
        for (yaml, field) in [
            ("{task: regression, fairness: {groups: [{columns: [a]}]}}", "fairness.favourable"),
            (
                "{task: multiclass, fairness: {groups: [{columns: [a]}], favourable: {above: 1}}}",
                "fairness.favourable",
            ),
            ("{task: regression, fairness: {favourable: {classes: [a]}}}", "fairness.favourable"),
            ("{task: regression, fairness: {favourable: {above: .nan}}}", "fairness.favourable.above"),
            ("{task: multiclass, fairness: {favourable: {classes: []}}}", "fairness.favourable.classes"),
            (
                "{task: multiclass, classes: [a, b], fairness: {favourable: {classes: [c]}}}",
                "fairness.favourable.classes",
            ),
            ("{fairness: {favourable: {above: 1}}}", "fairness.favourable"),
            ("{service: {latency: [{quantile: 99}]}}", "service.latency"),
            ("{service: {latency: [{quantile: 0.5, at_most: 0}]}}", "service.latency"),
            ("{service: {errors: {margin: 0}}}", "service.errors"),
            ("{task: multiclass, classes: [a, a]}", "classes"),
            ("{classes: [a, b]}", "classes"),
            ("{horizon: 1}", "horizon"),
            ("{task: regression, horizon: 0}", "horizon"),
            ("{task: regression, horizon: 1, cluster: day}", "horizon"),
            ("{task: regression, horizon: 1, guards: [{metric: rmse, margin: 0.1}]}", "horizon"),
            ("{task: multiclass, floors: [{metric: auc, worst: 0.5}]}", "floors"),
        ] {
            assert_eq!(of(yaml).unwrap_err(), field, "{yaml}");
        }
        for task in [Task::Binary, Task::Multiclass, Task::Regression] {
            assert!(task.metrics().contains(&task.leading()));
            for metric in task.metrics() {
                assert_eq!(Metric::named(metric.as_str()), Some(*metric));
            }
        }
    }
}
