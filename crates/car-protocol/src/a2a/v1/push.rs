use super::super::read::message;
use super::super::{PushConfigId, Secret, TaskId};

message! {
    /// How to authenticate at a webhook.
    pub struct AuthenticationInfo {
        /// The HTTP authentication scheme, for example `Bearer`; upper and lower case are the same.
        required scheme: String = "scheme",
        /// The credentials, in the form of the scheme.
        optional credentials: Secret = "credentials",
    }
}

message! {
    /// Where to report what happens to a task: the params and the result of `CreateTaskPushNotificationConfig`.
    pub struct TaskPushNotificationConfig {
        /// The tenant, where the interface has one.
        optional tenant: String = "tenant",
        /// Its id.
        optional id: PushConfigId = "id",
        /// The task; none inside the configuration of a message.
        optional task_id: TaskId = "taskId",
        /// The webhook.
        required url: String = "url",
        /// Sent along, so that the webhook knows its own configuration again.
        optional token: Secret = "token",
        /// How to authenticate there.
        optional authentication: AuthenticationInfo = "authentication",
    }
}

message! {
    /// The params of `GetTaskPushNotificationConfig`.
    pub struct GetTaskPushNotificationConfigRequest {
        /// The tenant, where the interface has one.
        optional tenant: String = "tenant",
        /// The task.
        required task_id: TaskId = "taskId",
        /// The configuration.
        required id: PushConfigId = "id",
    }
}

message! {
    /// The params of `DeleteTaskPushNotificationConfig`, whose result is an empty object.
    pub struct DeleteTaskPushNotificationConfigRequest {
        /// The tenant, where the interface has one.
        optional tenant: String = "tenant",
        /// The task.
        required task_id: TaskId = "taskId",
        /// The configuration.
        required id: PushConfigId = "id",
    }
}

message! {
    /// The params of `ListTaskPushNotificationConfigs`.
    pub struct ListTaskPushNotificationConfigsRequest {
        /// The tenant, where the interface has one.
        optional tenant: String = "tenant",
        /// The task.
        required task_id: TaskId = "taskId",
        /// How many configurations at most; 0 is the agent's choice.
        sparse page_size: u32 = "pageSize",
        /// Where the page begins: `nextPageToken` of the one before.
        optional page_token: String = "pageToken",
    }
}

message! {
    /// One page of push configurations.
    #[derive(Default)]
    pub struct ListTaskPushNotificationConfigsResponse {
        /// The configurations.
        plain configs: Vec<TaskPushNotificationConfig> = "configs",
        /// Where the next page begins; nothing after the last one.
        optional next_page_token: String = "nextPageToken",
    }
}
