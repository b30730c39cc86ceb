use std::fmt::Write as _;
use std::sync::Arc;

use car_protocol::rpc::policy::PolicyViolation;
use car_protocol::rpc::proposal::{ActionType, FailureKind};
use futures_util::FutureExt as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::super::cache::Key;
use super::super::journal::{Datum, kind};
use super::super::plan::Index;
use super::{Event, Run};
use crate::approval::{canonical, preview};
use crate::policy::{Question, Subject, Verdict};

impl Run<'_> {
    /// What the policies say about an action whose turn has come, or about the call of another tool in its place.
    pub(super) fn judge(
        &mut self,
        index: Index,
        instead: Option<&str>,
        parameters: &Value,
    ) -> Verdict {
        let action = &self.request.proposal.actions[index as usize];
        let subject = Subject {
            kind: instead.map_or(action.kind, |_| ActionType::ToolCall),
            tool: instead.or(action.tool.as_deref()),
            parameters,
            tenant: &self.request.tenant,
            caller: self.request.caller.as_deref(),
        };
        let policies = &self.engine.parts.policies;
        let scope = self.request.policy_scope.as_deref();
        policies.judge(scope, &subject, &mut self.state)
    }

    /// Policies object to an action. All of them are told.
    pub(super) fn deny(&mut self, index: Index, violations: Vec<PolicyViolation>) {
        let told = self.tell_violations(index, &violations);
        // There is room again only when the last of them has some, and never if one is for good.
        let waits = violations.iter().map(|found| found.retry_after_ms);
        let wait = waits.reduce(|one, other| Some(one?.max(other?))).flatten();
        self.reject(index, told);
        self.say(index, FailureKind::Policy, None);
        if let Some(Some(result)) = self.results.get_mut(index as usize) {
            result.retry_after_ms = wait;
            result.violations = violations;
        }
    }

    /// Notes what stands against an action, and puts it into words.
    pub(super) fn tell_violations(&self, index: Index, violations: &[PolicyViolation]) -> String {
        let told: Vec<_> = violations
            .iter()
            .map(|found| format!("policy `{}`: {}", found.policy, found.reason))
            .collect();
        let listed = serde_json::to_value(violations).unwrap_or_default();
        let data = [("violations", Datum::Json(&listed))];
        self.note(kind::POLICY_VIOLATION, Some(index), &data);
        told.join("; ")
    }

    /// Has a person asked. That takes none of the action's time, and no place: its first attempt begins when somebody
    /// has agreed. One proposal has as many questions open as it has places, so that it cannot fill the desk.
    pub(super) fn ask(&mut self, index: Index, policies: Vec<PolicyViolation>) {
        if self.asking < self.places {
            self.put_question(index, policies);
        } else {
            self.to_ask.push_back((index, policies));
        }
    }

    fn put_question(&mut self, index: Index, mut policies: Vec<PolicyViolation>) {
        let Some(call) = self.calls.get(index) else {
            return;
        };
        let names: Vec<Value> = policies
            .iter()
            .map(|asks| asks.policy.as_str().into())
            .collect();
        let details = json!({
            "action_id": &*self.ids[index as usize],
            "parameters_preview": preview(&call.parameters),
            "parameters_sha256": digest(&call.parameters),
            "policies": names,
            "proposal_id": &*self.id,
            "tool": &*call.name,
        });
        let question = Question {
            tool: call.name.as_ref().to_owned(),
            parameters: call.parameters.clone(),
            details,
        };
        let tool = Arc::clone(&call.tool);
        let (engine, no_more) = (self.engine, self.no_more());
        let answer = async move {
            let decision = tokio::select! {
                biased;
                decision = engine.parts.approver.ask(question) => decision,
                () = no_more.cancelled() => return Event::Withdrawn(index),
            };
            let fitting = decision.and_then(|edits| match &edits {
                Some(parameters) => tool.check_edits(parameters).map(|()| edits),
                None => Ok(None),
            });
            let decision = fitting.map_err(|reason| {
                for asks in &mut policies {
                    asks.reason.clone_from(&reason);
                }
                policies
            });
            Event::Decided(index, decision)
        };
        self.asking += 1;
        self.events.push(answer.boxed());
    }

    /// Puts other parameters in the place of those that a person was asked about. Policies look at them as at those before,
    /// but that no person is asked again: one has chosen them.
    fn edit(&mut self, index: Index, edits: Option<Value>) -> Result<(), Vec<PolicyViolation>> {
        let (Some(parameters), Some(call)) = (edits, self.calls.get_mut(index)) else {
            return Ok(());
        };
        // What is counted is counted anew.
        drop(std::mem::take(&mut call.permits));
        let verdict = self.judge(index, None, &parameters);
        if !verdict.violations.is_empty() {
            return Err(verdict.violations);
        }
        let tenant = &self.request.tenant;
        if let Some(call) = self.calls.get_mut(index) {
            // Whether an equal action ran is a question about what runs.
            if call.key.is_some() {
                let (name, generation) = (Arc::clone(&call.name), call.tool.generation());
                let key = Key::new(tenant.clone(), name, generation, parameters.clone());
                call.key = Some(key);
            }
            (call.parameters, call.permits) = (parameters, verdict.permits);
        }
        Ok(())
    }

    pub(super) fn decided(
        &mut self,
        index: Index,
        decision: Result<Option<Value>, Vec<PolicyViolation>>,
    ) {
        self.asking -= 1;
        if let Some((next, policies)) = self.to_ask.pop_front() {
            self.put_question(next, policies);
        }
        match decision.and_then(|edits| self.edit(index, edits)) {
            Ok(()) => {
                if let Some(call) = self.calls.get_mut(index) {
                    call.approved = true;
                    self.begin_attempt(index);
                }
            }
            Err(violations) => {
                // With it goes the room that policies had kept for it.
                if self.calls.remove(index).is_some() {
                    self.deny(index, violations);
                }
            }
        }
    }
}

/// SHA-256 of the canonical JSON of the parameters: it says exactly what was agreed to, however long that is, and the order
/// of members makes no difference.
fn digest(parameters: &Value) -> String {
    let text = canonical(parameters).unwrap_or_else(|_| parameters.to_string());
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
