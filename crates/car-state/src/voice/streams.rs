//! Whose stream is which.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use car_protocol::Timestamp;
use car_protocol::rpc::events::Cursor;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use serde_json::value::RawValue;

use super::desk::{Place, VoiceDesk};
use super::live::{Live, Waits};
use super::turn::Current;
use super::{
    AudioMessage, HeardAudio, Listening, PushedAudio, SampleFormat, VoiceError, VoiceEventSink,
    Wanted, WsVoiceEventSink,
};
use crate::identity::SessionId;
use crate::log::StreamName;

/// The streams of one session. They end with it.
pub struct VoiceStreams {
    desk: Arc<VoiceDesk>,
    session: SessionId,
    sink: Arc<WsVoiceEventSink>,
    table: Mutex<Table>,
    /// The turn that agents answer.
    pub(super) turn: Mutex<Option<Arc<Current>>>,
}

#[derive(Default)]
struct Table {
    live: HashMap<Box<str>, Arc<Live>>,
    /// Ids of those that are about to begin.
    beginning: HashSet<Box<str>>,
    /// Of those that ended, oldest first.
    ended: VecDeque<StreamName>,
    /// Whether the session's connection is lost.
    away: bool,
    /// Whether the session has ended.
    closed: bool,
}

/// A stream that has begun.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Its events.
    pub stream: StreamName,
    /// The place after which they begin.
    pub from: Cursor,
    /// The recogniser that it has.
    pub provider: Option<String>,
}

/// A stream that has not ended.
#[derive(Clone, Debug)]
pub struct StreamInfo {
    /// Its id.
    pub voice: String,
    /// Its events.
    pub stream: StreamName,
    /// What its samples are.
    pub format: SampleFormat,
    /// The recogniser that it has.
    pub provider: Option<String>,
    /// Since when it is there.
    pub started_at: Timestamp,
    /// Bytes of audio that were taken.
    pub bytes: u64,
    /// How often audio was refused because too much waited.
    pub refused: u64,
}

/// What becomes of audio.
pub enum Taken {
    /// It was taken.
    Now,
    /// It will be, when there is room.
    Later(BoxFuture<'static, Result<(), VoiceError>>),
}

impl fmt::Debug for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Now => "Now",
            Self::Later(_) => "Later",
        })
    }
}

impl fmt::Debug for VoiceStreams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VoiceStreams")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

impl VoiceStreams {
    pub(crate) fn new(desk: &Arc<VoiceDesk>, session: &SessionId) -> Self {
        let (log, clock) = (Arc::clone(&desk.log), Arc::clone(&desk.clock));
        Self {
            sink: Arc::new(WsVoiceEventSink::new(log, clock, session.as_str())),
            desk: Arc::clone(desk),
            session: session.clone(),
            table: Mutex::default(),
            turn: Mutex::default(),
        }
    }

    /// What the streams of all sessions share.
    #[must_use]
    pub fn desk(&self) -> &Arc<VoiceDesk> {
        &self.desk
    }

    /// Where the events of the session's streams go, as long as nobody stands in between.
    #[must_use]
    pub fn sink(&self) -> Arc<dyn VoiceEventSink> {
        Arc::clone(&self.sink) as Arc<dyn VoiceEventSink>
    }

    /// The stream of the log that a stream of audio has, and the place after which a new one would begin.
    #[must_use]
    pub fn stream(&self, voice: &str) -> (StreamName, Cursor) {
        let name = self.sink.stream(voice);
        let head = self.desk.log.head(&name);
        (name, head)
    }

    /// Whether a stream can have samples like these.
    ///
    /// # Errors
    /// [`VoiceError::NoEngine`], [`VoiceError::Format`].
    pub fn takes(&self, format: SampleFormat) -> Result<(), VoiceError> {
        let engine = self.desk.engine.as_ref().ok_or(VoiceError::NoEngine)?;
        engine.takes(format)
    }

    /// Begins a stream whose events go to `sink`, and its audio to `audio` where that is given. Its limits are those of the
    /// desk.
    ///
    /// # Errors
    /// [`VoiceError`]; nothing was told then, and nothing has changed.
    pub async fn begin(
        self: &Arc<Self>,
        mut wanted: Wanted,
        sink: Arc<dyn VoiceEventSink>,
        audio: Option<HeardAudio>,
    ) -> Result<Begun, VoiceError> {
        let engine = self.desk.engine.as_ref().ok_or(VoiceError::NoEngine)?;
        let reserved = self.reserve(&wanted.voice)?;
        wanted.longest = wanted.longest.min(self.desk.limits.longest);
        wanted.grace = wanted.grace.min(self.desk.limits.grace);
        let (voice, format) = (wanted.voice.clone(), wanted.format);
        let (name, from) = self.stream(&voice);
        let events = {
            let voice = voice.clone();
            Box::new(move |event: &RawValue| {
                if let Err(error) = sink.send(&voice, event) {
                    tracing::error!(voice, %error, "an event of a voice stream is lost");
                }
            })
        };
        let Listening {
            provider,
            input,
            run,
        } = engine.listen(wanted, events, audio).await?;
        let started_at = self.desk.clock.now();
        let live = Live::new(name.clone(), format, provider.clone(), started_at, input);
        let live = Arc::new(live);
        let ending = Ending {
            streams: Arc::clone(self),
            live: Arc::clone(&live),
            _place: reserved.settle(&voice, &live),
            voice,
        };
        let run = async move {
            // When it has ended, and however that was.
            let _ending = ending;
            run.await;
        };
        self.desk.tasks.spawn(run);
        Ok(Begun {
            stream: name,
            from,
            provider,
        })
    }

    fn reserve(&self, voice: &str) -> Result<Reserved<'_>, VoiceError> {
        let place = self.desk.place()?;
        let mut table = self.table.lock();
        let limit = self.desk.limits.session;
        if table.closed {
            return Err(VoiceError::Over);
        }
        if table.live.contains_key(voice) || table.beginning.contains(voice) {
            return Err(VoiceError::Exists(voice.to_owned()));
        }
        if table.live.len() + table.beginning.len() >= limit {
            return Err(VoiceError::TooMany { limit });
        }
        table.beginning.insert(voice.into());
        Ok(Reserved {
            table: &self.table,
            voice: voice.into(),
            place: Some(place),
        })
    }

    fn live(&self, voice: &str) -> Result<Arc<Live>, VoiceError> {
        let found = self.table.lock().live.get(voice).cloned();
        found.ok_or_else(|| VoiceError::Unknown(shortened(voice)))
    }

    /// Takes a binary message.
    ///
    /// # Errors
    /// [`VoiceError`]; the audio is lost then.
    pub fn take(&self, message: AudioMessage<'_>) -> Result<(), VoiceError> {
        let live = self.live(message.voice)?;
        if live.format != message.format {
            let SampleFormat { rate, channels } = live.format;
            return Err(VoiceError::OtherFormat { rate, channels });
        }
        live.try_push(message.audio)
    }

    /// Takes audio, at once where there is room. Who pushes without waiting for the answers keeps its order.
    ///
    /// # Errors
    /// [`VoiceError`].
    pub fn push(&self, voice: &str, audio: PushedAudio) -> Result<Taken, VoiceError> {
        let live = self.live(voice)?;
        if live.waiting.load(Ordering::Acquire) == 0 {
            match live.try_push(audio.clone()) {
                Err(VoiceError::Full) => {}
                taken => return taken.map(|()| Taken::Now),
            }
        }
        let waits = Waits::new(live);
        let later = async move {
            let bytes = audio.samples.len() as u64;
            let pushed = waits.0.input.push(audio).await;
            if pushed.is_ok() {
                waits.0.count(bytes);
            }
            pushed
        };
        Ok(Taken::Later(later.boxed()))
    }

    /// Ends a stream after all that was pushed, and waits until everything was told; answers where its events end.
    ///
    /// # Errors
    /// [`VoiceError::Unknown`].
    pub async fn stop(&self, voice: &str) -> Result<Cursor, VoiceError> {
        let live = self.live(voice)?;
        live.input.stop().await;
        live.over.cancelled().await;
        Ok(self.desk.log.head(&live.name))
    }

    /// Says whether the client plays speech.
    ///
    /// # Errors
    /// [`VoiceError::Unknown`].
    pub fn playing(&self, voice: &str, playing: bool) -> Result<(), VoiceError> {
        self.live(voice)?.input.playing(playing);
        Ok(())
    }

    /// Ends a stream, as if its session had ended.
    pub fn lose(&self, voice: &str) {
        if let Ok(live) = self.live(voice) {
            live.input.lose();
        }
    }

    /// The streams that have not ended, by their ids.
    #[must_use]
    pub fn list(&self) -> Vec<StreamInfo> {
        let table = self.table.lock();
        let streams = table.live.iter().map(|(voice, live)| StreamInfo {
            voice: voice.to_string(),
            stream: live.name.clone(),
            format: live.format,
            provider: live.provider.clone(),
            started_at: live.started_at,
            bytes: live.bytes.load(Ordering::Relaxed),
            refused: live.refused.load(Ordering::Relaxed),
        });
        let mut list: Vec<_> = streams.collect();
        drop(table);
        list.sort_unstable_by(|a, b| a.voice.cmp(&b.voice));
        list
    }

    /// Whether a stream of the log is that of a stream of audio that goes on, or is about to.
    #[must_use]
    pub fn is_live(&self, stream: &StreamName) -> bool {
        let Some(voice) = stream.item() else {
            return false;
        };
        let turn = self.turn.lock().clone();
        turn.is_some_and(|turn| turn.is_in(voice)) || self.is_heard(voice)
    }

    /// Whether there is a stream of audio of this id, or is about to be.
    #[must_use]
    pub fn is_heard(&self, voice: &str) -> bool {
        let table = self.table.lock();
        table.live.contains_key(voice) || table.beginning.contains(voice)
    }

    /// Ends a stream of the log in which nothing was told yet.
    pub fn forget(&self, stream: &StreamName) {
        if self.desk.log.head(stream).seq == 0 {
            self.desk.log.remove(stream);
        }
    }

    /// The session has lost its connection, or has one again.
    pub(crate) fn owner(&self, there: bool) {
        let live: Vec<_> = {
            let mut table = self.table.lock();
            table.away = !there;
            table.live.values().cloned().collect()
        };
        for live in live {
            live.input.owner(there);
        }
    }

    /// The session has ended.
    pub(crate) fn close(&self) {
        let (live, ended) = {
            let mut table = self.table.lock();
            table.closed = true;
            let live: Vec<_> = table.live.values().cloned().collect();
            (live, std::mem::take(&mut table.ended))
        };
        for live in live {
            live.input.lose();
        }
        for stream in ended {
            self.desk.log.remove(&stream);
        }
    }

    /// Ready when no stream goes on.
    pub(crate) async fn over(&self) {
        loop {
            let live = self.table.lock().live.values().next().cloned();
            match live {
                Some(live) => live.over.cancelled().await,
                None => return,
            }
        }
    }

    /// A stream has ended, and its last event was told.
    fn ended(&self, voice: &str, live: &Arc<Live>) {
        self.table.lock().live.remove(voice);
        self.retire(voice);
        live.over.cancel();
    }

    /// Nothing more is told in the stream of this id, unless somebody else still tells of something there.
    pub(super) fn retire(&self, voice: &str) {
        let name = self.sink.stream(voice);
        if self.is_live(&name) {
            return;
        }
        let gone = {
            let mut table = self.table.lock();
            table.ended.retain(|ended| *ended != name);
            if table.closed {
                Some(name)
            } else {
                table.ended.push_back(name);
                let full = table.ended.len() > self.desk.limits.ended;
                full.then(|| table.ended.pop_front()).flatten()
            }
        };
        if let Some(gone) = gone {
            self.desk.log.remove(&gone);
        }
    }
}

/// An id that is taken until its stream is there, or is not going to be.
struct Reserved<'a> {
    table: &'a Mutex<Table>,
    voice: Box<str>,
    place: Option<Place>,
}

impl Reserved<'_> {
    /// Puts the stream where it was expected.
    fn settle(mut self, voice: &str, live: &Arc<Live>) -> Option<Place> {
        let (away, closed) = {
            let mut table = self.table.lock();
            table.live.insert(voice.into(), Arc::clone(live));
            (table.away, table.closed)
        };
        // The session may have gone while the recogniser began.
        if closed {
            live.input.lose();
        } else if away {
            live.input.owner(false);
        }
        self.place.take()
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        self.table.lock().beginning.remove(&self.voice);
    }
}

/// Notes that a stream has ended when it is dropped.
struct Ending {
    streams: Arc<VoiceStreams>,
    live: Arc<Live>,
    voice: String,
    _place: Option<Place>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.streams.ended(&self.voice, &self.live);
    }
}

fn shortened(id: &str) -> String {
    id.chars().take(128).collect()
}
