//! How much of the machine is idle.

use std::fs;
use std::time::Duration;

/// The idle time of all processors, in seconds since the machine started.
///
/// From the second number of `/proc/uptime` (`proc_uptime(5)`), which counts hundredths of a second. Other systems do
/// not tell without a call of theirs.
fn idle() -> Option<f64> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let text = fs::read_to_string("/proc/uptime").ok()?;
    text.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// Watches the idle time between two looks.
#[derive(Debug)]
pub(super) struct Spare {
    before: Option<f64>,
}

impl Spare {
    pub(super) fn new() -> Self {
        Self { before: idle() }
    }

    /// How many processors were idle since the last look, on average over `passed`. None where nobody tells.
    pub(super) fn processors(&mut self, passed: Duration) -> Option<f32> {
        let now = idle();
        let before = std::mem::replace(&mut self.before, now)?;
        #[expect(clippy::cast_possible_truncation, reason = "a few seconds at most")]
        Some(((now? - before) / passed.as_secs_f64()) as f32)
    }
}
