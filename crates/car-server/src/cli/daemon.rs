//! The daemon, from its start to its end.

use car_server::config::Config;
use car_server::logging;
use car_server::root_lock::RootLock;

use super::failure::Failure;

/// Runs until a signal, or until somebody with the host role asks for the end.
pub(super) fn run(config: &Config) -> Result<(), Failure> {
    logging::start(&config.log.value, config.log_format.value)
        .map_err(|error| Failure::error(error.to_string()))?;
    let _lock = RootLock::acquire(&config.home.value)?;
    Ok(())
}
