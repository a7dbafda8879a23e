//! The topic as a value.

use std::sync::{Mutex, PoisonError};

use pawl_base::fault::Fault;
use pawl_ledger::edge::Notices;

/// Notices that are only recorded.
#[derive(Debug, Default)]
pub struct RecordedNotices {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    sent: Vec<(String, String)>,
    fault: Option<Fault>,
}

impl RecordedNotices {
    fn with<R>(&self, f: impl FnOnce(&mut Inner) -> R) -> R {
        f(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Subject and message of all notices so far, in order.
    pub fn sent(&self) -> Vec<(String, String)> {
        self.with(|inner| inner.sent.clone())
    }

    /// Answers every call with this fault; with `None`, answers again.
    pub fn fail(&self, fault: Option<Fault>) {
        self.with(|inner| inner.fault = fault);
    }
}

impl Notices for RecordedNotices {
    async fn notify(&self, subject: &str, message: &str) -> Result<(), Fault> {
        self.with(|inner| match &inner.fault {
            Some(fault) => Err(fault.clone()),
            None => {
                inner.sent.push((subject.to_owned(), message.to_owned()));
                Ok(())
            }
        })
    }
}
