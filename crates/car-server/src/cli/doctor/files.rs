//! The root, the lock and the tokens.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

use car_server::root_lock::Occupancy;
use car_server::tokens::Token;

use super::check::Check;

/// The folder of everything.
pub(super) fn root(path: &Path) -> Check {
    let name = "root";
    let shown = path.display();
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Check::ok(
                name,
                format!("{shown} is not there yet; the first start makes it"),
            );
        }
        Err(error) => {
            return Check::fail(name, format!("{shown} cannot be looked at: {error}"))
                .remedy("run this as the daemon's user");
        }
    };
    if !metadata.is_dir() {
        return Check::fail(name, format!("{shown} is no folder")).remedy("move it away");
    }
    if let Some(check) = foreign(name, path, &metadata) {
        return check;
    }
    match exposed(&metadata) {
        Some(mode) => Check::warn(
            name,
            format!("{shown} has mode {mode:04o}: others see into it"),
        )
        .remedy(format!("chmod 700 {shown}; the next start does it too")),
        None => Check::ok(name, format!("{shown} is its owner's only")),
    }
}

/// The folders that the socket and the tokens lie in: who may write there may put others in their place.
pub(super) fn folders<'a>(files: impl Iterator<Item = &'a Path>) -> Check {
    let name = "folders";
    for folder in files.filter_map(Path::parent) {
        if fs::metadata(folder).is_ok_and(|metadata| is_anybodys(&metadata)) {
            let shown = folder.display();
            let message = format!("others may put their own files into {shown}");
            return Check::fail(name, message).remedy(format!("chmod 700 {shown}"));
        }
    }
    Check::ok(name, "nobody else writes beside the socket and the tokens")
}

/// Whether others may replace the files of a folder. Where it is sticky, as `/tmp` is, they may not.
fn is_anybodys(metadata: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = metadata.permissions().mode();
        mode & 0o022 != 0 && mode & 0o1000 == 0
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        false
    }
}

/// Who holds the root.
pub(super) fn lock(root: &Path, occupancy: &Occupancy) -> Check {
    let name = "lock";
    match occupancy {
        Occupancy::Held(Some(holder)) => Check::ok(name, format!("held by {holder}")),
        Occupancy::Held(None) => Check::ok(name, "held by a daemon"),
        Occupancy::Free => {
            let left = fs::metadata(root.join("daemon.lock"));
            if left.is_ok_and(|left| left.len() > 0) {
                let message = "no daemon runs, and the last one did not end by itself";
                return Check::warn(name, message)
                    .remedy("look at its log; the next start takes the lock over");
            }
            Check::ok(name, "no daemon runs")
        }
    }
}

/// A file with a token, which must be there while a daemon runs.
pub(super) fn token(name: &'static str, path: &Path, is_held: bool) -> Check {
    let shown = path.display();
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !is_held => {
            return Check::ok(name, "none, as no daemon runs");
        }
        Err(error) => {
            return Check::fail(name, format!("{shown} cannot be read: {error}"))
                .remedy("stop the daemon and start it again: it writes a new one");
        }
    };
    if let Some(check) = foreign(name, path, &metadata) {
        return check;
    }
    if let Some(mode) = exposed(&metadata) {
        let message = format!("{shown} has mode {mode:04o}: others may have read it");
        let again = match is_held {
            true => ", and start the daemon again: the token is new then",
            false => "",
        };
        return Check::fail(name, message).remedy(format!("chmod 600 {shown}{again}"));
    }
    match (Token::read(path), is_held) {
        (Err(error), _) => Check::fail(name, error)
            .remedy("stop the daemon and start it again: it writes a new one"),
        (Ok(_), false) => Check::warn(name, format!("{shown} is left over and opens nothing"))
            .remedy("nothing need be done; the next start replaces it"),
        (Ok(_), true) => Check::ok(name, format!("{shown} is its owner's only")),
    }
}

/// Somebody else's file.
pub(super) fn foreign(name: &'static str, path: &Path, metadata: &Metadata) -> Option<Check> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let (owner, us) = (metadata.uid(), rustix::process::geteuid().as_raw());
        if owner != us {
            let shown = path.display();
            let message = format!("{shown} belongs to user {owner}, and this is user {us}");
            return Some(Check::fail(name, message).remedy("run this as the daemon's user"));
        }
    }
    let _ = (name, path, metadata);
    None
}

/// The mode of what others than its owner may touch.
pub(super) fn exposed(metadata: &Metadata) -> Option<u32> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = metadata.permissions().mode() & 0o7777;
        (mode & 0o077 != 0).then_some(mode)
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        None
    }
}
