//! Which policies concern an action, and which decides: asked without consequences.

use car_protocol::rpc::policy::{Concerned, Decision, Explanation, Finding};
use serde_json::Value;

use super::rule::{Judgement, Subject};
use super::{PolicyBook, PolicyError};
use crate::store::StateView;

impl PolicyBook {
    /// What [`judge`](Self::judge) would find, policy by policy. Nothing is counted and nobody is asked.
    ///
    /// `refers` tells whether a parameter refers to an output that is not there yet.
    ///
    /// # Errors
    /// The scope is not open.
    pub fn explain(
        &self,
        scope: Option<&str>,
        subject: &Subject<'_>,
        state: &mut dyn StateView,
        refers: &dyn Fn(&Value) -> bool,
    ) -> Result<Explanation, PolicyError> {
        let lists = self.lists(scope)?;
        let mut explanation = Explanation {
            decision: Decision::Allow,
            decided_by: None,
            reason: None,
            policies: Vec::new(),
            asked: 0,
        };
        for (level, policy) in lists.policies() {
            explanation.asked += 1;
            if !self.binds(policy, subject) {
                continue;
            }
            let mut concerned = Concerned {
                policy: policy.definition.name.clone(),
                rule: policy.definition.rule.clone(),
                level,
                finding: Finding::Allows,
                reason: None,
                remaining: None,
                retry_after_ms: None,
            };
            let hidden = policy
                .rule
                .looks_into(subject)
                .filter(|key| subject.parameters.get(key).is_some_and(refers));
            if let Some(key) = hidden {
                concerned.finding = Finding::Unknown;
                concerned.reason = Some(format!(
                    "the parameter `{key}` refers to another action's output"
                ));
                decide(&mut explanation, Decision::Unknown, &concerned);
                explanation.policies.push(concerned);
                continue;
            }
            match policy.rule.judge(subject, state) {
                Judgement::Unconcerned => continue,
                Judgement::Passes => {}
                Judgement::Counts(room) => concerned.remaining = Some(room),
                Judgement::Asks => {
                    concerned.finding = Finding::RequiresApproval;
                    concerned.reason = Some("it wants a person to agree".to_owned());
                    decide(&mut explanation, Decision::RequireApproval, &concerned);
                }
                Judgement::Denies(reason, wait) => {
                    concerned.finding = Finding::Denies;
                    concerned.reason = Some(reason);
                    concerned.remaining = policy.rule.window().map(|_| 0);
                    concerned.retry_after_ms = wait.map(super::whole_millis);
                    decide(&mut explanation, Decision::Deny, &concerned);
                }
            }
            explanation.policies.push(concerned);
        }
        Ok(explanation)
    }
}

/// The strictest finding decides, and of equal ones the first.
fn decide(explanation: &mut Explanation, found: Decision, by: &Concerned) {
    let strictness = |decision| match decision {
        Decision::Allow => 0,
        Decision::RequireApproval => 1,
        Decision::Unknown => 2,
        _ => 3,
    };
    if strictness(found) > strictness(explanation.decision) {
        explanation.decision = found;
        explanation.decided_by = Some(by.policy.clone());
        explanation.reason.clone_from(&by.reason);
    }
}
