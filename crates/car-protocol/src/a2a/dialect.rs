//! What the runtime spoke whose clients are served here: A2A 0.3 with names and shapes of its own.
//!
//! - Every operation has both names, `message/send` and `SendMessage`; under both the shapes are those of
//!   [`v0_3`], whatever [`choose`](super::choose) would say of the second name.
//! - A message is not blocking unless it says so.
//! - `tasks/list` exists, without pages.
//! - A push configuration stands beside its id: `{"configId", "config"}`.
//!
//! What is a type of 0.3 there is read with its type here: its `kind` may be missing. A card of the dialect has the
//! fields of both versions; read it as one of [`v1`].

use super::convert::ConvertError;
use super::read::message;
use super::v0_3::PushNotificationConfig;
use super::v1::PageSize;
use super::{A2aError, ContextId, Operation, PushConfigId, TaskId, limits, v0_3, v1};

/// The operation that a method's name means, under either name.
///
/// # Errors
/// [`ErrorKind::MethodNotFound`](super::ErrorKind::MethodNotFound) when neither version has the name.
pub fn operation(method: &str) -> Result<Operation, A2aError> {
    match Operation::find(method) {
        Some((_, operation)) => Ok(operation),
        None => Err(A2aError::method_not_found(method)),
    }
}

/// The params of `message/send`, where silence about blocking means not to wait.
///
/// # Errors
/// [`ConvertError`], as for any message of 0.3.
pub fn send_message(
    params: v0_3::MessageSendParams,
) -> Result<v1::SendMessageRequest, ConvertError> {
    let blocking = params.configuration.as_ref().and_then(|c| c.blocking);
    let mut request = v1::SendMessageRequest::try_from(params)?;
    let configuration = request.configuration.get_or_insert_default();
    configuration.return_immediately = blocking != Some(true);
    Ok(request)
}

message! {
    /// The params of `tasks/list`.
    #[derive(Default)]
    pub struct ListTasksParams {
        /// Only tasks of this conversation.
        optional context_id: ContextId = "contextId",
        /// Only tasks in this state.
        optional state: v0_3::TaskState = "state",
        /// How many tasks at most.
        optional limit: u32 = "limit",
    }
}

message! {
    /// The result of `tasks/list`, the task with the newest status first.
    #[derive(Default)]
    pub struct ListTasksResult {
        /// The tasks.
        plain tasks: Vec<v0_3::Task> = "tasks",
    }
}

/// One page of tasks with all that they have, as `tasks/list` gives them. A limit above
/// [`MAX_PAGE_SIZE`](limits::MAX_PAGE_SIZE) is cut to it; a limit of 0 asks for nothing and is `None`.
#[must_use]
pub fn list_tasks(params: ListTasksParams) -> Option<v1::ListTasksRequest> {
    let limit = params.limit.unwrap_or(limits::MAX_PAGE_SIZE);
    Some(v1::ListTasksRequest {
        context_id: params.context_id,
        status: params.state.map(Into::into),
        page_size: Some(PageSize::new(limit.min(limits::MAX_PAGE_SIZE))?),
        include_artifacts: Some(true),
        ..v1::ListTasksRequest::default()
    })
}

/// The result of `tasks/list`.
///
/// # Errors
/// [`ConvertError`] when a task has no form in 0.3.
pub fn listed_tasks(response: v1::ListTasksResponse) -> Result<ListTasksResult, ConvertError> {
    let tasks = response.tasks.into_iter().map(TryInto::try_into);
    Ok(ListTasksResult {
        tasks: tasks.collect::<Result<_, _>>()?,
    })
}

message! {
    /// The params of `tasks/pushNotificationConfig/set`.
    pub struct SetPushConfigParams {
        /// The task.
        required task_id: TaskId = "taskId",
        /// The webhook.
        required config: PushNotificationConfig = "config",
    }
}

message! {
    /// The params of `tasks/pushNotificationConfig/get` and `…/delete`.
    pub struct PushConfigParams {
        /// The task.
        required task_id: TaskId = "taskId",
        /// The configuration.
        required config_id: PushConfigId = "configId",
    }
}

message! {
    /// The params of `tasks/pushNotificationConfig/list`.
    pub struct ListPushConfigsParams {
        /// The task.
        required task_id: TaskId = "taskId",
    }
}

message! {
    /// The result of `tasks/pushNotificationConfig/set` and one element of that of `…/list`. The result of `…/get` is
    /// the configuration alone.
    pub struct PushConfigEntry {
        /// The id of the configuration.
        required config_id: PushConfigId = "configId",
        /// The webhook.
        required config: PushNotificationConfig = "config",
    }
}

message! {
    /// The result of `tasks/pushNotificationConfig/delete`.
    #[derive(Default)]
    pub struct PushConfigDeleted {
        /// Always true.
        plain deleted: bool = "deleted",
    }
}

impl TryFrom<SetPushConfigParams> for v1::TaskPushNotificationConfig {
    type Error = ConvertError;

    fn try_from(params: SetPushConfigParams) -> Result<Self, ConvertError> {
        Ok(Self {
            task_id: Some(params.task_id),
            ..params.config.try_into()?
        })
    }
}

impl TryFrom<v1::TaskPushNotificationConfig> for PushConfigEntry {
    type Error = ConvertError;

    fn try_from(config: v1::TaskPushNotificationConfig) -> Result<Self, ConvertError> {
        let config = PushNotificationConfig::try_from(config)?;
        Ok(Self {
            config_id: config.id.clone().ok_or(ConvertError::PushConfigIdMissing)?,
            config,
        })
    }
}

impl From<PushConfigParams> for v1::GetTaskPushNotificationConfigRequest {
    fn from(params: PushConfigParams) -> Self {
        Self {
            tenant: None,
            task_id: params.task_id,
            id: params.config_id,
        }
    }
}

impl From<PushConfigParams> for v1::DeleteTaskPushNotificationConfigRequest {
    fn from(params: PushConfigParams) -> Self {
        Self {
            tenant: None,
            task_id: params.task_id,
            id: params.config_id,
        }
    }
}
