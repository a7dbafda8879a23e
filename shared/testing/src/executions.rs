//! Step Functions as a value.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use pawl_base::fault::Fault;
use pawl_ledger::edge::{Delivery, ExecutionStart, ExecutionState, Executions};

/// Executions that are only recorded. A start under a name that was used before changes nothing, as with
/// Step Functions.
#[derive(Debug, Default)]
pub struct RecordedExecutions {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// State and input by name.
    executions: BTreeMap<String, (ExecutionState, String)>,
    /// The token that an execution waits with.
    token: Option<String>,
    answers: Vec<String>,
    fault: Option<Fault>,
}

impl RecordedExecutions {
    fn with<R>(&self, f: impl FnOnce(&mut Inner) -> R) -> R {
        f(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The names and inputs of all executions that were ever started, by name.
    pub fn started(&self) -> Vec<(String, String)> {
        let pairs = |inner: &mut Inner| {
            let named = inner.executions.iter();
            named.map(|(name, (_, input))| (name.clone(), input.clone())).collect()
        };
        self.with(pairs)
    }

    /// Ends an execution.
    pub fn end(&self, name: &str) {
        self.with(|inner| {
            if let Some((state, _)) = inner.executions.get_mut(name) {
                *state = ExecutionState::Over;
            }
        });
    }

    /// An execution waits with this token; with `None`, none does.
    pub fn wait(&self, token: Option<&str>) {
        self.with(|inner| inner.token = token.map(str::to_owned));
    }

    /// The answers that were taken.
    pub fn answers(&self) -> Vec<String> {
        self.with(|inner| inner.answers.clone())
    }

    /// Answers every call with this fault; with `None`, answers again.
    pub fn fail(&self, fault: Option<Fault>) {
        self.with(|inner| inner.fault = fault);
    }
}

impl Executions for RecordedExecutions {
    async fn start(&self, name: &str, input: &str) -> Result<ExecutionStart, Fault> {
        self.with(|inner| match &inner.fault {
            Some(fault) => Err(fault.clone()),
            None => {
                let running = (ExecutionState::Running, input.to_owned());
                let (state, before) = inner.executions.entry(name.to_owned()).or_insert(running);
                let same = *state == ExecutionState::Running && before == input;
                Ok(if same { ExecutionStart::Runs } else { ExecutionStart::NameTaken })
            }
        })
    }

    async fn state(&self, name: &str) -> Result<ExecutionState, Fault> {
        self.with(|inner| match &inner.fault {
            Some(fault) => Err(fault.clone()),
            None => Ok(inner.executions.get(name).map_or(ExecutionState::Over, |(state, _)| *state)),
        })
    }

    async fn answer(&self, token: &str, output: &str) -> Result<Delivery, Fault> {
        self.with(|inner| match &inner.fault {
            Some(fault) => Err(fault.clone()),
            None if inner.token.as_deref() != Some(token) => Ok(Delivery::NobodyWaits),
            None => {
                inner.token = None;
                inner.answers.push(output.to_owned());
                Ok(Delivery::Taken)
            }
        })
    }
}
