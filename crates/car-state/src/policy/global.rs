//! The policies of the daemon, which apply in all its sessions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use car_protocol::rpc::policy::PolicyDefinition;
use parking_lot::Mutex;

use super::list::{Policy, PolicyList};
use super::rule::PolicyCheck;
use super::{POLICIES, PolicyError};

/// Policies of all sessions, with one count for all of them. An empty one costs a look at a flag.
#[derive(Debug, Default)]
pub struct GlobalPolicies {
    list: Mutex<PolicyList>,
    any: AtomicBool,
}

impl GlobalPolicies {
    /// With these policies, which nobody can change while the daemon runs.
    ///
    /// # Errors
    /// One of them cannot be used, or a name is there twice.
    pub fn fixed(definitions: Vec<PolicyDefinition>) -> Result<Self, PolicyError> {
        let global = Self::default();
        for definition in definitions {
            let mut policy = Policy::of(definition)?;
            policy.fixed = true;
            global.put(policy)?;
        }
        Ok(global)
    }

    /// Registers a policy for all sessions, replacing the one of the same name.
    ///
    /// # Errors
    /// The definition is unusable, the name is that of a fixed policy, or there are too many.
    pub fn register(&self, definition: PolicyDefinition) -> Result<(), PolicyError> {
        self.put(Policy::of(definition)?)
    }

    /// Registers a rule of the embedding program for all sessions. It is listed with the rule `custom`, and cannot be
    /// changed on the wire.
    ///
    /// # Errors
    /// As for [`Self::register`].
    pub fn register_check(
        &self,
        name: &str,
        check: Arc<dyn PolicyCheck>,
    ) -> Result<(), PolicyError> {
        let mut policy = Policy::custom(name, check)?;
        policy.fixed = true;
        self.put(policy)
    }

    fn put(&self, policy: Policy) -> Result<(), PolicyError> {
        let mut list = self.list.lock();
        let room = list.len() < POLICIES;
        list.put(policy, room, POLICIES)?;
        self.any.store(true, Ordering::Release);
        Ok(())
    }

    /// Removes a policy. Answers whether it was there.
    ///
    /// # Errors
    /// It is fixed.
    pub fn unregister(&self, name: &str) -> Result<bool, PolicyError> {
        self.list.lock().remove(name)
    }

    /// The policies, in the order of registration.
    #[must_use]
    pub fn list(&self) -> Vec<PolicyDefinition> {
        self.list.lock().definitions()
    }

    /// The policies, to be asked outside the lock.
    pub(super) fn now(&self) -> Option<PolicyList> {
        self.any
            .load(Ordering::Acquire)
            .then(|| self.list.lock().clone())
    }
}
