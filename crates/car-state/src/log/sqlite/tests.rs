mod full;
mod gone;
mod hurry;
mod journal;
mod memory;
mod model;
mod power_loss;

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::sync::mpsc;

use car_protocol::Timestamp;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::clock::FixedClock;
use crate::db::DatabaseOptions;
use crate::log::{Family, HOST, Reader, Retention, SESSION};

const LONG: Duration = Duration::from_secs(30);
/// Large enough that memory holds a part only.
const KEPT: Retention = Retention {
    count: 5_000,
    bytes: 16 << 20,
    age: Duration::from_secs(3_600),
};
static NOTED: Family = Family {
    name: "noted",
    notification: Some("noted.event"),
    durability: Durability::Os,
    retention: KEPT,
    reader: Reader::Everybody,
    keys: &[],
    snapshot: false,
};
static LEDGER: Family = Family {
    name: "ledger",
    notification: None,
    durability: Durability::Fsync,
    retention: KEPT,
    reader: Reader::Owner,
    keys: &[],
    snapshot: false,
};

struct Rig {
    folder: TempDir,
    database: Database,
    log: SqliteLog,
}

fn open(folder: &Path, now: i64) -> (Database, SqliteLog) {
    let database = Database::open(folder, DatabaseOptions::default()).unwrap();
    let families = Families::default().with(&[&NOTED, &LEDGER]);
    let clock = Arc::new(FixedClock(Timestamp::from_unix_millis(now)));
    let log = SqliteLog::open(&database, families, clock).unwrap();
    (database, log)
}

impl Rig {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (database, log) = open(folder.path(), 1_000);
        Self {
            folder,
            database,
            log,
        }
    }

    /// Ends everything and opens it again, later.
    fn reopen(self, now: i64) -> Self {
        self.database.close(LONG).unwrap();
        let folder = self.folder;
        drop((self.log, self.database));
        let (database, log) = open(folder.path(), now);
        Self {
            folder,
            database,
            log,
        }
    }

    fn append(&self, name: &StreamName, n: u64) -> Cursor {
        self.log.append(name, draft(1_000, n)).unwrap()
    }

    async fn append_all(&self, name: &StreamName, numbers: std::ops::RangeInclusive<u64>) {
        let mut last = None;
        for n in numbers {
            let cursor = loop {
                match self.log.append(name, draft(1_000, n)) {
                    Err(LogError::Busy { .. }) => tokio::task::yield_now().await,
                    appended => break appended.unwrap(),
                }
            };
            last = Some(cursor);
        }
        self.log.settled(name, last.unwrap()).await.unwrap();
    }

    /// Waits until the database has everything.
    async fn stored(&self) {
        loop {
            let nothing = |_: &rusqlite::Connection| Ok(());
            let behind = self.database.submit(Durability::Os, 0, nothing).unwrap();
            self.database.press();
            behind.await.unwrap();
            if self.log.0.pending.is_empty() {
                return;
            }
        }
    }

    /// All that is kept, page by page.
    async fn all(&self, name: &StreamName) -> Vec<u64> {
        let (mut after, mut all) = (None, Vec::new());
        loop {
            let page = self.log.fetch(name, after, 700).await.unwrap();
            for entry in &page.entries {
                let event: Value = serde_json::from_str(entry.params()).unwrap();
                assert_eq!(event["seq"], entry.seq);
                all.push(event["n"].as_u64().unwrap());
            }
            after = Some(page.next);
            if !page.more {
                return all;
            }
        }
    }
}

fn draft(at: i64, n: u64) -> Draft {
    Draft::new("test", Timestamp::from_unix_millis(at), &json!({ "n": n })).unwrap()
}

fn noted() -> StreamName {
    StreamName::single(&NOTED)
}

#[tokio::test]
async fn an_event_is_the_same_after_the_process() {
    let rig = Rig::new();
    let names = [noted(), StreamName::owned(&LEDGER, "a")];
    let mut before = Vec::new();
    for name in &names {
        let cursor = rig.append(name, 7);
        assert_eq!(cursor.seq, 1);
        rig.log.settled(name, cursor).await.unwrap();
        assert_eq!(rig.log.head(name), cursor);
        before.push(rig.log.read(name, None, 9).unwrap().entries[0].clone());
    }
    let frame = r#"{"jsonrpc":"2.0","method":"noted.event","params":{"n":7,"stream":"noted","epoch":1000,"seq":1}}"#;
    assert_eq!(before[0].frame, frame);
    let rig = rig.reopen(2_000);
    for (name, before) in names.iter().zip(before) {
        let page = rig.log.read(name, None, 9).unwrap();
        assert_eq!(page.entries[0].frame, before.frame);
        assert_eq!(page.entries[0].params(), before.params());
        assert_eq!(
            (&*page.entries[0].kind, page.entries[0].at),
            ("test", before.at)
        );
        let cursor = rig.append(name, 8);
        assert_eq!((cursor.epoch, cursor.seq), (1_000, 2));
    }
}

#[tokio::test]
async fn a_family_in_memory_begins_a_new_epoch_with_each_start() {
    let rig = Rig::new();
    let name = StreamName::owned(&SESSION, "s");
    let before = rig.append(&name, 1);
    // Not even a clock that was set back makes an epoch come again.
    let rig = rig.reopen(500);
    let after = rig.append(&name, 1);
    assert!(after.epoch > before.epoch);
    let refused = rig.log.read(&name, Some(before), 1).unwrap_err();
    assert!(matches!(refused, LogError::Resync { .. }));
}

/// What a listener saw of the head whenever it was told.
#[derive(Debug)]
struct Heads(Mutex<Vec<u64>>, tokio::sync::Notify);

impl Listener for Heads {
    fn notify(&self) {
        self.0.lock().push(0);
        self.1.notify_one();
    }
}

#[tokio::test]
async fn nothing_that_is_to_survive_a_loss_of_power_is_visible_before_it_is_committed() {
    let rig = Rig::new();
    let ledger = StreamName::owned(&LEDGER, "a");
    let heads = Arc::new(Heads(Mutex::default(), tokio::sync::Notify::new()));
    let watch = rig.log.watch(&ledger, Arc::<Heads>::clone(&heads)).unwrap();
    let (release, held) = mpsc::channel::<()>();
    let hold = move |_: &rusqlite::Connection| {
        let _ = held.recv();
        Ok(())
    };
    drop(rig.database.submit(Durability::Os, 0, hold).unwrap());
    let cursor = rig.append(&ledger, 1);
    assert_eq!((rig.log.head(&ledger).seq, watch.head()), (0, 0));
    assert_eq!(rig.log.read(&ledger, None, 9).unwrap().entries.len(), 0);
    assert_eq!(rig.log.stats(&ledger).events, 0);
    let settled = rig.log.settled(&ledger, cursor);
    assert!(settled.outcome().is_none() && heads.0.lock().is_empty());
    drop(release);
    settled.await.unwrap();
    heads.1.notified().await;
    assert_eq!((rig.log.head(&ledger), watch.head()), (cursor, 1));
    assert_eq!(rig.log.read(&ledger, None, 9).unwrap().entries.len(), 1);
    let later = rig.log.settled(&ledger, cursor);
    assert_eq!(later.outcome(), Some(&Ok(())));
}

#[tokio::test]
async fn memory_holds_the_newest_and_the_rest_is_fetched() {
    let rig = Rig::new();
    rig.append_all(&noted(), 1..=3_000).await;
    rig.stored().await;
    let cold = rig.log.read(&noted(), None, 10).unwrap_err();
    let LogError::Cold { hot } = cold else {
        panic!("{cold:?}")
    };
    assert!(hot.seq >= 3_000 - 1_250, "{hot:?}");
    assert_eq!(
        rig.log.read(&noted(), Some(hot), 1).unwrap().entries[0].seq,
        hot.seq + 1
    );
    assert_eq!(rig.all(&noted()).await, (1..=3_000).collect::<Vec<_>>());
    let rig = rig.reopen(2_000);
    assert_eq!(rig.all(&noted()).await, (1..=3_000).collect::<Vec<_>>());
    let head = rig.log.head(&noted());
    let newest = Cursor { seq: 2_900, ..head };
    assert_eq!(
        rig.log
            .read(&noted(), Some(newest), 500)
            .unwrap()
            .entries
            .len(),
        100
    );
}

#[tokio::test]
async fn a_listener_that_is_far_behind_is_fed_from_storage_until_memory_has_the_rest() {
    let rig = Rig::new();
    rig.append_all(&noted(), 1..=6_000).await;
    rig.stored().await;
    let heads = Arc::new(Heads(Mutex::default(), tokio::sync::Notify::new()));
    let watch = rig.log.watch(&noted(), heads).unwrap();
    let (mut fetched, mut place) = (
        0,
        Cursor {
            seq: 900,
            ..rig.log.head(&noted())
        },
    );
    while place.seq < watch.head() {
        let mut frames = VecDeque::new();
        let missed = match watch.tail().read(place, 64, &mut frames) {
            Err(LogError::Cold { .. }) => {
                let page = watch.tail().fetch(place, 512).await.unwrap();
                (fetched, frames) = (fetched + page.frames.len(), page.frames);
                page.missed
            }
            missed => missed.unwrap(),
        };
        assert_eq!(missed, if place.seq == 900 { 100 } else { 0 });
        place.seq += missed;
        for frame in frames {
            place.seq += 1;
            assert!(
                frame.ends_with(&format!(r#""seq":{}}}}}"#, place.seq)),
                "{frame}"
            );
        }
    }
    assert!((3_000..5_000).contains(&fetched), "{fetched} of 5,000");
}

#[tokio::test]
async fn retention_holds_in_storage_and_what_it_took_is_counted() {
    let rig = Rig::new();
    rig.append_all(&noted(), 1..=12_000).await;
    rig.stored().await;
    {
        let stats = rig.log.stats(&noted());
        assert_eq!((stats.events, rig.log.oldest(&noted()).seq), (5_000, 7_000));
        let start = Cursor {
            seq: 10,
            ..rig.log.oldest(&noted())
        };
        let page = rig.log.fetch(&noted(), Some(start), 5).await.unwrap();
        assert_eq!((page.missed, page.entries[0].seq), (6_990, 7_001));
        let rows = rig.database.read(|connection| {
            let sql =
                "SELECT count(*), sum(octet_length(kind) + octet_length(params) + 24) FROM events";
            connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
        });
        let (count, bytes): (u64, u64) = rows.await.unwrap();
        assert_eq!((count, bytes), (5_000, stats.bytes));
        let rig = rig.reopen(2_000);
        assert_eq!(rig.log.stats(&noted()), stats);
        assert_eq!(
            rig.all(&noted()).await,
            (7_001..=12_000).collect::<Vec<_>>()
        );
    }
}

#[tokio::test]
async fn bytes_and_age_are_bounded_in_storage_too() {
    let rig = Rig::new();
    let big = "x".repeat(1 << 20);
    let mut last = None;
    for _ in 0..20 {
        let at = Timestamp::from_unix_millis(1_000);
        let draft = Draft::new("big", at, &json!({ "text": big })).unwrap();
        last = Some(rig.log.append(&noted(), draft).unwrap());
    }
    rig.log.settled(&noted(), last.unwrap()).await.unwrap();
    rig.stored().await;
    let stats = rig.log.stats(&noted());
    assert!(stats.bytes <= 16 << 20 && stats.events == 15, "{stats:?}");
    // An hour and more later nothing of it is left.
    let rig = rig.reopen(1_000 + 3_600_001);
    assert_eq!(rig.log.stats(&noted()).events, 0);
    assert_eq!(
        (rig.log.oldest(&noted()).seq, rig.log.head(&noted()).seq),
        (20, 20)
    );
}

#[tokio::test]
async fn truncating_is_seen_at_once_and_survives() {
    let rig = Rig::new();
    rig.append_all(&noted(), 1..=3_000).await;
    assert_eq!(rig.log.truncate(&noted(), 2_000).events, 1_000);
    assert_eq!(rig.all(&noted()).await.first(), Some(&1_001));
    assert_eq!(rig.log.truncate(&noted(), 10).events, 1_990);
    rig.append_all(&noted(), 3_001..=3_001).await;
    assert_eq!(rig.log.stats(&noted()).events, 11);
    let rig = rig.reopen(2_000);
    assert_eq!(rig.all(&noted()).await, (2_991..=3_001).collect::<Vec<_>>());
    rig.log.truncate(&noted(), 0);
    assert_eq!(rig.log.stats(&noted()), StreamStats::default());
    let rig = rig.reopen(3_000);
    assert_eq!(
        (rig.log.stats(&noted()).events, rig.log.head(&noted()).seq),
        (0, 3_001)
    );
}

#[tokio::test]
async fn what_waits_behind_a_write_is_written_when_the_log_is_closed() {
    let mut rig = Rig::new();
    for round in 1..=30_u64 {
        // The second of them finds the first on its way, or nearly so.
        for n in 1..=20 {
            rig.append(&noted(), n);
            tokio::task::yield_now().await;
        }
        rig.log.truncate(&noted(), 7);
        rig = rig.reopen(2_000);
        assert_eq!(rig.log.head(&noted()).seq, round * 20);
        let kept = rig.log.stats(&noted()).events;
        // What was not published yet was not truncated.
        assert!((7..=7 + 20).contains(&kept), "{kept}");
    }
}

#[tokio::test]
async fn a_stream_that_is_removed_and_made_again_has_another_epoch() {
    let rig = Rig::new();
    let name = StreamName::owned(&LEDGER, "a");
    let first = rig.append(&name, 1);
    let unsettled = rig.log.settled(&name, first);
    rig.log.remove(&name);
    let _ = unsettled.await;
    let second = rig.append(&name, 2);
    assert!(second.epoch > first.epoch && second.seq == 1);
    rig.log.settled(&name, second).await.unwrap();
    assert_eq!(rig.all(&name).await, [2]);
    let rig = rig.reopen(900);
    assert_eq!(rig.log.head(&name), second);
    assert_eq!(rig.all(&name).await, [2]);
    rig.log.remove(&name);
    assert_eq!(rig.log.stats(&name), StreamStats::default());
    let rig = rig.reopen(901);
    let third = rig.append(&name, 3);
    assert!(third.epoch > second.epoch);
}

#[tokio::test]
async fn many_who_append_at_once_leave_no_gap() {
    let rig = Arc::new(Rig::new());
    let names = [
        noted(),
        StreamName::owned(&LEDGER, "a"),
        StreamName::single(&HOST),
    ];
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (rig, names) = (Arc::clone(&rig), names.clone());
            std::thread::spawn(move || {
                for n in 0..1_000 {
                    for name in &names {
                        rig.append(name, n);
                    }
                }
            })
        })
        .collect();
    for thread in threads {
        tokio::task::spawn_blocking(|| thread.join().unwrap())
            .await
            .unwrap();
    }
    for name in &names {
        let end = Cursor {
            seq: 4_000,
            ..rig.log.head(name)
        };
        rig.log.settled(name, end).await.unwrap();
    }
    assert_eq!(rig.all(&names[0]).await.len(), 4_000);
    assert_eq!(rig.all(&names[1]).await.len(), 4_000);
    assert_eq!(rig.all(&names[2]).await.len(), 500);
}
