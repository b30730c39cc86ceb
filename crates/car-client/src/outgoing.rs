//! What waits to be written.

use std::sync::Arc;

use car_protocol::Timestamp;
use car_protocol::jsonrpc::{Id, encode_notification, encode_request};
use car_transport::{ByteString, Frame};
use serde::Serialize;
use tokio::sync::{Semaphore, mpsc};

use crate::error::CallError;
use crate::pending::{Kept, Pending};

/// Frames that wait to be written.
pub(crate) const OUTGOING: usize = 256;
/// Things that were said and that the daemon has not confirmed.
const UNCONFIRMED: usize = 256;

/// A frame, and what it is.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) frame: Frame,
    pub(crate) what: What,
}

/// What a frame is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum What {
    /// The call with this id.
    Call(i64),
    /// An answer to the daemon of this life.
    Answer(u32),
    Plain,
}

impl Outgoing {
    pub(crate) fn plain(frame: Frame) -> Self {
        let what = What::Plain;
        Self { frame, what }
    }

    pub(crate) fn call(id: i64, text: ByteString) -> Self {
        let (frame, what) = (Frame::Text(text), What::Call(id));
        Self { frame, what }
    }

    pub(crate) fn answer(life: u32, text: ByteString) -> Self {
        let (frame, what) = (Frame::Text(text), What::Answer(life));
        Self { frame, what }
    }
}

/// How an agent says something, from wherever it runs. It does not hold the connection.
#[derive(Clone, Debug)]
pub(crate) struct Voice {
    outgoing: mpsc::WeakSender<Outgoing>,
    /// Of a client that comes back: what it says is confirmed, and said again where it did not arrive.
    confirmed: Option<Confirmed>,
}

#[derive(Clone, Debug)]
struct Confirmed {
    pending: Arc<Pending>,
    places: Arc<Semaphore>,
}

impl Voice {
    pub(crate) fn new(
        outgoing: mpsc::WeakSender<Outgoing>,
        confirmed: Option<Arc<Pending>>,
    ) -> Self {
        let confirmed = confirmed.map(|pending| Confirmed {
            pending,
            places: Arc::new(Semaphore::new(UNCONFIRMED)),
        });
        Self {
            outgoing,
            confirmed,
        }
    }

    /// Says it, in order. Waits while the daemon does not read.
    pub(crate) async fn say<P: Serialize + ?Sized + Sync>(
        &self,
        method: &str,
        params: &P,
    ) -> Result<(), CallError> {
        let unfit = |error: serde_json::Error| CallError::Params(error.to_string());
        let Some(confirmed) = &self.confirmed else {
            let text = encode_notification(method, params).map_err(unfit)?;
            return self.send(Outgoing::plain(Frame::Text(text.into()))).await;
        };
        let place = Arc::clone(&confirmed.places).acquire_owned().await;
        let place = place.map_err(|_| CallError::Closed)?;
        let id = confirmed.pending.open_unheard(place)?;
        let text = match encode_request(&Id::integer(id), method, params) {
            Ok(text) => ByteString::from(text),
            Err(error) => {
                let error = unfit(error);
                confirmed.pending.settle(id, Err(error.clone()));
                return Err(error);
            }
        };
        // Nothing that an agent says has a key, so its time is never asked for.
        let kept = Kept::new(text.clone(), Timestamp::UNIX_EPOCH);
        confirmed.pending.keep(id, kept);
        self.send(Outgoing::call(id, text)).await
    }

    async fn send(&self, outgoing: Outgoing) -> Result<(), CallError> {
        let queue = self.outgoing.upgrade().ok_or(CallError::Closed)?;
        queue.send(outgoing).await.map_err(|_| CallError::Closed)
    }
}
