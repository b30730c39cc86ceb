//! Function calls, wherever they stand in a component.

use serde_json::{Map, Value};

use super::loss::{Fate, Lost, Report};
use crate::a2ui::CatalogId;
use crate::a2ui::function::Function;
use crate::a2ui::version::{Version, is_basic_catalog};

/// The members that a call can have. An object with any other is none.
const CALL_MEMBERS: &[&str] = &["call", "args", "returnType", "catalogId"];

/// Whether a value is a call.
pub(super) fn is_call(members: &Map<String, Value>) -> bool {
    members.get("call").is_some_and(Value::is_string)
        && members
            .keys()
            .all(|name| CALL_MEMBERS.contains(&name.as_str()))
}

/// Whether a value is computed or bound, rather than written down.
pub(super) fn is_computed(value: &Value) -> bool {
    let names =
        |members: &Map<String, Value>| members.contains_key("call") || members.contains_key("path");
    value.as_object().is_some_and(names)
}

/// Converts every call in a value. The reader has held the depth.
pub(super) fn convert(value: &mut Value, to: Version, report: &mut Report) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                report.inside(&index.to_string(), |report| convert(item, to, report));
            }
        }
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                report.inside(name, |report| convert(member, to, report));
            }
            if is_call(members) {
                convert_call(members, to, report);
            }
        }
        _ => {}
    }
}

fn convert_call(call: &mut Map<String, Value>, to: Version, report: &mut Report) {
    if to.is_v1() {
        // What a function gives, the catalog says; in a call it was only repeated.
        call.remove("returnType");
        return;
    }
    let named = call.remove("catalogId").map(|id| is_basic(&id));
    if named == Some(false) {
        report.lose("catalogId", Lost::Catalog, Fate::Dropped);
    }
    let name = call.get("call").and_then(Value::as_str).unwrap_or_default();
    let argument = |name: &str| call.get("args").and_then(|args| args.get(name));
    if name == "@index" {
        report.lose("call", Lost::Index, Fate::Kept);
    }
    if !named.unwrap_or(!report.custom) {
        return;
    }
    if name == "openUrl" && argument("url").is_some_and(is_computed) {
        report.lose("args", Lost::Computed, Fate::Kept);
    }
    if name == "formatString" {
        let text = argument("value").and_then(Value::as_str);
        if text.is_some_and(|text| text.contains("@index(")) {
            report.lose("args", Lost::Index, Fate::Kept);
        }
    }
    // v0.9 takes a call that does not say so for a truth value.
    let returns =
        Function::return_type(name).and_then(|returns| serde_json::to_value(returns).ok());
    if let Some(returns) = returns.filter(|returns| returns != "boolean" && name != "@index") {
        call.entry("returnType").or_insert(returns);
    }
}

/// Whether a catalog id is that of the basic catalog.
pub(super) fn is_basic(id: &Value) -> bool {
    id.as_str()
        .is_some_and(|id| is_basic_catalog(&CatalogId::from(id)))
}
