//! The meetings of a daemon: those that go on, and the files of all.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::place::Places;
use super::recorder::Recorder;
use super::summary::summarise;
use super::{
    MeetingError, MeetingFolder, MeetingId, MeetingMetadata, Minutes, Segment, WsMemgineIngestSink,
};
use crate::clock::{Clock, IdSource};
use crate::identity::{Identity, Role};
use crate::memgine::{Memgine, MemgineError, Memories, Space};
use crate::session::ClientSession;
use crate::voice::{HeardAudio, SampleFormat, VoiceStreams, Wanted};

/// Where audio may come from.
const SOURCES: [&str; 2] = ["mic", "system"];

/// The meetings of a daemon.
#[derive(Debug)]
pub struct Meetings {
    pub(super) root: PathBuf,
    pub(super) memories: Arc<Memories>,
    pub(super) clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    pub(super) places: Arc<Places<Active>>,
    tasks: TaskTracker,
}

/// A meeting that goes on.
#[derive(Debug)]
pub(super) struct Active {
    minutes: Arc<Minutes>,
    streams: Arc<VoiceStreams>,
    voices: Vec<String>,
    /// What was wanted of its end, and what it led to.
    end: Mutex<End>,
    over: CancellationToken,
}

#[derive(Debug, Default)]
struct End {
    summarise: bool,
    ended: Option<Result<MeetingMetadata, String>>,
}

/// What a meeting is to be.
#[derive(Clone, Debug)]
pub struct MeetingWanted {
    /// What is known of it. When it begins, whose it is and which memory it has is found out.
    pub metadata: MeetingMetadata,
    /// The recogniser.
    pub provider: Option<String>,
    /// What the samples of its sources are.
    pub format: SampleFormat,
}

/// A meeting that has begun.
#[derive(Clone, Debug)]
pub struct MeetingBegun {
    /// What is known of it.
    pub metadata: MeetingMetadata,
    /// Its streams of audio.
    pub voices: Vec<String>,
    /// The recogniser.
    pub provider: Option<String>,
}

/// A look at a meeting.
#[derive(Clone, Debug)]
pub struct MeetingView {
    /// What is known of it.
    pub metadata: MeetingMetadata,
    /// What was said.
    pub segments: Vec<Segment>,
    /// Whether it goes on.
    pub active: bool,
    /// Whether nothing is kept now.
    pub paused: bool,
}

impl Meetings {
    pub(crate) fn new(
        root: PathBuf,
        memories: Arc<Memories>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Self {
        Self {
            root,
            memories,
            clock,
            ids,
            places: Arc::default(),
            tasks: TaskTracker::new(),
        }
    }

    /// Where their files are.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// An id that no meeting has.
    ///
    /// # Errors
    /// Never.
    pub fn new_id(&self) -> Result<MeetingId, MeetingError> {
        MeetingId::new(&format!("m-{}", self.ids.hex12()))
    }

    /// The stream of audio of a source.
    #[must_use]
    pub fn voice(id: &MeetingId, source: &str) -> String {
        format!("meeting:{id}:{source}")
    }

    /// Begins a meeting of `session`: its files and a stream for each source, all or nothing.
    ///
    /// # Errors
    /// [`MeetingError::Sources`], [`MeetingError::AudioConsent`], [`MeetingError::Exists`], [`MeetingError::TooMany`],
    /// [`MeetingError::Voice`], [`MeetingError::Io`].
    pub async fn start(
        self: &Arc<Self>,
        session: &Arc<ClientSession>,
        mut wanted: MeetingWanted,
    ) -> Result<MeetingBegun, MeetingError> {
        let sources = wanted.metadata.sources.clone();
        check_sources(&sources)?;
        if wanted.metadata.persist_audio && !wanted.metadata.keeps_audio() {
            return Err(MeetingError::AudioConsent);
        }
        session.voice().takes(wanted.format)?;
        let id = wanted.metadata.id.clone();
        let place = self.places.reserve(&id)?;
        wanted.metadata.started_at = self.clock.now();
        wanted.metadata.owner = Some(session.identity().get().principal.to_string());
        let space = session.memory().space();
        let memory = if wanted.metadata.keeps_words() {
            self.memory(&space).await?
        } else {
            None
        };
        wanted.metadata.memory = memory.as_ref().map(|_| space.to_string());
        let created = self.create(wanted.metadata.clone(), wanted.format).await;
        let (folder, recorder) = created?;
        let minutes = Minutes::new(folder, memory, sources.len()).with(recorder);
        let minutes = Arc::new(minutes);
        let streams = Arc::clone(session.voice());
        let mut begun = Begun {
            streams: &streams,
            voices: Vec::new(),
        };
        let mut provider = None;
        for source in &sources {
            let upstream = streams.sink();
            let audio = minutes.keeps_audio().then(|| {
                let (minutes, source) = (Arc::clone(&minutes), source.clone());
                Box::new(move |sound| minutes.hear_audio(&source, sound)) as HeardAudio
            });
            let (minutes, clock) = (Arc::clone(&minutes), Arc::clone(&self.clock));
            let sink = WsMemgineIngestSink::new(upstream, minutes, clock, source);
            let voice = Self::voice(&id, source);
            let wanted = Wanted {
                voice: voice.clone(),
                format: wanted.format,
                provider: wanted.provider.clone(),
                model: wanted.metadata.model.clone(),
                language: wanted.metadata.language.clone(),
                role: "unknown".to_owned(),
                audio_meta: false,
                longest: Duration::MAX,
                grace: Duration::MAX,
            };
            match streams.begin(wanted, Arc::new(sink), audio).await {
                Ok(stream) => {
                    provider = stream.provider;
                    begun.voices.push(voice);
                }
                Err(error) => {
                    drop(begun);
                    self.erase(&id).await?;
                    return Err(error.into());
                }
            }
        }
        let voices = std::mem::take(&mut begun.voices);
        let active = Arc::new(Active {
            minutes,
            streams: Arc::clone(&streams),
            voices: voices.clone(),
            end: Mutex::default(),
            over: CancellationToken::new(),
        });
        let place = place.settle(&active);
        let book = Arc::clone(self);
        self.tasks.spawn(async move {
            active.minutes.write().await;
            book.finish(&active).await;
            drop(place);
            active.over.cancel();
        });
        Ok(MeetingBegun {
            metadata: wanted.metadata,
            voices,
            provider,
        })
    }

    /// All of its streams are over, and all that was said is written.
    async fn finish(&self, active: &Active) {
        let ended = active.minutes.end(Some(self.clock.now()), false).await;
        let summarised = match ended {
            Ok(metadata) if active.end.lock().summarise && metadata.keeps_words() => {
                let summary = |folder: &MeetingFolder, metadata: &mut MeetingMetadata| {
                    let summary = summarise(metadata, folder.transcript());
                    metadata.summary = serde_json::to_value(summary).ok();
                    Ok(())
                };
                active.minutes.update(summary).await
            }
            ended => ended,
        };
        if let Err(error) = &summarised {
            tracing::error!(meeting = %active.minutes.id(), %error, "the end of a meeting is not written");
        }
        active.end.lock().ended = Some(summarised.map_err(|error| error.to_string()));
    }

    /// Ends a meeting after all that was pushed.
    ///
    /// # Errors
    /// [`MeetingError::NotActive`], [`MeetingError::Io`].
    pub async fn stop(
        &self,
        id: &MeetingId,
        summarise: bool,
    ) -> Result<MeetingMetadata, MeetingError> {
        let active = self.active(id)?;
        active.end.lock().summarise = summarise;
        for voice in &active.voices {
            // It may have ended by itself.
            let _ = active.streams.stop(voice).await;
        }
        active.over.cancelled().await;
        let ended = active.end.lock().ended.clone();
        match ended {
            Some(Ok(metadata)) => Ok(metadata),
            Some(Err(error)) => Err(std::io::Error::other(error).into()),
            None => Err(MeetingError::NotActive(id.clone())),
        }
    }

    /// Takes nothing of what is said from now on, or takes it again.
    ///
    /// # Errors
    /// [`MeetingError::NotActive`].
    pub fn pause(&self, id: &MeetingId, paused: bool) -> Result<(), MeetingError> {
        self.active(id)?.minutes.pause(paused);
        Ok(())
    }

    /// The ids of all meetings, and of those that go on.
    ///
    /// # Errors
    /// [`MeetingError::Io`].
    pub async fn list(&self) -> Result<(Vec<MeetingId>, Vec<MeetingId>), MeetingError> {
        let root = self.root.clone();
        let all = blocking(move || MeetingFolder::list(&root)).await?;
        Ok((all, self.places.ids()))
    }

    /// What there is of a meeting.
    ///
    /// # Errors
    /// [`MeetingError::Unknown`], [`MeetingError::Damaged`], [`MeetingError::Io`].
    pub async fn get(&self, id: &MeetingId) -> Result<MeetingView, MeetingError> {
        let view = |folder: &MeetingFolder| {
            let segments = folder.transcript().segments().to_vec();
            (folder.metadata().clone(), segments)
        };
        if let Ok(active) = self.active(id)
            && let Some((metadata, segments)) = active.minutes.look(view).await
        {
            return Ok(MeetingView {
                metadata,
                segments,
                active: true,
                paused: active.minutes.is_paused(),
            });
        }
        let (root, id) = (self.root.clone(), id.clone());
        let (metadata, segments) =
            blocking(move || MeetingFolder::open(&root, &id).map(|folder| view(&folder))).await?;
        Ok(MeetingView {
            metadata,
            segments,
            active: false,
            paused: false,
        })
    }

    /// What is known of a meeting, without what was said.
    ///
    /// # Errors
    /// [`MeetingError::Unknown`], [`MeetingError::Damaged`], [`MeetingError::Io`].
    pub async fn metadata(&self, id: &MeetingId) -> Result<MeetingMetadata, MeetingError> {
        if let Ok(active) = self.active(id)
            && let Some(metadata) = active
                .minutes
                .look(|folder| folder.metadata().clone())
                .await
        {
            return Ok(metadata);
        }
        let (root, id) = (self.root.clone(), id.clone());
        blocking(move || MeetingFolder::metadata_of(&root, &id)).await
    }

    /// Changes what is known of a meeting.
    ///
    /// # Errors
    /// [`MeetingError::Unknown`], [`MeetingError::Busy`], [`MeetingError::Io`], or what `change` says.
    pub async fn update(
        &self,
        id: &MeetingId,
        change: impl FnOnce(&mut MeetingMetadata) -> Result<(), MeetingError> + Send + 'static,
    ) -> Result<MeetingMetadata, MeetingError> {
        if let Ok(active) = self.active(id) {
            return active.minutes.update(|_, metadata| change(metadata)).await;
        }
        // Of two that change the same files, one would undo the other.
        let place = self.places.claim(id).await?;
        let (root, id) = (self.root.clone(), id.clone());
        let updated = blocking(move || {
            let mut folder = MeetingFolder::open(&root, &id)?;
            let mut metadata = folder.metadata().clone();
            change(&mut metadata)?;
            folder.update(metadata.clone()).map(|()| metadata)
        })
        .await;
        drop(place);
        updated
    }

    /// Erases a meeting that has ended, and what memories have of it; answers how many facts went.
    ///
    /// # Errors
    /// [`MeetingError::Active`], [`MeetingError::Busy`], [`MeetingError::Unknown`], [`MeetingError::Memory`],
    /// [`MeetingError::Io`].
    pub async fn delete(self: &Arc<Self>, id: &MeetingId) -> Result<u64, MeetingError> {
        // Nobody begins one of this id meanwhile.
        let place = self.places.claim(id).await?;
        let metadata = self.get(id).await?.metadata;
        // The memory first: what is left after an end in between is a meeting that can be deleted again.
        let mut forgotten = 0;
        if let Some(memory) = self.memory_of(&metadata).await? {
            let source = format!("meeting/{id}");
            forgotten = memory.forget_source(&source).await?.facts.len() as u64;
        }
        self.erase(id).await?;
        drop(place);
        Ok(forgotten)
    }

    /// Who may read, stop and change a meeting: who began it, others with the same credential, and hosts.
    #[must_use]
    pub fn is_open_to(metadata: &MeetingMetadata, identity: &Identity) -> bool {
        let own = |owner: &String| *owner == identity.principal.to_string();
        !identity.auth_enabled
            || identity.role == Role::Host
            || metadata.owner.as_ref().is_none_or(own)
    }

    pub(super) async fn memory(
        &self,
        space: &Space,
    ) -> Result<Option<Arc<dyn Memgine>>, MeetingError> {
        match self.memories.of(space).await {
            Ok(memory) => Ok(Some(memory)),
            // A daemon without a memory still has meetings.
            Err(MemgineError::None) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The memory that has what was said in a meeting.
    pub(super) async fn memory_of(
        &self,
        metadata: &MeetingMetadata,
    ) -> Result<Option<Arc<dyn Memgine>>, MeetingError> {
        match metadata.memory.as_deref().map(Space::parse) {
            Some(space) => self.memory(&space?).await,
            None => Ok(None),
        }
    }

    fn active(&self, id: &MeetingId) -> Result<Arc<Active>, MeetingError> {
        let found = self.places.get(id);
        found.ok_or_else(|| MeetingError::NotActive(id.clone()))
    }

    /// Makes the files of a meeting, all or none.
    async fn create(
        &self,
        metadata: MeetingMetadata,
        format: SampleFormat,
    ) -> Result<(MeetingFolder, Option<Recorder>), MeetingError> {
        let root = self.root.clone();
        blocking(move || {
            let folder = MeetingFolder::create(&root, metadata)?;
            match Recorder::create(&folder, format) {
                Ok(recorder) => Ok((folder, recorder)),
                Err(error) => {
                    MeetingFolder::delete(&root, &folder.metadata().id)?;
                    Err(error)
                }
            }
        })
        .await
    }

    pub(super) async fn erase(&self, id: &MeetingId) -> Result<(), MeetingError> {
        let (root, id) = (self.root.clone(), id.clone());
        blocking(move || MeetingFolder::delete(&root, &id)).await
    }
}

/// The streams of a meeting that begins. They end with this unless they are taken out of it.
struct Begun<'a> {
    streams: &'a VoiceStreams,
    voices: Vec<String>,
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        for voice in &self.voices {
            self.streams.lose(voice);
        }
    }
}

fn check_sources(sources: &[String]) -> Result<(), MeetingError> {
    let known = |source: &String| SOURCES.contains(&source.as_str());
    let twice = sources.len() == 2 && sources.first() == sources.last();
    if sources.is_empty() || sources.len() > 2 || twice || !sources.iter().all(known) {
        return Err(MeetingError::Sources);
    }
    Ok(())
}

/// Does something that waits for the disk, where that is allowed.
pub(super) async fn blocking<R: Send + 'static>(
    act: impl FnOnce() -> Result<R, MeetingError> + Send + 'static,
) -> Result<R, MeetingError> {
    let done = spawn_blocking(act).await;
    done.unwrap_or_else(|error| Err(std::io::Error::other(error).into()))
}
