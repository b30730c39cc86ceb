use super::super::{v0_3, v1};
use super::{ConvertError, each, every};

impl From<v0_3::TaskState> for v1::TaskState {
    fn from(state: v0_3::TaskState) -> Self {
        match state {
            v0_3::TaskState::Submitted => Self::Submitted,
            v0_3::TaskState::Working => Self::Working,
            v0_3::TaskState::InputRequired => Self::InputRequired,
            v0_3::TaskState::Completed => Self::Completed,
            v0_3::TaskState::Canceled => Self::Canceled,
            v0_3::TaskState::Failed => Self::Failed,
            v0_3::TaskState::Rejected => Self::Rejected,
            v0_3::TaskState::AuthRequired => Self::AuthRequired,
            v0_3::TaskState::Unknown => Self::Unspecified,
        }
    }
}

impl From<v1::TaskState> for v0_3::TaskState {
    fn from(state: v1::TaskState) -> Self {
        match state {
            v1::TaskState::Submitted => Self::Submitted,
            v1::TaskState::Working => Self::Working,
            v1::TaskState::InputRequired => Self::InputRequired,
            v1::TaskState::Completed => Self::Completed,
            v1::TaskState::Canceled => Self::Canceled,
            v1::TaskState::Failed => Self::Failed,
            v1::TaskState::Rejected => Self::Rejected,
            v1::TaskState::AuthRequired => Self::AuthRequired,
            v1::TaskState::Unspecified => Self::Unknown,
        }
    }
}

impl From<v0_3::TaskStatus> for v1::TaskStatus {
    fn from(status: v0_3::TaskStatus) -> Self {
        Self {
            state: status.state.into(),
            message: status.message.map(Into::into),
            timestamp: status.timestamp,
        }
    }
}

impl TryFrom<v1::TaskStatus> for v0_3::TaskStatus {
    type Error = ConvertError;

    fn try_from(status: v1::TaskStatus) -> Result<Self, ConvertError> {
        Ok(Self {
            state: status.state.into(),
            message: status.message.map(TryInto::try_into).transpose()?,
            timestamp: status.timestamp,
        })
    }
}

impl From<v0_3::Artifact> for v1::Artifact {
    fn from(artifact: v0_3::Artifact) -> Self {
        Self {
            artifact_id: artifact.artifact_id,
            name: artifact.name,
            description: artifact.description,
            parts: every(artifact.parts),
            metadata: artifact.metadata,
            extensions: artifact.extensions,
        }
    }
}

impl TryFrom<v1::Artifact> for v0_3::Artifact {
    type Error = ConvertError;

    fn try_from(artifact: v1::Artifact) -> Result<Self, ConvertError> {
        Ok(Self {
            artifact_id: artifact.artifact_id,
            name: artifact.name,
            description: artifact.description,
            parts: each(artifact.parts)?,
            metadata: artifact.metadata,
            extensions: artifact.extensions,
        })
    }
}

impl From<v0_3::Task> for v1::Task {
    fn from(task: v0_3::Task) -> Self {
        Self {
            id: task.id,
            context_id: Some(task.context_id),
            status: task.status.into(),
            artifacts: every(task.artifacts),
            history: every(task.history),
            metadata: task.metadata,
        }
    }
}

impl TryFrom<v1::Task> for v0_3::Task {
    type Error = ConvertError;

    fn try_from(task: v1::Task) -> Result<Self, ConvertError> {
        Ok(Self {
            id: task.id,
            context_id: task.context_id.ok_or(ConvertError::ContextMissing)?,
            status: task.status.try_into()?,
            artifacts: each(task.artifacts)?,
            history: each(task.history)?,
            metadata: task.metadata,
        })
    }
}

impl From<v0_3::TaskStatusUpdateEvent> for v1::TaskStatusUpdateEvent {
    fn from(event: v0_3::TaskStatusUpdateEvent) -> Self {
        Self {
            task_id: event.task_id,
            context_id: event.context_id,
            status: event.status.into(),
            metadata: event.metadata,
        }
    }
}

/// The stream ends where the task does or waits for the client; `final` says just that.
impl TryFrom<v1::TaskStatusUpdateEvent> for v0_3::TaskStatusUpdateEvent {
    type Error = ConvertError;

    fn try_from(event: v1::TaskStatusUpdateEvent) -> Result<Self, ConvertError> {
        let state = event.status.state;
        Ok(Self {
            task_id: event.task_id,
            context_id: event.context_id,
            status: event.status.try_into()?,
            r#final: state.is_terminal() || state.is_interrupted(),
            metadata: event.metadata,
        })
    }
}

impl From<v0_3::TaskArtifactUpdateEvent> for v1::TaskArtifactUpdateEvent {
    fn from(event: v0_3::TaskArtifactUpdateEvent) -> Self {
        Self {
            task_id: event.task_id,
            context_id: event.context_id,
            artifact: event.artifact.into(),
            append: event.append.unwrap_or_default(),
            last_chunk: event.last_chunk.unwrap_or_default(),
            metadata: event.metadata,
        }
    }
}

impl TryFrom<v1::TaskArtifactUpdateEvent> for v0_3::TaskArtifactUpdateEvent {
    type Error = ConvertError;

    fn try_from(event: v1::TaskArtifactUpdateEvent) -> Result<Self, ConvertError> {
        Ok(Self {
            task_id: event.task_id,
            context_id: event.context_id,
            artifact: event.artifact.try_into()?,
            append: event.append.then_some(true),
            last_chunk: event.last_chunk.then_some(true),
            metadata: event.metadata,
        })
    }
}

impl From<v0_3::SendMessageResult> for v1::SendMessageResponse {
    fn from(result: v0_3::SendMessageResult) -> Self {
        match result {
            v0_3::SendMessageResult::Task(task) => Self::Task(task.into()),
            v0_3::SendMessageResult::Message(message) => Self::Message(message.into()),
        }
    }
}

impl TryFrom<v1::SendMessageResponse> for v0_3::SendMessageResult {
    type Error = ConvertError;

    fn try_from(response: v1::SendMessageResponse) -> Result<Self, ConvertError> {
        Ok(match response {
            v1::SendMessageResponse::Task(task) => Self::Task(task.try_into()?),
            v1::SendMessageResponse::Message(message) => Self::Message(message.try_into()?),
        })
    }
}

impl From<v0_3::StreamEvent> for v1::StreamResponse {
    fn from(event: v0_3::StreamEvent) -> Self {
        match event {
            v0_3::StreamEvent::Task(task) => Self::Task(task.into()),
            v0_3::StreamEvent::Message(message) => Self::Message(message.into()),
            v0_3::StreamEvent::StatusUpdate(update) => Self::StatusUpdate(update.into()),
            v0_3::StreamEvent::ArtifactUpdate(update) => Self::ArtifactUpdate(update.into()),
        }
    }
}

impl TryFrom<v1::StreamResponse> for v0_3::StreamEvent {
    type Error = ConvertError;

    fn try_from(response: v1::StreamResponse) -> Result<Self, ConvertError> {
        Ok(match response {
            v1::StreamResponse::Task(task) => Self::Task(task.try_into()?),
            v1::StreamResponse::Message(message) => Self::Message(message.try_into()?),
            v1::StreamResponse::StatusUpdate(update) => Self::StatusUpdate(update.try_into()?),
            v1::StreamResponse::ArtifactUpdate(update) => Self::ArtifactUpdate(update.try_into()?),
        })
    }
}
