use car_protocol::rpc::tools::RateLimit;
use serde_json::json;

use super::*;

fn tool(name: &str, parameters: Value) -> ToolDefinition {
    ToolDefinition {
        name: name.to_owned(),
        parameters,
        ..ToolDefinition::default()
    }
}

#[test]
fn tools_are_listed_by_name_and_replaced_by_name() {
    let table = ToolTable::new();
    let registered = table.register(vec![
        tool("b", json!({})),
        tool("a", json!(null)),
        tool("b", json!({"type": "object"})),
    ]);
    assert_eq!(registered, Ok(3));
    let names: Vec<_> = table.list().into_iter().map(|tool| tool.name).collect();
    assert_eq!(names, ["a", "b"]);
    let old = table.get("a").unwrap();
    table.register(vec![tool("a", json!({}))]).unwrap();
    assert_ne!(old.generation(), table.get("a").unwrap().generation());
    assert!(table.unregister("a"));
    assert!(!table.unregister("a"));
    assert!(table.get("a").is_none());
}

#[test]
fn one_bad_tool_keeps_all_of_the_call_out() {
    let table = ToolTable::new();
    let bad = json!({"properties": {"x": {"type": "text"}}});
    let error = table
        .register(vec![tool("good", json!({})), tool("bad", bad)])
        .unwrap_err();
    assert_eq!(error.field(), "[1].parameters/properties/x/type");
    assert_eq!(error.name, "bad");
    assert!(table.is_empty());
}

#[test]
fn a_schema_that_points_elsewhere_is_refused() {
    let table = ToolTable::new();
    for reference in [
        "https://example.com/schema.json",
        "file:///etc/hostname",
        "other.json",
    ] {
        let schema = json!({"properties": {"x": {"$ref": reference}}});
        let error = table.register(vec![tool("t", schema)]).unwrap_err();
        assert!(
            matches!(error.problem, ToolProblem::Schema { .. }),
            "{reference}: {error}"
        );
    }
    let inside =
        json!({"$defs": {"n": {"type": "integer"}}, "properties": {"x": {"$ref": "#/$defs/n"}}});
    table.register(vec![tool("t", inside)]).unwrap();
    let tool = table.get("t").unwrap();
    assert!(tool.check_parameters(&json!({"x": 1})).is_ok());
    assert!(tool.check_parameters(&json!({"x": "1"})).is_err());
}

#[test]
fn every_bound_is_held() {
    let table = ToolTable::new();
    let limit = |definition: ToolDefinition| table.register(vec![definition]).unwrap_err().limit();
    assert_eq!(limit(tool("", json!({}))), Some(NAME_BYTES));
    assert_eq!(limit(tool(&"x".repeat(129), json!({}))), Some(NAME_BYTES));
    let big = json!({"description": "x".repeat(SCHEMA_BYTES)});
    assert_eq!(limit(tool("t", big)), Some(SCHEMA_BYTES));
    let wordy = ToolDefinition {
        description: "x".repeat(DESCRIPTION_BYTES + 1),
        ..tool("t", json!({}))
    };
    assert_eq!(limit(wordy), Some(DESCRIPTION_BYTES));
    let never = ToolDefinition {
        rate_limit: Some(RateLimit {
            max_calls: 0,
            interval_secs: 1.0,
        }),
        ..tool("t", json!({}))
    };
    let error = table.register(vec![never]).unwrap_err();
    assert_eq!(error.field(), "[0].rate_limit");
    let nowhere = ToolDefinition {
        max_concurrency: Some(0),
        ..tool("t", json!({}))
    };
    let error = table.register(vec![nowhere]).unwrap_err();
    assert_eq!(error.field(), "[0].max_concurrency");
    let many = |from: usize, to: usize| {
        (from..to)
            .map(|n| tool(&n.to_string(), json!({})))
            .collect()
    };
    table.register(many(0, TOOLS)).unwrap();
    assert_eq!(limit(tool("one more", json!({}))), Some(TOOLS));
    table.register(many(0, TOOLS)).unwrap();
    let error = ToolTable::new().register(many(0, TOOLS + 1)).unwrap_err();
    assert_eq!(error.limit(), Some(TOOLS));
}

#[test]
fn what_does_not_fit_is_told_by_place_and_without_the_value() {
    let table = ToolTable::new();
    let schema = json!({
        "type": "object",
        "required": ["n"],
        "properties": {"n": {"type": "integer"}, "s": {"type": "string", "maxLength": 3}},
    });
    table.register(vec![tool("t", schema)]).unwrap();
    let tool = table.get("t").unwrap();
    let told = tool.check_parameters(&json!({"s": "secret"})).unwrap_err();
    assert!(told.contains("parameters/s: "), "{told}");
    assert!(told.contains("\"n\" is a required property"), "{told}");
    assert!(!told.contains("secret"), "{told}");
}

#[test]
fn a_pattern_that_explodes_ends() {
    let table = ToolTable::new();
    let schema = json!({"properties": {"s": {"pattern": "^(?=(a+)+$)(a+)+b\\1$"}}});
    table.register(vec![tool("t", schema)]).unwrap();
    let tool = table.get("t").unwrap();
    let text = format!("{}!", "a".repeat(64));
    assert!(tool.check_parameters(&json!({"s": text})).is_err());
}
