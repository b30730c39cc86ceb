use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use car_protocol::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{PushedAudio, SampleFormat, VoiceError, VoiceInput};
use crate::log::StreamName;

/// A stream that goes on.
pub(super) struct Live {
    pub(super) name: StreamName,
    pub(super) format: SampleFormat,
    pub(super) provider: Option<String>,
    pub(super) started_at: Timestamp,
    pub(super) input: Arc<dyn VoiceInput>,
    /// Pushes that wait for room.
    pub(super) waiting: AtomicUsize,
    pub(super) bytes: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) over: CancellationToken,
}

impl Live {
    pub(super) fn new(
        name: StreamName,
        wanted: SampleFormat,
        provider: Option<String>,
        started_at: Timestamp,
        input: Arc<dyn VoiceInput>,
    ) -> Self {
        Self {
            name,
            format: wanted,
            provider,
            started_at,
            input,
            waiting: AtomicUsize::new(0),
            bytes: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            over: CancellationToken::new(),
        }
    }

    /// Takes audio where there is room, and counts it.
    pub(super) fn try_push(&self, audio: PushedAudio) -> Result<(), VoiceError> {
        let bytes = audio.samples.len() as u64;
        let pushed = self.input.try_push(audio);
        match &pushed {
            Ok(()) => self.count(bytes),
            Err(VoiceError::Full) => drop(self.refused.fetch_add(1, Ordering::Relaxed)),
            Err(_) => {}
        }
        pushed
    }

    /// Counts audio that was taken.
    pub(super) fn count(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// A push that waits for room.
pub(super) struct Waits(pub(super) Arc<Live>);

impl Waits {
    pub(super) fn new(live: Arc<Live>) -> Self {
        live.waiting.fetch_add(1, Ordering::AcqRel);
        Self(live)
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}
