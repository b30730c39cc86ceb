use super::super::read::{message, wire_enum};
use super::super::{ArtifactId, ContextId, Metadata, TaskId};
use super::{Message, Part};
use crate::Timestamp;

wire_enum! {
    /// Where a task is in its life.
    pub enum TaskState unset Unspecified {
        /// Unknown.
        Unspecified = "TASK_STATE_UNSPECIFIED" / 0,
        /// Accepted, not begun.
        Submitted = "TASK_STATE_SUBMITTED" / 1,
        /// Being worked on.
        Working = "TASK_STATE_WORKING" / 2,
        /// Done. Terminal.
        Completed = "TASK_STATE_COMPLETED" / 3,
        /// Ended with an error. Terminal.
        Failed = "TASK_STATE_FAILED" / 4,
        /// Ended by the client. Terminal.
        Canceled = "TASK_STATE_CANCELED" / 5,
        /// Waits for the client to say more. Interrupted.
        InputRequired = "TASK_STATE_INPUT_REQUIRED" / 6,
        /// Declined by the agent. Terminal.
        Rejected = "TASK_STATE_REJECTED" / 7,
        /// Waits for credentials. Interrupted.
        AuthRequired = "TASK_STATE_AUTH_REQUIRED" / 8,
    }
}

impl TaskState {
    /// Whether the task has ended for good.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(
            self,
            Self::Completed | Self::Failed | Self::Canceled | Self::Rejected
        )
    }

    /// Whether the task waits for the client.
    #[must_use]
    pub const fn is_interrupted(self) -> bool {
        matches!(self, Self::InputRequired | Self::AuthRequired)
    }
}

message! {
    /// The state of a task at a moment.
    pub struct TaskStatus {
        /// The state.
        present state: TaskState = "state",
        /// What the agent says about it.
        optional message: Message = "message",
        /// When it became so.
        optional timestamp: Timestamp = "timestamp",
    }
}

message! {
    /// A piece of work that an agent does for a client.
    pub struct Task {
        /// Its id, given by the agent.
        required id: TaskId = "id",
        /// The conversation that it belongs to.
        optional context_id: ContextId = "contextId",
        /// Its state.
        required status: TaskStatus = "status",
        /// What came of it.
        sparse artifacts: Vec<Artifact> = "artifacts",
        /// The messages about it, oldest first.
        sparse history: Vec<Message> = "history",
        /// What extensions add.
        sparse metadata: Metadata = "metadata",
    }
}

message! {
    /// A result of a task.
    pub struct Artifact {
        /// Its id, unique within the task.
        required artifact_id: ArtifactId = "artifactId",
        /// Its name, for people.
        optional name: String = "name",
        /// What it is, for people.
        optional description: String = "description",
        /// What it holds: at least one part.
        required parts: Vec<Part> = "parts",
        /// What extensions add.
        sparse metadata: Metadata = "metadata",
        /// The URIs of the extensions that are present in it.
        sparse extensions: Vec<String> = "extensions",
    }
}
