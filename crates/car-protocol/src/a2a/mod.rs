//! A2A messages, as data.
//!
//! [`v1`] is A2A 1.0, [`v0_3`] is A2A 0.3; [`convert`] goes from one to the other and names what has no place there.
//! [`Version`] and [`Operation`] tell from a header and a method's name which of them a request speaks and what it
//! asks. [`A2aError`] has every error of A2A with what JSON-RPC and HTTP make of it. [`dialect`] is what the runtime
//! spoke whose clients this project serves. With feature `signing`, agent cards are signed and verified.
//!
//! A [`Reader`] reads a request and finds everything that is wrong with it, not only the first:
//!
//! ```
//! use car_protocol::a2a::{A2aError, Reader, v1};
//!
//! let params = r#"{"message":{"role":"ROLE_USER","parts":[{}]}}"#;
//! let refused = Reader::strict().read::<v1::SendMessageRequest>(params).unwrap_err();
//! let error = A2aError::from(refused);
//! assert_eq!(error.code(), -32602);
//! let fields: Vec<_> = error.violations().iter().map(|violation| violation.field.as_str()).collect();
//! assert_eq!(fields, ["message.parts[0]", "message.messageId"]);
//! ```
//!
//! What is written is ProtoJSON: absent and default values are left out, bytes are standard base64, times are UTC with
//! milliseconds. What is read may be any of the variants that ProtoJSON allows, within [`limits`].
//!
//! This module has no sockets, stores, clocks or randomness: times and ids come from whoever makes a message.

mod base64;
pub mod convert;
pub mod dialect;
mod error;
mod ids;
pub mod limits;
mod operation;
mod read;
#[cfg(feature = "signing")]
pub mod signing;
pub mod v0_3;
pub mod v1;
mod version;

pub use error::{
    A2aError, DOMAIN, Detail, ErrorKind, ErrorObject, Status, StatusBody, detail_type,
};
pub use ids::{ArtifactId, ContextId, IdError, MessageId, PushConfigId, Secret, TaskId};
pub use operation::Operation;
pub use read::{Bytes, Cx, FieldViolation, Read, ReadError, Reader, Violations, Wire};
pub use version::{Version, choose};

/// Free JSON that extensions add to a message.
pub type Metadata = serde_json::Map<String, serde_json::Value>;

/// The names of the HTTP headers of A2A, in lower case as HTTP compares them.
pub mod header {
    /// The version that a request speaks.
    pub const VERSION: &str = "a2a-version";
    /// The extensions that a request wants and an answer used, separated by commas.
    pub const EXTENSIONS: &str = "a2a-extensions";
    /// The same in 0.3, and still in use.
    pub const EXTENSIONS_0_3: &str = "x-a2a-extensions";
    /// The token of a push configuration, on the call of a webhook.
    pub const NOTIFICATION_TOKEN: &str = "x-a2a-notification-token";
}

/// Media types.
pub mod media_type {
    /// The body of HTTP+JSON requests and answers, and of push notifications, in 1.0.
    pub const A2A_JSON: &str = "application/a2a+json";
    /// The body of JSON-RPC.
    pub const JSON: &str = "application/json";
    /// A stream of events.
    pub const EVENT_STREAM: &str = "text/event-stream";
}

/// Where an agent shows its card, on its host.
pub mod well_known {
    /// Since 0.3.
    pub const AGENT_CARD: &str = "/.well-known/agent-card.json";
    /// Before 0.3.
    pub const AGENT_CARD_0_2: &str = "/.well-known/agent.json";
}
