//! How a connection is woken from another thread.
//!
//! A runtime takes wakes from outside one by one, each with a lock and a write to the descriptor it sleeps on. An event
//! with a hundred subscribers would pay that a hundred times, on the thread that stores events. So whoever wakes
//! a connection from outside puts it into a list, and the first one in it wakes the thread, which wakes the others itself.

use std::cell::Cell;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;

thread_local! {
    /// The address of the relay of this thread.
    static HERE: Cell<usize> = const { Cell::new(0) };
}

/// Those of a thread's connections that were woken from outside. There are no more of them than connections.
#[derive(Debug, Default)]
pub(super) struct Relay {
    woken: Mutex<Vec<Arc<Remote>>>,
    bell: AtomicWaker,
}

/// Wakes the task of a connection, from wherever.
#[derive(Debug)]
struct Remote {
    task: Waker,
    relay: Arc<Relay>,
    /// Whether it is in the list.
    listed: AtomicBool,
}

/// The waker that a connection is polled with.
#[derive(Debug)]
pub(super) struct Relayed {
    task: Waker,
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
}

impl Wake for Remote {
    fn wake(self: Arc<Self>) {
        if self.is_here() {
            self.task.wake_by_ref();
        } else if !self.listed.swap(true, Ordering::AcqRel) {
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
            self.task.wake_by_ref();
        } else {
            Arc::clone(self).wake();
        }
    }
}

impl Relayed {
    pub(super) fn new(task: &Waker, relay: &Arc<Relay>) -> Self {
        let remote = Remote {
            task: task.clone(),
            relay: Arc::clone(relay),
            listed: AtomicBool::new(false),
        };
        Self {
            task: task.clone(),
            waker: Waker::from(Arc::new(remote)),
        }
    }

    /// Whether it still wakes this task.
    pub(super) fn wakes(&self, task: &Waker) -> bool {
        self.task.will_wake(task)
    }

    pub(super) fn context(&self) -> Context<'_> {
        Context::from_waker(&self.waker)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::AtomicUsize;
    use std::thread;

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

    #[test]
    fn whoever_is_woken_from_outside_is_woken_by_its_thread_which_is_woken_once() {
        let (relay, thread_waker) = (Arc::<Relay>::default(), Arc::<Count>::default());
        let waker = Waker::from(Arc::clone(&thread_waker));
        let mut cx = Context::from_waker(&waker);
        let mut running = pin!(relay.run());
        assert!(running.as_mut().poll(&mut cx).is_pending());

        let tasks: Vec<_> = (0..3).map(|_| Arc::<Count>::default()).collect();
        let relayed: Vec<_> = tasks
            .iter()
            .map(|task| Relayed::new(&Waker::from(Arc::clone(task)), &relay))
            .collect();
        let outside = || {
            for relayed in relayed.iter().chain(&relayed) {
                relayed.context().waker().wake_by_ref();
            }
        };
        for _ in 0..2 {
            thread::scope(|scope| scope.spawn(outside).join()).unwrap();
            assert_eq!(thread_waker.take(), 1);
            assert_eq!(relay.woken.lock().len(), 3);
            assert!(tasks.iter().all(|task| task.take() == 0));
            assert!(running.as_mut().poll(&mut cx).is_pending());
            assert!(tasks.iter().all(|task| task.take() == 1));
        }

        // On its own thread nobody else is needed.
        relayed[0].context().waker().wake_by_ref();
        assert_eq!((tasks[0].take(), thread_waker.take()), (1, 0));
    }
}
