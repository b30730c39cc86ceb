//! A2A 1.0, as `a2a.proto` of package `lf.a2a.v1` defines it, in ProtoJSON.
//!
//! What protobuf calls REQUIRED is a field without `Option`. A strict [`Reader`](super::Reader) wants each of them;
//! `Deserialize` of every type reads strictly.

mod card;
mod event;
mod message;
mod oauth;
mod part;
mod push;
mod request;
mod security;
mod skill;
mod task;

pub use card::{
    AgentCapabilities, AgentCard, AgentCardSignature, AgentExtension, AgentInterface,
    AgentProvider, GetExtendedAgentCardRequest, binding,
};
pub use event::{
    SendMessageResponse, StreamResponse, TaskArtifactUpdateEvent, TaskStatusUpdateEvent,
};
pub use message::{Message, Role};
pub use oauth::{
    AuthorizationCodeOAuthFlow, ClientCredentialsOAuthFlow, DeviceCodeOAuthFlow, ImplicitOAuthFlow,
    OAuthFlows, PasswordOAuthFlow,
};
pub use part::{Part, PartContent};
pub use push::{
    AuthenticationInfo, DeleteTaskPushNotificationConfigRequest,
    GetTaskPushNotificationConfigRequest, ListTaskPushNotificationConfigsRequest,
    ListTaskPushNotificationConfigsResponse, TaskPushNotificationConfig,
};
pub use request::{
    CancelTaskRequest, GetTaskRequest, ListTasksRequest, ListTasksResponse, PageSize,
    SendMessageConfiguration, SendMessageRequest, SubscribeToTaskRequest,
};
pub use security::{
    ApiKeySecurityScheme, HttpAuthSecurityScheme, MutualTlsSecurityScheme, OAuth2SecurityScheme,
    OpenIdConnectSecurityScheme, SecurityRequirement, SecurityScheme, StringList,
};
pub use skill::AgentSkill;
pub use task::{Artifact, Task, TaskState, TaskStatus};
