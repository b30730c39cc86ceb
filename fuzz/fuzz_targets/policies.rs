//! Any text is read or refused as a file of rules, with a line for whatever is wrong with it, and what was read says
//! something about every call: the strictest of what matches, and a refusal where a rule cannot be evaluated.
//!
//! The input is the text of the file, and behind a NUL, where there is one, the arguments of the calls.
#![no_main]

use std::fs;
use std::panic;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use car_state::approval::rules::cedar::{CedarRules, Refreshed};
use car_state::approval::rules::{
    Arguments, Called, RuleDecision, Rules as _, Ruling, Speaking, Subject,
};
use car_state::clock::FixedClock;
use car_state::identity::{Identity, Principal, Role, SessionId};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with one file, and the rules of it.
struct Policies {
    file: PathBuf,
    rules: CedarRules,
    _folder: TempDir,
}

static POLICIES: LazyLock<Policies> = LazyLock::new(|| {
    // What the library panics on is caught by the daemon and counts as a fault of the file. A panic that nobody catches
    // ends this program all the same.
    drop(panic::take_hook());
    let folder = tempfile::tempdir().expect("a temporary folder");
    let now = car_protocol::Timestamp::UNIX_EPOCH;
    let rules = CedarRules::open(folder.path(), Arc::new(FixedClock(now)));
    Policies {
        file: folder.path().join("a.cedar"),
        rules: rules.expect("no file is no fault"),
        _folder: folder,
    }
});

fuzz_target!(|text: &str| {
    let (text, arguments) = text.split_once('\0').unwrap_or((text, ""));
    fs::write(&POLICIES.file, text).expect("the file is written");
    let before = POLICIES.rules.revision();
    match POLICIES.rules.reload() {
        Refreshed::Refused(problems) => {
            assert!(!problems.is_empty());
            let lines = text.matches('\n').count() + 1;
            for problem in &problems {
                let line = problem.line.unwrap_or(1) as usize;
                assert!((1..=lines).contains(&line), "line {line} of {lines}");
                assert!(!problem.reason.is_empty());
            }
            assert_eq!(POLICIES.rules.revision(), before, "the rules stay");
        }
        Refreshed::Loaded(_) | Refreshed::Unchanged => {
            let arguments = serde_json::from_str(arguments).unwrap_or_else(
                |_| json!({ "key": arguments, "n": arguments.len(), "to": ["a", arguments] }),
            );
            judged(&arguments);
        }
    }
});

fn judged(arguments: &Value) {
    let client = Identity {
        session: SessionId::new("0a1b2c3d4e5f"),
        principal: Principal::Client,
        role: Role::Client,
        auth_enabled: true,
    };
    let host = Identity {
        principal: Principal::Host,
        role: Role::Host,
        ..client.clone()
    };
    for identity in [&client, &host] {
        for called in [
            Called::Method("state.set"),
            Called::Method("mail.send"),
            Called::Tool("shell"),
        ] {
            let subject = Subject {
                called,
                arguments: Arguments::Value(arguments),
                identity,
                speaking: &Speaking::default,
                at: car_protocol::Timestamp::UNIX_EPOCH,
            };
            if let Some(ruling) = POLICIES.rules.judge(&subject) {
                strictest(&ruling);
            }
        }
    }
}

fn strictest(ruling: &Ruling) {
    let of = |matched: RuleDecision| matched <= ruling.decision;
    assert!(ruling.matched.iter().all(|rule| of(rule.decision)));
    let failed = ruling.matched.iter().any(|rule| rule.failed);
    assert!(!failed || ruling.decision == RuleDecision::Deny);
}
