//! What a model should know for a question, as text within a budget.

use car_protocol::Timestamp;
use car_state::memgine::FactId;

use crate::engine::CONVERSATION;
use crate::fact::{Fact, Trust};
use crate::index::{Question, Score, Weights};
use crate::memory::Memory;
use crate::text;

/// Bytes that are taken for a token.
const TOKEN: usize = 4;
/// Facts that are looked at for their relevance.
const RELEVANT: usize = 64;
/// Strategies that are shown at most.
const STRATEGIES: usize = 6;
/// Facts that fit this much less than the best one are left out.
const TAIL: f32 = 0.3;
const CONSTRAINT: &str = "constraint";
const STRATEGY: &str = "strategy";

/// A part of a context.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Section {
    /// What always holds: facts of kind `constraint`.
    Constraints,
    /// How things are done: facts of kind `strategy` that fit.
    Strategies,
    /// Other facts that fit, the best first.
    Facts,
    /// What the shown facts took the place of.
    Outdated,
    /// The last turns of conversations, in their order.
    Conversation,
    /// Words of the question that no fact has.
    Unknown,
}

impl Section {
    const ALL: [Self; 6] = [
        Self::Constraints,
        Self::Strategies,
        Self::Facts,
        Self::Outdated,
        Self::Conversation,
        Self::Unknown,
    ];

    const fn heading(self) -> &'static str {
        match self {
            Self::Constraints => "## Constraints\n",
            Self::Strategies => "## Strategies\n",
            Self::Facts => "## Facts\n",
            Self::Outdated => "## Outdated\n",
            Self::Conversation => "## Recent conversation\n",
            Self::Unknown => "## Known unknowns\n",
        }
    }

    /// How many hundredths of the budget it may take. Facts and what is outdated get what the others leave.
    const fn share(self) -> usize {
        match self {
            Self::Constraints => 40,
            Self::Strategies | Self::Conversation => 15,
            Self::Facts | Self::Outdated => 100,
            Self::Unknown => 5,
        }
    }
}

/// A context, and the reason of each line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Context {
    /// What a model gets.
    pub text: String,
    /// The lines of it below the headings, in order.
    pub lines: Vec<ContextLine>,
}

/// A line of a context.
#[derive(Clone, Debug, PartialEq)]
pub struct ContextLine {
    /// Where it is.
    pub section: Section,
    /// The fact that it tells, which its text cites.
    pub id: Option<FactId>,
    /// How well that fact fits, where that is why it is there.
    pub score: Option<Score>,
    /// The line, with its end.
    pub text: String,
}

/// Lines within a budget.
#[derive(Debug)]
struct Sheet {
    budget: usize,
    left: usize,
    lines: Vec<ContextLine>,
}

impl Sheet {
    /// Puts a line down unless it is too long for its section or for all.
    fn put(&mut self, line: ContextLine) -> bool {
        let of_section = |other: &&ContextLine| other.section == line.section;
        let taken: usize = self
            .lines
            .iter()
            .filter(of_section)
            .map(|line| line.text.len())
            .sum();
        let heading = if taken == 0 {
            line.section.heading().len()
        } else {
            0
        };
        let share = self.budget.saturating_mul(line.section.share()) / 100;
        let cost = heading + line.text.len();
        if cost > self.left || taken + cost > share {
            return false;
        }
        self.left -= cost;
        self.lines.push(line);
        true
    }

    fn finish(self) -> Context {
        let mut context = Context::default();
        for section in Section::ALL {
            let mut lines = self.lines.iter().filter(|line| line.section == section);
            if let Some(first) = lines.next() {
                context.text.push_str(section.heading());
                for line in std::iter::once(first).chain(lines) {
                    context.text.push_str(&line.text);
                    context.lines.push(line.clone());
                }
            }
        }
        context
    }
}

pub(crate) fn build(
    memory: &Memory,
    text: &str,
    question: &Question,
    weights: Weights,
    now: Timestamp,
    tokens: usize,
) -> Context {
    let budget = tokens.saturating_mul(TOKEN);
    let mut sheet = Sheet {
        budget,
        left: budget,
        lines: Vec::new(),
    };
    let constraints = memory.facts.values();
    for fact in constraints.filter(|fact| fact.kind == CONSTRAINT && fact.is_valid(now)) {
        if !sheet.put(line(Section::Constraints, fact, None)) {
            break;
        }
    }
    conversation(memory, now, &mut sheet);
    unknown(memory, text, &mut sheet);
    let found = memory.search(question, weights, RELEVANT, now, |fact| {
        fact.kind != CONSTRAINT && !(fact.kind == CONVERSATION && memory.turns.contains(&fact.id))
    });
    let least = found.first().map_or(0.0, |best| best.score.total * TAIL);
    let found: Vec<_> = found
        .into_iter()
        .filter(|found| found.score.total >= least)
        .collect();
    let strategies = found.iter().filter(|found| found.fact.kind == STRATEGY);
    for strategy in strategies.take(STRATEGIES) {
        sheet.put(line(
            Section::Strategies,
            &strategy.fact,
            Some(strategy.score),
        ));
    }
    for fact in found.iter().filter(|found| found.fact.kind != STRATEGY) {
        if !sheet.put(line(Section::Facts, &fact.fact, Some(fact.score))) {
            break;
        }
        if let Some(Ok(old)) = fact.fact.supersedes.as_ref().map(|old| memory.get(old)) {
            sheet.put(line(Section::Outdated, old, None));
        }
    }
    sheet.finish()
}

/// The last turns that there is room for, in their order.
fn conversation(memory: &Memory, now: Timestamp, sheet: &mut Sheet) {
    let before = sheet.lines.len();
    for turn in memory.turns.iter().rev() {
        let Ok(fact) = memory.get(turn) else { continue };
        if fact.is_valid(now) && !sheet.put(line(Section::Conversation, fact, None)) {
            break;
        }
    }
    if let Some(turns) = sheet.lines.get_mut(before..) {
        turns.reverse();
    }
}

/// The words of a question that no fact has, in its order.
fn unknown(memory: &Memory, question: &str, sheet: &mut Sheet) {
    let mut words: Vec<String> = Vec::new();
    for word in text::words(question) {
        let known = text::is_silent(&word) || memory.index.lexical.knows(&text::term(&word));
        if !known && !words.contains(&word) {
            words.push(word);
        }
    }
    if !words.is_empty() {
        sheet.put(ContextLine {
            section: Section::Unknown,
            id: None,
            score: None,
            text: format!("- No fact mentions: {}\n", words.join(", ")),
        });
    }
}

/// A fact on one line, whatever is in it.
fn line(section: Section, fact: &Fact, score: Option<Score>) -> ContextLine {
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (subject, body) = (one_line(&fact.subject), one_line(&fact.body));
    let mut text = format!("- [{}] {subject}: {body}", fact.id.0);
    let mut remark = |what: String| {
        text.push_str(" (");
        text.push_str(&what);
        text.push(')');
    };
    if fact.trust == Trust::Untrusted {
        remark("untrusted".to_owned());
    }
    for other in &fact.contradicts {
        remark(format!("disputed by {}", other.0));
    }
    if let Some(by) = &fact.superseded_by {
        remark(format!("replaced by {}", by.0));
    }
    text.push('\n');
    ContextLine {
        section,
        id: Some(fact.id.clone()),
        score,
        text,
    }
}
