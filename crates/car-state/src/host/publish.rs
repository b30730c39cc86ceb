use std::sync::atomic::Ordering;

use car_protocol::Timestamp;
use car_protocol::rpc::events::Cursor;
use car_protocol::rpc::host::{ApprovalStatus, HostApproval, HostEvent};
use serde::Serialize;
use serde_json::{Value, json};

use super::{HostError, HostPlane};
use crate::log::{Draft, LogError, Page, Settled, SnapshotSource, StreamName};

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

impl HostPlane {
    /// The newest events up to a place that memory holds, newest first.
    pub(super) fn events_until(
        &self,
        until: Cursor,
        limit: usize,
    ) -> Result<Vec<HostEvent>, HostError> {
        let page = match self.log.read(&self.stream, before(until, limit), limit) {
            Err(LogError::Cold { hot }) => self.log.read(&self.stream, Some(hot), limit),
            page => page,
        };
        Ok(newest_first(&page?, until))
    }

    /// The newest events, newest first.
    ///
    /// # Errors
    /// [`HostError::Log`], also when memory does not hold all of them: then [`fetch_events`](Self::fetch_events) does.
    pub fn events(&self, limit: usize) -> Result<Vec<HostEvent>, HostError> {
        let head = self.log.head(&self.stream);
        let page = self.log.read(&self.stream, before(head, limit), limit)?;
        Ok(newest_first(&page, head))
    }

    /// The newest events from wherever they are, newest first.
    ///
    /// # Errors
    /// [`HostError::Log`].
    pub async fn fetch_events(&self, limit: usize) -> Result<Vec<HostEvent>, HostError> {
        let head = self.log.head(&self.stream);
        let after = before(head, limit);
        let page = self.log.fetch(&self.stream, after, limit).await?;
        Ok(newest_first(&page, head))
    }

    /// Ready when all that was published until now is visible and survives the process.
    pub fn settled(&self) -> Settled {
        let seq = self.published.load(Ordering::Acquire);
        let head = self.log.head(&self.stream);
        self.log.settled(&self.stream, Cursor { seq, ..head })
    }

    /// Whether events can be published now. To be asked before anything is changed that an event tells of.
    pub(super) fn admits(&self) -> Result<(), HostError> {
        Ok(self.log.admits(&self.stream)?)
    }

    /// Publishes what has happened: it is too late to refuse it.
    pub(super) fn publish<P: Serialize>(
        &self,
        kind: &str,
        agent_id: Option<&str>,
        message: &str,
        payload: &P,
    ) -> Result<HostEvent, HostError> {
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
        Ok(HostEvent {
            id,
            timestamp,
            kind: kind.to_owned(),
            agent_id: agent_id.map(str::to_owned),
            message: message.to_owned(),
            payload: serde_json::to_value(payload).unwrap_or_default(),
            stream: self.stream.to_string(),
            epoch: cursor.epoch,
            seq: cursor.seq,
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

    pub(super) fn publish_requested(&self, approval: &HostApproval) -> Result<(), HostError> {
        let message = format!("approval requested: {}", approval.action);
        self.publish(
            "approval.requested",
            approval.agent_id.as_deref(),
            &message,
            approval,
        )?;
        Ok(())
    }

    pub(super) fn publish_resolved(&self, approvals: &[HostApproval]) {
        for approval in approvals {
            let resolution = approval.resolution.as_deref().unwrap_or_default();
            let message = format!("approval {resolution}: {}", approval.action);
            self.publish_or_log(
                "approval.resolved",
                approval.agent_id.as_deref(),
                &message,
                approval,
            );
        }
    }
}

impl SnapshotSource for HostPlane {
    fn snapshot(&self, stream: &StreamName) -> Option<(Cursor, Value)> {
        if *stream != self.stream {
            return None;
        }
        // The place is taken first: a row may then be newer than it, an event never older and missing.
        let cursor = self.log.head(&self.stream);
        let (agents, mut approvals) = {
            let tables = self.tables.lock();
            (tables.agents.list(), tables.desk.list())
        };
        approvals.retain(|approval| approval.status == ApprovalStatus::Pending);
        Some((cursor, json!({ "agents": agents, "approvals": approvals })))
    }
}
