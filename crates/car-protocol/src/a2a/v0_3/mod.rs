//! A2A 0.3, as its JSON schema defines it: parts and events carry a `kind`, roles and states are lower case, a file is
//! an object of its own.
//!
//! What the schema requires is a field without `Option`. The constant `kind` of an object may be missing where its
//! place tells already what it is, as peers leave it out there; it is always written.

mod card;
mod event;
mod message;
mod part;
mod push;
mod request;
mod security;
mod task;

pub use card::{
    AgentCapabilities, AgentCard, AgentCardSignature, AgentExtension, AgentInterface,
    AgentProvider, AgentSkill, SecurityRequirement, TransportProtocol,
};
pub use event::{SendMessageResult, StreamEvent, TaskArtifactUpdateEvent, TaskStatusUpdateEvent};
pub use message::{Message, Role};
pub use part::{DataPart, FileContent, FilePart, FileWithBytes, FileWithUri, Part, TextPart};
pub use push::{
    DeleteTaskPushNotificationConfigParams, GetTaskPushNotificationConfigParams,
    ListTaskPushNotificationConfigParams, PushNotificationAuthenticationInfo,
    PushNotificationConfig, TaskPushNotificationConfig,
};
pub use request::{MessageSendConfiguration, MessageSendParams, TaskIdParams, TaskQueryParams};
pub use security::{
    ApiKeySecurityScheme, AuthorizationCodeOAuthFlow, ClientCredentialsOAuthFlow,
    HttpAuthSecurityScheme, ImplicitOAuthFlow, MutualTlsSecurityScheme, OAuth2SecurityScheme,
    OAuthFlows, OpenIdConnectSecurityScheme, PasswordOAuthFlow, SecurityScheme,
};
pub use task::{Artifact, Task, TaskState, TaskStatus};
