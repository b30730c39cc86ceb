use super::super::read::{message, wire_enum};
use super::super::{ArtifactId, ContextId, Metadata, TaskId};
use super::{Message, Part};
use crate::Timestamp;

wire_enum! {
    /// Where a task is in its life.
    pub enum TaskState {
        /// Accepted, not begun.
        Submitted = "submitted",
        /// Being worked on.
        Working = "working",
        /// Waits for the client to say more.
        InputRequired = "input-required",
        /// Done. Terminal.
        Completed = "completed",
        /// Ended by the client. Terminal.
        Canceled = "canceled",
        /// Ended with an error. Terminal.
        Failed = "failed",
        /// Declined by the agent. Terminal.
        Rejected = "rejected",
        /// Waits for credentials.
        AuthRequired = "auth-required",
        /// Unknown.
        Unknown = "unknown",
    }
}

message! {
    /// The state of a task at a moment.
    pub struct TaskStatus {
        /// The state.
        required state: TaskState = "state",
        /// What the agent says about it.
        optional message: Message = "message",
        /// When it became so.
        optional timestamp: Timestamp = "timestamp",
    }
}

message! {
    /// A piece of work that an agent does for a client.
    pub struct Task = "kind": "task" {
        /// Its id, given by the agent.
        required id: TaskId = "id",
        /// The conversation that it belongs to.
        required context_id: ContextId = "contextId",
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
        /// What it holds.
        present parts: Vec<Part> = "parts",
        /// What extensions add.
        sparse metadata: Metadata = "metadata",
        /// The URIs of the extensions that are present in it.
        sparse extensions: Vec<String> = "extensions",
    }
}
