use super::super::{Metadata, v0_3, v1};
use super::{ConvertError, no_metadata, no_tenant};

/// Where 0.3 says nothing of blocking, the answer waits: that is the default of 1.0 and the custom of 0.3.
impl TryFrom<v0_3::MessageSendConfiguration> for v1::SendMessageConfiguration {
    type Error = ConvertError;

    fn try_from(configuration: v0_3::MessageSendConfiguration) -> Result<Self, ConvertError> {
        let push = configuration.push_notification_config;
        Ok(Self {
            accepted_output_modes: configuration.accepted_output_modes,
            task_push_notification_config: push.map(TryInto::try_into).transpose()?,
            history_length: configuration.history_length,
            return_immediately: configuration.blocking == Some(false),
        })
    }
}

impl TryFrom<v1::SendMessageConfiguration> for v0_3::MessageSendConfiguration {
    type Error = ConvertError;

    fn try_from(configuration: v1::SendMessageConfiguration) -> Result<Self, ConvertError> {
        let push = configuration.task_push_notification_config;
        if push.as_ref().is_some_and(|push| push.task_id.is_some()) {
            return Err(ConvertError::TaskOfMessage);
        }
        Ok(Self {
            accepted_output_modes: configuration.accepted_output_modes,
            history_length: configuration.history_length,
            push_notification_config: push.map(TryInto::try_into).transpose()?,
            blocking: Some(!configuration.return_immediately),
        })
    }
}

impl TryFrom<v0_3::MessageSendParams> for v1::SendMessageRequest {
    type Error = ConvertError;

    fn try_from(params: v0_3::MessageSendParams) -> Result<Self, ConvertError> {
        Ok(Self {
            tenant: None,
            message: params.message.into(),
            configuration: params.configuration.map(TryInto::try_into).transpose()?,
            metadata: params.metadata,
        })
    }
}

impl TryFrom<v1::SendMessageRequest> for v0_3::MessageSendParams {
    type Error = ConvertError;

    fn try_from(request: v1::SendMessageRequest) -> Result<Self, ConvertError> {
        no_tenant(request.tenant.as_ref())?;
        Ok(Self {
            message: request.message.try_into()?,
            configuration: request.configuration.map(TryInto::try_into).transpose()?,
            metadata: request.metadata,
        })
    }
}

impl TryFrom<v0_3::TaskQueryParams> for v1::GetTaskRequest {
    type Error = ConvertError;

    fn try_from(params: v0_3::TaskQueryParams) -> Result<Self, ConvertError> {
        no_metadata(&params.metadata)?;
        Ok(Self {
            tenant: None,
            id: params.id,
            history_length: params.history_length,
        })
    }
}

impl TryFrom<v1::GetTaskRequest> for v0_3::TaskQueryParams {
    type Error = ConvertError;

    fn try_from(request: v1::GetTaskRequest) -> Result<Self, ConvertError> {
        no_tenant(request.tenant.as_ref())?;
        Ok(Self {
            id: request.id,
            history_length: request.history_length,
            metadata: Metadata::new(),
        })
    }
}

impl From<v0_3::TaskIdParams> for v1::CancelTaskRequest {
    fn from(params: v0_3::TaskIdParams) -> Self {
        Self {
            tenant: None,
            id: params.id,
            metadata: params.metadata,
        }
    }
}

impl TryFrom<v1::CancelTaskRequest> for v0_3::TaskIdParams {
    type Error = ConvertError;

    fn try_from(request: v1::CancelTaskRequest) -> Result<Self, ConvertError> {
        no_tenant(request.tenant.as_ref())?;
        Ok(Self {
            id: request.id,
            metadata: request.metadata,
        })
    }
}

impl TryFrom<v0_3::TaskIdParams> for v1::SubscribeToTaskRequest {
    type Error = ConvertError;

    fn try_from(params: v0_3::TaskIdParams) -> Result<Self, ConvertError> {
        no_metadata(&params.metadata)?;
        Ok(Self {
            tenant: None,
            id: params.id,
        })
    }
}

impl TryFrom<v1::SubscribeToTaskRequest> for v0_3::TaskIdParams {
    type Error = ConvertError;

    fn try_from(request: v1::SubscribeToTaskRequest) -> Result<Self, ConvertError> {
        no_tenant(request.tenant.as_ref())?;
        Ok(Self {
            id: request.id,
            metadata: Metadata::new(),
        })
    }
}
