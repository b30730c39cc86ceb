//! Storage that takes nothing, or not so much.

use super::super::append::PENDING_EVENTS;
use super::*;

#[tokio::test]
async fn full_storage_refuses_events_publishes_nothing_that_must_be_synced_and_recovers() {
    let rig = Rig::new();
    let ledger = StreamName::owned(&LEDGER, "a");
    rig.append_all(&ledger, 1..=10).await;
    let size = fs::metadata(rig.database.path()).unwrap().len();
    rig.database.limit_file(Some(size));
    let big = json!({ "n": 11, "text": "x".repeat(1 << 20) });
    let big = Draft::new("big", Timestamp::from_unix_millis(1_000), &big).unwrap();
    let unlucky = rig.log.append(&ledger, big).unwrap();
    let refused = rig.log.settled(&ledger, unlucky).await;
    assert_eq!(refused, Err(LogError::StorageFull));
    assert_eq!(
        rig.log.append(&ledger, draft(1_000, 0)),
        Err(LogError::StorageFull)
    );
    assert_eq!(rig.log.admits(&ledger), Err(LogError::StorageFull));
    // What needs no storage goes on, and what has happened already keeps its place.
    rig.append(&StreamName::owned(&SESSION, "s"), 1);
    let happened = rig
        .log
        .append(&ledger, draft(1_000, 12).happened())
        .unwrap();
    assert_eq!(happened.seq, 12);
    assert_eq!(
        rig.log.settled(&ledger, happened).await,
        Err(LogError::StorageFull)
    );
    assert_eq!(rig.all(&ledger).await, (1..=10).collect::<Vec<_>>());

    rig.database.limit_file(None);
    while rig.log.admits(&ledger).is_err() {
        tokio::task::yield_now().await;
    }
    rig.append_all(&ledger, 13..=13).await;
    assert_eq!(rig.all(&ledger).await, (1..=13).collect::<Vec<_>>());
    let rig = rig.reopen(2_000);
    assert_eq!(rig.all(&ledger).await, (1..=13).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_the_system_took_before_storage_was_full_is_published_and_stored_later() {
    let rig = Rig::new();
    rig.append_all(&noted(), 1..=10).await;
    rig.stored().await;
    let size = fs::metadata(rig.database.path()).unwrap().len();
    rig.database.limit_file(Some(size));
    let big = json!({ "n": 11, "text": "x".repeat(1 << 20) });
    let big = Draft::new("big", Timestamp::from_unix_millis(1_000), &big).unwrap();
    rig.log.append(&noted(), big).unwrap();
    while rig.log.admits(&noted()).is_ok() {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        rig.log.append(&noted(), draft(1_000, 0)),
        Err(LogError::StorageFull)
    );
    let happened = draft(1_000, 12).happened();
    assert_eq!(rig.log.append(&noted(), happened).unwrap().seq, 12);
    assert_eq!(rig.all(&noted()).await, (1..=12).collect::<Vec<_>>());
    // Killed now, it is there at the next start.
    let killed = journal::killed(&rig);
    assert_eq!(killed.all(&noted()).await, (1..=12).collect::<Vec<_>>());

    rig.database.limit_file(None);
    while rig.log.admits(&noted()).is_err() {
        tokio::task::yield_now().await;
    }
    rig.append_all(&noted(), 13..=13).await;
    let rig = rig.reopen(2_000);
    assert_eq!(rig.all(&noted()).await, (1..=13).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_waits_for_storage_is_bounded() {
    let rig = Rig::new();
    let (release, held) = mpsc::channel::<()>();
    let hold = move |_: &rusqlite::Connection| {
        let _ = held.recv();
        Ok(())
    };
    drop(rig.database.submit(Durability::Os, 0, hold).unwrap());
    let mut taken = 0;
    let refused = loop {
        match rig.log.append(&noted(), draft(1_000, taken)) {
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, LogError::Busy { .. }) && taken == PENDING_EVENTS as u64);
    drop(release);
    let end = Cursor {
        seq: taken,
        ..rig.log.head(&noted())
    };
    rig.log.settled(&noted(), end).await.unwrap();
    rig.append_all(&noted(), taken..=taken).await;
}
