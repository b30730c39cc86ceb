#![doc = include_str!("../README.md")]
//!
//! [`Server`] is the daemon; the program adds listeners, tokens, configuration and a command line around it.

#[cfg(all(unix, feature = "cli"))]
pub mod agents;
mod auth;
#[cfg(feature = "cli")]
pub mod config;
mod connection;
mod core;
mod cx;
pub mod desktop;
mod failure;
mod handlers;
#[cfg(feature = "voice")]
pub mod hearing;
pub mod http;
mod info;
mod life;
#[cfg(feature = "cli")]
pub mod logging;
pub mod operations;
pub mod root_lock;
mod router;
pub mod routes;
mod server;
pub mod threads;
pub mod tokens;

pub use auth::Auth;
pub use cx::Cx;
pub use failure::Failure;
pub use router::{Answer, Answers, Awaits, Handler, Plain, Route, Router, RouterError, Routes};
pub use server::{Server, ServerBuilder};

/// The version of this daemon.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
