//! JSON-RPC 2.0, as in the specification of 2013-01-04.
//!
//! Requests, notifications and responses are different types. A decoded message borrows from its frame;
//! `params`, `result` and `error` stay raw until the type that reads them is known.

mod decode;
mod encode;
mod id;
mod scan;

pub use decode::{
    ErrorObject, Incoming, Invalid, MAX_BATCH, Message, Notification, Request, Response, decode,
    decode_message, decode_params,
};
pub use encode::{encode_error, encode_notification, encode_request, encode_result};
pub use id::Id;
pub use scan::{MAX_DEPTH, ScanError, scan};

/// The value of the `jsonrpc` member of every message.
pub const VERSION: &str = "2.0";
