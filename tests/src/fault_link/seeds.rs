//! Which seeds are run, and what is said of one that fails.

use std::future::Future;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, resume_unwind};

use futures_util::FutureExt as _;

/// Seeds under virtual time, in all tests together.
pub const SEEDS: u64 = 1_000;
/// Seeds of each family over sockets.
pub const SOCKET_SEEDS: u64 = 20;

/// The variable with the first seed instead of 0.
const FIRST: &str = "CAR_FAULT_FIRST";
/// The variable with how many seeds instead of the usual number.
const NUMBER: &str = "CAR_FAULT_SEEDS";

/// Seeds to be run one after the other.
#[derive(Clone, Debug)]
pub struct Seeds(Range<u64>);

impl Seeds {
    /// `usual` of them from 0 on, unless the environment says otherwise.
    #[must_use]
    pub fn wanted(usual: u64) -> Self {
        let first = variable(FIRST).unwrap_or(0);
        Self(first..first + variable(NUMBER).unwrap_or(usual))
    }

    /// Every `of`-th of them, beginning with the `part`-th.
    pub fn share(&self, part: u64, of: u64) -> impl Iterator<Item = u64> + use<> {
        self.0.clone().filter(move |seed| seed % of == part)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = u64> + use<> {
        self.0.clone()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test has no configuration; `cargo xtask soak` and whoever replays a seed set these"
)]
fn variable(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(
        value
            .parse()
            .unwrap_or_else(|_| panic!("{name} is a number")),
    )
}

/// Runs a seed; when it fails, says which one it was and how it is run again.
#[expect(
    clippy::print_stderr,
    reason = "who reads a failed test is told how to see it again"
)]
pub async fn replayable<T>(
    seed: u64,
    binary: &str,
    filter: &str,
    run: impl Future<Output = T>,
) -> T {
    match AssertUnwindSafe(run).catch_unwind().await {
        Ok(value) => value,
        Err(panic) => {
            eprintln!(
                "seed {seed} failed; again:\n    {FIRST}={seed} {NUMBER}=1 cargo nextest run -p car-tests --test {binary} {filter}"
            );
            resume_unwind(panic)
        }
    }
}
