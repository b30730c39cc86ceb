//! A flush that gives way to whoever waits for the disk, and one that waits for company.

use rusqlite::Connection;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::*;
use crate::db::Job;
use crate::db::tests::hold;

/// A job that would wait longer than the test.
struct Patient(oneshot::Sender<()>);

impl Job for Patient {
    fn run(&mut self, _: &Connection) -> rusqlite::Result<()> {
        Ok(())
    }

    fn patience(&self) -> Duration {
        LONG * 100
    }

    fn delayed(&mut self, _: &DbError) {}

    fn done(self: Box<Self>, _: Result<(), DbError>) {
        let _ = self.0.send(());
    }
}

#[tokio::test]
async fn a_truncation_behind_the_place_where_it_stops_is_left_to_the_next_one() {
    let rig = Rig::new();
    let other = StreamName::owned(&NOTED, "other");
    for name in [&noted(), &other] {
        rig.append_all(name, 1..=5).await;
    }
    rig.stored().await;
    let release = hold(&rig.database);
    rig.append_all(&noted(), 6..=100).await;
    rig.log.truncate(&other, 2);
    let nothing = |_: &Connection| Ok(());
    let waits = rig.database.submit(Durability::Fsync, 0, nothing).unwrap();
    assert!(rig.database.hurries());
    // What it writes here goes nowhere.
    let nowhere = Connection::open_in_memory().unwrap();
    nowhere.execute_batch(schema::EVENTS).unwrap();
    let mut flush = Flush::new(Arc::clone(&rig.log.0), Durability::Os);
    flush.run(&nowhere).unwrap();
    let stored = "SELECT count(*) FROM events";
    let stored: u64 = nowhere.query_row(stored, [], |row| row.get(0)).unwrap();
    assert!(stored < 95);
    drop((flush, release));
    waits.await.unwrap();
    let rig = rig.reopen(2_000);
    assert_eq!(rig.all(&noted()).await.len(), 100);
    assert_eq!(rig.all(&other).await, [4, 5]);
}

#[tokio::test]
async fn half_of_what_may_wait_waits_for_no_company() {
    let rig = Rig::new();
    let flush = Flush::new(Arc::clone(&rig.log.0), Durability::Os);
    let release = hold(&rig.database);
    let large = json!({ "text": "x".repeat(1 << 20) });
    let mut events = 0;
    while !flush.patience().is_zero() {
        let draft = Draft::new("large", Timestamp::from_unix_millis(1_000), &large).unwrap();
        events += 1;
        rig.log.append(&noted(), draft).unwrap();
    }
    assert_eq!(events, 16);
    assert!(rig.database.is_pressed());
    drop(release);
    rig.stored().await;
    assert!(!flush.patience().is_zero());
}

#[tokio::test]
async fn a_job_that_waits_for_company_is_done_when_that_is_pressed() {
    let rig = Rig::new();
    let (tell, told) = oneshot::channel();
    let patient = Box::new(Patient(tell));
    rig.database.submit_anyway(Durability::Os, patient);
    rig.database.press();
    timeout(LONG, told).await.unwrap().unwrap();
}

#[tokio::test]
async fn who_waits_for_the_disk_passes_a_job_that_waits_for_company() {
    let rig = Rig::new();
    let (tell, mut told) = oneshot::channel();
    let patient = Box::new(Patient(tell));
    rig.database.submit_anyway(Durability::Os, patient);
    for durability in [Durability::Fsync, Durability::Os] {
        let nothing = |_: &Connection| Ok(());
        let other = rig.database.submit(durability, 0, nothing).unwrap();
        other.await.unwrap();
        assert_eq!(told.try_recv(), Err(oneshot::error::TryRecvError::Empty));
    }
    rig.database.close(LONG).unwrap();
    told.await.unwrap();
}
