//! The first bytes of a frame (RFC 6455, section 5.2).

use bytes::{Buf, BytesMut};

use super::config::Role;
use crate::source::SourceError;

/// The longest payload of a ping, pong or close.
pub(super) const MAX_CONTROL: usize = 125;

/// The longest header: two bytes, a length of eight, a mask of four.
pub(super) const MAX_HEADER: usize = 14;

/// What a frame is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    const fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            _ => return None,
        })
    }

    const fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xA,
        }
    }

    pub(super) const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// A header that keeps all the rules that can be seen from it alone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Header {
    pub(super) opcode: Opcode,
    pub(super) fin: bool,
    /// Bytes of payload.
    pub(super) len: u64,
    pub(super) mask: Option<[u8; 4]>,
}

impl Header {
    /// Takes a header off the front of `bytes`; nothing, and nothing taken, when more bytes are needed.
    ///
    /// # Errors
    /// A rule is broken.
    pub(super) fn take(bytes: &mut BytesMut, role: Role) -> Result<Option<Self>, SourceError> {
        let &[first, second, ..] = &bytes[..] else {
            return Ok(None);
        };
        if first & 0x70 != 0 {
            return Err(SourceError::Protocol("a reserved bit is set"));
        }
        let opcode = Opcode::from_bits(first & 0x0F)
            .ok_or(SourceError::Protocol("the opcode is unknown"))?;
        let fin = first & 0x80 != 0;
        let masked = second & 0x80 != 0;
        match (role, masked) {
            (Role::Server, false) => {
                return Err(SourceError::Protocol("a frame of a client is not masked"));
            }
            (Role::Client, true) => {
                return Err(SourceError::Protocol("a frame of a server is masked"));
            }
            _ => {}
        }
        let short = second & 0x7F;
        if opcode.is_control() {
            if !fin {
                return Err(SourceError::Protocol("a control frame is fragmented"));
            }
            if usize::from(short) > MAX_CONTROL {
                return Err(SourceError::Protocol(
                    "a control frame is longer than 125 bytes",
                ));
            }
        }

        let extended = match short {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let size = 2 + extended + if masked { 4 } else { 0 };
        if bytes.len() < size {
            return Ok(None);
        }
        bytes.advance(2);
        let len = match extended {
            2 => u64::from(bytes.get_u16()),
            8 => bytes.get_u64(),
            _ => u64::from(short),
        };
        if len > i64::MAX as u64 {
            return Err(SourceError::Protocol("the highest bit of a length is set"));
        }
        let mask = masked.then(|| bytes.get_u32().to_be_bytes());
        Ok(Some(Self {
            opcode,
            fin,
            len,
            mask,
        }))
    }

    /// Appends the header of a final frame.
    pub(super) fn put(out: &mut Vec<u8>, opcode: Opcode, len: usize, mask: Option<[u8; 4]>) {
        out.push(0x80 | opcode.bits());
        let masked = if mask.is_some() { 0x80 } else { 0 };
        if let Ok(short @ 0..=125) = u8::try_from(len) {
            out.push(masked | short);
        } else if let Ok(medium) = u16::try_from(len) {
            out.push(masked | 126);
            out.extend_from_slice(&medium.to_be_bytes());
        } else {
            out.push(masked | 127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
        if let Some(mask) = mask {
            out.extend_from_slice(&mask);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(bytes: &[u8], role: Role) -> Result<Option<Header>, String> {
        Header::take(&mut BytesMut::from(bytes), role).map_err(|error| error.to_string())
    }

    #[test]
    fn every_length_survives_the_way_out_and_in() {
        for len in [0, 1, 125, 126, 127, 65_535, 65_536, 8 << 20] {
            for mask in [None, Some([1, 2, 3, 4])] {
                let mut out = Vec::new();
                Header::put(&mut out, Opcode::Binary, len, mask);
                let role = if mask.is_some() {
                    Role::Server
                } else {
                    Role::Client
                };
                for cut in 0..out.len() {
                    assert_eq!(
                        take(&out[..cut], role),
                        Ok(None),
                        "{len} bytes cut at {cut}"
                    );
                }
                let header = take(&out, role).unwrap().unwrap();
                assert_eq!(
                    header,
                    Header {
                        opcode: Opcode::Binary,
                        fin: true,
                        len: len as u64,
                        mask
                    }
                );
                assert!(out.len() <= MAX_HEADER);
            }
        }
    }

    #[test]
    fn an_incomplete_header_takes_nothing() {
        let mut bytes = BytesMut::from(&[0x82, 0xFE, 0x01][..]);
        assert_eq!(Header::take(&mut bytes, Role::Server).unwrap(), None);
        assert_eq!(bytes.len(), 3);
    }

    #[test]
    fn each_broken_rule_is_seen_in_the_first_two_bytes() {
        let broken: &[(&[u8], Role)] = &[
            (&[0xC1, 0x80], Role::Server),
            (&[0x83, 0x80], Role::Server),
            (&[0x8B, 0x80], Role::Server),
            (&[0x81, 0x00], Role::Server),
            (&[0x81, 0x80], Role::Client),
            (&[0x09, 0x80], Role::Server),
            (&[0x89, 0xFE], Role::Server),
        ];
        for (bytes, role) in broken {
            assert!(take(bytes, *role).is_err(), "{bytes:x?}");
        }
    }

    #[test]
    fn a_length_beyond_63_bits_is_refused() {
        let mut bytes = vec![0x82, 0xFF];
        bytes.extend_from_slice(&u64::MAX.to_be_bytes());
        bytes.extend_from_slice(&[0; 4]);
        assert!(take(&bytes, Role::Server).is_err());
    }
}
