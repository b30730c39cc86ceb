use std::fmt;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::task::AtomicWaker;
use futures_util::{FutureExt as _, StreamExt as _};
use parking_lot::Mutex;
use tokio::time::timeout;

use super::ClientSession;

/// Where the calls of one session begin. Their [`CallDriver`] runs them.
#[derive(Default)]
pub struct Calls {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    begun: Vec<BoxFuture<'static, ()>>,
    /// Wakes the driver, for whoever begins a call outside its turn.
    driver: Option<Waker>,
    /// The calls of the session that took the place of this one on its connection.
    successor: Option<Arc<Calls>>,
}

/// Runs the calls of one connection in the task that reads and writes it.
///
/// A call in a task of its own costs a wake of another thread when it begins, another when its callback is answered, and
/// a write of the socket for each frame it sends. Here it costs none of these: what one turn of the reader causes is
/// written with one flush. A call belongs to the session nevertheless, and ends with it.
pub struct CallDriver {
    calls: Arc<Calls>,
    running: FuturesUnordered<BoxFuture<'static, ()>>,
    turn: Arc<Turn>,
    /// Wakes `turn`.
    waker: Waker,
}

/// Whether the driver has its turn: what becomes ready meanwhile is seen before the turn ends, and needs no wake. Waking
/// a task that runs would have the runtime hand it to another thread.
#[derive(Debug, Default)]
struct Turn {
    on: AtomicBool,
    /// Whether something became ready during the turn.
    ready: AtomicBool,
    task: AtomicWaker,
}

impl Wake for Turn {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ready.store(true, Ordering::SeqCst);
        if !self.on.load(Ordering::SeqCst) {
            self.task.wake();
        }
    }
}

/// How often in one turn the calls are looked at, so that the reader and the writer have theirs.
const ROUNDS: usize = 4;

impl Calls {
    pub(super) fn begin(
        &self,
        session: &ClientSession,
        call: impl Future<Output = ()> + Send + 'static,
    ) {
        self.begin_lasting(session, call, Duration::ZERO);
    }

    pub(super) fn begin_lasting(
        &self,
        session: &ClientSession,
        call: impl Future<Output = ()> + Send + 'static,
        last: Duration,
    ) {
        let cancel = session.cancel.clone();
        let call = async move {
            let mut call = pin!(AssertUnwindSafe(call).catch_unwind());
            let mut ended = cancel.run_until_cancelled(call.as_mut()).await;
            if ended.is_none() && !last.is_zero() {
                ended = timeout(last, call).await.ok();
            }
            if let Some(Err(_)) = ended {
                // What it said is in the log already; its caller is answered by what it dropped.
                tracing::error!("a call panicked");
            }
        };
        let call = session.tasks.track_future(call).boxed();
        self.inner.lock().begun.push(call);
    }

    /// Has the driver go on with the calls of another session, beside those of this one that it has already.
    pub(super) fn succeed(&self, successor: &Arc<Self>) {
        self.inner.lock().successor = Some(Arc::clone(successor));
    }
}

impl Calls {
    /// Wakes the driver: a call was begun outside its turn.
    pub(super) fn wake(&self) {
        let driver = self.inner.lock().driver.clone();
        if let Some(driver) = driver {
            driver.wake();
        }
    }
}

impl CallDriver {
    /// Runs what `calls` takes on.
    #[must_use]
    pub fn new(calls: Arc<Calls>) -> Self {
        let turn = Arc::<Turn>::default();
        Self {
            calls,
            running: FuturesUnordered::new(),
            waker: Arc::clone(&turn).into(),
            turn,
        }
    }

    /// Drives `reading` to its end, and the calls beside it.
    pub fn beside<F: Future + Unpin>(&mut self, mut reading: F) -> impl Future<Output = F::Output> {
        poll_fn(move |cx| {
            self.turn.on.store(true, Ordering::SeqCst);
            let read = Pin::new(&mut reading).poll(cx);
            self.drive(cx);
            read
        })
    }

    /// Leaves the calls that run to the driver that the session has, or gets, on another connection.
    pub fn leave(mut self) {
        let running = std::mem::take(&mut self.running);
        let driver = {
            let mut inner = self.calls.inner.lock();
            inner.begun.extend(running);
            let mine = |driver: &Waker| driver.will_wake(&self.waker);
            // Nobody is to wake who drives no more.
            inner.driver.take_if(|driver| mine(driver));
            inner.driver.clone()
        };
        if let Some(driver) = driver {
            driver.wake();
        }
        // What is left is not this driver's to drop.
        self.calls = Arc::default();
    }

    /// Takes what began since the last turn, and changes over to the session that took the place of this one.
    fn take_begun(&mut self) {
        loop {
            let successor = {
                let mut inner = self.calls.inner.lock();
                self.running.extend(inner.begun.drain(..));
                if inner.driver.is_none() {
                    inner.driver = Some(self.waker.clone());
                }
                inner.successor.take()
            };
            let Some(successor) = successor else { return };
            successor.inner.lock().driver = Some(self.waker.clone());
            self.calls = successor;
        }
    }

    fn has_calls(&self) -> bool {
        !self.running.is_empty() || !self.calls.inner.lock().begun.is_empty()
    }

    /// Runs the calls that can go on, and ends the turn.
    fn drive(&mut self, cx: &Context<'_>) {
        self.turn.on.store(true, Ordering::SeqCst);
        self.turn.task.register(cx.waker());
        let mut rounds = 0;
        while rounds < ROUNDS && (rounds == 0 || self.turn.ready.load(Ordering::SeqCst)) {
            self.turn.ready.store(false, Ordering::SeqCst);
            rounds += 1;
            self.take_begun();
            let mut cx = Context::from_waker(&self.waker);
            while let Poll::Ready(Some(())) = self.running.poll_next_unpin(&mut cx) {}
        }
        self.turn.on.store(false, Ordering::SeqCst);
        // What became ready after the last look was told to nobody.
        if self.turn.ready.swap(false, Ordering::SeqCst) && self.has_calls() {
            cx.waker().wake_by_ref();
        }
    }
}

impl Drop for CallDriver {
    fn drop(&mut self) {
        // What began and was never driven holds the session that holds it.
        let begun = {
            let mut inner = self.calls.inner.lock();
            let mine = |driver: &Waker| driver.will_wake(&self.waker);
            let mine = inner.driver.as_ref().is_none_or(mine);
            mine.then(|| std::mem::take(&mut inner.begun))
        };
        drop(begun);
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls")
            .field("begun", &self.inner.lock().begun.len())
            .finish()
    }
}

impl fmt::Debug for CallDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallDriver")
            .field("running", &self.running.len())
            .finish_non_exhaustive()
    }
}
