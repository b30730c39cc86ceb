use super::super::read::{message, one_of};
use super::super::{ContextId, Metadata, TaskId};
use super::{Artifact, Message, Task, TaskStatus};

message! {
    /// A task has another status.
    pub struct TaskStatusUpdateEvent {
        /// The task.
        required task_id: TaskId = "taskId",
        /// Its conversation.
        required context_id: ContextId = "contextId",
        /// The new status.
        required status: TaskStatus = "status",
        /// What extensions add.
        sparse metadata: Metadata = "metadata",
    }
}

message! {
    /// A task has an artifact, or more of one.
    pub struct TaskArtifactUpdateEvent {
        /// The task.
        required task_id: TaskId = "taskId",
        /// Its conversation.
        required context_id: ContextId = "contextId",
        /// The artifact, or what is to be appended to the one of this id.
        required artifact: Artifact = "artifact",
        /// Whether the parts are to be appended to what was sent before.
        sparse append: bool = "append",
        /// Whether this is the end of the artifact.
        sparse last_chunk: bool = "lastChunk",
        /// What extensions add.
        sparse metadata: Metadata = "metadata",
    }
}

one_of! {
    /// The result of `SendMessage`.
    pub enum SendMessageResponse {
        /// The task that the message made or went to.
        Task(Task) = "task",
        /// An answer without a task.
        Message(Message) = "message",
    }
}

one_of! {
    /// One event of a stream, and the body of a push notification.
    pub enum StreamResponse {
        /// The task as it stands: the first event of a stream about a task.
        Task(Task) = "task",
        /// The only event of a stream without a task.
        Message(Message) = "message",
        /// Another status.
        StatusUpdate(TaskStatusUpdateEvent) = "statusUpdate" | "status_update",
        /// An artifact, or more of one.
        ArtifactUpdate(TaskArtifactUpdateEvent) = "artifactUpdate" | "artifact_update",
    }
}

impl From<SendMessageResponse> for StreamResponse {
    fn from(response: SendMessageResponse) -> Self {
        match response {
            SendMessageResponse::Task(task) => Self::Task(task),
            SendMessageResponse::Message(message) => Self::Message(message),
        }
    }
}
