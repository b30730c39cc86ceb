//! The Common Agent Runtime daemon, to run or to embed.
//!
//! [`Server`] serves connections of any transport over a [`ServerState`](car_state::server::ServerState). The program
//! `car-server` adds listeners, tokens, configuration and a command line around it.

#[cfg(feature = "cli")]
pub mod config;
#[cfg(feature = "cli")]
pub mod logging;
mod auth;
mod connection;
mod core;
mod cx;
mod failure;
mod handlers;
pub mod http;
mod info;
mod life;
mod private_file;
pub mod root_lock;
mod router;
mod server;
pub mod tokens;

pub use auth::Auth;
pub use cx::Cx;
pub use failure::Failure;
pub use router::{Awaits, Handler, Plain, Route, Router, RouterError, Routes};
pub use server::{Server, ServerBuilder};

/// The version of this daemon.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
