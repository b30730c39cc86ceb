//! The user's command, as a process.

#![cfg(all(unix, feature = "cli"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use car_protocol::Timestamp;
use car_protocol::rpc::approvals::{Act, Approval, ApprovalStanding, Asker};
use car_protocol::rpc::session::Role;
use car_server::routes::CommandRoute;
use car_state::approval::route::Route as _;
use serde_json::{Value, json};

const LONG: Duration = Duration::from_secs(60);

fn approval() -> Approval {
    Approval {
        id: "approval-1".to_owned(),
        number: 1,
        action: "ws.method:mail.send".to_owned(),
        act: Some(Act {
            method: Some("mail.send".to_owned()),
            digest: "00".repeat(32),
            preview: json!({ "to": "ada", "token": "…" }),
            ..Act::default()
        }),
        asker: Asker {
            principal: "client".to_owned(),
            role: Role::Client,
            session_id: "s".to_owned(),
        },
        owner: None,
        agent_id: None,
        details: Value::Null,
        options: vec!["approve".to_owned(), "deny".to_owned()],
        standing: ApprovalStanding::Pending,
        reason: None,
        created_at: Timestamp::UNIX_EPOCH,
        reach_by: None,
        expires_at: None,
        delivered_to: Vec::new(),
        seen_by: Vec::new(),
        decision: None,
        ended_at: None,
        used: false,
    }
}

fn shell(script: &str, deadline: Duration) -> CommandRoute {
    let command = ["/bin/sh", "-c", script].map(str::to_owned);
    CommandRoute::new(&command, deadline).unwrap()
}

#[tokio::test]
async fn a_command_gets_the_approval_and_its_status_says_whether_somebody_was_told() {
    let folder = tempfile::tempdir().unwrap();
    let got = folder.path().join("got");
    let script = format!(
        "cat > '{}'; echo sent to the phone of $CAR_APPROVAL_ID; echo more",
        got.display()
    );
    let told = shell(&script, LONG).tell(approval()).await;
    let said = "the command ended with status 0: sent to the phone of approval-1";
    assert_eq!(told, Ok(said.to_owned()));
    let read: Approval = serde_json::from_str(&fs::read_to_string(&got).unwrap()).unwrap();
    assert_eq!(read, approval());
    let failed = shell("echo no network >&2; exit 3", LONG)
        .tell(approval())
        .await;
    let said = "the command ended with status 3: no network";
    assert_eq!(failed, Err(said.to_owned()));
    let ended = shell("kill -9 $$", LONG).tell(approval()).await;
    assert_eq!(ended, Err("the command was ended by signal 9".to_owned()));
}

#[tokio::test]
async fn a_command_that_does_not_read_or_says_too_much_is_heard_to_its_end() {
    let deaf = shell("exec <&-; exit 0", LONG).tell(approval()).await;
    assert_eq!(deaf, Ok("the command ended with status 0".to_owned()));
    let much = shell("yes 2>/dev/null | head -c 1000000; exit 0", LONG)
        .tell(approval())
        .await;
    assert_eq!(much, Ok("the command ended with status 0: y".to_owned()));
    let missing = CommandRoute::new(&["/nowhere/at all".to_owned()], LONG).unwrap();
    let missing = missing.tell(approval()).await.unwrap_err();
    assert!(
        missing.starts_with("the command cannot be started"),
        "{missing}"
    );
    assert!(CommandRoute::new(&[], LONG).is_none());
}

/// Whether a process works. One that has ended and that nobody asked about is a zombie.
fn works(pid: &str) -> bool {
    let stat = fs::read_to_string(Path::new("/proc").join(pid).join("stat"));
    stat.is_ok_and(|stat| {
        let state = stat.rsplit(") ").next().unwrap();
        !state.starts_with(['Z', 'X'])
    })
}

/// The number that a script wrote about a process that it left running.
async fn left_behind(file: &Path) -> String {
    loop {
        let pid = fs::read_to_string(file).unwrap_or_default();
        if pid.ends_with('\n') {
            return pid.trim().to_owned();
        }
        tokio::task::yield_now().await;
    }
}

async fn ends(pid: &str) {
    let ended = async {
        while works(pid) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, ended).await.unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_command_that_takes_too_long_is_killed_with_all_that_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let script = format!("sleep 1000 & echo $! > '{}'; wait", file.display());
    let late = shell(&script, Duration::from_millis(500))
        .tell(approval())
        .await;
    assert_eq!(late, Err("the command did not end within 0.5 s".to_owned()));
    ends(&left_behind(&file).await).await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_command_that_nobody_needs_any_more_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let script = format!("sleep 1000 & echo $! > '{}'; wait", file.display());
    let route = shell(&script, LONG);
    let pid = tokio::select! {
        told = route.tell(approval()) => panic!("{told:?}"),
        pid = left_behind(&file) => pid,
    };
    ends(&pid).await;
}

/// What a command leaves running may hold its output open for ever.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_a_command_leaves_behind_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let script = format!("sleep 1000 & echo $! > '{}'; exit 0", file.display());
    let told = shell(&script, LONG).tell(approval()).await;
    assert_eq!(told, Ok("the command ended with status 0".to_owned()));
    ends(&left_behind(&file).await).await;
}
