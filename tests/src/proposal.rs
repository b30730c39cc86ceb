//! Proposals as tests write them.

use serde_json::{Value, json};

use crate::TestClient;

/// The params of a `proposal.submit` with these actions.
#[must_use]
pub fn proposal(actions: impl IntoIterator<Item = Value>) -> Value {
    let actions: Vec<Value> = actions.into_iter().collect();
    json!({ "proposal": { "id": "p", "actions": actions } })
}

/// A tool call without parameters.
#[must_use]
pub fn call(id: &str, tool: &str) -> Value {
    json!({ "id": id, "type": "tool_call", "tool": tool })
}

/// A write to the state.
#[must_use]
pub fn write(id: &str, key: &str, value: Value) -> Value {
    json!({ "id": id, "type": "state_write", "parameters": { "key": key, "value": value } })
}

/// A read of the state.
#[must_use]
pub fn read(id: &str, key: &str) -> Value {
    json!({ "id": id, "type": "state_read", "parameters": { "key": key } })
}

/// The same action with other members too.
#[must_use]
pub fn with(mut action: Value, members: Value) -> Value {
    let (Value::Object(action_members), Value::Object(members)) = (&mut action, members) else {
        panic!("both are objects");
    };
    action_members.extend(members);
    action
}

/// `[[id, status], …]` of a proposal's result.
#[must_use]
pub fn statuses(result: &Value) -> Value {
    let results = result["results"].as_array().expect("a result has results");
    results
        .iter()
        .map(|result| json!([result["action_id"], result["status"]]))
        .collect()
}

/// Registers the tool `work` and submits a proposal that calls it; answers the proposal's request and the call.
pub async fn begin_work(client: &mut TestClient) -> (i64, Value) {
    client
        .call("tools.register", json!([{ "name": "work" }]))
        .await;
    let submit = proposal([call("a", "work")]);
    let running = client.request("proposal.submit", submit).await;
    (running, client.expect("tools.execute").await)
}
