//! The text of a file, as statements that know their lines.

/// One statement, up to its semicolon, and where it begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Statement<'a> {
    pub(super) text: &'a str,
    /// The line of its first character, from 1.
    pub(super) line: u32,
}

/// How deep brackets may stand in each other.
pub(super) const MAX_DEPTH: usize = 32;
/// Of how many words and signs a statement may consist. The library follows what hangs together of them by recursion.
pub(super) const MAX_PIECES: usize = 2_000;

impl Statement<'_> {
    /// Whether the statement is within bounds that no reader of it comes to grief over.
    ///
    /// # Errors
    /// Where it is not, and why.
    pub(super) fn weigh(&self) -> Result<(), (usize, String)> {
        let bytes = self.text.as_bytes();
        let (mut at, mut depth, mut pieces, mut in_word) = (0, 0_usize, 0_usize, false);
        while let Some(byte) = bytes.get(at) {
            let word = byte.is_ascii_alphanumeric() || *byte == b'_';
            let blank = byte.is_ascii_whitespace();
            pieces += usize::from(!(blank || word && in_word));
            in_word = word;
            match byte {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > MAX_DEPTH {
                return Err((at, format!("brackets stand more than {MAX_DEPTH} deep")));
            }
            if pieces > MAX_PIECES {
                return Err((
                    at,
                    format!("a rule has more than {MAX_PIECES} words and signs"),
                ));
            }
            at = past(bytes, at);
        }
        Ok(())
    }

    /// The line of a byte of the statement.
    pub(super) fn line_at(&self, offset: usize) -> u32 {
        let before = self
            .text
            .as_bytes()
            .get(..offset)
            .unwrap_or(self.text.as_bytes());
        self.line + count_lines(before)
    }
}

/// Cuts a file at its semicolons, except those in strings and comments. What is left behind the last one is a statement
/// too, so that a missing semicolon is noticed by who reads it.
pub(super) fn statements(text: &str) -> Vec<Statement<'_>> {
    let mut found = Vec::new();
    let (mut rest, mut line) = (text, 1);
    loop {
        let skipped = leading(rest);
        line += count_lines(rest.as_bytes().get(..skipped).unwrap_or_default());
        rest = rest.get(skipped..).unwrap_or_default();
        if rest.is_empty() {
            return found;
        }
        let end = end_of_statement(rest.as_bytes());
        let (text, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        found.push(Statement { text, line });
        line += count_lines(text.as_bytes());
        rest = after;
    }
}

/// How many bytes of white space and comments stand in front.
fn leading(text: &str) -> usize {
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        if !rest.starts_with("//") {
            return text.len() - rest.len();
        }
        rest = rest.split_once('\n').map_or("", |(_, after)| after);
    }
}

/// Where a statement ends: behind its semicolon, or at the end of the text.
fn end_of_statement(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if *byte == b';' {
            return at + 1;
        }
        at = past(bytes, at);
    }
    bytes.len()
}

/// Behind the byte here, or the string or comment that begins here.
fn past(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at) {
        Some(b'"') => end_of_string(bytes, at + 1),
        Some(b'/') if bytes.get(at + 1) == Some(&b'/') => {
            let rest = bytes.get(at..).unwrap_or_default();
            let line = rest.iter().position(|byte| *byte == b'\n');
            at + line.unwrap_or(rest.len())
        }
        _ => at + 1,
    }
}

/// Behind the quote that ends a string.
fn end_of_string(bytes: &[u8], mut at: usize) -> usize {
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn count_lines(bytes: &[u8]) -> u32 {
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
    u32::try_from(lines).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_semicolon_in_a_string_or_a_comment_ends_nothing() {
        let text = "// first; rule\npermit(a) when { \"x;\\\";y\" }; // tail;\n\n@id(\"b\") // c;\nforbid(b);\nrest";
        let found: Vec<_> = statements(text)
            .iter()
            .map(|found| (found.line, found.text.to_owned()))
            .collect();
        assert_eq!(
            found,
            [
                (2, "permit(a) when { \"x;\\\";y\" };".to_owned()),
                (4, "@id(\"b\") // c;\nforbid(b);".to_owned()),
                (6, "rest".to_owned()),
            ]
        );
        assert_eq!(statements(text)[1].line_at(16), 5);
    }

    #[test]
    fn a_file_of_comments_has_no_statement() {
        assert_eq!(statements("  // one\n\n// two"), []);
        assert_eq!(statements(""), []);
    }

    #[test]
    fn what_is_too_deep_or_too_long_is_found_outside_of_strings() {
        let weigh = |text: &str| statements(text).first().map(Statement::weigh);
        assert_eq!(weigh(&"([{ )]} ".repeat(300)), Some(Ok(())));
        assert_eq!(
            weigh(&format!("\"{}\" // {}", "(".repeat(99), "[".repeat(99))),
            Some(Ok(()))
        );
        let deep = weigh(&"(".repeat(MAX_DEPTH + 1));
        assert!(matches!(deep, Some(Err((MAX_DEPTH, _)))));
        assert_eq!(weigh(&"word ".repeat(MAX_PIECES)), Some(Ok(())));
        assert!(matches!(weigh(&"!".repeat(MAX_PIECES + 1)), Some(Err(_))));
    }

    proptest! {
        #[test]
        fn every_text_is_cut_without_losing_what_is_no_comment(text in "[a;/\"\\\\ \né]{0,64}") {
            let found = statements(&text);
            let kept: usize = found.iter().map(|found| found.text.len()).sum();
            prop_assert!(kept <= text.len());
            for found in &found {
                prop_assert!(text.contains(found.text) && !found.text.is_empty());
                prop_assert!(found.line_at(usize::MAX) >= found.line);
            }
        }
    }
}
