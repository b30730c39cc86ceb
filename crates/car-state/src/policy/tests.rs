mod composed;

use std::sync::Arc;
use std::time::Duration;

use car_protocol::rpc::proposal::ActionType;
use serde_json::{Value, json};

use super::*;
use crate::clock::CountingIds;
use crate::store::{StateStore, StateView, StoreLimits, Tenant, Transaction};

/// Something to do with a subject in a state where `mode` is `"on"`.
fn with_subject<T>(
    tool: &str,
    parameters: &Value,
    caller: Option<&str>,
    run: impl FnOnce(&Subject<'_>, &mut Transaction) -> T,
) -> T {
    let store = Arc::new(StateStore::new(StoreLimits::default()));
    store.set(&Tenant::common(), "mode", json!("on")).unwrap();
    let mut state = Transaction::begin(&store, &Tenant::common());
    let subject = Subject {
        kind: ActionType::ToolCall,
        tool: Some(tool),
        parameters,
        tenant: &Tenant::common(),
        caller,
    };
    run(&subject, &mut state)
}

fn judge(book: &PolicyBook, scope: Option<&str>, tool: &str, parameters: &Value) -> Verdict {
    with_subject(tool, parameters, None, |subject, state| {
        book.judge(scope, subject, state)
    })
}

fn book() -> PolicyBook {
    PolicyBook::new(Arc::new(CountingIds::default()))
}

fn policy(value: Value) -> PolicyDefinition {
    serde_json::from_value(value).unwrap()
}

/// The names of the policies that object to a call of `tool`, in a state where `mode` is `"on"`.
fn objections(
    book: &PolicyBook,
    scope: Option<&str>,
    tool: &str,
    parameters: Value,
) -> Vec<String> {
    let verdict = judge(book, scope, tool, &parameters);
    let names = verdict.violations.iter();
    names.map(|violation| violation.policy.clone()).collect()
}

#[test]
fn all_violations_are_named() {
    let book = book();
    for definition in [
        json!({"name": "no rm", "rule": "deny_tool", "target": "rm"}),
        json!({"name": "no root", "rule": "deny_tool_param", "target": "rm", "key": "path", "pattern": "/etc"}),
        json!({"name": "mode off", "rule": "require_state", "key": "mode", "value": "off"}),
        json!({"name": "mode on", "rule": "require_state", "key": "mode", "value": "on"}),
    ] {
        book.register(None, policy(definition)).unwrap();
    }
    assert_eq!(
        objections(&book, None, "rm", json!({"path": "/etc/passwd"})),
        ["no rm", "no root", "mode off"]
    );
    assert_eq!(
        objections(&book, None, "ls", json!({"path": "/etc"})),
        ["mode off"]
    );
    assert!(book.unregister(None, "mode off").unwrap());
    assert!(!book.unregister(None, "mode off").unwrap());
    assert!(objections(&book, None, "ls", json!({})).is_empty());
}

#[test]
fn a_denied_text_is_found_in_any_value() {
    let book = book();
    let deny = json!({"name": "p", "rule": "deny_tool_param", "target": "t", "key": "k", "pattern": "a b"});
    book.register(None, policy(deny)).unwrap();
    assert_eq!(
        objections(&book, None, "t", json!({"k": ["x", "a b"]})),
        ["p"]
    );
    assert!(objections(&book, None, "t", json!({"k": "ab", "other": "a b"})).is_empty());
    assert!(objections(&book, None, "t", json!({})).is_empty());
}

#[test]
fn a_scope_adds_to_the_session_and_ends_closed() {
    let book = book();
    let deny = |name: &str| policy(json!({"name": name, "rule": "deny_tool", "target": "t"}));
    assert!(book.register(Some("policy-1"), deny("early")).is_err());
    let scope = book.open_scope().unwrap();
    book.register(Some(&scope), deny("scoped")).unwrap();
    assert!(objections(&book, None, "t", json!({})).is_empty());
    book.register(None, deny("session")).unwrap();
    assert_eq!(
        objections(&book, Some(&scope), "t", json!({})),
        ["session", "scoped"]
    );
    assert_eq!(book.list(Some(&scope)).unwrap().len(), 1);
    assert!(book.close_scope(&scope));
    assert!(!book.close_scope(&scope));
    assert!(book.list(Some(&scope)).is_err());
    assert_eq!(
        objections(&book, Some(&scope), "other", json!({})),
        ["policy scope"]
    );
}

#[test]
fn a_check_that_panics_is_a_violation() {
    struct Broken;
    impl PolicyCheck for Broken {
        fn check(&self, _: &Subject<'_>, _: &mut dyn StateView) -> Result<(), String> {
            panic!("on purpose")
        }
    }
    let book = book();
    book.register_check(None, "broken", Arc::new(Broken))
        .unwrap();
    assert_eq!(objections(&book, None, "t", json!({})), ["broken"]);
    assert_eq!(book.list(None).unwrap()[0].rule, "custom");
}

#[test]
fn an_unusable_definition_is_refused_with_its_reason() {
    let book = book();
    let refused = |value| book.register(None, policy(value)).unwrap_err();
    assert_eq!(
        refused(json!({"name": "p", "rule": "be_nice"})),
        PolicyError::UnknownRule {
            rule: "be_nice".to_owned()
        }
    );
    for (rule, member) in [
        ("deny_tool", "target"),
        ("deny_tool_param", "target"),
        ("require_state", "key"),
        ("allow_only", "tools"),
        ("max_calls", "count"),
    ] {
        assert_eq!(
            refused(json!({"name": "p", "rule": rule})),
            PolicyError::Incomplete {
                rule: rule.to_owned(),
                member
            }
        );
    }
    let name = PolicyError::Name { limit: NAME_BYTES };
    assert_eq!(
        refused(json!({"name": "", "rule": "deny_tool", "target": "t"})),
        name
    );
    let big = json!({"name": "p", "rule": "deny_tool", "target": "x".repeat(DEFINITION_BYTES + 1)});
    assert_eq!(refused(big).limit(), Some(DEFINITION_BYTES));
}

#[test]
fn policies_and_scopes_are_bounded() {
    let book = book();
    let deny = |name: &str| policy(json!({"name": name, "rule": "deny_tool", "target": "t"}));
    for n in 0..POLICIES {
        book.register(None, deny(&n.to_string())).unwrap();
    }
    book.register(None, deny("0")).unwrap();
    assert_eq!(
        book.register(None, deny("more")).unwrap_err().limit(),
        Some(POLICIES)
    );
    for _ in 0..SCOPES {
        book.open_scope().unwrap();
    }
    assert_eq!(book.open_scope().unwrap_err().limit(), Some(SCOPES));
}
