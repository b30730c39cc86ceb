use std::collections::VecDeque;

use car_protocol::Timestamp;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use parking_lot::Mutex;

use super::chain::{Break, BreakKind, Head, Link, Summary};
use super::record::{AuditKind, Record, Who};
use super::{Appended, AuditSink, Redacted, Stretch};
use crate::log::LogError;

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

impl Chain {
    fn append(&mut self, record: &Record) {
        let link = Link::after(&self.head, record);
        self.head = link.head();
        if self.links.len() >= MAX {
            self.links.pop_front();
        }
        self.links.push_back(link);
    }

    /// Nobody else can write here: what is to be told is only how much there is.
    fn summary(&self) -> Summary {
        Summary {
            records: self.links.len() as u64,
            first: self.links.front().map_or(0, |link| link.seq),
            head: self.head,
            redacted: self.links.iter().filter(|link| link.is_redacted()).count() as u64,
        }
    }
}

impl AuditSink for MemoryAudit {
    fn append(&self, record: Record) -> Appended {
        self.0.lock().append(&record);
        ready(Ok(())).boxed()
    }

    fn verify(
        &self,
        expected: Option<Head>,
    ) -> BoxFuture<'static, Result<Result<Summary, Break>, LogError>> {
        let chain = self.0.lock();
        let summary = chain.summary();
        let other = expected.filter(|expected| {
            let kept = chain.links.iter().find(|link| link.seq == expected.seq);
            let dropped = expected.seq < summary.first;
            !dropped && kept.is_none_or(|link| link.head() != *expected) && *expected != Head::EMPTY
        });
        let found = match other {
            Some(Head { seq, .. }) => Err(Break {
                seq,
                what: BreakKind::Head,
            }),
            None => Ok(summary),
        };
        ready(Ok(found)).boxed()
    }

    fn redact(
        &self,
        stretch: Stretch,
        who: Who,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Redacted, LogError>> {
        let mut redacted = Redacted::default();
        let mut chain = self.0.lock();
        for link in &mut chain.links {
            match stretch {
                Stretch::One(seq) if seq != link.seq => continue,
                Stretch::Before(at) if link.at().is_none_or(|then| then >= at) => break,
                _ => {}
            }
            if redacted.first == 0 {
                redacted.first = link.seq;
            }
            redacted.last = link.seq;
            redacted.texts += u64::from(link.text.take().is_some());
            link.salt = None;
        }
        if redacted.texts == 0 {
            return ready(Ok(Redacted::default())).boxed();
        }
        let record = Record::new(now, AuditKind::Redacted, "audit")
            .by(who)
            .with("first", redacted.first)
            .with("last", redacted.last)
            .with("texts", redacted.texts);
        chain.append(&record);
        ready(Ok(redacted)).boxed()
    }
}
