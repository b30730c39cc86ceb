use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;
use thiserror::Error;

use super::space::{Entry, Space};
use super::{StateStore, StateView, StoreError, Tenant};

/// Why a commit changed nothing.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum CommitError {
    /// Somebody else wrote a key that was read or written here, and committed first. Begin again.
    #[error("the key `{key}` was changed meanwhile")]
    Conflict {
        /// The key; the first of them in their order.
        key: String,
    },
    /// A bound of the store would be broken.
    #[error(transparent)]
    Limit(StoreError),
}

/// One proposal's view of one tenant's state: a snapshot, and its own writes on top.
///
/// Dropping it drops its writes. Reads are remembered, absent keys included, so that a commit can tell whether what
/// it was based on still holds. One that wrote nothing always commits: it stands for the moment of its snapshot.
#[derive(Debug)]
pub struct Transaction {
    store: Arc<StateStore>,
    tenant: Tenant,
    base: Option<Arc<Space>>,
    /// The version that was seen of each key that was not written before; 0 for an absent one.
    reads: HashMap<Box<str>, u64>,
    writes: BTreeMap<Arc<str>, Write>,
    held: usize,
}

#[derive(Debug)]
struct Write {
    value: Arc<Value>,
    held: usize,
}

impl Transaction {
    /// Begins on what the store holds now.
    #[must_use]
    pub fn begin(store: &Arc<StateStore>, tenant: &Tenant) -> Self {
        Self {
            base: store.space(tenant),
            store: Arc::clone(store),
            tenant: tenant.clone(),
            reads: HashMap::new(),
            writes: BTreeMap::new(),
            held: 0,
        }
    }

    /// Whether the store would take this entry, for itself.
    ///
    /// # Errors
    /// The key or the value is too big.
    pub fn check(&self, key: &str, value: &Value) -> Result<(), StoreError> {
        self.store.check(key, value).map(drop)
    }

    /// Writes one key, visible to this transaction only until it commits.
    ///
    /// # Errors
    /// As for [`Self::write_all`].
    pub fn write(&mut self, key: &str, value: Value) -> Result<(), StoreError> {
        self.write_all(vec![(key.to_owned(), value)])
    }

    /// Writes keys, visible to this transaction only until it commits; of a key that is there twice, the last.
    ///
    /// # Errors
    /// A key or a value is too big, or the transaction holds more than the store could ever take. Nothing is written
    /// then.
    pub fn write_all(&mut self, entries: Vec<(String, Value)>) -> Result<(), StoreError> {
        let limits = self.store.limits;
        let mut total = self.held;
        let mut fresh = 0;
        let mut sizes = Vec::with_capacity(entries.len());
        for (key, value) in &entries {
            let held = self.store.check(key, value)?;
            let old = self.writes.get(key.as_str()).map(|write| write.held);
            fresh += usize::from(old.is_none());
            total = (total + held).saturating_sub(old.unwrap_or(0));
            sizes.push(held);
        }
        if self.writes.len() + fresh > limits.keys {
            return Err(StoreError::TooManyKeys { limit: limits.keys });
        }
        if total > limits.total_bytes {
            return Err(StoreError::TotalSize {
                limit: limits.total_bytes,
            });
        }
        for ((key, value), held) in entries.into_iter().zip(sizes) {
            let value = Arc::new(value);
            let write = Write { value, held };
            self.held += held;
            match self.writes.get_mut(key.as_str()) {
                Some(place) => self.held -= std::mem::replace(place, write).held,
                None => drop(self.writes.insert(key.into(), write)),
            }
        }
        Ok(())
    }

    /// The keys that were written, sorted.
    pub fn written(&self) -> impl Iterator<Item = &str> {
        self.writes.keys().map(AsRef::as_ref)
    }

    /// Puts all writes into the store at once. Whatever comes of it, the transaction holds nothing afterwards.
    ///
    /// # Errors
    /// [`CommitError::Conflict`] when another commit came first, [`CommitError::Limit`] when the store is too full;
    /// nothing is written then.
    pub fn commit(&mut self) -> Result<(), CommitError> {
        let (store, tenant) = (&self.store, &self.tenant);
        let (base, writes) = (self.base.take(), std::mem::take(&mut self.writes));
        let mut reads = std::mem::take(&mut self.reads);
        self.held = 0;
        if writes.is_empty() {
            return Ok(());
        }
        reads.retain(|key, _| !writes.contains_key(&**key));
        let written: Vec<u64> = writes
            .keys()
            .map(|key| version(base.as_deref(), key))
            .collect();
        // Without the snapshot, the store's map may be this transaction's alone and is not copied.
        drop(base);

        let mut inner = store.inner.lock();
        let live = inner.spaces.get(tenant).map(AsRef::as_ref);
        let changed_reads = reads
            .iter()
            .filter(|(key, seen)| version(live, key) != **seen)
            .map(|(key, _)| &**key);
        let changed_writes = writes
            .keys()
            .zip(&written)
            .filter(|(key, seen)| version(live, key) != **seen)
            .map(|(key, _)| &**key);
        if let Some(key) = changed_reads.chain(changed_writes).min() {
            let key = key.to_owned();
            return Err(CommitError::Conflict { key });
        }
        let (mut new_keys, mut come, mut go) = (0, 0, 0);
        for (key, write) in &writes {
            come += write.held;
            match live.and_then(|space| space.get(key)) {
                Some(old) => go += old.held,
                None => new_keys += 1,
            }
        }
        store
            .fits(&inner, tenant, new_keys, come, go)
            .map_err(CommitError::Limit)?;
        inner.version += 1;
        let version = inner.version;
        for (key, Write { value, held }) in writes {
            inner.put(
                tenant,
                key,
                Entry {
                    value,
                    version,
                    held,
                },
            );
        }
        Ok(())
    }
}

impl StateView for Transaction {
    fn get(&mut self, key: &str) -> Option<&Value> {
        if let Some(write) = self.writes.get(key) {
            return Some(&write.value);
        }
        let entry = self.base.as_ref().and_then(|space| space.get(key));
        if !self.reads.contains_key(key) {
            let seen = entry.map_or(0, |entry| entry.version);
            self.reads.insert(key.into(), seen);
        }
        entry.map(|entry| &*entry.value)
    }
}

fn version(space: Option<&Space>, key: &str) -> u64 {
    space
        .and_then(|space| space.get(key))
        .map_or(0, |entry| entry.version)
}
