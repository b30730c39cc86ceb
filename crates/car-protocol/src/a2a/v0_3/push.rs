use super::super::read::message;
use super::super::{Metadata, PushConfigId, Secret, TaskId};

message! {
    /// How to authenticate at a webhook.
    #[derive(Default)]
    pub struct PushNotificationAuthenticationInfo {
        /// The HTTP authentication schemes that it takes, for example `Bearer`.
        present schemes: Vec<String> = "schemes",
        /// The credentials.
        optional credentials: Secret = "credentials",
    }
}

message! {
    /// A webhook.
    pub struct PushNotificationConfig {
        /// Its id.
        optional id: PushConfigId = "id",
        /// Where it is.
        required url: String = "url",
        /// Sent along, so that the webhook knows its own configuration again.
        optional token: Secret = "token",
        /// How to authenticate there.
        optional authentication: PushNotificationAuthenticationInfo = "authentication",
    }
}

message! {
    /// Where to report what happens to a task: the params and the result of `tasks/pushNotificationConfig/set`.
    pub struct TaskPushNotificationConfig {
        /// The task.
        required task_id: TaskId = "taskId",
        /// The webhook.
        required push_notification_config: PushNotificationConfig = "pushNotificationConfig",
    }
}

message! {
    /// The params of `tasks/pushNotificationConfig/get`.
    pub struct GetTaskPushNotificationConfigParams {
        /// The task.
        required id: TaskId = "id",
        /// The configuration; the only one, where none is named.
        optional push_notification_config_id: PushConfigId = "pushNotificationConfigId",
        /// What extensions add.
        sparse metadata: Metadata = "metadata",
    }
}

message! {
    /// The params of `tasks/pushNotificationConfig/list`, whose result is an array of configurations.
    pub struct ListTaskPushNotificationConfigParams {
        /// The task.
        required id: TaskId = "id",
        /// What extensions add.
        sparse metadata: Metadata = "metadata",
    }
}

message! {
    /// The params of `tasks/pushNotificationConfig/delete`, whose result is `null`.
    pub struct DeleteTaskPushNotificationConfigParams {
        /// The task.
        required id: TaskId = "id",
        /// The configuration.
        required push_notification_config_id: PushConfigId = "pushNotificationConfigId",
        /// What extensions add.
        sparse metadata: Metadata = "metadata",
    }
}
