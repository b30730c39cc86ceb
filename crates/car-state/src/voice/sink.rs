use std::fmt::Debug;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::clock::Clock;
use crate::log::{Draft, EventLog, LogError, StreamName, VOICE};

/// Where the events of voice streams go, in order. It must not wait.
pub trait VoiceEventSink: Debug + Send + Sync + 'static {
    /// The next event of a voice stream, as JSON. Whoever passes it on passes on these bytes.
    ///
    /// # Errors
    /// The log refuses.
    fn send(&self, voice: &str, event: &RawValue) -> Result<(), LogError>;
}

/// The events of one session's voice streams, for its client and for whoever else may read them: each is a `voice.event` in
/// the log. A connection that is subscribed to the stream gets them like those of any other.
#[derive(Debug)]
pub struct WsVoiceEventSink {
    log: Arc<dyn EventLog>,
    clock: Arc<dyn Clock>,
    session: Box<str>,
}

#[derive(Serialize)]
struct Params<'a> {
    session_id: &'a str,
    event: &'a RawValue,
}

#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow, default)]
    r#type: std::borrow::Cow<'a, str>,
}

impl WsVoiceEventSink {
    /// For the session of this id. The log has to know the family [`VOICE`].
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>, clock: Arc<dyn Clock>, session: &str) -> Self {
        Self {
            log,
            clock,
            session: session.into(),
        }
    }

    /// The stream in which the events of a voice stream are.
    #[must_use]
    pub fn stream(&self, voice: &str) -> StreamName {
        StreamName::owned(&VOICE, &format!("{}/{voice}", self.session))
    }
}

impl VoiceEventSink for WsVoiceEventSink {
    fn send(&self, voice: &str, event: &RawValue) -> Result<(), LogError> {
        if !event.get().trim_start().starts_with('{') {
            return Err(LogError::NotAnObject);
        }
        let kind: Kind<'_> =
            serde_json::from_str(event.get()).map_err(|_| LogError::NotAnObject)?;
        let params = Params {
            session_id: voice,
            event,
        };
        let draft = Draft::new(&kind.r#type, self.clock.now(), &params)?;
        self.log.append(&self.stream(voice), draft.happened())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use car_protocol::Timestamp;

    use super::*;
    use crate::clock::FixedClock;
    use crate::log::MemoryLog;

    fn sink() -> WsVoiceEventSink {
        let log = Arc::new(MemoryLog::with_epoch(1));
        let clock = Arc::new(FixedClock(Timestamp::UNIX_EPOCH));
        WsVoiceEventSink::new(log, clock, "s1")
    }

    fn event(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn ten_thousand_rapid_events_are_kept_in_order() {
        let sink = sink();
        for n in 0..10_000 {
            let event = event(&format!(r#"{{"type":"partial","text":"{n}"}}"#));
            sink.send("v", &event).unwrap();
        }
        let stream = sink.stream("v");
        let (mut after, mut read) = (None, 0);
        loop {
            let page = sink.log.read(&stream, after, 500).unwrap();
            assert_eq!(page.missed, 0);
            for entry in &page.entries {
                read += 1;
                assert_eq!(entry.seq, read);
                let text = format!(r#""text":"{}""#, read - 1);
                assert!(entry.params().contains(&text), "{}", entry.params());
            }
            if !page.more {
                break;
            }
            after = Some(page.next);
        }
        assert_eq!(read, 10_000);
    }

    #[test]
    fn an_event_is_passed_on_byte_by_byte() {
        let sink = sink();
        let text = r#"{ "type":"done",  "x":1.50, "x":"\u00e9" }"#;
        sink.send("meeting:m:mic", &event(text)).unwrap();
        let page = sink
            .log
            .read(&sink.stream("meeting:m:mic"), None, 1)
            .unwrap();
        assert_eq!(page.entries[0].kind, "done");
        let frame = &page.entries[0].frame;
        assert!(frame.contains(text) && frame.contains(r#""method":"voice.event""#));
        assert!(frame.contains(r#""session_id":"meeting:m:mic""#), "{frame}");
    }

    #[test]
    fn only_the_session_reads_its_streams_and_what_is_no_object_is_refused() {
        let sink = sink();
        assert_eq!(sink.stream("v").session(), Some("s1"));
        let refused = sink.send("v", &event("[1]"));
        assert_eq!(refused, Err(LogError::NotAnObject));
    }
}
