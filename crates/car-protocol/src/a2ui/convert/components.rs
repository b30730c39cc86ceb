//! Components: what all have, then what those of the basic catalog have.

use serde_json::{Map, Value, json};

use super::calls;
use super::loss::{Fate, Lost, Report};
use crate::a2ui::Component;
use crate::a2ui::basic::Basic;
use crate::a2ui::version::Version;

/// Properties of basic components that v0.9 does not have.
const V1_PROPERTIES: &[(&str, &str)] = &[
    ("Video", "posterUrl"),
    ("TextField", "placeholder"),
    ("Slider", "steps"),
];

/// The members of `accessibility` in v0.9 and v1.0, and those that v1.0 added.
const ACCESSIBILITY: &[&str] = &["label", "description"];
const V1_ACCESSIBILITY: &[&str] = &["live", "hidden"];

/// What stands where v0.9 requires a message for a check and there is none.
const CHECK_MESSAGE: &str = "This value is not valid.";

/// Brings one component into a version.
pub(super) fn convert(component: &mut Component, to: Version, report: &mut Report) {
    let named = component.properties.get("catalogId").map(calls::is_basic);
    let foreign = named == Some(false);
    let basic =
        named.unwrap_or(!report.custom) && Basic::NAMES.contains(&component.component.as_str());
    let properties = &mut component.properties;
    for (name, value) in properties.iter_mut() {
        report.inside(name, |report| calls::convert(value, to, report));
    }
    accessibility(properties, to, report);
    if !to.is_v1() {
        if properties.remove("catalogId").is_some() && foreign {
            report.lose("catalogId", Lost::Catalog, Fate::Dropped);
        }
        if properties.remove("metadata").is_some() {
            report.lose("metadata", Lost::Metadata, Fate::Dropped);
        }
    }
    if !basic {
        return;
    }
    if to.is_v1() {
        basic_up(&component.component, properties, report);
    } else {
        basic_down(&component.component, properties, report);
    }
}

fn accessibility(properties: &mut Map<String, Value>, to: Version, report: &mut Report) {
    let Some(Value::Object(members)) = properties.get_mut("accessibility") else {
        return;
    };
    let known = |name: &str| {
        ACCESSIBILITY.contains(&name) || (to.is_v1() && V1_ACCESSIBILITY.contains(&name))
    };
    report.inside("accessibility", |report| {
        members.retain(|name, _| {
            let keep = known(name);
            if !keep {
                report.lose(name, Lost::Accessibility, Fate::Dropped);
            }
            keep
        });
    });
}

fn basic_up(name: &str, properties: &mut Map<String, Value>, report: &mut Report) {
    match name {
        "Text" => heading(properties, report),
        "TextField" => validation_regexp(properties, report),
        _ => {}
    }
    checks(properties, report, |check, report| {
        match check.get("condition") {
            // It never failed.
            Some(Value::Bool(true)) => return false,
            Some(Value::Bool(false)) => {
                report.lose("condition", Lost::CheckLiteral, Fate::Dropped);
                return false;
            }
            Some(Value::Object(condition)) if condition.contains_key("path") => {
                report.lose("condition", Lost::CheckResult, Fate::Changed);
            }
            _ => {}
        }
        true
    });
}

fn basic_down(name: &str, properties: &mut Map<String, Value>, report: &mut Report) {
    for (_, property) in V1_PROPERTIES.iter().filter(|(owner, _)| *owner == name) {
        if properties.remove(*property).is_some() {
            report.lose(property, Lost::Property, Fate::Dropped);
        }
    }
    if name == "Icon" && properties.get("name").is_some_and(computed_drawing) {
        report.lose("name", Lost::Computed, Fate::Kept);
    }
    checks(properties, report, |check, report| {
        if check
            .get("condition")
            .is_some_and(|condition| condition.get("path").is_some())
        {
            report.lose("condition", Lost::CheckResult, Fate::Changed);
        }
        if !check.contains_key("message") {
            report.lose("message", Lost::CheckMessage, Fate::Assumed);
            check.insert("message".to_owned(), CHECK_MESSAGE.into());
        }
        true
    });
    if let Some(event) = properties
        .get_mut("action")
        .and_then(|action| action.get_mut("event"))
    {
        report.inside("action", |report| {
            report.inside("event", |report| event_down(event, report))
        });
    }
}

fn computed_drawing(name: &Value) -> bool {
    name.get("svgPath").is_some_and(calls::is_computed)
}

fn event_down(event: &mut Value, report: &mut Report) {
    let Value::Object(event) = event else { return };
    if event.remove("userMessage").is_some() {
        report.lose("userMessage", Lost::UserMessage, Fate::Dropped);
    }
    let Some(Value::Object(context)) = event.get("context") else {
        return;
    };
    report.inside("context", |report| {
        for (name, value) in context {
            if value.is_object() && !calls::is_computed(value) {
                report.lose(name, Lost::Object, Fate::Kept);
            }
        }
    });
}

/// Does something with each check, and keeps those for which it says so.
fn checks(
    properties: &mut Map<String, Value>,
    report: &mut Report,
    mut each: impl FnMut(&mut Map<String, Value>, &mut Report) -> bool,
) {
    let Some(Value::Array(checks)) = properties.get_mut("checks") else {
        return;
    };
    report.inside("checks", |report| {
        let mut index = 0;
        checks.retain_mut(|check| {
            let place = index.to_string();
            index += 1;
            let Value::Object(check) = check else {
                return true;
            };
            report.inside(&place, |report| each(check, report))
        });
    });
}

/// A heading of v0.9 is a variant, one of v1.0 is Markdown.
fn heading(properties: &mut Map<String, Value>, report: &mut Report) {
    let variant = properties.get("variant").and_then(Value::as_str);
    let level = variant.and_then(|variant| {
        let level: usize = variant.strip_prefix('h')?.parse().ok()?;
        (1..=5).contains(&level).then_some(level)
    });
    let Some(level) = level else { return };
    properties.remove("variant");
    let marks = "#".repeat(level);
    let marked = properties
        .get_mut("text")
        .is_some_and(|text| mark(text, &marks));
    if !marked {
        report.lose("variant", Lost::Heading, Fate::Dropped);
    }
}

/// Puts the marks of a heading before a text; `false` where it cannot be told what the text will be.
fn mark(text: &mut Value, marks: &str) -> bool {
    match text {
        Value::String(literal) => *literal = format!("{marks} {literal}"),
        Value::Object(members) => {
            if members
                .get("call")
                .is_some_and(|call| call == "formatString")
            {
                let value = members
                    .get_mut("args")
                    .and_then(|args| args.get_mut("value"));
                let Some(Value::String(format)) = value else {
                    return false;
                };
                *format = format!("{marks} {format}");
                return true;
            }
            // In an expression, a brace would end the path.
            let path = members.get("path").and_then(Value::as_str);
            let Some(path) = path.filter(|path| !path.contains(['{', '}', '(', ')', '\'', '"']))
            else {
                return false;
            };
            let format = format!("{marks} ${{{path}}}");
            *text = json!({ "call": "formatString", "args": { "value": format } });
        }
        _ => return false,
    }
    true
}

/// v0.9 has an expression that the text must match; v1.0 has a check that says the same.
fn validation_regexp(properties: &mut Map<String, Value>, report: &mut Report) {
    let Some(pattern) = properties.remove("validationRegexp") else {
        return;
    };
    let Some(value) = properties.get("value").cloned() else {
        report.lose("validationRegexp", Lost::Property, Fate::Dropped);
        return;
    };
    let check = json!({
        "condition": { "call": "regex", "args": { "value": value, "pattern": pattern } }
    });
    match properties.get_mut("checks") {
        Some(Value::Array(checks)) => checks.push(check),
        _ => drop(properties.insert("checks".to_owned(), Value::Array(vec![check]))),
    }
}
