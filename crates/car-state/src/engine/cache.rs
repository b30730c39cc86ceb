//! Results that may be used again.
//!
//! Two kinds share this shape: those of idempotent actions, and those of tools that declare how long a result stays
//! good. Both are bounded in entries, bytes and time, keyed by everything that the result depends on and compared in
//! full, and kept apart by tenant.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::store::{Tenant, measure};

/// No result is good for longer: it bounds what a client may ask for.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What a result depends on. Objects are equal whatever the order of their members.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Key(Arc<Parts>);

#[derive(Debug, Eq, Hash, PartialEq)]
struct Parts {
    tenant: Tenant,
    /// Of the tool: one that was registered anew begins without a past.
    generation: u64,
    tool: Arc<str>,
    parameters: Value,
}

impl Key {
    pub(super) fn new(tenant: Tenant, tool: Arc<str>, generation: u64, parameters: Value) -> Self {
        Self(Arc::new(Parts {
            tenant,
            generation,
            tool,
            parameters,
        }))
    }
}

/// A cache; an unused one allocates nothing.
#[derive(Debug, Default)]
pub(super) struct Cache {
    inner: Mutex<Option<Box<Inner>>>,
}

#[derive(Debug, Default)]
struct Inner {
    slots: HashMap<Key, Slot>,
    /// Done entries by age, each with the number of the entry it means: one that was replaced is passed over.
    ages: VecDeque<(Key, u64)>,
    entries: usize,
    held: usize,
    number: u64,
}

#[derive(Debug)]
enum Slot {
    /// Somebody is at it; the channel gets their result, or closes without one.
    Running(watch::Receiver<Option<Arc<Value>>>),
    Done {
        value: Arc<Value>,
        good_until: Instant,
        held: usize,
        number: u64,
        shared: Arc<AtomicBool>,
    },
}

/// A result that was kept, as whoever got it holds it.
#[derive(Debug)]
pub(super) struct Kept {
    key: Key,
    number: u64,
    /// Whether anybody else has taken it. Set under the lock, like all that decides who may.
    shared: Arc<AtomicBool>,
}

/// How much a cache may keep.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) entries: usize,
    pub(super) bytes: usize,
}

/// What a cache answers to whoever wants a result.
#[derive(Debug)]
pub(super) enum Claim<'c> {
    /// Here it is.
    Hit(Arc<Value>),
    /// Somebody is at it: ask again when this closes without a result.
    Wait(watch::Receiver<Option<Arc<Value>>>),
    /// Nobody is: the caller gets it and tells.
    Lead(Lead<'c>),
}

impl Cache {
    /// How many results somebody is at.
    #[cfg(test)]
    pub(super) fn under_way(&self) -> usize {
        let inner = self.inner.lock();
        let slots = inner.iter().flat_map(|inner| inner.slots.values());
        slots
            .filter(|slot| matches!(slot, Slot::Running(_)))
            .count()
    }

    /// Looks for a result.
    pub(super) fn get(&self, key: &Key) -> Option<Arc<Value>> {
        self.inner.lock().as_mut()?.fresh(key)
    }

    /// Looks for a result, or takes it on.
    pub(super) fn claim(&self, key: &Key) -> Claim<'_> {
        let mut inner = self.inner.lock();
        let inner = inner.get_or_insert_default();
        if let Some(value) = inner.fresh(key) {
            inner.share(key);
            return Claim::Hit(value);
        }
        if let Some(Slot::Running(running)) = inner.slots.get(key) {
            return Claim::Wait(running.clone());
        }
        let (done, running) = watch::channel(None);
        inner.slots.insert(key.clone(), Slot::Running(running));
        Claim::Lead(Lead {
            cache: self,
            key: key.clone(),
            done: Some(done),
        })
    }

    /// Keeps a result.
    pub(super) fn put(&self, key: Key, value: Arc<Value>, good_for: Duration, bounds: Bounds) {
        self.keep(key, value, good_for, bounds, |_| false);
    }

    /// Keeps a result. `taken` tells from what is in the key's place whether others take it at once.
    fn keep(
        &self,
        key: Key,
        value: Arc<Value>,
        good_for: Duration,
        bounds: Bounds,
        taken: impl FnOnce(Option<&Slot>) -> bool,
    ) -> Kept {
        let held = measure(&value).held + measure(&key.0.parameters).held;
        let good_for = good_for.min(LONGEST);
        let mut inner = self.inner.lock();
        let inner = inner.get_or_insert_default();
        let shared = Arc::new(AtomicBool::new(taken(inner.slots.get(&key))));
        inner.remove(&key);
        inner.number += 1;
        let number = inner.number;
        let kept = Kept {
            key: key.clone(),
            number,
            shared: Arc::clone(&shared),
        };
        if held > bounds.bytes || bounds.entries == 0 {
            return kept;
        }
        let slot = Slot::Done {
            value,
            good_until: Instant::now() + good_for,
            held,
            number,
            shared,
        };
        inner.slots.insert(key.clone(), slot);
        inner.ages.push_back((key, number));
        inner.entries += 1;
        inner.held += held;
        while inner.entries > bounds.entries || inner.held > bounds.bytes {
            inner.drop_oldest();
        }
        inner.forget_replaced();
        kept
    }

    /// Takes a result back, unless somebody else has taken it: then it stays, and so must what it tells of. Whether it
    /// was taken back, after which nobody can take it any more.
    pub(super) fn withdraw(&self, kept: &Kept) -> bool {
        let mut inner = self.inner.lock();
        let Some(inner) = inner.as_mut() else {
            return true;
        };
        if kept.shared.load(Ordering::Relaxed) {
            return false;
        }
        if inner.is(&kept.key, kept.number) {
            inner.remove(&kept.key);
        }
        true
    }
}

impl Inner {
    fn fresh(&mut self, key: &Key) -> Option<Arc<Value>> {
        let Some(Slot::Done {
            value, good_until, ..
        }) = self.slots.get(key)
        else {
            return None;
        };
        if *good_until > Instant::now() {
            return Some(Arc::clone(value));
        }
        self.remove(key);
        None
    }

    fn share(&self, key: &Key) {
        if let Some(Slot::Done { shared, .. }) = self.slots.get(key) {
            shared.store(true, Ordering::Relaxed);
        }
    }

    fn remove(&mut self, key: &Key) {
        if let Some(Slot::Done { held, .. }) = self.slots.remove(key) {
            self.entries -= 1;
            self.held -= held;
        }
    }

    fn drop_oldest(&mut self) {
        let Some((key, number)) = self.ages.pop_front() else {
            return;
        };
        if self.is(&key, number) {
            self.remove(&key);
        }
    }

    fn is(&self, key: &Key, number: u64) -> bool {
        matches!(self.slots.get(key), Some(Slot::Done { number: found, .. }) if *found == number)
    }

    /// Keeps the list of ages from growing with entries that are long gone.
    fn forget_replaced(&mut self) {
        if self.ages.len() > 2 * self.entries + 16 {
            let ages = std::mem::take(&mut self.ages);
            self.ages = ages
                .into_iter()
                .filter(|(key, number)| self.is(key, *number))
                .collect();
        }
    }
}

/// The right, and the duty, to get a result. Dropped without one, the next in line takes it on.
#[derive(Debug)]
pub(super) struct Lead<'c> {
    cache: &'c Cache,
    key: Key,
    done: Option<watch::Sender<Option<Arc<Value>>>>,
}

impl Lead<'_> {
    /// Tells the result to all that wait and keeps it.
    pub(super) fn tell(mut self, value: Arc<Value>, good_for: Duration, bounds: Bounds) -> Kept {
        // Taken, so that drop does not throw away what was just kept.
        let done = self.done.take();
        let waited_for = |slot: Option<&Slot>| match (slot, &done) {
            // The slot holds a receiver of its own.
            (Some(Slot::Running(_)), Some(done)) => done.receiver_count() > 1,
            _ => false,
        };
        let key = self.key.clone();
        let kept = self
            .cache
            .keep(key, Arc::clone(&value), good_for, bounds, waited_for);
        if let Some(done) = &done {
            done.send_replace(Some(value));
        }
        kept
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        if self.done.is_some()
            && let Some(inner) = self.cache.inner.lock().as_mut()
        {
            inner.slots.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const BOUNDS: Bounds = Bounds {
        entries: 3,
        bytes: 10_000,
    };

    fn key(parameters: Value) -> Key {
        Key::new(Tenant::common(), "t".into(), 1, parameters)
    }

    fn put(cache: &Cache, parameters: Value, value: Value) {
        cache.put(key(parameters), Arc::new(value), HOUR, BOUNDS);
    }

    #[tokio::test(start_paused = true)]
    async fn a_result_is_found_by_equal_parameters_of_the_same_tenant_and_tool() {
        let cache = Cache::default();
        put(&cache, json!({"a": 1, "b": [2]}), json!("found"));
        let same = serde_json::from_str(r#"{"b":[2],"a":1}"#).unwrap();
        assert!(cache.get(&key(same)).is_some());
        let parameters = json!({"a": 1, "b": [2]});
        let other = Tenant::named("x").unwrap();
        assert!(
            cache
                .get(&Key::new(other, "t".into(), 1, parameters.clone()))
                .is_none()
        );
        assert!(
            cache
                .get(&Key::new(Tenant::common(), "t".into(), 2, parameters))
                .is_none()
        );
        assert!(cache.get(&key(json!({"a": 1}))).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn entries_age_and_the_oldest_go_first() {
        let cache = Cache::default();
        for n in 0..5 {
            put(&cache, json!(n), json!(n));
        }
        let kept: Vec<_> = (0..5)
            .map(|n| cache.get(&key(json!(n))).is_some())
            .collect();
        assert_eq!(kept, [false, false, true, true, true]);
        put(&cache, json!(9), json!("x".repeat(9_000)));
        put(&cache, json!(10), json!("x".repeat(20_000)));
        assert!(cache.get(&key(json!(9))).is_some());
        assert!(cache.get(&key(json!(10))).is_none());
        tokio::time::advance(HOUR).await;
        assert!(cache.get(&key(json!(9))).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn replacing_one_entry_for_ever_does_not_grow() {
        let cache = Cache::default();
        for n in 0..1000 {
            put(&cache, json!("same"), json!(n));
        }
        let inner = cache.inner.lock();
        let inner = inner.as_ref().unwrap();
        assert!(inner.ages.len() < 20);
        assert_eq!((inner.entries, inner.slots.len()), (1, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_gets_the_result_or_the_turn() {
        let cache = Cache::default();
        let Claim::Lead(first) = cache.claim(&key(json!(1))) else {
            panic!("nobody was at it");
        };
        let Claim::Wait(mut running) = cache.claim(&key(json!(1))) else {
            panic!("somebody is at it");
        };
        drop(first);
        assert!(running.changed().await.is_err());
        let Claim::Lead(second) = cache.claim(&key(json!(1))) else {
            panic!("the first gave up");
        };
        let Claim::Wait(mut running) = cache.claim(&key(json!(1))) else {
            panic!("somebody is at it");
        };
        let kept = second.tell(Arc::new(json!("x")), HOUR, BOUNDS);
        let told = running.wait_for(Option::is_some).await.unwrap().clone();
        assert_eq!(told.as_deref(), Some(&json!("x")));
        assert!(matches!(cache.claim(&key(json!(1))), Claim::Hit(value) if *value == json!("x")));
        // Somebody has it: it stays.
        assert!(!cache.withdraw(&kept));
        assert!(cache.get(&key(json!(1))).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_result_that_nobody_has_taken_can_be_taken_back() {
        let cache = Cache::default();
        let lead = || match cache.claim(&key(json!(1))) {
            Claim::Lead(lead) => lead,
            other => panic!("nobody is at it: {other:?}"),
        };
        let old = lead().tell(Arc::new(json!("old")), HOUR, BOUNDS);
        tokio::time::advance(HOUR).await;
        let new = lead().tell(Arc::new(json!("new")), HOUR, BOUNDS);
        // What has taken its place is left alone.
        assert!(cache.withdraw(&old));
        assert!(cache.get(&key(json!(1))).is_some());
        assert!(cache.withdraw(&new));
        assert!(cache.get(&key(json!(1))).is_none());
    }
}
