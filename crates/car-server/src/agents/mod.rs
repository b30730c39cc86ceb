//! Processes of agents: how they are made, kept together, and confined.
//!
//! Between the daemon and an agent stands a keeper, a small process of this program. All that the agent starts becomes the
//! keeper's when its parent ends, so that nothing is left behind: not when the agent is stopped, not when it forks and
//! hides, and not when the daemon is killed, which the keeper sees at its end of a socket.

mod confine;
mod keeper;
mod launch;
mod veil;

pub use confine::{ConfineError, Confinement};
pub use keeper::keep;
pub use launch::{AgentEnvironment, KeptLauncher};
