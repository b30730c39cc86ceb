//! Sessions that speak for an agent.

use car_state::agents::AgentId;
use car_tests::{TestClient, TestDaemon};
use serde_json::{Value, json};

/// Gives the agent a token.
pub(crate) fn token(daemon: &TestDaemon, agent: &str) -> String {
    let agent: AgentId = agent.parse().unwrap();
    let token = daemon.server.state().seats().tokens().issue(&agent);
    token.unwrap().expose().to_owned()
}

/// A client that speaks for the agent `echo`. What it presents is kept out of the transcript.
pub(crate) async fn attached(daemon: &TestDaemon, name: &str, token: &str) -> TestClient {
    let mut agent = daemon.client(name);
    agent.off_the_record();
    let params = json!({ "agent_id": "echo", "token": token });
    let answer = agent.call("session.auth", params).await;
    assert_eq!(
        (&answer["agent_id"], &answer["role"]),
        (&json!("echo"), &json!("agent"))
    );
    agent
}

#[tokio::test(start_paused = true)]
async fn the_last_valid_attach_wins_and_the_older_one_is_told() {
    let daemon = TestDaemon::guarded();
    let token = token(&daemon, "echo");
    let mut old = attached(&daemon, "old", &token).await;
    let mut host = daemon.authenticated("host").await;
    let ask = json!({ "agent_id": "echo", "prompt": "hello", "session_id": "c" });
    let id = host.request("agents.chat", ask.clone()).await;
    let prompt = old.expect("agent.chat").await;
    old.answer(&prompt, json!(null)).await;
    host.answer_to(id).await;
    // The wrong token changes nothing.
    let mut thief = daemon.client("thief");
    let params = json!({ "agent_id": "echo", "token": "wrong" });
    let refused = thief.refusal("session.auth", params).await;
    assert!(
        refused["message"]
            .as_str()
            .unwrap()
            .contains("token mismatch")
    );
    thief.finish().await;

    let mut new = attached(&daemon, "new", &token).await;
    let closing = old.expect("session.closing").await;
    assert_eq!(closing["params"]["reason"], "fenced");
    assert_eq!(old.closed().await, Some(1008));
    // The new process knows nothing of what the old one was asked.
    let end = host.expect("agents.chat.event").await;
    assert_eq!(end["params"]["outcome"], "agent_gone");
    let id = host.request("agents.chat", ask).await;
    let prompt = new.expect("agent.chat").await;
    new.answer(&prompt, json!(null)).await;
    assert_eq!(host.answer_to(id).await["result"]["accepted"], true);
    let begins = host.expect("agents.chat.event").await;
    assert_eq!(begins["params"]["kind"], "prompt");
    let done = json!({ "session_id": "c", "kind": "done" });
    new.notify("agent.chat.event", done).await;
    let end = host.expect("agents.chat.event").await;
    assert_eq!(end["params"]["outcome"], "done");
    new.finish().await;
    host.finish().await;
    daemon.assert_empty().await;
    assert!(daemon.server.state().seats().is_empty());
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_name_that_an_agent_of_ours_has_is_nobody_elses() {
    let daemon = TestDaemon::guarded();
    token(&daemon, "echo");
    let mut liar = daemon.authenticated("liar").await;
    let params = json!({ "id": "echo", "name": "Echo" });
    liar.call("host.register_agent", params).await;
    let mut host = daemon.authenticated("host").await;
    let ask = json!({ "agent_id": "echo", "prompt": "hello" });
    let away = host.refusal("agents.chat", ask).await;
    assert_eq!(away["data"]["kind"], "unavailable");
    liar.finish().await;
    host.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn an_agent_reads_what_it_began_and_no_other_chat() {
    let daemon = TestDaemon::guarded();
    let token = token(&daemon, "echo");
    let mut agent = attached(&daemon, "agent", &token).await;
    let mut other = daemon.authenticated("other").await;
    other
        .call(
            "host.register_agent",
            json!({ "id": "other", "name": "Other" }),
        )
        .await;
    let mut host = daemon.authenticated("host").await;
    for (asker, chat) in [(&mut host, "theirs"), (&mut agent, "its")] {
        let ask = json!({ "agent_id": "other", "prompt": "hello", "session_id": chat });
        let id = asker.request("agents.chat", ask).await;
        let prompt = other.expect("agent.chat").await;
        other.answer(&prompt, json!(null)).await;
        asker.answer_to(id).await;
        let done = json!({ "session_id": chat, "kind": "done" });
        other.notify("agent.chat.event", done).await;
        asker.expect("agents.chat.event").await;
    }
    for stream in ["chat/theirs", "chat/*"] {
        let refused = agent
            .refusal("events.subscribe", json!({ "streams": [stream] }))
            .await;
        assert_eq!(refused["data"]["kind"], "forbidden");
    }
    let list = agent.call("agents.chat.list", Value::Null).await;
    assert_eq!(list["chats"].as_array().unwrap().len(), 1);
    let theirs = json!({ "session_id": "theirs" });
    agent.refusal("agents.chat.history", theirs.clone()).await;
    agent.refusal("agents.chat.cancel", theirs).await;
    let goes_on = json!({ "agent_id": "other", "prompt": "me too", "session_id": "theirs" });
    let refused = agent.refusal("agents.chat", goes_on).await;
    assert_eq!(refused["data"]["kind"], "not_owner");
    agent.finish().await;
    other.finish().await;
    host.finish().await;
}

#[tokio::test(start_paused = true)]
async fn what_an_agent_was_asked_and_may_run_twice_is_asked_of_the_new_one() {
    let daemon = TestDaemon::guarded();
    let token = token(&daemon, "echo");
    let auth = json!({ "agent_id": "echo", "token": token, "resume": true });
    let mut old = daemon.client("old");
    old.off_the_record();
    let resume = old.call("session.auth", auth.clone()).await["resume_token"].clone();
    let tools = json!([{ "name": "look", "idempotent": true }, { "name": "pay" }]);
    old.call("tools.register", tools).await;
    let call = |id: &str, tool: &str| json!({ "id": id, "type": "tool_call", "tool": tool, "parameters": {} });
    let proposal = json!({ "proposal": {
        "id": "p", "execution": "parallel",
        "actions": [call("a", "look"), call("b", "pay")],
    } });
    let submitted = old.request("proposal.submit", proposal).await;
    old.expect("tools.execute").await;
    old.expect("tools.execute").await;

    let mut new = daemon.client("new");
    new.off_the_record();
    new.call("session.auth", auth).await;
    let again = new.expect("tools.execute").await;
    assert_eq!(again["params"]["tool"], "look");
    assert_eq!(again["params"]["delivery"], 2);
    assert_eq!(again["params"]["request_id"], again["id"]);
    new.answer(&again, json!("seen")).await;
    old.expect("session.closing").await;
    assert_eq!(old.closed().await, Some(1008));
    car_tests::settle().await;

    // The older session has the result, for who resumes it; by that it is the one that speaks for the agent again.
    let mut back = daemon.client("back");
    back.off_the_record();
    let resumed = back
        .call("session.resume", json!({ "token": resume }))
        .await;
    let mut replies = resumed["replies"].as_array().unwrap().iter();
    let reply = replies.find(|reply| reply["id"] == submitted).unwrap();
    let results = reply["result"]["results"].as_array().unwrap();
    let of = |id: &str| {
        results
            .iter()
            .find(|result| result["action_id"] == id)
            .unwrap()
    };
    assert_eq!(of("a")["output"], "seen");
    assert_eq!(of("b")["status"], "failed");
    // The other call had failed, so that nobody wanted this one any more; that was told to who had it by then.
    let taken_back = new.expect("tools.cancel").await;
    assert_eq!(taken_back["params"]["request_id"], again["id"]);
    new.expect("session.closing").await;
    assert_eq!(new.closed().await, Some(1008));
    back.leave().await;
}
