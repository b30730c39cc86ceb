use std::fs;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{Arguments, Called, RuleDecision, Speaking};
use super::*;
use crate::approval::route::RouteName;
use crate::clock::FixedClock;
use crate::identity::{Identity, Principal, Role, SessionId};
use crate::traffic::MethodIndex;

mod broken;

/// 2026-01-02T03:04:05Z, a Friday.
fn now() -> car_protocol::Timestamp {
    car_protocol::Timestamp::from_unix_millis(1_767_323_045_000)
}

struct Policies {
    folder: tempfile::TempDir,
    rules: CedarRules,
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(FixedClock(now()))
}

fn open(folder: &Path) -> Result<CedarRules, RulesError> {
    CedarRules::open_in(folder, clock(), TimeZone::UTC)
}

fn policies(text: &str) -> Policies {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.cedar"), text).unwrap();
    let rules = open(folder.path()).unwrap_or_else(|error| panic!("{error}"));
    Policies { folder, rules }
}

impl Policies {
    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn judge(&self, called: Called<'_>, arguments: &Value) -> Option<Ruling> {
        self.judge_for(Principal::Client, Role::Client, called, arguments)
    }

    fn judge_for(
        &self,
        principal: Principal,
        role: Role,
        called: Called<'_>,
        arguments: &Value,
    ) -> Option<Ruling> {
        let identity = Identity {
            session: SessionId::new("s"),
            principal,
            role,
            auth_enabled: true,
        };
        let subject = Subject {
            called,
            arguments: Arguments::Value(arguments),
            identity: &identity,
            speaking: &|| Speaking {
                agents: vec!["builder".to_owned()],
                projects: vec!["tower".to_owned()],
                bound: None,
            },
            at: now(),
        };
        self.rules.judge(&subject)
    }

    fn method(&self, method: &str, arguments: Value) -> Option<RuleDecision> {
        let ruling = self.judge(Called::Method(method), &arguments);
        ruling.map(|ruling| ruling.decision)
    }

    fn tool(&self, tool: &str, arguments: Value) -> Option<RuleDecision> {
        let ruling = self.judge(Called::Tool(tool), &arguments);
        ruling.map(|ruling| ruling.decision)
    }

    fn reaches(&self, method: &str) -> bool {
        let mut methods = car_protocol::rpc::methods();
        let spec = methods.find(|spec| spec.name == method).unwrap();
        self.rules.reach().has(MethodIndex::of(spec))
    }
}

#[test]
fn a_rule_reads_aloud_and_says_who_how_long_and_why() {
    let policies = policies(
        r#"
        // Mail goes to strangers only when a person agrees.
        @id("mail")
        @decision("ask")
        @reason("outgoing mail needs a person")
        @timeout("15m")
        @wait("2m")
        @route("command, desktop")
        permit (principal, action == Action::"mail.send", resource)
        unless { context.arguments.hasTag("/to") && context.arguments.getTag("/to") like "*@example.org" };
        "#,
    );
    let stranger = json!({ "to": "ada@example.com" });
    let ruling = policies
        .judge(Called::Method("mail.send"), &stranger)
        .unwrap();
    assert_eq!(
        (
            ruling.decision,
            ruling.rule.as_str(),
            ruling.because.as_str()
        ),
        (RuleDecision::Ask, "mail", "outgoing mail needs a person")
    );
    assert_eq!(ruling.timeout.map(|time| time.as_secs()), Some(900));
    assert_eq!(ruling.wait.map(|time| time.as_secs()), Some(120));
    let routes = vec![RouteName::Command, RouteName::Desktop];
    assert_eq!(ruling.routes, Some(routes));
    assert_eq!(ruling.revision, policies.rules.revision());
    assert_eq!(
        policies.method("mail.send", json!({ "to": "ada@example.org" })),
        None
    );
    assert_eq!(policies.method("messages.send", stranger), None);
    let report = policies.rules.report();
    let rule = &report.rules[0];
    assert_eq!((rule.line, rule.methods, rule.tools), (3, 1, false));
    assert_eq!(rule.timeout_ms, Some(900_000));
}

#[test]
fn the_strictest_rule_that_matches_decides() {
    let policies = policies(
        r#"
        @id("open") permit (principal, action == Action::"state.set", resource);
        @id("slow") @decision("ask") @timeout("2h") permit (principal, action in Action::"state.*", resource);
        @id("quick") @decision("ask") @timeout("5m") permit (principal, action in Action::"mutates", resource);
        @id("never") forbid (principal, action == Action::"state.set", resource)
        when { context.arguments.hasTag("/key") && context.arguments.getTag("/key") == "locked" };
        "#,
    );
    let ruling = policies
        .judge(Called::Method("state.set"), &json!({ "key": "k" }))
        .unwrap();
    let matched: Vec<_> = ruling
        .matched
        .iter()
        .map(|rule| rule.rule.as_str())
        .collect();
    assert_eq!(matched, ["slow", "quick", "open"]);
    assert_eq!(ruling.decision, RuleDecision::Ask);
    assert_eq!(ruling.timeout.map(|time| time.as_secs()), Some(300));
    let locked = json!({ "key": "locked" });
    let ruling = policies
        .judge(Called::Method("state.set"), &locked)
        .unwrap();
    assert_eq!(
        (ruling.decision, ruling.rule.as_str()),
        (RuleDecision::Deny, "never")
    );
    assert_eq!(ruling.timeout, None);
    assert_eq!(
        policies.method("state.keys", json!({})),
        Some(RuleDecision::Ask)
    );
}

#[test]
fn a_rule_without_an_action_is_about_whatever_changes_something() {
    let policies = policies(r#"@decision("ask") permit (principal, action, resource);"#);
    assert!(policies.reaches("state.set") && policies.reaches("proposal.submit"));
    for quiet in [
        "state.get",
        "session.auth",
        "host.resolve_approval",
        "tools.list",
    ] {
        assert!(!policies.reaches(quiet), "{quiet}");
        assert_eq!(policies.method(quiet, json!({})), None, "{quiet}");
    }
    assert_eq!(
        policies.tool("anything", json!({})),
        Some(RuleDecision::Ask)
    );
    let none = self::policies("");
    assert!(!none.rules.reach().any() && !none.rules.reaches_tool("anything"));
    assert_eq!(
        &*none.rules.revision(),
        &*files::revision(&[Source {
            name: "a.cedar".to_owned(),
            text: String::new(),
        }])
    );
}

#[test]
fn tools_are_named_by_the_resource() {
    let policies = policies(
        r#"
        @id("rm") forbid (principal, action == Action::"call_tool", resource == Tool::"rm");
        @decision("ask") permit (principal, action == Action::"call_tool", resource == Tool::"pay")
        when { context.numbers.hasTag("/cents") && context.numbers.getTag("/cents") > 1000 };
        "#,
    );
    assert_eq!(policies.tool("rm", json!({})), Some(RuleDecision::Deny));
    assert_eq!(
        policies.tool("pay", json!({ "cents": 1001 })),
        Some(RuleDecision::Ask)
    );
    assert_eq!(policies.tool("pay", json!({ "cents": 5 })), None);
    assert_eq!(policies.tool("ls", json!({})), None);
    assert!(policies.rules.reaches_tool("rm") && !policies.rules.reaches_tool("ls"));
    assert!(!policies.rules.reach().any());
}

#[test]
fn rules_know_agents_projects_roles_the_hour_and_all_of_the_text() {
    for (condition, matches) in [
        (r#"context.agents.contains("builder")"#, true),
        (r#"context.agents.contains("other")"#, false),
        (r#"context.projects.containsAny(["tower", "bridge"])"#, true),
        (r#"principal.role == "client""#, true),
        (r#"principal.principal == "host""#, false),
        (
            r#"context.hour >= 3 && context.minute < 5 && context.weekday == "friday""#,
            true,
        ),
        (r#"context.weekend || context.hour < 3"#, false),
        (r#"context.text like "*needle*""#, true),
        (
            r#"context.lists.hasTag("/all") && context.lists.getTag("/all").contains("2")"#,
            true,
        ),
        // A name in disguise is the same name.
        (r#"context["te\u{78}t"] like "*needle*""#, true),
    ] {
        let text = format!(
            r#"forbid (principal, action == Action::"state.set", resource) when {{ {condition} }};"#
        );
        let policies = policies(&text);
        let arguments = json!({ "value": { "deep": "a needle" }, "all": ["1", 2] });
        let said = policies.method("state.set", arguments);
        assert_eq!(said, matches.then_some(RuleDecision::Deny), "{condition}");
    }
}

#[test]
fn a_host_can_be_told_from_a_client() {
    let policies = policies(
        r#"forbid (principal, action == Action::"state.set", resource) unless { principal.role == "host" };"#,
    );
    let set = Called::Method("state.set");
    assert!(policies.judge(set, &Value::Null).is_some());
    let host = policies.judge_for(Principal::Host, Role::Host, set, &Value::Null);
    assert_eq!(host, None);
}

/// Cedar leaves a policy that fails out: here its own answer is that nothing forbids the call.
#[test]
fn a_rule_that_cannot_be_evaluated_counts_as_a_refusal() {
    let condition =
        r#"context.numbers.hasTag("/n") && context.numbers.getTag("/n") * 9223372036854775807 > 0"#;
    for rule in [
        "forbid (principal, action == Action::\"state.set\", resource)",
        "permit (principal, action == Action::\"state.set\", resource)",
        "@decision(\"ask\") permit (principal, action == Action::\"state.set\", resource)",
    ] {
        let text = format!(
            "@id(\"sum\") {rule} when {{ {condition} }};\n@id(\"rest\") permit (principal, action == Action::\"state.set\", resource);"
        );
        let policies = policies(&text);
        let overflow = json!({ "n": 9_223_372_036_854_775_807_i64 });
        let ruling = policies
            .judge(Called::Method("state.set"), &overflow)
            .unwrap();
        assert_eq!(
            (ruling.decision, ruling.rule.as_str()),
            (RuleDecision::Deny, "sum")
        );
        assert!(
            ruling.matched[0].failed && ruling.because.contains("overflow"),
            "{}",
            ruling.because
        );
        // The same rule works where its condition does.
        let fine = policies.judge(Called::Method("state.set"), &json!({ "n": -1 }));
        assert_eq!(fine.unwrap().rule, "rest");
    }
    assert_eq!(cedar_alone(condition), cedar_policy::Decision::Allow);
}

/// What the library says by itself about a `forbid` whose condition fails.
fn cedar_alone(condition: &str) -> cedar_policy::Decision {
    use cedar_policy::{
        Authorizer, Context, Entities, Entity, PolicySet, Request, RestrictedExpression,
    };
    let text = format!(
        "permit (principal, action, resource); forbid (principal, action, resource) when {{ {condition} }};"
    );
    let set: PolicySet = text.parse().unwrap();
    let numbers: cedar_policy::EntityUid = r#"Numbers::"call""#.parse().unwrap();
    let tag = ("/n".to_owned(), RestrictedExpression::new_long(i64::MAX));
    let entity = Entity::new_with_tags(numbers.clone(), [], [], [tag]).unwrap();
    let context = [(
        "numbers".to_owned(),
        RestrictedExpression::new_entity_uid(numbers),
    )];
    let one: cedar_policy::EntityUid = r#"Caller::"client""#.parse().unwrap();
    let request = Request::new(
        one.clone(),
        r#"Action::"state.set""#.parse().unwrap(),
        one,
        Context::from_pairs(context).unwrap(),
        None,
    );
    let entities = Entities::from_entities([entity], None).unwrap();
    let answer = Authorizer::new().is_authorized(&request.unwrap(), &set, &entities);
    assert_eq!(answer.diagnostics().errors().count(), 1);
    answer.decision()
}

#[test]
fn arguments_that_rules_cannot_look_at_are_refused_where_a_rule_would() {
    let policies = policies(
        r#"
        @decision("ask") permit (principal, action == Action::"state.set", resource);
        forbid (principal, action == Action::"state.clear", resource)
        when { context.arguments.hasTag("/0") && context.arguments.getTag("/0") == "x" };
        "#,
    );
    let many = json!(vec!["y"; arguments::MAX_VALUES + 1]);
    assert_eq!(
        policies.method("state.set", many.clone()),
        Some(RuleDecision::Ask)
    );
    let ruling = policies
        .judge(Called::Method("state.clear"), &many)
        .unwrap();
    assert_eq!(ruling.decision, RuleDecision::Deny);
    assert!(ruling.because.contains("more than 4096 values"));
}

#[test]
fn files_are_read_again_when_they_change() {
    let policies = policies(r#"forbid (principal, action == Action::"state.set", resource);"#);
    let first = policies.rules.revision();
    assert_eq!(policies.rules.refresh(), Refreshed::Unchanged);
    policies.write(
        "b.cedar",
        r#"forbid (principal, action == Action::"state.clear", resource);"#,
    );
    policies.write("ignored.txt", "not ours");
    policies.write(".b.cedar.swp.cedar", "an editor's");
    assert!(matches!(policies.rules.refresh(), Refreshed::Loaded(_)));
    assert_ne!(policies.rules.revision(), first);
    assert!(policies.reaches("state.clear"));
    fs::remove_file(policies.folder.path().join("b.cedar")).unwrap();
    assert!(matches!(policies.rules.refresh(), Refreshed::Loaded(_)));
    assert_eq!(policies.rules.revision(), first);
    assert!(!policies.reaches("state.clear"));
    fs::remove_dir_all(policies.folder.path()).unwrap();
    assert!(matches!(policies.rules.refresh(), Refreshed::Loaded(_)));
    assert_eq!(&*policies.rules.revision(), super::super::NO_REVISION);
    assert_eq!(policies.method("state.set", json!({})), None);
}
