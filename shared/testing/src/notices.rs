//! The topic as a value.

use std::sync::{Mutex, PoisonError};

use pawl_base::fault::Fault;
use pawl_base::names::RegionName;
use pawl_ledger::edge::Notices;
use pawl_ledger::notice::{Message, Notice, Origin};

/// Notices that are only recorded.
#[derive(Debug, Default)]
pub struct RecordedNotices {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    sent: Vec<Notice>,
    fault: Option<Fault>,
}

impl RecordedNotices {
    fn with<R>(&self, f: impl FnOnce(&mut Inner) -> R) -> R {
        f(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// All notices so far, in order.
    pub fn sent(&self) -> Vec<Notice> {
        self.with(|inner| inner.sent.clone())
    }

    /// Subject and text of all notices so far, as a mailbox shows them.
    pub fn mails(&self) -> Vec<(String, String)> {
        let Ok(region) = RegionName::try_from("eu-west-1".to_owned()) else { return Vec::new() };
        let origin = Origin { region, bucket: "evidence".to_owned() };
        let mail = |notice| {
            let message = Message::new(&notice, &origin);
            (message.subject, message.text)
        };
        self.sent().into_iter().map(mail).collect()
    }

    /// Answers every call with this fault; with `None`, answers again.
    pub fn fail(&self, fault: Option<Fault>) {
        self.with(|inner| inner.fault = fault);
    }
}

impl Notices for RecordedNotices {
    async fn notify(&self, notice: &Notice) -> Result<(), Fault> {
        self.with(|inner| match &inner.fault {
            Some(fault) => Err(fault.clone()),
            None => {
                inner.sent.push(notice.clone());
                Ok(())
            }
        })
    }
}
