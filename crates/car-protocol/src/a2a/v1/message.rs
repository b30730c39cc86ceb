use super::super::read::{message, wire_enum};
use super::super::{ContextId, MessageId, Metadata, TaskId};
use super::Part;

wire_enum! {
    /// Who sent a message.
    pub enum Role unset Unspecified {
        /// Not said.
        Unspecified = "ROLE_UNSPECIFIED" / 0,
        /// The client.
        User = "ROLE_USER" / 1,
        /// The agent.
        Agent = "ROLE_AGENT" / 2,
    }
}

message! {
    /// One turn of a conversation between a client and an agent.
    pub struct Message {
        /// Its id, given by whoever sends it.
        required message_id: MessageId = "messageId",
        /// The conversation that it belongs to.
        optional context_id: ContextId = "contextId",
        /// The task that it belongs to.
        optional task_id: TaskId = "taskId",
        /// Who sent it.
        required role: Role = "role",
        /// What it says: at least one part.
        required parts: Vec<Part> = "parts",
        /// What extensions add.
        sparse metadata: Metadata = "metadata",
        /// The URIs of the extensions that are present in it.
        sparse extensions: Vec<String> = "extensions",
        /// Other tasks that it refers to.
        sparse reference_task_ids: Vec<TaskId> = "referenceTaskIds",
    }
}

impl Message {
    /// A message that belongs to nothing yet.
    #[must_use]
    pub fn new(message_id: MessageId, role: Role, parts: Vec<Part>) -> Self {
        Self {
            message_id,
            context_id: None,
            task_id: None,
            role,
            parts,
            metadata: Metadata::new(),
            extensions: Vec::new(),
            reference_task_ids: Vec::new(),
        }
    }
}
