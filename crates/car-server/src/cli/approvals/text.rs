//! What others wrote, as a terminal may show it.

use std::fmt::Write as _;

use car_protocol::Timestamp;

/// The text without what a terminal takes for commands, and without what turns letters round: whoever asks must not be
/// able to draw their own answer.
pub(super) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        let turns = matches!(
            character,
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}'
        );
        if character.is_control() || turns {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(character));
        } else {
            shown.push(character);
        }
    }
    shown
}

/// The text in so many characters, cut if need be.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// How far apart two moments are, in the largest unit: `45 s`.
pub(super) fn span(from: Timestamp, to: Timestamp) -> String {
    let seconds = to.unix_millis().saturating_sub(from.unix_millis()).max(0) / 1_000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// Columns as wide as what is in them; the last is as wide as it likes.
pub(super) fn columns(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let widest = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
        widest.max(head.get(column).map_or(0, |title| title.len()))
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut text = String::new();
    let head = head.iter().map(|title| (*title).to_owned()).collect();
    for row in std::iter::once(&head).chain(rows) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:<width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_gets_through() {
        let shown = plain("a\u{1b}[2Jb\r\n\u{9b}31m\u{202e}é😀");
        assert_eq!(shown, r"a\u{1b}[2Jb\u{d}\u{a}\u{9b}31m\u{202e}é😀");
    }

    #[test]
    fn a_text_is_cut_at_characters() {
        assert_eq!(cut("é€😀x", 4), "é€😀x");
        assert_eq!(cut("é€😀x", 3), "é€…");
        assert_eq!(cut("", 0), "");
    }

    #[test]
    fn a_span_is_told_in_its_largest_unit() {
        let at = Timestamp::from_unix_millis;
        for (millis, told) in [
            (-5, "0 s"),
            (119_999, "119 s"),
            (120_000, "2 min"),
            (7_200_000, "2 h"),
            (172_800_000, "2 d"),
        ] {
            assert_eq!(span(at(0), at(millis)), told);
        }
    }

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let rows = [
            vec!["é".to_owned(), "x".to_owned()],
            vec!["long".to_owned(), "y".to_owned()],
        ];
        assert_eq!(columns(&["A", "B"], &rows), "A     B\né     x\nlong  y\n");
    }
}
