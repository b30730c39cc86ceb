//! Whether a file may be started, and what is started when it is.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

use car_protocol::rpc::agents::AgentSpec;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// Why a file may not be started.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExecutableError {
    /// It is not where it is said to be.
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        /// The file, or a folder above it.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The path is relative, or leads upwards.
    #[error("{} is no absolute path without `..`", path.display())]
    Path {
        /// The path.
        path: PathBuf,
    },
    /// A link is on the way.
    #[error("{} leads through a link: name {} itself", path.display(), real.display())]
    Link {
        /// The path.
        path: PathBuf,
        /// Where it leads.
        real: PathBuf,
    },
    /// It is no file, or none that can be executed.
    #[error("{} is no executable file", path.display())]
    NotExecutable {
        /// The path.
        path: PathBuf,
    },
    /// Others could put something else there.
    #[error("{} can be changed by others: it must belong to you or to root, and be closed to others", path.display())]
    Open {
        /// The file, or a folder above it.
        path: PathBuf,
    },
}

/// Where files are that are not there to stay.
const TEMPORARY: &[&str] = &["/tmp", "/private/tmp", "/var/tmp", "/dev/shm"];

/// Whether this file may be started: an absolute path without links and `..`, to an executable that nobody else can change,
/// and not right below a folder for temporary files.
///
/// # Errors
/// [`ExecutableError`].
pub(super) fn check(path: &Path) -> Result<(), ExecutableError> {
    let climbs = |part: Component<'_>| matches!(part, Component::ParentDir | Component::CurDir);
    if !path.is_absolute() || path.components().any(climbs) {
        return Err(ExecutableError::Path {
            path: path.to_owned(),
        });
    }
    let read = |path: &Path, source| ExecutableError::Read {
        path: path.to_owned(),
        source,
    };
    let real = path.canonicalize().map_err(|source| read(path, source))?;
    if real != path {
        return Err(ExecutableError::Link {
            path: path.to_owned(),
            real,
        });
    }
    let file = fs::metadata(path).map_err(|source| read(path, source))?;
    let temporary = |folder: &Path| TEMPORARY.iter().any(|name| folder == Path::new(name));
    if path.parent().is_some_and(temporary) {
        return Err(ExecutableError::Open {
            path: path.to_owned(),
        });
    }
    if !file.is_file() || !permissions::executable(&file) {
        return Err(ExecutableError::NotExecutable {
            path: path.to_owned(),
        });
    }
    for above in path.ancestors() {
        let found = fs::metadata(above).map_err(|source| read(above, source))?;
        if !permissions::closed(&found) {
            return Err(ExecutableError::Open {
                path: above.to_owned(),
            });
        }
    }
    Ok(())
}

#[cfg(unix)]
mod permissions {
    use std::fs::Metadata;
    use std::os::unix::fs::MetadataExt as _;

    /// Whether anybody may execute it.
    pub(super) fn executable(file: &Metadata) -> bool {
        file.mode() & 0o111 != 0
    }

    /// Whether only its owner, who is this user or root, can change what is there. In a folder with the sticky bit
    /// everybody can change their own only.
    pub(super) fn closed(found: &Metadata) -> bool {
        let ours = found.uid() == 0 || found.uid() == rustix::process::geteuid().as_raw();
        let sticky = found.is_dir() && found.mode() & 0o1000 != 0;
        ours && (sticky || found.mode() & 0o022 == 0)
    }
}

#[cfg(not(unix))]
mod permissions {
    use std::fs::Metadata;

    pub(super) fn executable(_: &Metadata) -> bool {
        true
    }

    pub(super) fn closed(_: &Metadata) -> bool {
        true
    }
}

/// What would be started: the executable's bytes, its arguments, its folder, its environment and what it may use.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of what this would start now.
    ///
    /// # Errors
    /// [`ExecutableError`].
    pub fn of(spec: &AgentSpec) -> Result<Self, ExecutableError> {
        let path = Path::new(&spec.command);
        check(path)?;
        let read = |source| ExecutableError::Read {
            path: path.to_owned(),
            source,
        };
        let mut sum = Sha256::new();
        let mut file = File::open(path).map_err(read)?;
        let mut buffer = vec![0_u8; 64 << 10];
        loop {
            match file.read(&mut buffer).map_err(read)? {
                0 => break,
                n => sum.update(buffer.get(..n).unwrap_or_default()),
            }
        }
        let how = (
            &spec.command,
            &spec.args,
            &spec.cwd,
            &spec.env,
            spec.daemon_token,
            &spec.sandbox,
            &spec.denied,
        );
        sum.update(serde_json::to_vec(&how).unwrap_or_default());
        if let Some(acp) = &spec.acp {
            sum.update(b"acp");
            sum.update(serde_json::to_vec(acp).unwrap_or_default());
        }
        Ok(Self(sum.finalize().into()))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn program(root: &Path, mode: u32) -> PathBuf {
        let path = root.canonicalize().unwrap().join("program");
        fs::write(&path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn only_a_file_that_nobody_else_can_change_is_started() {
        let root = tempfile::tempdir().unwrap();
        let path = program(root.path(), 0o755);
        check(&path).unwrap();
        for mode in [0o775, 0o757] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(
                matches!(check(&path), Err(ExecutableError::Open { .. })),
                "{mode:o}"
            );
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(
            check(&path),
            Err(ExecutableError::NotExecutable { .. })
        ));
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o777)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(check(&path), Err(ExecutableError::Open { .. })));
    }

    #[test]
    fn links_and_paths_that_climb_are_refused() {
        let root = tempfile::tempdir().unwrap();
        let path = program(root.path(), 0o755);
        let link = path.with_file_name("link");
        symlink(&path, &link).unwrap();
        let error = check(&link).unwrap_err();
        assert!(matches!(&error, ExecutableError::Link { real, .. } if *real == path));
        let climbing = path.parent().unwrap().join("../x/program");
        for path in [Path::new("program"), &climbing] {
            assert!(matches!(check(path), Err(ExecutableError::Path { .. })));
        }
        assert!(matches!(
            check(Path::new("/no/such")),
            Err(ExecutableError::Read { .. })
        ));
    }

    #[test]
    fn what_is_started_is_known_again_until_it_changes() {
        let root = tempfile::tempdir().unwrap();
        let path = program(root.path(), 0o755);
        let spec = AgentSpec {
            command: path.to_str().unwrap().to_owned(),
            ..AgentSpec::default()
        };
        let first = Fingerprint::of(&spec).unwrap();
        assert_eq!(Fingerprint::of(&spec).unwrap(), first);
        let other = AgentSpec {
            args: vec!["-x".to_owned()],
            ..spec.clone()
        };
        assert_ne!(Fingerprint::of(&other).unwrap(), first);
        fs::write(&path, "#!/bin/sh\nrm").unwrap();
        assert_ne!(Fingerprint::of(&spec).unwrap(), first);
    }
}
