//! Whether the daemon runs, which connections it has, and how it stops.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use car_state::frame::close;
use car_state::session::ClientSession;
use car_state::traffic::Tally;
use car_transport::Peer;
use parking_lot::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The life of one daemon.
#[derive(Debug)]
pub(crate) struct Life {
    /// By the order in which they came.
    connections: Mutex<HashMap<u64, Open>>,
    opened: Tally,
    ended: [Tally; Ending::ALL.len()],
    /// Beside the token, because every request looks at it.
    stopping: AtomicBool,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// A connection that is open.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    pub(crate) session: Weak<ClientSession>,
    pub(crate) peer: Peer,
    pub(crate) since: Instant,
}

/// Why a connection is over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ending {
    /// Closed by the client as usual.
    Normal,
    /// The daemon stops, or the client leaves its page.
    GoingAway,
    /// The client breaks the WebSocket protocol.
    Protocol,
    /// The client sent bytes, or text that is none.
    BadData,
    /// It did not authenticate, failed to, or was silent.
    Policy,
    /// A message was too long.
    TooBig,
    /// The client read nothing for too long.
    Stuck,
    /// Most of what was held in memory waited for it, and memory was short.
    Shed,
    /// The transport ended or failed.
    Cut,
    /// Closed with another code.
    Other,
}

impl Ending {
    /// Every ending.
    pub(crate) const ALL: [Self; 10] = [
        Self::Normal,
        Self::GoingAway,
        Self::Protocol,
        Self::BadData,
        Self::Policy,
        Self::TooBig,
        Self::Stuck,
        Self::Shed,
        Self::Cut,
        Self::Other,
    ];

    /// What a close code stands for.
    pub(crate) fn of(code: u16) -> Self {
        match code {
            close::NORMAL => Self::Normal,
            close::GOING_AWAY => Self::GoingAway,
            close::PROTOCOL => Self::Protocol,
            close::UNSUPPORTED | close::INVALID_DATA => Self::BadData,
            close::POLICY => Self::Policy,
            close::TOO_BIG => Self::TooBig,
            _ => Self::Other,
        }
    }

    /// The word for it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::GoingAway => "going_away",
            Self::Protocol => "protocol",
            Self::BadData => "bad_data",
            Self::Policy => "policy",
            Self::TooBig => "too_big",
            Self::Stuck => "stuck",
            Self::Shed => "memory",
            Self::Cut => "cut",
            Self::Other => "other",
        }
    }
}

impl Life {
    /// A life that ends no later than `stop` is cancelled.
    pub(crate) fn new(stop: CancellationToken) -> Self {
        Self {
            connections: Mutex::default(),
            opened: Tally::default(),
            ended: Default::default(),
            stopping: AtomicBool::new(false),
            stop,
            tasks: TaskTracker::new(),
        }
    }

    /// How many connections are open.
    pub(crate) fn connections(&self) -> usize {
        self.connections.lock().len()
    }

    /// The connections that are open.
    pub(crate) fn open(&self) -> Vec<Open> {
        self.connections.lock().values().cloned().collect()
    }

    /// How many connections there were so far.
    pub(crate) fn opened(&self) -> u64 {
        self.opened.get()
    }

    /// How connections ended, and how many did so.
    pub(crate) fn ended(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let endings = Ending::ALL.iter().zip(&self.ended);
        endings.map(|(ending, tally)| (ending.as_str(), tally.get()))
    }

    /// Counts a connection for as long as the answer lives.
    pub(crate) fn connect(self: &Arc<Self>, session: &Arc<ClientSession>, peer: Peer) -> Connected {
        if self.stop.is_cancelled() {
            self.stop();
        }
        let open = Open {
            session: Arc::downgrade(session),
            peer,
            since: Instant::now(),
        };
        let mut connections = self.connections.lock();
        self.opened.one();
        let number = self.opened.get();
        connections.insert(number, open);
        Connected {
            life: Arc::clone(self),
            number,
            ending: Ending::Cut,
        }
    }

    /// Begins to stop: no new calls, those under way may end.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.stop.cancel();
    }

    /// Ready when the daemon begins to stop. Whoever cancels the token itself, as a signal does, stops it just the same.
    pub(crate) async fn stopping(&self) {
        self.stop.cancelled().await;
        self.stop();
    }

    /// Whether the daemon is about to stop.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Cancelled when the daemon begins to stop.
    pub(crate) fn stop_token(&self) -> &CancellationToken {
        &self.stop
    }

    /// The tasks that serve connections.
    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }
}

/// A connection that is counted while this lives.
#[derive(Debug)]
pub(crate) struct Connected {
    life: Arc<Life>,
    number: u64,
    ending: Ending,
}

impl Connected {
    /// Notes which session the connection serves now.
    pub(crate) fn serves(&self, session: &Arc<ClientSession>) {
        if let Some(open) = self.life.connections.lock().get_mut(&self.number) {
            open.session = Arc::downgrade(session);
        }
    }

    /// Notes why the connection is over; without that it was cut.
    pub(crate) fn because(&mut self, ending: Ending) {
        self.ending = ending;
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        let open = self.life.connections.lock().remove(&self.number);
        drop(open);
        if let Some(tally) = self.life.ended.get(self.ending as usize) {
            tally.one();
        }
    }
}
