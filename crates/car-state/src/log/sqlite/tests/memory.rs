//! What the log holds in memory, and what it gives up when that is short.

use super::*;

#[tokio::test]
async fn memory_lets_go_of_what_is_stored_and_readers_miss_nothing() {
    let rig = Rig::new();
    let name = StreamName::single(&NOTED);
    rig.append_all(&name, 1..=1_000).await;
    rig.stored().await;
    let budget = Arc::clone(rig.log.budget().unwrap());
    let before = budget.rings();
    assert!(before > 100_000, "{before}");
    let freed = rig.log.let_go(before / 2);
    assert!(freed.events > 300, "{freed:?}");
    assert!(budget.rings() <= before / 2 + 8_192);
    // All of it is still there.
    let expected: Vec<u64> = (1..=1_000).collect();
    assert_eq!(rig.all(&name).await, expected);
    assert_eq!(rig.log.stats(&name).events, 1_000);
    // The newest stays in memory, whatever is asked.
    rig.log.let_go(usize::MAX);
    let newest = Cursor {
        seq: 999,
        ..rig.log.head(&name)
    };
    let page = rig.log.read(&name, Some(newest), 10).unwrap();
    assert_eq!(page.entries.len(), 1);
}

#[tokio::test]
async fn what_is_in_memory_alone_is_evicted_and_counted_as_missed() {
    let rig = Rig::new();
    let (large, small) = (
        StreamName::owned(&SESSION, "large"),
        StreamName::owned(&SESSION, "small"),
    );
    for n in 1..=200 {
        rig.append(&large, n);
    }
    rig.append(&small, 1);
    assert_eq!(rig.log.let_go(usize::MAX), StreamStats::default());
    let largest = rig.log.largest_in_memory();
    let freed = rig.log.evict(largest / 4);
    assert!((40..=60).contains(&freed.events), "{freed:?}");
    let start = Cursor {
        seq: 0,
        ..rig.log.head(&large)
    };
    let page = rig.log.read(&large, Some(start), 1_000).unwrap();
    assert_eq!(page.missed, freed.events);
    assert_eq!(page.entries.len() as u64, 200 - freed.events);
    assert_eq!(rig.log.stats(&small).events, 1);
    // A stream that is gone holds nothing.
    rig.log.remove(&large);
    rig.log.remove(&small);
    assert_eq!(rig.log.budget().unwrap().rings(), 0);
}

#[tokio::test]
async fn each_durability_tells_how_long_events_waited_for_it() {
    let rig = Rig::new();
    rig.append_all(&StreamName::single(&NOTED), 1..=50).await;
    rig.append_all(&StreamName::owned(&LEDGER, "x"), 1..=3)
        .await;
    let counted = |durability: Durability| {
        let waits = rig.log.durable_after();
        let (_, waits) = waits
            .iter()
            .find(|(known, _)| *known == durability)
            .unwrap();
        waits.classes().map(|(_, count)| count).sum::<u64>()
    };
    assert_eq!(
        (counted(Durability::Os), counted(Durability::Fsync)),
        (50, 3)
    );
}
