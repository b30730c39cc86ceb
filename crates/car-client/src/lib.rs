#![doc = include_str!("../README.md")]
//!
//! A [`Client`] is cheap to clone; the connection ends when the last clone is dropped, or with [`Client::close`]. One
//! task per client reads and writes. What the daemon asks runs in tasks that end with the connection, and at once
//! when the daemon takes the request back.

mod answers;
mod builder;
mod callbacks;
mod chat;
mod client;
mod discover;
mod doubt;
mod error;
mod exchange;
mod keeper;
mod link;
mod outgoing;
mod past;
mod pending;
mod reader;
mod reconnect;
mod revive;
mod subscription;

pub use builder::ClientBuilder;
pub use callbacks::{CallbackError, ToolCall};
pub use car_transport::connect::Target;
pub use chat::{ChatStream, ChatTurn};
pub use client::{Client, Notification, Notifications};
pub use error::{CallError, ConnectError};
pub use reconnect::{ConnectionState, ConnectionStates, Reconnect, Resumption};
pub use subscription::{StreamEvent, StreamItem, Subscription};
