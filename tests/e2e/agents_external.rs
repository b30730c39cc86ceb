//! Agents of the Agent Client Protocol: what is said to them, what they ask, and how they end.

use std::fs;
use std::sync::Arc;

use agent_client_protocol::Error;
use agent_client_protocol::v1::schema::PromptCapabilities;
use car_acp::{AcpLimits, Bridge, BridgeError, Roots};
use car_state::agents::AgentId;
use car_state::approval::ApprovalGate;
use car_state::approval::rules::cedar::CedarRules;
use car_state::clock::FixedClock;
use car_state::server::ServerStateConfig;
use car_tests::{TestClient, TestDaemon, Wanted, acp_agent};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::split;
use tokio::task::JoinSet;

/// A daemon, an agent of the other protocol, and who speaks for it.
struct Stage {
    daemon: TestDaemon,
    folder: TempDir,
    agent: JoinSet<Result<(), Error>>,
    bridge: JoinSet<Result<(), BridgeError>>,
}

impl Stage {
    async fn new() -> Self {
        Self::with(ApprovalGate::from_table(), AcpLimits::default()).await
    }

    async fn with(gate: ApprovalGate, limits: AcpLimits) -> Self {
        Self::with_all(gate, limits, PromptCapabilities::new(), |config| config).await
    }

    async fn with_all(
        gate: ApprovalGate,
        limits: AcpLimits,
        takes: PromptCapabilities,
        state: impl FnOnce(ServerStateConfig) -> ServerStateConfig,
    ) -> Self {
        let wanted = Wanted {
            auth: true,
            gate,
            ..Wanted::default()
        };
        let daemon = TestDaemon::with_state(wanted, state);
        let folder = tempfile::tempdir().unwrap();
        for name in ["docs", "work", "out"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let at = |name: &str| folder.path().join(name);
        fs::write(at("docs/page"), "one\ntwo\n").unwrap();
        fs::write(at("out/secret"), "hush").unwrap();
        std::os::unix::fs::symlink(at("out"), at("work/away")).unwrap();
        daemon.hide(folder.path().to_str().unwrap(), "<folder>");
        let bridge = Bridge {
            roots: Roots::open(&[at("docs")], &[at("work")]).unwrap(),
            cwd: "/srv".into(),
            limits,
        };
        let mut stage = Self {
            daemon,
            folder,
            agent: JoinSet::new(),
            bridge: JoinSet::new(),
        };
        stage.begin(bridge, takes).await;
        stage
    }

    async fn begin(&mut self, bridge: Bridge, takes: PromptCapabilities) {
        let (ours, theirs) = tokio::io::duplex(4 << 10);
        let (input, output) = split(theirs);
        let crash: fn() = || panic!("the agent crashes as it was told to");
        self.agent
            .spawn(acp_agent::serve(input, output, takes, crash));
        let state = Arc::clone(self.daemon.server.state());
        let id: AgentId = "scribe".parse().unwrap();
        let token = state.seats().tokens().issue(&id).unwrap();
        let duplex = self.daemon.server.connect();
        let (output, input) = split(ours);
        self.bridge
            .spawn(bridge.run(output, input, |builder| async move {
                builder
                    .agent_token("scribe", token.expose())
                    .over(duplex)
                    .await
            }));
        state.seats().attached("scribe").await;
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }
}

/// Begins a turn with this script.
async fn begin(host: &mut TestClient, script: &str) {
    let params = json!({ "agent_id": "scribe", "prompt": script, "session_id": "c" });
    host.call("agents.chat", params).await;
}

/// The next event of the chat, which is of this kind. The prompts of later turns are told as well.
async fn event(host: &mut TestClient, kind: &str) -> Value {
    loop {
        let event = host.expect("agents.chat.event").await["params"].take();
        if event["kind"] != "prompt" {
            assert_eq!(event["kind"], kind, "{event}");
            return event;
        }
    }
}

/// What the agent says up to the end of the turn, and its last event.
async fn rest(host: &mut TestClient) -> (String, Value) {
    let mut text = String::new();
    loop {
        let event = host.expect("agents.chat.event").await["params"].take();
        if event["outcome"] != Value::Null {
            return (text, event);
        }
        text += event["delta"].as_str().unwrap_or_default();
    }
}

/// Has the agent play a script to its end.
async fn play(host: &mut TestClient, script: &str) -> String {
    begin(host, script).await;
    let (text, end) = rest(host).await;
    assert_eq!(end["outcome"], "done", "{end}");
    text
}

async fn decide(host: &mut TestClient, event: &Value, more: Value) {
    let mut params = json!({ "approval_id": event["detail"]["id"] });
    params
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    host.call("approvals.decide", params).await;
}

#[tokio::test(start_paused = true)]
async fn an_agent_of_another_protocol_is_a_chat_agent_like_any_other() {
    let stage = Stage::new().await;
    let mut host = stage.daemon.host("host").await;
    begin(
        &mut host,
        "think\nsay hello there\nask rm -rf build\nsay  done",
    )
    .await;
    for kind in [
        "thought",
        "plan",
        "tool_call",
        "tool_call_update",
        "token",
        "token",
    ] {
        event(&mut host, kind).await;
    }
    let pending = event(&mut host, "approval_pending").await;
    decide(&mut host, &pending, json!({ "decision": "approve" })).await;
    event(&mut host, "approval_resolved").await;
    let (text, end) = rest(&mut host).await;
    assert_eq!(
        (&*text, &end["finish_reason"]),
        ("once done", &json!("stop"))
    );
    host.finish().await;
    insta::assert_snapshot!(stage.daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_consent_reaches_as_far_as_the_person_says() {
    let stage = Stage::new().await;
    let mut host = stage.daemon.host("host").await;
    let session = json!({ "decision": "approve", "scope": { "kind": "session" } });
    for (answer, said) in [(json!({ "decision": "deny" }), "no"), (session, "once")] {
        begin(&mut host, "ask make").await;
        let pending = event(&mut host, "approval_pending").await;
        decide(&mut host, &pending, answer).await;
        event(&mut host, "approval_resolved").await;
        assert_eq!(rest(&mut host).await.0, said);
    }
    // Nobody is asked any more, until that is taken back.
    assert_eq!(play(&mut host, "ask make\nask test").await, "onceonce");
    let grants = host.call("grants.list", json!({})).await;
    let grant = &grants["grants"][0];
    assert_eq!(
        (&grant["tool"], &grant["uses"]),
        (&json!("acp.execute"), &json!(2))
    );
    host.call("grants.revoke", json!({ "grant_id": grant["id"] }))
        .await;
    begin(&mut host, "ask make").await;
    event(&mut host, "approval_pending").await;
    // A turn that ends takes its question back.
    host.call("agents.chat.cancel", json!({ "session_id": "c" }))
        .await;
    let (_, end) = rest(&mut host).await;
    assert_eq!(end["outcome"], "cancelled");
    let pending = host.call("host.approvals", json!({})).await;
    assert_eq!(pending[0]["resolution"], "withdrawn");
    host.finish().await;
}

#[tokio::test(start_paused = true)]
async fn where_nobody_is_to_be_asked_nobody_is() {
    let stage = Stage::with(ApprovalGate::disabled(), AcpLimits::default()).await;
    let mut host = stage.daemon.host("host").await;
    assert_eq!(play(&mut host, "ask make").await, "once");
    host.finish().await;
}

#[tokio::test(start_paused = true)]
async fn files_are_read_and_written_below_the_declared_folders_only() {
    let stage = Stage::new().await;
    let mut host = stage.daemon.host("host").await;
    let say = |words: &str, name: &str| format!("{words} {}", stage.path(name));
    assert_eq!(
        play(&mut host, &say("read", "docs/page")).await,
        "one\ntwo\n"
    );
    let write = format!("{} three", say("write", "work/page"));
    assert_eq!(play(&mut host, &write).await, "written");
    assert_eq!(
        fs::read_to_string(stage.path("work/page")).unwrap(),
        "three"
    );
    for (script, why) in [
        (say("read", "out/secret"), "below no folder"),
        (say("read", "docs/../out/secret"), "has no `..`"),
        (say("read", "work/away/secret"), "a link in the path"),
        (say("write", "docs/page") + " x", "below no folder"),
        (
            say("write", "work/away/secret") + " x",
            "a link in the path",
        ),
    ] {
        let said = play(&mut host, &script).await;
        assert!(said.contains(why), "{script}: {said}");
    }
    assert_eq!(
        fs::read_to_string(stage.path("out/secret")).unwrap(),
        "hush"
    );
    host.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_turn_is_cancelled_and_the_next_one_waits_for_its_end() {
    let stage = Stage::new().await;
    let mut host = stage.daemon.host("host").await;
    begin(&mut host, "say one\nwait").await;
    event(&mut host, "token").await;
    host.call("agents.chat.cancel", json!({ "session_id": "c" }))
        .await;
    assert_eq!(rest(&mut host).await.1["outcome"], "cancelled");
    assert_eq!(play(&mut host, "say two").await, "two");
    // One that does not listen is not waited for without end.
    begin(&mut host, "deaf").await;
    host.call("agents.chat.cancel", json!({ "session_id": "c" }))
        .await;
    rest(&mut host).await;
    begin(&mut host, "say three").await;
    let (_, end) = rest(&mut host).await;
    assert_eq!(
        end["error"],
        "the agent is still busy with a prompt that was cancelled"
    );
    host.finish().await;
}

#[tokio::test(start_paused = true)]
async fn how_the_agent_ends_a_turn_is_told() {
    let stage = Stage::new().await;
    let mut host = stage.daemon.host("host").await;
    begin(&mut host, "refuse").await;
    let (_, end) = rest(&mut host).await;
    assert_eq!(
        (&end["kind"], &end["finish_reason"]),
        (&json!("done"), &json!("refusal"))
    );
    begin(&mut host, "fail").await;
    let (_, end) = rest(&mut host).await;
    assert_eq!(end["error"], "Internal error: as it was told to");
    let numbers: String = (0..2_000).map(|number| format!("{number} ")).collect();
    let history = json!({ "session_id": "c", "limit": 1 });
    begin(&mut host, "flood 2000").await;
    let (_, end) = rest(&mut host).await;
    assert_eq!(end["outcome"], "done");
    let history = host.call("agents.chat.history", history).await;
    assert_eq!(history["turns"][0]["text"], numbers, "all of it, in order");
    host.finish().await;
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_crashes_ends_what_it_was_asked() {
    let limits = AcpLimits::default();
    let mut stage = Stage::with(ApprovalGate::disabled(), limits).await;
    let mut host = stage.daemon.host("host").await;
    // What it said before it was answered has been written.
    begin(&mut host, "say one\nask make\ncrash").await;
    let (text, end) = rest(&mut host).await;
    assert!(text.starts_with("one"), "{text}");
    assert_eq!(end["outcome"], "agent_gone", "{end}");
    stage.bridge.join_next().await.unwrap().unwrap().unwrap();
    assert!(
        stage.agent.join_next().await.unwrap().is_err(),
        "it panicked"
    );
    host.finish().await;
    stage.daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn what_an_agent_asks_is_taken_from_who_was_asked_alone() {
    let stage = Stage::new().await;
    let mut host = stage.daemon.host("host").await;
    begin(&mut host, "wait").await;
    let params = json!({ "session_id": "c", "tool": "acp.execute" });
    let refused = host.refusal("agents.permit", params.clone()).await;
    assert_eq!(refused["data"]["kind"], "forbidden");
    let mut other = stage.daemon.client("other");
    other.off_the_record();
    let id: AgentId = "other".parse().unwrap();
    let token = stage
        .daemon
        .server
        .state()
        .seats()
        .tokens()
        .issue(&id)
        .unwrap();
    let auth = json!({ "agent_id": "other", "token": token.expose() });
    other.call("session.auth", auth).await;
    let refused = other.refusal("agents.permit", params).await;
    assert_eq!(refused["data"]["kind"], "forbidden", "{refused}");
    other.finish().await;
    host.call("agents.chat.cancel", json!({ "session_id": "c" }))
        .await;
    rest(&mut host).await;
    host.finish().await;
}

/// What came along with a prompt, as the agent has it.
async fn looked_at(host: &mut TestClient, attachments: Value) -> (String, Value) {
    let params = json!({ "agent_id": "scribe", "prompt": "look", "session_id": "c", "attachments": attachments });
    host.call("agents.chat", params).await;
    rest(host).await
}

#[tokio::test(start_paused = true)]
async fn what_comes_along_is_given_as_the_agent_takes_it() {
    let image = json!({ "name": "dot.gif", "content": "R0lGODlh", "media_type": "image/gif", "encoding": "base64" });
    let file = json!({ "name": "page.pdf", "content": "JVBERg==", "media_type": "application/pdf", "encoding": "base64" });
    let sound = json!({ "name": "hum.wav", "content": "UklGRg==", "media_type": "audio/wav", "encoding": "base64" });
    let text = json!({ "name": "notes", "content": "one" });
    let list = json!({ "name": "list", "content": [1, 2] });
    let all = json!([text, list, image, file, sound]);
    let takes = PromptCapabilities::new()
        .image(true)
        .audio(true)
        .embedded_context(true);
    let gate = ApprovalGate::disabled;
    let stage = Stage::with_all(gate(), AcpLimits::default(), takes, |config| config).await;
    let mut host = stage.daemon.host("host").await;
    let (shown, end) = looked_at(&mut host, all.clone()).await;
    assert_eq!(end["outcome"], "done", "{end}");
    let blocks = [
        "resource car:notes one",
        "resource car:list [1,2]",
        "image image/gif R0lGODlh",
        "blob car:page.pdf JVBERg==",
        "audio audio/wav UklGRg==",
    ];
    assert_eq!(shown, blocks.join("\n"));
    // In parts that are put together again.
    let long = "YWJj".repeat(200_000);
    let long = json!([{ "name": "long", "content": long, "media_type": "image/png", "encoding": "base64" }]);
    let (shown, _) = looked_at(&mut host, long).await;
    assert_eq!(shown, format!("image image/png {}", "YWJj".repeat(200_000)));
    for (content, why) in [
        (
            json!({ "content": "no base64", "encoding": "base64" }),
            "base64",
        ),
        (json!({ "content": [1], "encoding": "base64" }), "a text"),
        (
            json!({ "content": "x", "media_type": "text" }),
            "media_type",
        ),
    ] {
        let mut attachment = json!({ "name": "a" });
        let members = attachment.as_object_mut().unwrap();
        members.extend(content.as_object().unwrap().clone());
        let params = json!({ "agent_id": "scribe", "prompt": "look", "attachments": [attachment] });
        let refused = host.refusal("agents.chat", params).await;
        assert_eq!(refused["data"]["field"], "attachments");
        let message = refused["message"].as_str().unwrap();
        assert!(message.contains(why), "{message}");
    }
    host.finish().await;

    // One that takes text alone.
    let stage = Stage::with(gate(), AcpLimits::default()).await;
    let mut host = stage.daemon.host("host").await;
    let (shown, _) = looked_at(&mut host, json!([text, list])).await;
    assert_eq!(shown, "text notes:\none\ntext list:\n[1,2]");
    for (attachment, why) in [
        (image, "dot.gif is image/gif, and the agent takes no images"),
        (sound, "hum.wav is audio/wav, and the agent takes no sound"),
        (
            file,
            "page.pdf is application/pdf, and the agent takes no files",
        ),
    ] {
        let (_, end) = looked_at(&mut host, json!([attachment])).await;
        assert_eq!(
            (&end["outcome"], &end["error"]),
            (&json!("error"), &json!(why))
        );
    }
    host.finish().await;
}

#[tokio::test(start_paused = true)]
async fn rules_decide_before_people_about_what_the_agent_may_do() {
    let rules = r#"
        @id("make")
        permit (principal, action == Action::"call_tool", resource == Tool::"acp.execute")
        when { context.arguments.hasTag("/rawInput/command") && context.arguments.getTag("/rawInput/command") == "make" };

        @id("ask")
        @decision("ask")
        permit (principal, action == Action::"call_tool", resource == Tool::"acp.execute")
        when { context.arguments.hasTag("/rawInput/command") && context.arguments.getTag("/rawInput/command") like "git *" };

        @id("rm")
        @reason("nothing is removed")
        forbid (principal, action == Action::"call_tool", resource == Tool::"acp.execute")
        when { context.arguments.hasTag("/rawInput/command") && context.arguments.getTag("/rawInput/command") like "rm *" };
    "#;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("house.cedar"), rules).unwrap();
    for asks in [true, false] {
        let gate = match asks {
            true => ApprovalGate::from_table(),
            false => ApprovalGate::disabled(),
        };
        let now = car_protocol::Timestamp::from_unix_millis(car_tests::daemon::NOW);
        let rules = CedarRules::open(folder.path(), Arc::new(FixedClock(now)));
        let rules = Arc::new(rules.unwrap_or_else(|error| panic!("{error}")));
        let takes = PromptCapabilities::new();
        let stage = Stage::with_all(gate, AcpLimits::default(), takes, |config| {
            config.with_rules(rules)
        });
        let stage = stage.await;
        let mut host = stage.daemon.host("host").await;
        // Nobody is asked about either.
        assert_eq!(play(&mut host, "ask make").await, "once");
        assert_eq!(play(&mut host, "ask rm -rf build").await, "no");
        if !asks {
            // Where people are asked nothing, only rules refuse.
            assert_eq!(play(&mut host, "ask git push").await, "once");
            host.finish().await;
            continue;
        }
        begin(&mut host, "ask git push").await;
        let pending = event(&mut host, "approval_pending").await;
        let preview = &pending["detail"]["details"]["parameters_preview"];
        assert_eq!(preview["rawInput"]["command"], "git push");
        decide(&mut host, &pending, json!({ "decision": "deny" })).await;
        let (said, end) = rest(&mut host).await;
        assert_eq!((&*said, &end["outcome"]), ("no", &json!("done")));
        host.finish().await;
    }
}
