//! How the system asks the daemon to stop: once to drain, twice to end at once; and how a person interrupts a command.

use std::io;
use std::thread;

use tokio_util::sync::CancellationToken;

/// Cancels `stop` with the first signal and ends the process with the second, with 128 and its number.
///
/// A thread of its own waits for them, so that a daemon whose workers are all stuck can still be ended.
///
/// # Errors
/// The system refuses the thread or the handlers.
pub(super) fn watch(stop: CancellationToken) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let mut signals = {
        let _context = runtime.enter();
        Signals::listen()?
    };
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            runtime.block_on(async {
                let first = signals.next().await;
                tracing::info!(
                    signal = first.name,
                    "stopping; a second signal ends at once"
                );
                stop.cancel();
                let second = signals.next().await;
                tracing::warn!(signal = second.name, "ended before everything was");
                std::process::exit(128 + second.number);
            })
        })?;
    Ok(())
}

/// A signal that asks to stop.
#[derive(Clone, Copy, Debug)]
struct Asked {
    name: &'static str,
    number: i32,
}

const INTERRUPT: Asked = Asked {
    name: "SIGINT",
    number: 2,
};

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            // A terminal that goes away: what was started from it drains too.
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked { name: "SIGTERM", number: 15 },
            _ = self.interrupt.recv() => INTERRUPT,
            _ = self.hangup.recv() => Asked { name: "SIGHUP", number: 1 },
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Asked {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        INTERRUPT
    }
}

/// Ctrl-C, for a command that goes on after it. From the first moment on it no longer ends the program, and none is lost
/// between two looks.
#[derive(Debug)]
pub(super) struct Interrupts {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
}

impl Interrupts {
    /// Must be called on a runtime.
    ///
    /// # Errors
    /// The system refuses the handler.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            signal: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?,
        })
    }

    /// The next one.
    #[cfg(unix)]
    pub(super) async fn next(&mut self) {
        if self.signal.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// The next one.
    #[cfg(not(unix))]
    pub(super) async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
