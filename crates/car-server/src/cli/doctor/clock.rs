//! The clocks.

use std::fs;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use car_protocol::Timestamp;
use car_protocol::rpc::server::ServerStatus;
use car_state::clock::{Clock as _, SystemClock};
use tokio::time::Instant;

use super::check::Check;

const NAME: &str = "clock";

/// 2025-01-01T00:00:00Z, in milliseconds: no clock that is right says less.
const EARLIEST: i64 = 1_735_689_600_000;
/// How far two clocks may differ, in milliseconds.
const TOLERANCE: i64 = 2_000;

/// Both clocks at the beginning of a look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watch {
    wall: Timestamp,
    steady: Instant,
}

impl Watch {
    pub(super) fn start() -> Self {
        Self {
            wall: SystemClock.now(),
            steady: Instant::now(),
        }
    }

    /// What the look has found out about them.
    pub(super) fn check(self, root: &Path, status: Option<&ServerStatus>) -> Check {
        let now = SystemClock.now();
        judge(Told {
            now: now.unix_millis(),
            passed: now.unix_millis() - self.wall.unix_millis(),
            steadily: millis(self.steady.elapsed()),
            // The daemon said it in the middle of the look.
            daemon: status.map(|status| {
                let uptime = i64::try_from(status.uptime_ms).unwrap_or(i64::MAX);
                status.started_at.unix_millis().saturating_add(uptime)
            }),
            newest_file: newest(root),
        })
    }
}

/// What was told about the time, in milliseconds.
#[derive(Clone, Copy, Debug)]
struct Told {
    now: i64,
    /// Since the beginning of the look, by the wall clock.
    passed: i64,
    /// The same by the clock that nobody sets.
    steadily: i64,
    /// Now, as the daemon says.
    daemon: Option<i64>,
    /// When the newest file of the root was written.
    newest_file: Option<i64>,
}

fn judge(told: Told) -> Check {
    let remedy = "let the system keep its time, with NTP for example";
    if told.now < EARLIEST {
        let now = Timestamp::from_unix_millis(told.now);
        return Check::fail(NAME, format!("it says {now}, which is long ago")).remedy(remedy);
    }
    let jump = told.passed.abs_diff(told.steadily);
    if jump > TOLERANCE.unsigned_abs() {
        return Check::warn(NAME, format!("it jumped by {jump} ms meanwhile")).remedy(remedy);
    }
    let slack = told.passed.saturating_add(TOLERANCE);
    if let Some(daemon) = told.daemon
        && told.now.abs_diff(daemon) > slack.unsigned_abs()
    {
        let skew = told.now - daemon;
        return Check::warn(NAME, format!("it is {skew} ms ahead of the daemon's")).remedy(remedy);
    }
    if let Some(newest) = told.newest_file
        && newest > told.now.saturating_add(TOLERANCE)
    {
        let ahead = newest - told.now;
        let message =
            format!("files of the root were written {ahead} ms from now: it was set back");
        return Check::warn(NAME, message).remedy(remedy);
    }
    Check::ok(NAME, Timestamp::from_unix_millis(told.now))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn newest(root: &Path) -> Option<i64> {
    let files = fs::read_dir(root).ok()?;
    let written = files.flatten().filter_map(|file| {
        let written = file.metadata().ok()?.modified().ok()?;
        Some(millis(written.duration_since(UNIX_EPOCH).ok()?))
    });
    written.max()
}

#[cfg(test)]
mod tests {
    use super::super::check::Verdict;
    use super::*;

    const TOLD: Told = Told {
        now: EARLIEST + 1_000_000,
        passed: 20,
        steadily: 21,
        daemon: Some(EARLIEST + 999_990),
        newest_file: Some(EARLIEST + 5),
    };

    #[test]
    fn clocks_that_agree_are_well() {
        assert_eq!(judge(TOLD).verdict, Verdict::Ok);
        let alone = Told {
            daemon: None,
            newest_file: None,
            ..TOLD
        };
        assert_eq!(judge(alone).verdict, Verdict::Ok);
    }

    #[test]
    fn a_clock_that_was_never_set_is_wrong() {
        let told = Told { now: 5, ..TOLD };
        assert_eq!(judge(told).verdict, Verdict::Fail);
    }

    #[test]
    fn jumps_and_skews_are_odd() {
        for told in [
            Told {
                passed: 5_000,
                ..TOLD
            },
            Told {
                daemon: Some(EARLIEST),
                ..TOLD
            },
            Told {
                newest_file: Some(TOLD.now + 60_000),
                ..TOLD
            },
        ] {
            assert_eq!(judge(told).verdict, Verdict::Warn, "{told:?}");
        }
    }
}
