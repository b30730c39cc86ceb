//! What the streams of all sessions share.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio_util::task::TaskTracker;

use super::{Provider, VoiceAgents, VoiceEngine, VoiceError};
use crate::clock::Clock;
use crate::log::EventLog;

/// How many streams there may be, and how long each.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct VoiceLimits {
    /// Streams of one session at once.
    pub session: usize,
    /// Streams of all sessions at once.
    pub total: usize,
    /// Ended streams of one session whose events are kept; the oldest go first.
    pub ended: usize,
    /// How long a stream may last.
    pub longest: Duration,
    /// How long its session may be without a connection.
    pub grace: Duration,
}

impl Default for VoiceLimits {
    fn default() -> Self {
        Self {
            session: 16,
            total: 256,
            ended: 32,
            longest: Duration::from_secs(12 * 3600),
            grace: Duration::from_secs(30),
        }
    }
}

/// What the streams of all sessions share.
pub struct VoiceDesk {
    pub(super) engine: Option<Arc<dyn VoiceEngine>>,
    pub(super) limits: VoiceLimits,
    pub(super) log: Arc<dyn EventLog>,
    pub(super) clock: Arc<dyn Clock>,
    /// How many streams there are, or are about to be.
    count: AtomicUsize,
    pub(super) tasks: TaskTracker,
    agents: VoiceAgents,
}

impl fmt::Debug for VoiceDesk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VoiceDesk")
            .field("engine", &self.engine)
            .field("streams", &self.count)
            .finish_non_exhaustive()
    }
}

impl VoiceDesk {
    pub(crate) fn new(
        engine: Option<Arc<dyn VoiceEngine>>,
        limits: VoiceLimits,
        agents: VoiceAgents,
        log: Arc<dyn EventLog>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            engine,
            limits,
            log,
            clock,
            count: AtomicUsize::new(0),
            tasks: TaskTracker::new(),
            agents,
        }
    }

    /// What hears, where anything does.
    #[must_use]
    pub fn engine(&self) -> Option<&Arc<dyn VoiceEngine>> {
        self.engine.as_ref()
    }

    /// How many streams there may be, and how long each.
    #[must_use]
    pub fn limits(&self) -> &VoiceLimits {
        &self.limits
    }

    /// Who answers turns that name nobody.
    #[must_use]
    pub fn agents(&self) -> &VoiceAgents {
        &self.agents
    }

    /// How many streams there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// The recognisers that there are, and those that there could be.
    #[must_use]
    pub fn providers(&self) -> Vec<Provider> {
        let engine = self.engine.as_ref();
        engine.map_or_else(Vec::new, |engine| engine.providers())
    }

    /// A place among all streams.
    pub(super) fn place(self: &Arc<Self>) -> Result<Place, VoiceError> {
        let limit = self.limits.total;
        let more = |count| (count < limit).then_some(count + 1);
        let taken = self
            .count
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
        taken.map_err(|_| VoiceError::TooMany { limit })?;
        Ok(Place(Arc::clone(self)))
    }
}

/// A stream that is counted while this lives.
pub(super) struct Place(Arc<VoiceDesk>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::AcqRel);
    }
}
