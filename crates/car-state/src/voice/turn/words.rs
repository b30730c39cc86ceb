//! What is asked about, by the words that are used.

/// Something that takes its time to be looked up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum About {
    Mail,
    Calendar,
    Search,
}

/// The words, without the `s` of many.
const WORDS: [(&str, About); 10] = [
    ("email", About::Mail),
    ("mail", About::Mail),
    ("inbox", About::Mail),
    ("calendar", About::Calendar),
    ("schedule", About::Calendar),
    ("meeting", About::Calendar),
    ("appointment", About::Calendar),
    ("search", About::Search),
    ("find", About::Search),
    ("look up", About::Search),
];

impl About {
    /// What the first such word is about.
    pub(super) fn of(utterance: &str) -> Option<Self> {
        let lower = utterance.to_lowercase();
        let words = lower
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty());
        let mut before = "";
        for word in words {
            let one = word.strip_suffix('s').unwrap_or(word);
            let is_said = |said: &str| match said.split_once(' ') {
                Some((first, second)) => first == before && second == word,
                None => said == one || said == word,
            };
            if let Some((_, about)) = WORDS.iter().find(|(said, _)| is_said(said)) {
                return Some(*about);
            }
            before = word;
        }
        None
    }

    /// The word for it.
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Mail => "email",
            Self::Calendar => "calendar",
            Self::Search => "search",
        }
    }

    /// What to say until there is an answer.
    pub(super) const fn phrase(self) -> &'static str {
        match self {
            Self::Mail => "Let me check your mail.",
            Self::Calendar => "Let me look at your calendar.",
            Self::Search => "Let me look that up.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_that_is_known_counts() {
        for (utterance, about) in [
            ("Any new E-mails, please?", Some(About::Mail)),
            ("check my INBOX", Some(About::Mail)),
            ("when are my appointments", Some(About::Calendar)),
            ("find the meeting", Some(About::Search)),
            ("Look up the weather", Some(About::Search)),
            ("look at that", None),
            ("what a finding, mailman", None),
            ("", None),
        ] {
            assert_eq!(About::of(utterance), about, "{utterance}");
        }
    }
}
