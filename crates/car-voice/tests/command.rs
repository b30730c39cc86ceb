//! Recognisers that are programs, with a real shell as the program.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};

use car_voice::event::{Outcome, VoiceEvent};
use car_voice::format::AudioFormat;
use car_voice::stream::{Push, StreamOptions, VoiceStream};
use car_voice::stt::SttError;
use car_voice::stt::command::{CommandStt, Program};

fn shell(script: &str) -> CommandStt {
    let program = Program {
        path: "/bin/sh".into(),
        args: vec!["-c".into(), script.into()],
        env: vec![("PATH".into(), "/usr/bin:/bin".into())],
    };
    CommandStt::new("shell", program).unwrap()
}

/// How much audio a stream gets.
#[derive(Clone, Copy, PartialEq)]
enum Until {
    /// A second of it.
    Second,
    /// Until something is told.
    Told,
}

/// All events of a stream.
async fn heard(script: &str, until: Until) -> Vec<VoiceEvent> {
    let told = Arc::new(Mutex::new(Vec::new()));
    let events = Arc::clone(&told);
    let sink = move |event| events.lock().unwrap().push(event);
    let options = StreamOptions::new(AudioFormat::new(16_000, 1).unwrap());
    let stt = shell(script);
    let (voice, stream) = VoiceStream::start(options, Some(&stt), sink).await.unwrap();
    let push = async {
        let mut pushed = 0;
        while match until {
            Until::Second => pushed < 10,
            Until::Told => told.lock().unwrap().is_empty(),
        } {
            if voice.push(Push::next(vec![0_u8; 3_200])).await.is_err() {
                break;
            }
            pushed += 1;
        }
        voice.stop().await;
    };
    tokio::join!(push, stream);
    std::mem::take(&mut *told.lock().unwrap())
}

#[tokio::test]
async fn a_program_gets_all_of_the_audio_and_its_lines_become_events() {
    let script = r#"bytes=$(wc -c)
        echo '{"type":"partial","text":"it","end_ms":300}'
        echo '{"type":"note","text":"ignored"}'
        echo "{\"type\":\"transcript\",\"text\":\"$((bytes)) bytes\",\"end_ms\":1000,\"speaker\":\"a\"}"
        echo '{"type":"transcript","text":"and more","start_ms":1000,"end_ms":1000}'"#;
    let events = heard(script, Until::Second).await;
    let [
        VoiceEvent::Partial(partial),
        VoiceEvent::Transcript(first),
        VoiceEvent::Transcript(second),
        done,
    ] = &events[..]
    else {
        panic!("{events:?}");
    };
    assert_eq!(
        (partial.segment_id.as_str(), partial.duration_ms),
        ("0", 300)
    );
    assert_eq!(
        (first.text.as_str(), first.role.as_str()),
        ("32000 bytes", "other:a")
    );
    assert_eq!((second.segment_id.as_str(), second.start_ms), ("1", 1000));
    assert!(matches!(
        done,
        VoiceEvent::Done {
            outcome: Outcome::Stopped,
            ..
        }
    ));
}

#[tokio::test]
async fn a_program_that_talks_nonsense_ends_the_stream_with_the_reason() {
    let events = heard("cat > /dev/null; echo 'not json'", Until::Second).await;
    let [VoiceEvent::Done { outcome, message }] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(*outcome, Outcome::Failed);
    assert!(message.as_ref().unwrap().contains("format"), "{message:?}");
}

#[tokio::test]
async fn a_program_that_ends_too_early_is_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let once = folder.path().join("once");
    let script = format!(
        r#"if [ -e {once} ]; then echo '{{"type":"transcript","text":"again"}}'; cat > /dev/null
        else : > {once}; fi"#,
        once = once.display()
    );
    let events = heard(&script, Until::Told).await;
    let again =
        |event: &VoiceEvent| matches!(event, VoiceEvent::Transcript(said) if said.text == "again");
    assert!(again(&events[0]), "{events:?}");
    assert_eq!(events.len(), 2);
}

#[tokio::test]
async fn a_program_that_always_ends_too_early_is_given_up() {
    let events = heard("exit 1", Until::Told).await;
    let [VoiceEvent::Done { outcome, message }] = &events[..] else {
        panic!("{events:?}");
    };
    let ended = SttError::Ended { times: 4 }.to_string();
    assert_eq!(
        (*outcome, message.as_deref()),
        (Outcome::Failed, Some(&*ended))
    );
}

#[tokio::test]
async fn a_program_that_is_not_there_is_told_at_the_start() {
    let relative = Program {
        path: "stt".into(),
        args: vec![],
        env: vec![],
    };
    let refused = CommandStt::new("none", relative.clone());
    assert!(matches!(refused, Err(SttError::Refused(_))));
    let missing = Program {
        path: "/nowhere/stt".into(),
        ..relative
    };
    let stt = CommandStt::new("none", missing).unwrap();
    let options = StreamOptions::new(AudioFormat::new(16_000, 1).unwrap());
    let started = VoiceStream::start(options, Some(&stt), |_: VoiceEvent| ()).await;
    assert!(started.is_err());
}
