//! The ears of the daemon: `car-voice` behind the trait of `car-state`. Feature `voice`.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use car_state::voice::{
    self, AudioMessage, HeardAudio, HeardEvents, Listening, Provider, PushedAudio, SampleFormat,
    VoiceEngine, VoiceError, VoiceInput, Wanted,
};
use car_voice::event::VoiceEvent;
use car_voice::format::{AudioFormat, FormatError};
use car_voice::frame::{FrameView, MAGIC, StreamId};
use car_voice::stream::{
    EventSink, Push, PushError, Sound, StartError, StreamLimits, StreamOptions, VoiceStream,
};
use car_voice::stt::{SpeechToText, SttOptions};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::value::to_raw_value;

/// What clients of the original call whatever the daemon has itself.
const LOCAL: &str = "local";

/// The model of the recogniser that needs no other program, as `car-server models` calls it.
#[cfg(feature = "stt-whisper")]
pub const WHISPER_MODEL: &str = "whisper-tiny.en";

/// Hears audio with the recognisers that it was given; without any it notices speech.
#[derive(Debug, Default)]
pub struct Hearing {
    recognisers: Vec<Recogniser>,
}

#[derive(Debug)]
struct Recogniser {
    stt: Arc<dyn SpeechToText>,
    description: String,
}

impl Hearing {
    /// Without a recogniser.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With another recogniser, and what clients are told about it. The first that is added is the usual one.
    #[must_use]
    pub fn with(mut self, stt: Arc<dyn SpeechToText>, description: impl Into<String>) -> Self {
        let description = description.into();
        self.recognisers.push(Recogniser { stt, description });
        self
    }

    /// With Whisper, whose model is in this folder of models or will be.
    #[cfg(feature = "stt-whisper")]
    #[must_use]
    pub fn with_whisper(self, models: &std::path::Path) -> Self {
        let how = format!("run `car-server models pull {WHISPER_MODEL}`");
        let folder = models.join(WHISPER_MODEL);
        let whisper = car_voice::stt::whisper::Whisper::new(WHISPER_MODEL, folder, &how);
        self.with(Arc::new(whisper), "Whisper in the daemon, for English")
    }

    fn recogniser(&self, wanted: Option<&str>) -> Result<Option<&Recogniser>, VoiceError> {
        let all = self.recognisers.iter();
        let mut there = all.filter(|one| one.stt.missing().is_none());
        let Some(wanted) = wanted else {
            return Ok(there.next());
        };
        let first = there.next();
        let named = first
            .into_iter()
            .chain(there)
            .find(|one| one.stt.name() == wanted);
        match named.or(first.filter(|_| wanted == LOCAL)) {
            Some(found) => Ok(Some(found)),
            None if wanted == LOCAL => Ok(None),
            None => Err(VoiceError::NoProvider {
                id: wanted.chars().take(64).collect(),
                providers: self.providers(),
            }),
        }
    }
}

impl VoiceEngine for Hearing {
    fn providers(&self) -> Vec<Provider> {
        let there = self.recognisers.iter().map(|one| {
            let missing = one.stt.missing();
            Provider {
                id: one.stt.name().to_owned(),
                available: missing.is_none(),
                description: missing.unwrap_or_else(|| one.description.clone()),
            }
        });
        let program = Provider {
            id: "command".to_owned(),
            available: false,
            description:
                "any program that reads PCM and writes lines of JSON: add it to car.toml as \
                          [[voice.providers]] with a name and a command"
                    .to_owned(),
        };
        let mut all: Vec<_> = there.collect();
        if all.iter().all(|one| one.id != program.id) {
            all.push(program);
        }
        all
    }

    fn is_audio(&self, message: &Bytes) -> bool {
        message.first() == Some(&MAGIC)
    }

    fn read<'a>(&self, message: &'a Bytes) -> Result<AudioMessage<'a>, VoiceError> {
        let frame =
            FrameView::read(message).map_err(|error| VoiceError::Audio(error.to_string()))?;
        Ok(AudioMessage {
            voice: frame.stream,
            format: SampleFormat {
                rate: frame.format.rate(),
                channels: frame.format.channels(),
            },
            audio: PushedAudio {
                sequence: Some(frame.sequence),
                samples: frame.audio,
            },
        })
    }

    fn takes(&self, format: SampleFormat) -> Result<(), VoiceError> {
        audio_format(format).map(drop)
    }

    fn listen(
        &self,
        wanted: Wanted,
        events: HeardEvents,
        audio: Option<HeardAudio>,
    ) -> BoxFuture<'_, Result<Listening, VoiceError>> {
        async move {
            StreamId::new(&wanted.voice).map_err(|_| VoiceError::Id)?;
            let format = audio_format(wanted.format)?;
            let recogniser = self.recogniser(wanted.provider.as_deref())?;
            let options = StreamOptions {
                role: wanted.role,
                audio_meta: wanted.audio_meta,
                stt: SttOptions {
                    model: wanted.model,
                    language: wanted.language,
                },
                limits: StreamLimits {
                    longest: wanted.longest,
                    grace: wanted.grace,
                    ..StreamLimits::default()
                },
                ..StreamOptions::new(format)
            };
            let sink = Heard { events, audio };
            let stt = recogniser.map(|one| &*one.stt);
            let (stream, run) = VoiceStream::start(options, stt, sink)
                .await
                .map_err(begin)?;
            Ok(Listening {
                provider: recogniser.map(|one| one.stt.name().to_owned()),
                input: Arc::new(Input(stream)),
                run,
            })
        }
        .boxed()
    }
}

/// Passes on what a stream tells.
struct Heard {
    events: HeardEvents,
    audio: Option<HeardAudio>,
}

impl EventSink for Heard {
    fn event(&mut self, event: VoiceEvent) {
        match to_raw_value(&event) {
            Ok(event) => (self.events)(&event),
            Err(error) => tracing::error!(%error, "an event of a voice stream is no JSON"),
        }
    }

    fn audio(&mut self, sound: Sound) {
        let Some(audio) = &mut self.audio else {
            return;
        };
        audio(match sound {
            Sound::Samples(samples) => voice::Sound::Samples(samples),
            Sound::Silence(frames) => voice::Sound::Silence(frames),
        });
    }
}

fn audio_format(format: SampleFormat) -> Result<AudioFormat, VoiceError> {
    let unfit = |error: FormatError| VoiceError::Format(error.to_string());
    AudioFormat::new(format.rate, format.channels).map_err(unfit)
}

fn begin(error: StartError) -> VoiceError {
    match error {
        StartError::Stt(error) => {
            // What the system said of the program is what helps.
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
            VoiceError::Recogniser(format!("{error}{}", cause.unwrap_or_default()))
        }
        error => VoiceError::Format(error.to_string()),
    }
}

fn pushed(error: PushError) -> VoiceError {
    match error {
        PushError::Over => VoiceError::Over,
        PushError::Full => VoiceError::Full,
        error => VoiceError::Audio(error.to_string()),
    }
}

#[derive(Debug)]
struct Input(VoiceStream);

fn push(audio: PushedAudio) -> Push {
    Push {
        sequence: audio.sequence,
        audio: audio.samples,
    }
}

impl VoiceInput for Input {
    fn try_push(&self, audio: PushedAudio) -> Result<(), VoiceError> {
        self.0.try_push(push(audio)).map_err(pushed)
    }

    fn push(&self, audio: PushedAudio) -> BoxFuture<'_, Result<(), VoiceError>> {
        async move { self.0.push(push(audio)).await.map_err(pushed) }.boxed()
    }

    fn stop(&self) -> BoxFuture<'_, ()> {
        self.0.stop().boxed()
    }

    fn owner(&self, there: bool) {
        self.0.owner(there);
    }

    fn lose(&self) {
        self.0.lose();
    }

    fn playing(&self, playing: bool) {
        self.0.playing(playing);
    }
}
