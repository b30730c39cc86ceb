//! What the Common Agent Runtime remembers.
//!
//! See the modules for what each owns. Nothing here knows a socket, WebSocket or HTTP library, nor the text of a
//! method.

pub mod clock;
pub mod engine;
pub mod frame;
pub mod policy;
pub mod sink;
pub mod store;
pub mod tool_table;
