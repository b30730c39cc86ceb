//! What a meeting sounds like, on its way to the disk.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use car_protocol::rpc::meeting::MeetingAudio;
use parking_lot::Mutex;

use super::audio::{AudioFile, Piece};
use super::{MeetingError, MeetingFolder, MeetingMetadata};
use crate::voice::{SampleFormat, Sound};

/// How many bytes of all sources wait for the disk.
const WAITING_BYTES: usize = 8 << 20;
/// How many pieces of one source.
const WAITING: usize = 8_192;

/// Keeps the audio of the sources of a meeting. Whoever hears it puts it here and does not wait.
#[derive(Debug)]
pub(super) struct Recorder {
    sources: Vec<String>,
    format: SampleFormat,
    queue: Mutex<Queue>,
    files: Arc<Mutex<Vec<AudioFile>>>,
}

#[derive(Debug, Default)]
struct Queue {
    lanes: Vec<VecDeque<Piece>>,
    bytes: usize,
}

/// What is to be written: the pieces of each source.
pub(super) type Pieces = Vec<VecDeque<Piece>>;

impl Recorder {
    /// Makes the files for a meeting, where its audio is to be kept.
    pub(super) fn create(
        folder: &MeetingFolder,
        format: SampleFormat,
    ) -> Result<Option<Self>, MeetingError> {
        let MeetingMetadata { sources, .. } = folder.metadata();
        if !folder.metadata().keeps_audio() {
            return Ok(None);
        }
        let mut files = Vec::with_capacity(sources.len());
        for source in sources {
            files.push(AudioFile::create(folder.path(), source, format)?);
        }
        let lanes = vec![VecDeque::new(); files.len()];
        Ok(Some(Self {
            sources: sources.clone(),
            format,
            queue: Mutex::new(Queue { lanes, bytes: 0 }),
            files: Arc::new(Mutex::new(files)),
        }))
    }

    /// Takes what a source sounded like; in a pause, how long it was. What finds no room is lost and counted.
    pub(super) fn hear(&self, source: &str, sound: Sound, paused: bool) {
        let Some(place) = self.sources.iter().position(|name| name == source) else {
            return;
        };
        let frame = self.format.frame_bytes();
        let piece = match sound {
            Sound::Silence(frames) => Piece::Silence(frames),
            Sound::Samples(samples) if paused => Piece::Silence((samples.len() / frame) as u64),
            Sound::Samples(samples) => Piece::Samples(samples),
        };
        let lost = {
            let mut queue = self.queue.lock();
            let Queue { lanes, bytes } = &mut *queue;
            put(&mut lanes[place], bytes, piece, frame)
        };
        if lost {
            tracing::error!(source, "audio is lost: the disk is too slow");
        }
    }

    /// What waits.
    pub(super) fn take(&self) -> Option<Pieces> {
        let mut queue = self.queue.lock();
        if queue.lanes.iter().all(VecDeque::is_empty) {
            return None;
        }
        let empty = vec![VecDeque::new(); queue.lanes.len()];
        Some(std::mem::replace(&mut queue.lanes, empty))
    }

    /// What writes it, where waiting for the disk is allowed.
    pub(super) fn writer(&self, pieces: Pieces) -> impl FnOnce() + Send + 'static {
        let files = Arc::clone(&self.files);
        move || {
            let mut files = files.lock();
            for (file, pieces) in files.iter_mut().zip(&pieces) {
                for piece in pieces {
                    file.append(piece);
                }
            }
        }
    }

    /// So many bytes wait no longer.
    pub(super) fn written(&self, bytes: usize) {
        let mut queue = self.queue.lock();
        queue.bytes = queue.bytes.saturating_sub(bytes);
    }

    /// What ends the files, where waiting for the disk is allowed, and says what is in them.
    pub(super) fn ender(&self) -> impl FnOnce() -> Vec<MeetingAudio> + Send + 'static {
        let files = Arc::clone(&self.files);
        move || {
            let mut files = files.lock();
            let kept = files.iter_mut().filter_map(|file| {
                let kept = file.end().inspect_err(|error| {
                    let source = file.source();
                    tracing::error!(source, %error, "the end of a meeting's audio is not written");
                });
                kept.ok()
            });
            kept.collect()
        }
    }
}

/// The bytes of samples in these.
pub(super) fn bytes_of(pieces: &Pieces) -> usize {
    pieces.iter().flatten().map(bytes).sum()
}

fn bytes(piece: &Piece) -> usize {
    match piece {
        Piece::Samples(samples) => samples.len(),
        Piece::Silence(_) | Piece::Lost(_) => 0,
    }
}

/// Puts a piece behind the others of its source, or notes how long it was; whether this is the first that is lost.
fn put(lane: &mut VecDeque<Piece>, waiting: &mut usize, piece: Piece, frame: usize) -> bool {
    let full = lane.len() >= WAITING;
    let piece = match piece {
        Piece::Samples(samples) if full || *waiting + samples.len() > WAITING_BYTES => {
            Piece::Lost(frames(&samples, frame))
        }
        Piece::Silence(frames) if full => Piece::Lost(frames),
        piece => piece,
    };
    match (lane.back_mut(), &piece) {
        (Some(Piece::Silence(before)), Piece::Silence(more))
        | (Some(Piece::Lost(before)), Piece::Lost(more)) => {
            *before = before.saturating_add(*more);
            false
        }
        _ => {
            *waiting += bytes(&piece);
            let lost = matches!(piece, Piece::Lost(_));
            lane.push_back(piece);
            lost
        }
    }
}

fn frames(samples: &Bytes, frame: usize) -> u64 {
    (samples.len() / frame) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(bytes: usize) -> Piece {
        Piece::Samples(Bytes::from(vec![1; bytes]))
    }

    #[test]
    fn what_finds_no_room_is_counted_in_its_place_and_takes_none() {
        let (mut lane, mut waiting) = (VecDeque::new(), 0);
        let mut put = |piece| put(&mut lane, &mut waiting, piece, 2);
        assert!(!put(samples(WAITING_BYTES)));
        assert!(put(samples(4)));
        for _ in 0..100_000 {
            assert!(!put(samples(4)));
        }
        assert!(!put(Piece::Silence(3)));
        assert!(!put(Piece::Silence(4)));
        let behind = [Piece::Lost(200_002), Piece::Silence(7)];
        assert_eq!(lane.range(1..).cloned().collect::<Vec<_>>(), behind);
        assert_eq!(waiting, WAITING_BYTES);
    }

    #[test]
    fn small_pieces_are_bounded_too() {
        let (mut lane, mut waiting) = (VecDeque::new(), 0);
        for _ in 0..3 * WAITING {
            put(&mut lane, &mut waiting, samples(2), 2);
            put(&mut lane, &mut waiting, Piece::Silence(1), 2);
        }
        assert!(lane.len() <= WAITING + 1);
        let frames = lane.iter().map(|piece| match piece {
            Piece::Samples(samples) => frames(samples, 2),
            Piece::Silence(frames) | Piece::Lost(frames) => *frames,
        });
        assert_eq!(frames.sum::<u64>(), 6 * WAITING as u64);
    }
}
