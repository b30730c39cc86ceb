//! What params become, and how a refusal names the place.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;

use car_protocol::jsonrpc::decode_params;
use car_protocol::rpc::{Empty, events, host, policy, proposal, session, state, tools};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

fn row<T: DeserializeOwned + Serialize>(out: &mut String, text: Option<&str>) {
    let raw = text.map(|text| RawValue::from_string(text.to_owned()).unwrap());
    let outcome = match decode_params::<T>(raw.as_deref()) {
        Ok(params) => format!("ok {}", serde_json::to_string(&params).unwrap()),
        Err(error) => {
            let field = error.data.as_ref().and_then(|data| data.field.as_deref());
            format!("{} [{}] {}", error.code, field.unwrap_or(""), error.message)
        }
    };
    let name = std::any::type_name::<T>().replace("car_protocol::rpc::", "");
    let _ = writeln!(out, "{name}: {}\n  {outcome}", text.unwrap_or("none"));
}

#[test]
fn params_by_name() {
    let mut out = String::new();
    row::<Empty>(&mut out, None);
    row::<Empty>(&mut out, Some("{}"));
    row::<Empty>(&mut out, Some(r#"{"unknown":1}"#));
    row::<Empty>(&mut out, Some("[]"));
    row::<Empty>(&mut out, Some("[1]"));
    row::<state::GetParams>(&mut out, Some(r#"{"key":"k","unknown":[1]}"#));
    row::<state::GetParams>(&mut out, Some(r#"{"key":"k","tenant_id":null}"#));
    row::<state::GetParams>(&mut out, None);
    row::<state::GetParams>(&mut out, Some("[]"));
    row::<state::GetParams>(&mut out, Some(r#"["k"]"#));
    row::<state::GetParams>(&mut out, Some("[ [] ]"));
    row::<state::GetParams>(&mut out, Some(r#"{"key":7}"#));
    row::<state::GetParams>(&mut out, Some(r#"{"key":null}"#));
    row::<state::GetParams>(&mut out, Some("{\n  \"tenant_id\":\n 5,\"key\":\"k\"}"));
    row::<state::GetParams>(&mut out, Some(r#"{"key":"a","key":"b"}"#));
    row::<state::GetParams>(&mut out, Some(r#"{"key":"a","k\u0065y":"b"}"#));
    row::<session::AuthParams>(&mut out, Some("[]"));
    row::<policy::RegisterParams>(&mut out, Some(r#"["a","deny_tool"]"#));
    row::<policy::RegisterParams>(&mut out, Some(r#"{"name":5,"rule":"deny_tool"}"#));
    row::<policy::RegisterParams>(&mut out, Some(r#"{"rule":"deny_tool"}"#));
    row::<policy::RegisterParams>(&mut out, Some(r#"{"name":"a","rule":"b","name":"c"}"#));
    insta::assert_snapshot!(out);
}

#[test]
fn params_that_are_an_array() {
    let mut out = String::new();
    row::<Vec<tools::ToolDefinition>>(&mut out, None);
    row::<Vec<tools::ToolDefinition>>(&mut out, Some("[]"));
    row::<Vec<tools::ToolDefinition>>(&mut out, Some(r#"[{"name":"a"}]"#));
    row::<Vec<tools::ToolDefinition>>(&mut out, Some(r#"{"name":"a"}"#));
    row::<Vec<tools::ToolDefinition>>(&mut out, Some(r#"[{"name":"a"},{"nome":"b"}]"#));
    let rate = r#"[{"name":"a","rate_limit":{"max_calls":-1,"interval_secs":1}}]"#;
    row::<Vec<tools::ToolDefinition>>(&mut out, Some(rate));
    row::<Vec<tools::ToolDefinition>>(&mut out, Some(r#"[["a"]]"#));
    insta::assert_snapshot!(out);
}

#[test]
fn the_path_leads_to_the_fault() {
    let mut out = String::new();
    for actions in [
        "5",
        r#"[{"type":"tool_call"},{"type":"state_read"},{"id":5,"type":"assertion"}]"#,
        r#"[{"type":"tool_call"},{}]"#,
        r#"[{"type":"fly"}]"#,
        r#"[{"type":"tool_call","type":"tool_call"}]"#,
        r#"[{"type":"tool_call","preconditions":[{"key":"a"},{"key":false}]}]"#,
        r#"[{"type":"tool_call","parameters":[]}]"#,
        r#"[{"type":"tool_call","max_retries":-1}]"#,
        r#"[{"type":"tool_call","parameters":{"big":1e999}}]"#,
        r#"[{"type":"tool_call","parameters":{"twice":1,"twice":2}}]"#,
    ] {
        let params = format!(r#"{{"proposal":{{"actions":{actions}}}}}"#);
        row::<proposal::SubmitParams>(&mut out, Some(&params));
    }
    row::<proposal::SubmitParams>(&mut out, Some(r#"{"proposal":null}"#));
    row::<proposal::SubmitParams>(&mut out, Some(r#"{"scope":{}}"#));
    row::<events::QueryParams>(&mut out, Some(r#"{"since":{"epoch":1}}"#));
    row::<events::QueryParams>(&mut out, Some(r#"{"since":[1,40]}"#));
    row::<events::QueryParams>(&mut out, Some(r#"{"limit":4294967296}"#));
    row::<host::SetStatusParams>(&mut out, Some(r#"{"agent_id":"a","status":"asleep"}"#));
    row::<Map<String, Value>>(&mut out, Some("[1]"));
    insta::assert_snapshot!(out);
}

#[test]
fn an_error_repeats_little_of_what_was_sent() {
    let long = "é".repeat(100_000);
    let params = format!(r#"{{"agent_id":"a","status":"{long}"}}"#);
    let raw = RawValue::from_string(params).unwrap();
    let error = decode_params::<host::SetStatusParams>(Some(&raw)).unwrap_err();
    assert!(error.message.len() < 300, "{}", error.message.len());
}
