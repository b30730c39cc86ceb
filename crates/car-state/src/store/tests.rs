use serde_json::json;

use super::*;

fn store() -> StateStore {
    StateStore::new(StoreLimits::default())
}

fn small() -> StateStore {
    StateStore::new(StoreLimits {
        key_bytes: 8,
        value_bytes: 64,
        keys: 3,
        total_bytes: 400,
        tenants: 1,
    })
}

#[test]
fn a_value_is_read_back_until_it_is_deleted() {
    let (store, common) = (store(), Tenant::common());
    store.set(&common, "b", json!({"x": [1]})).unwrap();
    store.set(&common, "a", json!(null)).unwrap();
    assert_eq!(*store.get(&common, "b").unwrap(), json!({"x": [1]}));
    assert!(store.exists(&common, "a"));
    assert_eq!(store.keys(&common), ["a", "b"]);
    assert_eq!(
        Value::Object(store.snapshot(&common)),
        json!({"a": null, "b": {"x": [1]}})
    );
    assert!(store.delete(&common, "a"));
    assert!(!store.delete(&common, "a"));
    assert_eq!(store.clear(&common), 1);
    assert_eq!(store.clear(&common), 0);
    assert!(store.is_empty());
}

#[test]
fn tenants_do_not_see_each_other() {
    let (store, a) = (store(), Tenant::named("a").unwrap());
    store.set(&a, "k", json!(1)).unwrap();
    assert!(store.get(&Tenant::common(), "k").is_none());
    assert!(store.get(&Tenant::common(), "tenant:a:k").is_none());
    assert!(store.get(&Tenant::named("b").unwrap(), "k").is_none());
    assert_eq!(store.clear(&Tenant::common()), 0);
    assert_eq!(store.keys(&a), ["k"]);
}

#[test]
fn every_bound_is_held_and_named() {
    let (store, common) = (small(), Tenant::common());
    let set = |key: &str, value| store.set(&common, key, value);
    assert_eq!(
        set("", json!(1)),
        Err(StoreError::KeyLength { bytes: 0, limit: 8 })
    );
    assert_eq!(
        set("123456789", json!(1)),
        Err(StoreError::KeyLength { bytes: 9, limit: 8 })
    );
    assert_eq!(
        set("k", json!("x".repeat(63))),
        Err(StoreError::ValueSize {
            bytes: 65,
            limit: 64
        })
    );
    for key in ["a", "b", "c"] {
        set(key, json!(1)).unwrap();
    }
    assert_eq!(
        set("d", json!(1)),
        Err(StoreError::TooManyKeys { limit: 3 })
    );
    set("a", json!("x".repeat(62))).unwrap();
    assert_eq!(
        set("b", json!([0, 0, 0, 0, 0, 0, 0, 0])),
        Err(StoreError::TotalSize { limit: 400 })
    );
    store.clear(&common);
    let tenants = ["t", "u"].map(|name| Tenant::named(name).unwrap());
    store.set(&tenants[0], "k", json!(1)).unwrap();
    assert_eq!(
        store.set(&tenants[1], "k", json!(1)),
        Err(StoreError::TooManyTenants { limit: 1 })
    );
    store.delete(&tenants[0], "k");
    store.set(&tenants[1], "k", json!(1)).unwrap();
}

#[test]
fn what_goes_makes_room_again() {
    let (store, common) = (small(), Tenant::common());
    for round in 0..1000 {
        store
            .set(&common, "a", json!("x".repeat(round % 60)))
            .unwrap();
        store.set(&common, "b", json!(round)).unwrap();
        store.delete(&common, "a");
    }
    assert_eq!(store.clear(&common), 1);
    assert_eq!(store.inner.lock().held, 0);
}

#[test]
fn a_transaction_reads_its_snapshot_and_its_own_writes() {
    let (store, common) = (Arc::new(store()), Tenant::common());
    store.set(&common, "a", json!(1)).unwrap();
    let mut transaction = Transaction::begin(&store, &common);
    store.set(&common, "a", json!(2)).unwrap();
    store.set(&common, "new", json!(2)).unwrap();
    assert_eq!(transaction.get("a"), Some(&json!(1)));
    assert_eq!(transaction.get("new"), None);
    transaction.write("b", json!(3)).unwrap();
    assert_eq!(transaction.get("b"), Some(&json!(3)));
    assert!(!store.exists(&common, "b"));
}

#[test]
fn a_commit_is_all_or_nothing() {
    let (store, common) = (Arc::new(small()), Tenant::common());
    store.set(&common, "a", json!(1)).unwrap();
    let mut transaction = Transaction::begin(&store, &common);
    transaction.write("b", json!(1)).unwrap();
    transaction.write("c", json!(1)).unwrap();
    store.set(&common, "d", json!(1)).unwrap();
    assert_eq!(
        transaction.commit(),
        Err(CommitError::Limit(StoreError::TooManyKeys { limit: 3 }))
    );
    assert_eq!(store.keys(&common), ["a", "d"]);
}

#[test]
fn the_first_committer_wins() {
    let (store, common) = (Arc::new(store()), Tenant::common());
    store.set(&common, "a", json!(1)).unwrap();
    let begin = || Transaction::begin(&store, &common);
    let (mut first, mut reads, mut writes, mut looks, mut other) =
        (begin(), begin(), begin(), begin(), begin());
    first.write("a", json!(2)).unwrap();
    first.write("fresh", json!(2)).unwrap();
    reads.get("a");
    reads.write("x", json!(0)).unwrap();
    writes.write("a", json!(0)).unwrap();
    looks.get("fresh");
    looks.write("y", json!(0)).unwrap();
    other.write("z", json!(0)).unwrap();
    first.commit().unwrap();
    let conflict = |key: &str| Err(CommitError::Conflict { key: key.into() });
    assert_eq!(reads.commit(), conflict("a"));
    assert_eq!(writes.commit(), conflict("a"));
    assert_eq!(looks.commit(), conflict("fresh"));
    assert_eq!(other.commit(), Ok(()));
    assert_eq!(store.keys(&common), ["a", "fresh", "z"]);
    assert_eq!(*store.get(&common, "a").unwrap(), json!(2));
}

#[test]
fn a_transaction_that_wrote_nothing_always_commits() {
    let (store, common) = (Arc::new(store()), Tenant::common());
    let mut transaction = Transaction::begin(&store, &common);
    transaction.get("a");
    store.set(&common, "a", json!(1)).unwrap();
    assert_eq!(transaction.commit(), Ok(()));
}

#[test]
fn a_value_that_came_and_went_and_came_again_is_a_conflict() {
    let (store, common) = (Arc::new(store()), Tenant::common());
    store.set(&common, "a", json!(1)).unwrap();
    let mut transaction = Transaction::begin(&store, &common);
    transaction.get("a");
    transaction.write("b", json!(1)).unwrap();
    store.clear(&common);
    store.set(&common, "a", json!(1)).unwrap();
    assert!(transaction.commit().is_err());
}

#[test]
fn a_snapshot_does_not_copy_values() {
    let (store, common) = (Arc::new(store()), Tenant::common());
    store.set(&common, "a", json!([1, 2])).unwrap();
    let before = store.get(&common, "a").unwrap();
    let transaction = Transaction::begin(&store, &common);
    store.set(&common, "b", json!(1)).unwrap();
    assert!(Arc::ptr_eq(&before, &store.get(&common, "a").unwrap()));
    drop(transaction);
}
