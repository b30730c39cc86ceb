//! car-server.

#[cfg(feature = "cli")]
pub mod config;
#[cfg(feature = "cli")]
pub mod logging;
mod private_file;
pub mod root_lock;
pub mod tokens;
