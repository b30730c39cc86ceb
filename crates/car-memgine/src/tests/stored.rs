use std::time::Duration;

use car_state::db::{Database, DatabaseOptions};
use car_state::memgine::{Ingested, MemgineSource, SegmentKey, Space};
use tempfile::TempDir;

use super::*;

fn database(folder: &TempDir) -> Database {
    Database::open(folder.path(), DatabaseOptions::default()).unwrap()
}

fn close(database: Database) {
    database.close(Duration::from_secs(30)).unwrap();
}

fn over(database: &Database, space: &Space) -> Engine {
    open(database, space, Arc::new(WordTable))
}

fn open(database: &Database, space: &Space, embedder: Arc<dyn Embedder>) -> Engine {
    let clock = Arc::new(FixedClock(Timestamp::from_unix_millis(1_000)));
    let store = car_state::memgine::FactStores::of(database, space);
    let limits = Limits::default();
    Engine::open(limits, embedder, Weights::default(), clock, store).unwrap()
}

fn settle(engine: &Engine) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(engine.settled()).unwrap();
}

fn hear(engine: &Engine, segment: &str, revision: u32, text: &str) -> Ingested {
    let key = SegmentKey {
        conversation: "meeting/7".to_owned(),
        source: "mic".to_owned(),
        segment: segment.to_owned(),
        revision,
    };
    let turn = ConversationTurn {
        speaker: key.origin(),
        text: text.to_owned(),
        at: Timestamp::UNIX_EPOCH,
    };
    engine.ingest_segment(&key, &turn).unwrap()
}

#[test]
fn everything_is_there_again_after_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let database = self::database(&folder);
    let engine = over(&database, &Space::Shared);
    let old = add(&engine, "port", "80");
    let details = Details {
        confidence: 0.9,
        valid_until: Some(Timestamp::from_unix_millis(9_000)),
        event: Some("log#7".to_owned()),
        ..Details::default()
    };
    engine
        .supersede(&old, fact("port", "443"), details)
        .unwrap();
    let gone = add(&engine, "secret", "my-xylophone");
    hear(&engine, "s1", 0, "the bridge opens in March");
    hear(&engine, "s2", 0, "nobody must know");
    settle(&engine);
    engine.forget(&gone).unwrap();
    let said = engine.search("nobody must know", 1);
    engine.forget(&said[0].fact.id).unwrap();
    hear(&engine, "s1", 1, "the bridge opens in May");
    let before = (
        all(&engine),
        engine.search("port bridge", 9),
        engine.context("port", 500),
    );
    settle(&engine);
    drop(engine);
    close(database);

    let database = self::database(&folder);
    let engine = over(&database, &Space::Shared);
    let after = (
        all(&engine),
        engine.search("port bridge", 9),
        engine.context("port", 500),
    );
    assert_eq!(before, after);
    assert!(engine.is_consistent());
    assert_eq!(hear(&engine, "s1", 1, "again"), Ingested::Known);
    assert_eq!(hear(&engine, "s2", 0, "again"), Ingested::Known);
    assert_eq!(add(&engine, "a", "b"), FactId("m-6".to_owned()));
    assert_eq!(all(&over(&database, &Space::named("other").unwrap())), []);
    drop(engine);
    close(database);
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let has = |text: &str| {
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        assert!(!has("my-xylophone") && !has("nobody must know") && !has("in March"));
    }
}

async fn rows(database: &Database) -> u32 {
    let sql = "SELECT count(*) FROM memory_facts";
    let rows = database.read(move |connection| connection.query_row(sql, [], |row| row.get(0)));
    rows.await.unwrap()
}

#[tokio::test]
async fn what_was_answered_is_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let database = self::database(&folder);
    let source = Spaces::new(
        Limits::default(),
        Arc::new(FixedClock(Timestamp::UNIX_EPOCH)),
    )
    .kept_in(Arc::new(database.clone()));
    let engine = source.open(&Space::Shared).unwrap();
    for number in 0..50 {
        engine
            .add_fact(fact("n", &number.to_string()))
            .await
            .unwrap();
        assert_eq!(rows(&database).await, number + 1);
    }
    let fact = engine.forget_source("test").await.unwrap();
    assert_eq!(fact.facts.len(), 50);
    assert_eq!(rows(&database).await, 0);
}

/// Another model.
#[derive(Debug)]
struct Letters;

impl Embedder for Letters {
    fn model(&self) -> ModelId {
        ModelId("letters/1".to_owned())
    }

    fn dimension(&self) -> usize {
        26
    }

    fn embed(&self, text: &str) -> Vec<f32> {
        let count = |letter: u8| text.bytes().filter(|other| *other == letter).count() as f32;
        (b'a'..=b'z').map(count).collect()
    }
}

#[test]
fn vectors_of_another_model_are_made_again_and_never_compared() {
    let folder = tempfile::tempdir().unwrap();
    let database = self::database(&folder);
    let engine = over(&database, &Space::Shared);
    for number in 0..600 {
        add(&engine, "zebra", &format!("zigzag {number}"));
    }
    settle(&engine);
    drop(engine);
    let engine = open(&database, &Space::Shared, Arc::new(Letters));
    let found = engine.search("zzz", 3);
    assert_eq!(found, []);
    let report = engine.consolidate().unwrap();
    assert_eq!(
        (report.nodes_embedded, report.embedding_coverage),
        (600, 1.0)
    );
    assert_eq!(engine.search("zzz", 3).len(), 3);
    settle(&engine);
    drop(engine);
    let engine = open(&database, &Space::Shared, Arc::new(Letters));
    assert_eq!(engine.consolidate().unwrap().nodes_embedded, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_file_says_what_the_engine_said_whatever_happened(acts in acts()) {
        let folder = tempfile::tempdir().unwrap();
        let database = self::database(&folder);
        let mut engine = over(&database, &Space::Shared);
        for act in acts {
            if matches!(act, Act::Reload) {
                settle(&engine);
                let before = engine.export().unwrap();
                engine = over(&database, &Space::Shared);
                prop_assert_eq!(engine.export().unwrap(), before);
            } else {
                apply(&mut engine, act)?;
            }
            prop_assert!(engine.is_consistent());
        }
        settle(&engine);
        let again = over(&database, &Space::Shared);
        prop_assert_eq!(again.export().unwrap(), engine.export().unwrap());
        for word in WORDS {
            prop_assert_eq!(again.search(word, 100), engine.search(word, 100));
        }
    }
}

#[test]
fn skills_are_there_again_after_the_end_and_forgotten_ones_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let database = self::database(&folder);
    let engine = over(&database, &Space::Shared);
    let skill = |name: &str, code: &str| {
        let skill = car_state::memgine::DistilledSkill {
            name: name.to_owned(),
            code: code.to_owned(),
            ..Default::default()
        };
        car_state::memgine::NewSkill::distilled(skill, Timestamp::UNIX_EPOCH)
    };
    let skills = vec![
        skill("a", "secret-quince"),
        skill("b", "two"),
        skill("c", "three"),
    ];
    engine.ingest_skills(skills).unwrap();
    settle(&engine);
    engine.ingest_skills(vec![skill("b", "four")]).unwrap();
    engine.report_skill("b", false).unwrap();
    engine.forget_skill("a").unwrap();
    engine.replace(Vec::new()).unwrap();
    let before = engine.skills(None);
    settle(&engine);
    drop(engine);
    close(database);
    let database = self::database(&folder);
    let engine = over(&database, &Space::Shared);
    assert_eq!(engine.skills(None), before);
    assert!(engine.is_consistent());
    assert_eq!(engine.ingest_skills(vec![skill("a", "five")]).unwrap(), [4]);
    drop(engine);
    close(database);
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(13).any(|part| part == b"secret-quince"));
    }
}
