use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use car_protocol::Timestamp;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;

use super::recorder::{Recorder, bytes_of};
use super::transcript::moment;
use super::{Applied, MeetingError, MeetingFolder, MeetingId, MeetingMetadata, Segment, audio};
use crate::memgine::{ConversationTurn, Memgine, MemgineError, SegmentKey};
use crate::voice::Sound;

/// How many segments wait for the disk and the memory.
const WAITING: usize = 4_096;
/// How many bytes of them.
const WAITING_BYTES: usize = 8 << 20;
/// How many are written at once.
const AT_ONCE: usize = 64;

/// Takes down what is said in one meeting: into its files, then into a memory.
///
/// Whoever hears a segment puts it here and does not wait; [`write`](Self::write) writes. A segment is in the transcript
/// before the memory gets it, so that after an end in between the memory can be brought up to it.
#[derive(Debug)]
pub struct Minutes {
    id: MeetingId,
    folder: Arc<Mutex<MeetingFolder>>,
    /// None where nothing is to be remembered.
    memory: Option<Arc<dyn Memgine>>,
    /// None where the audio is not kept.
    recorder: Option<Recorder>,
    queue: Mutex<Queue>,
    heard: Notify,
    paused: AtomicBool,
    lost: AtomicU64,
    /// Whether the memory lacks something that the transcript has.
    behind: AtomicBool,
}

#[derive(Debug, Default)]
struct Queue {
    segments: VecDeque<Segment>,
    bytes: usize,
    /// Sources that may still tell something.
    open: usize,
}

impl Minutes {
    /// For a meeting of so many sources. Where nothing may be kept, nothing is.
    #[must_use]
    pub fn new(folder: MeetingFolder, memory: Option<Arc<dyn Memgine>>, sources: usize) -> Self {
        let queue = Queue {
            open: sources,
            ..Queue::default()
        };
        Self {
            id: folder.metadata().id.clone(),
            folder: Arc::new(Mutex::new(folder)),
            memory,
            recorder: None,
            queue: Mutex::new(queue),
            heard: Notify::new(),
            paused: AtomicBool::new(false),
            lost: AtomicU64::new(0),
            behind: AtomicBool::new(false),
        }
    }

    /// With the audio.
    pub(super) fn with(mut self, recorder: Option<Recorder>) -> Self {
        self.recorder = recorder;
        self
    }

    /// Whether the audio is kept.
    pub(super) fn keeps_audio(&self) -> bool {
        self.recorder.is_some()
    }

    /// Takes what a source sounds like, unless that is not kept.
    pub(super) fn hear_audio(&self, source: &str, sound: Sound) {
        if let Some(recorder) = &self.recorder {
            recorder.hear(source, sound, self.is_paused());
            self.heard.notify_one();
        }
    }

    /// The meeting.
    #[must_use]
    pub fn id(&self) -> &MeetingId {
        &self.id
    }

    /// Takes a segment, unless nothing is taken now. One that finds no room is lost and counted.
    pub fn hear(&self, segment: Segment) {
        if self.is_paused() {
            return;
        }
        {
            let mut queue = self.queue.lock();
            let bytes = queue.bytes + segment.text.len();
            if queue.segments.len() >= WAITING || bytes > WAITING_BYTES {
                drop(queue);
                self.lost.fetch_add(1, Ordering::Relaxed);
                tracing::error!(meeting = %self.id, "a segment is lost: the disk is too slow");
                return;
            }
            queue.bytes = bytes;
            queue.segments.push_back(segment);
        }
        self.heard.notify_one();
    }

    /// One of the sources tells nothing more.
    pub fn source_over(&self) {
        {
            let mut queue = self.queue.lock();
            queue.open = queue.open.saturating_sub(1);
        }
        self.heard.notify_one();
    }

    /// Whether nothing is taken.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Acquire)
    }

    /// Takes nothing from now on, or takes again.
    pub fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::Release);
    }

    /// Writes until all sources are over and everything was written. What the memory refuses it gets when the meeting ends.
    pub async fn write(&self) {
        loop {
            let heard = self.heard.notified();
            let (batch, over) = {
                let mut queue = self.queue.lock();
                let count = queue.segments.len().min(AT_ONCE);
                let batch: Vec<_> = queue.segments.drain(..count).collect();
                let bytes: usize = batch.iter().map(|segment| segment.text.len()).sum();
                queue.bytes -= bytes;
                (batch, queue.open == 0)
            };
            // All of the audio of a source that is over has come.
            let sounds = self.recorder.as_ref().and_then(Recorder::take);
            let silent = sounds.is_none();
            if let (Some(recorder), Some(sounds)) = (&self.recorder, sounds) {
                let bytes = bytes_of(&sounds);
                let write = recorder.writer(sounds);
                self.on_disk(|_| write()).await;
                recorder.written(bytes);
            }
            if batch.is_empty() {
                if !silent {
                    continue;
                }
                if over {
                    return;
                }
                heard.await;
                continue;
            }
            let written = self.on_disk(move |folder| keep(folder, batch)).await;
            let (kept, lost) = written.unwrap_or_default();
            self.lost.fetch_add(lost, Ordering::Relaxed);
            for (segment, alike) in &kept {
                if self.behind.load(Ordering::Acquire) {
                    break;
                }
                if let Err(error) = self.remember(segment, *alike).await {
                    tracing::warn!(meeting = %self.id, %error, "the memory takes a segment later");
                    self.behind.store(true, Ordering::Release);
                }
            }
        }
    }

    /// Gives the memory all of the transcript that it has not; segments that it has change nothing. Whether it has all.
    async fn remember_all(&self) -> bool {
        let segments = self.look(|folder| folder.transcript().segments().to_vec());
        let Some(segments) = segments.await else {
            return false;
        };
        let mut unnamed: HashMap<_, u32> = HashMap::new();
        for segment in &segments {
            let mut alike = 0;
            if segment.segment_id.is_none() {
                let count = unnamed.entry(moment(segment)).or_default();
                alike = *count;
                *count += 1;
            }
            if let Err(error) = self.remember(segment, alike).await {
                tracing::error!(meeting = %self.id, %error, "the memory lacks a part of a meeting");
                return false;
            }
        }
        true
    }

    /// Gives the memory a segment; so many lines without an id before it have its source and moment.
    async fn remember(&self, segment: &Segment, alike: u32) -> Result<(), MemgineError> {
        let Some(memory) = &self.memory else {
            return Ok(());
        };
        let text = segment.text.trim();
        if text.is_empty() {
            return Ok(());
        }
        let conversation = format!("meeting/{}", self.id);
        let turn = ConversationTurn {
            speaker: format!("{conversation}/{}", segment.source),
            text: text.to_owned(),
            at: segment.timestamp,
        };
        // A line of the original has no id. Nobody tells it again either, but for a memory that is brought up to it: its
        // place among those of its moment is the same then.
        let unnamed = || {
            let moment = segment.timestamp.unix_millis();
            match alike {
                0 => format!("at-{moment}"),
                alike => format!("at-{moment}-{alike}"),
            }
        };
        let key = SegmentKey {
            conversation,
            source: segment.source.clone(),
            segment: segment.segment_id.clone().unwrap_or_else(unnamed),
            revision: segment.revision,
        };
        memory.ingest_segment(key, turn).await.map(drop)
    }

    /// Ends the meeting: everything is on the disk and in the memory, and `change` may say what else is known of it.
    ///
    /// # Errors
    /// [`MeetingError::Io`].
    pub async fn end(
        &self,
        ended_at: Option<Timestamp>,
        all: bool,
    ) -> Result<MeetingMetadata, MeetingError> {
        let behind = all || self.behind.load(Ordering::Acquire);
        let remembered = self.memory.is_some() && (!behind || self.remember_all().await);
        let lost = self.lost.load(Ordering::Relaxed);
        let audio = self.recorder.as_ref().map(Recorder::ender);
        let ended = self.on_disk(move |folder| {
            let last = folder.transcript().segments().last();
            let last = last.map(|segment| segment.timestamp);
            let mut metadata = folder.metadata().clone();
            let ended_at = ended_at.or(last).unwrap_or(metadata.started_at);
            metadata.ended_at.get_or_insert(ended_at);
            metadata.remembered = remembered;
            metadata.lost_segments += lost;
            match audio {
                Some(end) => metadata.audio = end(),
                None if metadata.keeps_audio() => {
                    metadata.audio = audio::left(folder.path(), &metadata.sources);
                }
                None => {}
            }
            folder.end(metadata.clone()).map(|()| metadata)
        });
        ended.await.unwrap_or_else(|| Err(gone()))
    }

    /// Changes what is known of the meeting.
    ///
    /// # Errors
    /// [`MeetingError::Io`], or what `change` says; nothing has changed then.
    pub async fn update(
        &self,
        change: impl FnOnce(&MeetingFolder, &mut MeetingMetadata) -> Result<(), MeetingError>
        + Send
        + 'static,
    ) -> Result<MeetingMetadata, MeetingError> {
        let updated = self.on_disk(move |folder| {
            let mut metadata = folder.metadata().clone();
            change(folder, &mut metadata)?;
            folder.update(metadata.clone()).map(|()| metadata)
        });
        updated.await.unwrap_or_else(|| Err(gone()))
    }

    /// A look at what there is by now.
    pub async fn look<R: Send + 'static>(
        &self,
        look: impl FnOnce(&MeetingFolder) -> R + Send + 'static,
    ) -> Option<R> {
        self.on_disk(|folder| look(folder)).await
    }

    /// Does something that waits for the disk, where that is allowed. None where it panicked, or the process ends.
    async fn on_disk<R: Send + 'static>(
        &self,
        act: impl FnOnce(&mut MeetingFolder) -> R + Send + 'static,
    ) -> Option<R> {
        let folder = Arc::clone(&self.folder);
        let done = spawn_blocking(move || act(&mut folder.lock())).await;
        done.inspect_err(|error| tracing::error!(%error, "the files of a meeting were not written"))
            .ok()
    }
}

fn gone() -> MeetingError {
    std::io::Error::other("the process ends").into()
}

/// Keeps segments; answers those that are new to the transcript, each with how many lines without an id before it are alike,
/// and how many could not be kept.
fn keep(folder: &mut MeetingFolder, batch: Vec<Segment>) -> (Vec<(Segment, u32)>, u64) {
    let (mut kept, mut lost) = (Vec::with_capacity(batch.len()), 0);
    for segment in batch {
        match folder.append(segment.clone()) {
            Ok(Applied::Added | Applied::Replaced) => {
                // It counts itself.
                let alike = folder.transcript().alike(&segment).saturating_sub(1);
                kept.push((segment, alike));
            }
            Ok(Applied::Known) | Err(MeetingError::NoConsent) => {}
            Err(error) => {
                tracing::error!(meeting = %folder.metadata().id, %error, "a segment is not kept");
                lost += 1;
            }
        }
    }
    (kept, lost)
}
