use car_state::memgine::{Ingested, SegmentKey};

use super::*;

fn key(conversation: &str, segment: &str, revision: u32) -> SegmentKey {
    SegmentKey {
        conversation: conversation.to_owned(),
        source: "mic".to_owned(),
        segment: segment.to_owned(),
        revision,
    }
}

fn hear(engine: &Engine, key: &SegmentKey, text: &str) -> Ingested {
    let turn = ConversationTurn {
        speaker: key.origin(),
        text: text.to_owned(),
        at: Timestamp::UNIX_EPOCH,
    };
    engine.ingest_segment(key, &turn).unwrap()
}

fn first(number: u32) -> FactId {
    FactId(format!("m-{number}"))
}

#[test]
fn a_segment_is_kept_once_in_its_latest_revision() {
    let engine = engine();
    let heard = hear(
        &engine,
        &key("meeting/7", "s1", 0),
        "the bridge opens in March",
    );
    assert_eq!(heard, Ingested::Added(first(1)));
    let again = hear(
        &engine,
        &key("meeting/7", "s1", 0),
        "the bridge opens in March",
    );
    assert_eq!(again, Ingested::Known);
    hear(&engine, &key("meeting/7", "s2", 0), "and the tunnel later");
    let better = hear(
        &engine,
        &key("meeting/7", "s1", 2),
        "the bridge opens in May",
    );
    assert_eq!(better, Ingested::Replaced(first(1)));
    let late = hear(
        &engine,
        &key("meeting/7", "s1", 1),
        "the fridge opens in May",
    );
    assert_eq!(late, Ingested::Known);
    let found = engine.search("bridge", 5);
    assert_eq!(found[0].fact.body, "the bridge opens in May");
    assert_eq!(found[0].fact.source, "meeting/7/mic");
    assert_eq!(found[0].fact.event.as_deref(), Some("meeting/7#s1"));
    assert!(
        engine
            .search("march", 5)
            .iter()
            .all(|found| found.score.lexical == 0.0)
    );
    assert_eq!(all(&engine).len(), 2);
    assert!(engine.is_consistent());
}

#[test]
fn the_same_segment_of_another_meeting_or_source_is_another() {
    let engine = engine();
    let system = SegmentKey {
        source: "system".to_owned(),
        ..key("meeting/7", "s1", 0)
    };
    for key in [key("meeting/7", "s1", 0), key("meeting/8", "s1", 0), system] {
        assert!(matches!(hear(&engine, &key, "hello"), Ingested::Added(_)));
    }
}

#[test]
fn a_forgotten_segment_does_not_come_back_when_it_is_told_again() {
    let engine = engine();
    hear(&engine, &key("meeting/7", "s1", 0), "my secret");
    engine.forget(&first(1)).unwrap();
    for revision in [0, 3] {
        let again = hear(&engine, &key("meeting/7", "s1", revision), "my secret");
        assert_eq!(again, Ingested::Known);
    }
    let copy = self::engine();
    copy.import(&engine.export().unwrap()).unwrap();
    let again = hear(&copy, &key("meeting/7", "s1", 0), "my secret");
    assert_eq!(again, Ingested::Known);
    assert_eq!(all(&copy), []);
}

#[test]
fn a_meeting_is_erased_with_what_was_derived_from_it() {
    let engine = engine();
    hear(
        &engine,
        &key("meeting/7", "s1", 0),
        "the bridge opens in May",
    );
    hear(&engine, &key("meeting/71", "s1", 0), "the ferry is late");
    let concluded = engine.add(fact("bridge", "Drive in May"), from(&first(1)));
    let said = NewFact {
        source: "meeting/7".to_owned(),
        ..fact("summary", "Bridges were talked about")
    };
    let summary = engine.add(said, Details::default()).unwrap();
    let erased = engine.forget_source("meeting/7").unwrap();
    let mut facts = erased.facts;
    facts.sort();
    assert_eq!(facts, [first(1), concluded.unwrap(), summary]);
    assert_eq!(erased.vectors, 3);
    assert_eq!(all(&engine).len(), 1);
    assert_eq!(engine.forget_source("meeting/7").unwrap().facts, []);
    let again = hear(
        &engine,
        &key("meeting/7", "s1", 0),
        "the bridge opens in May",
    );
    assert!(matches!(again, Ingested::Added(_)));
    assert!(engine.is_consistent());
}

#[test]
fn segments_survive_an_export() {
    let (engine, copy) = (engine(), engine());
    hear(
        &engine,
        &key("meeting/7", "s1", 4),
        "the bridge opens in May",
    );
    copy.import(&engine.export().unwrap()).unwrap();
    let again = hear(&copy, &key("meeting/7", "s1", 4), "the bridge opens in May");
    assert_eq!(again, Ingested::Known);
    let better = hear(
        &copy,
        &key("meeting/7", "s1", 5),
        "the bridge opens in June",
    );
    assert_eq!(better, Ingested::Replaced(first(1)));
}

#[tokio::test]
async fn the_seam_tells_segments_apart() {
    let engine: Arc<dyn Memgine> = Arc::new(engine());
    let turn = ConversationTurn {
        speaker: "meeting/7/mic".to_owned(),
        text: "hello".to_owned(),
        at: Timestamp::UNIX_EPOCH,
    };
    let heard = engine.ingest_segment(key("meeting/7", "s1", 0), turn.clone());
    assert_eq!(heard.await.unwrap(), Ingested::Added(first(1)));
    let again = engine.ingest_segment(key("meeting/7", "s1", 0), turn);
    assert_eq!(again.await.unwrap(), Ingested::Known);
    let erased = engine.forget_source("meeting/7").await.unwrap();
    assert_eq!(erased.facts, [first(1)]);
}
