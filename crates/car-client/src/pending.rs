//! The calls that wait for an answer.

use std::collections::HashMap;
use std::sync::Arc;

use car_protocol::RpcError;
use car_protocol::jsonrpc::{ErrorObject, Id, Response};
use parking_lot::Mutex;
use serde_json::value::RawValue;
use tokio::sync::oneshot;

use crate::error::CallError;

/// How many calls may be under way.
pub(crate) const MAX_CALLS: usize = 4_096;

pub(crate) type Answer = Result<Box<RawValue>, RpcError>;

/// A call is in the table before it is sent and leaves with its answer, its deadline or its caller.
#[derive(Debug, Default)]
pub(crate) struct Pending(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    last: i64,
    open: HashMap<i64, oneshot::Sender<Answer>>,
    ended: bool,
}

/// A call's place in the table.
#[derive(Debug)]
pub(crate) struct Place {
    table: Arc<Pending>,
    pub(crate) id: i64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.table.0.lock().open.remove(&self.id);
    }
}

impl Pending {
    pub(crate) fn open(self: &Arc<Self>) -> Result<(Place, oneshot::Receiver<Answer>), CallError> {
        let (sender, receiver) = oneshot::channel();
        let mut table = self.0.lock();
        if table.ended {
            return Err(CallError::Closed);
        }
        if table.open.len() >= MAX_CALLS {
            return Err(CallError::Overloaded { limit: MAX_CALLS });
        }
        table.last += 1;
        let id = table.last;
        table.open.insert(id, sender);
        Ok((
            Place {
                table: Arc::clone(self),
                id,
            },
            receiver,
        ))
    }

    pub(crate) fn answer(&self, response: Response<'_>) {
        let waiter = response
            .id
            .as_i64()
            .and_then(|id| self.0.lock().open.remove(&id));
        let Some(waiter) = waiter else {
            // An error for no request in particular: the daemon could not read what it was sent.
            if response.id == Id::NULL {
                tracing::warn!(outcome = ?response.outcome, "the daemon refuses a frame");
            }
            return;
        };
        // The caller may have stopped waiting.
        let _ = waiter.send(response.outcome.map(ToOwned::to_owned).map_err(rpc_error));
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

fn rpc_error(error: ErrorObject) -> RpcError {
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
