mod import;
mod segments;
mod stored;

use std::sync::Arc;

use car_protocol::Timestamp;
use car_state::clock::FixedClock;
use car_state::memgine::{
    ConversationTurn, Details, DistilledSkill, Fact, FactChange, FactFilter, FactId, Memgine,
    NewFact, NewSkill,
};
use proptest::prelude::*;

use super::*;

fn engine() -> Engine {
    let clock = Arc::new(FixedClock(Timestamp::from_unix_millis(1_000)));
    Engine::with(
        Limits::default(),
        Arc::new(WordTable),
        Weights::default(),
        clock,
    )
}

/// All facts, outdated ones included.
fn all(engine: &Engine) -> Vec<Fact> {
    let filter = FactFilter {
        limit: 1_000,
        outdated: true,
        ..FactFilter::default()
    };
    engine.list(&filter).unwrap()
}

fn fact(subject: &str, body: &str) -> NewFact {
    NewFact {
        subject: subject.to_owned(),
        body: body.to_owned(),
        kind: "pattern".to_owned(),
        at: Timestamp::UNIX_EPOCH,
        source: "test".to_owned(),
    }
}

fn of_kind(kind: &str, subject: &str, body: &str) -> NewFact {
    NewFact {
        kind: kind.to_owned(),
        ..fact(subject, body)
    }
}

fn add(engine: &Engine, subject: &str, body: &str) -> FactId {
    engine.add(fact(subject, body), Details::default()).unwrap()
}

fn from(premise: &FactId) -> Details {
    Details {
        derived_from: vec![premise.clone()],
        ..Details::default()
    }
}

#[test]
fn a_superseded_fact_is_history_and_not_found() {
    let engine = engine();
    let old = add(&engine, "port", "The service listens on 80");
    let new = engine
        .supersede(
            &old,
            fact("port", "The service listens on 8443"),
            Details::default(),
        )
        .unwrap();
    let found = engine.search("which port does the service listen on", 10);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].fact.id, new);
    for id in [&old, &new] {
        let ids: Vec<_> = engine
            .history(id)
            .unwrap()
            .into_iter()
            .map(|fact| fact.id)
            .collect();
        assert_eq!(ids, [old.clone(), new.clone()]);
    }
    assert_eq!(engine.count(), 1);
    let again = engine.supersede(&old, fact("port", "81"), Details::default());
    assert!(
        again
            .unwrap_err()
            .to_string()
            .contains("superseded by m-2 already")
    );
}

#[test]
fn forgetting_reaches_what_was_derived_and_says_so() {
    let engine = engine();
    let said = add(&engine, "Rosa", "Rosa keeps the archive");
    let concluded = engine
        .add(fact("archive", "Ask Rosa"), from(&said))
        .unwrap();
    let further = engine
        .add(fact("key", "Rosa may have it"), from(&concluded))
        .unwrap();
    let other = Details {
        contradicts: vec![said.clone()],
        ..Details::default()
    };
    let disputed = engine
        .add(fact("Rosa", "Gustavo keeps the archive"), other)
        .unwrap();
    let erased = engine.forget(&said).unwrap();
    assert_eq!(erased.facts, [said.clone(), concluded, further]);
    assert_eq!((erased.vectors, erased.references), (3, 1));
    assert!(erased.index_rows > 5);
    assert!(engine.get(&said).is_err());
    assert_eq!(engine.get(&disputed).unwrap().contradicts, []);
    assert_eq!(engine.count(), 1);
    assert!(!engine.export().unwrap().contains("Ask Rosa"));
    assert!(engine.is_consistent());
}

#[test]
fn an_id_is_never_used_again() {
    let engine = engine();
    let first = add(&engine, "a", "one");
    engine.forget(&first).unwrap();
    let copy = self::engine();
    copy.import(&engine.export().unwrap()).unwrap();
    assert_eq!(add(&engine, "a", "two"), FactId("m-2".to_owned()));
    // Also behind an export and an import.
    assert!(copy.import("").is_err());
    assert_eq!(add(&copy, "a", "two"), FactId("m-2".to_owned()));
}

#[test]
fn what_was_forgotten_leaves_its_predecessor_outdated() {
    let engine = engine();
    let old = add(&engine, "port", "80");
    let new = engine
        .supersede(&old, fact("port", "443"), Details::default())
        .unwrap();
    engine.forget(&new).unwrap();
    assert_eq!(engine.search("port", 9), []);
    let old = engine.get(&old).unwrap();
    assert!(old.outdated && old.superseded_by.is_none());
    assert!(engine.is_consistent());
}

#[test]
fn limits_are_told() {
    let limits = Limits {
        facts: 1,
        body_bytes: 8,
        ..Limits::default()
    };
    let engine = Engine::new(limits);
    for (subject, body, why) in [
        ("", "x", "the subject is empty"),
        ("a", " ", "the body is empty"),
        ("a", "123456789", "the body is longer than 8 bytes"),
    ] {
        let refused = engine.add(fact(subject, body), Details::default());
        assert_eq!(refused.unwrap_err().to_string(), why);
    }
    add(&engine, "a", "b");
    let refused = engine.add(fact("a", "c"), Details::default());
    assert_eq!(
        refused.unwrap_err().to_string(),
        "the memory holds 1 facts at most"
    );
}

#[test]
fn a_context_has_its_sections_cites_ids_and_is_the_same_each_time() {
    let engine = engine();
    let kept = |kind, subject, body| {
        let fact = of_kind(kind, subject, body);
        engine.add(fact, Details::default()).unwrap()
    };
    kept("constraint", "deploys", "Never deploy on Fridays");
    kept(
        "strategy",
        "deploys",
        "Deploy the service to staging\nfirst",
    );
    let old = add(&engine, "port", "The deploy service listens on 80");
    let new = fact("port", "The deploy service listens on 8443");
    engine.supersede(&old, new, Details::default()).unwrap();
    let turn = ConversationTurn {
        speaker: "meeting/7/mic".to_owned(),
        text: "let us deploy tomorrow".to_owned(),
        at: Timestamp::UNIX_EPOCH,
    };
    engine.ingest(turn).unwrap();
    let context = engine.context(
        "on which port does the deploy service listen, xylophone?",
        500,
    );
    let expected = "\
## Constraints
- [m-1] deploys: Never deploy on Fridays
## Strategies
- [m-2] deploys: Deploy the service to staging first
## Facts
- [m-4] port: The deploy service listens on 8443
## Outdated
- [m-3] port: The deploy service listens on 80 (replaced by m-4)
## Recent conversation
- [m-5] meeting/7/mic: let us deploy tomorrow (untrusted)
## Known unknowns
- No fact mentions: xylophone
";
    assert_eq!(context.text, expected);
    assert_eq!(
        context,
        engine.context(
            "on which port does the deploy service listen, xylophone?",
            500
        )
    );
    assert!(context.lines[2].score.unwrap().lexical > 0.3);
}

#[test]
fn a_context_keeps_to_its_budget() {
    let engine = engine();
    for number in 0..200 {
        let kind = ["constraint", "pattern", "strategy"][number % 3];
        let fact = of_kind(
            kind,
            "deploys",
            &format!("Rule number {number} about deploys"),
        );
        engine.add(fact, Details::default()).unwrap();
    }
    for tokens in [0, 1, 10, 50, 333, 2_000] {
        let context = engine.context("deploys", tokens);
        assert!(context.text.len() <= tokens * 4, "{tokens}");
    }
    assert_eq!(engine.context("deploys", 0).text, "");
}

#[test]
fn a_corrected_fact_is_found_by_what_it_says_now_only() {
    let engine = engine();
    let id = add(&engine, "port", "The service listens on xylophones");
    let until = Timestamp::from_unix_millis(5_000);
    let change = FactChange {
        body: Some("The service listens on 8443".to_owned()),
        valid_until: Some(until),
        ..FactChange::default()
    };
    let corrected = engine.update(&id, change).unwrap();
    assert_eq!(
        (&*corrected.subject, &*corrected.body),
        ("port", "The service listens on 8443")
    );
    assert_eq!(engine.get(&id).unwrap(), corrected);
    let found = engine.search("xylophones", 5);
    assert!(found.iter().all(|found| found.score.lexical == 0.0));
    assert_eq!(engine.search("8443", 5)[0].fact, corrected);
    let wrong = FactChange {
        confidence: Some(7.0),
        ..FactChange::default()
    };
    assert!(engine.update(&id, wrong).is_err());
    assert!(engine.is_consistent());
    assert_eq!(engine.count(), 1);
}

#[test]
fn what_is_past_its_end_is_not_counted_and_goes_when_consolidated() {
    let engine = engine();
    let ended = Details {
        valid_until: Some(Timestamp::from_unix_millis(1_000)),
        ..Details::default()
    };
    engine.add(fact("ferry", "leaves at nine"), ended).unwrap();
    let old = add(&engine, "port", "80");
    engine
        .supersede(&old, fact("port", "443"), Details::default())
        .unwrap();
    assert_eq!(engine.count(), 1);
    let report = engine.consolidate().unwrap();
    assert_eq!(
        (
            report.expired_pruned,
            report.total_nodes,
            report.total_edges
        ),
        (1, 2, 1)
    );
    assert_eq!(report.nodes_embedded, 0);
    assert_eq!(engine.history(&old).unwrap().len(), 2);
    assert!(engine.is_consistent());
}

#[test]
fn replacing_everything_is_all_or_nothing_and_uses_no_id_again() {
    let engine = engine();
    add(&engine, "port", "80");
    let good = (fact("port", "443"), Details::default());
    let bad = (fact("port", ""), Details::default());
    let refused = engine.replace(vec![good.clone(), bad]).unwrap_err();
    assert_eq!(refused.to_string(), "fact 2: the body is empty");
    assert_eq!(all(&engine)[0].body, "80");
    assert_eq!(engine.replace(vec![good]).unwrap(), 1);
    let facts = all(&engine);
    assert_eq!(
        (facts.len(), &*facts[0].id.0, &*facts[0].body),
        (1, "m-2", "443")
    );
    assert!(
        engine
            .search("80", 5)
            .iter()
            .all(|found| found.score.lexical == 0.0)
    );
    assert!(engine.is_consistent());
}

#[test]
fn a_fast_context_has_the_newest_facts() {
    let engine = engine();
    let constraint = of_kind("constraint", "deploys", "Never on Fridays");
    engine.add(constraint, Details::default()).unwrap();
    add(&engine, "port", "80");
    add(&engine, "host", "heron");
    let text = engine.context_fast(500).text;
    let expected = "## Constraints\n- [m-1] deploys: Never on Fridays\n## Facts\n- [m-3] host: heron\n- [m-2] port: 80\n";
    assert_eq!(text, expected);
}

#[tokio::test]
async fn it_is_an_engine_of_the_daemon() {
    let engine: Arc<dyn Memgine> = Arc::new(engine());
    engine.add_fact(fact("port", "8443")).await.unwrap();
    let hits = engine.query("port", 5).await.unwrap();
    assert_eq!((hits.len(), &*hits[0].body), (1, "8443"));
    assert_eq!(engine.fact_count().await.unwrap(), 1);
    let context = engine.build_context("port", 100).await.unwrap();
    assert_eq!(context, "## Facts\n- [m-1] port: 8443\n");
}

#[derive(Clone, Debug)]
enum Act {
    Add(usize, usize, Option<usize>, Option<usize>),
    Supersede(usize, usize),
    Forget(usize),
    Ingest(usize),
    Query(usize),
    Learn(usize, usize),
    Report(usize, bool),
    Unlearn(usize),
    Reload,
}

const WORDS: [&str; 8] = [
    "heron disk",
    "server room",
    "billing",
    "the port of heron",
    "Maria",
    "deploy",
    "key 12",
    "disk disk",
];

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let word = 0..WORDS.len();
    let fact = 0..64_usize;
    let act = prop_oneof![
        4 => (word.clone(), word.clone(), proptest::option::of(fact.clone()), proptest::option::of(fact.clone()))
            .prop_map(|(a, b, c, d)| Act::Add(a, b, c, d)),
        2 => (fact.clone(), word.clone()).prop_map(|(a, b)| Act::Supersede(a, b)),
        2 => fact.prop_map(Act::Forget),
        1 => word.clone().prop_map(Act::Ingest),
        1 => (word.clone(), word.clone()).prop_map(|(name, old)| Act::Learn(name, old)),
        1 => (word.clone(), any::<bool>()).prop_map(|(name, worked)| Act::Report(name, worked)),
        1 => word.clone().prop_map(Act::Unlearn),
        2 => word.prop_map(Act::Query),
        1 => Just(Act::Reload),
    ];
    proptest::collection::vec(act, 1..40)
}

/// Does something to a memory, and says whether what came of it is right.
fn apply(engine: &mut Engine, act: Act) -> Result<(), TestCaseError> {
    let facts = all(engine);
    let id = |number: usize| {
        facts
            .get(number % facts.len().max(1))
            .map(|fact| fact.id.clone())
    };
    match act {
        Act::Add(subject, body, premise, against) => {
            let details = Details {
                derived_from: premise.and_then(id).into_iter().collect(),
                contradicts: against.and_then(id).into_iter().collect(),
                ..Details::default()
            };
            engine
                .add(fact(WORDS[subject], WORDS[body]), details)
                .unwrap();
        }
        Act::Supersede(old, body) => {
            if let Some(old) = id(old) {
                let was = engine.get(&old).unwrap();
                let done =
                    engine.supersede(&old, fact(&was.subject, WORDS[body]), Details::default());
                prop_assert_eq!(done.is_ok(), !was.outdated);
            }
        }
        Act::Forget(gone) => {
            if let Some(gone) = id(gone) {
                let erased = engine.forget(&gone).unwrap();
                prop_assert!(erased.facts.contains(&gone));
                let named = engine
                    .export()
                    .unwrap()
                    .contains(&format!("\"{}\"", gone.0));
                prop_assert!(!named, "the export still names it");
            }
        }
        Act::Ingest(word) => {
            let turn = ConversationTurn {
                speaker: "Maria".to_owned(),
                text: WORDS[word].to_owned(),
                at: Timestamp::UNIX_EPOCH,
            };
            engine.ingest(turn).unwrap();
        }
        Act::Query(word) => {
            for found in engine.search(WORDS[word], 100) {
                prop_assert!(!found.fact.outdated);
                prop_assert_eq!(engine.get(&found.fact.id).unwrap(), found.fact);
            }
        }
        Act::Learn(name, old) => {
            let skill = NewSkill {
                supersedes: Some(WORDS[old].to_owned()),
                ..NewSkill::distilled(
                    DistilledSkill {
                        name: WORDS[name].to_owned(),
                        code: format!("{old}"),
                        ..DistilledSkill::default()
                    },
                    Timestamp::UNIX_EPOCH,
                )
            };
            engine.ingest_skills(vec![skill]).unwrap();
        }
        Act::Report(name, worked) => {
            let known = engine.report_skill(WORDS[name], worked).is_ok();
            prop_assert_eq!(known, engine.repair_skill(WORDS[name]).is_ok());
        }
        Act::Unlearn(name) => {
            engine.forget_skill(WORDS[name]).unwrap();
            let named = engine.skills(None).iter().any(|skill| {
                skill.name == WORDS[name] || skill.supersedes.as_deref() == Some(WORDS[name])
            });
            prop_assert!(!named);
        }
        Act::Reload => {
            let copy = self::engine();
            copy.import(&engine.export().unwrap()).unwrap();
            let places = |engine: &Engine| {
                let found = engine.search("heron disk", 100).into_iter();
                found.map(|found| found.fact.id).collect::<Vec<_>>()
            };
            prop_assert_eq!(places(&copy), places(engine));
            *engine = copy;
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn in_any_order_rows_vectors_and_index_say_the_same(acts in acts()) {
        let mut engine = engine();
        for act in acts {
            apply(&mut engine, act)?;
            prop_assert!(engine.is_consistent());
        }
    }
}
