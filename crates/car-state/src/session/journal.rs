use std::sync::Arc;

use car_protocol::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::clock::Clock;
use crate::engine::{Entry, Journal};
use crate::log::{Draft, EventLog, StreamName};

/// Writes what an engine does into the session's own stream.
#[derive(Debug)]
pub struct SessionJournal {
    log: Arc<dyn EventLog>,
    stream: StreamName,
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
    data: &'a Map<String, Value>,
}

impl SessionJournal {
    /// A journal of the session whose stream this is.
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>, stream: StreamName, clock: Arc<dyn Clock>) -> Self {
        Self { log, stream, clock }
    }
}

impl Journal for SessionJournal {
    fn record(&self, entry: Entry<'_>) {
        let timestamp = self.clock.now();
        let body = Body {
            kind: entry.kind,
            timestamp,
            action_id: entry.action_id,
            proposal_id: entry.proposal_id,
            data: &entry.data,
        };
        let appended = Draft::new(entry.kind, timestamp, &body)
            .and_then(|draft| self.log.append(&self.stream, draft));
        if let Err(error) = appended {
            tracing::error!(stream = %self.stream, kind = entry.kind, %error, "an event is lost");
        }
    }
}
