//! How well questions find their notes, on the test set in `data/retrieval.txt`.
#![expect(
    clippy::unwrap_used,
    reason = "the test set is read outside of the tests themselves"
)]

use std::fmt;
use std::sync::Arc;

use car_memgine::{Engine, Limits, Weights, WordTable};
use car_protocol::Timestamp;
use car_state::clock::FixedClock;
use car_state::memgine::{Details, FactId, NewFact};

struct Asked {
    kind: char,
    question: String,
    answer: FactId,
    /// Every second group was not looked at when the weights were chosen.
    held_out: bool,
}

fn load(weights: Weights) -> (Engine, Vec<Asked>) {
    let clock = FixedClock(Timestamp::UNIX_EPOCH);
    let engine = Engine::with(
        Limits::default(),
        Arc::new(WordTable),
        weights,
        Arc::new(clock),
    );
    let (mut asked, mut last) = (Vec::new(), None);
    let lines = include_str!("data/retrieval.txt").lines();
    for line in lines.filter(|line| !line.starts_with('#')) {
        let (kind, rest) = line.split_once(' ').unwrap();
        if kind == "n" {
            let (subject, body) = rest.split_once(" | ").unwrap();
            let fact = NewFact {
                subject: subject.to_owned(),
                body: body.to_owned(),
                kind: "pattern".to_owned(),
                at: Timestamp::UNIX_EPOCH,
                source: "test".to_owned(),
            };
            last = Some(engine.add(fact, Details::default()).unwrap());
        } else {
            asked.push(Asked {
                kind: kind.chars().next().unwrap(),
                question: rest.to_owned(),
                answer: last.take().unwrap(),
                held_out: asked.len() / 3 % 2 == 1,
            });
        }
    }
    (engine, asked)
}

/// R@1, R@3 and the mean reciprocal rank.
#[derive(Clone, Copy, Debug, Default)]
struct Figures {
    first: f32,
    third: f32,
    reciprocal: f32,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.2} {:.2} {:.2}",
            self.first, self.third, self.reciprocal
        )
    }
}

fn figures(weights: Weights, of: impl Fn(&Asked) -> bool) -> Figures {
    let (engine, asked) = load(weights);
    let (mut sum, mut count) = (Figures::default(), 0.0_f32);
    for asked in asked.iter().filter(|asked| of(asked)) {
        let found = engine.search(&asked.question, 100);
        let place = found.iter().position(|found| found.fact.id == asked.answer);
        count += 1.0;
        if let Some(place) = place {
            sum.first += f32::from(u8::from(place == 0));
            sum.third += f32::from(u8::from(place < 3));
            sum.reciprocal += 1.0 / (place as f32 + 1.0);
        }
    }
    Figures {
        first: sum.first / count,
        third: sum.third / count,
        reciprocal: sum.reciprocal / count,
    }
}

const fn alone(lexical: f32, dense: f32, graph: f32) -> Weights {
    Weights {
        lexical,
        dense,
        graph,
        sharpness: 3.0,
        fading: 2.0,
    }
}

const LEXICAL: Weights = alone(1.0, 0.0, 0.0);
const DENSE: Weights = alone(0.0, 1.0, 0.0);
const GRAPH: Weights = alone(1.0, 0.0, 1.0);

#[test]
fn the_set_has_as_many_questions_of_each_kind() {
    let (_, asked) = load(LEXICAL);
    assert!(asked.len() >= 150);
    for kind in ['w', 'p', 't'] {
        assert!(asked.iter().filter(|asked| asked.kind == kind).count() >= 50);
    }
}

#[test]
fn the_parts_together_find_more_than_each_alone() {
    println!("| | shared words | paraphrase | two hops | all | all, chosen on | all, held out |");
    for (name, weights) in [
        ("lexical", LEXICAL),
        ("dense", DENSE),
        ("lexical and graph", GRAPH),
        ("fused", Weights::default()),
    ] {
        let cells = ['w', 'p', 't'].map(|kind| figures(weights, |asked| asked.kind == kind));
        let all = figures(weights, |_| true);
        let chosen = figures(weights, |asked| !asked.held_out);
        let held_out = figures(weights, |asked| asked.held_out);
        let cells = cells.into_iter().chain([all, chosen, held_out]);
        let cells: Vec<_> = cells.map(|cell| cell.to_string()).collect();
        println!("| {name} | {} |", cells.join(" | "));
    }
    let third = |weights, kind| figures(weights, |asked| asked.kind == kind).third;
    let fused = Weights::default();
    let all = figures(fused, |_| true).third;
    for part in [LEXICAL, DENSE, GRAPH] {
        assert!(all > figures(part, |_| true).third);
    }
    assert!(third(fused, 'w') >= third(LEXICAL, 'w'));
    let first = |weights, kind| figures(weights, |asked| asked.kind == kind).first;
    assert!(first(fused, 'w') >= first(LEXICAL, 'w'));
    // What it reaches, so that no change makes it worse unseen.
    assert!(all >= 0.88, "{all}");
    assert!(third(fused, 'p') >= 0.80, "{}", third(fused, 'p'));
    assert!(third(fused, 't') >= 0.86, "{}", third(fused, 't'));
}

#[test]
fn the_same_question_has_the_same_answer() {
    let (one, asked) = load(Weights::default());
    let (other, _) = load(Weights::default());
    for asked in asked.iter().step_by(7) {
        assert_eq!(
            one.search(&asked.question, 20),
            other.search(&asked.question, 20)
        );
    }
}
