use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use car_protocol::rpc::policy::PolicyDefinition;
use car_protocol::rpc::proposal::ActionType;
use serde_json::Value;

use super::PolicyError;
use crate::condition;
use crate::store::{StateView, Tenant};

/// The action that a policy judges.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// What it does.
    pub kind: ActionType,
    /// The tool of a tool call.
    pub tool: Option<&'a str>,
    /// What it takes, references resolved.
    pub parameters: &'a Value,
    /// Whose state it works on.
    pub tenant: &'a Tenant,
    /// Who asked.
    pub caller: Option<&'a str>,
}

/// A rule that an embedding program brings along.
pub trait PolicyCheck: Send + Sync + 'static {
    /// Judges one action.
    ///
    /// # Errors
    /// The reason why it must not run. A panic counts as one.
    fn check(&self, subject: &Subject<'_>, state: &mut dyn StateView) -> Result<(), String>;
}

/// What a policy demands.
pub(super) enum Rule {
    /// The tool must not be called.
    DenyTool { target: String },
    /// A parameter of the tool must not hold a text.
    DenyToolParam {
        target: String,
        key: String,
        pattern: String,
    },
    /// A key of the state must hold a value.
    RequireState { key: String, value: Value },
    /// Whatever the embedding program thinks of.
    Custom(Arc<dyn PolicyCheck>),
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DenyTool { .. } => "DenyTool",
            Self::DenyToolParam { .. } => "DenyToolParam",
            Self::RequireState { .. } => "RequireState",
            Self::Custom(_) => "Custom",
        })
    }
}

impl Rule {
    pub(super) fn of(definition: &PolicyDefinition) -> Result<Self, PolicyError> {
        let member = |name: &'static str, value: Option<&String>| {
            value.cloned().ok_or_else(|| PolicyError::Incomplete {
                rule: definition.rule.clone(),
                member: name,
            })
        };
        let target = || member("target", definition.target.as_ref());
        let key = || member("key", definition.key.as_ref());
        match definition.rule.as_str() {
            "deny_tool" => Ok(Self::DenyTool { target: target()? }),
            "deny_tool_param" => Ok(Self::DenyToolParam {
                target: target()?,
                key: key()?,
                pattern: member("pattern", definition.pattern.as_ref())?,
            }),
            "require_state" => Ok(Self::RequireState {
                key: key()?,
                value: definition
                    .value
                    .clone()
                    .ok_or_else(|| PolicyError::Incomplete {
                        rule: definition.rule.clone(),
                        member: "value",
                    })?,
            }),
            unknown => Err(PolicyError::UnknownRule {
                rule: unknown.chars().take(64).collect(),
            }),
        }
    }

    /// The reason why the action must not run. A check that panics has found one.
    pub(super) fn check(
        &self,
        subject: &Subject<'_>,
        state: &mut dyn StateView,
    ) -> Result<(), String> {
        catch_unwind(AssertUnwindSafe(|| self.judge(subject, state))).unwrap_or_else(|panic| {
            tracing::error!(said = panic_text(&*panic), "the check of a policy panicked");
            Err("the check failed".to_owned())
        })
    }

    fn judge(&self, subject: &Subject<'_>, state: &mut dyn StateView) -> Result<(), String> {
        let calls = |target: &str| subject.tool == Some(target);
        match self {
            Self::DenyTool { target } if calls(target) => {
                Err(format!("the tool `{target}` is denied"))
            }
            Self::DenyToolParam {
                target,
                key,
                pattern,
            } if calls(target) => match subject.parameters.get(key) {
                Some(value) if text_of(value).contains(pattern.as_str()) => Err(format!(
                    "the parameter `{key}` of `{target}` holds a denied text"
                )),
                _ => Ok(()),
            },
            Self::RequireState { key, value } => match state.get(key) {
                Some(found) if condition::equal(found, value) => Ok(()),
                Some(_) => Err(format!("the state key `{key}` holds another value")),
                None => Err(format!("the state key `{key}` is missing")),
            },
            Self::Custom(check) => check.check(subject, state),
            Self::DenyTool { .. } | Self::DenyToolParam { .. } => Ok(()),
        }
    }
}

/// What a person would see of a value: a string's own text, of anything else its JSON.
fn text_of(value: &Value) -> std::borrow::Cow<'_, str> {
    match value {
        Value::String(text) => text.into(),
        other => other.to_string().into(),
    }
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("it panicked")
}
