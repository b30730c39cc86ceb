//! The calls that wait for an answer.

use std::collections::HashMap;
use std::sync::Arc;

use car_protocol::jsonrpc::{ErrorObject, Id, Response};
use car_protocol::{RpcError, Timestamp};
use car_transport::ByteString;
use parking_lot::Mutex;
use serde_json::value::RawValue;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::error::CallError;

/// How many calls may be under way.
pub(crate) const MAX_CALLS: usize = 4_096;

pub(crate) type Answer = Result<Box<RawValue>, CallError>;

/// A call is in the table before it is sent and leaves with its answer, its deadline or its caller.
#[derive(Debug, Default)]
pub(crate) struct Pending(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    last: i64,
    open: HashMap<i64, Call>,
    ended: bool,
}

#[derive(Debug)]
struct Call {
    waiter: Waiter,
    kept: Option<Kept>,
}

/// Who waits.
#[derive(Debug)]
enum Waiter {
    Caller(oneshot::Sender<Answer>),
    /// Nobody, but one of so many such calls is under way.
    Nobody {
        _place: OwnedSemaphorePermit,
    },
}

/// A call as it was sent, for a client that may have to send it again.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) text: ByteString,
    /// When it was made.
    pub(crate) since: Timestamp,
    /// Whether it was given to a connection.
    written: bool,
}

impl Kept {
    pub(crate) fn new(text: ByteString, since: Timestamp) -> Self {
        Self {
            text,
            since,
            written: false,
        }
    }
}

/// A call's place in the table.
#[derive(Debug)]
pub(crate) struct Place {
    table: Arc<Pending>,
    pub(crate) id: i64,
}

impl Place {
    /// Remembers what is sent.
    pub(crate) fn keep(&self, kept: Kept) {
        if let Some(call) = self.table.0.lock().open.get_mut(&self.id) {
            call.kept = Some(kept);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let call = self.table.0.lock().open.remove(&self.id);
        drop(call);
    }
}

impl Pending {
    pub(crate) fn open(self: &Arc<Self>) -> Result<(Place, oneshot::Receiver<Answer>), CallError> {
        let (sender, receiver) = oneshot::channel();
        let id = self.enter(Waiter::Caller(sender))?;
        let table = Arc::clone(self);
        Ok((Place { table, id }, receiver))
    }

    /// A call whose answer nobody waits for. It stays until there is one.
    pub(crate) fn open_unheard(&self, place: OwnedSemaphorePermit) -> Result<i64, CallError> {
        self.enter(Waiter::Nobody { _place: place })
    }

    /// Remembers what is sent for a call that has no [`Place`].
    pub(crate) fn keep(&self, id: i64, kept: Kept) {
        if let Some(call) = self.0.lock().open.get_mut(&id) {
            call.kept = Some(kept);
        }
    }

    fn enter(&self, waiter: Waiter) -> Result<i64, CallError> {
        let mut table = self.0.lock();
        if table.ended {
            return Err(CallError::Closed);
        }
        if table.open.len() >= MAX_CALLS {
            return Err(CallError::Overloaded { limit: MAX_CALLS });
        }
        table.last += 1;
        let id = table.last;
        let kept = None;
        table.open.insert(id, Call { waiter, kept });
        Ok(id)
    }

    /// An id for a request that is in no table.
    pub(crate) fn next_id(&self) -> i64 {
        let mut table = self.0.lock();
        table.last += 1;
        table.last
    }

    /// A call is given to a connection. No where nobody waits for it any more.
    pub(crate) fn write(&self, id: i64) -> bool {
        let mut table = self.0.lock();
        let Some(call) = table.open.get_mut(&id) else {
            return false;
        };
        if let Some(kept) = &mut call.kept {
            kept.written = true;
        }
        true
    }

    /// The calls that were given to a connection, in the order in which they were made.
    pub(crate) fn written(&self) -> Vec<(i64, Kept)> {
        let mut written: Vec<_> = {
            let table = self.0.lock();
            let kept = |(id, call): (&i64, &Call)| Some((*id, call.kept.clone()?));
            table.open.iter().filter_map(kept).collect()
        };
        written.retain(|(_, kept)| kept.written);
        written.sort_unstable_by_key(|(id, _)| *id);
        written
    }

    /// Gives an answer to whoever waits; answers what was asked, where that is kept.
    pub(crate) fn answer(&self, response: Response<'_>) -> Option<ByteString> {
        let id = response.id.as_i64();
        let Some(call) = id.and_then(|id| self.0.lock().open.remove(&id)) else {
            // An error for no request in particular: the daemon could not read what it was sent.
            if response.id == Id::NULL {
                tracing::warn!(outcome = ?response.outcome, "the daemon refuses a frame");
            }
            return None;
        };
        let answer = response.outcome.map(ToOwned::to_owned);
        settle(call.waiter, answer.map_err(|error| rpc_error(error).into()));
        call.kept.map(|kept| kept.text)
    }

    /// Ends a call without an answer of the daemon.
    pub(crate) fn settle(&self, id: i64, answer: Answer) {
        let call = self.0.lock().open.remove(&id);
        if let Some(call) = call {
            settle(call.waiter, answer);
        }
    }

    /// Fails all that wait, and what comes later.
    pub(crate) fn end(&self) {
        let open = {
            let mut table = self.0.lock();
            table.ended = true;
            std::mem::take(&mut table.open)
        };
        drop(open);
    }
}

fn settle(waiter: Waiter, answer: Answer) {
    match waiter {
        Waiter::Caller(sender) => {
            // The caller may have stopped waiting.
            let _ = sender.send(answer);
        }
        Waiter::Nobody { .. } => {
            if let Err(error) = answer {
                tracing::debug!(%error, "what was said is not taken");
            }
        }
    }
}

pub(crate) fn rpc_error(error: ErrorObject) -> RpcError {
    let data = error
        .data
        .and_then(|data| serde_json::from_value(data).ok())
        .map(Box::new);
    RpcError {
        code: i32::try_from(error.code).unwrap_or(i32::MIN),
        message: error.message.unwrap_or_else(|| "unknown error".to_owned()),
        data,
    }
}
