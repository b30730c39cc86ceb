use super::super::read::{message, wire_enum};
use super::super::{ContextId, MessageId, Metadata, TaskId};
use super::Part;

wire_enum! {
    /// Who sent a message.
    pub enum Role {
        /// The client.
        User = "user",
        /// The agent.
        Agent = "agent",
    }
}

message! {
    /// One turn of a conversation between a client and an agent.
    pub struct Message = "kind": "message" {
        /// Its id, given by whoever sends it.
        required message_id: MessageId = "messageId",
        /// The conversation that it belongs to.
        optional context_id: ContextId = "contextId",
        /// The task that it belongs to.
        optional task_id: TaskId = "taskId",
        /// Who sent it.
        required role: Role = "role",
        /// What it says.
        present parts: Vec<Part> = "parts",
        /// What extensions add.
        sparse metadata: Metadata = "metadata",
        /// The URIs of the extensions that are present in it.
        sparse extensions: Vec<String> = "extensions",
        /// Other tasks that it refers to.
        sparse reference_task_ids: Vec<TaskId> = "referenceTaskIds",
    }
}
