use car_protocol::rpc::policy::{Decision, Finding, PolicyLevel};

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn max(name: &str, count: u32) -> Value {
    json!({"name": name, "rule": "max_calls", "target": "t", "count": count, "window_ms": 60_000})
}

fn deny(name: &str, tool: &str) -> Value {
    json!({"name": name, "rule": "deny_tool", "target": tool})
}

/// A call of `t` that passes and is made.
fn call(book: &PolicyBook) -> bool {
    let mut verdict = judge(book, None, "t", &json!({}));
    verdict.permits.use_up();
    verdict.violations.is_empty()
}

#[tokio::test(start_paused = true)]
async fn only_calls_that_are_made_are_counted() {
    let book = book();
    book.register(None, policy(max("two", 2))).unwrap();
    // Refused for another reason, or not made in the end.
    book.register(None, policy(deny("never", "t"))).unwrap();
    for _ in 0..5 {
        assert_eq!(objections(&book, None, "t", json!({})), ["never"]);
    }
    book.unregister(None, "never").unwrap();
    for _ in 0..5 {
        assert!(objections(&book, None, "t", json!({})).is_empty());
    }
    assert!(call(&book) && call(&book) && !call(&book));
    let refused = judge(&book, None, "t", &json!({})).violations;
    assert_eq!(refused[0].retry_after_ms, Some(60_000));
    assert_eq!(refused[0].rule, "max_calls");
    assert!(objections(&book, None, "other", json!({})).is_empty());
    tokio::time::advance(MINUTE).await;
    assert!(call(&book));
}

#[tokio::test(start_paused = true)]
async fn room_that_is_taken_is_not_there_for_others_until_it_is_given_back() {
    let book = book();
    book.register(None, policy(max("one", 1))).unwrap();
    let first = judge(&book, None, "t", &json!({}));
    assert_eq!(objections(&book, None, "t", json!({})), ["one"]);
    drop(first);
    assert!(call(&book));
}

#[tokio::test(start_paused = true)]
async fn each_scope_counts_for_itself_and_the_daemon_for_all() {
    let global = Arc::new(GlobalPolicies::default());
    global.register(policy(max("daemon", 3))).unwrap();
    let one = book().below(Arc::clone(&global));
    let other = book().below(Arc::clone(&global));
    for book in [&one, &other] {
        book.register(None, policy(max("session", 2))).unwrap();
    }
    assert!(call(&one) && call(&one));
    assert_eq!(objections(&one, None, "t", json!({})), ["session"]);
    assert!(call(&other));
    assert_eq!(objections(&other, None, "t", json!({})), ["daemon"]);
    assert_eq!(
        objections(&one, None, "t", json!({})),
        ["daemon", "session"]
    );
}

#[test]
fn the_strictest_of_all_levels_wins_and_each_says_where_it_stands() {
    let global = Arc::new(GlobalPolicies::fixed(vec![policy(deny("daemon", "rm"))]).unwrap());
    let book = book().below(Arc::clone(&global));
    let only = json!({"name": "only", "rule": "allow_only", "tools": ["ls"]});
    book.register(None, policy(only)).unwrap();
    let scope = book.open_scope().unwrap();
    book.register(Some(&scope), policy(deny("scoped", "rm")))
        .unwrap();
    let told = judge(&book, Some(&scope), "rm", &json!({})).violations;
    let told: Vec<_> = told
        .iter()
        .map(|found| (found.policy.as_str(), found.rule.as_str(), found.level))
        .collect();
    assert_eq!(
        told,
        [
            ("daemon", "deny_tool", PolicyLevel::Daemon),
            ("only", "allow_only", PolicyLevel::Session),
            ("scoped", "deny_tool", PolicyLevel::PolicyScope),
        ]
    );
    assert!(objections(&book, Some(&scope), "ls", json!({})).is_empty());
    assert!(matches!(
        global.unregister("daemon"),
        Err(PolicyError::Fixed { .. })
    ));
    assert!(matches!(
        global.register(policy(deny("daemon", "x"))),
        Err(PolicyError::Fixed { .. })
    ));
}

#[test]
fn a_policy_for_an_agent_binds_who_says_so_and_who_is() {
    struct Planner;
    impl Agents for Planner {
        fn speaks_for(&self, agent: &str) -> bool {
            agent == "planner"
        }
    }
    let bound = json!({"name": "p", "rule": "deny_tool", "target": "t", "agent": "planner"});
    let objects = |book: &PolicyBook, caller: Option<&str>| {
        with_subject("t", &json!({}), caller, |subject, state| {
            !book.judge(None, subject, state).violations.is_empty()
        })
    };
    let anybody = book();
    anybody.register(None, policy(bound.clone())).unwrap();
    assert!(objects(&anybody, Some("planner")));
    assert!(!objects(&anybody, Some("writer")) && !objects(&anybody, None));
    let planner = book().speaking_for(Arc::new(Planner));
    planner.register(None, policy(bound)).unwrap();
    assert!(objects(&planner, Some("writer")) && objects(&planner, None));
}

#[tokio::test(start_paused = true)]
async fn an_explanation_counts_nothing_and_names_who_decides() {
    let book = book();
    book.register(None, policy(max("one", 1))).unwrap();
    let approval = json!({"name": "ask", "rule": "require_approval"});
    book.register(None, policy(approval)).unwrap();
    let param = json!({"name": "param", "rule": "deny_tool_param", "target": "t", "key": "k", "pattern": "x"});
    book.register(None, policy(param)).unwrap();
    let explain = |parameters: &Value| {
        let refers = |value: &Value| value.as_str().is_some_and(|text| text.starts_with('$'));
        with_subject("t", parameters, None, |subject, state| {
            book.explain(None, subject, state, &refers).unwrap()
        })
    };
    for _ in 0..3 {
        let told = explain(&json!({}));
        assert_eq!(told.decision, Decision::RequireApproval);
        assert_eq!(told.decided_by.as_deref(), Some("ask"));
        assert_eq!(told.policies[0].remaining, Some(1));
        assert_eq!(told.asked, 3);
    }
    let told = explain(&json!({"k": "$a.output"}));
    assert_eq!(told.decision, Decision::Unknown);
    assert_eq!(told.policies[2].finding, Finding::Unknown);
    assert!(call(&book));
    let told = explain(&json!({"k": "$a.output"}));
    assert_eq!(told.decision, Decision::Deny);
    assert_eq!(told.decided_by.as_deref(), Some("one"));
    assert_eq!(told.policies[0].retry_after_ms, Some(60_000));
    assert!(matches!(
        with_subject("t", &json!({}), None, |subject, state| book.explain(
            Some("x"),
            subject,
            state,
            &|_| false
        )),
        Err(PolicyError::UnknownScope { .. })
    ));
}
