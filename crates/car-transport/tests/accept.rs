//! Permits, and what happens when the process is out of descriptors.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use car_transport::Peer;
use car_transport::accept::{Acceptor, Listener, Permits};
use parking_lot::Mutex;
use tokio::io::{DuplexStream, duplex};
use tokio::time::{Instant, timeout};

/// Accepts or fails as it was told, and then waits for ever.
#[derive(Debug)]
struct Script {
    outcomes: Mutex<VecDeque<Result<(), i32>>>,
    calls: Arc<AtomicUsize>,
}

impl Script {
    fn new(outcomes: impl IntoIterator<Item = Result<(), i32>>) -> (Self, Arc<AtomicUsize>) {
        let calls = Arc::new(AtomicUsize::new(0));
        let outcomes = Mutex::new(outcomes.into_iter().collect());
        (
            Self {
                outcomes,
                calls: Arc::clone(&calls),
            },
            calls,
        )
    }
}

impl Listener for Script {
    type Io = DuplexStream;

    fn poll_accept(&self, _cx: &mut Context<'_>) -> Poll<io::Result<(DuplexStream, Peer)>> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        match self.outcomes.lock().pop_front() {
            Some(Ok(())) => Poll::Ready(Ok((duplex(1).0, Peer::memory()))),
            Some(Err(code)) => Poll::Ready(Err(io::Error::from_raw_os_error(code))),
            None => Poll::Pending,
        }
    }

    fn name(&self) -> String {
        "script".to_owned()
    }
}

const LONG: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn without_a_permit_nothing_is_accepted_until_a_connection_ends() {
    let (script, calls) = Script::new([Ok(()), Ok(()), Ok(())]);
    let permits = Permits::new(2);
    let mut acceptor = Acceptor::new(script, permits.clone());
    let first = acceptor.accept().await.unwrap();
    let _second = acceptor.accept().await.unwrap();
    assert_eq!((permits.in_use(), permits.limit()), (2, 2));
    assert!(timeout(LONG, acceptor.accept()).await.is_err());
    assert_eq!(
        calls.load(Ordering::Relaxed),
        2,
        "the third client waits in the backlog"
    );
    drop(first);
    acceptor.accept().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn two_listeners_share_their_permits() {
    let permits = Permits::new(1);
    let mut one = Acceptor::new(Script::new([Ok(())]).0, permits.clone());
    let mut other = Acceptor::new(Script::new([Ok(())]).0, permits);
    let connection = one.accept().await.unwrap();
    assert!(timeout(LONG, other.accept()).await.is_err());
    drop(connection);
    other.accept().await.unwrap();
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn out_of_descriptors_the_pause_doubles_up_to_a_second() {
    use rustix::io::Errno;
    let failures = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM].repeat(3);
    let outcomes = failures
        .into_iter()
        .map(|errno| Err(errno.raw_os_error()))
        .chain([Ok(())]);
    let (script, calls) = Script::new(outcomes);
    let mut acceptor = Acceptor::new(script, Permits::new(1));
    let start = Instant::now();
    acceptor.accept().await.unwrap();
    // 10 + 20 + … + 640 ms, then five pauses of one second.
    assert_eq!(start.elapsed(), Duration::from_millis(1_270 + 5_000));
    assert_eq!(calls.load(Ordering::Relaxed), 13);
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_connection_that_ended_in_the_backlog_costs_no_pause() {
    use rustix::io::Errno;
    let outcomes =
        [Errno::CONNABORTED, Errno::CONNRESET, Errno::PERM].map(|errno| Err(errno.raw_os_error()));
    let (script, _) = Script::new(outcomes.into_iter().chain([Ok(())]));
    let start = Instant::now();
    Acceptor::new(script, Permits::new(1))
        .accept()
        .await
        .unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_broken_listener_is_an_error() {
    let (script, _) = Script::new([Err(rustix::io::Errno::BADF.raw_os_error())]);
    assert!(
        Acceptor::new(script, Permits::new(1))
            .accept()
            .await
            .is_err()
    );
}
