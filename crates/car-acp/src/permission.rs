//! What the agent asks before it does something.

use std::time::Duration;

use agent_client_protocol::v1::schema::{
    PermissionOption, PermissionOptionKind, RequestPermissionOutcome, RequestPermissionRequest,
    RequestPermissionResponse, SelectedPermissionOutcome, ToolCallUpdateFields,
};
use car_client::Client;
use car_protocol::rpc::agents_external::{Permit, PermitParams};
use serde_json::{Map, Value};

use crate::talks::{Busy, Talks};
use crate::updates::fit;

/// How long the answer may take: the daemon has a shorter deadline of its own for the person.
const PATIENCE: Duration = Duration::from_secs(24 * 3_600);

/// Asks the daemon, which asks rules, grants and people.
pub(crate) async fn ask(
    request: RequestPermissionRequest,
    talks: &Talks,
    client: &Client,
    most: usize,
) -> RequestPermissionResponse {
    let outcome = match talks.busy(&request.session_id) {
        // It is about a prompt that nobody waits for.
        None => RequestPermissionOutcome::Cancelled,
        Some(busy) => {
            let over = busy.over.clone();
            tokio::select! {
                biased;
                () = over.cancelled() => RequestPermissionOutcome::Cancelled,
                outcome = decide(request, busy, client, most) => outcome,
            }
        }
    };
    RequestPermissionResponse::new(outcome)
}

async fn decide(
    request: RequestPermissionRequest,
    busy: Busy,
    client: &Client,
    most: usize,
) -> RequestPermissionOutcome {
    let fields = request.tool_call.fields;
    let kind = word(fields.kind.as_ref()).unwrap_or_else(|| "other".to_owned());
    let params = PermitParams {
        session_id: busy.chat,
        turn_id: Some(busy.turn),
        tool: format!("acp.{kind}"),
        arguments: arguments(fields, most),
    };
    let client = client.with_deadline(PATIENCE);
    let allowed = match client.call::<Permit>(params).await {
        Ok(permitted) => permitted.allowed,
        Err(error) => {
            tracing::warn!(%error, "nobody could be asked about a permission");
            false
        }
    };
    choose(allowed, &request.options)
}

/// What a person sees, and what a consent is about.
fn arguments(fields: ToolCallUpdateFields, most: usize) -> Value {
    let Ok(Value::Object(mut members)) = serde_json::to_value(&fields) else {
        return Value::Object(Map::new());
    };
    // How far it is, which is always before its beginning, and what it would give.
    for name in ["status", "rawOutput", "kind"] {
        members.remove(name);
    }
    fit(&mut members, most);
    Value::Object(members)
}

/// A unit variant as it is written.
fn word(of: Option<&impl serde::Serialize>) -> Option<String> {
    match serde_json::to_value(of?) {
        Ok(Value::String(word)) => Some(word),
        _ => None,
    }
}

/// The option that says no more than what was decided. A consent that reaches further is kept by the daemon, where it can be
/// taken back, and not by the agent: it asks again.
fn choose(allowed: bool, options: &[PermissionOption]) -> RequestPermissionOutcome {
    use PermissionOptionKind::{AllowAlways, AllowOnce, RejectAlways, RejectOnce};
    let wanted = match allowed {
        true => [AllowOnce, AllowAlways],
        false => [RejectOnce, RejectAlways],
    };
    let found = wanted
        .iter()
        .find_map(|kind| options.iter().find(|option| option.kind == *kind));
    found.map_or(RequestPermissionOutcome::Cancelled, |option| {
        let chosen = SelectedPermissionOutcome::new(option.option_id.clone());
        RequestPermissionOutcome::Selected(chosen)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option(id: &str, kind: PermissionOptionKind) -> PermissionOption {
        PermissionOption::new(id.to_owned(), id.to_owned(), kind)
    }

    fn chosen(allowed: bool, options: &[PermissionOption]) -> Option<String> {
        match choose(allowed, options) {
            RequestPermissionOutcome::Selected(chosen) => Some(chosen.option_id.to_string()),
            _ => None,
        }
    }

    #[test]
    fn the_answer_that_reaches_least_is_chosen() {
        let all = [
            option("always", PermissionOptionKind::AllowAlways),
            option("once", PermissionOptionKind::AllowOnce),
            option("never", PermissionOptionKind::RejectAlways),
            option("no", PermissionOptionKind::RejectOnce),
        ];
        assert_eq!(chosen(true, &all).as_deref(), Some("once"));
        assert_eq!(chosen(false, &all).as_deref(), Some("no"));
        assert_eq!(chosen(true, &all[..1]).as_deref(), Some("always"));
        assert_eq!(
            chosen(false, &all[..2]),
            None,
            "an agent that takes no refusal is cancelled"
        );
    }
}
