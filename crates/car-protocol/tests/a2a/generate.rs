//! Any message of 1.0, for properties.

use std::collections::BTreeMap;

use car_protocol::Timestamp;
use car_protocol::a2a::v1::*;
use car_protocol::a2a::{
    ArtifactId, Bytes, ContextId, MessageId, Metadata, PushConfigId, Secret, TaskId,
};
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Number, Value};

/// Strategies side by side, however many.
macro_rules! nest {
    () => { Just(()) };
    ($first:expr $(, $rest:expr)*) => { ($first, $crate::generate::nest!($($rest),*)) };
}
macro_rules! nested {
    () => { () };
    ($first:ident $(, $rest:ident)*) => { ($first, $crate::generate::nested!($($rest),*)) };
}
/// A strategy for a struct, field by field.
macro_rules! any_of {
    ($type:ident { $($field:ident: $strategy:expr),+ $(,)? }) => {
        $crate::generate::nest!($($strategy),+)
            .prop_map(|$crate::generate::nested!($($field),+)| $type { $($field),+ })
            .boxed()
    };
}
pub(crate) use {any_of, nest, nested};

pub(crate) fn text() -> BoxedStrategy<String> {
    "[a-zA-Z0-9 ./:_\"\\\\é😀\u{7f}\u{2028}-]{1,8}".boxed()
}

pub(crate) fn texts() -> BoxedStrategy<Vec<String>> {
    vec(text(), 0..3).boxed()
}

fn id<T: TryFrom<String> + std::fmt::Debug + 'static>() -> BoxedStrategy<T>
where
    T::Error: std::fmt::Debug,
{
    text().prop_map(|text| T::try_from(text).unwrap()).boxed()
}

/// Any JSON.
pub(crate) fn json() -> BoxedStrategy<Value> {
    let float = any::<f64>().prop_filter_map("finite", |f| Number::from_f64(f).map(Value::Number));
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        float,
        "\\PC{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            btree_map(text(), inner, 0..3).prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
    .boxed()
}

pub(crate) fn metadata() -> BoxedStrategy<Metadata> {
    btree_map(text(), json(), 0..3)
        .prop_map(|members| members.into_iter().collect())
        .boxed()
}

pub(crate) fn names() -> BoxedStrategy<BTreeMap<String, String>> {
    btree_map(text(), text(), 0..3).boxed()
}

fn time() -> BoxedStrategy<Timestamp> {
    // The years 1 to 9999.
    (-62_135_596_800_000_i64..253_402_300_799_999)
        .prop_map(Timestamp::from_unix_millis)
        .boxed()
}

fn count() -> BoxedStrategy<u32> {
    (0..=2_147_483_647_u32).boxed()
}

pub(crate) fn part() -> BoxedStrategy<Part> {
    let held = prop_oneof![
        "\\PC{0,8}".prop_map(PartContent::Text),
        vec(any::<u8>(), 0..9).prop_map(|bytes| PartContent::Raw(Bytes(bytes))),
        text().prop_map(PartContent::Url),
        json().prop_map(PartContent::Data),
    ];
    any_of!(Part {
        content: held,
        filename: of(text()),
        media_type: of(text()),
        metadata: metadata()
    })
}

pub(crate) fn message() -> BoxedStrategy<Message> {
    any_of!(Message {
        message_id: id::<MessageId>(),
        context_id: of(id::<ContextId>()),
        task_id: of(id::<TaskId>()),
        role: select(vec![Role::User, Role::Agent]),
        parts: vec(part(), 1..3),
        metadata: metadata(),
        extensions: texts(),
        reference_task_ids: vec(id::<TaskId>(), 0..3),
    })
}

pub(crate) fn status() -> BoxedStrategy<TaskStatus> {
    any_of!(TaskStatus {
        state: select(TaskState::ALL),
        message: of(message()),
        timestamp: of(time()),
    })
}

pub(crate) fn artifact() -> BoxedStrategy<Artifact> {
    any_of!(Artifact {
        artifact_id: id::<ArtifactId>(),
        name: of(text()),
        description: of(text()),
        parts: vec(part(), 1..3),
        metadata: metadata(),
        extensions: texts(),
    })
}

/// With a context, which the official crate requires and the proto does not.
pub(crate) fn task() -> BoxedStrategy<Task> {
    any_of!(Task {
        id: id::<TaskId>(),
        context_id: id::<ContextId>().prop_map(Some),
        status: status(),
        artifacts: vec(artifact(), 0..2),
        history: vec(message(), 0..2),
        metadata: metadata(),
    })
}

pub(crate) fn status_update() -> BoxedStrategy<TaskStatusUpdateEvent> {
    any_of!(TaskStatusUpdateEvent {
        task_id: id::<TaskId>(),
        context_id: id::<ContextId>(),
        status: status(),
        metadata: metadata(),
    })
}

pub(crate) fn artifact_update() -> BoxedStrategy<TaskArtifactUpdateEvent> {
    any_of!(TaskArtifactUpdateEvent {
        task_id: id::<TaskId>(),
        context_id: id::<ContextId>(),
        artifact: artifact(),
        append: any::<bool>(),
        last_chunk: any::<bool>(),
        metadata: metadata(),
    })
}

pub(crate) fn response() -> BoxedStrategy<SendMessageResponse> {
    let task = task().prop_map(SendMessageResponse::Task);
    prop_oneof![task, message().prop_map(SendMessageResponse::Message)].boxed()
}

pub(crate) fn event() -> BoxedStrategy<StreamResponse> {
    prop_oneof![
        task().prop_map(StreamResponse::Task),
        message().prop_map(StreamResponse::Message),
        status_update().prop_map(StreamResponse::StatusUpdate),
        artifact_update().prop_map(StreamResponse::ArtifactUpdate),
    ]
    .boxed()
}

fn authentication() -> BoxedStrategy<AuthenticationInfo> {
    let secret = of(text().prop_map(Secret::new));
    any_of!(AuthenticationInfo {
        scheme: text(),
        credentials: secret
    })
}

pub(crate) fn push_config() -> BoxedStrategy<TaskPushNotificationConfig> {
    any_of!(TaskPushNotificationConfig {
        tenant: of(text()),
        id: of(id::<PushConfigId>()),
        task_id: of(id::<TaskId>()),
        url: text(),
        token: of(text().prop_map(Secret::new)),
        authentication: of(authentication()),
    })
}

pub(crate) fn get_push() -> BoxedStrategy<GetTaskPushNotificationConfigRequest> {
    any_of!(GetTaskPushNotificationConfigRequest {
        tenant: of(text()),
        task_id: id::<TaskId>(),
        id: id::<PushConfigId>(),
    })
}

pub(crate) fn delete_push() -> BoxedStrategy<DeleteTaskPushNotificationConfigRequest> {
    any_of!(DeleteTaskPushNotificationConfigRequest {
        tenant: of(text()),
        task_id: id::<TaskId>(),
        id: id::<PushConfigId>(),
    })
}

pub(crate) fn list_push() -> BoxedStrategy<ListTaskPushNotificationConfigsRequest> {
    any_of!(ListTaskPushNotificationConfigsRequest {
        tenant: of(text()),
        task_id: id::<TaskId>(),
        page_size: count(),
        page_token: of(text()),
    })
}

pub(crate) fn listed_push() -> BoxedStrategy<ListTaskPushNotificationConfigsResponse> {
    any_of!(ListTaskPushNotificationConfigsResponse {
        configs: vec(push_config(), 0..3),
        next_page_token: of(text()),
    })
}

fn configuration() -> BoxedStrategy<SendMessageConfiguration> {
    any_of!(SendMessageConfiguration {
        accepted_output_modes: texts(),
        task_push_notification_config: of(push_config()),
        history_length: of(count()),
        return_immediately: any::<bool>(),
    })
}

pub(crate) fn send() -> BoxedStrategy<SendMessageRequest> {
    any_of!(SendMessageRequest {
        tenant: of(text()),
        message: message(),
        configuration: of(configuration()),
        metadata: metadata(),
    })
}

pub(crate) fn get() -> BoxedStrategy<GetTaskRequest> {
    any_of!(GetTaskRequest {
        tenant: of(text()),
        id: id::<TaskId>(),
        history_length: of(count())
    })
}

pub(crate) fn cancel() -> BoxedStrategy<CancelTaskRequest> {
    any_of!(CancelTaskRequest {
        tenant: of(text()),
        id: id::<TaskId>(),
        metadata: metadata()
    })
}

pub(crate) fn subscribe() -> BoxedStrategy<SubscribeToTaskRequest> {
    any_of!(SubscribeToTaskRequest {
        tenant: of(text()),
        id: id::<TaskId>()
    })
}

pub(crate) fn list() -> BoxedStrategy<ListTasksRequest> {
    any_of!(ListTasksRequest {
        tenant: of(text()),
        context_id: of(id::<ContextId>()),
        status: of(select(&TaskState::ALL[1..])),
        page_size: of((1..=100_u32).prop_map(|size| PageSize::new(size).unwrap())),
        page_token: of(text()),
        history_length: of(count()),
        status_timestamp_after: of(time()),
        include_artifacts: of(any::<bool>()),
    })
}

pub(crate) fn listed() -> BoxedStrategy<ListTasksResponse> {
    any_of!(ListTasksResponse {
        tasks: vec(task(), 0..2),
        next_page_token: "\\PC{0,6}",
        page_size: count(),
        total_size: count(),
    })
}
