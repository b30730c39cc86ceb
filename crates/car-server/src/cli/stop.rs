//! `car-server stop`.

use std::thread;
use std::time::Duration;

use car_client::CallError;
use car_protocol::rpc::Empty;
use car_protocol::rpc::server::Shutdown;
use car_server::root_lock::{self, Occupancy};
use tokio::time::timeout;

use super::conversation::{Role, converse};
use super::failure::Failure;
use super::output;
use super::running::Running;

/// A daemon that does not answer for so long is stuck.
const DEADLINE: Duration = Duration::from_secs(10);

/// Between two looks at the lock.
const PAUSE: Duration = Duration::from_millis(20);

/// Asks the daemon to end, and waits until it has.
pub(super) fn run(running: &Running, patience: Duration) -> Result<(), Failure> {
    let over = converse(running, Role::Host, DEADLINE, async |client| {
        match client.call::<Shutdown>(Empty {}).await {
            // It may be gone before its answer is.
            Ok(_) | Err(CallError::Closed) => Ok(timeout(patience, client.closed()).await.is_ok()),
            Err(error) => Err(error),
        }
    })?;
    let home = running.places().home();
    // The lock goes last: whoever waits for it may start another daemon at once.
    let held = running.holder().is_some();
    let looks = patience.as_millis() / PAUSE.as_millis();
    for _ in 0..=looks {
        if over && (!held || root_lock::look(home)? == Occupancy::Free) {
            return output::print(&format!("the daemon at {} has ended\n", running.target()));
        }
        thread::sleep(PAUSE);
    }
    let message = format!("the daemon was asked to end and has not within {patience:?}");
    Err(Failure::error(message).advise(
        "a longer --timeout: calls that are under way may take until the drain time is over",
    ))
}
