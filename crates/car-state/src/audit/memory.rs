use std::collections::VecDeque;

use futures_util::FutureExt as _;
use futures_util::future::ready;
use parking_lot::Mutex;

use super::chain::{Head, Link};
use super::record::Record;
use super::{Appended, AuditSink};

/// How many records are kept in memory.
const MAX: usize = 1_000;

/// The newest thousand records, for a daemon that keeps nothing beyond its life.
#[derive(Debug)]
pub struct MemoryAudit(Mutex<Chain>);

#[derive(Debug)]
struct Chain {
    head: Head,
    links: VecDeque<Link>,
}

impl Default for MemoryAudit {
    fn default() -> Self {
        Self(Mutex::new(Chain {
            head: Head::EMPTY,
            links: VecDeque::new(),
        }))
    }
}

impl MemoryAudit {
    /// The records that are kept, the oldest first.
    #[must_use]
    pub fn links(&self) -> Vec<Link> {
        self.0.lock().links.iter().cloned().collect()
    }
}

impl AuditSink for MemoryAudit {
    fn append(&self, record: Record) -> Appended {
        let mut chain = self.0.lock();
        let link = Link::after(&chain.head, &record);
        chain.head = link.head();
        if chain.links.len() >= MAX {
            chain.links.pop_front();
        }
        chain.links.push_back(link);
        ready(Ok(())).boxed()
    }
}
