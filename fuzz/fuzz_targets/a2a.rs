//! Any text is read or refused by every message of A2A, what was read is written so that it reads the same, what has a
//! meaning in 0.3 keeps it on the way through 1.0, and no text makes the verification of a card panic.
#![no_main]

use std::sync::LazyLock;

use car_protocol::a2a::limits::MAX_VIOLATIONS;
use car_protocol::a2a::signing::{KeyStore, SigningKey, VerifyError, verify};
use car_protocol::a2a::{A2aError, ReadError, Reader, Wire, dialect, v0_3, v1};
use libfuzzer_sys::fuzz_target;
use serde::Serialize;

static KEYS: LazyLock<KeyStore> =
    LazyLock::new(|| KeyStore::from_iter([SigningKey::ed25519("k", &[7; 32]).verifying_key()]));

fuzz_target!(|text: &str| {
    for reader in [Reader::strict(), Reader::lenient()] {
        new(&reader, text);
        old(&reader, text);
    }
    converted::<v0_3::SendMessageResult, v1::SendMessageResponse>(text);
    converted::<v0_3::StreamEvent, v1::StreamResponse>(text);
    converted::<v0_3::MessageSendParams, v1::SendMessageRequest>(text);
    converted::<v0_3::AgentCard, v1::AgentCard>(text);
    if let Err(VerifyError::Document(error)) = verify(text, &KEYS) {
        checked(error);
    }
});

macro_rules! again {
    ($reader:ident, $text:ident, $module:ident: $($name:ident),+ $(,)?) => {
        $( again::<$module::$name>($reader, $text); )+
    };
}

fn new(reader: &Reader, text: &str) {
    again!(reader, text, v1:
        AgentCard, CancelTaskRequest, DeleteTaskPushNotificationConfigRequest, GetExtendedAgentCardRequest,
        GetTaskPushNotificationConfigRequest, GetTaskRequest, ListTaskPushNotificationConfigsRequest,
        ListTaskPushNotificationConfigsResponse, ListTasksRequest, ListTasksResponse, Message, Part,
        SendMessageRequest, SendMessageResponse, StreamResponse, SubscribeToTaskRequest, Task,
        TaskPushNotificationConfig,
    );
}

fn old(reader: &Reader, text: &str) {
    again!(reader, text, v0_3:
        AgentCard, DeleteTaskPushNotificationConfigParams, GetTaskPushNotificationConfigParams,
        ListTaskPushNotificationConfigParams, Message, MessageSendParams, Part, SendMessageResult, StreamEvent, Task,
        TaskIdParams, TaskPushNotificationConfig, TaskQueryParams,
    );
    again!(reader, text, dialect:
        ListPushConfigsParams, ListTasksParams, ListTasksResult, PushConfigEntry, PushConfigParams, SetPushConfigParams,
    );
}

fn again<T: Wire + Serialize + PartialEq + std::fmt::Debug>(reader: &Reader, text: &str) {
    match reader.read::<T>(text) {
        Ok(value) => {
            let written = serde_json::to_string(&value).expect("what was read is JSON");
            // What is written may be longer than what was read: defaults stand in it.
            let reader = reader.with_max_bytes(usize::MAX);
            assert_eq!(reader.read(&written), Ok(value), "{written}");
        }
        Err(error) => checked(error),
    }
}

fn checked(error: ReadError) {
    if let ReadError::Invalid(violations) = &error {
        assert!((1..=MAX_VIOLATIONS).contains(&violations.fields().len()));
    }
    let error = A2aError::from(error);
    assert!(matches!(error.code(), -32700 | -32602 | -32600));
    assert!(error.message().len() < 8192, "{}", error.message().len());
}

/// What 1.0 makes of a message of 0.3 goes back, and from there on nothing changes any more.
fn converted<Old, New>(text: &str)
where
    Old: Wire + Clone + PartialEq + std::fmt::Debug + TryFrom<New>,
    New: Wire + Clone + PartialEq + std::fmt::Debug + TryFrom<Old>,
    <Old as TryFrom<New>>::Error: std::fmt::Debug,
{
    let Ok(old) = Reader::strict().read::<Old>(text) else {
        return;
    };
    let Ok(new) = New::try_from(old) else { return };
    let Ok(old) = Old::try_from(new.clone()) else {
        return;
    };
    let Ok(same) = New::try_from(old.clone()) else {
        panic!("{old:?} came from 1.0 and does not go back there");
    };
    assert_eq!(Old::try_from(same).ok(), Some(old));
}
