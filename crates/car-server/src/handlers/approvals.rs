//! `approvals.*`.

use std::sync::Arc;

use car_protocol::RpcError;
use car_protocol::rpc::approvals::{
    Approval, ApprovalHistory, ApprovalList, ApprovalParams, Choice, ConsentScope, Decide,
    DecideParams, Get, History, HistoryParams, List, ListParams, Seen, SeenParams, SeenRows,
    Withdraw, WithdrawParams,
};
use car_state::approval::{APPROVE, ApprovalError, DENY, Decided, Decision, HistoryQuery, masked};
use car_state::host::HostPlane;
use futures_util::FutureExt as _;

use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Answer, Route, Routes};

/// Rows of an answer that asks for no number.
const USUAL_ROWS: u32 = 100;
/// Rows of an answer.
const MOST_ROWS: u32 = 500;
/// Approvals that are said to be seen at once.
const MOST_SEEN: usize = 100;
/// Bytes of a comment.
const MAX_COMMENT: usize = 4 << 10;
/// Bytes of a reason.
const MAX_REASON: usize = 256;
/// Bytes of JSON of edited arguments.
const MAX_EDITS: usize = 256 << 10;
/// Patterns of a narrowing.
const MAX_PATTERNS: usize = 32;

type Plane = Arc<HostPlane>;

pub(super) fn routes(plane: Plane) -> Vec<Route> {
    Routes::with(plane)
        .on::<List, _>(list)
        .on::<Get, _>(get)
        .on::<Decide, _>(decide)
        .on::<Seen, _>(seen)
        .on::<Withdraw, _>(withdraw)
        .on::<History, _>(history)
        .into_routes()
}

/// A row without the secrets of what somebody put in the place of the arguments.
fn shown(mut approval: Approval) -> Approval {
    let decision = approval.decision.as_mut();
    if let Some(edits) = decision.and_then(|decision| decision.edits.as_mut()) {
        *edits = masked(edits.take());
    }
    approval
}

fn list(plane: &Plane, cx: &Cx, params: ListParams) -> Result<ApprovalList, Failure> {
    plane.approvals().shown_to(&cx.identity(), None);
    let by = params
        .mine_to_decide
        .unwrap_or(false)
        .then(|| cx.identity());
    let mut approvals = plane.approvals().pending_rows(by.as_ref());
    if params.agent_id.is_some() {
        approvals.retain(|approval| approval.agent_id == params.agent_id);
    }
    Ok(ApprovalList {
        approvals: approvals.into_iter().map(shown).collect(),
    })
}

fn get(plane: &Plane, cx: &Cx, params: ApprovalParams) -> Result<Answer<Approval>, Failure> {
    plane
        .approvals()
        .shown_to(&cx.identity(), Some(&params.approval_id));
    Ok(match plane.approvals().get(&params.approval_id) {
        Ok(approval) => Answer::Now(shown(approval)),
        Err(found) => Answer::Later(async move { Ok(shown(found.await?)) }.boxed()),
    })
}

fn too_long(field: &str, what: &str, limit: usize) -> Failure {
    RpcError::invalid_params(Some(field), format!("{field} is {what}"))
        .with_limit(limit as u64)
        .into()
}

fn within_bounds(params: &DecideParams) -> Result<(), Failure> {
    let comment = params.comment.as_ref().map_or(0, String::len);
    if comment > MAX_COMMENT {
        return Err(too_long("comment", "too long", MAX_COMMENT));
    }
    let edits = params
        .edits
        .as_ref()
        .map_or(0, |edits| edits.to_string().len());
    if edits > MAX_EDITS {
        return Err(too_long("edits", "too long", MAX_EDITS));
    }
    let narrowing = params.narrowing.as_ref();
    let patterns = narrowing.and_then(|narrowing| narrowing.arguments.as_ref());
    if patterns.is_some_and(|patterns| patterns.len() > MAX_PATTERNS) {
        return Err(too_long("narrowing.arguments", "too much", MAX_PATTERNS));
    }
    match params.scope {
        Some(ConsentScope::For { ms: 0 } | ConsentScope::Times { n: 0 }) => {
            let message = "a consent is for 1 at least";
            Err(RpcError::invalid_params(Some("scope"), message).into())
        }
        _ => Ok(()),
    }
}

fn decide(plane: &Plane, cx: &Cx, params: DecideParams) -> Result<Answer<Approval>, Failure> {
    within_bounds(&params)?;
    let resolution = match params.decision {
        Choice::Approve => APPROVE,
        Choice::Deny => DENY,
    };
    let decision = Decision {
        resolution: resolution.to_owned(),
        digest: params.digest,
        scope: params.scope.unwrap_or_default(),
        narrowing: params.narrowing,
        comment: params.comment,
        edits: params.edits,
    };
    let decided = plane.decide(&cx.identity(), &params.approval_id, decision);
    told(plane, decided)
}

/// An answer that tells of an event waits for it: whoever is told that something happened finds it in the log.
fn told(plane: &Plane, decided: Decided) -> Result<Answer<Approval>, Failure> {
    match decided {
        Decided::Now(outcome) => Answer::when(plane.settled(), shown(*outcome?)),
        Decided::PassedOn(approval, _) => Answer::when(plane.settled(), shown(*approval)),
        Decided::Later(outcome) => {
            let plane = Arc::clone(plane);
            let answer = async move {
                let approval = outcome.await?;
                plane.settled().await?;
                Ok(shown(*approval))
            };
            Ok(Answer::Later(answer.boxed()))
        }
    }
}

fn seen(plane: &Plane, cx: &Cx, params: SeenParams) -> Result<SeenRows, Failure> {
    let count = params.approval_ids.len();
    if !(1..=MOST_SEEN).contains(&count) {
        let message = format!("approval_ids holds 1 to {MOST_SEEN}");
        return Err(RpcError::invalid_params(Some("approval_ids"), message)
            .with_limit(MOST_SEEN as u64)
            .into());
    }
    let seen = plane.approvals().seen(&cx.identity(), params.approval_ids);
    Ok(SeenRows { seen })
}

fn withdraw(plane: &Plane, cx: &Cx, params: WithdrawParams) -> Result<Answer<Approval>, Failure> {
    let reason = params.reason.as_deref();
    if reason.is_some_and(|reason| reason.len() > MAX_REASON) {
        return Err(too_long("reason", "too long", MAX_REASON));
    }
    let (by, id) = (cx.identity(), &params.approval_id);
    told(plane, plane.approvals().withdraw(&by, id, reason))
}

fn history(
    plane: &Plane,
    _: &Cx,
    params: HistoryParams,
) -> Result<Answer<ApprovalHistory>, Failure> {
    let limit = params.limit.unwrap_or(USUAL_ROWS);
    if !(1..=MOST_ROWS).contains(&limit) {
        let message = format!("limit is 1 to {MOST_ROWS}");
        return Err(RpcError::invalid_params(Some("limit"), message)
            .with_limit(MOST_ROWS.into())
            .into());
    }
    let limit = limit as usize;
    // One more tells whether there is more.
    let page = plane.approvals().history(HistoryQuery {
        limit: limit + 1,
        before: params.before,
        agent_id: params.agent_id,
        standing: params.standing,
    });
    let answer = async move {
        let page = page.await.map_err(ApprovalError::from)?;
        Ok(cut(page, limit))
    };
    let mut answer = answer.boxed();
    Ok(match answer.as_mut().now_or_never() {
        Some(page) => Answer::Now(page?),
        None => Answer::Later(answer),
    })
}

fn cut(mut approvals: Vec<Approval>, limit: usize) -> ApprovalHistory {
    let more = approvals.len() > limit;
    approvals.truncate(limit);
    let last = approvals.last().filter(|_| more);
    ApprovalHistory {
        next: last.map(|approval| approval.number),
        approvals: approvals.into_iter().map(shown).collect(),
    }
}
