use car_protocol::a2a::dialect::{self, ListTasksParams, PushConfigEntry, SetPushConfigParams};
use car_protocol::a2a::limits::MAX_PAGE_SIZE;
use car_protocol::a2a::{Operation, Reader, v0_3, v1};
use serde_json::{Value, json};

use crate::examples_v0_3;

fn read<T: car_protocol::a2a::Wire>(value: Value) -> T {
    Reader::strict().read_value(value).unwrap()
}

#[test]
fn every_operation_has_both_names() {
    for (old, new) in [("message/send", "SendMessage"), ("tasks/list", "ListTasks")] {
        assert_eq!(dialect::operation(old), dialect::operation(new));
    }
    assert_eq!(
        dialect::operation("tasks/resubscribe"),
        Ok(Operation::SubscribeToTask)
    );
    assert_eq!(dialect::operation("tasks/ls").unwrap_err().code(), -32601);
}

#[test]
fn a_message_waits_only_when_it_says_so() {
    let send = |configuration: Value| {
        let message = json!({ "messageId": "m", "role": "user", "parts": [{ "kind": "text", "text": "hi" }] });
        let params = json!({ "message": message, "configuration": configuration });
        let request = dialect::send_message(read(params)).unwrap();
        request.configuration.unwrap().return_immediately
    };
    assert!(send(Value::Null));
    assert!(send(json!({})));
    assert!(send(json!({ "blocking": false })));
    assert!(!send(json!({ "blocking": true })));
}

#[test]
fn tasks_are_listed_on_one_page_with_all_that_they_have() {
    let list = |limit| {
        dialect::list_tasks(ListTasksParams {
            limit,
            ..Default::default()
        })
    };
    let size = |limit| {
        list(limit)
            .and_then(|request| request.page_size)
            .map(v1::PageSize::get)
    };
    assert_eq!(size(None), Some(MAX_PAGE_SIZE));
    assert_eq!(size(Some(5)), Some(5));
    assert_eq!(size(Some(5000)), Some(MAX_PAGE_SIZE));
    assert_eq!(list(Some(0)), None);
    assert_eq!(list(None).unwrap().include_artifacts, Some(true));
    let task: v0_3::Task = read(examples_v0_3::examples("Task").remove(0));
    let response = v1::ListTasksResponse {
        tasks: vec![task.clone().into()],
        next_page_token: String::new(),
        page_size: 1,
        total_size: 1,
    };
    assert_eq!(dialect::listed_tasks(response).unwrap().tasks, [task]);
}

#[test]
fn a_push_configuration_stands_beside_its_id() {
    let params: SetPushConfigParams =
        read(examples_v0_3::dialect_examples("SetPushConfigParams").remove(0));
    let config = v1::TaskPushNotificationConfig::try_from(params).unwrap();
    assert_eq!(config.task_id.as_ref().unwrap().as_str(), "t-1");
    let entry = PushConfigEntry::try_from(config).unwrap();
    assert_eq!(
        serde_json::to_value(&entry).unwrap(),
        examples_v0_3::dialect_examples("PushConfigEntry")[0]
    );
}

#[test]
fn a_card_with_the_fields_of_both_versions_is_read_as_one_of_1_0() {
    let card = json!({
        "name": "Common Agent Runtime", "description": "Runs tools", "version": "0.15.2", "protocolVersion": "1.0",
        "url": "ws://127.0.0.1:9100/", "preferredTransport": "JSONRPC",
        "supportedInterfaces": [{ "url": "ws://127.0.0.1:9100/", "protocolBinding": "JSONRPC", "protocolVersion": "1.0" }],
        "additionalInterfaces": [{ "url": "ws://127.0.0.1:9100/", "transport": "JSONRPC" }],
        "capabilities": { "streaming": true, "pushNotifications": false, "stateTransitionHistory": false, "extendedAgentCard": false },
        "defaultInputModes": ["text"], "defaultOutputModes": ["text"], "skills": [],
    });
    let card: v1::AgentCard = read(card);
    assert_eq!(card.capabilities.streaming, Some(true));
}
