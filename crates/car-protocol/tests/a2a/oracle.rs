//! Ours and the official crate `a2a-lf` read each other.
//!
//! From ours: any message of ours, within what the official types can hold (`generate.rs` says where that is less).
//! From theirs: any message that their own generator makes, after `oracle_theirs.rs` has taken out what is no A2A.

use car_protocol::a2a::{Reader, Wire};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::oracle_theirs::as_a2a;
use crate::{generate, generate_card};

type Checked = Result<(), TestCaseError>;

/// Ours, strictly.
fn ours<T: Wire>(text: &str) -> Result<T, TestCaseError> {
    let reader = Reader::strict().with_max_bytes(usize::MAX);
    let read = reader.read(text);
    read.map_err(|error| TestCaseError::fail(format!("ours: {error} in {text}")))
}

/// Theirs.
fn theirs<T: DeserializeOwned>(text: &str) -> Result<T, TestCaseError> {
    let read = serde_json::from_str(text);
    read.map_err(|error| TestCaseError::fail(format!("theirs: {error} in {text}")))
}

fn written(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

/// Ours, through theirs, is the same.
fn ours_survives<Ours, Theirs>(sent: &Ours) -> Checked
where
    Ours: Wire + Serialize + PartialEq + std::fmt::Debug,
    Theirs: DeserializeOwned + Serialize,
{
    let taken: Theirs = theirs(&written(sent))?;
    let again: Ours = ours(&written(&taken))?;
    prop_assert_eq!(&again, sent);
    Ok(())
}

/// Theirs, through ours, is the same.
fn theirs_survives<Ours, Theirs>(bytes: &[u8]) -> Checked
where
    Ours: Wire + Serialize,
    Theirs: DeserializeOwned
        + Serialize
        + PartialEq
        + std::fmt::Debug
        + for<'a> arbitrary::Arbitrary<'a>,
{
    let Ok(made) = Theirs::arbitrary(&mut arbitrary::Unstructured::new(bytes)) else {
        return Ok(());
    };
    let made = as_a2a(serde_json::to_value(&made).unwrap());
    let sent: Theirs = theirs(&made.to_string())?;
    let taken: Ours = ours(&written(&sent))?;
    let again: Theirs = theirs(&written(&taken))?;
    prop_assert_eq!(&again, &sent);
    Ok(())
}

macro_rules! oracle {
    ($($module:ident: $name:ident, $strategy:expr;)+) => { $(
        mod $module {
            use super::*;

            proptest! {
                #[test]
                fn ours_through_theirs(ours in $strategy) {
                    ours_survives::<car_protocol::a2a::v1::$name, a2a::$name>(&ours)?;
                }

                #[test]
                fn theirs_through_ours(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
                    theirs_survives::<car_protocol::a2a::v1::$name, a2a::$name>(&bytes)?;
                }
            }
        }
    )+ };
}

oracle! {
    part: Part, generate::part();
    message: Message, generate::message();
    status: TaskStatus, generate::status();
    artifact: Artifact, generate::artifact();
    task: Task, generate::task();
    status_update: TaskStatusUpdateEvent, generate::status_update();
    artifact_update: TaskArtifactUpdateEvent, generate::artifact_update();
    response: SendMessageResponse, generate::response();
    event: StreamResponse, generate::event();
    send: SendMessageRequest, generate::send();
    get: GetTaskRequest, generate::get();
    list: ListTasksRequest, generate::list();
    listed: ListTasksResponse, generate::listed();
    cancel: CancelTaskRequest, generate::cancel();
    subscribe: SubscribeToTaskRequest, generate::subscribe();
    push_config: TaskPushNotificationConfig, generate::push_config();
    get_push: GetTaskPushNotificationConfigRequest, generate::get_push();
    list_push: ListTaskPushNotificationConfigsRequest, generate::list_push();
    listed_push: ListTaskPushNotificationConfigsResponse, generate::listed_push();
    delete_push: DeleteTaskPushNotificationConfigRequest, generate::delete_push();
    extended: GetExtendedAgentCardRequest, generate_card::extended();
    scheme: SecurityScheme, generate_card::scheme();
    flows: OAuthFlows, generate_card::flows();
    card: AgentCard, generate_card::card();
}
