//! Shows in a chat that its agent waits for a person.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, Weak};

use car_protocol::rpc::events::Cursor;
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::Value;

use super::body::{APPROVAL_PENDING, APPROVAL_RESOLVED, Body};
use super::{ChatSession, Chats};
use crate::log::{Draft, EventLog, HOST, Listener, StreamName, Watch};

/// Events that are looked at together.
const PAGE: usize = 64;

/// Listens to the host plane while there are chats.
#[derive(Debug)]
pub(super) struct ApprovalEcho {
    chats: Weak<Chats>,
    log: Arc<dyn EventLog>,
    host: StreamName,
    /// Up to where was looked.
    place: Mutex<Option<Cursor>>,
    watch: OnceLock<Option<Watch>>,
    this: Weak<Self>,
}

/// What an event of the host plane says about an approval.
#[derive(Deserialize)]
struct Asked {
    kind: String,
    #[serde(default)]
    payload: Value,
}

/// The part of an approval's row that tells whose it is.
#[derive(Deserialize)]
struct Row {
    id: String,
    #[serde(default)]
    client_id: Option<String>,
    #[serde(default)]
    agent_id: Option<String>,
    #[serde(default)]
    details: Value,
}

impl ApprovalEcho {
    pub(super) fn new(chats: Weak<Chats>, log: Arc<dyn EventLog>) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            chats,
            log,
            host: StreamName::single(&HOST),
            place: Mutex::default(),
            watch: OnceLock::new(),
            this: Weak::clone(this),
        })
    }

    /// Listens from now on, if it does not yet.
    pub(super) fn listen(&self) {
        self.watch.get_or_init(|| {
            let head = self.log.head(&self.host);
            *self.place.lock() = Some(head);
            let listener: Arc<dyn Listener> = self.this.upgrade()?;
            let watch = self.log.watch(&self.host, listener);
            watch
                .inspect_err(|error| tracing::warn!(%error, "approvals are not shown in chats"))
                .ok()
        });
    }

    /// Reads on. Several may do that at once; each event is given to one of them.
    fn read(&self, chats: &Chats) {
        loop {
            let from = *self.place.lock();
            let Ok(page) = self.log.read(&self.host, from, PAGE) else {
                // What memory does not hold any more is older than whatever runs.
                let head = self.log.head(&self.host);
                *self.place.lock() = Some(head);
                return;
            };
            {
                let mut place = self.place.lock();
                if *place != from {
                    continue;
                }
                *place = Some(page.next);
            }
            for entry in &page.entries {
                if entry.kind.starts_with("approval.") {
                    chats.echo(entry.params());
                }
            }
            if !page.more {
                return;
            }
        }
    }
}

impl Listener for ApprovalEcho {
    fn notify(&self) {
        let Some(chats) = self.chats.upgrade() else {
            return;
        };
        if chats.running.load(Ordering::Acquire) > 0 {
            self.read(&chats);
        } else {
            let head = self.log.head(&self.host);
            *self.place.lock() = Some(head);
        }
    }
}

impl Chats {
    /// Shows what happened to an approval in the chat that it is about.
    fn echo(&self, event: &str) {
        let Ok(Asked { kind, payload }) = serde_json::from_str::<Asked>(event) else {
            return;
        };
        let Ok(row) = Row::deserialize(&payload) else {
            return;
        };
        let turn = match kind.as_str() {
            "approval.requested" => {
                let turn = self.turn_of(&row);
                turn.filter(|turn| turn.approval_pends(&row.id))
                    .map(|turn| (turn, APPROVAL_PENDING))
            }
            "approval.resolved" => {
                let mut running = self.under_way().into_iter();
                let turn = running.find(|turn| turn.approval_ends(&row.id));
                turn.map(|turn| (turn, APPROVAL_RESOLVED))
            }
            _ => None,
        };
        if let Some((turn, kind)) = turn {
            let body = Body::approval(&turn, kind, &payload);
            if let Ok(draft) = Draft::new(kind, self.clock.now(), &body) {
                self.publish(&turn, turn.remark(draft));
            }
        }
    }

    /// The turn that an approval is about: the one that its `details.chat` names, else the only one that the session that
    /// asked, or its agent, is in.
    fn turn_of(&self, row: &Row) -> Option<Arc<ChatSession>> {
        let named = row.details.get("chat").and_then(Value::as_str);
        let is_asked = |turn: &&Arc<ChatSession>| {
            let asked = turn.asked();
            let by_session = asked.as_ref().map(|id| id.as_str()) == row.client_id.as_deref();
            let by_agent = row.agent_id.as_deref() == Some(&*turn.agent);
            (asked.is_some() && row.client_id.is_some() && by_session)
                || (row.client_id.is_none() && by_agent)
        };
        let mut running = self.under_way();
        running.retain(|turn| is_asked(&turn) && named.is_none_or(|chat| *chat == *turn.chat));
        let turn = running.pop();
        turn.filter(|_| running.is_empty())
    }
}
