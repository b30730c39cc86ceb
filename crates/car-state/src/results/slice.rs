//! How a part of a value stands in JSON.

use car_protocol::rpc::results::ChunkEncoding;

/// A part, and how much of it there is.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Part {
    pub(super) encoding: ChunkEncoding,
    pub(super) data: String,
    pub(super) length: u64,
}

/// The bytes as text, without a character that is cut at their end, or as base64: where that is asked for, and where they
/// begin inside a character or hold no whole one.
pub(super) fn shown(bytes: &[u8], wanted: Option<ChunkEncoding>) -> Part {
    if wanted != Some(ChunkEncoding::Base64)
        && let Some(text) = whole_characters(bytes)
    {
        return Part {
            encoding: ChunkEncoding::Text,
            data: text.to_owned(),
            length: text.len() as u64,
        };
    }
    Part {
        encoding: ChunkEncoding::Base64,
        data: base64(bytes),
        length: bytes.len() as u64,
    }
}

fn whole_characters(bytes: &[u8]) -> Option<&str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) if error.valid_up_to() > 0 && error.error_len().is_none() => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()
        }
        Err(_) => None,
    }
}

/// RFC 4648, section 4, with padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let mut bits = 0_u32;
        for place in 0..3 {
            bits = bits << 8 | u32::from(group.get(place).copied().unwrap_or(0));
        }
        for digit in 0..4 {
            let value = bits >> (18 - 6 * digit) & 0x3f;
            let padding = digit > group.len();
            text.push(if padding {
                '='
            } else {
                DIGITS[value as usize] as char
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(bytes: &[u8]) -> (ChunkEncoding, String, u64) {
        let part = shown(bytes, None);
        (part.encoding, part.data, part.length)
    }

    #[test]
    fn a_character_is_never_cut() {
        let text = "a€b".as_bytes();
        let (text_, base64) = (ChunkEncoding::Text, ChunkEncoding::Base64);
        assert_eq!(part(text), (text_, "a€b".to_owned(), 5));
        assert_eq!(part(&text[..3]), (text_, "a".to_owned(), 1));
        // Inside a character, and less than one: the bytes come as they are.
        assert_eq!(part(&text[2..]), (base64, "gqxi".to_owned(), 3));
        assert_eq!(part(&text[1..3]), (base64, "4oI=".to_owned(), 2));
        assert_eq!(part(b""), (text_, String::new(), 0));
    }

    #[test]
    fn base64_is_as_the_rfc_says() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(
                shown(bytes.as_bytes(), Some(ChunkEncoding::Base64)).data,
                text
            );
        }
    }
}
