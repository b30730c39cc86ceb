//! The files that an agent reads and writes through its client.
//!
//! A path is followed folder by folder from a root that is held open, and no link is followed on the way: a file cannot be
//! moved out of reach between the look at its path and its use.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, fchmod, fstat, open, openat, renameat, statat, unlinkat,
};
use rustix::io::Errno;
use thiserror::Error;

/// Links of a new file's name that are tried.
const TRIES: usize = 8;

/// The folders that were declared.
#[derive(Debug, Default)]
pub struct Roots {
    read: Vec<Root>,
    write: Vec<Root>,
}

#[derive(Debug)]
struct Root {
    /// As it was declared, and where that leads.
    names: [PathBuf; 2],
    folder: OwnedFd,
}

/// Why a file is not read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RootError {
    /// A root is none.
    #[error("{} is no folder that can be a root: {source}", path.display())]
    Root {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The path is not absolute, or climbs.
    #[error("a path is absolute and has no `..`")]
    Path,
    /// It is below no root.
    #[error("the path is below no folder that was declared for this")]
    Outside,
    /// There is a link on the way.
    #[error("there is a link in the path")]
    Link,
    /// There is nothing.
    #[error("there is no such file")]
    Missing,
    /// It is a folder, a pipe or a device.
    #[error("it is no file")]
    NoFile,
    /// It is too large.
    #[error("a file has {limit} bytes at most")]
    TooLarge {
        /// How many there may be.
        limit: usize,
    },
    /// It is no text.
    #[error("the file is no text in UTF-8")]
    NoText,
    /// The system refuses.
    #[error(transparent)]
    System(#[from] io::Error),
}

impl From<Errno> for RootError {
    fn from(errno: Errno) -> Self {
        match errno {
            // Where a link is not followed; where a folder was wanted and there is a file or a link.
            Errno::LOOP | Errno::MLINK => Self::Link,
            Errno::NOENT => Self::Missing,
            Errno::ISDIR => Self::NoFile,
            other => Self::System(other.into()),
        }
    }
}

impl Roots {
    /// With folders that may be read, and others that may be read and written.
    ///
    /// # Errors
    /// [`RootError::Root`].
    pub fn open(read: &[PathBuf], write: &[PathBuf]) -> Result<Self, RootError> {
        let all = |paths: &[PathBuf]| -> Result<Vec<Root>, RootError> {
            paths.iter().map(|path| Root::open(path)).collect()
        };
        Ok(Self {
            read: all(read)?,
            write: all(write)?,
        })
    }

    /// Whether anything may be read.
    #[must_use]
    pub fn can_read(&self) -> bool {
        !self.read.is_empty() || self.can_write()
    }

    /// Whether anything may be written.
    #[must_use]
    pub fn can_write(&self) -> bool {
        !self.write.is_empty()
    }

    /// The text of a file, of at most `limit` bytes.
    ///
    /// # Errors
    /// [`RootError`].
    pub fn read(&self, path: &Path, limit: usize) -> Result<String, RootError> {
        let (folder, name) = below(self.read.iter().chain(&self.write), path)?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = openat(&folder, name, flags, Mode::empty())?;
        let found = fstat(&file)?;
        if !FileType::from_raw_mode(found.st_mode).is_file() {
            return Err(RootError::NoFile);
        }
        let mut bytes = Vec::new();
        let most = u64::try_from(limit).unwrap_or(u64::MAX);
        File::from(file)
            .take(most.saturating_add(1))
            .read_to_end(&mut bytes)?;
        if bytes.len() > limit {
            return Err(RootError::TooLarge { limit });
        }
        String::from_utf8(bytes).map_err(|_| RootError::NoText)
    }

    /// Puts a text in the place of a file, whole or not at all. The folder must be there.
    ///
    /// # Errors
    /// [`RootError`].
    pub fn write(&self, path: &Path, text: &str, limit: usize) -> Result<(), RootError> {
        if text.len() > limit {
            return Err(RootError::TooLarge { limit });
        }
        let (folder, name) = below(self.write.iter(), path)?;
        let mode = match statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) => match FileType::from_raw_mode(found.st_mode) {
                FileType::RegularFile => Some(Mode::from_raw_mode(found.st_mode & 0o777)),
                FileType::Symlink => return Err(RootError::Link),
                _ => return Err(RootError::NoFile),
            },
            Err(Errno::NOENT) => None,
            Err(errno) => return Err(errno.into()),
        };
        let (draft, file) = draft(&folder)?;
        let mut file = File::from(file);
        let written = (|| {
            if let Some(mode) = mode {
                fchmod(&file, mode)?;
            }
            file.write_all(text.as_bytes())?;
            file.sync_data()?;
            Ok(renameat(&folder, &draft, &folder, name)?)
        })();
        if written.is_err() {
            let _ = unlinkat(&folder, &draft, AtFlags::empty());
        }
        written
    }
}

impl Root {
    fn open(path: &Path) -> Result<Self, RootError> {
        let wrong = |source: io::Error| RootError::Root {
            path: path.to_owned(),
            source,
        };
        if !path.is_absolute() {
            return Err(RootError::Path);
        }
        let real = path.canonicalize().map_err(wrong)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = open(&real, flags, Mode::empty()).map_err(|errno| wrong(errno.into()))?;
        Ok(Self {
            names: [path.to_owned(), real],
            folder,
        })
    }
}

/// The open folder of a path below one of the roots, and the name in it.
fn below<'a, 'b>(
    roots: impl Iterator<Item = &'a Root>,
    path: &'b Path,
) -> Result<(OwnedFd, &'b OsStr), RootError> {
    let plain = |part: Component<'_>| matches!(part, Component::RootDir | Component::Normal(_));
    if !path.is_absolute() || !path.components().all(plain) {
        return Err(RootError::Path);
    }
    let inside = |root: &'a Root| {
        let mut names = root.names.iter();
        let rest = names.find_map(|name| path.strip_prefix(name).ok())?;
        Some((root, rest))
    };
    let mut roots = roots;
    let (root, rest) = roots.find_map(inside).ok_or(RootError::Outside)?;
    let name = rest.file_name().ok_or(RootError::NoFile)?;
    let mut folder = root.folder.try_clone()?;
    for part in rest.parent().into_iter().flat_map(Path::components) {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        folder = match openat(&folder, part.as_os_str(), flags, Mode::empty()) {
            Ok(next) => next,
            // Linux says of a link that it is no folder.
            Err(Errno::NOTDIR) => return Err(not_a_folder(&folder, part.as_os_str())),
            Err(errno) => return Err(errno.into()),
        };
    }
    Ok((folder, name))
}

fn not_a_folder(folder: &OwnedFd, name: &OsStr) -> RootError {
    match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(found) if FileType::from_raw_mode(found.st_mode) == FileType::Symlink => RootError::Link,
        _ => RootError::Missing,
    }
}

/// A new file in a folder, under a name that nobody knows before.
fn draft(folder: &OwnedFd) -> Result<(String, OwnedFd), RootError> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut tries = 0;
    loop {
        let mut bytes = [0_u8; 8];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        let name = format!(".{:016x}.car", u64::from_ne_bytes(bytes));
        match openat(folder, &name, flags, Mode::from_raw_mode(0o666)) {
            Ok(file) => return Ok((name, file)),
            Err(Errno::EXIST) if tries < TRIES => tries += 1,
            Err(errno) => return Err(errno.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    const LIMIT: usize = 64;

    struct Tree {
        folder: tempfile::TempDir,
        roots: Roots,
    }

    impl Tree {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let at = |name: &str| folder.path().join(name);
            for name in ["in", "in/deep", "docs", "out"] {
                fs::create_dir(at(name)).unwrap();
            }
            fs::write(at("out/secret"), "hush").unwrap();
            fs::write(at("docs/page"), "words").unwrap();
            symlink(at("out"), at("in/away")).unwrap();
            symlink(at("out/secret"), at("in/link")).unwrap();
            let roots = Roots::open(&[at("docs")], &[at("in")]).unwrap();
            Self { folder, roots }
        }

        fn at(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        fn read(&self, name: &str) -> Result<String, RootError> {
            self.roots.read(&self.at(name), LIMIT)
        }

        fn write(&self, name: &str, text: &str) -> Result<(), RootError> {
            self.roots.write(&self.at(name), text, LIMIT)
        }
    }

    #[test]
    fn what_is_below_a_root_is_read_and_written() {
        let tree = Tree::new();
        assert_eq!(tree.read("docs/page").unwrap(), "words");
        tree.write("in/deep/new", "one").unwrap();
        fs::set_permissions(tree.at("in/deep/new"), fs::Permissions::from_mode(0o751)).unwrap();
        tree.write("in/deep/new", "two").unwrap();
        assert_eq!(tree.read("in/deep/new").unwrap(), "two");
        let mode = fs::metadata(tree.at("in/deep/new")).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o751);
        let left = fs::read_dir(tree.at("in/deep")).unwrap().count();
        assert_eq!(left, 1, "no draft is left");
    }

    #[test]
    fn nothing_leads_out_of_the_roots() {
        let tree = Tree::new();
        for name in ["out/secret", "docs2/page", ""] {
            assert!(matches!(tree.read(name), Err(RootError::Outside)), "{name}");
        }
        for name in ["in/../out/secret", "in/./../out/secret"] {
            assert!(matches!(tree.read(name), Err(RootError::Path)), "{name}");
        }
        assert!(matches!(
            tree.roots.read(Path::new("in/deep"), LIMIT),
            Err(RootError::Path)
        ));
        for name in ["in/away/secret", "in/link"] {
            assert!(matches!(tree.read(name), Err(RootError::Link)), "{name}");
            let written = tree.write(name, "changed");
            assert!(matches!(written, Err(RootError::Link)), "{name}");
        }
        assert!(matches!(
            tree.write("docs/page", "x"),
            Err(RootError::Outside)
        ));
        assert_eq!(fs::read_to_string(tree.at("out/secret")).unwrap(), "hush");
    }

    #[test]
    fn what_is_no_text_or_no_file_or_too_large_is_refused() {
        let tree = Tree::new();
        fs::write(tree.at("docs/bytes"), [0xff, 0xfe]).unwrap();
        assert!(matches!(tree.read("docs/bytes"), Err(RootError::NoText)));
        assert!(matches!(tree.read("docs/none"), Err(RootError::Missing)));
        assert!(matches!(tree.read("docs/page/x"), Err(RootError::Missing)));
        assert!(matches!(tree.read("in/deep"), Err(RootError::NoFile)));
        assert!(matches!(tree.write("in/deep", "x"), Err(RootError::NoFile)));
        assert!(matches!(tree.read("in"), Err(RootError::NoFile)));
        let long = "x".repeat(LIMIT + 1);
        fs::write(tree.at("docs/long"), &long).unwrap();
        assert!(matches!(
            tree.read("docs/long"),
            Err(RootError::TooLarge { .. })
        ));
        let written = tree.write("in/long", &long);
        assert!(matches!(written, Err(RootError::TooLarge { .. })));
        let pipe = tree.at("docs/pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        assert!(matches!(tree.read("docs/pipe"), Err(RootError::NoFile)));
    }
}
