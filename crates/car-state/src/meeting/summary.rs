//! What a meeting was about, in its own words: nothing is made up, and everything says where it was said.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use car_protocol::rpc::meeting::{Citation, MeetingSummary};

use super::{MeetingMetadata, Segment, Transcript};

/// How many sentences say what it was about.
const SENTENCES: usize = 5;
/// How many decisions, and how many things to be done.
const LISTED: usize = 20;
/// How many words it was about.
const TOPICS: usize = 8;
/// Shorter words matter to nobody; those of German and English that are longer and matter to nobody either follow.
const SHORTEST: usize = 4;

const COMMON: &[&str] = &[
    "about",
    "after",
    "again",
    "also",
    "another",
    "because",
    "been",
    "before",
    "being",
    "could",
    "does",
    "doing",
    "done",
    "each",
    "even",
    "every",
    "from",
    "going",
    "gonna",
    "have",
    "having",
    "here",
    "into",
    "just",
    "know",
    "like",
    "made",
    "make",
    "many",
    "maybe",
    "mean",
    "more",
    "most",
    "much",
    "need",
    "okay",
    "only",
    "other",
    "over",
    "really",
    "right",
    "said",
    "same",
    "should",
    "some",
    "something",
    "such",
    "than",
    "that",
    "their",
    "them",
    "then",
    "there",
    "these",
    "they",
    "thing",
    "things",
    "think",
    "this",
    "those",
    "very",
    "want",
    "well",
    "were",
    "what",
    "when",
    "where",
    "which",
    "while",
    "will",
    "with",
    "would",
    "yeah",
    "your",
    "aber",
    "alle",
    "auch",
    "dann",
    "dass",
    "denn",
    "dies",
    "diese",
    "doch",
    "eine",
    "einem",
    "einen",
    "einer",
    "haben",
    "hatte",
    "hier",
    "kann",
    "mehr",
    "nicht",
    "noch",
    "oder",
    "schon",
    "sehr",
    "sich",
    "sind",
    "über",
    "wenn",
    "werden",
    "wird",
    "wurde",
];

/// How decisions begin, or what they contain.
const DECIDING: &[&str] = &[
    "we decided",
    "we agreed",
    "it is decided",
    "it's decided",
    "decision is",
    "agreed to",
    "we will go with",
    "we'll go with",
    "let's go with",
    "approved",
];

/// What things to be done contain.
const DOING: &[&str] = &[
    "i will ",
    "i'll ",
    "you will ",
    "we need to ",
    "needs to ",
    "have to ",
    "action item",
    "to do",
    "todo",
    "follow up",
    "by monday",
    "by tuesday",
    "by wednesday",
    "by thursday",
    "by friday",
    "by tomorrow",
    "next week",
    "can you ",
    "could you ",
    "please ",
];

/// A sentence, and where it is.
struct Sentence<'a> {
    text: &'a str,
    index: usize,
    segment: &'a Segment,
}

/// Chooses what says most.
#[must_use]
pub fn summarise(metadata: &MeetingMetadata, transcript: &Transcript) -> MeetingSummary {
    let sentences: Vec<Sentence<'_>> = transcript
        .segments()
        .iter()
        .enumerate()
        .flat_map(|(index, segment)| {
            sentences(&segment.text).map(move |text| Sentence {
                text,
                index,
                segment,
            })
        })
        .collect();
    let mut weights: HashMap<String, f64> = HashMap::new();
    for sentence in &sentences {
        // A word counts once a sentence: who repeats it says no more.
        for word in words(sentence.text).collect::<BTreeSet<_>>() {
            *weights.entry(word).or_default() += 1.0;
        }
    }
    let mut best: Vec<(usize, f64)> = sentences
        .iter()
        .enumerate()
        .map(|(place, sentence)| (place, score(sentence.text, &weights)))
        .filter(|(_, score)| *score > 0.0)
        .collect();
    best.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    // Of a short meeting a third says it.
    best.truncate((sentences.len() / 3).clamp(1, SENTENCES));
    best.sort_by_key(|(place, _)| *place);
    let chosen: Vec<&Sentence<'_>> = best
        .iter()
        .filter_map(|(place, _)| sentences.get(*place))
        .collect();
    let marked = |marks: &[&str]| -> Vec<&Sentence<'_>> {
        let found = sentences.iter().filter(|sentence| {
            let text = sentence.text.to_lowercase();
            marks.iter().any(|mark| text.contains(mark))
        });
        found.take(LISTED).collect()
    };
    let (decisions, actions) = (marked(DECIDING), marked(DOING));
    let mut cited: BTreeMap<(usize, &str), Citation> = BTreeMap::new();
    for sentence in chosen.iter().chain(&decisions).chain(&actions) {
        cited
            .entry((sentence.index, sentence.text))
            .or_insert_with(|| Citation {
                text: sentence.text.to_owned(),
                source: sentence.segment.source.clone(),
                segment_id: sentence.segment.segment_id.clone(),
                index: sentence.index as u64,
            });
    }
    let texts = |of: &[&Sentence<'_>]| of.iter().map(|one| one.text.to_owned()).collect::<Vec<_>>();
    MeetingSummary {
        summary: texts(&chosen).join(" "),
        decisions: texts(&decisions),
        action_items: texts(&actions),
        attendees: attendees(metadata, transcript),
        topics: topics(&weights),
        method: "extractive".to_owned(),
        citations: cited.into_values().collect(),
        agent_id: None,
        reason: None,
    }
}

/// The mean weight of its words, less for what is too short to say anything.
fn score(sentence: &str, weights: &HashMap<String, f64>) -> f64 {
    let words: BTreeSet<_> = words(sentence).collect();
    if words.len() < 3 {
        return 0.0;
    }
    let sum: f64 = words.iter().filter_map(|word| weights.get(word)).sum();
    // The root keeps long sentences from winning by their length, and short ones from winning by one word.
    sum / (words.len() as f64).sqrt()
}

fn topics(weights: &HashMap<String, f64>) -> Vec<String> {
    let mut words: Vec<_> = weights
        .iter()
        .filter(|(_, weight)| **weight > 1.0)
        .collect();
    words.sort_by(|a, b| b.1.total_cmp(a.1).then(a.0.cmp(b.0)));
    words
        .iter()
        .take(TOPICS)
        .map(|(word, _)| (*word).clone())
        .collect()
}

fn attendees(metadata: &MeetingMetadata, transcript: &Transcript) -> Vec<String> {
    let names = transcript.segments().iter().filter_map(|segment| {
        let named = metadata.speaker_of(segment).map(str::to_owned);
        named.or_else(|| segment.role.strip_prefix("other:").map(str::to_owned))
    });
    names.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The sentences of a text, without what is around them.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(['.', '!', '?', '\n'])
        .map(str::trim)
        .filter(|sentence| sentence.chars().any(char::is_alphanumeric))
}

/// The words that matter, in lower case.
fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric() && c != '\'')
        .map(str::to_lowercase)
        .filter(|word| word.chars().count() >= SHORTEST && !COMMON.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use car_protocol::Timestamp;

    use super::super::MeetingId;
    use super::super::transcript::tests::segment;
    use super::*;

    fn metadata(id: &str) -> MeetingMetadata {
        MeetingMetadata::new(MeetingId::new(id).unwrap(), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_summary_says_nothing_that_was_not_said_and_where_it_was() {
        let mut transcript = Transcript::default();
        for (id, text) in [
            ("1", "Good morning. The budget of the bridge is not enough."),
            (
                "2",
                "Okay. The bridge needs steel, and the steel is over budget.",
            ),
            ("3", "Nice weather today."),
            (
                "4",
                "We decided to buy cheaper steel for the bridge. I will call Ann by Friday.",
            ),
        ] {
            transcript.apply(segment(id, 0, text)).unwrap();
        }
        let summary = summarise(&metadata("m"), &transcript);
        assert!(summary.summary.contains("steel is over budget"));
        assert!(!summary.summary.contains("weather"));
        assert_eq!(
            summary.decisions,
            ["We decided to buy cheaper steel for the bridge."]
        );
        assert_eq!(summary.action_items, ["I will call Ann by Friday."]);
        assert_eq!(summary.topics, ["bridge", "budget", "steel"]);
        let said = |citation: &Citation| {
            let segment = &transcript.segments()[usize::try_from(citation.index).unwrap()];
            segment.text.contains(&citation.text) && segment.segment_id == citation.segment_id
        };
        assert!(!summary.citations.is_empty() && summary.citations.iter().all(said));
    }

    #[test]
    fn of_a_meeting_without_words_nothing_is_said() {
        let summary = summarise(&metadata("m"), &Transcript::default());
        assert_eq!((summary.summary.as_str(), summary.citations.len()), ("", 0));
    }
}
