//! What a program gets that embeds all of this: stored results in files, and checks of its own.

use std::sync::atomic::{AtomicUsize, Ordering};

use car_protocol::rpc::proposal::{ActionStatus, ProposalResult};
use car_protocol::rpc::results::Chunk;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use serde_json::{Value, json};

use super::*;
use crate::engine::{RunRequest, ToolCall, ToolError};
use crate::identity::Identity;
use crate::policy::{PolicyCheck, Subject};
use crate::results::{Digest, ResultError};
use crate::session::ClientSession;
use crate::store::StateView;

/// Gives a text as long as it is told.
#[derive(Debug)]
struct Long;

impl ToolExecutor for Long {
    fn execute(&self, call: ToolCall) -> BoxFuture<'_, Result<Value, ToolError>> {
        let bytes = call.parameters["bytes"].as_u64().unwrap_or_default();
        ready(Ok("x".repeat(bytes as usize).into())).boxed()
    }
}

fn tools() -> Vec<ToolDefinition> {
    serde_json::from_value(json!([{"name": "long"}, {"name": "short"}])).unwrap()
}

fn call(id: &str, tool: &str, bytes: usize) -> Value {
    json!({"id": id, "type": "tool_call", "tool": tool, "parameters": {"bytes": bytes}, "failure_behavior": "skip"})
}

async fn run(session: &ClientSession, actions: Value) -> ProposalResult {
    let request = RunRequest {
        proposal: serde_json::from_value(json!({"id": "p", "actions": actions})).unwrap(),
        caller: Some("ada".to_owned()),
        ..RunRequest::default()
    };
    session.engine().run(request, <_>::default()).await.unwrap()
}

fn statuses(result: &ProposalResult) -> Vec<ActionStatus> {
    result.results.iter().map(|result| result.status).collect()
}

async fn part(
    state: &ServerState,
    reader: &Identity,
    sha256: &str,
    from: u64,
) -> Result<Chunk, ResultError> {
    let digest: Digest = sha256.parse().unwrap();
    state
        .results()
        .read(reader, &digest, from, 1 << 20, None)
        .await
}

#[tokio::test]
async fn a_standalone_daemon_keeps_results_for_who_got_them() {
    let root = tempfile::tempdir().unwrap();
    let text = json!("x".repeat(2 << 20));
    let state = ServerState::standalone(root.path()).unwrap();
    let session = state.open_session(false);
    let handle = session.engine().parts().results.keep(&text).unwrap();
    let identity = session.identity().get();
    let chunk = part(&state, &identity, &handle.sha256, (2 << 20) - 3)
        .await
        .unwrap();
    assert_eq!((chunk.data.as_str(), handle.bytes), ("xxx", 2 << 20));
    let other = state.open_session(false).identity().get();
    assert!(part(&state, &other, &handle.sha256, 0).await.is_err());
}

#[tokio::test]
async fn an_action_of_an_embedding_program_has_its_result_in_a_file() {
    let root = tempfile::tempdir().unwrap();
    let blobs = FileBlobs::open(root.path().join("results")).unwrap();
    let config = ServerStateConfig::new(root.path())
        .with_results(ResultLimits::default(), Arc::new(blobs))
        .with_tool_executor(tools(), Arc::new(Long));
    let state = ServerState::with_config(config).unwrap();
    let session = state.open_session(false);
    let ended = run(
        &session,
        json!([call("a", "long", 3 << 20), call("b", "long", 10)]),
    )
    .await;
    assert_eq!(statuses(&ended), [ActionStatus::Succeeded; 2]);
    assert!(ended.results[0].stored && !ended.results[1].stored);
    let handle = ended.results[0].output.as_ref().unwrap();
    let sha256 = handle["sha256"].as_str().unwrap();
    let identity = session.identity().get();
    let chunk = part(&state, &identity, sha256, (3 << 20) - 4)
        .await
        .unwrap();
    assert_eq!(chunk.data, "xxxx");
}

/// Lets nobody but Ada call tools, panics where it is asked for something long, and counts how often it is asked.
#[derive(Default)]
struct OnlyAda(AtomicUsize);

impl PolicyCheck for OnlyAda {
    fn check(&self, subject: &Subject<'_>, state: &mut dyn StateView) -> Result<(), String> {
        self.0.fetch_add(1, Ordering::Relaxed);
        assert!(subject.parameters["bytes"] != 666, "no such number");
        let mode = state.get("mode").cloned().unwrap_or_default();
        match subject.caller {
            Some("ada") if mode != "closed" => Ok(()),
            caller => Err(format!(
                "{caller:?} may not call {:?} while {mode}",
                subject.tool
            )),
        }
    }
}

fn embedded(root: &Path) -> Arc<ServerState> {
    let config = ServerStateConfig::new(root).with_tool_executor(tools(), Arc::new(Long));
    ServerState::with_config(config).unwrap()
}

#[tokio::test]
async fn a_check_of_the_embedding_program_binds_all_sessions_and_cannot_be_taken_away() {
    let root = tempfile::tempdir().unwrap();
    let state = embedded(root.path());
    let check = Arc::new(OnlyAda::default());
    let as_check = Arc::<OnlyAda>::clone(&check);
    state
        .policies()
        .register_check("only ada", as_check)
        .unwrap();
    assert!(state.policies().unregister("only ada").is_err());
    let closes =
        json!({"id": "w", "type": "state_write", "parameters": {"key": "mode", "value": "closed"}});
    for _ in 0..2 {
        let session = state.open_session(false);
        let ended = run(
            &session,
            json!([call("a", "long", 1), closes, call("b", "short", 1)]),
        )
        .await;
        assert_eq!(
            statuses(&ended),
            [
                ActionStatus::Succeeded,
                ActionStatus::Succeeded,
                ActionStatus::Rejected
            ]
        );
        let found = &ended.results[2].violations[0];
        assert_eq!(
            (found.policy.as_str(), found.rule.as_str()),
            ("only ada", "custom")
        );
        assert_eq!(
            found.reason,
            r#"Some("ada") may not call Some("short") while "closed""#
        );
    }
    assert_eq!(check.0.load(Ordering::Relaxed), 6);
}

#[tokio::test]
async fn a_check_that_panics_refuses_the_one_action_and_takes_no_room_of_others() {
    let root = tempfile::tempdir().unwrap();
    let session = embedded(root.path()).open_session(false);
    let policies = session.policies();
    policies
        .register_check(None, "panics", Arc::new(OnlyAda::default()))
        .unwrap();
    let once = json!({"name": "once", "rule": "max_calls", "count": 1, "window_ms": 60_000});
    policies
        .register(None, serde_json::from_value(once).unwrap())
        .unwrap();
    let ended = run(
        &session,
        json!([
            call("a", "long", 666),
            call("b", "long", 1),
            call("c", "long", 1)
        ]),
    )
    .await;
    assert_eq!(
        statuses(&ended),
        [
            ActionStatus::Rejected,
            ActionStatus::Succeeded,
            ActionStatus::Rejected
        ]
    );
    // What it said is nobody's business outside.
    assert_eq!(
        ended.results[0].error.as_deref(),
        Some("policy `panics`: the check failed")
    );
    assert_eq!(ended.results[2].violations[0].policy, "once");
}
