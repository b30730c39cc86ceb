use serde::{Deserialize, Deserializer, Serialize};

use super::super::limits::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE};
use super::super::read::{deserialize, message};
use super::super::{ContextId, Cx, Metadata, Read, TaskId, Wire};
use super::{Message, Task, TaskPushNotificationConfig, TaskState};
use crate::Timestamp;

message! {
    /// The params of `SendMessage` and `SendStreamingMessage`.
    pub struct SendMessageRequest {
        /// The tenant, where the interface has one.
        optional tenant: String = "tenant",
        /// The message.
        required message: Message = "message",
        /// How it is to be handled.
        optional configuration: SendMessageConfiguration = "configuration",
        /// What extensions add.
        sparse metadata: Metadata = "metadata",
    }
}

message! {
    /// How a message is to be handled.
    #[derive(Default)]
    pub struct SendMessageConfiguration {
        /// The media types that the client takes; none named is any.
        sparse accepted_output_modes: Vec<String> = "acceptedOutputModes",
        /// Where to report what happens to the task. It has no task id: the task comes with the message.
        optional task_push_notification_config: TaskPushNotificationConfig = "taskPushNotificationConfig",
        /// At most so many of the latest messages in the answer; 0 is none, nothing is the agent's choice.
        optional history_length: u32 = "historyLength",
        /// Whether the answer comes at once. Otherwise it comes when the task has ended or waits for the client.
        sparse return_immediately: bool = "returnImmediately",
    }
}

message! {
    /// The params of `GetTask`.
    pub struct GetTaskRequest {
        /// The tenant, where the interface has one.
        optional tenant: String = "tenant",
        /// The task.
        required id: TaskId = "id",
        /// At most so many of the latest messages; 0 is none, nothing is the agent's choice.
        optional history_length: u32 = "historyLength",
    }
}

message! {
    /// The params of `CancelTask`.
    pub struct CancelTaskRequest {
        /// The tenant, where the interface has one.
        optional tenant: String = "tenant",
        /// The task.
        required id: TaskId = "id",
        /// What extensions add.
        sparse metadata: Metadata = "metadata",
    }
}

message! {
    /// The params of `SubscribeToTask`.
    pub struct SubscribeToTaskRequest {
        /// The tenant, where the interface has one.
        optional tenant: String = "tenant",
        /// The task.
        required id: TaskId = "id",
    }
}

/// How many tasks a page of `ListTasks` holds at most: 1 to [`MAX_PAGE_SIZE`], by default [`DEFAULT_PAGE_SIZE`].
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct PageSize(u32);

impl PageSize {
    /// `None` beyond the bounds.
    #[must_use]
    pub const fn new(tasks: u32) -> Option<Self> {
        match tasks {
            1..=MAX_PAGE_SIZE => Some(Self(tasks)),
            _ => None,
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl Default for PageSize {
    fn default() -> Self {
        Self(DEFAULT_PAGE_SIZE)
    }
}

impl PageSize {
    fn bounded(cx: &mut Cx, read: Read<u32>) -> Read<Self> {
        match read {
            Read::Value(tasks) => match Self::new(tasks) {
                Some(size) => Read::Value(size),
                None => cx.violation(format!("must be {}", Self::EXPECTED)),
            },
            Read::Null => Read::Null,
            Read::Bad => Read::Bad,
        }
    }
}

impl Wire for PageSize {
    const EXPECTED: &'static str = "a whole number from 1 to 100";

    fn integer(cx: &mut Cx, value: i64) -> Read<Self> {
        let read = u32::integer(cx, value);
        Self::bounded(cx, read)
    }

    fn float(cx: &mut Cx, value: f64) -> Read<Self> {
        let read = u32::float(cx, value);
        Self::bounded(cx, read)
    }

    fn text(cx: &mut Cx, text: &str) -> Read<Self> {
        let read = u32::text(cx, text);
        Self::bounded(cx, read)
    }
}

impl<'de> Deserialize<'de> for PageSize {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        deserialize(from)
    }
}

message! {
    /// The params of `ListTasks`.
    #[derive(Default)]
    pub struct ListTasksRequest {
        /// The tenant, where the interface has one.
        optional tenant: String = "tenant",
        /// Only tasks of this conversation.
        optional context_id: ContextId = "contextId",
        /// Only tasks in this state.
        optional status: TaskState = "status",
        /// How many tasks at most.
        optional page_size: PageSize = "pageSize",
        /// Where the page begins: `nextPageToken` of the one before.
        optional page_token: String = "pageToken",
        /// At most so many of the latest messages of each task.
        optional history_length: u32 = "historyLength",
        /// Only tasks whose status is not older.
        optional status_timestamp_after: Timestamp = "statusTimestampAfter",
        /// Whether the tasks come with their artifacts; by default they do not.
        optional include_artifacts: bool = "includeArtifacts",
    }
}

message! {
    /// One page of tasks, the one with the newest status first.
    pub struct ListTasksResponse {
        /// The tasks.
        present tasks: Vec<Task> = "tasks",
        /// Where the next page begins; empty after the last one.
        present next_page_token: String = "nextPageToken",
        /// How many tasks a page holds at most.
        present page_size: u32 = "pageSize",
        /// How many tasks there are on all pages.
        present total_size: u32 = "totalSize",
    }
}
