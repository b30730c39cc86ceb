//! A stream that is gone, and whoever still has it in hand.

use super::*;
use crate::db::tests::hold;

impl Rig {
    /// Has a stream written once more, and waits until that is done.
    async fn write_again(&self, durable: &Arc<Durable>) {
        self.log.0.write(durable);
        while durable.listed.load(Ordering::Acquire) {
            tokio::task::yield_now().await;
        }
        let nothing = |_: &rusqlite::Connection| Ok(());
        let behind = self.database.submit(Durability::Os, 0, nothing).unwrap();
        behind.await.unwrap();
    }
}

#[tokio::test]
async fn what_a_stream_held_when_it_went_is_dropped_once() {
    let rig = Rig::new();
    rig.append_all(&noted(), 1..=10).await;
    rig.stored().await;
    let durable = rig.log.durable(&noted()).unwrap();
    let release = hold(&rig.database);
    rig.append_all(&noted(), 11..=20).await;
    rig.log.remove(&noted());
    drop(release);
    rig.stored().await;
    // Its place in the database is taken by another one.
    let other = StreamName::owned(&NOTED, "other");
    rig.append_all(&other, 1..=3).await;
    rig.stored().await;
    // Somebody comes late, three times: with nothing, with an event, with a truncation.
    rig.write_again(&durable).await;
    assert!(rig.log.0.pending.is_empty());
    let late = |ring: &mut crate::log::ring::Ring, entry| {
        let kept = rig.log.0.keep(&durable, ring, entry, false);
        assert!(kept.is_none());
    };
    durable.stream.append(draft(1_000, 21), late);
    assert!(!rig.log.0.pending.is_empty());
    rig.write_again(&durable).await;
    assert!(rig.log.0.pending.is_empty());
    durable.truncate(0);
    rig.write_again(&durable).await;
    assert!(rig.log.0.pending.is_empty());
    assert_eq!(rig.log.admits(&noted()), Ok(()));
    drop(durable);

    let rig = rig.reopen(2_000);
    assert_eq!(rig.all(&other).await, [1, 2, 3]);
    assert!(rig.all(&noted()).await.is_empty());
}

#[tokio::test]
async fn whoever_reads_a_stream_that_goes_is_told_so_instead_of_waiting_for_it() {
    let rig = Rig::new();
    rig.append_all(&noted(), 1..=4_000).await;
    rig.stored().await;
    let durable = rig.log.durable(&noted()).unwrap();
    let start = Cursor {
        seq: 0,
        ..rig.log.head(&noted())
    };
    rig.log.remove(&noted());
    rig.stored().await;
    let page = Arc::clone(&durable).page(None, 10).await.unwrap();
    assert!(page.entries.is_empty() && !page.more);
    let refused = durable.page(Some(start), 10).await;
    assert!(matches!(refused, Err(LogError::Resync { oldest }) if oldest.epoch > start.epoch));
}
