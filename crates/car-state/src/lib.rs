//! What the Common Agent Runtime remembers.
//!
//! See the modules for what each owns. Nothing here knows a socket, WebSocket or HTTP library, nor the text of a
//! method.

pub mod approval;
pub mod callbacks;
pub mod channel;
pub mod clock;
mod condition;
pub mod engine;
pub mod frame;
pub mod host;
pub mod identity;
pub mod log;
pub mod memgine;
pub mod outbox;
pub mod policy;
pub mod responder;
pub mod server;
pub mod session;
pub mod sink;
pub mod store;
pub mod tool_table;
pub mod tools;
pub mod verify;
pub mod writer;
