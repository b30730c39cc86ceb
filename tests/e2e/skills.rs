use car_tests::TestDaemon;
use serde_json::{Value, json};

#[tokio::test(start_paused = true)]
async fn skills_are_kept_found_judged_and_repaired() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let first = json!({ "name": "form", "code": "submit('#form')", "task_keywords": ["log in"] });
    assert_eq!(alice.call("skill.ingest", first).await, json!(1));
    let second = json!({
        "name": "button",
        "code": "click('#login')",
        "platform": "browser",
        "persona": "clerk",
        "url_pattern": "https://shop.example/*",
        "description": "Logs in to the shop",
        "task_keywords": ["log in"],
        "supersedes": "form",
    });
    assert_eq!(alice.call("skill.ingest", second).await, json!(2));
    let asked = json!({
        "persona": "clerk",
        "url": "https://shop.example/orders",
        "task": "log in and look at the orders",
        "max_results": 3,
    });
    let found = alice.call("skill.find", asked.clone()).await;
    assert_eq!(found[0]["name"], "button");
    let failed = json!({ "skill_name": "button", "outcome": "fail" });
    for _ in 0..3 {
        alice.call("skill.report", failed.clone()).await;
    }
    assert_eq!(alice.call("skill.find", asked).await, json!([]));
    let button = json!({ "skill_name": "button" });
    let repaired = alice.call("skill.repair", button.clone()).await;
    assert_eq!(repaired, json!({ "code": "submit('#form')" }));
    assert_eq!(
        alice.call("skill.repair", button.clone()).await,
        Value::Null
    );
    let listed = alice.call("skills.list", json!({})).await;
    assert_eq!(listed.as_array().unwrap().len(), 1);
    alice.call("skill.forget", button).await;
    // Skills are no facts.
    assert_eq!(alice.call("memory.fact_count", Value::Null).await, json!(0));
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn skills_are_made_of_what_happened() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let data = json!({ "task": "buy a ticket", "domain": "web" });
    let failed = json!({ "task": "buy a ticket", "domain": "web", "error": "no such button" });
    let events = json!([
        { "kind": "action_failed", "tool": "click", "data": failed },
        { "kind": "action_succeeded", "tool": "search", "data": data, "reward": 1.0 },
        { "kind": "action_succeeded", "tool": "click", "data": data },
    ]);
    let learnt = alice.call("skills.distill", events.clone()).await;
    let named = json!({ "events": events.clone() });
    assert_eq!(alice.call("skills.distill", named).await, learnt);
    let kept = alice.call("skills.ingest_distilled", learnt.clone()).await;
    assert_eq!(kept, json!({ "ingested": 2 }));
    let again = json!({ "skills": learnt });
    alice.call("skills.ingest_distilled", again).await;
    let evolved = json!({ "domain": "web", "events": events });
    assert_eq!(alice.call("skills.evolve", evolved).await, json!([]));
    let asked = json!({ "task": "buy a ticket for the ferry" });
    let found = alice.call("skill.find", asked.clone()).await;
    let failed = json!({ "skill_name": found[0]["name"], "outcome": "fail" });
    for _ in 0..3 {
        alice.call("skill.report", failed.clone()).await;
    }
    let weak = alice
        .call("skills.domains_needing_evolution", json!({}))
        .await;
    assert_eq!(weak, json!(["web"]));
    let of = json!({ "domain": "office" });
    assert_eq!(alice.call("skills.list", of).await, json!([]));
    let question = json!({ "query": "buy a ticket for the ferry" });
    alice.call("memory.build_context", question).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn skills_are_of_the_memory_that_a_session_uses() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let mut bob = daemon.client("bob");
    let harbour = json!({ "memory_namespace": "harbour" });
    bob.call("session.init", harbour).await;
    let skill = json!({ "name": "moor", "code": "tie()" });
    bob.call("skill.ingest", skill).await;
    assert_eq!(alice.call("skills.list", json!({})).await, json!([]));
    assert_eq!(alice.call("skill.find", json!({})).await, json!([]));
    assert_eq!(bob.call("skill.find", json!({})).await[0]["code"], "tie()");
    for client in [alice, bob] {
        client.finish().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_of_a_skill_is_named() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    for (method, params, field) in [
        ("skill.ingest", json!({ "name": "", "code": "c" }), "name"),
        ("skill.ingest", json!({ "name": "n" }), "code"),
        (
            "skill.ingest",
            json!({ "name": "n", "code": "x".repeat(65_537) }),
            "code",
        ),
        ("skill.find", json!({ "max_results": 101 }), "max_results"),
        (
            "skills.ingest_distilled",
            json!([{ "name": "n", "code": 5 }]),
            "[0].code",
        ),
        (
            "skills.ingest_distilled",
            json!({ "skills": [{ "code": "c" }] }),
            "skills[0].name",
        ),
    ] {
        let refused = alice.refusal(method, params).await;
        assert_eq!(refused["data"]["field"], field, "{refused}");
    }
    for method in ["skill.report", "skill.repair"] {
        let unknown = json!({ "skill_name": "n", "outcome": "success" });
        let refused = alice.refusal(method, unknown).await;
        assert_eq!(refused["data"]["kind"], "not_found");
    }
    alice.finish().await;
}
