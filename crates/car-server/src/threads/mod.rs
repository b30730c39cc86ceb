//! The threads that serve connections.

mod balance;
mod relay;
mod spare;
mod visit;

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use car_state::db::Urgency;
use tokio::runtime::{Builder, Handle};
use tokio::select;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use self::balance::{Balance, Load, Shift};
use self::relay::Relay;
use self::spare::Spare;
pub(crate) use self::visit::Visit;

/// How long the load is watched before connections change places.
const ROUND: Duration = Duration::from_millis(50);

/// A thread that is busy for less of its time than this takes further connections.
const HALF: f32 = 0.5;

/// After so many turns of connections a busy thread looks at its sockets and timers.
const LOOK: u32 = 16;

/// After so many turns it looks at whom other threads have woken.
const HEAR: u32 = 4;

/// Threads with a runtime each. A connection stays on the thread it was given, which alone watches its socket, runs its
/// calls and keeps its timers: no frame has to wake a second thread, and none moves between caches.
///
/// Connections begin together, on the first thread that has time for them: a thread that has many sockets to look at
/// finds more than one frame at a look, and leaves the other processors to those who send them. When a thread is busy
/// all the time while a processor is idle, half of the connections that keep it busy go to another thread, and when
/// two threads have less to do than one could, they come together again.
///
/// Dropping it ends the threads; what they serve is dropped with them.
pub struct Threads {
    shared: Arc<Shared>,
    stop: CancellationToken,
}

struct Shared {
    threads: Vec<Thread>,
    /// For whom a thread gives way between two turns.
    urgency: OnceLock<Urgency>,
    /// Counts the rounds in which the load is watched.
    round: AtomicU32,
    /// Whether nobody watches, since there was nothing to do. Whoever wakes then says so.
    asleep: AtomicBool,
    awake: Notify,
}

struct Thread {
    runtime: Handle,
    relay: Arc<Relay>,
    /// Connections that had a turn in this round.
    active: AtomicU32,
    /// How much of the last round it was busy, in thousandths.
    busy: AtomicU32,
    /// How many of its connections are to leave, and where to.
    leave: AtomicU32,
    to: AtomicU32,
}

/// A connection's place on a thread.
pub(crate) struct Place {
    shared: Arc<Shared>,
    thread: usize,
    round: u32,
}

impl Threads {
    /// Starts one thread for each processor.
    ///
    /// # Errors
    /// The system gives no more threads or descriptors.
    pub fn start() -> io::Result<Self> {
        let count = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self::start_so_many(count)
    }

    /// Starts so many threads, at least one.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_so_many(count: usize) -> io::Result<Self> {
        let stop = CancellationToken::new();
        let mut runtimes = Vec::new();
        let shared = Arc::new_cyclic(|shared: &std::sync::Weak<Shared>| {
            let made = (0..count.max(1)).map(|_| {
                let shared = shared.clone();
                Builder::new_current_thread()
                    .enable_all()
                    .event_interval(LOOK)
                    .global_queue_interval(HEAR)
                    .on_thread_unpark(move || {
                        if let Some(shared) = shared.upgrade() {
                            shared.rouse();
                        }
                    })
                    .build()
            });
            runtimes.extend(made);
            Shared {
                threads: runtimes
                    .iter()
                    .flatten()
                    .map(|runtime| Thread::new(runtime.handle().clone()))
                    .collect(),
                urgency: OnceLock::new(),
                round: AtomicU32::new(1),
                asleep: AtomicBool::new(false),
                awake: Notify::new(),
            }
        });
        let this = Self { shared, stop };
        for (number, runtime) in runtimes.into_iter().enumerate() {
            let runtime = runtime?;
            let stop = this.stop.clone();
            let relay = this
                .shared
                .threads
                .get(number)
                .map(|thread| Arc::clone(&thread.relay));
            let relay = relay.unwrap_or_default();
            let watched = (number == 0).then(|| Arc::clone(&this.shared));
            thread::Builder::new()
                .name(format!("connections-{number}"))
                .spawn(move || {
                    runtime.block_on(async {
                        select! {
                            () = stop.cancelled() => {}
                            () = watch(watched) => {}
                            never = relay.run() => match never {},
                        }
                    });
                    // What still blocks a thread has had its time.
                    runtime.shutdown_background();
                })?;
        }
        Ok(this)
    }

    /// Gives way between two turns while somebody waits for this storage, whose thread may have no processor of its own.
    #[must_use]
    pub fn giving_way(self, urgency: Urgency) -> Self {
        let _ = self.shared.urgency.set(urgency);
        self
    }

    /// A place on the first thread that has time, or on the one that has the most.
    pub(crate) fn place(&self) -> Option<Place> {
        let threads = &self.shared.threads;
        let has_time = |thread: &Thread| thread.load().busy < HALF;
        let busy = |&(_, thread): &(usize, &Thread)| thread.busy.load(Ordering::Relaxed);
        let number = threads
            .iter()
            .position(has_time)
            .or_else(|| threads.iter().enumerate().min_by_key(busy).map(|(n, _)| n))?;
        Place::on(&self.shared, number)
    }
}

impl Thread {
    fn new(runtime: Handle) -> Self {
        Self {
            runtime,
            relay: Arc::default(),
            active: AtomicU32::new(0),
            busy: AtomicU32::new(0),
            leave: AtomicU32::new(0),
            to: AtomicU32::new(0),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "thousandths of a round fit")]
    fn load(&self) -> Load {
        Load {
            busy: self.busy.load(Ordering::Relaxed) as f32 / 1000.0,
            active: self.active.load(Ordering::Relaxed),
        }
    }
}

/// Watches the load and has connections change places, for ever. Without threads to watch it only waits.
async fn watch(shared: Option<Arc<Shared>>) {
    match shared {
        Some(shared) if shared.threads.len() > 1 => shared.watch().await,
        _ => std::future::pending().await,
    }
}

impl Shared {
    /// A thread woke: the load is watched again.
    fn rouse(&self) {
        if self.asleep.load(Ordering::Relaxed) && self.asleep.swap(false, Ordering::Relaxed) {
            self.awake.notify_one();
        }
    }

    async fn watch(&self) {
        let mut balance = Balance::default();
        let mut before = self.worked();
        let mut spare = Spare::new();
        loop {
            let began = Instant::now();
            sleep(ROUND).await;
            let passed = began.elapsed();
            let now = self.worked();
            let mut loads = Vec::with_capacity(now.len());
            for ((thread, now), before) in self.threads.iter().zip(&now).zip(&before) {
                loads.push(thread.end_round(now.saturating_sub(*before), passed));
            }
            before = now;
            self.round.fetch_add(1, Ordering::Relaxed);
            if loads.iter().all(Load::is_idle) {
                self.asleep.store(true, Ordering::Relaxed);
                self.awake.notified().await;
                before = self.worked();
                spare = Spare::new();
                continue;
            }
            if let Some(shift) = balance.next(&loads, spare.processors(passed)) {
                tracing::debug!(?shift, ?loads, "connections change their thread");
                self.order(shift);
            }
        }
    }

    /// How long each thread has been busy since it started.
    fn worked(&self) -> Vec<Duration> {
        let worked = |thread: &Thread| thread.runtime.metrics().worker_total_busy_duration(0);
        self.threads.iter().map(worked).collect()
    }

    fn order(&self, shift: Shift) {
        let Some(thread) = self.threads.get(shift.from) else {
            return;
        };
        let to = u32::try_from(shift.to).unwrap_or(0);
        thread.to.store(to, Ordering::Relaxed);
        thread.leave.store(shift.count, Ordering::Release);
    }
}

impl Thread {
    /// What it did in the round that ends. An order that nobody has carried out by then is void.
    fn end_round(&self, busy: Duration, round: Duration) -> Load {
        self.leave.store(0, Ordering::Relaxed);
        let share = (busy.as_secs_f32() / round.as_secs_f32()).min(1.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 1000"
        )]
        self.busy.store((share * 1000.0) as u32, Ordering::Relaxed);
        Load {
            busy: share,
            active: self.active.swap(0, Ordering::Relaxed),
        }
    }
}

impl Place {
    fn on(shared: &Arc<Shared>, number: usize) -> Option<Self> {
        shared.threads.get(number).map(|_| Self {
            shared: Arc::clone(shared),
            thread: number,
            round: 0,
        })
    }

    fn thread(&self) -> Option<&Thread> {
        self.shared.threads.get(self.thread)
    }

    fn relay(&self) -> Option<&Arc<Relay>> {
        self.thread().map(|thread| &thread.relay)
    }

    /// Lets the thread that writes go first, where somebody waits for it.
    fn give_way(&self) {
        if self.shared.urgency.get().is_some_and(Urgency::is_there) {
            thread::yield_now();
        }
    }

    pub(crate) fn runtime(&self) -> Option<&Handle> {
        self.thread().map(|thread| &thread.runtime)
    }

    /// The connection has a turn: whether it is to leave, and has a place elsewhere from now on.
    fn leaves(&mut self) -> bool {
        let round = self.shared.round.load(Ordering::Relaxed);
        if round == self.round {
            return false;
        }
        self.round = round;
        let Some(thread) = self.thread() else {
            return false;
        };
        thread.active.fetch_add(1, Ordering::Relaxed);
        if thread.leave.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let taken = thread
            .leave
            .fetch_update(Ordering::Acquire, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            });
        let to = thread.to.load(Ordering::Relaxed);
        let next = usize::try_from(to).ok().filter(|_| taken.is_ok());
        match next.and_then(|to| Self::on(&self.shared, to)) {
            Some(place) => {
                *self = place;
                true
            }
            None => false,
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Threads")
            .field("threads", &self.shared.threads.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use car_transport::roaming::Moves;
    use tokio::sync::mpsc;
    use tokio::task::JoinSet;
    use tokio::time::timeout;

    use super::*;

    /// A connection that tells, whenever it is asked, on which thread it is.
    fn teller(place: Place) -> (mpsc::Sender<()>, mpsc::Receiver<String>, Visit) {
        let (ask, mut asked) = mpsc::channel(1);
        let (tell, told) = mpsc::channel(1);
        let serving = async move {
            while asked.recv().await.is_some() {
                let name = thread::current().name().unwrap_or_default().to_owned();
                tell.send(name).await.unwrap();
            }
        };
        (ask, told, Visit::new(serving, place, Moves::default()))
    }

    #[tokio::test]
    async fn a_connection_that_is_told_to_leave_goes_on_on_the_other_thread() {
        let threads = Threads::start_so_many(2).unwrap();
        let (ask, mut told, visit) = teller(threads.place().unwrap());
        let mut tasks = JoinSet::new();
        let runtime = visit.runtime().unwrap().clone();
        tasks.spawn_on(visit, &runtime);
        ask.send(()).await.unwrap();
        assert_eq!(told.recv().await.unwrap(), "connections-0");
        let moved = async {
            loop {
                // A round that ends in between takes the order back.
                threads.shared.order(Shift {
                    from: 0,
                    to: 1,
                    count: 1,
                });
                threads.shared.round.fetch_add(1, Ordering::Relaxed);
                ask.send(()).await.unwrap();
                select! {
                    Some(visit) = tasks.join_next() => break visit.unwrap(),
                    name = told.recv() => assert_eq!(name.unwrap(), "connections-0"),
                }
            }
        };
        let visit = timeout(Duration::from_secs(30), moved)
            .await
            .unwrap()
            .unwrap();
        let runtime = visit.runtime().unwrap().clone();
        tasks.spawn_on(visit, &runtime);
        assert_eq!(told.recv().await.unwrap(), "connections-1");
        drop(ask);
        assert!(tasks.join_next().await.unwrap().unwrap().is_none());
    }
}
