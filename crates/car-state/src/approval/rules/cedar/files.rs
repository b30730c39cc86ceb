//! The files that rules are in.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;
use std::time::SystemTime;

use car_protocol::rpc::rules::RuleProblem;
use sha2::{Digest as _, Sha256};

/// How many files there may be.
pub const MAX_FILES: usize = 64;
/// How long one may be, in bytes.
pub const MAX_FILE_BYTES: u64 = 256 * 1024;
/// How long a file's name may be, in bytes.
const MAX_NAME: usize = 128;

/// One file as it was read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) text: String,
}

/// What can be seen of the files without reading them. When it is the same, they are.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Glance(Vec<(String, u64, Option<SystemTime>)>);

/// A problem with a file, or with the folder.
pub(super) fn problem(file: Option<&str>, line: Option<u32>, reason: impl ToString) -> RuleProblem {
    RuleProblem {
        file: file.map(ToOwned::to_owned),
        line,
        reason: reason.to_string(),
    }
}

/// Looks at the files named `*.cedar`. A folder that is not there has none.
///
/// # Errors
/// The folder cannot be read, or there are too many.
pub(super) fn glance(folder: &Path) -> Result<Glance, RuleProblem> {
    let failed =
        |error: io::Error| problem(None, None, format!("the folder cannot be read: {error}"));
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Glance::default()),
        Err(error) => return Err(failed(error)),
    };
    let mut seen = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| name.ends_with(".cedar")) else {
            continue;
        };
        // Files that editors leave beside those they write.
        if name.starts_with('.') {
            continue;
        }
        if name.len() > MAX_NAME {
            return Err(problem(
                None,
                None,
                format!("a name is longer than {MAX_NAME} bytes"),
            ));
        }
        if seen.len() == MAX_FILES {
            return Err(problem(
                None,
                None,
                format!("there are more than {MAX_FILES} files"),
            ));
        }
        // What a link points to counts, so that it is noticed when that changes.
        let about = match fs::metadata(entry.path()) {
            Ok(about) => (about.len(), about.modified().ok()),
            // Reading will say what is wrong.
            Err(_) => (0, None),
        };
        seen.push((name.to_owned(), about.0, about.1));
    }
    seen.sort();
    Ok(Glance(seen))
}

/// Reads what was seen.
///
/// # Errors
/// A file cannot be read, or is too long.
pub(super) fn read(folder: &Path, seen: &Glance) -> Result<Vec<Source>, RuleProblem> {
    let mut sources = Vec::new();
    for (name, ..) in &seen.0 {
        let text = read_one(&folder.join(name))
            .map_err(|error| problem(Some(name), None, format!("it cannot be read: {error}")))?;
        if text.len() as u64 > MAX_FILE_BYTES {
            let reason = format!("it is longer than {MAX_FILE_BYTES} bytes");
            return Err(problem(Some(name), None, reason));
        }
        sources.push(Source {
            name: name.clone(),
            text,
        });
    }
    Ok(sources)
}

/// Reads a file, and one byte more than it may have at most.
fn read_one(path: &Path) -> io::Result<String> {
    // Before it is opened: who opens a pipe waits for somebody at its other end.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut text = String::new();
    File::open(path)?
        .take(MAX_FILE_BYTES + 1)
        .read_to_string(&mut text)?;
    Ok(text)
}

/// What names exactly these files: SHA-256 over names and texts with their lengths.
pub(super) fn revision(sources: &[Source]) -> String {
    let mut digest = Sha256::new();
    for source in sources {
        for part in [&source.name, &source.text] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part.as_bytes());
        }
    }
    let digest = digest.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
