//! From pushes to samples and speech, without a clock and without waiting.

use std::collections::VecDeque;

use bytes::Bytes;

use super::{Push, Sound};
use crate::activity::{Activity, Change};
use crate::event::VoiceEvent;
use crate::format::AudioFormat;
use crate::resample::{ResampleError, Resampler};
use crate::sequence::{Piece, Sequence};
use crate::stt::Audio;
use crate::{SPEECH_RATE, millis};

/// How many bytes are heard in one turn: other streams have theirs, too.
const TURN: usize = 32 << 10;
/// How many seconds of silence a gap counts for at most.
const LONGEST_SILENCE: u64 = 5;

#[derive(Debug)]
pub(super) struct Ear {
    format: AudioFormat,
    meta: bool,
    sequence: Sequence,
    pieces: VecDeque<Piece>,
    sorted: Vec<Piece>,
    /// What of a frame is left for the next turn.
    rest: Bytes,
    resampler: Resampler,
    activity: Activity,
    changes: Vec<Change>,
    /// The bytes of the newest frame: a missing one counts for as much.
    usual: u64,
    missing: u64,
    playing: bool,
}

/// What was heard in one turn.
#[derive(Debug, Default)]
pub(super) struct Turn {
    pub(super) events: Vec<VoiceEvent>,
    pub(super) audio: Vec<Audio>,
    /// What was begun with, as it came.
    pub(super) sound: Option<Sound>,
}

impl Ear {
    pub(super) fn new(
        format: AudioFormat,
        meta: bool,
        activity: Activity,
    ) -> Result<Self, ResampleError> {
        Ok(Self {
            format,
            meta,
            sequence: Sequence::default(),
            pieces: VecDeque::new(),
            sorted: Vec::new(),
            resampler: Resampler::new(format)?,
            rest: Bytes::new(),
            activity,
            changes: Vec::new(),
            usual: 0,
            missing: 0,
            playing: false,
        })
    }

    pub(super) fn take(&mut self, push: Push) {
        self.sequence
            .push(push.sequence, push.audio, &mut self.sorted);
        self.pieces.extend(self.sorted.drain(..));
    }

    /// Whether a frame is missing and waited for.
    pub(super) fn is_waiting(&self) -> bool {
        self.sequence.is_waiting()
    }

    pub(super) fn give_up(&mut self) {
        self.sequence.give_up(&mut self.sorted);
        self.pieces.extend(self.sorted.drain(..));
    }

    /// Nothing more comes: what waits is heard as it is.
    pub(super) fn close(&mut self) {
        self.sequence.finish(&mut self.sorted);
        self.pieces.extend(self.sorted.drain(..));
    }

    pub(super) fn set_playing(&mut self, playing: bool) {
        self.playing = playing;
    }

    /// Whether there is something to be heard.
    pub(super) fn has_more(&self) -> bool {
        !self.rest.is_empty() || !self.pieces.is_empty()
    }

    /// Hears a part of what has come.
    pub(super) fn turn(&mut self, turn: &mut Turn) -> Result<(), ResampleError> {
        if !self.rest.is_empty() {
            let rest = std::mem::take(&mut self.rest);
            let samples = self.resample(rest)?;
            self.listen(samples, turn);
            return Ok(());
        }
        let mut samples = Vec::new();
        match self.pieces.pop_front() {
            None => return Ok(()),
            Some(Piece::Gap(frames)) => {
                self.missing += frames;
                let rate = u64::from(self.format.rate());
                let usual = self.usual / self.format.frame_bytes() as u64;
                let silence = usual.saturating_mul(frames).min(LONGEST_SILENCE * rate);
                turn.sound = (silence > 0).then_some(Sound::Silence(silence));
                let silence = silence * u64::from(SPEECH_RATE) / rate;
                samples.resize(usize::try_from(silence).unwrap_or(0), 0.0);
            }
            Some(Piece::Audio(audio)) => {
                self.usual = audio.len() as u64;
                turn.sound = Some(Sound::Samples(audio.clone()));
                self.tell(&audio, turn);
                samples = self.resample(audio)?;
            }
        }
        self.listen(samples, turn);
        Ok(())
    }

    /// Hears what was held back, after all turns.
    pub(super) fn finish(&mut self, turn: &mut Turn) -> Result<(), ResampleError> {
        let mut samples = Vec::new();
        self.resampler.finish(&mut samples)?;
        self.listen(samples, turn);
        let end = self.activity.finish();
        self.speech(end, turn);
        Ok(())
    }

    fn resample(&mut self, mut audio: Bytes) -> Result<Vec<f32>, ResampleError> {
        let most = TURN - TURN % self.format.frame_bytes();
        if audio.len() > most {
            self.rest = audio.split_off(most);
        }
        let mut samples = Vec::with_capacity(audio.len() / 2);
        self.resampler.push(&audio, &mut samples)?;
        Ok(samples)
    }

    fn tell(&mut self, audio: &Bytes, turn: &mut Turn) {
        let missing = std::mem::take(&mut self.missing);
        if self.meta {
            turn.events.push(VoiceEvent::AudioChunk {
                sample_rate: self.format.rate(),
                frame_count: (audio.len() / self.format.frame_bytes()) as u64,
                missing,
            });
        }
    }

    fn listen(&mut self, samples: Vec<f32>, turn: &mut Turn) {
        let mut changes = std::mem::take(&mut self.changes);
        self.activity.push(&samples, &mut changes);
        if !samples.is_empty() {
            turn.audio.push(Audio::Samples(samples));
        }
        for change in changes.drain(..) {
            self.speech(Some(change), turn);
        }
        self.changes = changes;
    }

    fn speech(&self, change: Option<Change>, turn: &mut Turn) {
        match change {
            Some(Change::Start(at)) => {
                let at_ms = millis(at);
                turn.events.push(VoiceEvent::SpeechStart { at_ms });
                turn.audio.push(Audio::SpeechStart { at });
                if self.playing {
                    turn.events.push(VoiceEvent::BargeIn { at_ms });
                }
            }
            Some(Change::End(at)) => {
                turn.events
                    .push(VoiceEvent::SpeechEnd { at_ms: millis(at) });
                turn.audio.push(Audio::SpeechEnd { at });
            }
            None => {}
        }
    }
}
