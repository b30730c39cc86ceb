//! `request.*`.

use std::sync::Arc;

use car_protocol::rpc::request::{Outcome, OutcomeParams, OutcomeReport, OutcomeStatus};
use car_state::outcomes::{OutcomeError, Outcomes, Scope, Status};
use futures_util::FutureExt as _;

use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Answer, Route, Routes};

pub(super) fn routes(outcomes: Arc<Outcomes>) -> Vec<Route> {
    Routes::with(outcomes)
        .on::<Outcome, _>(outcome)
        .into_routes()
}

fn outcome(
    outcomes: &Arc<Outcomes>,
    cx: &Cx,
    params: OutcomeParams,
) -> Result<Answer<OutcomeReport>, Failure> {
    let scope = Scope::of(&cx.identity().principal);
    let found = outcomes.report(&scope, &params.key);
    let mut report = OutcomeReport {
        key: params.key,
        status: OutcomeStatus::NotSeen,
        method: None,
        begun_at: None,
        ended_at: None,
        result_kept: None,
        result: None,
        error: None,
        known_since: found.known_since,
    };
    let Some(known) = found.known else {
        return Ok(Answer::Now(report));
    };
    report.method = Some(known.method.to_string());
    report.begun_at = Some(known.begun);
    report.ended_at = known.end.map(|(_, at)| at);
    report.status = match known.end {
        None => OutcomeStatus::Running,
        Some((Status::Done, _)) => OutcomeStatus::Done,
        Some((Status::Failed, _)) => OutcomeStatus::Failed,
        Some((Status::Unknown, _)) => OutcomeStatus::Unknown,
    };
    if matches!(report.status, OutcomeStatus::Done | OutcomeStatus::Failed) {
        report.result_kept = Some(known.past.is_some());
    }
    let Some(past) = known.past else {
        return Ok(Answer::Now(report));
    };
    let read = async move {
        match past.answer().await {
            Ok(reply) => match &*reply {
                Ok(result) => report.result = Some(result.clone()),
                Err(error) => report.error = Some(error.clone()),
            },
            // It has gone in this moment.
            Err(OutcomeError::NotKept { .. }) => report.result_kept = Some(false),
            Err(error) => return Err(error.into()),
        }
        Ok(report)
    };
    Ok(Answer::Later(read.boxed()))
}
