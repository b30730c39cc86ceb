//! The key-value store of one session.
//!
//! Owns values by tenant and key, their bounds, and the rule by which concurrent proposals meet: each works on a
//! [`Transaction`] over a snapshot, and the first that commits wins. It knows nothing of methods or actions.

mod size;
mod space;
mod tenant;
mod transaction;

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Map, Value};
use thiserror::Error;

pub use size::{Size, measure, measure_map};
use space::{Entry, Space};
pub use tenant::Tenant;
pub use transaction::{CommitError, Transaction};

/// How much one session may keep.
#[derive(Clone, Copy, Debug)]
pub struct StoreLimits {
    /// Bytes of a key.
    pub key_bytes: usize,
    /// Bytes of one value's JSON text.
    pub value_bytes: usize,
    /// Keys of all tenants together.
    pub keys: usize,
    /// Bytes that keys and values of all tenants hold, see [`Size::held`].
    pub total_bytes: usize,
    /// Tenants with at least one key; the common keys count as none.
    pub tenants: usize,
}

impl Default for StoreLimits {
    fn default() -> Self {
        Self {
            key_bytes: 1024,
            value_bytes: 8 << 20,
            keys: 10_000,
            total_bytes: 16 << 20,
            tenants: 256,
        }
    }
}

impl StoreLimits {
    /// Holds one entry against the bounds of a key and a value; answers the bytes that it will hold.
    ///
    /// # Errors
    /// The key or the value is too big.
    pub fn check(&self, key: &str, value: &Value) -> Result<usize, StoreError> {
        if key.is_empty() || key.len() > self.key_bytes {
            return Err(StoreError::KeyLength {
                bytes: key.len(),
                limit: self.key_bytes,
            });
        }
        let size = measure(value);
        if size.text > self.value_bytes {
            return Err(StoreError::ValueSize {
                bytes: size.text,
                limit: self.value_bytes,
            });
        }
        Ok(key.len() + size.held)
    }
}

/// Which bound a write would break.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum StoreError {
    /// The tenant's name cannot be one.
    #[error("a tenant has a name of 1 to {limit} bytes without control characters")]
    TenantName {
        /// Bytes of a name.
        limit: usize,
    },
    /// The key is empty or too long.
    #[error("a key has 1 to {limit} bytes, this one has {bytes}")]
    KeyLength {
        /// What it has.
        bytes: usize,
        /// What it may have.
        limit: usize,
    },
    /// The value is too big.
    #[error("a value has at most {limit} bytes as JSON, this one has {bytes}")]
    ValueSize {
        /// What it has.
        bytes: usize,
        /// What it may have.
        limit: usize,
    },
    /// There are too many keys.
    #[error("the session's state holds at most {limit} keys")]
    TooManyKeys {
        /// How many it may hold.
        limit: usize,
    },
    /// All values together are too big.
    #[error("the session's state holds at most {limit} bytes")]
    TotalSize {
        /// How many it may hold.
        limit: usize,
    },
    /// There are too many tenants.
    #[error("the session's state holds at most {limit} tenants")]
    TooManyTenants {
        /// How many it may hold.
        limit: usize,
    },
}

impl StoreError {
    /// The bound that was reached.
    #[must_use]
    pub fn limit(&self) -> usize {
        match self {
            Self::TenantName { limit }
            | Self::KeyLength { limit, .. }
            | Self::ValueSize { limit, .. }
            | Self::TooManyKeys { limit }
            | Self::TotalSize { limit }
            | Self::TooManyTenants { limit } => *limit,
        }
    }
}

/// Reads keys: a transaction, or the state that a verification imagines.
pub trait StateView {
    /// The value of a key. Takes `&mut self` because a transaction remembers what was read.
    fn get(&mut self, key: &str) -> Option<&Value>;
}

#[derive(Debug, Default)]
struct Inner {
    spaces: BTreeMap<Tenant, Arc<Space>>,
    version: u64,
    keys: usize,
    held: usize,
}

/// A handle over one session's state. An empty one allocates nothing.
///
/// A snapshot shares the keys and values; a write beside it copies a few pointers, never a value.
#[derive(Debug)]
pub struct StateStore {
    limits: StoreLimits,
    inner: Mutex<Inner>,
}

impl StateStore {
    /// An empty store.
    #[must_use]
    pub fn new(limits: StoreLimits) -> Self {
        Self {
            limits,
            inner: Mutex::default(),
        }
    }

    /// The bounds.
    #[must_use]
    pub fn limits(&self) -> &StoreLimits {
        &self.limits
    }

    /// Reads one key.
    #[must_use]
    pub fn get(&self, tenant: &Tenant, key: &str) -> Option<Arc<Value>> {
        let inner = self.inner.lock();
        let entry = inner.spaces.get(tenant)?.get(key)?;
        Some(Arc::clone(&entry.value))
    }

    /// Writes one key.
    ///
    /// # Errors
    /// A bound would be broken; nothing is written then.
    pub fn set(&self, tenant: &Tenant, key: &str, value: Value) -> Result<(), StoreError> {
        let held = self.check(key, &value)?;
        let value = Arc::new(value);
        let mut inner = self.inner.lock();
        let old = inner.held_by(tenant, key);
        self.fits(
            &inner,
            tenant,
            usize::from(old.is_none()),
            held,
            old.unwrap_or(0),
        )?;
        inner.version += 1;
        let version = inner.version;
        inner.put(
            tenant,
            key.into(),
            Entry {
                value,
                version,
                held,
            },
        );
        Ok(())
    }

    /// Whether a key is there.
    #[must_use]
    pub fn exists(&self, tenant: &Tenant, key: &str) -> bool {
        let inner = self.inner.lock();
        inner
            .spaces
            .get(tenant)
            .is_some_and(|space| space.contains_key(key))
    }

    /// All keys of a tenant, sorted.
    #[must_use]
    pub fn keys(&self, tenant: &Tenant) -> Vec<String> {
        let space = self.space(tenant);
        let entries = space.iter().flat_map(|space| space.iter());
        entries.map(|(key, _)| key.as_ref().to_owned()).collect()
    }

    /// All keys of a tenant with their values, as they were at one moment.
    #[must_use]
    pub fn snapshot(&self, tenant: &Tenant) -> Map<String, Value> {
        let space = self.space(tenant);
        let entries = space.iter().flat_map(|space| space.iter());
        entries
            .map(|(key, entry)| (key.as_ref().to_owned(), entry.value.as_ref().clone()))
            .collect()
    }

    /// Removes one key. Answers whether it was there.
    pub fn delete(&self, tenant: &Tenant, key: &str) -> bool {
        self.inner.lock().remove(tenant, key)
    }

    /// Removes every key of a tenant. Answers how many there were.
    pub fn clear(&self, tenant: &Tenant) -> u64 {
        let removed = {
            let mut inner = self.inner.lock();
            let Some(space) = inner.spaces.remove(tenant) else {
                return 0;
            };
            inner.keys -= space.len();
            inner.held -= space.iter().map(|(_, entry)| entry.held).sum::<usize>();
            space
        };
        removed.len() as u64
    }

    /// How many keys there are, of all tenants together.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.lock().keys
    }

    /// Whether there is no key at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn space(&self, tenant: &Tenant) -> Option<Arc<Space>> {
        self.inner.lock().spaces.get(tenant).cloned()
    }

    fn check(&self, key: &str, value: &Value) -> Result<usize, StoreError> {
        self.limits.check(key, value)
    }

    /// The bounds of the whole, when so many keys and bytes come and so many bytes go.
    fn fits(
        &self,
        inner: &Inner,
        tenant: &Tenant,
        new_keys: usize,
        come: usize,
        go: usize,
    ) -> Result<(), StoreError> {
        let limits = &self.limits;
        if inner.keys + new_keys > limits.keys {
            return Err(StoreError::TooManyKeys { limit: limits.keys });
        }
        if (inner.held + come).saturating_sub(go) > limits.total_bytes {
            return Err(StoreError::TotalSize {
                limit: limits.total_bytes,
            });
        }
        let named = inner.spaces.keys().filter(|tenant| tenant.name().is_some());
        if new_keys > 0
            && tenant.name().is_some()
            && !inner.spaces.contains_key(tenant)
            && named.count() >= limits.tenants
        {
            return Err(StoreError::TooManyTenants {
                limit: limits.tenants,
            });
        }
        Ok(())
    }
}

impl Inner {
    fn held_by(&self, tenant: &Tenant, key: &str) -> Option<usize> {
        self.spaces.get(tenant)?.get(key).map(|entry| entry.held)
    }

    fn put(&mut self, tenant: &Tenant, key: Arc<str>, entry: Entry) {
        let held = entry.held;
        let space = self.spaces.entry(tenant.clone()).or_default();
        let old = Arc::make_mut(space).insert(key, entry);
        self.held += held;
        match old {
            Some(old) => self.held -= old.held,
            None => self.keys += 1,
        }
    }

    fn remove(&mut self, tenant: &Tenant, key: &str) -> bool {
        let Some(space) = self.spaces.get_mut(tenant) else {
            return false;
        };
        // Looks first, so that a key that is not there never costs the copy of a shared map.
        if !space.contains_key(key) {
            return false;
        }
        let Some(old) = Arc::make_mut(space).remove(key) else {
            return false;
        };
        self.held -= old.held;
        self.keys -= 1;
        if space.is_empty() {
            self.spaces.remove(tenant);
        }
        true
    }
}

#[cfg(test)]
mod tests;
