use std::collections::VecDeque;
use std::sync::Arc;

use car_protocol::rpc::events::Cursor;
use parking_lot::Mutex;

use crate::clock::Clock;
use crate::engine::{Data, Datum, Entry, Journal};
use crate::identity::SessionId;
use crate::log::{Draft, EventLog, Members, RUN, StreamName};

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
        let draft = Draft::written(stream.family(), entry.kind, timestamp, |members| {
            members.text("kind", entry.kind);
            members.moment("timestamp", timestamp);
            if let Some(action) = entry.action_id {
                members.text("action_id", action);
            }
            if let Some(proposal) = entry.proposal_id {
                members.text("proposal_id", proposal);
            }
            members.object("data", |members| write(members, entry.data));
        });
        let appended = self.log.append(stream, draft);
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

fn write(members: &mut Members<'_>, data: Data<'_>) {
    for (name, datum) in data.0 {
        match datum {
            Datum::Absent => {}
            Datum::Text(text) => members.text(name, text),
            Datum::Number(number) => members.number(name, *number),
            Datum::Float(number) => members.fraction(name, *number),
            Datum::Flag(flag) => members.flag(name, *flag),
            Datum::Json(value) => members.value(name, value),
            Datum::Object(object) => members.value(name, object),
            Datum::Texts(texts) => members.value(name, texts),
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
