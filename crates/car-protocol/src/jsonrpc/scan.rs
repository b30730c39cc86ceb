use std::fmt;

/// How deep arrays and objects may nest in one frame.
pub const MAX_DEPTH: usize = 128;

/// Why a frame is refused before anything is built from it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ScanError {
    /// Arrays and objects nest deeper than [`MAX_DEPTH`].
    TooDeep,
    /// A `\u` escape names half of a UTF-16 pair, which no Rust string can hold.
    LoneSurrogate,
}

impl fmt::Display for ScanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooDeep => write!(f, "arrays and objects nest deeper than {MAX_DEPTH}"),
            Self::LoneSurrogate => f.write_str("a string has a lone surrogate"),
        }
    }
}

impl std::error::Error for ScanError {}

/// Rejects excessive depth and lone surrogates in one pass without allocating.
///
/// The grammar is not checked here: that is the parser's work, which follows.
///
/// # Errors
/// [`ScanError`] names the first reason found.
pub fn scan(text: &str) -> Result<(), ScanError> {
    let bytes = text.as_bytes();
    // Most frames have no `\u` and fewer brackets than the limit, whatever they stand in.
    if openings(bytes) <= MAX_DEPTH && !text.contains("\\u") {
        return Ok(());
    }
    let (mut depth, mut index) = (0_usize, 0_usize);
    while let Some(byte) = bytes.get(index) {
        index += 1;
        match byte {
            b'"' => index = string_end(bytes, index)?,
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(ScanError::TooDeep);
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// How many brackets open, in strings too. `[` and `{` differ in one bit only.
fn openings(bytes: &[u8]) -> usize {
    let opens = |byte: &u8| byte | 0x20 == b'{';
    // Sums of few bytes fit into a byte, which lets the compiler count many at once.
    let count = |chunk: &[u8]| {
        chunk
            .iter()
            .fold(0_u8, |sum, byte| sum + u8::from(opens(byte)))
    };
    bytes
        .chunks(128)
        .map(|chunk| usize::from(count(chunk)))
        .sum()
}

/// The index after the closing quote of the string whose content starts at `index`.
fn string_end(bytes: &[u8], mut index: usize) -> Result<usize, ScanError> {
    loop {
        index += plain(bytes.get(index..).unwrap_or_default());
        match bytes.get(index) {
            None => return Ok(index),
            Some(b'"') => return Ok(index + 1),
            Some(b'\\') if bytes.get(index + 1) == Some(&b'u') => {
                index += match code_unit(bytes, index) {
                    Some(0xD800..=0xDBFF) => match code_unit(bytes, index + 6) {
                        Some(0xDC00..=0xDFFF) => 12,
                        _ => return Err(ScanError::LoneSurrogate),
                    },
                    Some(0xDC00..=0xDFFF) => return Err(ScanError::LoneSurrogate),
                    Some(_) => 6,
                    // Not an escape: the parser will say so.
                    None => 2,
                };
            }
            Some(b'\\') => index += 2,
            Some(_) => index += 1,
        }
    }
}

/// How many bytes lie before the first quote or backslash, eight at a time: at most seven too few.
fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    // The high bit of the lowest byte that equals `byte` is set; only higher ones can be set by mistake.
    let equal = |word: u64, byte: u8| {
        let zeroed = word ^ u64::from_ne_bytes([byte; 8]);
        zeroed.wrapping_sub(ONES) & !zeroed & HIGH
    };
    let (words, _) = bytes.as_chunks::<8>();
    let mut length = 0;
    for word in words {
        let word = u64::from_le_bytes(*word);
        let found = equal(word, b'"') | equal(word, b'\\');
        if found != 0 {
            return length + (found.trailing_zeros() / 8) as usize;
        }
        length += 8;
    }
    length
}

/// The UTF-16 code unit of the `\uXXXX` escape at `index`.
fn code_unit(bytes: &[u8], index: usize) -> Option<u16> {
    let escape = bytes.get(index..index + 6)?;
    let digits = escape.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0_u16, |unit, digit| {
        let value = char::from(*digit).to_digit(16)?;
        Some((unit << 4) | u16::try_from(value).ok()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_the_last_depth_that_passes() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(scan(&nested(MAX_DEPTH)), Ok(()));
        assert_eq!(scan(&nested(MAX_DEPTH + 1)), Err(ScanError::TooDeep));
    }

    #[test]
    fn brackets_in_strings_do_not_count() {
        assert_eq!(scan(&format!("{{\"k\":\"{}\"}}", "[".repeat(500))), Ok(()));
        assert_eq!(scan(&format!("{{\"\\\"{}\":1}}", "[".repeat(500))), Ok(()));
    }

    #[test]
    fn siblings_do_not_add_up() {
        assert_eq!(scan(&format!("[{}]", vec!["[]"; 1000].join(","))), Ok(()));
    }

    #[test]
    fn surrogates_pass_in_pairs_only() {
        assert_eq!(scan(r#"{"k":"\ud83d\ude00"}"#), Ok(()));
        for lone in [
            r#""\ud83d""#,
            r#""\ud83dx""#,
            r#""\ude00""#,
            r#""\ud83d\ud83d""#,
            r#""\uD83D\n""#,
        ] {
            assert_eq!(scan(lone), Err(ScanError::LoneSurrogate), "{lone}");
        }
        assert_eq!(scan(r#""\\ud83d""#), Ok(()));
    }

    #[test]
    fn a_cut_frame_does_not_panic() {
        for cut in [r#""\"#, r#""\u"#, r#""\ud8"#, r#""\ud83d\u"#, "\""] {
            let _ = scan(cut);
        }
    }
}
