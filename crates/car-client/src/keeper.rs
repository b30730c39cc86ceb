//! The task of a client: it serves one connection after the other.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use car_protocol::rpc::session::AuthParams;
use car_transport::Duplex;
use car_transport::connect;
use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::link::{End, ToWrite, serve};
use crate::outgoing::Outgoing;
use crate::reader::Reader;
use crate::reconnect::{Backoff, ConnectionState, Reconnect, random};
use crate::revive::{Revived, Trouble, revive};

/// How another connection is made.
pub(crate) type Dial =
    Arc<dyn Fn() -> BoxFuture<'static, Result<Duplex, connect::ConnectError>> + Send + Sync>;

/// How to come back.
#[derive(Clone)]
pub(crate) struct WayBack {
    pub(crate) dial: Dial,
    pub(crate) reconnect: Reconnect,
    /// Who to be, where another session has to be begun.
    pub(crate) auth: AuthParams,
    /// Whether the protocol's version is agreed on.
    pub(crate) handshake: bool,
    /// How long one attempt may take.
    pub(crate) patience: Duration,
}

impl fmt::Debug for WayBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WayBack")
            .field("reconnect", &self.reconnect)
            .finish_non_exhaustive()
    }
}

pub(crate) struct Keeper {
    pub(crate) reader: Reader,
    pub(crate) way_back: Option<WayBack>,
    pub(crate) states: watch::Sender<ConnectionState>,
    /// Ends the connection at once.
    pub(crate) over: CancellationToken,
    /// Said when this program closes the connection: it is not made again.
    pub(crate) goodbye: CancellationToken,
}

impl Keeper {
    /// Serves connections until there is none any more.
    pub(crate) async fn run(mut self, duplex: Duplex, queue: mpsc::Receiver<Outgoing>) {
        let mut frames = ToWrite {
            again: VecDeque::new(),
            queue,
            pending: Arc::clone(&self.reader.pending),
            life: self.way_back.as_ref().map(|_| 0),
        };
        let end = self.serve_all(duplex, &mut frames).await;
        self.reader.pending.end();
        self.reader.chats.end();
        self.reader.subscriptions.end();
        self.states.send_replace(match end {
            End::Wanted => ConnectionState::Closed,
            End::Lost(reason) => ConnectionState::Lost { reason },
        });
    }

    async fn serve_all(&mut self, mut duplex: Duplex, frames: &mut ToWrite) -> End {
        let way_back = self.way_back.take();
        let silence = way_back.as_ref().map(|way| way.reconnect.silence);
        loop {
            let end = serve(&mut self.reader, duplex, frames, silence, &self.over).await;
            let End::Lost(why) = end else {
                return End::Wanted;
            };
            let Some(way_back) = &way_back else {
                return End::Lost(why);
            };
            tracing::info!(why, "the connection is lost");
            let back = tokio::select! {
                biased;
                () = self.over.cancelled() => return End::Wanted,
                () = self.goodbye.cancelled() => return End::Wanted,
                back = come_back(&mut self.reader, way_back, why, &self.states) => back,
            };
            let revived = match back {
                Ok(revived) => revived,
                Err(why) => return End::Lost(why),
            };
            duplex = revived.duplex;
            frames.life = self.reader.past.as_ref().map(|past| past.answers.life());
            // What the connection before did not take is a part of what was found to be missing.
            frames.again = revived.again;
            let state = ConnectionState::Resumed(revived.resumption);
            self.states.send_replace(state);
        }
    }
}

/// Tries until there is a connection with a session; the error says why there is none.
async fn come_back(
    reader: &mut Reader,
    way_back: &WayBack,
    mut why: String,
    states: &watch::Sender<ConnectionState>,
) -> Result<Revived, String> {
    let lost_at = Instant::now();
    let grace = reader.past.as_ref().map(|past| past.grace);
    let limit = way_back.reconnect.limit.or(grace).unwrap_or_default();
    let mut backoff = Backoff::new(&way_back.reconnect, limit);
    loop {
        // A daemon that gave the session to somebody else is not asked again.
        if let Some(fenced) = reader.past.as_mut().and_then(|past| past.fenced.take()) {
            return Err(fenced);
        }
        let Some(pause) = backoff.next(lost_at.elapsed(), random()) else {
            return Err(why);
        };
        states.send_replace(ConnectionState::Reconnecting {
            attempt: backoff.attempt,
        });
        sleep(pause).await;
        let attempt = async {
            let duplex = (way_back.dial)().await.map_err(Trouble::unreachable)?;
            revive(reader, duplex, way_back).await
        };
        match timeout(way_back.patience, attempt).await {
            Ok(Ok(revived)) => return Ok(revived),
            Ok(Err(Trouble::Final(why))) => return Err(why),
            Ok(Err(Trouble::Passing(trouble))) => why = trouble,
            Err(_) => why = "the daemon did not answer in time".to_owned(),
        }
        tracing::debug!(why, attempt = backoff.attempt, "the daemon is not back");
    }
}
