use super::super::{Metadata, v0_3, v1};
use super::{ConvertError, each, no_metadata, no_tenant};

impl TryFrom<v0_3::PushNotificationAuthenticationInfo> for v1::AuthenticationInfo {
    type Error = ConvertError;

    fn try_from(info: v0_3::PushNotificationAuthenticationInfo) -> Result<Self, ConvertError> {
        let [scheme] = <[String; 1]>::try_from(info.schemes)
            .map_err(|_| ConvertError::AuthenticationSchemes)?;
        Ok(Self {
            scheme,
            credentials: info.credentials,
        })
    }
}

impl From<v1::AuthenticationInfo> for v0_3::PushNotificationAuthenticationInfo {
    fn from(info: v1::AuthenticationInfo) -> Self {
        Self {
            schemes: vec![info.scheme],
            credentials: info.credentials,
        }
    }
}

/// Without a task, as it stands inside a message.
impl TryFrom<v0_3::PushNotificationConfig> for v1::TaskPushNotificationConfig {
    type Error = ConvertError;

    fn try_from(config: v0_3::PushNotificationConfig) -> Result<Self, ConvertError> {
        Ok(Self {
            tenant: None,
            id: config.id,
            task_id: None,
            url: config.url,
            token: config.token,
            authentication: config.authentication.map(TryInto::try_into).transpose()?,
        })
    }
}

/// The webhook alone: its task stands outside in 0.3.
impl TryFrom<v1::TaskPushNotificationConfig> for v0_3::PushNotificationConfig {
    type Error = ConvertError;

    fn try_from(config: v1::TaskPushNotificationConfig) -> Result<Self, ConvertError> {
        no_tenant(config.tenant.as_ref())?;
        Ok(Self {
            id: config.id,
            url: config.url,
            token: config.token,
            authentication: config.authentication.map(Into::into),
        })
    }
}

impl TryFrom<v0_3::TaskPushNotificationConfig> for v1::TaskPushNotificationConfig {
    type Error = ConvertError;

    fn try_from(config: v0_3::TaskPushNotificationConfig) -> Result<Self, ConvertError> {
        Ok(Self {
            task_id: Some(config.task_id),
            ..config.push_notification_config.try_into()?
        })
    }
}

impl TryFrom<v1::TaskPushNotificationConfig> for v0_3::TaskPushNotificationConfig {
    type Error = ConvertError;

    fn try_from(mut config: v1::TaskPushNotificationConfig) -> Result<Self, ConvertError> {
        Ok(Self {
            task_id: config.task_id.take().ok_or(ConvertError::TaskMissing)?,
            push_notification_config: config.try_into()?,
        })
    }
}

impl TryFrom<v0_3::GetTaskPushNotificationConfigParams>
    for v1::GetTaskPushNotificationConfigRequest
{
    type Error = ConvertError;

    fn try_from(params: v0_3::GetTaskPushNotificationConfigParams) -> Result<Self, ConvertError> {
        no_metadata(&params.metadata)?;
        let id = params.push_notification_config_id;
        Ok(Self {
            tenant: None,
            task_id: params.id,
            id: id.ok_or(ConvertError::PushConfigIdMissing)?,
        })
    }
}

impl TryFrom<v1::GetTaskPushNotificationConfigRequest>
    for v0_3::GetTaskPushNotificationConfigParams
{
    type Error = ConvertError;

    fn try_from(request: v1::GetTaskPushNotificationConfigRequest) -> Result<Self, ConvertError> {
        no_tenant(request.tenant.as_ref())?;
        Ok(Self {
            id: request.task_id,
            push_notification_config_id: Some(request.id),
            metadata: Metadata::new(),
        })
    }
}

impl TryFrom<v0_3::DeleteTaskPushNotificationConfigParams>
    for v1::DeleteTaskPushNotificationConfigRequest
{
    type Error = ConvertError;

    fn try_from(
        params: v0_3::DeleteTaskPushNotificationConfigParams,
    ) -> Result<Self, ConvertError> {
        no_metadata(&params.metadata)?;
        Ok(Self {
            tenant: None,
            task_id: params.id,
            id: params.push_notification_config_id,
        })
    }
}

impl TryFrom<v1::DeleteTaskPushNotificationConfigRequest>
    for v0_3::DeleteTaskPushNotificationConfigParams
{
    type Error = ConvertError;

    fn try_from(
        request: v1::DeleteTaskPushNotificationConfigRequest,
    ) -> Result<Self, ConvertError> {
        no_tenant(request.tenant.as_ref())?;
        Ok(Self {
            id: request.task_id,
            push_notification_config_id: request.id,
            metadata: Metadata::new(),
        })
    }
}

impl TryFrom<v0_3::ListTaskPushNotificationConfigParams>
    for v1::ListTaskPushNotificationConfigsRequest
{
    type Error = ConvertError;

    fn try_from(params: v0_3::ListTaskPushNotificationConfigParams) -> Result<Self, ConvertError> {
        no_metadata(&params.metadata)?;
        Ok(Self {
            tenant: None,
            task_id: params.id,
            page_size: 0,
            page_token: None,
        })
    }
}

impl TryFrom<v1::ListTaskPushNotificationConfigsRequest>
    for v0_3::ListTaskPushNotificationConfigParams
{
    type Error = ConvertError;

    fn try_from(request: v1::ListTaskPushNotificationConfigsRequest) -> Result<Self, ConvertError> {
        no_tenant(request.tenant.as_ref())?;
        if request.page_size != 0 || request.page_token.is_some() {
            return Err(ConvertError::Paging);
        }
        Ok(Self {
            id: request.task_id,
            metadata: Metadata::new(),
        })
    }
}

/// The result of `tasks/pushNotificationConfig/list`.
impl TryFrom<Vec<v0_3::TaskPushNotificationConfig>>
    for v1::ListTaskPushNotificationConfigsResponse
{
    type Error = ConvertError;

    fn try_from(configs: Vec<v0_3::TaskPushNotificationConfig>) -> Result<Self, ConvertError> {
        Ok(Self {
            configs: each(configs)?,
            next_page_token: None,
        })
    }
}

/// The result of `tasks/pushNotificationConfig/list`.
impl TryFrom<v1::ListTaskPushNotificationConfigsResponse>
    for Vec<v0_3::TaskPushNotificationConfig>
{
    type Error = ConvertError;

    fn try_from(
        response: v1::ListTaskPushNotificationConfigsResponse,
    ) -> Result<Self, ConvertError> {
        if response.next_page_token.is_some() {
            return Err(ConvertError::Paging);
        }
        each(response.configs)
    }
}
