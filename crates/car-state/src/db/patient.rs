//! Jobs nobody waits for.

use std::collections::VecDeque;

use tokio::time::Instant;

use super::Queued;

/// Jobs that wait for company, each until its time is over. Others pass them meanwhile: whoever waits for the disk does not
/// wait for them as well.
#[derive(Default)]
pub(super) struct Patient(Vec<(Instant, Queued)>);

impl Patient {
    /// Takes those out of `jobs` that may wait, from the one at `from` on.
    pub(super) fn hold(&mut self, jobs: &mut VecDeque<Queued>, from: usize) {
        let mut index = from;
        while let Some(job) = jobs.get(index) {
            let patience = job.job.patience();
            if patience.is_zero() {
                index += 1;
            } else if let Some(job) = jobs.remove(index) {
                self.0.push((Instant::now() + patience, job));
            }
        }
    }

    /// Puts those behind `jobs` whose time is over, or all of them.
    pub(super) fn release(&mut self, jobs: &mut VecDeque<Queued>, all: bool) {
        let now = Instant::now();
        let over = |(until, _): &mut (Instant, Queued)| all || *until <= now;
        jobs.extend(self.0.extract_if(.., over).map(|(_, job)| job));
    }

    /// When the time of the first of them is over.
    pub(super) fn due(&self) -> Option<Instant> {
        self.0.iter().map(|(until, _)| *until).min()
    }
}
