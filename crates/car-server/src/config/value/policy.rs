//! Policies of the daemon.

use car_protocol::rpc::policy::PolicyDefinition;

use super::super::error::{closest, did_you_mean};
use super::{OptionValue, Raw, Reading, expected};

/// The members that a policy can have.
const MEMBERS: &[&str] = &[
    "name",
    "rule",
    "target",
    "key",
    "value",
    "pattern",
    "tools",
    "count",
    "window_ms",
    "agent",
];

/// A policy that could be registered.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy(pub PolicyDefinition);

impl OptionValue for Policy {
    const KIND: &'static str =
        "a table, such as `{ name = \"no shell\", rule = \"deny_tool\", target = \"sh\" }`";

    fn read(raw: &Raw, _: &Reading) -> Result<Self, String> {
        let Raw::Table(members) = raw else {
            return expected::<Self, _>();
        };
        for (name, _) in members {
            if !MEMBERS.contains(&name.as_str()) {
                let suggestion = did_you_mean(closest(name, MEMBERS.iter().copied()));
                return Err(format!("a policy has no `{name}`{suggestion}"));
            }
        }
        let definition: PolicyDefinition =
            serde_json::from_value(raw.to_json()).map_err(|error| error.to_string())?;
        car_state::policy::check(&definition).map_err(|error| error.to_string())?;
        Ok(Self(definition))
    }

    fn raw(&self) -> Raw {
        let json = serde_json::to_value(&self.0).unwrap_or_default();
        Raw::of_json(&json)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(policy: serde_json::Value) -> Result<Policy, String> {
        Policy::read(&Raw::of_json(&policy), &Reading::default())
    }

    #[test]
    fn a_policy_is_read_and_said_again() {
        let said = json!({"name": "p", "rule": "max_calls", "count": 3, "window_ms": 60_000});
        let policy = read(said.clone()).unwrap();
        assert_eq!(policy.raw().to_json(), said);
    }

    #[test]
    fn what_could_not_be_registered_is_refused() {
        for (policy, reason) in [
            (json!("deny"), "expected a table, such as `{ name"),
            (
                json!({"name": "p", "rule": "deny_tool", "tragte": "x"}),
                "a policy has no `tragte`; did you mean `target`?",
            ),
            (
                json!({"name": "p", "rule": "deny_tool"}),
                "the rule `deny_tool` needs `target`",
            ),
            (
                json!({"name": "p", "rule": "be_nice"}),
                "unknown policy rule `be_nice`",
            ),
            (json!({"rule": "deny_tool"}), "missing field `name`"),
        ] {
            let refused = read(policy).unwrap_err();
            assert!(refused.starts_with(reason), "{refused}");
        }
    }
}
