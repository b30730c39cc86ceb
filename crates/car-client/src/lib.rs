#![doc = include_str!("../README.md")]
//!
//! A [`Client`] is cheap to clone; the connection ends when the last clone is dropped, or with [`Client::close`]. One
//! task per connection reads and writes. What the daemon asks runs in tasks that end with the connection, and at once
//! when the daemon takes the request back.

mod builder;
mod callbacks;
mod chat;
mod client;
mod discover;
mod error;
mod link;
mod pending;
mod subscription;

pub use builder::ClientBuilder;
pub use callbacks::{CallbackError, ToolCall};
pub use car_transport::connect::Target;
pub use chat::{ChatStream, ChatTurn};
pub use client::{Client, Notification, Notifications};
pub use error::{CallError, ConnectError};
pub use subscription::{StreamEvent, Subscription};
