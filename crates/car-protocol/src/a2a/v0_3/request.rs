use super::super::read::message;
use super::super::{Metadata, TaskId};
use super::{Message, PushNotificationConfig};

message! {
    /// The params of `message/send` and `message/stream`.
    pub struct MessageSendParams {
        /// The message.
        required message: Message = "message",
        /// How it is to be handled.
        optional configuration: MessageSendConfiguration = "configuration",
        /// What extensions add.
        sparse metadata: Metadata = "metadata",
    }
}

message! {
    /// How a message is to be handled.
    #[derive(Default)]
    pub struct MessageSendConfiguration {
        /// The media types that the client takes; none named is any.
        sparse accepted_output_modes: Vec<String> = "acceptedOutputModes",
        /// At most so many of the latest messages in the answer.
        optional history_length: u32 = "historyLength",
        /// Where to report what happens to the task.
        optional push_notification_config: PushNotificationConfig = "pushNotificationConfig",
        /// Whether the answer waits until the task has ended or waits for the client. Nothing is the agent's choice.
        optional blocking: bool = "blocking",
    }
}

message! {
    /// The params of `tasks/get`.
    pub struct TaskQueryParams {
        /// The task.
        required id: TaskId = "id",
        /// At most so many of the latest messages.
        optional history_length: u32 = "historyLength",
        /// What extensions add.
        sparse metadata: Metadata = "metadata",
    }
}

message! {
    /// The params of `tasks/cancel` and `tasks/resubscribe`.
    pub struct TaskIdParams {
        /// The task.
        required id: TaskId = "id",
        /// What extensions add.
        sparse metadata: Metadata = "metadata",
    }
}
