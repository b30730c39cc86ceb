//! The Unix socket.

use std::path::Path;

use super::check::Check;

const NAME: &str = "socket";

/// Whether it is there when it should be, is nobody else's, and somebody listens.
#[cfg(unix)]
pub(super) fn check(path: &Path, is_held: bool) -> Check {
    use std::fs;
    use std::io;
    use std::os::unix::fs::FileTypeExt as _;
    use std::os::unix::net::UnixStream;

    use super::files::{exposed, foreign};

    let shown = path.display();
    let restart = "stop the daemon and start it again";
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !is_held => {
            return Check::ok(NAME, "none, as no daemon runs");
        }
        Err(error) => {
            return Check::fail(NAME, format!("{shown} cannot be looked at: {error}"))
                .remedy(restart);
        }
    };
    if !metadata.file_type().is_socket() {
        return Check::fail(NAME, format!("{shown} is no socket")).remedy("move it away");
    }
    if let Some(check) = foreign(NAME, path, &metadata) {
        return check;
    }
    match (UnixStream::connect(path), is_held) {
        (Ok(_), true) => match exposed(&metadata) {
            Some(mode) => Check::warn(NAME, format!("{shown} has mode {mode:04o}"))
                .remedy(format!("chmod 600 {shown}")),
            None => Check::ok(NAME, format!("somebody listens on {shown}")),
        },
        (Ok(_), false) => {
            let message = format!("somebody listens on {shown}, and no daemon holds this root");
            Check::fail(NAME, message).remedy("another place with --socket, or end who listens")
        }
        (Err(error), true) => {
            Check::fail(NAME, format!("nobody listens on {shown}: {error}")).remedy(restart)
        }
        (Err(_), false) => Check::warn(NAME, format!("{shown} is left over: nobody listens"))
            .remedy("nothing need be done; the next start replaces it"),
    }
}

#[cfg(not(unix))]
pub(super) fn check(_: &Path, _: bool) -> Check {
    Check::ok(NAME, "there are none on this system")
}
