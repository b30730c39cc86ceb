//! Calls of which nobody knows whether they were done when the connection was lost.

use car_protocol::idempotency::IdempotencyKey;
use car_protocol::jsonrpc::{Message, decode_message};
use car_protocol::rpc::METHODS;
use car_protocol::rpc::request::{Outcome, OutcomeParams, OutcomeReport, OutcomeStatus};

use crate::error::CallError;
use crate::exchange::Exchange;
use crate::outgoing::Outgoing;
use crate::pending::{Answer, Kept};
use crate::revive::Trouble;

/// What the daemon says of a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Doubtful {
    /// It never arrived.
    NotSeen,
    /// It was done, and the answer is not kept.
    Done,
    /// Nothing.
    Unknown,
}

/// What is to become of a call.
#[derive(Debug)]
enum Fate {
    SendAgain,
    /// The daemon is asked by the call's key.
    Ask(IdempotencyKey),
    Settle(Answer),
}

fn key_of(text: &str) -> Option<IdempotencyKey> {
    match decode_message(text) {
        Ok(Message::Request(request)) => IdempotencyKey::of_request(request.params, request.meta)
            .ok()
            .flatten(),
        _ => None,
    }
}

/// Whether a call changes nothing, so that it may be made twice.
fn only_reads(text: &str) -> bool {
    let Ok(Message::Request(request)) = decode_message(text) else {
        return false;
    };
    let mut methods = METHODS.iter().flat_map(|methods| methods.iter());
    methods.any(|spec| spec.name == request.method && !spec.mutates)
}

fn fate(text: &str, doubtful: Doubtful) -> Fate {
    match doubtful {
        Doubtful::NotSeen => Fate::SendAgain,
        Doubtful::Done | Doubtful::Unknown if only_reads(text) => Fate::SendAgain,
        Doubtful::Done => key_of(text).map_or(Fate::Settle(Err(CallError::ReplyLost)), Fate::Ask),
        Doubtful::Unknown => {
            let unknown = Fate::Settle(Err(CallError::OutcomeUnknown));
            key_of(text).map_or(unknown, Fate::Ask)
        }
    }
}

/// The fate of a call that was made at the time `since`, by what the daemon knows of its key.
fn fate_by(report: OutcomeReport, since: car_protocol::Timestamp) -> Fate {
    match report.status {
        OutcomeStatus::NotSeen if report.known_since <= since => Fate::SendAgain,
        // It joins the one that runs, and gets its answer.
        OutcomeStatus::Running => Fate::SendAgain,
        OutcomeStatus::Done | OutcomeStatus::Failed => {
            Fate::Settle(match (report.result, report.error) {
                (Some(result), _) => Ok(result),
                (None, Some(error)) => Err(error.into()),
                (None, None) => Err(CallError::ReplyLost),
            })
        }
        _ => Fate::Settle(Err(CallError::OutcomeUnknown)),
    }
}

/// Ends a call, or has it sent again.
pub(crate) async fn settle(
    exchange: &mut Exchange<'_>,
    id: i64,
    kept: &Kept,
    doubtful: Doubtful,
) -> Result<Option<Outgoing>, Trouble> {
    let mut fate = fate(&kept.text, doubtful);
    if let Fate::Ask(key) = fate {
        let report = exchange.ask::<Outcome>(&OutcomeParams { key }).await?;
        fate = match report {
            Ok(report) => fate_by(report, kept.since),
            Err(_) => Fate::Settle(Err(CallError::OutcomeUnknown)),
        };
    }
    Ok(match fate {
        Fate::Settle(answer) => {
            exchange.reader.pending.settle(id, answer);
            None
        }
        _ => Some(Outgoing::call(id, kept.text.clone())),
    })
}

#[cfg(test)]
mod tests {
    use car_protocol::Timestamp;
    use serde_json::json;

    use super::*;

    fn request(method: &str, params: serde_json::Value) -> String {
        json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string()
    }

    #[test]
    fn what_changes_nothing_or_never_arrived_is_sent_again_and_the_rest_is_not() {
        let read = request("state.get", json!({ "key": "k" }));
        let write = request("state.set", json!({ "key": "k", "value": 1 }));
        let other = request("nobody.knows", json!({}));
        assert!(matches!(fate(&read, Doubtful::Unknown), Fate::SendAgain));
        assert!(matches!(fate(&write, Doubtful::NotSeen), Fate::SendAgain));
        for text in [&write, &other] {
            assert!(matches!(
                fate(text, Doubtful::Unknown),
                Fate::Settle(Err(CallError::OutcomeUnknown))
            ));
        }
        let said = request(
            "agent.chat.event",
            json!({ "session_id": "c", "kind": "token" }),
        );
        for text in [&write, &said] {
            assert!(matches!(
                fate(text, Doubtful::Done),
                Fate::Settle(Err(CallError::ReplyLost))
            ));
        }
        let keyed = json!({ "key": "k", "value": 1, "idempotency_key": "mine" });
        let keyed = request("state.set", keyed);
        assert!(
            matches!(fate(&keyed, Doubtful::Unknown), Fate::Ask(key) if key.as_str() == "mine")
        );
    }

    #[test]
    fn a_key_says_what_became_of_the_call_where_it_is_remembered() {
        let report = |status: &str, known_since: &str, more: serde_json::Value| -> OutcomeReport {
            let mut report = json!({ "key": "k", "status": status, "known_since": known_since });
            let members = report.as_object_mut().unwrap();
            members.extend(more.as_object().unwrap().clone());
            serde_json::from_str(&report.to_string()).unwrap()
        };
        let (old, young) = ("2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z");
        let since: Timestamp = "2026-01-02T00:00:00Z".parse().unwrap();
        let fate = |status, known_since, more| fate_by(report(status, known_since, more), since);
        assert!(matches!(fate("not_seen", old, json!({})), Fate::SendAgain));
        assert!(matches!(fate("running", old, json!({})), Fate::SendAgain));
        for (status, known_since) in [("not_seen", young), ("unknown", old)] {
            assert!(matches!(
                fate(status, known_since, json!({})),
                Fate::Settle(Err(CallError::OutcomeUnknown))
            ));
        }
        let result = json!({ "result": [1], "result_kept": true });
        assert!(
            matches!(fate("done", old, result), Fate::Settle(Ok(result)) if result.get() == "[1]")
        );
        let error = json!({ "error": { "code": -32000, "message": "no" } });
        assert!(matches!(
            fate("failed", old, error),
            Fate::Settle(Err(CallError::Rpc(_)))
        ));
        assert!(matches!(
            fate("done", young, json!({ "result_kept": false })),
            Fate::Settle(Err(CallError::ReplyLost))
        ));
    }
}
