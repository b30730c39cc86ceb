//! A flush that gives way to whoever waits for the disk.

use rusqlite::Connection;

use super::*;
use crate::db::Job as _;
use crate::db::tests::hold;

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
