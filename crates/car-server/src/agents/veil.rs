//! Keeps secrets out of what an agent writes, wherever its pieces are cut.

use std::borrow::Cow;

/// What stands in the place of a secret.
const MASK: &[u8] = b"***";

/// Covers secrets in a flow of bytes.
#[derive(Debug)]
pub(super) struct Veil {
    secrets: Vec<Secret>,
    /// The end of what came, where a secret may have begun.
    held: Vec<u8>,
}

/// Shown to nobody.
#[derive(Clone)]
pub(super) struct Secret(Vec<u8>);

impl Secret {
    pub(super) fn new(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Veil {
    pub(super) fn new(secrets: &[Secret]) -> Self {
        let there = secrets.iter().filter(|secret| !secret.0.is_empty());
        Self {
            secrets: there.cloned().collect(),
            held: Vec::new(),
        }
    }

    /// What can be shown after these bytes came. At most what is as long as a secret is held back, and only while it may
    /// become one: a line that has ended never is.
    pub(super) fn cover<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let mut shown = if self.held.is_empty() {
            Cow::Borrowed(bytes)
        } else {
            let mut whole = std::mem::take(&mut self.held);
            whole.extend_from_slice(bytes);
            Cow::Owned(whole)
        };
        for secret in &self.secrets {
            if let Some(covered) = secret.covered(&shown) {
                shown = Cow::Owned(covered);
            }
        }
        let begun = self.secrets.iter().map(|secret| secret.begun(&shown));
        let kept = shown.len() - begun.max().unwrap_or(0);
        self.held
            .extend_from_slice(shown.get(kept..).unwrap_or_default());
        match shown {
            Cow::Borrowed(bytes) => Cow::Borrowed(bytes.get(..kept).unwrap_or_default()),
            Cow::Owned(mut bytes) => {
                bytes.truncate(kept);
                Cow::Owned(bytes)
            }
        }
    }

    /// What was held back, when nothing more comes.
    pub(super) fn rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }
}

impl Secret {
    /// The bytes without the secret; none where it is not in them.
    fn covered(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let find = |bytes: &[u8]| {
            bytes
                .windows(self.0.len())
                .position(|part| part == self.0.as_slice())
        };
        let mut at = find(bytes)?;
        let (mut covered, mut rest) = (Vec::with_capacity(bytes.len()), bytes);
        loop {
            let (before, after) = rest.split_at(at);
            covered.extend_from_slice(before);
            covered.extend_from_slice(MASK);
            rest = after.get(self.0.len()..).unwrap_or_default();
            match find(rest) {
                Some(next) => at = next,
                None => break,
            }
        }
        covered.extend_from_slice(rest);
        Some(covered)
    }

    /// How many bytes at the end are the beginning of the secret.
    fn begun(&self, bytes: &[u8]) -> usize {
        let longest = self.0.len().saturating_sub(1).min(bytes.len());
        (1..=longest)
            .rev()
            .find(|length| {
                let end = bytes.get(bytes.len() - length..);
                end.is_some() && end == self.0.get(..*length)
            })
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "aab-aac_aad";

    fn veil() -> Veil {
        Veil::new(&[Secret::new(TOKEN), Secret::new("other"), Secret::new("")])
    }

    fn shown(parts: &[&[u8]]) -> String {
        let mut veil = veil();
        let mut shown = Vec::new();
        for part in parts {
            shown.extend_from_slice(&veil.cover(part));
        }
        shown.extend(veil.rest());
        String::from_utf8(shown).unwrap()
    }

    #[test]
    fn a_secret_is_covered_wherever_it_is_cut() {
        let text = format!("a={TOKEN} aab-{TOKEN}{TOKEN}\nothe other");
        let covered = "a=*** aab-******\nothe ***";
        let bytes = text.as_bytes();
        for one in 0..=bytes.len() {
            for two in one..=bytes.len() {
                let parts = [&bytes[..one], &bytes[one..two], &bytes[two..]];
                assert_eq!(shown(&parts), covered, "cut at {one} and {two}");
            }
        }
    }

    #[test]
    fn what_is_no_secret_is_passed_on_as_it_is() {
        let mut veil = veil();
        assert!(matches!(
            veil.cover(b"a line\n"),
            Cow::Borrowed(b"a line\n")
        ));
        // What may become one waits, and no longer than until that is known.
        assert_eq!(&*veil.cover(b"aab-aac"), b"");
        assert_eq!(&*veil.cover(b"!"), b"aab-aac!");
        assert!(!format!("{veil:?}").contains("other"));
    }
}
