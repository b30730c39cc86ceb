use super::super::read::{message, tagged};
use super::super::{ContextId, Metadata, TaskId};
use super::{Artifact, Message, Task, TaskStatus};

message! {
    /// A task has another status.
    pub struct TaskStatusUpdateEvent = "kind": "status-update" {
        /// The task.
        required task_id: TaskId = "taskId",
        /// Its conversation.
        required context_id: ContextId = "contextId",
        /// The new status.
        required status: TaskStatus = "status",
        /// Whether the stream ends here.
        present r#final: bool = "final",
        /// What extensions add.
        sparse metadata: Metadata = "metadata",
    }
}

message! {
    /// A task has an artifact, or more of one.
    pub struct TaskArtifactUpdateEvent = "kind": "artifact-update" {
        /// The task.
        required task_id: TaskId = "taskId",
        /// Its conversation.
        required context_id: ContextId = "contextId",
        /// The artifact, or what is to be appended to the one of this id.
        required artifact: Artifact = "artifact",
        /// Whether the parts are to be appended to what was sent before.
        optional append: bool = "append",
        /// Whether this is the end of the artifact.
        optional last_chunk: bool = "lastChunk",
        /// What extensions add.
        sparse metadata: Metadata = "metadata",
    }
}

tagged! {
    /// The result of `message/send`.
    pub enum SendMessageResult by "kind" {
        /// The task that the message made or went to.
        Task(Task) = "task" ["id"],
        /// An answer without a task.
        Message(Message) = "message" ["messageId"],
    }
}

tagged! {
    /// One event of a stream.
    pub enum StreamEvent by "kind" {
        /// The task as it stands.
        Task(Task) = "task" ["id"],
        /// The only event of a stream without a task.
        Message(Message) = "message" ["messageId"],
        /// Another status.
        StatusUpdate(TaskStatusUpdateEvent) = "status-update" ["status"],
        /// An artifact, or more of one.
        ArtifactUpdate(TaskArtifactUpdateEvent) = "artifact-update" ["artifact"],
    }
}
