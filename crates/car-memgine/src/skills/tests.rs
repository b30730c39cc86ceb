use std::sync::Arc;

use car_protocol::Timestamp;
use car_state::clock::FixedClock;
use car_state::memgine::{
    LessonSource, MemgineError, NewSkill, SkillQuestion, SkillScope, SkillTrigger, TraceEvent,
};
use proptest::prelude::*;
use serde_json::json;

use crate::{Engine, Limits, Weights, WordTable};

fn engine() -> Engine {
    let clock = Arc::new(FixedClock(Timestamp::from_unix_millis(1_000)));
    Engine::with(
        Limits::default(),
        Arc::new(WordTable),
        Weights::default(),
        clock,
    )
}

fn skill(name: &str, code: &str) -> NewSkill {
    NewSkill {
        name: name.to_owned(),
        code: code.to_owned(),
        platform: "browser".to_owned(),
        description: String::new(),
        when_to_apply: String::new(),
        trigger: SkillTrigger::default(),
        scope: SkillScope::Global,
        source: None,
        supersedes: None,
        at: Timestamp::UNIX_EPOCH,
    }
}

fn keep(engine: &Engine, skill: NewSkill) -> u32 {
    engine.ingest_skills(vec![skill]).unwrap()[0]
}

fn names(engine: &Engine, asked: &SkillQuestion) -> Vec<String> {
    let found = engine.find_skills(asked).into_iter();
    found.map(|found| found.name).collect()
}

fn task(task: &str) -> SkillQuestion {
    SkillQuestion {
        task: task.to_owned(),
        limit: 10,
        ..SkillQuestion::default()
    }
}

fn event(kind: &str, tool: &str, data: serde_json::Value) -> TraceEvent {
    TraceEvent {
        kind: kind.to_owned(),
        tool: Some(tool.to_owned()),
        data,
        ..TraceEvent::default()
    }
}

#[test]
fn what_triggers_a_skill_and_how_it_went_decide_its_place() {
    let engine = engine();
    let mut clerk = skill("log_in", "a");
    clerk.trigger = SkillTrigger {
        persona: "Clerk".to_owned(),
        url_pattern: "https://shop.example/*".to_owned(),
        task_keywords: vec!["log in".to_owned(), "orders".to_owned()],
        structured: None,
    };
    keep(&engine, clerk);
    let mut other = skill("write_letter", "b");
    other.trigger.task_keywords = vec!["letter".to_owned()];
    keep(&engine, other);
    let asked = SkillQuestion {
        persona: "clerk".to_owned(),
        url: "https://shop.example/orders".to_owned(),
        ..task("logging in for the order")
    };
    let found = engine.find_skills(&asked);
    assert_eq!(found[0].name, "log_in");
    assert!(found[0].match_score > 0.6, "{}", found[0].match_score);
    assert_eq!(names(&engine, &task("write a letter")), ["write_letter"]);
    assert_eq!(
        names(
            &engine,
            &SkillQuestion {
                limit: 9,
                ..Default::default()
            }
        )
        .len(),
        2
    );
}

#[test]
fn a_skill_that_fails_is_not_found_until_it_works_or_is_repaired() {
    let engine = engine();
    keep(&engine, skill("old", "one"));
    let newer = NewSkill {
        supersedes: Some("old".to_owned()),
        ..skill("new", "two")
    };
    keep(&engine, newer);
    assert_eq!(
        names(
            &engine,
            &SkillQuestion {
                limit: 9,
                ..Default::default()
            }
        ),
        ["new"]
    );
    assert_eq!(engine.repair_skill("new").unwrap(), None);
    for failed in 1..=3 {
        let stats = engine.report_skill("new", false).unwrap();
        assert_eq!((stats.fail_count, stats.degraded), (failed, failed > 2));
    }
    assert_eq!(
        names(
            &engine,
            &SkillQuestion {
                limit: 9,
                ..Default::default()
            }
        ),
        [""; 0]
    );
    assert_eq!(engine.repair_skill("new").unwrap().as_deref(), Some("one"));
    let all = engine.skills(None);
    assert_eq!((all[1].version, all[1].stats.fail_count), (3, 0));
    for _ in 0..3 {
        engine.report_skill("new", false).unwrap();
    }
    // It has the older one's code already.
    assert_eq!(engine.repair_skill("new").unwrap(), None);
    assert!(engine.skills(None)[1].stats.broken_for_repair);
    let stats = engine.report_skill("new", true).unwrap();
    assert!(!stats.degraded && !stats.broken_for_repair);
    let unknown = engine.report_skill("newest", true).unwrap_err();
    assert!(matches!(unknown, MemgineError::UnknownSkill(_)));
}

#[test]
fn other_code_under_the_same_name_is_a_new_version_in_the_same_place() {
    let engine = engine();
    let number = keep(&engine, skill("a", "one"));
    engine.report_skill("a", true).unwrap();
    assert_eq!(keep(&engine, skill("a", "one")), number);
    assert_eq!(engine.skills(None)[0].stats.success_count, 1);
    assert_eq!(keep(&engine, skill("a", "two")), number);
    let kept = &engine.skills(None)[0];
    assert_eq!((kept.version, kept.stats.success_count), (2, 0));
    assert!(engine.forget_skill("a").unwrap());
    assert!(!engine.forget_skill("a").unwrap());
    assert!(keep(&engine, skill("a", "one")) > number);
}

#[test]
fn limits_of_skills_are_told_and_nothing_is_kept_of_too_many() {
    let limits = Limits {
        skills: 2,
        all_skill_bytes: 200,
        code_bytes: 150,
        ..Limits::default()
    };
    let engine = Engine::new(limits);
    let three = ["a", "b", "c"].map(|name| skill(name, "x"));
    let refused = engine.ingest_skills(three.to_vec()).unwrap_err();
    assert_eq!(refused.to_string(), "the memory holds 2 skills at most");
    assert_eq!(engine.skills(None), []);
    for (code, why) in [
        ("x".repeat(151), "the code is longer than 150 bytes"),
        ("x".repeat(150), ""),
    ] {
        let refused = engine.ingest_skills(vec![skill("a", &code)]);
        assert_eq!(
            refused
                .err()
                .map_or(String::new(), |error| error.to_string()),
            why
        );
    }
    let refused = engine
        .ingest_skills(vec![skill("b", &"x".repeat(50))])
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the memory holds 200 bytes of skills at most"
    );
    assert!(engine.ingest_skills(vec![skill(" ", "x")]).is_err());
}

#[test]
fn what_worked_becomes_steps_and_what_failed_a_lesson() {
    let data = json!({ "task": "buy a ticket", "domain": "web", "error": "no such button" });
    let called = json!({ "task": "buy a ticket", "domain": "web", "parameters": { "id": 7 } });
    let events = [
        event("action_failed", "click", data.clone()),
        event("action_failed", "click", data),
        event(
            "action_succeeded",
            "search",
            json!({ "task": "buy a ticket", "domain": "web" }),
        ),
        event("action_succeeded", "click", called),
        event("action_executing", "click", json!({})),
        event("action_failed", "print", json!({ "domain": "office" })),
    ];
    let learnt = Engine::distil(&events);
    assert_eq!(learnt, Engine::distil(&events));
    let told: Vec<_> = learnt
        .iter()
        .map(|skill| (&*skill.name, &*skill.description, &*skill.code))
        .collect();
    assert_eq!(
        told,
        [
            (
                "web_search_click_buy_a_ticket",
                "What worked for \"buy a ticket\": search, then click.",
                "[{\"tool\":\"search\"},{\"tool\":\"click\",\"parameters\":{\"id\":7}}]",
            ),
            (
                "avoid_web_click_no_such_button",
                "click failed 2 times: no such button. The code is a call that worked later.",
                "[{\"tool\":\"click\",\"parameters\":{\"id\":7}}]",
            ),
            ("avoid_office_print", "print failed once.", ""),
        ]
    );
    assert_eq!(learnt[0].source, LessonSource::Success);
    assert_eq!(learnt[0].trigger.task_keywords, ["buy", "ticket"]);
    assert_eq!(learnt[2].scope, SkillScope::Domain("office".to_owned()));
}

#[test]
fn a_domain_evolves_by_what_is_not_known() {
    let engine = engine();
    let failed = event(
        "action_failed",
        "click",
        json!({ "domain": "web", "error": "gone" }),
    );
    let events = vec![
        failed.clone(),
        event("action_failed", "print", json!({ "domain": "office" })),
    ];
    let learnt = engine.evolve("web", events.clone()).unwrap();
    assert_eq!(learnt.len(), 1);
    assert_eq!(engine.evolve("web", events).unwrap(), []);
    assert_eq!(engine.skills(Some("office")), []);
    let name = &learnt[0].name;
    for _ in 0..3 {
        assert_eq!(engine.weak_domains(0.6), [""; 0]);
        engine.report_skill(name, false).unwrap();
    }
    assert_eq!(engine.weak_domains(0.6), ["web"]);
    assert_eq!(engine.weak_domains(0.0), [""; 0]);
}

#[test]
fn a_context_names_skills_that_fit_the_question() {
    let engine = engine();
    let mut ticket = skill("buy_ticket", "click()");
    ticket.description = "Buys a ticket for the ferry.".to_owned();
    ticket.trigger.task_keywords = vec!["ferry ticket".to_owned()];
    keep(&engine, ticket);
    keep(&engine, skill("zip", "zip()"));
    let context = engine.context("how do I get a ticket for the ferry", 500);
    assert!(
        context
            .text
            .starts_with("## Strategies\n- [skill buy_ticket] Buys a ticket for the ferry.")
    );
    assert!(!context.text.contains("[skill zip]"));
    assert!(!engine.context("", 500).text.contains("skill"));
    assert_eq!(engine.count(), 0);
}

#[test]
fn an_export_has_the_skills_and_an_import_takes_them_or_nothing() {
    let engine = engine();
    keep(&engine, skill("a", "one"));
    let newer = NewSkill {
        supersedes: Some("a".to_owned()),
        ..skill("b", "two")
    };
    keep(&engine, newer);
    engine.report_skill("b", true).unwrap();
    let text = engine.export().unwrap();
    let copy = self::engine();
    copy.import(&text).unwrap();
    assert_eq!(
        (copy.skills(None), copy.export().unwrap()),
        (engine.skills(None), text.clone())
    );
    for (from, to, why) in [
        (
            "\"skill_number\":2",
            "\"skill_number\":1",
            "line 3: 1 is no number of a skill",
        ),
        (
            "\"skill_number\":2",
            "\"skill_number\":9",
            "line 3: 9 is no number of a skill",
        ),
        (
            "\"name\":\"b\"",
            "\"name\":\"a\"",
            "two skills have one name",
        ),
        (
            "\"supersedes\":\"a\"",
            "\"supersedes\":\"z\"",
            "what it took the place of is not there",
        ),
    ] {
        let empty = self::engine();
        let said = empty
            .import(&text.replace(from, to))
            .unwrap_err()
            .to_string();
        assert!(said.contains(why), "{said}");
        assert_eq!(empty.skills(None), []);
    }
    // Facts are loaded without them.
    engine.replace(Vec::new()).unwrap();
    assert_eq!(engine.skills(None).len(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn no_events_are_too_strange_to_learn_from(
        events in proptest::collection::vec((0..3_usize, "\\PC{0,300}", "\\PC{0,300}", "\\PC{0,300}"), 0..20)
    ) {
        let kinds = ["action_succeeded", "action_failed", "other"];
        let events: Vec<_> = events.into_iter().map(|(kind, tool, task, error)| {
            event(kinds[kind], &tool, json!({ "task": task, "error": error, "parameters": error }))
        }).collect();
        let engine = engine();
        let learnt = Engine::distil(&events).len();
        prop_assert!(engine.evolve("x", events).unwrap().len() <= learnt);
    }
}
