//! What each error of a namespace becomes on the wire.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use car_protocol::rpc::approvals::Decider;
use car_protocol::rpc::events::Cursor;
use car_protocol::rpc::proposal::ProposalResult;
use car_protocol::rpc::session::Role;
use car_protocol::{RpcError, Timestamp, kind};
use car_server::Failure;
use car_state::approval::grants::{GrantError, NarrowingError, TooManyGrants};
use car_state::approval::{ApprovalError, NotCanonical};
use car_state::channel::SubscribeError;
use car_state::engine::{EngineError, StructureError, StructureProblem};
use car_state::host::{AgentError, HostError};
use car_state::log::LogError;
use car_state::meeting::{MeetingError, MeetingId};
use car_state::outcomes::{OutcomeError, Status};
use car_state::policy::PolicyError;
use car_state::quota::{QuotaExceeded, Resource};
use car_state::store::StoreError;
use car_state::tool_table::{ToolProblem, ToolTableError};
use car_state::voice::VoiceError;

fn id() -> String {
    "x".to_owned()
}

fn decider() -> Decider {
    Decider {
        principal: "host".to_owned(),
        role: Role::Host,
        session_id: id(),
    }
}

fn approvals() -> Vec<ApprovalError> {
    vec![
        ApprovalError::Unknown(id()),
        ApprovalError::AlreadyDecided {
            id: id(),
            resolution: "deny".to_owned(),
            by: decider(),
            at: Timestamp::UNIX_EPOCH,
        },
        ApprovalError::Expired {
            id: id(),
            reason: "timeout".to_owned(),
        },
        ApprovalError::Withdrawn {
            id: id(),
            resolution: "agent_gone",
            reason: "session_ended".to_owned(),
        },
        ApprovalError::NotOwner(id()),
        ApprovalError::DigestMismatch {
            id: id(),
            digest: "0a".to_owned(),
        },
        ApprovalError::Unfit {
            field: "edits",
            what: "not taken here".to_owned(),
        },
        ApprovalError::Storage(LogError::StorageFull),
        ApprovalError::NotAnOption {
            resolution: "perhaps".to_owned(),
            options: vec!["approve".to_owned(), "deny".to_owned()],
        },
        ApprovalError::SelfApproval,
        ApprovalError::HostRequired,
        ApprovalError::OwnerAway {
            id: id(),
            owner: "y".to_owned(),
        },
        ApprovalError::TooMany { limit: 7 },
        ApprovalError::Quota(QuotaExceeded {
            resource: Resource::Approvals,
            limit: 7,
            retry: Duration::from_secs(1),
        }),
    ]
}

fn host() -> Vec<HostError> {
    let agents = [
        AgentError::Unknown(id()),
        AgentError::NotOwner(id()),
        AgentError::TooMany { limit: 7 },
    ];
    let own = [
        HostError::ReservedKind("agent.x".to_owned()),
        HostError::Bounds {
            field: "name",
            what: "not 1 to 7 bytes long".to_owned(),
            limit: 7,
        },
    ];
    agents
        .into_iter()
        .map(HostError::from)
        .chain(approvals().into_iter().map(HostError::from))
        .chain(log().into_iter().map(HostError::from))
        .chain(own)
        .collect()
}

fn grants() -> Vec<GrantError> {
    vec![
        GrantError::Unknown(id()),
        GrantError::TooMany(TooManyGrants { limit: 7 }),
        GrantError::Narrowing(NarrowingError::NotCovered),
        GrantError::NotCanonical(NotCanonical),
        GrantError::Scope,
        GrantError::Storage(LogError::StorageFull),
    ]
}

fn log() -> Vec<LogError> {
    vec![
        LogError::UnknownFamily(id()),
        LogError::Resync {
            oldest: Cursor { epoch: 1, seq: 7 },
        },
        LogError::TooManyStreams { limit: 7 },
        LogError::NotAnObject,
        LogError::StorageFull,
        LogError::Busy {
            retry: Duration::from_millis(7),
        },
        LogError::Closed,
    ]
}

fn store() -> Vec<StoreError> {
    vec![
        StoreError::TenantName { limit: 7 },
        StoreError::KeyLength { bytes: 8, limit: 7 },
        StoreError::ValueSize { bytes: 8, limit: 7 },
        StoreError::TooManyKeys { limit: 7 },
        StoreError::TotalSize { limit: 7 },
        StoreError::TooManyTenants { limit: 7 },
    ]
}

fn policy() -> Vec<PolicyError> {
    vec![
        PolicyError::Name { limit: 7 },
        PolicyError::UnknownRule { rule: id() },
        PolicyError::Incomplete {
            rule: "deny_tool".to_owned(),
            member: "target",
        },
        PolicyError::UnknownScope { scope: id() },
        PolicyError::TooBig { limit: 7 },
        PolicyError::TooMany { limit: 7 },
        PolicyError::TooManyScopes { limit: 7 },
    ]
}

fn tools() -> Vec<ToolTableError> {
    let problems = [
        ToolProblem::Name { limit: 7 },
        ToolProblem::Description { limit: 7 },
        ToolProblem::TooMany { limit: 7 },
        ToolProblem::SchemaSize {
            member: "returns",
            limit: 7,
        },
        ToolProblem::Schema {
            member: "parameters",
            path: "/type".to_owned(),
            reason: "no type".to_owned(),
        },
        ToolProblem::RateLimit,
    ];
    let at = |problem| ToolTableError {
        index: 2,
        name: id(),
        problem,
    };
    problems.map(at).into()
}

fn outcomes() -> Vec<OutcomeError> {
    vec![
        OutcomeError::Conflict,
        OutcomeError::Unknown,
        OutcomeError::NotKept {
            status: Status::Failed,
        },
        OutcomeError::Full { limit: 7 },
        OutcomeError::Crowded { limit: 7 },
        OutcomeError::Withdrawn,
        OutcomeError::Storage(LogError::StorageFull),
    ]
}

fn engine() -> Vec<EngineError> {
    let ran = || {
        let json = r#"{"proposal_id":"p","results":[],"cost":{"tool_calls":0,"actions_executed":0,"actions_skipped":0,"total_duration_ms":0.0,"retries":0}}"#;
        Box::new(serde_json::from_str::<ProposalResult>(json).unwrap())
    };
    let structure = [
        StructureProblem::IdLength { limit: 7 },
        StructureProblem::DuplicateId,
        StructureProblem::UnknownDependency { on: id() },
        StructureProblem::DependsOnItself,
        StructureProblem::Cycle {
            through: vec![id()],
        },
        StructureProblem::DependsOnLater { on: id() },
        StructureProblem::UnknownReference { on: id() },
        StructureProblem::RefersToItself,
        StructureProblem::RefersToLater { on: id() },
    ];
    let structure = structure.map(|problem| {
        EngineError::from(StructureError {
            index: 2,
            action: "a".to_owned(),
            problem,
        })
    });
    let own = [
        EngineError::ProposalId { limit: 7 },
        EngineError::TooManyActions { count: 8, limit: 7 },
        EngineError::Tenant(StoreError::TenantName { limit: 7 }),
        EngineError::UnknownScope { scope: id() },
        EngineError::StateConflict {
            key: "k".to_owned(),
            ran: ran(),
        },
        EngineError::StateLimit {
            error: StoreError::TooManyKeys { limit: 7 },
            ran: ran(),
        },
    ];
    structure.into_iter().chain(own).collect()
}

fn voice() -> Vec<VoiceError> {
    vec![
        VoiceError::NoEngine,
        VoiceError::Id,
        VoiceError::Exists(id()),
        VoiceError::Unknown(id()),
        VoiceError::TooMany { limit: 7 },
        VoiceError::Source("mic".to_owned()),
        VoiceError::Format("7 samples a second".to_owned()),
        VoiceError::NoProvider {
            id: id(),
            providers: Vec::new(),
        },
        VoiceError::Recogniser(id()),
        VoiceError::Audio("no audio".to_owned()),
        VoiceError::OtherFormat {
            rate: 8_000,
            channels: 2,
        },
        VoiceError::Full,
        VoiceError::Over,
        VoiceError::Subscribe(SubscribeError::TooMany { limit: 7 }),
    ]
}

fn meetings() -> Vec<MeetingError> {
    let meeting = || MeetingId::new("m").unwrap();
    vec![
        MeetingError::Id,
        MeetingError::Sources,
        MeetingError::Exists(meeting()),
        MeetingError::Active(meeting()),
        MeetingError::NotActive(meeting()),
        MeetingError::Unknown(meeting()),
        MeetingError::TooMany { limit: 7 },
        MeetingError::Speakers { limit: 7 },
        MeetingError::Full,
        MeetingError::Voice(VoiceError::NoEngine),
    ]
}

fn table<E: Into<Failure> + std::fmt::Debug>(page: &mut String, name: &str, errors: Vec<E>) {
    writeln!(page, "# {name}").unwrap();
    for error in errors {
        let told = format!("{error:?}");
        let told = told.split(", ran:").next().unwrap();
        let failure: Failure = error.into();
        let RpcError {
            code,
            message,
            data,
        } = failure.error();
        let data = serde_json::to_string(data).unwrap();
        let data = data.split(r#","result":"#).next().unwrap();
        writeln!(page, "{told}\n    {code} {message}\n    {data}").unwrap();
    }
}

#[test]
fn every_error_has_its_code_its_kind_and_says_whether_to_try_again() {
    let mut page = String::new();
    table(&mut page, "host", host());
    table(&mut page, "approvals", approvals());
    table(&mut page, "grants", grants());
    table(&mut page, "log", log());
    table(
        &mut page,
        "subscriptions",
        vec![
            SubscribeError::Log(LogError::TooManyStreams { limit: 7 }),
            SubscribeError::TooMany { limit: 7 },
        ],
    );
    table(&mut page, "store", store());
    table(&mut page, "policies", policy());
    table(&mut page, "tools", tools());
    table(&mut page, "engine", engine());
    table(&mut page, "outcomes", outcomes());
    table(&mut page, "voice", voice());
    table(&mut page, "meetings", meetings());
    let cause = std::io::Error::other("a secret of the daemon's");
    let internal = Failure::internal(cause);
    assert!(!format!("{:?}", internal.error()).contains("secret"));
    insta::assert_snapshot!(page);
}

/// An error that no conversation shows is an error that nobody has seen.
#[test]
fn every_kind_of_error_is_shown_in_a_transcript() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("e2e/snapshots");
    let mut shown = BTreeSet::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let own = path
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .contains("__errors__");
        if own || path.extension().is_none_or(|extension| extension != "snap") {
            continue;
        }
        let page = fs::read_to_string(path).unwrap();
        for rest in page.split(r#""data":{"kind":""#).skip(1) {
            shown.extend(rest.split('"').next().map(str::to_owned));
        }
    }
    for (kind, _) in kind::ALL {
        assert!(shown.contains(*kind), "no transcript shows {kind}");
    }
}
