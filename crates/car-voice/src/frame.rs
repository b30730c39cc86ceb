//! Audio as a binary message: a header and PCM, so that nobody pays for base64.
//!
//! All numbers are little-endian.
//!
//! | offset | bytes | meaning |
//! |---|---|---|
//! | 0 | 1 | `0xCA` |
//! | 1 | 1 | version, 1 |
//! | 2 | 1 | encoding: 1 is 16-bit signed little-endian PCM, channels interleaved |
//! | 3 | 1 | channels, 1 to 8 |
//! | 4 | 4 | samples a second |
//! | 8 | 8 | sequence, counting from 0 in each stream |
//! | 16 | 1 | n, the bytes of the stream's id, 1 to 128 |
//! | 17 | n | the stream's id: letters, digits and `-_.:/` of ASCII |
//! | 17+n | | the samples |

use std::fmt;

use bytes::{BufMut as _, Bytes, BytesMut};
use thiserror::Error;

use crate::format::{AudioFormat, FormatError};

/// What begins every frame: no text of UTF-8 begins with a byte that cannot be followed by the version.
pub const MAGIC: u8 = 0xCA;
/// The version of the header.
pub const VERSION: u8 = 1;
/// The one encoding there is.
pub const PCM_S16_LE: u8 = 1;
/// How long a stream's id may be, in bytes.
pub const LONGEST_ID: usize = 128;
/// How much audio a frame may carry, in bytes.
pub const MOST_AUDIO: usize = 1 << 20;

const FIXED: usize = 17;

/// The id of a stream: 1 to 128 letters, digits and `-_.:/` of ASCII.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct StreamId(Box<str>);

impl StreamId {
    /// An id from its text.
    ///
    /// # Errors
    /// [`FrameError::Id`].
    pub fn new(text: &str) -> Result<Self, FrameError> {
        check(text)?;
        Ok(Self(text.into()))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check(id: &str) -> Result<(), FrameError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.:/".contains(&b);
    if id.is_empty() || id.len() > LONGEST_ID || !id.bytes().all(allowed) {
        return Err(FrameError::Id);
    }
    Ok(())
}

/// A frame as it lies in its message: nothing of it is copied.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FrameView<'a> {
    /// Which stream.
    pub stream: &'a str,
    /// Its number in the stream.
    pub sequence: u64,
    /// What the samples mean.
    pub format: AudioFormat,
    /// The samples, in the memory of the message: whole ones, and at least one of every channel.
    pub audio: Bytes,
}

/// Audio of one stream.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AudioFrame {
    /// Which stream.
    pub stream: StreamId,
    /// Its number in the stream.
    pub sequence: u64,
    /// What the samples mean.
    pub format: AudioFormat,
    /// The samples: whole ones, and at least one of every channel.
    pub audio: Bytes,
}

impl<'a> FrameView<'a> {
    /// Reads a message.
    ///
    /// # Errors
    /// [`FrameError`].
    pub fn read(message: &'a Bytes) -> Result<Self, FrameError> {
        let header: &[u8; FIXED] = message.first_chunk().ok_or(FrameError::Cut)?;
        let &[
            magic,
            version,
            encoding,
            channels,
            r0,
            r1,
            r2,
            r3,
            ref sequence @ ..,
            id_bytes,
        ] = header;
        if magic != MAGIC {
            return Err(FrameError::Magic);
        }
        if version != VERSION {
            return Err(FrameError::Version(version));
        }
        if encoding != PCM_S16_LE {
            return Err(FrameError::Encoding(encoding));
        }
        let format = AudioFormat::new(u32::from_le_bytes([r0, r1, r2, r3]), channels)?;
        let end = FIXED + usize::from(id_bytes);
        let id = message.get(FIXED..end).ok_or(FrameError::Cut)?;
        let stream = std::str::from_utf8(id).map_err(|_| FrameError::Id)?;
        check(stream)?;
        let audio = message.slice(end..);
        if audio.len() > MOST_AUDIO {
            return Err(FrameError::TooLong { bytes: audio.len() });
        }
        if format.frames(audio.len())? == 0 {
            return Err(FrameError::Silent);
        }
        Ok(Self {
            stream,
            sequence: u64::from_le_bytes(*sequence),
            format,
            audio,
        })
    }
}

impl AudioFrame {
    /// Reads a message. The audio shares its memory.
    ///
    /// # Errors
    /// [`FrameError`].
    pub fn read(message: &Bytes) -> Result<Self, FrameError> {
        let FrameView {
            stream,
            sequence,
            format,
            audio,
        } = FrameView::read(message)?;
        Ok(Self {
            stream: StreamId(stream.into()),
            sequence,
            format,
            audio,
        })
    }

    /// The message that says this.
    #[must_use]
    pub fn to_message(&self) -> Bytes {
        let id = self.stream.as_str().as_bytes();
        let mut message = BytesMut::with_capacity(FIXED + id.len() + self.audio.len());
        message.put_slice(&[MAGIC, VERSION, PCM_S16_LE, self.format.channels()]);
        message.put_u32_le(self.format.rate());
        message.put_u64_le(self.sequence);
        message.put_u8(u8::try_from(id.len()).unwrap_or(u8::MAX));
        message.put_slice(id);
        message.put_slice(&self.audio);
        message.freeze()
    }
}

/// Why a message is no frame.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum FrameError {
    /// It ends within its header.
    #[error("the message ends within its header")]
    Cut,
    /// It is something else.
    #[error("the message does not begin as audio does")]
    Magic,
    /// A version that is not known.
    #[error("version {0} of the header is not known")]
    Version(u8),
    /// An encoding that is not known.
    #[error("encoding {0} is not known")]
    Encoding(u8),
    /// The id is empty, too long, or has other characters.
    #[error("a stream's id is 1 to {LONGEST_ID} letters, digits and -_.:/")]
    Id,
    /// Its format is not taken.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// More audio than a frame may carry.
    #[error("{bytes} bytes of audio; a frame carries {MOST_AUDIO} at most")]
    TooLong {
        /// How much there was.
        bytes: usize,
    },
    /// No audio at all.
    #[error("the message holds no audio")]
    Silent,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame() -> AudioFrame {
        AudioFrame {
            stream: StreamId::new("meeting:m-1:mic").unwrap(),
            sequence: 7,
            format: AudioFormat::new(16_000, 1).unwrap(),
            audio: Bytes::from_static(&[1, 0, 2, 0]),
        }
    }

    #[test]
    fn the_header_is_as_it_is_documented() {
        let message = frame().to_message();
        let head = [0xCA, 1, 1, 1, 0x80, 0x3E, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 15];
        assert_eq!(message[..17], head);
        assert_eq!(&message[17..32], b"meeting:m-1:mic");
        assert_eq!(message[32..], [1, 0, 2, 0]);
    }

    #[test]
    fn each_fault_is_told_by_its_name() {
        let good = frame().to_message();
        let with = |at: usize, byte: u8| {
            let mut bytes = good.to_vec();
            bytes[at] = byte;
            AudioFrame::read(&bytes.into()).unwrap_err()
        };
        assert_eq!(with(0, b'{'), FrameError::Magic);
        assert_eq!(with(1, 2), FrameError::Version(2));
        assert_eq!(with(2, 3), FrameError::Encoding(3));
        assert_eq!(with(3, 0), FormatError::Channels(0).into());
        assert_eq!(with(3, 3), FormatError::Torn { bytes: 4, frame: 6 }.into());
        assert_eq!(with(16, 0), FrameError::Id);
        assert_eq!(with(16, 255), FrameError::Cut);
        assert_eq!(with(17, b' '), FrameError::Id);
        let silent = AudioFrame::read(&good.slice(..32)).unwrap_err();
        assert_eq!(silent, FrameError::Silent);
        let mut long = good.to_vec();
        long.resize(32 + MOST_AUDIO + 2, 0);
        let long = AudioFrame::read(&long.into()).unwrap_err();
        assert!(matches!(long, FrameError::TooLong { .. }));
    }

    #[test]
    fn a_cut_frame_does_not_panic() {
        let good = frame().to_message();
        for end in 0..good.len() - 3 {
            AudioFrame::read(&good.slice(..end)).unwrap_err();
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut bytes = bytes;
            if let [magic, version, encoding, ..] = &mut bytes[..] {
                (*magic, *version, *encoding) = (MAGIC, VERSION, PCM_S16_LE);
            }
            let message = Bytes::from(bytes);
            if let Ok(frame) = AudioFrame::read(&message) {
                prop_assert_eq!(frame.to_message(), message);
            }
        }

        #[test]
        fn what_was_written_is_read(
            id in "[a-zA-Z0-9_.:/-]{1,128}",
            sequence: u64,
            rate in 4_000..=384_000_u32,
            channels in 1..=8_u8,
            frames in 1..50_usize,
        ) {
            let format = AudioFormat::new(rate, channels).unwrap();
            let frame = AudioFrame {
                stream: StreamId::new(&id).unwrap(),
                sequence,
                format,
                audio: vec![5; frames * format.frame_bytes()].into(),
            };
            prop_assert_eq!(AudioFrame::read(&frame.to_message()), Ok(frame));
        }
    }
}
