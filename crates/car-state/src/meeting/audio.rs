//! The audio of a meeting, where it may be kept: `audio/<source>.wav` beside the transcript.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Seek as _};
use std::path::{Path, PathBuf};

use car_protocol::rpc::meeting::MeetingAudio;
use hound::{SampleFormat as Samples, WavReader, WavSpec, WavWriter};

use super::folder::{make_folder, private};
use crate::voice::SampleFormat;

const FOLDER: &str = "audio";
/// How many bytes of samples a file holds: as many as its header can say, but for that header.
const MOST_BYTES: u64 = u32::MAX as u64 - (1 << 16);
/// How many bytes are written at once.
const AT_ONCE: usize = 64 << 10;
const SAMPLE: usize = size_of::<i16>();

/// One piece of what a source sounded like.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Piece {
    /// Samples, whole ones of every channel.
    Samples(bytes::Bytes),
    /// So many samples of every channel of silence: they never came, or came in a pause.
    Silence(u64),
    /// So many samples of every channel that came, and for which there was no room.
    Lost(u64),
}

/// The audio of one source. Its clock is that of the stream: what was not kept is silence.
///
/// After each piece the file is a whole one, so that the end of the process costs what was not written yet and nothing else.
pub(super) struct AudioFile {
    source: String,
    path: PathBuf,
    format: SampleFormat,
    /// None after a failure, until something is written again.
    writer: Option<WavWriter<File>>,
    /// How long it is by the clock of the stream, in samples of every channel.
    clock: u64,
    /// How much of that came and is not in the file.
    missing: u64,
    /// Whether the disk refused what came last.
    failing: bool,
}

impl fmt::Debug for AudioFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AudioFile")
            .field("path", &self.path)
            .field("clock", &self.clock)
            .field("missing", &self.missing)
            .finish_non_exhaustive()
    }
}

impl AudioFile {
    /// Makes the file of a source in the folder of a meeting.
    pub(super) fn create(meeting: &Path, source: &str, format: SampleFormat) -> io::Result<Self> {
        let a_second = u32::from(format.channels) * SAMPLE as u32;
        // The library takes for granted that the header can say this.
        if a_second
            .checked_mul(format.rate)
            .is_none_or(|bytes| bytes == 0)
        {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let folder = meeting.join(FOLDER);
        make_folder(&folder, true)?;
        let path = folder.join(file_name(source));
        let mut new = private();
        let file = new.read(true).write(true).create_new(true).open(&path)?;
        let spec = WavSpec {
            channels: format.channels.into(),
            sample_rate: format.rate,
            bits_per_sample: 16,
            sample_format: Samples::Int,
        };
        let mut writer = WavWriter::new(file, spec).map_err(other)?;
        writer.flush().map_err(other)?;
        Ok(Self {
            source: source.to_owned(),
            path,
            format,
            writer: Some(writer),
            clock: 0,
            missing: 0,
            failing: false,
        })
    }

    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// Writes what came next. What cannot be written is missing.
    pub(super) fn append(&mut self, piece: &Piece) {
        let (frames, missing) = match piece {
            Piece::Samples(samples) => (samples.len() / self.format.frame_bytes(), false),
            Piece::Silence(frames) | Piece::Lost(frames) => {
                let frames = usize::try_from(*frames).unwrap_or(usize::MAX);
                (frames, matches!(piece, Piece::Lost(_)))
            }
        };
        let frames = frames as u64;
        let written = match piece {
            Piece::Samples(samples) => self.write(samples),
            // Before the next samples, so that a silent hour is written with what follows it.
            Piece::Silence(_) | Piece::Lost(_) => Ok(true),
        };
        self.clock = self.clock.saturating_add(frames);
        match written {
            Ok(true) if !missing => {}
            Ok(_) => self.missing += frames,
            Err(error) => {
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::error!(file = %self.path.display(), %error, "audio is not kept");
                }
                // With this the header says again how much there is.
                self.writer = None;
                self.missing += frames;
            }
        }
    }

    /// Whether there was room for them.
    fn write(&mut self, samples: &[u8]) -> io::Result<bool> {
        let frame = self.format.frame_bytes();
        let samples = &samples[..samples.len() - samples.len() % frame];
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => none.insert(open(&self.path)?),
        };
        let silence = self.clock.saturating_sub(writer.duration().into());
        let end = self
            .clock
            .saturating_mul(frame as u64)
            .saturating_add(samples.len() as u64);
        if end > MOST_BYTES {
            return Ok(false);
        }
        let mut owed = usize::try_from(silence).unwrap_or(usize::MAX) * frame;
        let at_once = AT_ONCE - AT_ONCE % frame;
        while owed > 0 {
            let now = owed.min(at_once);
            write(writer, std::iter::repeat_n(0, now / SAMPLE))?;
            owed -= now;
        }
        for part in samples.chunks(at_once) {
            let samples = part.as_chunks::<SAMPLE>().0.iter();
            write(writer, samples.map(|sample| i16::from_le_bytes(*sample)))?;
        }
        writer.flush().map_err(other)?;
        self.failing = false;
        Ok(true)
    }

    /// Writes everything to the disk; nothing more comes.
    pub(super) fn end(&mut self) -> io::Result<MeetingAudio> {
        if let Some(writer) = self.writer.take() {
            writer.finalize().map_err(other)?;
        }
        let kept = look(&self.path, &self.source)?;
        Ok(MeetingAudio {
            missing_ms: millis(self.missing, self.format.rate),
            ..kept
        })
    }
}

/// What an earlier process has left of the audio of these sources.
pub(super) fn left(meeting: &Path, sources: &[String]) -> Vec<MeetingAudio> {
    let kept = sources.iter().filter_map(|source| {
        let path = meeting.join(FOLDER).join(file_name(source));
        let kept = look(&path, source).inspect_err(|error| {
            tracing::error!(file = %path.display(), %error, "the audio of a meeting cannot be read");
        });
        kept.ok()
    });
    kept.collect()
}

/// What is in a file, once it ends with its last whole sample and is on the disk.
fn look(path: &Path, source: &str) -> io::Result<MeetingAudio> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let reader = WavReader::new(BufReader::new(&file)).map_err(other)?;
    let (spec, frames) = (reader.spec(), u64::from(reader.duration()));
    let bytes = u64::from(reader.len()) * SAMPLE as u64;
    let begin = reader.into_inner().stream_position()?;
    file.set_len(begin + bytes)?;
    file.sync_all()?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(MeetingAudio {
        source: source.to_owned(),
        file: format!("{FOLDER}/{name}"),
        bytes: begin + bytes,
        sample_rate: spec.sample_rate,
        channels: u8::try_from(spec.channels).unwrap_or(u8::MAX),
        duration_ms: millis(frames, spec.sample_rate),
        missing_ms: 0,
    })
}

fn open(path: &Path) -> io::Result<WavWriter<File>> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    WavWriter::new_append(file).map_err(other)
}

fn write(
    writer: &mut WavWriter<File>,
    samples: impl ExactSizeIterator<Item = i16>,
) -> io::Result<()> {
    let count = u32::try_from(samples.len()).map_err(io::Error::other)?;
    let mut into = writer.get_i16_writer(count);
    for sample in samples {
        into.write_sample(sample);
    }
    into.flush().map_err(other)
}

fn file_name(source: &str) -> String {
    format!("{source}.wav")
}

fn millis(frames: u64, rate: u32) -> u64 {
    frames.saturating_mul(1_000) / u64::from(rate.max(1))
}

fn other(error: hound::Error) -> io::Error {
    match error {
        hound::Error::IoError(error) => error,
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use bytes::Bytes;

    use super::*;

    const STEREO: SampleFormat = SampleFormat {
        rate: 1_000,
        channels: 2,
    };

    /// So many samples of two channels, the first of which counts from `from`.
    fn counted(from: i16, frames: i16) -> Piece {
        let frames = (from..from + frames).flat_map(|n| [n, -n]);
        let bytes: Vec<u8> = frames.flat_map(i16::to_le_bytes).collect();
        Piece::Samples(Bytes::from(bytes))
    }

    fn left_channel(folder: &Path) -> Vec<i16> {
        let reader = WavReader::open(folder.join("audio/mic.wav")).unwrap();
        assert_eq!(
            (reader.spec().channels, reader.spec().sample_rate),
            (2, 1_000)
        );
        let samples: Vec<i16> = reader.into_samples().map(Result::unwrap).collect();
        samples.chunks(2).map(|frame| frame[0]).collect()
    }

    #[test]
    fn what_was_not_kept_is_silence_so_that_the_clock_is_that_of_the_stream() {
        let meeting = tempfile::tempdir().unwrap();
        let mut file = AudioFile::create(meeting.path(), "mic", STEREO).unwrap();
        assert!(left_channel(meeting.path()).is_empty());
        for piece in [
            counted(1, 3),
            Piece::Silence(2),
            counted(6, 1),
            Piece::Lost(1),
            counted(8, 2),
            Piece::Lost(5),
        ] {
            file.append(&piece);
        }
        assert_eq!(left_channel(meeting.path()), [1, 2, 3, 0, 0, 6, 0, 8, 9]);
        let kept = file.end().unwrap();
        assert_eq!((kept.duration_ms, kept.missing_ms), (9, 6));
        assert_eq!(
            (kept.file.as_str(), kept.sample_rate),
            ("audio/mic.wav", 1_000)
        );
        let there = fs::metadata(meeting.path().join("audio/mic.wav")).unwrap();
        assert_eq!(kept.bytes, there.len());
    }

    #[test]
    fn a_file_that_the_end_of_the_process_has_torn_is_whole_again() {
        let meeting = tempfile::tempdir().unwrap();
        let mut file = AudioFile::create(meeting.path(), "mic", STEREO).unwrap();
        file.append(&counted(1, 3));
        std::mem::forget(file);
        let path = meeting.path().join("audio/mic.wav");
        let mut torn = OpenOptions::new().append(true).open(&path).unwrap();
        torn.write_all(&[7; 5]).unwrap();
        let left = left(meeting.path(), &["mic".to_owned()]);
        assert_eq!(left[0].duration_ms, 3);
        assert_eq!(left_channel(meeting.path()), [1, 2, 3]);
        assert_eq!(left[0].bytes, fs::metadata(&path).unwrap().len());
    }

    #[test]
    fn audio_that_a_failing_disk_refused_is_missing_and_what_follows_is_in_its_place() {
        let meeting = tempfile::tempdir().unwrap();
        let mut file = AudioFile::create(meeting.path(), "mic", STEREO).unwrap();
        file.append(&counted(1, 2));
        // The file cannot be opened for a while: as if the disk failed.
        file.writer = None;
        let (path, aside) = (file.path.clone(), file.path.with_extension("aside"));
        fs::rename(&path, &aside).unwrap();
        file.append(&counted(3, 2));
        fs::rename(&aside, &path).unwrap();
        file.append(&counted(5, 1));
        assert_eq!(left_channel(meeting.path()), [1, 2, 0, 0, 5]);
        assert_eq!(file.end().unwrap().missing_ms, 2);
    }

    #[test]
    fn a_file_takes_no_more_than_its_header_can_say() {
        let meeting = tempfile::tempdir().unwrap();
        let mut file = AudioFile::create(meeting.path(), "mic", STEREO).unwrap();
        file.append(&counted(1, 2));
        file.append(&Piece::Silence(MOST_BYTES / 4));
        file.append(&counted(3, 4));
        let kept = file.end().unwrap();
        assert_eq!((kept.duration_ms, kept.missing_ms), (2, 4));
    }

    #[test]
    fn what_no_header_can_say_is_refused() {
        let meeting = tempfile::tempdir().unwrap();
        for (rate, channels) in [(0, 1), (1, 0), (u32::MAX, 2)] {
            let format = SampleFormat { rate, channels };
            assert!(AudioFile::create(meeting.path(), "mic", format).is_err());
        }
    }

    #[test]
    fn only_its_owner_reads_what_was_said() {
        use std::os::unix::fs::PermissionsExt as _;
        let meeting = tempfile::tempdir().unwrap();
        let file = AudioFile::create(meeting.path(), "mic", STEREO).unwrap();
        let mode = fs::metadata(&file.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
