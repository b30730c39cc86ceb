//! The Common Agent Runtime (CAR) on the wire, as data.
//!
//! This crate owns three things and nothing else: JSON-RPC 2.0 ([`jsonrpc`]), the table of methods,
//! callbacks and notifications ([`method`]), and the types of every message ([`rpc`]). It performs no
//! I/O and knows no clock, no randomness and no runtime, so that a client for any platform can depend
//! on it.
//!
//! ```
//! use car_protocol::jsonrpc::{Incoming, Message, decode};
//!
//! let frame = r#"{"jsonrpc":"2.0","id":7,"method":"state.get","params":{"key":"k"}}"#;
//! let Ok(Incoming::Single(Message::Request(request))) = decode(frame) else { unreachable!() };
//! assert_eq!(request.method, "state.get");
//! ```
//!
//! With feature `schema` the same table yields JSON Schema, an OpenRPC 1.4 document, TypeScript types
//! and the protocol reference ([`schema`]).

mod error;
pub mod jsonrpc;
pub mod method;
pub mod rpc;
#[cfg(feature = "schema")]
pub mod schema;
mod timestamp;

/// The protocol as an OpenRPC 1.4 document, on one line: the answer of `rpc.discover`.
pub const OPENRPC: &str = include_str!("../openrpc.json");

pub use error::{ErrorData, RpcError, code, kind};
pub use timestamp::Timestamp;
