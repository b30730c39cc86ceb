use serde_json::{Value, json};

use super::Example;

pub(super) fn examples() -> Vec<Example> {
    let mut examples = single();
    examples.extend(many());
    examples
}

fn single() -> Vec<Example> {
    let name = json!({ "skill_name": "log_in" });
    vec![
        Example::of(
            "skill.ingest",
            json!({
                "name": "log_in",
                "code": "click('#login')",
                "platform": "browser",
                "persona": "clerk",
                "url_pattern": "https://shop.example/*",
                "description": "Logs in",
                "supersedes": "log_in_by_form",
                "task_keywords": ["log in"],
            }),
            json!({ "name": "log_in", "code": "click('#login')" }),
        )
        .gives(json!(7), json!(1)),
        Example::of(
            "skill.find",
            json!({
                "persona": "clerk",
                "url": "https://shop.example/orders",
                "task": "log in to the shop",
                "max_results": 3,
            }),
            json!({}),
        )
        .gives(
            json!([{
                "name": "log_in",
                "code": "click('#login')",
                "platform": "browser",
                "description": "Logs in",
                "stats": stats(),
                "match_score": 0.75,
            }]),
            json!([]),
        ),
        Example::of(
            "skill.report",
            json!({ "skill_name": "log_in", "outcome": "success" }),
            json!({ "skill_name": "log_in", "outcome": "fail" }),
        )
        .gives(stats(), stats()),
        Example::of("skill.repair", name.clone(), name.clone())
            .gives(json!({ "code": "submit('#form')" }), Value::Null),
        Example::of("skill.forget", name.clone(), name)
            .gives(json!({ "forgotten": true }), json!({ "forgotten": false })),
    ]
}

fn many() -> Vec<Example> {
    vec![
        Example::of(
            "skills.list",
            json!({ "domain": "web", "deprecated": true }),
            json!({}),
        )
        .gives(json!([skill()]), json!([])),
        Example::of(
            "skills.ingest_distilled",
            json!({ "skills": [distilled()] }),
            json!([]),
        )
        .gives(json!({ "ingested": 1 }), json!({ "ingested": 0 })),
        Example::of(
            "skills.distill",
            json!({ "events": [event()] }),
            json!([{ "kind": "action_failed", "data": null }]),
        )
        .gives(json!([distilled()]), json!([])),
        Example::of(
            "skills.evolve",
            json!({ "domain": "web", "events": [event()] }),
            json!({ "domain": "web" }),
        )
        .gives(json!([distilled()]), json!([])),
        Example::of(
            "skills.domains_needing_evolution",
            json!({ "threshold": 0.5 }),
            json!({}),
        )
        .gives(json!(["web"]), json!([])),
    ]
}

fn stats() -> Value {
    json!({ "success_count": 3, "fail_count": 1, "degraded": false, "broken_for_repair": false })
}

fn trigger() -> Value {
    json!({
        "persona": "clerk",
        "url_pattern": "https://shop.example/*",
        "task_keywords": ["log in"],
        "structured": { "form": "login" },
    })
}

fn skill() -> Value {
    json!({
        "name": "log_in",
        "code": "click('#login')",
        "platform": "browser",
        "description": "Logs in",
        "trigger": trigger(),
        "scope": { "domain": "web" },
        "when_to_apply": "Before anything is ordered",
        "stats": stats(),
        "version": 2,
        "at": "2026-01-02T03:04:05.678Z",
        "source": "success",
        "supersedes": "log_in_by_form",
        "deprecated": true,
    })
}

fn distilled() -> Value {
    json!({
        "name": "log_in",
        "description": "Logs in",
        "when_to_apply": "Before anything is ordered",
        "scope": { "domain": "web" },
        "source": "success",
        "domain": "web",
        "trigger": trigger(),
        "code": "click('#login')",
    })
}

fn event() -> Value {
    json!({
        "kind": "action_succeeded",
        "action_id": "a1",
        "tool": "browser",
        "data": { "task": "log in to the shop", "domain": "web" },
        "reward": 1.0,
    })
}
