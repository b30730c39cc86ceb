//! What a person is asked about a gated call, and what the caller is told of the answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use car_protocol::idempotency::IdempotencyKey;
use car_protocol::{RpcError, kind};
use car_state::approval::rules::{Asking, Speaking};
use car_state::approval::{
    Act, ActKey, ApprovalGate, Operation, Question, Requester, Terms, Verdict, preview,
};
use car_state::identity::Identity;
use car_state::outcomes::Scope;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use crate::failure::approval_refused;

/// Members of the params that say how a call is made, and not what it does.
pub(crate) const ABOUT_THE_CALL: [&str; 2] = ["_meta", "idempotency_key"];

/// What is asked about a call of `method`. One with a key runs with the params that the key stands for, or not at all.
pub(super) fn question(
    method: &'static str,
    params: Option<&RawValue>,
    identity: &Identity,
    gate: &ApprovalGate,
    asking: &Asking,
    speaking: &Speaking,
    key: Option<&IdempotencyKey>,
) -> Result<Question, RpcError> {
    let mut arguments: Value = params
        .and_then(|params| serde_json::from_str(params.get()).ok())
        .unwrap_or_default();
    let details = json!({ "method": method, "params_preview": preview(&arguments) });
    if let Value::Object(members) = &mut arguments {
        for name in ABOUT_THE_CALL {
            members.remove(name);
        }
    }
    let operation = Operation::Method(method.into());
    let act = Act::new(operation, &arguments, Requester::from(identity));
    let act = act.map_err(|error| RpcError::invalid_params(None, error.to_string()))?;
    let act = act
        .of_agent(speaking.agent())
        .in_project(speaking.project())
        .under(asking.revision());
    Ok(Question {
        action: format!("ws.method:{method}"),
        act,
        details,
        terms: Terms {
            editable: key.is_none(),
            ..asking.terms(gate)
        },
        because: asking.because(),
        key: key.map(|key| ActKey {
            scope: Scope::of(&identity.principal),
            key: key.clone(),
        }),
        edits: None,
    })
}

/// The params that a person put in the place of those that were asked about, or why the call does not run.
pub(crate) fn agreed(
    method: &'static str,
    verdict: Verdict,
) -> Result<Option<Box<RawValue>>, RpcError> {
    let told = |kind, approval: String, message: String| {
        approval_refused(kind, message).with("approval_id", approval)
    };
    Err(match verdict {
        Verdict::Approved(consent) => {
            let edits = consent.edits.map(|edits| to_raw_value(&edits));
            return edits.transpose().map_err(|_| RpcError::internal());
        }
        Verdict::Denied {
            approval,
            resolution,
            by,
            comment,
        } => {
            let message = format!("a person refused {method}");
            let mut error = told(kind::APPROVAL_DENIED, approval, message)
                .with("resolution", resolution)
                .with("decided_by", serde_json::to_value(by).unwrap_or_default());
            if let Some(comment) = comment {
                error = error.with("comment", comment);
            }
            error
        }
        Verdict::TimedOut { approval, after } => {
            let message = format!("nobody decided on {method} within {} s", after.as_secs());
            let error = told(kind::APPROVAL_TIMEOUT, approval, message);
            error.with("reason", "timeout").retryable()
        }
        Verdict::NobodyReached { approval, after } => {
            let message = format!(
                "nobody who could decide on {method} was reached within {} s",
                after.as_secs()
            );
            let error = told(kind::APPROVAL_TIMEOUT, approval, message);
            error.with("reason", "nobody_reached").retryable()
        }
        Verdict::Withdrawn { approval, reason } => {
            let message = format!("the question about {method} was taken back");
            let error = told(kind::WITHDRAWN, approval, message);
            error.with("resolution", "withdrawn").with("reason", reason)
        }
        _ => {
            let message = format!("storage takes nothing, so nobody can be asked about {method}");
            approval_refused(kind::STORAGE_FULL, message).retryable()
        }
    })
}

/// A call that waits for a person, counted.
pub(super) struct Parked(Arc<AtomicUsize>);

impl Parked {
    pub(super) fn new(count: &Arc<AtomicUsize>, limit: usize) -> Option<Self> {
        let fits = |parked: usize| (parked < limit).then_some(parked + 1);
        count
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, fits)
            .ok()?;
        Some(Self(Arc::clone(count)))
    }
}

impl Drop for Parked {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
