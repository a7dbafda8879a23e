//! What only some tasks have: a favourable outcome, named classes, a horizon.

use std::collections::BTreeSet;

use super::error::PolicyError;
use super::fairness::Favourable;
use super::metric::Metric;
use super::section::Policy;
use super::task::Task;
use crate::row::RowValue;
use crate::row::classes::MAX_CLASSES;

const FAVOURABLE_CLASSES: &str = "Clarify's measures compare shares of a favourable outcome: write \
                                  favourable: {classes: [...]}, or name the columns under slices.columns";
const FAVOURABLE_ABOVE: &str = "Clarify's measures compare shares of a favourable outcome: write \
                                favourable: {above: ...}, or name the columns under slices.columns";

impl Policy {
    pub(super) fn check_task(&self) -> Result<(), PolicyError> {
        self.check_favourable()?;
        self.check_classes()?;
        match self.horizon {
            Some(horizon) => self.check_horizon(horizon),
            None => Ok(()),
        }
    }

    fn check_favourable(&self) -> Result<(), PolicyError> {
        let field = "fairness.favourable";
        let asked = self.fairness.favourable.is_some() || !self.fairness.groups.is_empty();
        match (self.task, &self.fairness.favourable) {
            (Task::Binary, Some(_)) => {
                let fix = "leave it out: of a binary label the positive class is the favourable one";
                PolicyError::refuse(field, "task binary", fix)
            }
            (Task::Multiclass, Some(Favourable::Classes(names))) => {
                let unknown = |name: &String| {
                    name.is_empty() || !self.classes.is_empty() && !self.classes.contains(name)
                };
                if names.is_empty() || names.iter().any(unknown) {
                    let (field, found) = (format!("{field}.classes"), format!("[{}]", names.join(", ")));
                    return PolicyError::refuse(field, found, "name one or several of gate.classes");
                }
                Ok(())
            }
            (Task::Regression, Some(Favourable::Above(bound))) if !bound.is_finite() => {
                PolicyError::refuse(format!("{field}.above"), bound, "write a number")
            }
            (Task::Regression, Some(Favourable::Above(_))) => Ok(()),
            (Task::Multiclass, _) if asked => {
                PolicyError::refuse(field, "task multiclass without its classes", FAVOURABLE_CLASSES)
            }
            (Task::Regression, _) if asked => {
                PolicyError::refuse(field, "task regression without its bound", FAVOURABLE_ABOVE)
            }
            (Task::Binary | Task::Multiclass | Task::Regression, _) => Ok(()),
        }
    }

    fn check_classes(&self) -> Result<(), PolicyError> {
        let distinct: BTreeSet<&String> = self.classes.iter().collect();
        if distinct.len() != self.classes.len() || distinct.contains(&String::new()) {
            return PolicyError::refuse("classes", self.classes.join(", "), "name each class once");
        }
        if self.classes.len() > MAX_CLASSES {
            let fix = "name at most 100: judge a coarser label, or task regression if it is a number";
            return PolicyError::refuse("classes", format!("{} names", self.classes.len()), fix);
        }
        let reads_as_itself =
            |name: &String| RowValue::Text(name).class().is_some_and(|class| class == **name);
        if let Some(name) = self.classes.iter().find(|name| !reads_as_itself(name)) {
            let fix = "labels are read without spaces around them, and whole numbers without .0: write it so";
            return PolicyError::refuse("classes", format!("{name:?}"), fix);
        }
        if self.task != Task::Multiclass && !self.classes.is_empty() {
            let fix = "only task multiclass has named classes";
            return PolicyError::refuse("classes", format!("task {}", self.task), fix);
        }
        Ok(())
    }

    fn check_horizon(&self, horizon: usize) -> Result<(), PolicyError> {
        let fix = if self.task != Task::Regression {
            "only task regression is a forecast: leave it out"
        } else if !(1..=1000).contains(&horizon) {
            "write how many steps ahead is forecast: 1 to 1000"
        } else if self.cluster.is_some() {
            "rows depend by their order or by cluster: write one of the two"
        } else if self.rests_on(Metric::Rmse) || self.rests_on(Metric::R2) {
            "Diebold–Mariano tests mae and mse: name one of them, not rmse or r2"
        } else {
            return Ok(());
        };
        PolicyError::refuse("horizon", horizon, fix)
    }
}
