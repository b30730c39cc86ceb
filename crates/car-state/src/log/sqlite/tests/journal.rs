//! What the system has and the database has not.

use std::fs::OpenOptions;

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};

use super::*;
use crate::db::tests::hold;

/// What a kill leaves now, opened elsewhere.
pub(super) fn killed(rig: &Rig) -> Rig {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(rig.folder.path()).unwrap() {
        let from = entry.unwrap().path();
        // Its index is made anew where it is missing.
        if !from.to_str().unwrap().ends_with("-shm") {
            fs::copy(&from, folder.path().join(from.file_name().unwrap())).unwrap();
        }
    }
    let (database, log) = open(folder.path(), 2_000);
    Rig {
        folder,
        database,
        log,
    }
}

fn sizes(rig: &Rig) -> [u64; 2] {
    Journal::paths(rig.folder.path()).map(|path| fs::metadata(path).unwrap().len())
}

#[tokio::test]
async fn what_the_system_has_is_visible_before_it_is_committed_and_survives_a_kill() {
    let rig = Rig::new();
    let heads = Arc::new(Heads(Mutex::default(), tokio::sync::Notify::new()));
    let listener = Arc::<Heads>::clone(&heads);
    let watch = rig.log.watch(&noted(), listener).unwrap();
    let release = hold(&rig.database);
    let cursor = rig.append(&noted(), 1);
    assert_eq!((rig.log.head(&noted()), watch.head()), (cursor, 1));
    assert_eq!(heads.0.lock().len(), 1);
    let settled = rig.log.settled(&noted(), cursor);
    assert_eq!(settled.outcome(), Some(&Ok(())));
    assert_eq!(rig.log.stats(&noted()).events, 1);
    let frame = rig.log.read(&noted(), None, 9).unwrap().entries[0]
        .frame
        .clone();

    let after = killed(&rig);
    let page = after.log.read(&noted(), None, 9).unwrap();
    assert_eq!((page.next, &page.entries[0].frame), (cursor, &frame));
    assert_eq!(sizes(&after), [0, 0]);
    assert_eq!(after.append(&noted(), 2).seq, 2);

    drop(release);
    rig.stored().await;
    // Nobody is told twice, and nothing is left where the database has it.
    assert_eq!(heads.0.lock().len(), 1);
    assert_eq!(rig.log.stats(&noted()).events, 1);
    drop(watch);
    let rig = rig.reopen(3_000);
    assert_eq!(rig.all(&noted()).await, [1]);
}

#[tokio::test]
async fn a_journal_that_the_database_has_all_of_is_emptied() {
    let rig = Rig::new();
    rig.append_all(&noted(), 1..=2_000).await;
    assert!(sizes(&rig).iter().sum::<u64>() > 0);
    let rig = rig.reopen(2_000);
    assert_eq!(sizes(&rig), [0, 0]);
    assert_eq!(rig.all(&noted()).await.len(), 2_000);
    // While it is written, it does not grow beyond what waits.
    let text = "x".repeat(60_000);
    for _ in 0..1_000 {
        let big = || {
            let at = Timestamp::from_unix_millis(1_000);
            Draft::new("big", at, &json!({ "text": text })).unwrap()
        };
        while let Err(error) = rig.log.append(&noted(), big()) {
            assert!(matches!(error, LogError::Busy { .. }));
            rig.stored().await;
        }
        assert!(sizes(&rig).iter().all(|size| *size < 48 << 20));
    }
}

#[tokio::test]
async fn what_the_journal_cannot_take_is_refused_and_its_number_given_again() {
    let rig = Rig::new();
    rig.append_all(&noted(), 1..=3).await;
    rig.stored().await;
    let healthy = rig.log.0.journal.replace([full(), full()]);
    assert_eq!(
        rig.log.append(&noted(), draft(1_000, 4)),
        Err(LogError::StorageFull)
    );
    assert_eq!(rig.log.head(&noted()).seq, 3);
    // What has happened is published when the database has it.
    let happened = draft(1_000, 4).happened();
    let cursor = rig.log.append(&noted(), happened).unwrap();
    assert_eq!(cursor.seq, 4);
    rig.log.settled(&noted(), cursor).await.unwrap();
    let release = hold(&rig.database);
    let waits = rig
        .log
        .append(&noted(), draft(1_000, 5).happened())
        .unwrap();
    rig.log.0.journal.replace(healthy);
    // Nothing overtakes it.
    rig.append(&noted(), 6);
    assert_eq!(rig.log.head(&noted()).seq, 4);
    drop(release);
    rig.log.settled(&noted(), waits).await.unwrap();
    rig.stored().await;
    assert_eq!(rig.all(&noted()).await, (1..=6).collect::<Vec<_>>());
    rig.append(&noted(), 7);
    assert_eq!(rig.log.head(&noted()).seq, 7);
}

fn full() -> Arc<fs::File> {
    let full = OpenOptions::new().append(true).open("/dev/full");
    Arc::new(full.unwrap())
}

#[tokio::test]
async fn a_stream_whose_end_could_not_be_written_ends_where_the_next_one_begins() {
    let rig = Rig::new();
    rig.append_all(&noted(), 1..=3).await;
    rig.stored().await;
    let release = hold(&rig.database);
    let healthy = rig.log.0.journal.replace([full(), full()]);
    rig.log.remove(&noted());
    rig.log.0.journal.replace(healthy);
    rig.append_all(&noted(), 7..=8).await;
    let head = rig.log.head(&noted());
    let after = killed(&rig);
    assert_eq!(after.all(&noted()).await, [7, 8]);
    assert_eq!(after.log.head(&noted()), head);
    assert!(after.log.head(&StreamName::owned(&NOTED, "other")).epoch > head.epoch);
    drop(release);
    rig.stored().await;
    assert_eq!(rig.reopen(2_000).all(&noted()).await, [7, 8]);
}

#[test]
fn the_older_file_is_emptied_first_whichever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(folder.path()).unwrap();
    let paths = Journal::paths(folder.path());
    let text = "x".repeat(1 << 20);
    let at = Timestamp::from_unix_millis(1_000);
    let mut number = 0;
    while fs::metadata(&paths[1]).unwrap().len() == 0 {
        number += 1;
        let entry = super::super::Stream::new(noted(), 7, (number, number - 1), &Arc::default());
        let big = Draft::new("big", at, &json!({ "text": text })).unwrap();
        let (_, entry) = entry.append(big, |_, entry| entry);
        let record = super::super::journal::Record::Event(&entry);
        journal.write("noted", 7, record).unwrap();
    }
    drop(journal);
    for _ in 0..2 {
        let (journal, found) = Journal::open(folder.path()).unwrap();
        let seqs = found.iter().map(|found| found.event.as_ref().unwrap().seq);
        assert!(seqs.eq(1..=number));
        // The one that comes second cannot be emptied, as if the process were killed before.
        let read_only = || Arc::new(fs::File::open(&paths[0]).unwrap());
        let [older, newer] = journal.replace([read_only(), read_only()]);
        journal.replace([Arc::clone(&older), read_only()]);
        let (whole, rest) = (older.metadata().unwrap().len(), newer.metadata().unwrap());
        assert!(whole > rest.len());
        let content = paths.each_ref().map(|path| fs::read(path).unwrap());
        journal.clear().unwrap_err();
        assert_eq!(older.metadata().unwrap().len(), 0);
        assert_eq!(newer.metadata().unwrap().len(), rest.len());
        // The other way round.
        fs::write(&paths[0], &content[1]).unwrap();
        fs::write(&paths[1], &content[0]).unwrap();
    }
}

/// One thing that happens to a stream, and what has to be there afterwards.
fn step(random: &mut SmallRng, rig: &Rig, name: &StreamName, expected: &mut Vec<u64>) {
    match random.random_range(0..12) {
        0 => {
            rig.log.remove(name);
            expected.clear();
        }
        1 => drop(rig.log.let_go(usize::MAX)),
        _ => {
            let next = rig.log.head(name).seq + 1;
            for n in next..next + random.random_range(1..30) {
                rig.append(name, n);
                expected.push(n);
            }
        }
    }
}

#[tokio::test]
async fn a_kill_at_any_place_loses_nothing_and_brings_nothing_back() {
    for seed in 0..4 {
        let mut random = SmallRng::seed_from_u64(seed);
        let rig = Rig::new();
        let names = [noted(), StreamName::owned(&NOTED, "a")];
        let mut expected = [Vec::new(), Vec::new()];
        for _ in 0..60 {
            // While nobody writes: what SQLite has is its own to prove. Held from the start, all is in the journal.
            let held = random.random_bool(0.6).then(|| hold(&rig.database));
            for _ in 0..random.random_range(1..6) {
                let which = random.random_range(0..2);
                step(&mut random, &rig, &names[which], &mut expected[which]);
            }
            let quiet = held.unwrap_or_else(|| hold(&rig.database));
            rig.database.wait_for_checkpoint();
            let heads = names.each_ref().map(|name| rig.log.head(name));
            let after = killed(&rig);
            for ((name, expected), head) in names.iter().zip(&expected).zip(heads) {
                assert_eq!(&after.all(name).await, expected, "seed {seed}");
                if !expected.is_empty() {
                    assert_eq!(after.log.head(name), head);
                }
            }
            drop(quiet);
        }
    }
}

#[test]
fn a_damaged_end_is_left_out_and_what_comes_before_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, found) = Journal::open(folder.path()).unwrap();
    assert!(found.is_empty());
    let stream = super::super::Stream::new(noted(), 7, (1, 0), &Arc::default());
    let ring = |n| {
        stream
            .append(draft(1_000, n), |ring, entry| {
                ring.push(entry.clone());
                entry
            })
            .1
    };
    for n in 1..=20 {
        let record = super::super::journal::Record::Event(&ring(n));
        journal.write("noted", 7, record).unwrap();
    }
    let record = super::super::journal::Record::End;
    journal.write("noted", 7, record).unwrap();
    let [path, _] = Journal::paths(folder.path());
    let whole = fs::read(&path).unwrap();
    let read = |content: &[u8]| {
        fs::write(&path, content).unwrap();
        Journal::open(folder.path()).unwrap().1
    };
    let all = read(&whole);
    assert_eq!(all.len(), 21);
    assert!(all[20].event.is_none() && all[20].epoch == 7);
    assert!(all[3].event.as_ref().unwrap().params.contains(r#""n":4"#));
    for cut in 0..whole.len() {
        let found = read(&whole[..cut]);
        assert_eq!(found, all[..found.len()], "{cut}");
        assert!(found.len() < 21);
        let mut damaged = whole.clone();
        damaged[cut] ^= 1 << (cut % 8);
        let found = read(&damaged);
        assert_eq!(found, all[..found.len()], "{cut}");
        assert!(found.len() < 21);
    }
}
