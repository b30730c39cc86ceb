use std::fs;
use std::sync::Arc;
use std::time::Duration;

use car_protocol::rpc::approvals::Approval;
use car_state::approval::ApprovalGate;
use car_state::approval::route::{Route, RouteName, RouteTable};
use car_state::approval::rules::cedar::CedarRules;
use car_state::clock::SystemClock;
use car_tests::{TestDaemon, Wanted};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use parking_lot::Mutex;
use serde_json::{Value, json};

/// A route that notes whom it was told about, and does what it is told to.
#[derive(Debug)]
struct Noting {
    name: RouteName,
    works: bool,
    told: Arc<Mutex<Vec<(RouteName, Approval)>>>,
}

impl Route for Noting {
    fn name(&self) -> RouteName {
        self.name
    }

    fn tell(&self, approval: Approval) -> BoxFuture<'_, Result<String, String>> {
        self.told.lock().push((self.name, approval));
        let outcome = match self.works {
            true => Ok("told".to_owned()),
            false => Err("there is no bus".to_owned()),
        };
        ready(outcome).boxed()
    }
}

type Told = Arc<Mutex<Vec<(RouteName, Approval)>>>;

/// A daemon whose desktop is not there, and whose command is; with a rule that knows better in some cases.
fn daemon(works: bool) -> (TestDaemon, Told, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"
        @id("quick") @decision("ask") @wait("5s") @route("none")
        permit (principal, action == Action::"state.set", resource);
        @id("slow") @decision("ask") @wait("20s") @timeout("3d") @route("command")
        permit (principal, action == Action::"state.exists", resource);
    "#;
    fs::write(folder.path().join("routes.cedar"), text).unwrap();
    let rules = CedarRules::open(folder.path(), Arc::new(SystemClock)).unwrap();
    let told = Told::default();
    let route = |name, works| -> Arc<dyn Route> {
        Arc::new(Noting {
            name,
            works,
            told: Arc::clone(&told),
        })
    };
    let table = RouteTable::new(vec![
        route(RouteName::Desktop, false),
        route(RouteName::Command, works),
    ]);
    let wanted = Wanted {
        gate: ApprovalGate::from_table(),
        ..Wanted::default()
    };
    let daemon = TestDaemon::with_state(wanted, |config| {
        config
            .with_reach(Arc::new(table))
            .with_rules(Arc::new(rules))
    });
    (daemon, told, folder)
}

fn names(told: &Told) -> Vec<RouteName> {
    told.lock().iter().map(|(name, _)| *name).collect()
}

#[tokio::test(start_paused = true)]
async fn every_route_has_its_turn_and_one_that_tells_gives_a_person_their_time() {
    let (daemon, told, _folder) = daemon(true);
    let mut alice = daemon.client("alice");
    let began = tokio::time::Instant::now();
    let secret = json!({ "tenant_id": "t1" });
    let clearing = alice.request("state.clear", secret).await;
    let answer = alice.answer_to(clearing).await;
    assert_eq!(answer["error"]["data"]["reason"], "timeout");
    assert_eq!(began.elapsed(), Duration::from_secs(120));
    assert_eq!(names(&told), [RouteName::Desktop, RouteName::Command]);
    let page = alice.call("approvals.history", json!({})).await;
    let delivered = page["approvals"][0]["delivered_to"].as_array().unwrap();
    let by: Vec<_> = delivered.iter().map(|noticed| &noticed["by"]).collect();
    assert_eq!(by, ["route:command"]);
    alice.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_rule_says_how_long_to_wait_and_whom_to_tell() {
    let (daemon, told, _folder) = daemon(true);
    let mut alice = daemon.client("alice");
    let began = tokio::time::Instant::now();
    let set = json!({ "key": "k", "value": 1 });
    let refused = alice.refusal("state.set", set).await;
    assert_eq!(refused["data"]["reason"], "nobody_reached");
    assert_eq!(
        (began.elapsed(), names(&told)),
        (Duration::from_secs(5), vec![])
    );
    let asking = alice.request("state.exists", json!({ "key": "k" })).await;
    tokio::time::sleep(Duration::from_secs(25)).await;
    assert_eq!(names(&told), [RouteName::Command]);
    let row = alice.call("approvals.list", json!({})).await["approvals"][0].clone();
    assert_eq!(row["act"]["because"], "the rule slow says so");
    assert_eq!(
        row["act"]["policy_revision"],
        alice.call("approvals.rules", json!({})).await["revision"]
    );
    // Whoever heard of it connects and decides.
    let mut harry = daemon.client("harry");
    let decision = json!({ "approval_id": row["id"], "decision": "approve" });
    harry.call("approvals.decide", decision).await;
    assert_eq!(alice.answer_to(asking).await["result"], json!(false));
    alice.finish().await;
    harry.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn where_no_route_reaches_anybody_the_call_is_refused_and_says_so() {
    let (daemon, told, _folder) = daemon(false);
    let mut alice = daemon.client("alice");
    let refused = alice.refusal("state.clear", Value::Null).await;
    assert_eq!(refused["data"]["reason"], "nobody_reached");
    assert_eq!(names(&told), [RouteName::Desktop, RouteName::Command]);
    let shown = told
        .lock()
        .first()
        .map(|(_, approval)| approval.act.clone());
    assert_eq!(
        shown.flatten().unwrap().method.as_deref(),
        Some("state.clear")
    );
    alice.finish().await;
    daemon.assert_empty().await;
}
