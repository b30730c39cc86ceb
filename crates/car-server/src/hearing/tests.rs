use car_protocol::rpc::voice::VoiceEvent as WireEvent;
use car_voice::event::{Outcome, Said};
use serde_json::{from_value, to_value};

use super::*;

fn said() -> Said {
    Said {
        text: "hello".into(),
        duration_ms: 400,
        role: "unknown".into(),
        segment_id: "1".into(),
        revision: 2,
        start_ms: 100,
        end_ms: 500,
        language: Some("en".into()),
        confidence: Some(0.5),
    }
}

#[test]
fn what_is_heard_is_what_the_protocol_says() {
    let events = [
        VoiceEvent::SpeechStart { at_ms: 1 },
        VoiceEvent::SpeechEnd { at_ms: 2 },
        VoiceEvent::BargeIn { at_ms: 3 },
        VoiceEvent::Partial(said()),
        VoiceEvent::Transcript(said()),
        VoiceEvent::AudioChunk {
            sample_rate: 8_000,
            frame_count: 5,
            missing: 1,
        },
    ];
    let outcomes = [
        Outcome::Stopped,
        Outcome::Abandoned,
        Outcome::OwnerLost,
        Outcome::TooLong,
        Outcome::Failed,
        Outcome::Aborted,
    ];
    let done = outcomes.map(|outcome| VoiceEvent::Done {
        outcome,
        message: Some("so".into()),
    });
    for event in events.into_iter().chain(done) {
        let told = to_value(&event).unwrap();
        let read: WireEvent = from_value(told.clone()).unwrap();
        assert_eq!(to_value(read).unwrap(), told);
    }
}

#[test]
fn a_recogniser_that_is_not_there_is_refused_with_those_that_are() {
    let stt = car_voice::stt::scripted::Scripted::new(Vec::new());
    let hearing = Hearing::new().with(Arc::new(stt), "for tests");
    let named = |name| hearing.recogniser(name).map(|found| found.is_some());
    assert!(named(None).unwrap() && named(Some("local")).unwrap());
    assert!(named(Some("scripted")).unwrap());
    let refused = named(Some("elevenlabs")).unwrap_err().to_string();
    assert!(
        refused.starts_with("there is no recogniser elevenlabs; there is scripted: for tests; there could be command: "),
        "{refused}"
    );
    let deaf = Hearing::new();
    assert!(deaf.recogniser(Some("local")).unwrap().is_none());
}

#[cfg(feature = "stt-whisper")]
#[test]
fn a_recogniser_without_its_model_is_offered_and_not_taken() {
    let models = tempfile::tempdir().unwrap();
    let hearing = Hearing::new().with_whisper(models.path());
    let offered = |hearing: &Hearing| {
        let all = hearing.providers();
        let whisper = all
            .iter()
            .find(|provider| provider.id == "whisper")
            .unwrap();
        (whisper.available, whisper.description.clone())
    };
    let how = "run `car-server models pull whisper-tiny.en`".to_owned();
    assert_eq!(offered(&hearing), (false, how.clone()));
    assert!(hearing.recogniser(None).unwrap().is_none());
    assert!(hearing.recogniser(Some(LOCAL)).unwrap().is_none());
    let refused = hearing.recogniser(Some("whisper")).unwrap_err();
    assert!(refused.to_string().contains(&how), "{refused}");

    let folder = models.path().join(WHISPER_MODEL);
    std::fs::create_dir(&folder).unwrap();
    for (name, _) in car_voice::stt::whisper::FILES {
        std::fs::write(folder.join(name), "").unwrap();
    }
    assert!(offered(&hearing).0);
    for wanted in [None, Some(LOCAL), Some("whisper")] {
        assert!(hearing.recogniser(wanted).unwrap().is_some());
    }
}
