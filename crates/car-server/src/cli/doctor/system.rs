//! What the machine has to give.

use std::path::Path;

use car_server::config::Config;
use car_server::operations::free_bytes;

use super::check::Check;

const MIB: u64 = 1 << 20;
/// Less free space than this stops what needs durability soon.
const LITTLE_SPACE: u64 = 512 * MIB;
/// With less than this nothing can be kept.
const NO_SPACE: u64 = 64 * MIB;
/// With fewer descriptors the daemon serves almost nobody.
const FEW_DESCRIPTORS: u64 = 256;

/// Whether the file system of the root has room.
pub(super) fn disk(root: &Path) -> Check {
    // The root may not be there yet.
    let folder = root.ancestors().find(|folder| folder.is_dir());
    let Some(free) = folder.and_then(free_bytes) else {
        return Check::ok("disk", "the system does not tell how much is free");
    };
    let message = format!("{} MiB are free", free / MIB);
    let remedy = "make room: a full disk stops whatever must be kept";
    match free {
        0..NO_SPACE => Check::fail("disk", message).remedy(remedy),
        NO_SPACE..LITTLE_SPACE => Check::warn("disk", message).remedy(remedy),
        _ => Check::ok("disk", message),
    }
}

/// Whether a daemon that is started here may open enough.
pub(super) fn descriptors(config: Option<&Config>) -> Check {
    #[cfg(unix)]
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    #[cfg(not(unix))]
    let limit = None::<u64>;
    let Some(limit) = limit else {
        return Check::ok("descriptors", "as many as the system has");
    };
    let wanted = config.map(|config| config.limits_connections.value.0 as u64);
    let enough = wanted.is_none_or(|wanted| wanted < limit);
    let message = match (enough, wanted) {
        (false, Some(wanted)) => format!(
            "{limit} may be open, fewer than limits.connections ({wanted}): further clients wait"
        ),
        _ => format!("{limit} may be open"),
    };
    if limit < FEW_DESCRIPTORS {
        return Check::warn("descriptors", message).remedy("ulimit -n 4096");
    }
    Check::ok("descriptors", message)
}
