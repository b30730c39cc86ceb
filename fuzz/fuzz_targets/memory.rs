//! Any text is imported whole or refused; what was imported can be exported, imported again with the same ids, asked and
//! forgotten without a panic.
#![no_main]

use car_memgine::{Engine, Limits};
use car_state::memgine::FactFilter;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let limits = Limits {
        facts: 64,
        segments: 64,
        ..Limits::default()
    };
    let engine = Engine::new(limits);
    let Ok(imported) = engine.import(text) else {
        assert_eq!(engine.size(), 0);
        return;
    };
    assert_eq!(engine.size() as u64, imported.facts);
    let exported = engine.export().expect("what is kept can be written");
    let copy = Engine::new(limits);
    assert_eq!(copy.import(&exported).expect("an export"), imported);
    assert_eq!(copy.export().expect("the same"), exported);
    let filter = FactFilter {
        limit: 100,
        outdated: true,
        ..FactFilter::default()
    };
    let facts = engine.list(&filter).expect("all facts");
    assert_eq!(facts.len() as u64, imported.facts);
    for fact in &facts {
        let found = engine.search(&fact.body, 5);
        assert!(found.iter().all(|found| !found.fact.outdated));
        assert!(!engine.history(&fact.id).expect("its chain").is_empty());
    }
    assert!(engine.context("what is there", 200).text.len() <= 800);
    engine.consolidate().expect("nothing is stored");
    for fact in facts {
        // It may have gone with another one, or for its age.
        let _ = engine.forget(&fact.id);
    }
    assert_eq!(engine.size(), 0);
    for skill in engine.skills(None) {
        let _ = engine.report_skill(&skill.name, false).expect("it is there");
        let _ = engine.repair_skill(&skill.name).expect("it is there");
        assert!(engine.forget_skill(&skill.name).expect("nothing is stored"));
    }
    assert!(engine.skills(None).is_empty());
});
