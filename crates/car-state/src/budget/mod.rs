//! One bound for what all connections and all streams hold in memory.
//!
//! Each holder is counted in steps of 2 KiB, rounded up, so that a frame seldom touches what all share. Events are
//! counted once, in the ring of their stream, however many subscribers there are: a writer that has to wait for its
//! socket holds none of them. A connection is counted for what is only there for it: answers and other frames of the
//! fast lane, and events that were read from storage and not written.
//!
//! When there is too much, whoever made it so looks at all holders and decides who pays (`pressure`).

mod pressure;
mod share;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

pub(crate) use self::pressure::Holding;
use self::pressure::{Rings, Step};
pub(crate) use self::share::Share;
use crate::channel::WsChannel;
use crate::log::EventLog;
use crate::traffic::Tally;

/// The bound where none is given, in bytes.
pub const DEFAULT_BUDGET: usize = 64 << 20;
/// Whoever makes room makes this part of the budget more than is needed, so that the next one need not.
const HEADROOM: usize = 32;

/// The bound of all outboxes and of all that streams hold in memory.
#[derive(Debug)]
pub struct MemoryBudget {
    limit: AtomicUsize,
    rings: AtomicUsize,
    outboxes: AtomicUsize,
    /// Whether somebody makes room right now.
    enforcing: AtomicBool,
    members: Mutex<Members>,
    paid: Paid,
}

#[derive(Debug, Default)]
struct Members {
    connections: BTreeMap<u64, Weak<WsChannel>>,
    next: u64,
    log: Option<Weak<dyn EventLog>>,
}

/// What was paid so that memory stays inside the budget.
#[derive(Debug, Default)]
pub struct Paid {
    /// Times that a connection gave events back to the log.
    pub given_back: Tally,
    /// Events that memory let go of, which storage has.
    pub let_go: Tally,
    /// Events that are gone.
    pub evicted: Tally,
    /// Connections that were closed.
    pub closed: Tally,
}

impl Default for MemoryBudget {
    fn default() -> Self {
        Self {
            limit: AtomicUsize::new(DEFAULT_BUDGET),
            rings: AtomicUsize::new(0),
            outboxes: AtomicUsize::new(0),
            enforcing: AtomicBool::new(false),
            members: Mutex::default(),
            paid: Paid::default(),
        }
    }
}

impl MemoryBudget {
    /// The bound, in bytes.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit.load(Ordering::Relaxed)
    }

    /// Sets the bound. What is beyond it goes when the next one needs memory.
    pub fn set_limit(&self, bytes: usize) {
        self.limit.store(bytes, Ordering::Relaxed);
    }

    /// What streams hold in memory, in bytes; rounded up for each.
    #[must_use]
    pub fn rings(&self) -> usize {
        self.rings.load(Ordering::Relaxed)
    }

    /// What waits to be written to connections, in bytes; rounded up for each.
    #[must_use]
    pub fn outboxes(&self) -> usize {
        self.outboxes.load(Ordering::Relaxed)
    }

    /// All that is held, in bytes.
    #[must_use]
    pub fn held(&self) -> usize {
        self.rings() + self.outboxes()
    }

    /// What was paid so far.
    #[must_use]
    pub fn paid(&self) -> &Paid {
        &self.paid
    }

    /// The log whose streams pay.
    pub(crate) fn serve(&self, log: &Arc<dyn EventLog>) {
        self.members.lock().log = Some(Arc::downgrade(log));
    }

    /// Counts a connection among those that pay, until the guard is dropped.
    pub(crate) fn join(self: &Arc<Self>, channel: &Arc<WsChannel>) -> Member {
        let mut members = self.members.lock();
        let number = members.next;
        members.next += 1;
        members.connections.insert(number, Arc::downgrade(channel));
        Member {
            budget: Arc::clone(self),
            number,
        }
    }

    pub(crate) fn count_rings(&self, change: isize) {
        self.rings
            .fetch_add(change.cast_unsigned(), Ordering::Relaxed);
    }

    pub(crate) fn count_outboxes(&self, change: isize) {
        self.outboxes
            .fetch_add(change.cast_unsigned(), Ordering::Relaxed);
    }

    /// To be called by who has grown, with no lock held: makes room where there is too little.
    pub(crate) fn keep(&self) {
        if self.held() > self.limit() && !self.enforcing.swap(true, Ordering::AcqRel) {
            self.enforce();
            self.enforcing.store(false, Ordering::Release);
        }
    }

    fn enforce(&self) {
        let (connections, log) = self.members();
        let holdings = connections.iter().map(|channel| channel.holding());
        let (mut holdings, promised): (Vec<Holding>, Vec<usize>) = holdings.unzip();
        // What was asked for before is on its way.
        let held = self.held().saturating_sub(promised.iter().sum());
        let limit = self.limit();
        if held <= limit {
            return;
        }
        let mut over = held - limit + limit / HEADROOM;
        let largest = || log.as_ref().map_or(0, |log| log.largest_in_memory());
        let mut rings = Rings {
            stored: usize::MAX,
            largest: largest(),
        };
        loop {
            match pressure::next(over, &holdings, rings) {
                Step::GiveBack(index) => {
                    let payer = connections.get(index).zip(holdings.get_mut(index));
                    let Some((channel, holding)) = payer else {
                        return;
                    };
                    channel.ask_back();
                    self.paid.given_back.one();
                    over = over.saturating_sub(std::mem::take(&mut holding.bulk));
                }
                Step::LetGo => {
                    rings.stored = 0;
                    if let Some(log) = &log {
                        let freed = log.let_go(over);
                        self.paid.let_go.add(freed.events);
                        over = over.saturating_sub(bytes(freed.bytes));
                    }
                }
                Step::Evict => {
                    let freed = log.as_ref().map(|log| log.evict(over)).unwrap_or_default();
                    self.paid.evicted.add(freed.events);
                    over = over.saturating_sub(bytes(freed.bytes));
                    rings.largest = if freed.events == 0 { 0 } else { largest() };
                }
                Step::Close(index) => {
                    let payer = connections.get(index).zip(holdings.get_mut(index));
                    let Some((channel, holding)) = payer else {
                        return;
                    };
                    channel.shed();
                    self.paid.closed.one();
                    over = over.saturating_sub(std::mem::take(&mut holding.fast));
                }
                Step::Done => return,
            }
        }
    }

    fn members(&self) -> (Vec<Arc<WsChannel>>, Option<Arc<dyn EventLog>>) {
        let members = self.members.lock();
        let connections = members.connections.values().filter_map(Weak::upgrade);
        let log = members.log.as_ref().and_then(Weak::upgrade);
        (connections.collect(), log)
    }
}

fn bytes(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// A connection among those that pay.
#[derive(Debug)]
pub(crate) struct Member {
    budget: Arc<MemoryBudget>,
    number: u64,
}

impl Drop for Member {
    fn drop(&mut self) {
        let left = self.budget.members.lock().connections.remove(&self.number);
        drop(left);
    }
}
