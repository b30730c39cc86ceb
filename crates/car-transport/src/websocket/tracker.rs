//! Where in the frames of a peer a byte stream is. It reads headers (RFC 6455, section 5.2) and skips the rest; whether
//! a frame keeps the rules is the library's to say.

/// The longest header: two bytes, a length of eight, a mask of four.
const MAX_HEADER: usize = 14;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tracker {
    place: Place,
    /// Whole messages and control frames so far.
    messages: u64,
    /// Whether a message has begun whose last fragment has not come.
    in_message: bool,
    /// Bytes of its fragments.
    message_len: u64,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Header {
        bytes: [u8; MAX_HEADER],
        have: usize,
    },
    Payload {
        left: u64,
    },
}

impl Default for Place {
    fn default() -> Self {
        Self::Header {
            bytes: [0; MAX_HEADER],
            have: 0,
        }
    }
}

impl Tracker {
    pub(super) fn messages(&self) -> u64 {
        self.messages
    }

    pub(super) fn is_between_messages(&self) -> bool {
        !self.in_message && matches!(self.place, Place::Header { have: 0, .. })
    }

    /// Follows the stream through these bytes.
    ///
    /// # Errors
    /// A message becomes longer than `limit`. The number says how many of the bytes come before the frame that makes it
    /// so; the tracker is behind these, and may be shown the others again.
    pub(super) fn advance(&mut self, bytes: &[u8], limit: usize) -> Result<(), usize> {
        let (mut before_frame, mut start) = (*self, 0);
        let mut at = 0;
        while at < bytes.len() {
            match &mut self.place {
                Place::Header {
                    bytes: header,
                    have,
                } => {
                    let mut head = None;
                    if *have == 0 {
                        start = at;
                        // Nearly always all of it is here.
                        head = complete(&bytes[at..]);
                    }
                    if let Some(head) = head {
                        at += head.bytes;
                    } else {
                        header[*have] = bytes[at];
                        *have += 1;
                        at += 1;
                        head = complete(&header[..*have]);
                    }
                    if let Some(head) = head
                        && !self.begin(head, limit)
                    {
                        *self = before_frame;
                        return Err(start);
                    }
                }
                Place::Payload { left } => {
                    let here = (bytes.len() - at).min(usize::try_from(*left).unwrap_or(usize::MAX));
                    at += here;
                    *left -= here as u64;
                }
            }
            if matches!(self.place, Place::Payload { left: 0 }) {
                self.place = Place::default();
                before_frame = *self;
            }
        }
        Ok(())
    }

    /// A frame begins; whether it may.
    fn begin(&mut self, head: Head, limit: usize) -> bool {
        let Head { first, len, .. } = head;
        let is_control = first & 0x08 != 0;
        let is_last = first & 0x80 != 0;
        let before = if is_control { 0 } else { self.message_len };
        let together = before.saturating_add(len);
        if together > limit as u64 {
            return false;
        }
        self.place = Place::Payload { left: len };
        if is_control {
            self.messages += 1;
        } else if is_last {
            self.messages += 1;
            (self.in_message, self.message_len) = (false, 0);
        } else {
            (self.in_message, self.message_len) = (true, together);
        }
        true
    }
}

/// A whole header.
#[derive(Clone, Copy)]
struct Head {
    /// Its first byte.
    first: u8,
    /// The length of the payload.
    len: u64,
    /// Its own length.
    bytes: usize,
}

/// The header that these bytes begin with, if it is whole.
fn complete(bytes: &[u8]) -> Option<Head> {
    let &[first, second, ref rest @ ..] = bytes else {
        return None;
    };
    let extended = match second & 0x7F {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    if rest.len() < extended + mask {
        return None;
    }
    let len = match extended {
        0 => u64::from(second & 0x7F),
        _ => rest[..extended]
            .iter()
            .fold(0, |len, byte| (len << 8) | u64::from(*byte)),
    };
    Some(Head {
        first,
        len,
        bytes: 2 + extended + mask,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(first: u8, len: usize) -> Vec<u8> {
        let mut bytes = vec![first];
        match len {
            0..=125 => bytes.push(0x80 | len as u8),
            126..=0xFFFF => {
                bytes.push(0xFE);
                bytes.extend_from_slice(&(len as u16).to_be_bytes());
            }
            _ => {
                bytes.push(0xFF);
                bytes.extend_from_slice(&(len as u64).to_be_bytes());
            }
        }
        bytes.extend_from_slice(&[0x55; 4]);
        bytes.resize(bytes.len() + len, 0x81);
        bytes
    }

    #[test]
    fn a_message_counts_once_its_last_frame_has_begun_and_is_over_at_its_last_byte() {
        let bytes = frame(0x82, 300);
        let mut tracker = Tracker::default();
        for (at, byte) in bytes.iter().enumerate() {
            assert_eq!(tracker.is_between_messages(), at == 0, "{at}");
            assert_eq!(tracker.advance(&[*byte], 300), Ok(()));
        }
        assert!(tracker.is_between_messages());
        assert_eq!(tracker.messages(), 1);
    }

    #[test]
    fn fragments_are_one_message_and_a_ping_between_them_is_another() {
        let mut tracker = Tracker::default();
        let bytes = [frame(0x01, 0), frame(0x89, 5), frame(0x00, 7)].concat();
        assert_eq!(tracker.advance(&bytes, 7), Ok(()));
        assert!(!tracker.is_between_messages());
        assert_eq!(tracker.advance(&frame(0x80, 0), 7), Ok(()));
        assert!(tracker.is_between_messages());
        assert_eq!(tracker.messages(), 2);
    }

    #[test]
    fn the_limit_holds_for_a_frame_and_for_fragments_together() {
        for (bytes, fits) in [
            (frame(0x82, 8), 0),
            ([frame(0x82, 7), frame(0x82, 8)].concat(), 13),
            ([frame(0x02, 4), frame(0x80, 4)].concat(), 10),
            (frame(0x89, 100), 0),
        ] {
            let mut tracker = Tracker::default();
            assert_eq!(tracker.advance(&bytes, 7), Err(fits));
            assert_eq!(
                tracker.advance(&bytes[fits..], 100),
                Ok(()),
                "with a higher limit it goes on"
            );
            assert!(tracker.is_between_messages());
        }
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(
            frames in proptest::collection::vec((prop_oneof![Just(0x01_u8), Just(0x80), Just(0x82), Just(0x89)], 0..700_usize), 1..8),
            piece in 1..40_usize,
            limit in 300..1_000_usize,
        ) {
            let bytes: Vec<u8> = frames.iter().flat_map(|(first, len)| frame(*first, *len)).collect();
            let mut whole = Tracker::default();
            let at_once = whole.advance(&bytes, limit);
            let mut pieces = Tracker::default();
            let mut shown = 0;
            let mut exceeded = false;
            for piece in bytes.chunks(piece) {
                match pieces.advance(piece, limit) {
                    Ok(()) => shown += piece.len(),
                    Err(fits) => {
                        shown += fits;
                        exceeded = true;
                        break;
                    }
                }
            }
            prop_assert_eq!(exceeded, at_once.is_err());
            // A header that was begun in an earlier piece is shown already when its end exceeds.
            prop_assert!(at_once.is_ok() || shown < at_once.unwrap_err() + MAX_HEADER);
            prop_assert_eq!(pieces.messages(), whole.messages());
        }
    }
}
