//! What whoever runs the daemon sees: `/metrics`, and a snapshot for whoever looks for a fault.
//!
//! Nothing is counted here. Each number is asked of its owner when somebody looks, so that nobody who serves a client
//! pays for it; nothing is kept between two looks.

mod counts;
mod metrics;
mod notices;
mod process;
mod route;
mod snapshot;

use std::sync::Arc;

use car_protocol::rpc::diagnostics::SettingInEffect;
use car_state::server::ServerState;

pub use self::notices::Notices;
pub(crate) use self::route::router;
pub use self::snapshot::free_bytes;
use crate::desktop::Desktop;
use crate::http::Refusals;
use crate::info::ServerInfo;
use crate::life::Life;

/// Everybody who has a number to tell.
#[derive(Debug)]
pub(crate) struct Operations {
    pub(crate) state: Arc<ServerState>,
    pub(crate) life: Arc<Life>,
    pub(crate) info: Arc<ServerInfo>,
    /// What the HTTP surface turned away.
    pub(crate) refusals: Arc<Refusals>,
    /// The configuration, without secrets.
    pub(crate) settings: Vec<SettingInEffect>,
    /// Where a person sees what no screen of ours shows.
    pub(crate) desktop: Arc<Desktop>,
    /// What the log complained about last.
    pub(crate) notices: Arc<Notices>,
}
