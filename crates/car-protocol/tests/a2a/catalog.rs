//! Every message by its name, with its full example and what can be done with any JSON of its shape.

use car_protocol::a2a::{ReadError, Reader, Wire, dialect, v0_3, v1};
use serde::Serialize;
use serde_json::Value;

use crate::{examples_v0_3, examples_v1};

/// One message of one version.
pub(crate) struct Entry {
    pub(crate) version: &'static str,
    pub(crate) name: &'static str,
    pub(crate) fields: &'static [&'static str],
    /// Examples; together they have every field.
    pub(crate) examples: Vec<Value>,
    /// Reads a text and writes what was read.
    pub(crate) again: fn(&Reader, &str) -> Result<String, ReadError>,
}

fn again<T: Wire + Serialize>(reader: &Reader, text: &str) -> Result<String, ReadError> {
    let value: T = reader.read(text)?;
    Ok(serde_json::to_string(&value).unwrap())
}

macro_rules! entries {
    ($version:literal, $module:ident, $examples:path: $($name:ident),+ $(,)?) => {
        vec![$( Entry {
            version: $version,
            name: stringify!($name),
            fields: <$module::$name as Wire>::FIELDS,
            examples: $examples(stringify!($name)),
            again: again::<$module::$name>,
        } ),+]
    };
}

/// All of them.
pub(crate) fn catalog() -> Vec<Entry> {
    let mut entries = entries!["v1", v1, examples_v1::examples:
        AgentCapabilities, AgentCard, AgentCardSignature, AgentExtension, AgentInterface, AgentProvider, AgentSkill,
        ApiKeySecurityScheme, Artifact, AuthenticationInfo, AuthorizationCodeOAuthFlow, CancelTaskRequest,
        ClientCredentialsOAuthFlow, DeleteTaskPushNotificationConfigRequest, DeviceCodeOAuthFlow,
        GetExtendedAgentCardRequest, GetTaskPushNotificationConfigRequest, GetTaskRequest, HttpAuthSecurityScheme,
        ImplicitOAuthFlow, ListTaskPushNotificationConfigsRequest, ListTaskPushNotificationConfigsResponse,
        ListTasksRequest, ListTasksResponse, Message, MutualTlsSecurityScheme, OAuth2SecurityScheme, OAuthFlows,
        OpenIdConnectSecurityScheme, Part, PasswordOAuthFlow, SecurityRequirement, SecurityScheme,
        SendMessageConfiguration, SendMessageRequest, SendMessageResponse, StreamResponse, StringList,
        SubscribeToTaskRequest, Task, TaskArtifactUpdateEvent, TaskPushNotificationConfig, TaskStatus,
        TaskStatusUpdateEvent,
    ];
    entries.extend(entries!["v0_3", v0_3, examples_v0_3::examples:
        AgentCapabilities, AgentCard, AgentCardSignature, AgentExtension, AgentInterface, AgentProvider, AgentSkill,
        ApiKeySecurityScheme, Artifact, AuthorizationCodeOAuthFlow, ClientCredentialsOAuthFlow, DataPart,
        DeleteTaskPushNotificationConfigParams, FileContent, FilePart, FileWithBytes, FileWithUri,
        GetTaskPushNotificationConfigParams, HttpAuthSecurityScheme, ImplicitOAuthFlow,
        ListTaskPushNotificationConfigParams, Message, MessageSendConfiguration, MessageSendParams,
        MutualTlsSecurityScheme, OAuth2SecurityScheme, OAuthFlows, OpenIdConnectSecurityScheme, Part, PasswordOAuthFlow,
        PushNotificationAuthenticationInfo, PushNotificationConfig, SecurityScheme, SendMessageResult, StreamEvent, Task,
        TaskArtifactUpdateEvent, TaskIdParams, TaskPushNotificationConfig, TaskQueryParams, TaskStatus,
        TaskStatusUpdateEvent, TextPart,
    ]);
    entries.extend(entries!["dialect", dialect, examples_v0_3::dialect_examples:
        ListPushConfigsParams, ListTasksParams, ListTasksResult, PushConfigDeleted, PushConfigEntry, PushConfigParams,
        SetPushConfigParams,
    ]);
    entries
}
