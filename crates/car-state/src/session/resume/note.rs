use std::fmt;
use std::time::Duration;

use car_protocol::Timestamp;
use car_protocol::rpc::events::{Cursor, Delivery};
use car_protocol::rpc::policy::PolicyDefinition;
use car_protocol::rpc::tools::ToolDefinition;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::machine::Tokens;
use super::token::TokenHash;
use crate::identity::{Principal, Role, SessionId};
use crate::log::EventLog;
use crate::session::{ClientSession, FedStream};

/// What is noted of a session, so that it can be resumed after the daemon was started anew.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    pub(crate) id: SessionId,
    pub(crate) principal: Principal,
    pub(crate) role: Role,
    pub(crate) tokens: Tokens<TokenHash>,
    pub(crate) grace: Duration,
    /// Until when it stays; none while it has a connection.
    pub(crate) until: Option<Timestamp>,
    pub(crate) tools: Vec<ToolDefinition>,
    /// Those of the session itself, without those of its scopes.
    pub(crate) policies: Vec<PolicyDefinition>,
    /// The streams that it subscribes to, and how far they were written.
    pub(crate) streams: Vec<NotedStream>,
    /// The patterns that it subscribes to, and how the events of what they cover come.
    pub(crate) patterns: Vec<(String, Delivery)>,
}

/// A stream that a session subscribes to.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct NotedStream {
    pub(crate) stream: String,
    /// How far it was written.
    pub(crate) at: Cursor,
    pub(crate) delivery: Delivery,
    /// Whether it was asked for by its name, and not because a pattern covers it.
    pub(crate) named: bool,
}

impl NotedStream {
    pub(super) fn of(log: &dyn EventLog, fed: &FedStream) -> Self {
        Self {
            stream: fed.stream.to_string(),
            at: Cursor {
                seq: fed.written,
                ..log.head(&fed.stream)
            },
            delivery: fed.delivery,
            named: fed.named,
        }
    }
}

/// Where notes are kept. Whoever writes does not wait; what is written last counts.
pub(crate) trait Notebook: fmt::Debug + Send + Sync {
    /// Writes a note over the one of the same session. Ready when it survives the end of the process; none where it
    /// could not be taken, which is logged.
    fn save(&self, note: Note) -> Option<BoxFuture<'static, ()>>;

    /// Drops the note of a session.
    fn forget(&self, session: &SessionId);
}

/// What is to be noted of a session's subscriptions.
pub(super) fn subscribed(session: &ClientSession) -> (Vec<NotedStream>, Vec<(String, Delivery)>) {
    let (log, _) = session.events();
    let streams = session.subscriptions().list().into_iter();
    let streams = streams.map(|fed| NotedStream::of(&**log, &fed));
    let patterns = session.subscriptions().patterns().into_iter();
    let patterns = patterns.map(|(pattern, delivery)| (pattern.as_str().to_owned(), delivery));
    (streams.collect(), patterns.collect())
}

impl Note {
    /// About how many bytes it takes.
    #[cfg(feature = "sqlite")]
    pub(super) fn weight(&self) -> usize {
        const ROW: usize = 256;
        let streams = self.streams.len() + self.patterns.len();
        ROW * (1 + self.tools.len() + self.policies.len() + streams)
    }
}
