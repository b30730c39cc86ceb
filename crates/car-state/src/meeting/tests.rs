use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use car_protocol::Timestamp;
use futures_util::FutureExt as _;
use futures_util::future::ready;
use parking_lot::Mutex;
use proptest::prelude::*;
use serde_json::value::RawValue;

use super::*;
use crate::clock::FixedClock;
use crate::log::LogError;
use crate::memgine::{
    ConversationTurn, FactHit, FactId, Ingested, Memgine, MemgineError, NewFact, SegmentKey, Told,
};
use crate::voice::VoiceEventSink;

/// Keeps every event, byte by byte.
#[derive(Debug, Default)]
struct Upstream(Mutex<Vec<(String, String)>>);

impl VoiceEventSink for Upstream {
    fn send(&self, voice: &str, event: &RawValue) -> Result<(), LogError> {
        let event = (voice.to_owned(), event.get().to_owned());
        self.0.lock().push(event);
        Ok(())
    }
}

/// A memory of segments alone, which can be out of order.
#[derive(Debug, Default)]
struct Memory {
    segments: Mutex<BTreeMap<(String, String), (u32, String)>>,
    /// How often something was kept.
    changes: Mutex<usize>,
    broken: AtomicBool,
}

impl Memory {
    fn texts(&self) -> Vec<String> {
        let segments = self.segments.lock();
        segments.values().map(|(_, text)| text.clone()).collect()
    }
}

impl Memgine for Memory {
    fn add_fact(&self, _: NewFact) -> Told<'_, FactId> {
        ready(Err(MemgineError::Unsupported)).boxed()
    }

    fn query<'a>(&'a self, _: &'a str, _: usize) -> Told<'a, Vec<FactHit>> {
        ready(Ok(Vec::new())).boxed()
    }

    fn build_context<'a>(&'a self, _: &'a str, _: usize) -> Told<'a, String> {
        ready(Ok(String::new())).boxed()
    }

    fn ingest_conversation(&self, _: ConversationTurn) -> Told<'_, ()> {
        ready(Err(MemgineError::Unsupported)).boxed()
    }

    fn fact_count(&self) -> Told<'_, u64> {
        ready(Ok(0)).boxed()
    }

    fn ingest_segment(&self, key: SegmentKey, turn: ConversationTurn) -> Told<'_, Ingested> {
        if self.broken.load(Ordering::Relaxed) {
            return ready(Err(MemgineError::Unsupported)).boxed();
        }
        let place = (key.origin(), key.segment.clone());
        let mut segments = self.segments.lock();
        let known = segments.get(&place).map(|(revision, _)| *revision);
        if known.is_some_and(|known| known >= key.revision) {
            return ready(Ok(Ingested::Known)).boxed();
        }
        segments.insert(place, (key.revision, turn.text));
        *self.changes.lock() += 1;
        ready(Ok(Ingested::Added(FactId("f".into())))).boxed()
    }
}

fn transcript(segment: u64, revision: u32, text: &str) -> String {
    format!(
        r#"{{"type":"transcript","text":"{text}","duration_ms":5,"role":"unknown","segment_id":"{segment}","revision":{revision}}}"#
    )
}

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

/// Hears these events as source `mic` of a meeting whose files may be there; the process ends without its end where
/// `killed`.
async fn hear(
    root: &std::path::Path,
    memory: &Arc<Memory>,
    events: &[String],
    killed: bool,
) -> Vec<(String, String)> {
    let id = MeetingId::new("m").unwrap();
    let folder = match MeetingFolder::open(root, &id) {
        Ok(folder) => folder,
        Err(_) => {
            let metadata = MeetingMetadata {
                memory: Some("shared".into()),
                ..MeetingMetadata::new(id, Timestamp::UNIX_EPOCH)
            };
            MeetingFolder::create(root, metadata).unwrap()
        }
    };
    let engine = Arc::clone(memory) as Arc<dyn Memgine>;
    let minutes = Arc::new(Minutes::new(folder, Some(engine), 1));
    let upstream = Arc::new(Upstream::default());
    let clock = Arc::new(FixedClock(Timestamp::from_unix_millis(1_000)));
    let up = Arc::clone(&upstream) as Arc<dyn VoiceEventSink>;
    let sink = WsMemgineIngestSink::new(up, Arc::clone(&minutes), clock, "mic");
    for event in events {
        sink.send("meeting:m:mic", &raw(event)).unwrap();
    }
    drop(sink);
    minutes.write().await;
    if !killed {
        minutes.end(None, false).await.unwrap();
    }
    std::mem::take(&mut *upstream.0.lock())
}

fn kept(root: &std::path::Path) -> Vec<String> {
    let folder = MeetingFolder::open(root, &MeetingId::new("m").unwrap()).unwrap();
    let segments = folder.transcript().segments().iter();
    segments.map(|segment| segment.text.clone()).collect()
}

#[tokio::test]
async fn ten_thousand_events_go_upstream_as_they_came_and_each_segment_is_kept_once() {
    let root = tempfile::tempdir().unwrap();
    let memory = Arc::new(Memory::default());
    let mut events = Vec::new();
    for n in 0..2_500 {
        events.push(r#"{ "type":"speech_start" , "at_ms": 1 }"#.to_owned());
        events.push(format!(
            r#"{{"type":"partial","text":"{n}","segment_id":"{n}"}}"#
        ));
        events.push(transcript(n, 0, &format!("said {n}")));
        // The stream tells it again, for example to a client that has come back.
        events.push(transcript(n, 0, &format!("said {n}")));
    }
    let (first, second) = events.split_at(5_000);
    let mut told = hear(root.path(), &memory, first, true).await;
    told.extend(hear(root.path(), &memory, second, false).await);
    let sent: Vec<_> = events
        .iter()
        .map(|event| ("meeting:m:mic".to_owned(), event.clone()))
        .collect();
    assert!(
        told == sent,
        "upstream is what it would be without the sink"
    );
    let wanted: Vec<_> = (0..2_500).map(|n| format!("said {n}")).collect();
    assert_eq!(kept(root.path()), wanted);
    assert_eq!(memory.segments.lock().len(), 2_500);
    assert_eq!(*memory.changes.lock(), 2_500);
}

#[tokio::test]
async fn lines_without_an_id_count_each_however_close_they_are_and_however_often_they_are_told() {
    let root = tempfile::tempdir().unwrap();
    let memory = Arc::new(Memory::default());
    // The clock stands still: all are of one millisecond.
    let unnamed = |text: &str| format!(r#"{{"type":"transcript","text":"{text}"}}"#);
    let events: Vec<_> = ["one", "two", "two"].map(unnamed).into();
    hear(root.path(), &memory, &events, true).await;
    let mut texts = memory.texts();
    texts.sort();
    assert_eq!(texts, ["one", "two", "two"]);
    // A memory that is brought up to the transcript has all of them already.
    let folder = MeetingFolder::open(root.path(), &MeetingId::new("m").unwrap()).unwrap();
    let engine = Arc::clone(&memory) as Arc<dyn Memgine>;
    Minutes::new(folder, Some(engine), 0)
        .end(None, true)
        .await
        .unwrap();
    assert_eq!(memory.segments.lock().len(), 3);
    assert_eq!(*memory.changes.lock(), 3);
}

#[tokio::test]
async fn a_correction_takes_the_place_of_what_was_heard_first_and_blanks_and_partials_are_nothing()
{
    let root = tempfile::tempdir().unwrap();
    let memory = Arc::new(Memory::default());
    let events = [
        transcript(0, 0, "gut"),
        transcript(1, 0, "   "),
        r#"{"type":"partial","text":"no","segment_id":"2"}"#.to_owned(),
        transcript(0, 1, "good"),
        transcript(0, 0, "gut"),
        r#"{"type":"transcript","text":7}"#.to_owned(),
        "[1]".to_owned(),
        r#"{"type":"done"}"#.to_owned(),
    ];
    hear(root.path(), &memory, &events, false).await;
    assert_eq!(kept(root.path()), ["good"]);
    assert_eq!(memory.texts(), ["good"]);
}

#[tokio::test]
async fn a_memory_that_fails_gets_all_of_it_at_the_end() {
    let root = tempfile::tempdir().unwrap();
    let memory = Arc::new(Memory::default());
    memory.broken.store(true, Ordering::Relaxed);
    hear(root.path(), &memory, &[transcript(0, 0, "one")], true).await;
    assert_eq!(memory.texts(), Vec::<String>::new());
    memory.broken.store(false, Ordering::Relaxed);
    let again = [transcript(0, 0, "one"), transcript(1, 0, "two")];
    hear(root.path(), &memory, &again, true).await;
    // The transcript had the first already: only who looks at all of it finds what the memory lacks.
    assert_eq!(memory.texts(), ["two"]);
    let memories = crate::memgine::Memories::one(Arc::clone(&memory) as Arc<dyn Memgine>);
    let clock = Arc::new(FixedClock(Timestamp::from_unix_millis(2_000)));
    let meetings = Arc::new(Meetings::new(
        root.path().to_owned(),
        Arc::new(memories),
        clock,
        Arc::new(crate::clock::CountingIds::default()),
    ));
    let tended = meetings.tend_once().await.unwrap();
    assert_eq!((tended.ended, tended.remembered, tended.failed), (1, 1, 0));
    assert_eq!(memory.texts(), ["one", "two"]);
    assert_eq!(meetings.tend_once().await.unwrap(), Tended::default());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn however_often_the_process_ends_transcript_and_memory_agree(
        said in prop::collection::vec((0..8_u64, 0..4_u32), 1..60),
        cuts in prop::collection::vec(0..60_usize, 0..4),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let root = tempfile::tempdir().unwrap();
        let memory = Arc::new(Memory::default());
        let mut latest: BTreeMap<u64, u32> = BTreeMap::new();
        let mut events = Vec::new();
        for (segment, revision) in said {
            let newest = latest.entry(segment).or_default();
            *newest = revision.max(*newest);
            events.push(transcript(segment, revision, &format!("{segment}.{revision}")));
        }
        // After each end of the process a part of what was told before is told again.
        for cut in cuts {
            let part = &events[..cut.min(events.len())];
            runtime.block_on(hear(root.path(), &memory, part, true));
        }
        runtime.block_on(hear(root.path(), &memory, &events, false));
        let wanted: Vec<String> = latest.iter().map(|(s, r)| format!("{s}.{r}")).collect();
        let mut kept = kept(root.path());
        kept.sort();
        prop_assert_eq!(&kept, &wanted);
        prop_assert_eq!(&memory.texts(), &wanted);
    }
}
