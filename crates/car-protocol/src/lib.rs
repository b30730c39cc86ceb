//! The Common Agent Runtime (CAR) on the wire, as data.
//!
//! This crate owns JSON-RPC 2.0 ([`jsonrpc`]), the table of methods, callbacks and notifications ([`method`]), the types
//! of every message ([`rpc`]), the messages of A2A, by which agents talk to each other ([`a2a`]), and the surfaces that
//! agents show ([`a2ui`]). It performs no I/O and knows no clock, no randomness and no runtime, so that a client for any
//! platform can depend on it.
//!
//! A frame is text. [`jsonrpc::decode`] tells what it is, the method's marker type tells what its params are, and
//! [`jsonrpc::decode_params`] reads them:
//!
//! ```
//! use car_protocol::jsonrpc::{Message, decode_message, decode_params};
//! use car_protocol::method::Method;
//! use car_protocol::rpc::state;
//!
//! let frame = r#"{"jsonrpc":"2.0","id":7,"method":"state.get","params":{"key":"k"}}"#;
//! let Ok(Message::Request(request)) = decode_message(frame) else { unreachable!() };
//! assert_eq!(request.method, state::Get::NAME);
//!
//! let params: <state::Get as Method>::Params = decode_params(request.params)?;
//! assert_eq!(params.key, "k");
//! # Ok::<(), car_protocol::RpcError>(())
//! ```
//!
//! The tables can be read as data too: [`rpc::methods`] has every line with its access and its risk, and [`OPENRPC`]
//! is the same as a document. With feature `schema` the documents are made anew: JSON Schema, OpenRPC 1.4,
//! TypeScript types and the protocol reference.
//!
//! | feature | adds |
//! |---|---|
//! | `schema` | the documents, made from the table |
//! | `signing` | `a2a::signing`: signed agent cards |
//! | `validate` | `a2ui::validate`: A2UI messages held against the official JSON Schemas |
//! | `snapshot` | `snapshot`: frames as a snapshot test shows them, for projects with messages of their own |

pub mod a2a;
pub mod a2ui;
mod error;
pub mod idempotency;
pub mod jsonrpc;
pub mod method;
pub mod rpc;
#[cfg(feature = "schema")]
pub mod schema;
#[cfg(feature = "snapshot")]
pub mod snapshot;
mod timestamp;
pub mod trace;

/// The protocol as an OpenRPC 1.4 document, on one line: the answer of `rpc.discover`.
pub const OPENRPC: &str = include_str!("../openrpc.json");

pub use error::{ErrorData, RpcError, code, kind};
pub use timestamp::Timestamp;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
