//! What a policy cannot mean: ranges, doubled entries, measures that the task does not have.

use std::collections::BTreeSet;

use super::error::PolicyError;
use super::metric::Metric;
use super::section::Policy;
use super::task::Task;
use super::thresholds::{NUMBER, is_threshold};

impl Policy {
    /// Checks what the types cannot: ranges, doubled entries, bounds that no value meets.
    ///
    /// # Errors
    /// The first field that cannot be meant, what it says, what it may say.
    pub fn check(&self) -> Result<(), PolicyError> {
        self.check_levels()?;
        self.check_bounds()?;
        if !(200..=100_000).contains(&self.resamples) {
            let fix = "write 200 to 100000; 2000 is usual";
            return PolicyError::refuse("resamples", self.resamples, fix);
        }
        self.fairness.check()?;
        self.copies.check()?;
        self.leakage.check()?;
        self.behaviour.check(self.task)?;
        self.service.check()?;
        self.check_task()?;
        self.check_metrics()?;
        self.check_convergence()
    }

    fn check_levels(&self) -> Result<(), PolicyError> {
        if self.threshold_metric.is_some() && self.task != Task::Binary {
            let fix = "only task binary has a threshold: leave it out";
            return PolicyError::refuse("threshold_metric", format!("task {}", self.task), fix);
        }
        if !is_threshold(self.threshold) {
            return PolicyError::refuse("threshold", self.threshold, NUMBER);
        }
        if !(self.alpha > 0.0 && self.alpha <= 0.5) {
            let fix = "write a level above 0 and at most 0.5, such as 0.05";
            return PolicyError::refuse("alpha", self.alpha, fix);
        }
        if self.sample_above < 1000 {
            return PolicyError::refuse("sample_above", self.sample_above, "write at least 1000 rows");
        }
        Ok(())
    }

    /// The numbers of superiority, guards and floors.
    fn check_bounds(&self) -> Result<(), PolicyError> {
        if self.superiority().is_empty() {
            let fix = "name at least one metric in which a challenger can win";
            return PolicyError::refuse("superiority", "empty", fix);
        }
        let in_range = |effect: f64| (0.0..f64::INFINITY).contains(&effect);
        if let Some(win) = self.superiority().iter().find(|win| !in_range(win.minimum_effect)) {
            let field = format!("superiority.{}.minimum_effect", win.metric);
            return PolicyError::refuse(field, win.minimum_effect, "write 0 or a positive number");
        }
        if let Some(guard) = self.guards().iter().find(|guard| !(guard.margin > 0.0 && guard.margin < 1.0)) {
            let field = format!("guards.{}.margin", guard.metric);
            let fix = "write a margin between 0 and 1: without one nothing can be shown to be as good";
            return PolicyError::refuse(field, guard.margin, fix);
        }
        if let Some(floor) = self.floors.iter().find(|floor| !floor.worst.is_finite()) {
            let field = format!("floors.{}.worst", floor.metric);
            return PolicyError::refuse(field, floor.worst, "write a number");
        }
        Ok(())
    }

    /// Each list names measures of the task, and each of them once.
    fn check_metrics(&self) -> Result<(), PolicyError> {
        let lists: [(&str, Vec<Metric>); 3] = [
            ("superiority", self.superiority().iter().map(|win| win.metric).collect()),
            ("guards", self.guards().iter().map(|guard| guard.metric).collect()),
            ("floors", self.floors.iter().map(|floor| floor.metric).collect()),
        ];
        for (list, metrics) in lists {
            if let Some(foreign) = metrics.iter().find(|metric| !self.task.metrics().contains(metric)) {
                let found = format!("{foreign} under task {}", self.task);
                return PolicyError::refuse(list, found, measures(self.task));
            }
            let mut seen = BTreeSet::new();
            if let Some(twice) = metrics.into_iter().find(|metric| !seen.insert(*metric)) {
                return PolicyError::refuse(list, format!("{twice} stands twice"), "name each metric once");
            }
        }
        Ok(())
    }

    fn check_convergence(&self) -> Result<(), PolicyError> {
        for bound in &self.convergence {
            let least = bound.at_least.unwrap_or(f64::NEG_INFINITY);
            let possible = least <= bound.at_most.unwrap_or(f64::INFINITY);
            if !possible || bound.metric.is_empty() {
                let field = format!("convergence.{}", bound.metric);
                let found = format!("at_least {:?}, at_most {:?}", bound.at_least, bound.at_most);
                let fix = "name the metric, and let at_least be no greater than at_most";
                return PolicyError::refuse(field, found, fix);
            }
        }
        Ok(())
    }
}

/// What a task measures, as a fix.
fn measures(task: Task) -> &'static str {
    match task {
        Task::Binary => {
            "name auc, average_precision, accuracy, balanced_accuracy, precision, recall, f1, mcc, log_loss, \
             brier or calibration_error"
        }
        Task::Multiclass => "name accuracy, macro_f1, weighted_f1, weighted_precision or log_loss",
        Task::Regression => "name mae, mse, rmse or r2",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::policy::{Balance, Floor, Groups, Guard, Superiority, TrainingBound};

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
            policy.check().map(|()| policy.with_defaults(Balance::Balanced)).map_err(|e| e.field)
        };
        let metrics = |yaml: &str| {
            let filled = of(yaml).unwrap();
            filled.guards().iter().map(|g| g.metric.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(metrics("{}"), ["auc", "balanced_accuracy", "accuracy"]);
        assert_eq!(metrics("task: multiclass"), ["accuracy", "macro_f1"]);
        assert_eq!(metrics("{task: regression, horizon: 24}"), ["mae", "mse"]);
        assert_eq!(metrics("{task: regression, guards: []}"), Vec::<&str>::new());
        let named = |names: usize| {
            let classes: Vec<String> = (0..names).map(|name| format!("c{name}")).collect();
            of(&format!("{{task: multiclass, classes: [{}]}}", classes.join(", "))).map(|_| ())
        };
        assert_eq!((named(100), named(101)), (Ok(()), Err("classes".to_owned())));
        for task in [Task::Binary, Task::Multiclass] {
            let guards = Policy { task, ..Policy::default() }.with_defaults(Balance::Imbalanced);
            assert!(guards.guards().iter().all(|guard| guard.metric != Metric::Accuracy));
            assert!(guards.superiority().iter().all(|win| win.metric != Metric::Accuracy));
        }
        for (yaml, field) in [
            ("{task: regression, threshold_metric: cut}", "threshold_metric"),
            ("{copies: {at_most: 2}}", "copies.at_most"),
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
                assert_eq!(Metric::from_name(metric.as_str()), Some(*metric));
            }
        }
    }
}
