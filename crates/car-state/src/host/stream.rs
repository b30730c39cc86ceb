use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use car_protocol::Timestamp;
use car_protocol::rpc::events::Cursor;
use car_protocol::rpc::host::{HostApproval, HostEvent};
use serde::Serialize;
use serde_json::Value;

use crate::clock::{Clock, IdSource};
use crate::log::{Draft, EventLog, HOST, LogError, Page, Settled, StreamName};

/// A host event without its place.
#[derive(Serialize)]
struct Body<'a, P> {
    id: &'a str,
    timestamp: Timestamp,
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_id: Option<&'a str>,
    message: &'a str,
    payload: &'a P,
}

/// What an event was given.
pub(super) struct Published {
    id: String,
    timestamp: Timestamp,
    cursor: Cursor,
}

/// The place from which `limit` events lead to `until`.
fn before(until: Cursor, limit: usize) -> Option<Cursor> {
    Some(Cursor {
        seq: until.seq.saturating_sub(limit as u64),
        ..until
    })
}

fn newest_first(page: &Page, until: Cursor) -> Vec<HostEvent> {
    let entries = page.entries.iter().rev();
    entries
        .filter(|entry| entry.seq <= until.seq)
        .filter_map(|entry| serde_json::from_str(entry.params()).ok())
        .collect()
}

/// Where everything is told that a person may want to see.
#[derive(Debug)]
pub struct HostStream {
    log: Arc<dyn EventLog>,
    stream: StreamName,
    /// The number of the newest event that was appended here.
    published: AtomicU64,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl HostStream {
    /// The stream `host` of this log.
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self {
            log,
            stream: StreamName::single(&HOST),
            published: AtomicU64::new(0),
            clock,
            ids,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &StreamName {
        &self.stream
    }

    pub(super) fn head(&self) -> Cursor {
        self.log.head(&self.stream)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The newest events up to a place that memory holds, newest first.
    pub(super) fn events_until(
        &self,
        until: Cursor,
        limit: usize,
    ) -> Result<Vec<HostEvent>, LogError> {
        let page = match self.log.read(&self.stream, before(until, limit), limit) {
            Err(LogError::Cold { hot }) => self.log.read(&self.stream, Some(hot), limit),
            page => page,
        };
        Ok(newest_first(&page?, until))
    }

    pub(super) fn events(&self, limit: usize) -> Result<Vec<HostEvent>, LogError> {
        let head = self.log.head(&self.stream);
        let page = self.log.read(&self.stream, before(head, limit), limit)?;
        Ok(newest_first(&page, head))
    }

    pub(super) async fn fetch_events(&self, limit: usize) -> Result<Vec<HostEvent>, LogError> {
        let head = self.log.head(&self.stream);
        let after = before(head, limit);
        let page = self.log.fetch(&self.stream, after, limit).await?;
        Ok(newest_first(&page, head))
    }

    /// Ready when all that was published until now is visible and survives the process.
    pub(super) fn settled(&self) -> Settled {
        let seq = self.published.load(Ordering::Acquire);
        let head = self.log.head(&self.stream);
        self.log.settled(&self.stream, Cursor { seq, ..head })
    }

    /// Whether events can be published now. To be asked before anything is changed that an event tells of.
    pub(crate) fn admits(&self) -> Result<(), LogError> {
        self.log.admits(&self.stream)
    }

    /// Publishes what a client says; answers the event.
    pub(super) fn publish_said(
        &self,
        kind: String,
        agent_id: Option<String>,
        message: String,
        payload: Value,
    ) -> Result<HostEvent, LogError> {
        let place = self.publish(&kind, agent_id.as_deref(), &message, &payload)?;
        Ok(HostEvent {
            id: place.id,
            timestamp: place.timestamp,
            kind,
            agent_id,
            message,
            payload,
            stream: self.stream.to_string(),
            epoch: place.cursor.epoch,
            seq: place.cursor.seq,
        })
    }

    /// Publishes what has happened: it is too late to refuse it.
    pub(super) fn publish<P: Serialize>(
        &self,
        kind: &str,
        agent_id: Option<&str>,
        message: &str,
        payload: &P,
    ) -> Result<Published, LogError> {
        let id = self.ids.prefixed("event");
        let timestamp = self.clock.now();
        let draft = Draft::new(
            kind,
            timestamp,
            &Body {
                id: &id,
                timestamp,
                kind,
                agent_id,
                message,
                payload,
            },
        )?;
        let cursor = self.log.append(&self.stream, draft.happened())?;
        self.published.fetch_max(cursor.seq, Ordering::AcqRel);
        Ok(Published {
            id,
            timestamp,
            cursor,
        })
    }

    /// Publishes where there is nobody to tell of a failure.
    pub(super) fn publish_or_log<P: Serialize>(
        &self,
        kind: &str,
        agent: Option<&str>,
        message: &str,
        payload: &P,
    ) {
        if let Err(error) = self.publish(kind, agent, message, payload) {
            tracing::error!(kind, %error, "a host event is lost");
        }
    }

    pub(crate) fn publish_requested(&self, approval: &HostApproval) {
        let message = format!("approval requested: {}", approval.action);
        let agent = approval.agent_id.as_deref();
        self.publish_or_log("approval.requested", agent, &message, approval);
    }

    pub(crate) fn publish_resolved(&self, approval: &HostApproval) {
        let resolution = approval.resolution.as_deref().unwrap_or_default();
        let message = format!("approval {resolution}: {}", approval.action);
        let agent = approval.agent_id.as_deref();
        self.publish_or_log("approval.resolved", agent, &message, approval);
    }
}
