//! What a report must say to count as passed.

use serde_json::Value;

/// As many cases as there are outside the sections about compression.
const CASES: usize = 301;

/// Here a text that can no longer become UTF-8 may be refused in the midst of a frame; refusing it at the end of the
/// frame is what we do, and is allowed.
const NON_STRICT: &[&str] = &["6.4.3", "6.4.4"];

/// What is wrong with the cases of one agent, each fault in a line.
pub(super) fn faults(index: &Value, agent: &str) -> Vec<String> {
    let Some(cases) = index.get(agent).and_then(Value::as_object) else {
        return vec![format!("the report has nothing about `{agent}`")];
    };
    let mut faults = Vec::new();
    if cases.len() < CASES {
        faults.push(format!("only {} of {CASES} cases ran", cases.len()));
    }
    for (case, result) in cases {
        let outcome = |key| result.get(key).and_then(Value::as_str).unwrap_or("missing");
        match outcome("behavior") {
            "OK" | "INFORMATIONAL" => {}
            "NON-STRICT" if NON_STRICT.contains(&case.as_str()) => {}
            other => faults.push(format!("case {case}: {other}")),
        }
        match outcome("behaviorClose") {
            "OK" | "INFORMATIONAL" => {}
            other => faults.push(format!("case {case}: closing was {other}")),
        }
    }
    faults
}

mod tests {
    use serde_json::{Map, json};

    use super::*;

    /// A report in which all is well, but for one case.
    fn report(case: &str, behavior: &str, close: &str) -> Value {
        let fine = |n| {
            (
                format!("1.1.{n}"),
                json!({ "behavior": "OK", "behaviorClose": "OK" }),
            )
        };
        let mut cases: Map<String, Value> = (1..=CASES).map(fine).collect();
        cases.insert(
            case.to_owned(),
            json!({ "behavior": behavior, "behaviorClose": close }),
        );
        json!({ "agent": cases })
    }

    fn has_faults(case: &str, behavior: &str, close: &str) -> bool {
        !faults(&report(case, behavior, close), "agent").is_empty()
    }

    #[test]
    fn a_report_in_which_all_is_well_has_no_faults() {
        assert!(!has_faults("1.1.1", "OK", "OK"));
        assert!(!has_faults("7.1.6", "INFORMATIONAL", "INFORMATIONAL"));
        assert!(!has_faults("6.4.3", "NON-STRICT", "OK"));
    }

    #[test]
    fn each_kind_of_fault_is_found() {
        for behavior in [
            "FAILED",
            "NON-STRICT",
            "UNIMPLEMENTED",
            "WRONG CODE",
            "UNCLEAN",
            "",
        ] {
            assert!(has_faults("2.1", behavior, "OK"), "{behavior}");
            assert!(has_faults("2.1", "OK", behavior), "closing {behavior}");
        }
        assert!(has_faults("6.4.3", "FAILED", "OK"));
        assert!(has_faults("6.4.5", "NON-STRICT", "OK"));
    }

    #[test]
    fn a_report_without_enough_cases_is_a_fault() {
        assert!(!faults(&json!({ "agent": {} }), "agent").is_empty());
        assert!(!faults(&json!({ "other": {} }), "agent").is_empty());
        assert!(!faults(&json!({ "agent": { "1.1.1": {} } }), "agent").is_empty());
    }
}
