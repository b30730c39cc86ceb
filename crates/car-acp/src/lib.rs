#![doc = include_str!("../README.md")]
//!
//! The crate owns the translation between two protocols, and the files of the agent. It knows nothing of the daemon but the
//! client's side of the wire, and decides nothing: whether an agent may do something is asked with `agents.permit`. On other
//! systems than Unix it is empty.

#![cfg(unix)]

mod bridge;
mod content;
mod files;
mod limits;
mod permission;
mod program;
mod prompt;
mod roots;
mod talks;
mod updates;
mod wire;

pub use bridge::{Bridge, BridgeError};
pub use limits::AcpLimits;
pub use program::{Program, ProgramError};
pub use roots::{RootError, Roots};
