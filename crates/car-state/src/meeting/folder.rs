use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::{Applied, MeetingError, MeetingId, MeetingMetadata, Segment, Transcript};

const METADATA: &str = "meeting.json";
const TRANSCRIPT: &str = "transcript.jsonl";
/// How long a line may be: the longest text, escaped, and the rest.
const LONGEST_LINE: u64 = 1 << 20;

/// The files of one meeting, `<root>/<id>/meeting.json` and `transcript.jsonl`, which only their owner may read. Every
/// method waits for the disk: asynchronous code calls them where that is allowed.
///
/// Metadata is replaced as a whole. A segment is one line, written at once, and a correction is a further line; a line that
/// was cut by the end of the process is taken away when the meeting is opened again. What was acknowledged survives that
/// end, not a loss of power, until [`end`](Self::end) has written it to the disk.
#[derive(Debug)]
pub struct MeetingFolder {
    folder: PathBuf,
    metadata: MeetingMetadata,
    transcript: Transcript,
    file: File,
}

impl MeetingFolder {
    /// Makes the files of a meeting that begins.
    ///
    /// # Errors
    /// [`MeetingError::Exists`], [`MeetingError::Io`].
    pub fn create(root: &Path, metadata: MeetingMetadata) -> Result<Self, MeetingError> {
        let folder = root.join(metadata.id.as_str());
        make_folder(root, true)?;
        make_folder(&folder, false).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => MeetingError::Exists(metadata.id.clone()),
            _ => error.into(),
        })?;
        let mut new = private();
        new.append(true).create_new(true);
        let file = new.open(folder.join(TRANSCRIPT))?;
        let meeting = Self {
            folder,
            metadata,
            transcript: Transcript::default(),
            file,
        };
        meeting.write_metadata()?;
        Ok(meeting)
    }

    /// What is known of a meeting, without what was said.
    ///
    /// # Errors
    /// [`MeetingError::Unknown`], [`MeetingError::Damaged`], [`MeetingError::Io`].
    pub fn metadata_of(root: &Path, id: &MeetingId) -> Result<MeetingMetadata, MeetingError> {
        let path = root.join(id.as_str()).join(METADATA);
        let text = fs::read(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => MeetingError::Unknown(id.clone()),
            _ => error.into(),
        })?;
        let metadata = serde_json::from_slice(&text).map_err(MeetingError::Damaged)?;
        // The folder says which meeting it is.
        let id = id.clone();
        Ok(MeetingMetadata { id, ..metadata })
    }

    /// Opens the files of a meeting.
    ///
    /// # Errors
    /// [`MeetingError::Unknown`], [`MeetingError::Damaged`], [`MeetingError::Io`].
    pub fn open(root: &Path, id: &MeetingId) -> Result<Self, MeetingError> {
        let metadata = Self::metadata_of(root, id)?;
        let folder = root.join(id.as_str());
        let mut kept = private();
        kept.append(true).read(true).create(true);
        let file = kept.open(folder.join(TRANSCRIPT))?;
        let transcript = read(&file)?;
        Ok(Self {
            folder,
            metadata,
            transcript,
            file,
        })
    }

    /// The ids of all meetings below a root, in order.
    ///
    /// # Errors
    /// [`MeetingError::Io`].
    pub fn list(root: &Path) -> Result<Vec<MeetingId>, MeetingError> {
        let entries = match fs::read_dir(root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut ids = Vec::new();
        for entry in entries {
            let entry = entry?;
            let id = entry.file_name().to_str().map(MeetingId::new);
            if let Some(Ok(id)) = id
                && entry.path().join(METADATA).is_file()
            {
                ids.push(id);
            }
        }
        ids.sort();
        Ok(ids)
    }

    /// Erases a meeting with all of its files.
    ///
    /// # Errors
    /// [`MeetingError::Unknown`], [`MeetingError::Io`].
    pub fn delete(root: &Path, id: &MeetingId) -> Result<(), MeetingError> {
        let folder = root.join(id.as_str());
        // Without its metadata a folder is no meeting any more, should the process end before the rest is gone.
        fs::remove_file(folder.join(METADATA)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => MeetingError::Unknown(id.clone()),
            _ => error.into(),
        })?;
        Ok(fs::remove_dir_all(folder)?)
    }

    /// Keeps a segment. It survives the end of the process when this returns.
    ///
    /// # Errors
    /// [`MeetingError::NoConsent`], [`MeetingError::Full`], [`MeetingError::TooLong`], [`MeetingError::Io`].
    pub fn append(&mut self, segment: Segment) -> Result<Applied, MeetingError> {
        if !self.metadata.keeps_words() {
            return Err(MeetingError::NoConsent);
        }
        let line = line(&segment)?;
        let before = self.file.metadata()?.len();
        let applied = self.transcript.apply(segment)?;
        if applied != Applied::Known
            && let Err(error) = self.file.write_all(&line)
        {
            // Half a line must not be before the next one. The file is what counts: the value is read from it again.
            self.file.set_len(before)?;
            self.transcript = read(&File::open(self.folder.join(TRANSCRIPT))?)?;
            return Err(error.into());
        }
        Ok(applied)
    }

    /// Changes what is known of the meeting.
    ///
    /// # Errors
    /// [`MeetingError::Io`]; nothing has changed on the disk then.
    pub fn update(&mut self, metadata: MeetingMetadata) -> Result<(), MeetingError> {
        let id = self.metadata.id.clone();
        self.metadata = MeetingMetadata { id, ..metadata };
        self.write_metadata()
    }

    /// Writes the transcript once more with each segment once, and everything to the disk: the meeting has ended.
    ///
    /// # Errors
    /// [`MeetingError::Io`]; the files are as they were then.
    pub fn end(&mut self, metadata: MeetingMetadata) -> Result<(), MeetingError> {
        let mut text = Vec::new();
        for segment in self.transcript.segments() {
            text.extend(line(segment)?);
        }
        replace(&self.folder, TRANSCRIPT, &text)?;
        self.file = private().append(true).open(self.folder.join(TRANSCRIPT))?;
        self.update(metadata)
    }

    /// What is known of it.
    #[must_use]
    pub fn metadata(&self) -> &MeetingMetadata {
        &self.metadata
    }

    /// Where its files are.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// What was said.
    #[must_use]
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    fn write_metadata(&self) -> Result<(), MeetingError> {
        let text = serde_json::to_vec_pretty(&self.metadata).map_err(MeetingError::Damaged)?;
        Ok(replace(&self.folder, METADATA, &text)?)
    }
}

fn line(segment: &Segment) -> Result<Vec<u8>, MeetingError> {
    let mut line = serde_json::to_vec(segment).map_err(MeetingError::Damaged)?;
    line.push(b'\n');
    Ok(line)
}

/// Reads all lines, and takes away what was cut at the end.
fn read(file: &File) -> Result<Transcript, MeetingError> {
    let mut transcript = Transcript::default();
    let mut lines = BufReader::new(file);
    lines.seek(SeekFrom::Start(0))?;
    let (mut line, mut whole) = (Vec::new(), 0);
    loop {
        line.clear();
        let read = lines
            .by_ref()
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)?;
        if read == 0 {
            break;
        }
        if line.last() != Some(&b'\n') {
            file.set_len(whole)?;
            break;
        }
        whole += read as u64;
        let segment = serde_json::from_slice(&line).map_err(MeetingError::Damaged)?;
        transcript.apply(segment)?;
    }
    Ok(transcript)
}

/// Puts a new file in the place of another, at once or not at all, also over a loss of power.
fn replace(folder: &Path, name: &str, text: &[u8]) -> io::Result<()> {
    let new = folder.join(format!("{name}.new"));
    let mut options = private();
    options.write(true).create(true).truncate(true);
    let mut file = options.open(&new)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(new, folder.join(name))?;
    File::open(folder)?.sync_all()
}

pub(super) fn make_folder(folder: &Path, recursive: bool) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(recursive);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

pub(super) fn private() -> OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "other systems have no modes"))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use car_protocol::Timestamp;

    use super::super::Consent;
    use super::super::transcript::tests::segment;
    use super::*;

    fn metadata(id: &str) -> MeetingMetadata {
        MeetingMetadata {
            title: Some("Weekly".into()),
            sources: vec!["mic".into()],
            erase_after_days: Some(7),
            ..MeetingMetadata::new(MeetingId::new(id).unwrap(), Timestamp::UNIX_EPOCH)
        }
    }

    fn texts(meeting: &MeetingFolder) -> Vec<&str> {
        let segments = meeting.transcript().segments().iter();
        segments.map(|segment| segment.text.as_str()).collect()
    }

    #[test]
    fn what_was_said_is_there_after_the_end_of_the_process_each_segment_once() {
        let root = tempfile::tempdir().unwrap();
        let mut meeting = MeetingFolder::create(root.path(), metadata("m-1")).unwrap();
        for (id, revision, text) in [("1", 0, "gut"), ("2", 0, "yes"), ("1", 1, "good")] {
            meeting.append(segment(id, revision, text)).unwrap();
        }
        assert_eq!(
            meeting.append(segment("2", 0, "yes")).unwrap(),
            Applied::Known
        );
        // The process ends in the middle of a line.
        meeting.file.write_all(br#"{"timestamp":"1970"#).unwrap();
        drop(meeting);
        let id = MeetingId::new("m-1").unwrap();
        let mut meeting = MeetingFolder::open(root.path(), &id).unwrap();
        assert_eq!(texts(&meeting), ["good", "yes"]);
        meeting.append(segment("3", 0, "after")).unwrap();
        let ended = MeetingMetadata {
            ended_at: Some(Timestamp::UNIX_EPOCH),
            ..metadata("m-1")
        };
        meeting.end(ended).unwrap();
        let text = fs::read_to_string(root.path().join("m-1/transcript.jsonl")).unwrap();
        assert_eq!(text.lines().count(), 3);
        meeting.append(segment("4", 0, "late")).unwrap();
        let meeting = MeetingFolder::open(root.path(), &id).unwrap();
        assert_eq!(texts(&meeting), ["good", "yes", "after", "late"]);
        let day = |days: i64| Timestamp::from_unix_millis(days * 86_400_000);
        assert!(!meeting.metadata().is_expired(day(6)) && meeting.metadata().is_expired(day(7)));
    }

    #[test]
    fn a_transcript_of_the_original_is_read() {
        let root = tempfile::tempdir().unwrap();
        drop(MeetingFolder::create(root.path(), metadata("old")).unwrap());
        let line = r#"{"timestamp":"2026-01-02T03:04:05Z","source":"mic","role":"unknown","text":"hi","duration_ms":7}"#;
        let path = root.path().join("old/transcript.jsonl");
        fs::write(path, format!("{line}\n")).unwrap();
        let meeting = MeetingFolder::open(root.path(), &MeetingId::new("old").unwrap()).unwrap();
        assert_eq!(texts(&meeting), ["hi"]);
    }

    #[test]
    fn an_id_never_leads_out_of_the_root() {
        let long = "x".repeat(65);
        for id in [
            "", ".", "..", "../m", "a/b", "/etc", "a\\b", "a.b", "a b", &long,
        ] {
            assert!(matches!(MeetingId::new(id), Err(MeetingError::Id)), "{id}");
        }
    }

    #[test]
    fn a_meeting_is_made_once_listed_and_erased_with_all_it_holds() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(MeetingFolder::list(&root.path().join("none")).unwrap(), []);
        for id in ["b", "a"] {
            MeetingFolder::create(root.path(), metadata(id)).unwrap();
        }
        let again = MeetingFolder::create(root.path(), metadata("a"));
        assert!(matches!(again, Err(MeetingError::Exists(_))));
        let ids = MeetingFolder::list(root.path()).unwrap();
        assert_eq!(ids, ["a", "b"].map(|id| MeetingId::new(id).unwrap()));
        MeetingFolder::delete(root.path(), &ids[0]).unwrap();
        let gone = MeetingFolder::open(root.path(), &ids[0]);
        assert!(matches!(gone, Err(MeetingError::Unknown(_))));
        assert!(!root.path().join("a").exists());
    }

    #[test]
    fn no_word_is_kept_of_a_meeting_without_consent() {
        let root = tempfile::tempdir().unwrap();
        let silent = MeetingMetadata {
            consent: Consent::Nothing,
            ..metadata("m")
        };
        let mut meeting = MeetingFolder::create(root.path(), silent).unwrap();
        let refused = meeting.append(segment("1", 0, "secret"));
        assert!(matches!(refused, Err(MeetingError::NoConsent)));
        assert_eq!(
            fs::read(root.path().join("m/transcript.jsonl")).unwrap(),
            b""
        );
    }
}
