//! How a connection is woken, and which of them goes first.
//!
//! A runtime takes wakes from outside one by one, each with a lock and a write to the descriptor it sleeps on. An event
//! with a hundred subscribers would pay that a hundred times, on the thread that publishes it. So whoever wakes
//! a connection from outside to be fed puts it into a list, and the first one in it wakes the thread, which wakes the others
//! itself. Where that is a connection in its turn, it does so at the end of the turn, so that the other thread neither takes
//! its processor from it nor feeds its connections with a part of what they are about to be fed with.
//!
//! A runtime also has one queue for all who are awake. A connection that is woken for anything else than to be fed, for a
//! frame of its own or the answer to a call, would come after a hundred who are. So it is in a hurry, and as long as
//! somebody on the thread is, those who are only fed let it go first.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use car_state::channel::{only_fed, wakes_to_feed};
use futures_util::task::AtomicWaker;
use parking_lot::Mutex;

thread_local! {
    /// The address of the relay of this thread.
    static HERE: Cell<usize> = const { Cell::new(0) };
    /// The address of what wakes the connection that has its turn.
    static TURN: Cell<usize> = const { Cell::new(0) };
    /// The relays of the threads that are to be woken when that turn is over.
    static CALLS: RefCell<Vec<Arc<Relay>>> = const { RefCell::new(Vec::new()) };
}

/// Those of a thread's connections that were woken from outside. There are no more of them than connections.
#[derive(Debug, Default)]
pub(super) struct Relay {
    woken: Mutex<Woken>,
    bell: AtomicWaker,
    /// How many of the thread's connections are in a hurry.
    hurried: AtomicU32,
}

#[derive(Debug, Default)]
struct Woken {
    list: Vec<Arc<Remote>>,
    /// Whether the thread was woken for those in the list.
    rung: bool,
}

/// Wakes the task of a connection, from wherever.
#[derive(Debug)]
struct Remote {
    task: Waker,
    relay: Arc<Relay>,
    /// Whether it is in the list.
    listed: AtomicBool,
    /// Whether it was woken for something else than to be fed, and has not had its turn.
    hurried: AtomicBool,
    /// The same, by itself in its turn as well.
    stirred: AtomicBool,
    /// Whether the connection is no longer on the thread.
    gone: AtomicBool,
}

/// The waker that a connection is polled with.
#[derive(Debug)]
pub(super) struct Relayed {
    task: Waker,
    remote: Arc<Remote>,
    waker: Waker,
}

impl Relay {
    fn address(self: &Arc<Self>) -> usize {
        Arc::as_ptr(self).addr()
    }

    /// Wakes those that were woken from outside, for as long as it is polled, on the thread whose connections they are.
    pub(super) async fn run(self: &Arc<Self>) -> std::convert::Infallible {
        HERE.set(self.address());
        poll_fn(|cx| {
            self.bell.register(cx.waker());
            self.ring();
            Poll::Pending
        })
        .await
    }

    /// Adds one that is woken. Whoever has a turn is to [`call`](Self::call) the thread when it is over.
    fn list(self: &Arc<Self>, remote: Arc<Remote>) {
        let later = TURN.get() != 0;
        let rung = {
            let mut woken = self.woken.lock();
            woken.list.push(remote);
            let rung = woken.rung;
            woken.rung |= !later;
            rung
        };
        if rung {
            return;
        }
        if !later {
            self.bell.wake();
            return;
        }
        CALLS.with_borrow_mut(|calls| {
            if !calls.iter().any(|relay| Arc::ptr_eq(relay, self)) {
                calls.push(Arc::clone(self));
            }
        });
    }

    /// Wakes the thread for those in the list, unless somebody has done so.
    fn call(&self) {
        let calls = {
            let mut woken = self.woken.lock();
            let calls = !woken.rung && !woken.list.is_empty();
            woken.rung |= calls;
            calls
        };
        if calls {
            self.bell.wake();
        }
    }

    fn ring(&self) {
        let woken = std::mem::take(&mut *self.woken.lock());
        for remote in woken.list {
            // Whoever wakes it from here on lists it again; what others did before, it sees.
            remote.listed.swap(false, Ordering::AcqRel);
            remote.task.wake_by_ref();
        }
    }
}

impl Remote {
    fn is_here(&self) -> bool {
        HERE.get() == self.relay.address()
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn hurry(&self) {
        if !self.hurried.swap(true, Ordering::AcqRel) {
            self.relay.hurried.fetch_add(1, Ordering::Relaxed);
            // Whoever left before this does not count itself out.
            if self.gone.load(Ordering::Acquire) {
                self.rest();
            }
        }
    }

    /// Whether it was in a hurry, which it is no longer.
    fn rest(&self) -> bool {
        let hurried =
            self.hurried.load(Ordering::Relaxed) && self.hurried.swap(false, Ordering::AcqRel);
        if hurried {
            self.relay.hurried.fetch_sub(1, Ordering::Relaxed);
        }
        hurried
    }

    fn wake_here(&self) {
        if !wakes_to_feed() {
            self.stirred.store(true, Ordering::Release);
            // Who wants another turn in its own one has had this one.
            if TURN.get() != self.address() {
                self.hurry();
            }
        }
        self.task.wake_by_ref();
    }

    /// From another thread, which is not to be put into the list.
    fn wake_now(&self) -> bool {
        if wakes_to_feed() {
            return false;
        }
        self.stirred.store(true, Ordering::Release);
        self.hurry();
        self.task.wake_by_ref();
        true
    }
}

impl Wake for Remote {
    fn wake(self: Arc<Self>) {
        if self.is_here() {
            self.wake_here();
        } else if !self.wake_now() && !self.listed.swap(true, Ordering::AcqRel) {
            Arc::clone(&self.relay).list(self);
        }
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.is_here() {
            self.wake_here();
        } else if !self.wake_now() {
            Arc::clone(self).wake();
        }
    }
}

impl Relayed {
    pub(super) fn new(task: &Waker, relay: &Arc<Relay>) -> Self {
        let remote = Arc::new(Remote {
            task: task.clone(),
            relay: Arc::clone(relay),
            listed: AtomicBool::new(false),
            hurried: AtomicBool::new(false),
            // It has yet to say what is to wake it.
            stirred: AtomicBool::new(true),
            gone: AtomicBool::new(false),
        });
        Self {
            task: task.clone(),
            waker: Waker::from(Arc::clone(&remote)),
            remote,
        }
    }

    /// Whether it still wakes this task.
    pub(super) fn wakes(&self, task: &Waker) -> bool {
        self.task.will_wake(task)
    }

    /// The connection has a turn: whether it lets others go first, who are in a hurry.
    pub(super) fn lets_go_first(&self) -> bool {
        !self.remote.rest() && self.remote.relay.hurried.load(Ordering::Relaxed) > 0
    }

    /// Wakes it, for anything but to be fed.
    #[cfg(test)]
    pub(super) fn wake(&self) {
        self.waker.wake_by_ref();
    }

    /// Gives the connection its turn, in which it is only fed where it was woken for nothing else.
    pub(super) fn turn<T>(&self, poll: impl FnOnce(&mut Context<'_>) -> T) -> T {
        let fed = !self.remote.stirred.swap(false, Ordering::AcqRel);
        let _turn = Turn::of(&self.remote);
        let mut cx = Context::from_waker(&self.waker);
        if fed {
            only_fed(|| poll(&mut cx))
        } else {
            poll(&mut cx)
        }
    }
}

/// The turn of a connection, until it is dropped.
struct Turn;

impl Turn {
    fn of(remote: &Remote) -> Self {
        TURN.set(remote.address());
        Self
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        TURN.set(0);
        // There are no more of them than threads.
        CALLS.with_borrow_mut(|calls| calls.drain(..).for_each(|relay| relay.call()));
    }
}

impl Drop for Relayed {
    fn drop(&mut self) {
        self.remote.gone.store(true, Ordering::Release);
        self.remote.rest();
    }
}

#[cfg(test)]
mod tests;
