//! What a model should know for a question, as text within a budget.

use car_protocol::Timestamp;
use car_state::memgine::{Context, ContextLine, Fact, Score, Section, Skill, SkillQuestion, Trust};

use crate::engine::CONVERSATION;
use crate::index::{Question, Weights};
use crate::memory::Memory;
use crate::text;

/// Bytes that are taken for a token.
const TOKEN: usize = 4;
/// Facts that are looked at for their relevance.
const RELEVANT: usize = 64;
/// Strategies that are shown at most, skills included.
const STRATEGIES: usize = 6;
/// Facts that fit this much less than the best one are left out.
const TAIL: f32 = 0.3;
pub(crate) const CONSTRAINT: &str = "constraint";
const STRATEGY: &str = "strategy";

/// All sections, in their order.
const SECTIONS: [Section; 6] = [
    Section::Constraints,
    Section::Strategies,
    Section::Facts,
    Section::Outdated,
    Section::Conversation,
    Section::Unknown,
];

fn heading(section: Section) -> &'static str {
    match section {
        Section::Constraints => "## Constraints\n",
        Section::Strategies => "## Strategies\n",
        Section::Outdated => "## Outdated\n",
        Section::Conversation => "## Recent conversation\n",
        Section::Unknown => "## Known unknowns\n",
        _ => "## Facts\n",
    }
}

/// How many hundredths of the budget it may take. Facts and what is outdated get what the others leave.
fn share(section: Section) -> usize {
    match section {
        Section::Constraints => 40,
        Section::Strategies | Section::Conversation => 15,
        Section::Unknown => 5,
        _ => 100,
    }
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
            heading(line.section).len()
        } else {
            0
        };
        let share = self.budget.saturating_mul(share(line.section)) / 100;
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
        for section in SECTIONS {
            let mut lines = self.lines.iter().filter(|line| line.section == section);
            if let Some(first) = lines.next() {
                context.text.push_str(heading(section));
                for line in std::iter::once(first).chain(lines) {
                    context.text.push_str(&line.text);
                    context.lines.push(line.clone());
                }
            }
        }
        context
    }
}

fn sheet(tokens: usize) -> Sheet {
    let budget = tokens.saturating_mul(TOKEN);
    Sheet {
        budget,
        left: budget,
        lines: Vec::new(),
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
    let mut sheet = sheet(tokens);
    constraints(memory, now, &mut sheet);
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
    let shown = sheet.lines.iter();
    let shown = shown
        .filter(|line| line.section == Section::Strategies)
        .count();
    let asked = SkillQuestion {
        task: text.to_owned(),
        ..SkillQuestion::default()
    };
    // Without a question every skill would fit.
    let room = STRATEGIES.saturating_sub(shown);
    let room = if question.terms.is_empty() { 0 } else { room };
    for (skill, _) in memory.skills.find(&asked, question, room) {
        sheet.put(skill_line(skill));
    }
    for fact in found.iter().filter(|found| found.fact.kind != STRATEGY) {
        if !sheet.put(line(Section::Facts, &fact.fact, Some(fact.score))) {
            break;
        }
        outdated(memory, &fact.fact, &mut sheet);
    }
    sheet.finish()
}

/// A context without looking for what fits: the newest facts, the newest first.
pub(crate) fn build_fast(memory: &Memory, now: Timestamp, tokens: usize) -> Context {
    let mut sheet = sheet(tokens);
    constraints(memory, now, &mut sheet);
    conversation(memory, now, &mut sheet);
    let newest =
        memory.facts.values().rev().filter(|fact| {
            fact.is_valid(now) && fact.kind != CONSTRAINT && fact.kind != CONVERSATION
        });
    for fact in newest.take(RELEVANT) {
        if !sheet.put(line(Section::Facts, fact, None)) {
            break;
        }
        outdated(memory, fact, &mut sheet);
    }
    sheet.finish()
}

fn constraints(memory: &Memory, now: Timestamp, sheet: &mut Sheet) {
    let constraints = memory.census.constraints.iter();
    for fact in constraints.filter_map(|slot| memory.facts.get(slot)) {
        if fact.is_valid(now) && !sheet.put(line(Section::Constraints, fact, None)) {
            break;
        }
    }
}

/// What a fact took the place of.
fn outdated(memory: &Memory, fact: &Fact, sheet: &mut Sheet) {
    if let Some(Ok(old)) = fact.supersedes.as_ref().map(|old| memory.get(old)) {
        sheet.put(line(Section::Outdated, old, None));
    }
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

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A skill on one line: what it is called, what it does and when it applies. Its code is asked for by its name.
fn skill_line(skill: &Skill) -> ContextLine {
    let about = format!("{} {}", skill.description, skill.when_to_apply);
    ContextLine {
        section: Section::Strategies,
        id: None,
        score: None,
        text: format!("- [skill {}] {}\n", one_line(&skill.name), one_line(&about)),
    }
}

/// A fact on one line, whatever is in it.
fn line(section: Section, fact: &Fact, score: Option<Score>) -> ContextLine {
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
