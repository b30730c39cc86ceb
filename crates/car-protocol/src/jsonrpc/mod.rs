//! JSON-RPC 2.0, as in the specification of 2013-01-04.
//!
//! Requests, notifications and responses are different types. A decoded message borrows from its frame;
//! `params` and `result` stay raw until the type that reads them is known.
//!
//! What a frame becomes, where the specification leaves it open:
//!
//! | frame | outcome |
//! |---|---|
//! | `"params":null` | the same as no params |
//! | `"result":null` | a result |
//! | `"id":null` with a method | a request, answered with `"id":null` |
//! | a result or an error that breaks the rules, with an id | a [`Response`] that failed, so that its request ends |
//! | a batch with something else than messages in it | one [`Message::Invalid`] for each of those |
//! | deeper than [`MAX_DEPTH`], a lone surrogate, a member of the envelope twice | `-32700` |
//! | an empty batch, more than [`MAX_BATCH`] messages | `-32600` |

mod by_name;
mod compact;
mod decode;
mod encode;
mod envelope;
mod id;
mod message;
mod params;
mod scan;

pub(crate) use by_name::ByName;
pub use decode::{decode, decode_message};
pub(crate) use encode::encode_refusal;
pub use encode::{encode_error, encode_notification, encode_request, encode_result};
pub use id::Id;
pub use message::{ErrorObject, Incoming, Invalid, Message, Notification, Request, Response};
pub use params::decode_params;
pub use scan::{MAX_DEPTH, ScanError, scan};

/// The value of the `jsonrpc` member of every message.
pub const VERSION: &str = "2.0";

/// How many messages one batch may hold.
pub const MAX_BATCH: usize = 64;
