//! A link between a client and a daemon that fails by seed.
//!
//! It works on bytes and knows no frame: it cuts wherever its [`Plan`] says, mostly in the middle of one. The same seed
//! gives the same plans. [`relay`] runs over anything with bytes: a pair in memory, where a paused clock may be, and
//! sockets, where [`Proxy`] stands before a real daemon. [`Follower`] is the client that has to come through it.

mod acts;
mod follower;
mod line;
mod memory;
mod plan;
mod proxy;
mod relay;
mod resumed;
mod seeds;

pub use acts::Acts;
pub use follower::{Event, Follower, Goal};
pub use line::Patience;
pub use memory::MemoryLink;
pub use plan::{Course, Extent, Fault, Plan};
pub use proxy::Proxy;
pub use relay::{Ended, relay};
pub use resumed::Resumed;
pub use seeds::{SEEDS, SOCKET_SEEDS, Seeds, replayable};
