use std::collections::VecDeque;
use std::sync::Arc;

use car_protocol::Timestamp;
use car_protocol::rpc::events::Cursor;
use parking_lot::Mutex;
use serde::Serialize;

use crate::clock::Clock;
use crate::engine::{Data, Entry, Journal};
use crate::identity::SessionId;
use crate::log::{Draft, EventLog, RUN, StreamName};

/// How many streams of proposals a session keeps; the oldest go first.
///
/// More than a connection may be fed, and each of them is bounded.
const RUNS: usize = 64;

/// Writes what an engine does into the session's own stream, and the steps of proposals that somebody listens to into
/// streams of their own.
#[derive(Debug)]
pub struct SessionJournal {
    log: Arc<dyn EventLog>,
    session: SessionId,
    stream: StreamName,
    /// Of the proposals that were listened to, oldest first.
    runs: Mutex<VecDeque<StreamName>>,
    clock: Arc<dyn Clock>,
}

#[derive(Serialize)]
struct Body<'a> {
    kind: &'a str,
    timestamp: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    action_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proposal_id: Option<&'a str>,
    data: Data<'a>,
}

impl SessionJournal {
    /// A journal of the session whose stream this is.
    #[must_use]
    pub fn new(
        log: Arc<dyn EventLog>,
        session: SessionId,
        stream: StreamName,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            log,
            session,
            stream,
            runs: Mutex::default(),
            clock,
        }
    }

    fn append(&self, stream: &StreamName, entry: Entry<'_>) {
        let timestamp = self.clock.now();
        let body = Body {
            kind: entry.kind,
            timestamp,
            action_id: entry.action_id,
            proposal_id: entry.proposal_id,
            data: entry.data,
        };
        let appended = Draft::known(entry.kind, timestamp, &body)
            .and_then(|draft| self.log.append(stream, draft));
        if let Err(error) = appended {
            tracing::error!(%stream, kind = entry.kind, %error, "an event is lost");
        }
    }

    fn run(&self, proposal_id: &str) -> StreamName {
        StreamName::owned(&RUN, &format!("{}/{proposal_id}", self.session))
    }

    /// Keeps a stream, and the bound of how many there are.
    fn keep(&self, stream: &StreamName) {
        let gone = {
            let mut runs = self.runs.lock();
            if runs.back() == Some(stream) || runs.contains(stream) {
                return;
            }
            runs.push_back(stream.clone());
            (runs.len() > RUNS).then(|| runs.pop_front()).flatten()
        };
        if let Some(gone) = gone {
            self.log.remove(&gone);
        }
    }
}

impl Journal for SessionJournal {
    fn record(&self, entry: Entry<'_>) {
        self.append(&self.stream, entry);
    }

    fn tell(&self, step: Entry<'_>) {
        let Some(proposal_id) = step.proposal_id else {
            return;
        };
        let stream = self.run(proposal_id);
        self.keep(&stream);
        self.append(&stream, step);
    }

    fn steps(&self, proposal_id: &str) -> Option<(StreamName, Cursor)> {
        let stream = self.run(proposal_id);
        self.keep(&stream);
        let head = self.log.head(&stream);
        Some((stream, head))
    }

    fn end(&self) {
        for stream in std::mem::take(&mut *self.runs.lock()) {
            self.log.remove(&stream);
        }
    }
}
