use car_protocol::a2a::convert::{ConvertError, serve_both};
use car_protocol::a2a::{Reader, v0_3, v1};
use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};

use crate::generate::{
    artifact, artifact_update, cancel, delete_push, event, get, get_push, list_push, listed_push,
};
use crate::generate::{message, push_config, response, send, subscribe, task};
use crate::generate_card::card;
use crate::{examples_v0_3, examples_v1};

fn shown(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

/// What 0.3 can say, it says again after a way through 1.0.
macro_rules! there_and_back {
    ($($test:ident: $strategy:expr => $old:ty),+ $(,)?) => { proptest! { $(
        #[test]
        fn $test(new in $strategy) {
            if let Ok(old) = <$old>::try_from(new) {
                let there = old.clone().try_into();
                let there = there.map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
                let new: NewOf<$old> = there;
                let back = <$old>::try_from(new).unwrap();
                prop_assert_eq!(back, old);
            }
        }
    )+ } };
}

/// Which message of 1.0 stands for one of 0.3.
trait Old {
    type New;
}
type NewOf<T> = <T as Old>::New;

macro_rules! pairs {
    ($($old:ty => $new:ty),+ $(,)?) => { $( impl Old for $old { type New = $new; } )+ };
}
pairs! {
    v0_3::Message => v1::Message,
    v0_3::Artifact => v1::Artifact,
    v0_3::Task => v1::Task,
    v0_3::TaskArtifactUpdateEvent => v1::TaskArtifactUpdateEvent,
    v0_3::SendMessageResult => v1::SendMessageResponse,
    v0_3::StreamEvent => v1::StreamResponse,
    v0_3::MessageSendParams => v1::SendMessageRequest,
    v0_3::TaskQueryParams => v1::GetTaskRequest,
    v0_3::TaskPushNotificationConfig => v1::TaskPushNotificationConfig,
    v0_3::GetTaskPushNotificationConfigParams => v1::GetTaskPushNotificationConfigRequest,
    v0_3::DeleteTaskPushNotificationConfigParams => v1::DeleteTaskPushNotificationConfigRequest,
    v0_3::ListTaskPushNotificationConfigParams => v1::ListTaskPushNotificationConfigsRequest,
    Vec<v0_3::TaskPushNotificationConfig> => v1::ListTaskPushNotificationConfigsResponse,
    v0_3::AgentCard => v1::AgentCard,
}

there_and_back! {
    a_message_survives: message() => v0_3::Message,
    an_artifact_survives: artifact() => v0_3::Artifact,
    a_task_survives: task() => v0_3::Task,
    an_artifact_update_survives: artifact_update() => v0_3::TaskArtifactUpdateEvent,
    a_result_survives: response() => v0_3::SendMessageResult,
    an_event_survives: event() => v0_3::StreamEvent,
    params_to_send_survive: send() => v0_3::MessageSendParams,
    a_query_survives: get() => v0_3::TaskQueryParams,
    a_push_configuration_survives: push_config() => v0_3::TaskPushNotificationConfig,
    a_request_for_a_push_configuration_survives: get_push() => v0_3::GetTaskPushNotificationConfigParams,
    the_end_of_a_push_configuration_survives: delete_push() => v0_3::DeleteTaskPushNotificationConfigParams,
    a_request_for_push_configurations_survives: list_push() => v0_3::ListTaskPushNotificationConfigParams,
    push_configurations_survive: listed_push() => Vec<v0_3::TaskPushNotificationConfig>,
    a_card_survives: card() => v0_3::AgentCard,
}

proptest! {
    #[test]
    fn ids_of_tasks_survive(cancel in cancel(), subscribe in subscribe()) {
        if let Ok(old) = v0_3::TaskIdParams::try_from(cancel.clone()) {
            prop_assert_eq!(v1::CancelTaskRequest::from(old), cancel);
        }
        if let Ok(old) = v0_3::TaskIdParams::try_from(subscribe.clone()) {
            prop_assert_eq!(v1::SubscribeToTaskRequest::try_from(old), Ok(subscribe));
        }
    }
}

fn old<T: car_protocol::a2a::Wire>(name: &str) -> T {
    Reader::strict()
        .read_value(examples_v0_3::examples(name).remove(0))
        .unwrap()
}

fn new<T: car_protocol::a2a::Wire>(name: &str) -> T {
    Reader::strict()
        .read_value(examples_v1::examples(name).remove(0))
        .unwrap()
}

#[test]
fn the_examples_of_0_3_become_these_of_1_0() {
    let mut card: v0_3::AgentCard = old("AgentCard");
    // The example has OAuth with every flow, which 1.0 cannot say.
    assert_eq!(
        v1::AgentCard::try_from(card.clone()),
        Err(ConvertError::OAuthFlows)
    );
    card.security_schemes.remove("oauth");
    let all = json!({
        "Task": shown(&v1::Task::from(old::<v0_3::Task>("Task"))),
        "MessageSendParams": shown(&v1::SendMessageRequest::try_from(old::<v0_3::MessageSendParams>("MessageSendParams")).unwrap()),
        "TaskPushNotificationConfig": shown(&v1::TaskPushNotificationConfig::try_from(old::<v0_3::TaskPushNotificationConfig>("TaskPushNotificationConfig")).unwrap()),
        "TaskStatusUpdateEvent": shown(&v1::TaskStatusUpdateEvent::from(old::<v0_3::TaskStatusUpdateEvent>("TaskStatusUpdateEvent"))),
        "AgentCard": shown(&v1::AgentCard::try_from(card).unwrap()),
    });
    insta::assert_json_snapshot!(all);
}

#[test]
fn every_state_has_its_like() {
    for &state in v1::TaskState::ALL {
        assert_eq!(v1::TaskState::from(v0_3::TaskState::from(state)), state);
    }
    assert_eq!(v0_3::TaskState::ALL.len(), v1::TaskState::ALL.len());
}

#[test]
fn the_last_update_of_a_stream_is_final_in_0_3() {
    for &state in v1::TaskState::ALL {
        let mut event: v1::TaskStatusUpdateEvent = new("TaskStatusUpdateEvent");
        event.status.state = state;
        let event = v0_3::TaskStatusUpdateEvent::try_from(event).unwrap();
        assert_eq!(
            event.r#final,
            state.is_terminal() || state.is_interrupted(),
            "{state}"
        );
    }
}

#[test]
fn waiting_is_said_the_other_way_round() {
    let blocking = |blocking| v0_3::MessageSendConfiguration {
        blocking,
        ..Default::default()
    };
    for (old, now) in [(None, false), (Some(true), false), (Some(false), true)] {
        let new = v1::SendMessageConfiguration::try_from(blocking(old)).unwrap();
        assert_eq!(new.return_immediately, now);
        let back = v0_3::MessageSendConfiguration::try_from(new).unwrap();
        assert_eq!(back.blocking, Some(!now));
    }
}

#[test]
fn the_media_type_of_a_text_moves_into_its_metadata() {
    let mut part = v1::Part {
        media_type: Some("text/markdown".to_owned()),
        ..v1::Part::text("*a*")
    };
    let old = v0_3::Part::try_from(part.clone()).unwrap();
    assert_eq!(
        shown(&old)["metadata"],
        json!({ "mimeType": "text/markdown" })
    );
    part.metadata
        .insert("mimeType".to_owned(), json!("text/plain"));
    assert_eq!(
        v0_3::Part::try_from(part),
        Err(ConvertError::MediaTypeTaken)
    );
}

/// One way to each error, in the order of [`ConvertError::ALL`].
#[test]
fn what_has_no_meaning_on_the_other_side_is_named() {
    use v0_3::TaskPushNotificationConfig as OldPush;
    let push: v1::TaskPushNotificationConfig = new("TaskPushNotificationConfig");
    let free = v1::TaskPushNotificationConfig {
        tenant: None,
        ..push.clone()
    };
    let part = v1::Part::text("a");
    let old_flows = |flows| v1::OAuthFlows::try_from(flows).map(|_| ());
    let new_flow = |index: usize| {
        let flow = examples_v1::examples("OAuthFlows").remove(index);
        let flow: v1::OAuthFlows = Reader::strict().read_value(flow).unwrap();
        v0_3::OAuthFlows::try_from(flow).map(|_| ())
    };
    let named = v1::SendMessageConfiguration {
        task_push_notification_config: Some(free.clone()),
        ..Default::default()
    };
    let auth = v0_3::PushNotificationAuthenticationInfo {
        schemes: vec!["Bearer".to_owned(), "Basic".to_owned()],
        ..Default::default()
    };
    let mut card: v1::AgentCard = new("AgentCard");
    card.supported_interfaces[0].protocol_version = "1.0".to_owned();
    let mut page: v1::ListTaskPushNotificationConfigsRequest =
        new("ListTaskPushNotificationConfigsRequest");
    page.tenant = None;
    let mut unnamed: v0_3::GetTaskPushNotificationConfigParams =
        old("GetTaskPushNotificationConfigParams");
    unnamed.metadata.clear();
    unnamed.push_notification_config_id = None;
    let found = [
        v0_3::Role::try_from(v1::Role::Unspecified).map(|_| ()),
        v0_3::Task::try_from(v1::Task {
            context_id: None,
            ..new("Task")
        })
        .map(|_| ()),
        v0_3::Part::try_from(v1::Part::data(json!([1]))).map(|_| ()),
        v0_3::Part::try_from(v1::Part {
            filename: Some("a".to_owned()),
            ..part.clone()
        })
        .map(|_| ()),
        v0_3::Part::try_from(v1::Part {
            media_type: Some("a".to_owned()),
            metadata: json!({ "mimeType": 1 }).as_object().unwrap().clone(),
            ..part
        })
        .map(|_| ()),
        OldPush::try_from(push).map(|_| ()),
        v1::GetTaskRequest::try_from(old::<v0_3::TaskQueryParams>("TaskQueryParams")).map(|_| ()),
        OldPush::try_from(v1::TaskPushNotificationConfig {
            task_id: None,
            ..free
        })
        .map(|_| ()),
        v0_3::MessageSendConfiguration::try_from(named).map(|_| ()),
        v1::GetTaskPushNotificationConfigRequest::try_from(unnamed).map(|_| ()),
        v0_3::ListTaskPushNotificationConfigParams::try_from(page).map(|_| ()),
        v1::AuthenticationInfo::try_from(auth).map(|_| ()),
        old_flows(v0_3::OAuthFlows::default()),
        new_flow(4),
        new_flow(0),
        v0_3::AgentCard::try_from(card).map(|_| ()),
    ];
    let found: Vec<_> = found.into_iter().map(Result::unwrap_err).collect();
    assert_eq!(found, ConvertError::ALL);
    assert_eq!(old_flows(old("OAuthFlows")), Err(ConvertError::OAuthFlows));
}

#[test]
fn one_document_serves_clients_of_both_versions() {
    let mut card: v1::AgentCard = new("AgentCard");
    let old = v1::AgentInterface {
        url: "https://example.com/old".to_owned(),
        protocol_binding: "JSONRPC".to_owned(),
        tenant: None,
        protocol_version: "0.3".to_owned(),
    };
    let rest = v1::AgentInterface {
        url: "https://example.com/rest".to_owned(),
        protocol_binding: "HTTP+JSON".to_owned(),
        ..old.clone()
    };
    assert_eq!(serve_both(&card), Err(ConvertError::NoInterface));
    card.supported_interfaces.extend([old, rest]);
    card.security_schemes.clear();
    let document = Value::Object(serve_both(&card).unwrap());
    assert_eq!(
        Reader::strict()
            .read_value::<v1::AgentCard>(document.clone())
            .unwrap(),
        card
    );
    let seen: v0_3::AgentCard = Reader::strict().read_value(document).unwrap();
    assert_eq!(
        (seen.url.as_str(), seen.protocol_version.as_str()),
        ("https://example.com/old", "0.3")
    );
    assert_eq!(seen.additional_interfaces[0].transport, "HTTP+JSON");
    assert_eq!(seen.supports_authenticated_extended_card, Some(true));
}

#[test]
fn the_main_interface_of_an_old_card_is_not_repeated() {
    let mut card: v0_3::AgentCard = old("AgentCard");
    card.security_schemes.clear();
    let main = v0_3::AgentInterface {
        url: card.url.clone(),
        transport: "JSONRPC".to_owned(),
    };
    card.additional_interfaces.insert(0, main);
    card.preferred_transport = None;
    let card = v1::AgentCard::try_from(card).unwrap();
    let reach: Vec<_> = card
        .supported_interfaces
        .iter()
        .map(|i| (i.protocol_binding.as_str(), i.protocol_version.as_str()))
        .collect();
    assert_eq!(reach, [("JSONRPC", "0.3"), ("HTTP+JSON", "0.3")]);
}
