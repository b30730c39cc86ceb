//! The log against a list that does the same.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// More than memory keeps.
static SHORT: Family = Family {
    name: "short",
    notification: Some("short.event"),
    durability: Durability::Os,
    retention: Retention {
        count: 1_500,
        bytes: 1 << 30,
        age: Duration::from_secs(3_600),
    },
    reader: Reader::Everybody,
    keys: &[],
    snapshot: false,
};

#[derive(Clone, Debug)]
enum Step {
    Append(usize, u64),
    /// From this share of the stream on, in thousandths; so many.
    Read(usize, Option<u64>, usize),
    Truncate(usize, u64),
    Remove(usize),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let stream = 0..2_usize;
    prop_oneof![
        4 => (stream.clone(), 1..1_200_u64).prop_map(|(s, n)| Step::Append(s, n)),
        6 => (stream.clone(), proptest::option::of(0..1_001_u64), 1..400_usize)
            .prop_map(|(s, at, n)| Step::Read(s, at, n)),
        2 => (stream.clone(), 0..1_600_u64).prop_map(|(s, n)| Step::Truncate(s, n)),
        2 => stream.prop_map(Step::Remove),
        2 => Just(Step::Reopen),
    ]
}

/// A stream as it should be: the numbers from `first` to `last`, each with itself as its content.
#[derive(Clone, Copy, Debug)]
struct Expected {
    epoch: u64,
    first: u64,
    last: u64,
}

impl Expected {
    fn keep(&mut self, count: u64) {
        self.first = self.first.max((self.last + 1).saturating_sub(count));
    }
}

async fn check_read(
    rig: &Rig,
    name: &StreamName,
    expected: Expected,
    at: Option<u64>,
    limit: usize,
) {
    let seq = at.map(|share| expected.last * share / 1_000);
    let after = seq.map(|seq| Cursor {
        epoch: expected.epoch,
        seq,
    });
    let page = rig.log.fetch(name, after, limit).await.unwrap();
    let oldest = expected.first - 1;
    let from = seq.unwrap_or(oldest).max(oldest);
    let until = expected.last.min(from + limit as u64);
    let seqs: Vec<u64> = page.entries.iter().map(|entry| entry.seq).collect();
    assert_eq!(seqs, (from + 1..=until).collect::<Vec<_>>());
    assert_eq!(page.missed, seq.map_or(0, |seq| from - seq));
    assert_eq!((page.next.seq, page.more), (until, until < expected.last));
    for entry in &page.entries {
        let event: Value = serde_json::from_str(entry.params()).unwrap();
        assert_eq!(
            (&event["n"], &event["seq"]),
            (&json!(entry.seq), &json!(entry.seq))
        );
    }
}

async fn run(steps: Vec<Step>) {
    let folder = tempfile::tempdir().unwrap();
    let open = |folder: TempDir, now| {
        let database = Database::open(folder.path(), DatabaseOptions::default()).unwrap();
        let clock = Arc::new(FixedClock(Timestamp::from_unix_millis(now)));
        let families = Families::default().with(&[&SHORT]);
        let log = SqliteLog::open(&database, families, clock).unwrap();
        Rig {
            folder,
            database,
            log,
        }
    };
    let mut rig = open(folder, 1_000);
    let names = [StreamName::single(&SHORT), StreamName::owned(&SHORT, "b")];
    let mut expected: [Option<Expected>; 2] = [None, None];
    for step in steps {
        match step {
            Step::Append(s, count) => {
                let epoch = rig.log.head(&names[s]).epoch;
                let stream = expected[s].get_or_insert(Expected {
                    epoch,
                    first: 1,
                    last: 0,
                });
                rig.append_all(&names[s], stream.last + 1..=stream.last + count)
                    .await;
                stream.last += count;
                stream.keep(1_500);
            }
            Step::Read(s, at, limit) => {
                if let Some(expected) = expected[s] {
                    check_read(&rig, &names[s], expected, at, limit).await;
                }
            }
            Step::Truncate(s, keep) => {
                rig.log.truncate(&names[s], keep);
                if let Some(stream) = &mut expected[s] {
                    stream.keep(keep);
                }
            }
            Step::Remove(s) => {
                rig.log.remove(&names[s]);
                if let Some(gone) = expected[s].take() {
                    let cursor = Cursor {
                        epoch: gone.epoch,
                        seq: gone.last,
                    };
                    let refused = rig.log.fetch(&names[s], Some(cursor), 1).await.unwrap_err();
                    assert!(matches!(refused, LogError::Resync { .. }));
                }
            }
            Step::Reopen => {
                rig.database.close(LONG).unwrap();
                let folder = rig.folder;
                drop((rig.log, rig.database));
                rig = open(folder, 1_000);
                // A stream of an owner that holds nothing is not kept.
                expected[1] = expected[1].filter(|stream| stream.first <= stream.last);
            }
        }
        for (name, expected) in names.iter().zip(expected) {
            let Some(expected) = expected else { continue };
            let Cursor { epoch, seq } = rig.log.head(name);
            assert_eq!((epoch, seq), (expected.epoch, expected.last));
            assert_eq!(rig.log.oldest(name).seq, expected.first - 1);
            assert_eq!(
                rig.log.stats(name).events,
                expected.last + 1 - expected.first
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_log_is_a_list_that_survives(steps in vec(step(), 1..25)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(run(steps));
    }
}
