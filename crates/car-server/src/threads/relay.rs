//! How a connection is woken, and which of them goes first.
//!
//! A runtime takes wakes from outside one by one, each with a lock and a write to the descriptor it sleeps on. An event
//! with a hundred subscribers would pay that a hundred times, on the thread that publishes it. So whoever wakes
//! a connection from outside to be fed puts it into a list, and the first one in it wakes the thread, which wakes the others
//! itself.
//!
//! A runtime also has one queue for all who are awake. A connection that is woken for anything else than to be fed, for a
//! frame of its own or the answer to a call, would come after a hundred who are. So it is in a hurry, and as long as
//! somebody on the thread is, those who are only fed let it go first.

use std::cell::Cell;
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
}

/// Those of a thread's connections that were woken from outside. There are no more of them than connections.
#[derive(Debug, Default)]
pub(super) struct Relay {
    woken: Mutex<Vec<Arc<Remote>>>,
    bell: AtomicWaker,
    /// How many of the thread's connections are in a hurry.
    hurried: AtomicU32,
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

    fn ring(&self) {
        let woken = std::mem::take(&mut *self.woken.lock());
        for remote in woken {
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
            let relay = Arc::clone(&self.relay);
            let first = {
                let mut woken = relay.woken.lock();
                woken.push(self);
                woken.len() == 1
            };
            if first {
                relay.bell.wake();
            }
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
        TURN.set(self.remote.address());
        let mut cx = Context::from_waker(&self.waker);
        let polled = if fed {
            only_fed(|| poll(&mut cx))
        } else {
            poll(&mut cx)
        };
        TURN.set(0);
        polled
    }
}

impl Drop for Relayed {
    fn drop(&mut self) {
        self.remote.gone.store(true, Ordering::Release);
        self.remote.rest();
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::AtomicUsize;
    use std::thread;

    use car_state::channel::{is_only_fed, to_feed};

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Count {
        fn take(&self) -> usize {
            self.0.swap(0, Ordering::Relaxed)
        }
    }

    /// Connections of one thread, and what counts their wakes.
    fn connections(relay: &Arc<Relay>, count: usize) -> (Vec<Arc<Count>>, Vec<Relayed>) {
        let tasks: Vec<_> = (0..count).map(|_| Arc::<Count>::default()).collect();
        let relayed = tasks
            .iter()
            .map(|task| Relayed::new(&Waker::from(Arc::clone(task)), relay));
        let relayed = relayed.collect();
        (tasks, relayed)
    }

    fn from_outside(wake: impl Fn() + Sync) {
        thread::scope(|scope| scope.spawn(&wake).join()).unwrap();
    }

    #[test]
    fn who_is_fed_from_outside_is_woken_by_its_thread_which_is_woken_once() {
        let (relay, thread_waker) = (Arc::<Relay>::default(), Arc::<Count>::default());
        let waker = Waker::from(Arc::clone(&thread_waker));
        let mut cx = Context::from_waker(&waker);
        let mut running = pin!(relay.run());
        assert!(running.as_mut().poll(&mut cx).is_pending());

        let (tasks, relayed) = connections(&relay, 3);
        let outside = || {
            for relayed in relayed.iter().chain(&relayed) {
                to_feed(|| relayed.waker.wake_by_ref());
            }
        };
        for _ in 0..2 {
            from_outside(outside);
            assert_eq!(thread_waker.take(), 1);
            assert_eq!(relay.woken.lock().len(), 3);
            assert!(tasks.iter().all(|task| task.take() == 0));
            assert!(running.as_mut().poll(&mut cx).is_pending());
            assert!(tasks.iter().all(|task| task.take() == 1));
        }
        assert!(!relayed[0].lets_go_first());

        // On its own thread nobody else is needed.
        to_feed(|| relayed[0].waker.wake_by_ref());
        assert_eq!((tasks[0].take(), thread_waker.take()), (1, 0));
        assert!(!relayed[1].lets_go_first());
    }

    #[test]
    fn who_is_woken_for_something_else_goes_first() {
        let relay = Arc::<Relay>::default();
        let (tasks, relayed) = connections(&relay, 2);
        let (hurried, fed) = (&relayed[0], &relayed[1]);
        from_outside(|| hurried.waker.wake_by_ref());
        assert_eq!((tasks[0].take(), relay.woken.lock().len()), (1, 0));
        assert!(fed.lets_go_first());
        assert!(!hurried.lets_go_first());
        assert!(!fed.lets_go_first());

        // Also on the thread itself, unless it is its own turn in which it wants another one.
        HERE.set(relay.address());
        hurried.waker.wake_by_ref();
        assert!(fed.lets_go_first());
        assert!(!hurried.lets_go_first());
        hurried.turn(|cx| cx.waker().wake_by_ref());
        assert_eq!(tasks[0].take(), 2);
        assert!(!fed.lets_go_first());
    }

    #[test]
    fn who_is_woken_to_be_fed_and_for_nothing_else_is_only_fed() {
        let relay = Arc::<Relay>::default();
        let (_, relayed) = connections(&relay, 1);
        let (one, wake) = (&relayed[0], &relayed[0].waker);
        let feed = || to_feed(|| wake.wake_by_ref());
        let fed = || one.turn(|_| is_only_fed());
        // It has yet to say what is to wake it.
        from_outside(feed);
        assert!(!fed());
        from_outside(feed);
        assert!(fed() && !is_only_fed());
        from_outside(|| wake.wake_by_ref());
        from_outside(feed);
        assert!(!fed());
        HERE.set(relay.address());
        feed();
        assert!(fed());
        wake.wake_by_ref();
        assert!(!fed());
        // Also where it wants another turn in its own one.
        one.turn(|cx| cx.waker().wake_by_ref());
        feed();
        assert!(!fed());
        feed();
        assert!(fed());
    }

    #[test]
    fn nobody_waits_for_one_who_has_left() {
        let relay = Arc::<Relay>::default();
        let (_, mut relayed) = connections(&relay, 2);
        let left = relayed.remove(0);
        let waker = left.waker.clone();
        waker.wake_by_ref();
        assert!(relayed[0].lets_go_first());
        drop(left);
        assert!(!relayed[0].lets_go_first());
        waker.wake_by_ref();
        assert!(!relayed[0].lets_go_first());
    }
}
