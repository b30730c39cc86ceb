#![doc = include_str!("../README.md")]
//!
//! See the modules for what each owns and what it refuses to know.

pub mod agents;
pub mod approval;
pub mod audit;
pub mod budget;
pub mod callbacks;
pub mod channel;
pub mod chat;
pub mod clock;
mod condition;
#[cfg(feature = "sqlite")]
pub mod db;
pub mod engine;
pub mod frame;
pub mod host;
pub mod identity;
pub mod log;
pub mod meeting;
pub mod memgine;
pub mod outbox;
pub mod outcomes;
pub mod policy;
pub mod private_file;
pub mod providers;
pub mod quota;
pub mod registry;
pub mod responder;
pub mod results;
pub mod seats;
pub mod secret;
pub mod server;
pub mod session;
pub mod sink;
pub mod store;
mod text_id;
pub mod token;
pub mod tool_table;
pub mod tools;
pub mod traffic;
pub mod verify;
pub mod voice;
pub mod writer;
