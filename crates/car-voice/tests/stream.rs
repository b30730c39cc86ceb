//! Streams from the first push to their `done`, in virtual time.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use car_voice::activity::{Activity, STEP, Score};
use car_voice::event::{Outcome, VoiceEvent};
use car_voice::format::AudioFormat;
use car_voice::stream::{
    EventSink, Push, PushError, Sound, StreamLimits, StreamOptions, VoiceStream,
};
use car_voice::stt::scripted::{Line, Scripted};
use car_voice::stt::{Heard, SpeechToText};
use tokio::task::JoinHandle;

/// What is loud is speech.
struct Loudness;

impl Score for Loudness {
    fn score(&mut self, step: &[f32; STEP]) -> f32 {
        step.iter().sum::<f32>() / STEP as f32 * 2.0
    }
}

#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<VoiceEvent>>>);

impl Told {
    fn all(&self) -> Vec<VoiceEvent> {
        self.0.lock().unwrap().clone()
    }

    /// The kinds of what was told, without the `done`, and why it was done.
    fn end(&self) -> (Vec<&'static str>, Outcome) {
        let mut all = self.all();
        let Some(VoiceEvent::Done { outcome, .. }) = all.pop() else {
            panic!("done comes last: {all:?}");
        };
        let kind = |event: &VoiceEvent| match event {
            VoiceEvent::SpeechStart { .. } => "start",
            VoiceEvent::SpeechEnd { .. } => "end",
            VoiceEvent::BargeIn { .. } => "barge_in",
            VoiceEvent::Partial(_) => "partial",
            VoiceEvent::Transcript(_) => "transcript",
            VoiceEvent::AudioChunk { .. } => "chunk",
            other => panic!("{other:?}"),
        };
        (all.iter().map(kind).collect(), outcome)
    }
}

fn options() -> StreamOptions {
    StreamOptions {
        activity: Activity::new(Box::new(Loudness)),
        ..StreamOptions::new(AudioFormat::new(16_000, 1).unwrap())
    }
}

async fn start(
    options: StreamOptions,
    stt: Option<&dyn SpeechToText>,
) -> (VoiceStream, Told, JoinHandle<()>) {
    let told = Told::default();
    let events = told.clone();
    let sink = move |event| events.0.lock().unwrap().push(event);
    let (voice, stream) = VoiceStream::start(options, stt, sink).await.unwrap();
    let task = tokio::runtime::Handle::current().spawn(stream);
    (voice, told, task)
}

/// So much of a sound that is speech, or of silence.
fn pcm(speech: bool, millis: usize) -> Vec<u8> {
    let sample = if speech { 16_384_i16 } else { 0 };
    sample.to_le_bytes().repeat(millis * 16)
}

fn line(after_ms: u64, is_final: bool, revision: u32, text: &str) -> Line {
    let heard = Heard {
        is_final,
        revision,
        text: text.into(),
        end_ms: after_ms,
        ..Heard::default()
    };
    Line { after_ms, heard }
}

#[tokio::test(start_paused = true)]
async fn speech_is_told_with_its_times_and_words() {
    let script = vec![
        line(200, false, 0, "good"),
        line(400, false, 0, "good mor"),
        line(600, true, 0, "good morning"),
        line(900, true, 1, "Good morning."),
    ];
    let scripted = Scripted::new(script);
    let (voice, told, task) = start(options(), Some(&scripted)).await;
    for (speech, millis) in [(false, 160), (true, 320), (false, 700)] {
        voice.push(Push::next(pcm(speech, millis))).await.unwrap();
    }
    voice.stop().await;
    task.await.unwrap();
    let texts = told.all().into_iter().filter_map(|event| match event {
        VoiceEvent::Partial(said) | VoiceEvent::Transcript(said) => Some(said.text),
        _ => None,
    });
    let texts: Vec<_> = texts.collect();
    assert_eq!(texts, ["good", "good mor", "good morning", "Good morning."]);
    let all = told.all();
    assert!(all.contains(&VoiceEvent::SpeechStart { at_ms: 160 }));
    assert!(all.contains(&VoiceEvent::SpeechEnd { at_ms: 480 }));
    assert_eq!(told.end().1, Outcome::Stopped);
    assert_eq!(
        voice.push(Push::next(pcm(true, 1))).await,
        Err(PushError::Over)
    );
}

#[tokio::test(start_paused = true)]
async fn who_speaks_while_the_daemon_does_barges_in() {
    let (voice, told, task) = start(options(), None).await;
    voice.playing(true);
    voice.push(Push::next(pcm(true, 100))).await.unwrap();
    drop(voice);
    task.await.unwrap();
    assert_eq!(
        told.end(),
        (vec!["start", "barge_in", "end"], Outcome::Abandoned)
    );
}

#[tokio::test(start_paused = true)]
async fn a_quiet_microphone_is_not_ended_but_a_stream_never_lasts_longer_than_it_may() {
    let (voice, told, task) = start(options(), None).await;
    tokio::time::sleep(Duration::from_secs(11 * 3600)).await;
    voice.push(Push::next(pcm(false, 20))).await.unwrap();
    assert!(!voice.is_over());
    task.await.unwrap();
    assert_eq!(told.end(), (vec![], Outcome::TooLong));
}

#[tokio::test(start_paused = true)]
async fn an_owner_who_comes_back_in_time_finds_the_stream() {
    let (voice, told, task) = start(options(), None).await;
    voice.owner(false);
    tokio::time::sleep(Duration::from_secs(29)).await;
    voice.owner(true);
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert!(!voice.is_over());
    voice.owner(false);
    task.await.unwrap();
    assert_eq!(told.end(), (vec![], Outcome::OwnerLost));
}

#[tokio::test(start_paused = true)]
async fn a_missing_frame_is_waited_for_and_then_counts_as_silence() {
    let told_of = StreamOptions {
        audio_meta: true,
        ..options()
    };
    let (voice, told, task) = start(told_of, None).await;
    for number in [1, 0, 3] {
        voice
            .push(Push::numbered(number, pcm(false, 20)))
            .await
            .unwrap();
    }
    tokio::time::sleep(Duration::from_millis(499)).await;
    assert_eq!(told.all().len(), 2);
    tokio::time::sleep(Duration::from_millis(2)).await;
    let chunk = VoiceEvent::AudioChunk {
        sample_rate: 16_000,
        frame_count: 320,
        missing: 1,
    };
    assert_eq!(told.all()[2], chunk);
    voice.push(Push::numbered(4, pcm(true, 100))).await.unwrap();
    voice.stop().await;
    task.await.unwrap();
    // Four frames of 20 ms came before, one of them missing; speech is judged in steps of 16 ms.
    assert!(told.all().contains(&VoiceEvent::SpeechStart { at_ms: 80 }));
}

/// Keeps the audio of a stream.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<Sound>>>);

impl EventSink for Kept {
    fn event(&mut self, _: VoiceEvent) {}

    fn audio(&mut self, sound: Sound) {
        self.0.lock().unwrap().push(sound);
    }
}

#[tokio::test(start_paused = true)]
async fn who_keeps_the_audio_gets_all_of_it_in_order_and_how_long_a_gap_was() {
    let kept = Kept::default();
    let (voice, stream) = VoiceStream::start(options(), None, kept.clone())
        .await
        .unwrap();
    let task = tokio::runtime::Handle::current().spawn(stream);
    let frame = |number: u8| Bytes::from(vec![number; 640]);
    let long = Bytes::from(vec![9; 100_000]);
    for (number, audio) in [
        (1, frame(1)),
        (0, frame(0)),
        (4, frame(4)),
        (5, long.clone()),
    ] {
        voice.push(Push::numbered(number, audio)).await.unwrap();
    }
    voice.stop().await;
    task.await.unwrap();
    let sounds = kept.0.lock().unwrap().clone();
    let samples = Sound::Samples;
    assert_eq!(
        sounds,
        [
            samples(frame(0)),
            samples(frame(1)),
            Sound::Silence(640),
            samples(frame(4)),
            samples(long)
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn done_comes_once_even_when_the_stream_is_dropped() {
    let (voice, told, task) = start(options(), None).await;
    voice.push(Push::next(pcm(false, 20))).await.unwrap();
    task.abort();
    assert!(task.await.is_err());
    assert_eq!(told.end(), (vec![], Outcome::Aborted));
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_rapid_events_come_in_order() {
    let script = (1..=10_000).map(|n| {
        let heard = Heard {
            segment: n,
            is_final: true,
            end_ms: n,
            ..Heard::default()
        };
        Line { after_ms: n, heard }
    });
    let scripted = Scripted::new(script.collect());
    let (voice, told, task) = start(options(), Some(&scripted)).await;
    for _ in 0..100 {
        voice.push(Push::next(pcm(false, 100))).await.unwrap();
    }
    voice.stop().await;
    task.await.unwrap();
    let segments = told.all().into_iter().filter_map(|event| match event {
        VoiceEvent::Transcript(said) => said.segment_id.parse::<u64>().ok(),
        _ => None,
    });
    assert!(segments.eq(1..=10_000));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_is_refused_and_the_mailbox_is_bounded() {
    let small = StreamOptions {
        limits: StreamLimits {
            mailbox: 2,
            ..StreamLimits::default()
        },
        ..options()
    };
    let (voice, stream) = VoiceStream::start(small, None, |_: VoiceEvent| ())
        .await
        .unwrap();
    assert!(matches!(
        voice.try_push(Push::next(vec![0_u8; 3])),
        Err(PushError::Format(_))
    ));
    let long = Push::next(vec![0_u8; (1 << 20) + 2]);
    assert!(matches!(
        voice.try_push(long),
        Err(PushError::TooLong { .. })
    ));
    assert_eq!(voice.try_push(Push::next(vec![0_u8; 2])), Ok(()));
    assert_eq!(voice.try_push(Push::next(vec![0_u8; 2])), Ok(()));
    assert_eq!(
        voice.try_push(Push::next(vec![0_u8; 2])),
        Err(PushError::Full)
    );
    drop(stream);
    assert_eq!(
        voice.try_push(Push::next(vec![0_u8; 2])),
        Err(PushError::Over)
    );
}
