//! What all policies together say about an action.

use std::sync::Arc;

use car_protocol::rpc::policy::PolicyViolation;
use tokio::time::Instant;

use super::list::Policy;

/// The strictest of what all policies say.
#[derive(Debug, Default)]
#[must_use]
pub struct Verdict {
    /// What stands against the action. It must not run unless this is empty.
    pub violations: Vec<PolicyViolation>,
    /// What wants a person to be asked before it runs, as it will stand against the action should nobody agree.
    pub approvals: Vec<PolicyViolation>,
    /// The room that was taken from policies that count calls; none where there are violations.
    pub permits: Permits,
}

/// Room that was taken from policies that count calls. Dropped before it is used, it is given back.
#[derive(Debug, Default)]
#[must_use]
pub struct Permits(Vec<(Arc<Policy>, Instant)>);

impl Permits {
    pub(super) fn add(&mut self, policy: &Arc<Policy>, counted: Instant) {
        self.0.push((Arc::clone(policy), counted));
    }

    /// The call is made.
    pub fn use_up(&mut self) {
        self.0.clear();
    }
}

impl Drop for Permits {
    fn drop(&mut self) {
        for (policy, counted) in self.0.drain(..) {
            if let Some(window) = policy.rule.window() {
                window.give_back(counted);
            }
        }
    }
}
