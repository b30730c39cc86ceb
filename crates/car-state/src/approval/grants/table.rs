use std::collections::HashMap;

use car_protocol::Timestamp;
use indexmap::IndexMap;
use thiserror::Error;

use super::grant::{Grant, GrantId};
use crate::approval::Act;
use crate::identity::{Principal, SessionId};

/// How many grants there may be.
pub const MAX_GRANTS: usize = 4_096;
/// How many of them one principal may have.
pub const MAX_GRANTS_EACH: usize = 256;

/// There are as many grants as may be.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("there are {limit} grants already: revoke some of them")]
pub struct TooManyGrants {
    /// How many may be.
    pub limit: usize,
}

/// All grants. Knows no clock, no lock, no storage and nobody to tell.
#[derive(Clone, Debug, Default)]
pub struct Grants {
    /// In the order in which they were given.
    grants: IndexMap<GrantId, Grant>,
    owned: HashMap<Principal, usize>,
}

impl Grants {
    /// Whether another grant fits for this principal.
    ///
    /// # Errors
    /// [`TooManyGrants`].
    pub fn admits(&self, owner: &Principal) -> Result<(), TooManyGrants> {
        if self.grants.len() >= MAX_GRANTS {
            return Err(TooManyGrants { limit: MAX_GRANTS });
        }
        if self
            .owned
            .get(owner)
            .is_some_and(|owned| *owned >= MAX_GRANTS_EACH)
        {
            return Err(TooManyGrants {
                limit: MAX_GRANTS_EACH,
            });
        }
        Ok(())
    }

    /// Adds a grant.
    ///
    /// # Errors
    /// [`TooManyGrants`]; nothing was changed.
    pub fn add(&mut self, grant: Grant) -> Result<(), TooManyGrants> {
        self.admits(&grant.owner)?;
        *self.owned.entry(grant.owner.clone()).or_default() += 1;
        if let Some(before) = self.grants.insert(grant.id.clone(), grant) {
            self.count_out(&before);
        }
        Ok(())
    }

    /// The grant that lets this act run, if one does: of several one that does not count its uses, else the one with the
    /// fewest left. Nothing is used.
    #[must_use]
    pub fn find(&self, act: &Act, now: Timestamp) -> Option<&Grant> {
        if !self.owned.contains_key(&act.requester().principal) {
            return None;
        }
        let arguments = act.arguments_value();
        self.grants
            .values()
            .filter(|grant| grant.covers(act, &arguments, now))
            .min_by_key(|grant| grant.remaining.map_or(0, |left| u64::from(left) + 1))
    }

    /// Uses the grant that lets this act run, if one does, and gives it as it is then. Where that was its last use it is
    /// gone.
    pub fn take(&mut self, act: &Act, now: Timestamp) -> Option<Grant> {
        let id = self.find(act, now)?.id.clone();
        let grant = self.grants.get_mut(&id)?;
        grant.remaining = grant.remaining.map(|left| left.saturating_sub(1));
        grant.uses += 1;
        grant.last_used_at = Some(now);
        let used = grant.clone();
        if used.remaining == Some(0) {
            self.remove(&id);
        }
        Some(used)
    }

    /// Ends a grant.
    pub fn remove(&mut self, id: &GrantId) -> Option<Grant> {
        let grant = self.grants.shift_remove(id)?;
        self.count_out(&grant);
        Some(grant)
    }

    /// Ends what ends with a session.
    pub fn end_session(&mut self, session: &SessionId) -> Vec<Grant> {
        self.remove_all(|grant| grant.ends_with() == Some(session))
    }

    /// Ends what is over.
    pub fn sweep(&mut self, now: Timestamp) -> Vec<Grant> {
        self.remove_all(|grant| grant.is_over(now))
    }

    fn remove_all(&mut self, over: impl Fn(&Grant) -> bool) -> Vec<Grant> {
        let (ended, kept) = std::mem::take(&mut self.grants)
            .into_iter()
            .partition::<IndexMap<_, _>, _>(|(_, grant)| over(grant));
        self.grants = kept;
        let ended: Vec<Grant> = ended.into_values().collect();
        ended.iter().for_each(|grant| self.count_out(grant));
        ended
    }

    fn count_out(&mut self, grant: &Grant) {
        if let Some(owned) = self.owned.get_mut(&grant.owner) {
            *owned = owned.saturating_sub(1);
            if *owned == 0 {
                self.owned.remove(&grant.owner);
            }
        }
    }

    /// All that are not over, in the order in which they were given.
    pub fn iter(&self, now: Timestamp) -> impl Iterator<Item = &Grant> {
        self.grants
            .values()
            .filter(move |grant| !grant.is_over(now))
    }

    /// A grant that is there.
    #[must_use]
    pub fn get(&self, id: &GrantId) -> Option<&Grant> {
        self.grants.get(id)
    }

    /// Whether there is none at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.grants.is_empty()
    }
}
