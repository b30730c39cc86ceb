use std::any::Any;
use std::collections::BTreeSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use car_protocol::rpc::policy::PolicyDefinition;
use car_protocol::rpc::proposal::ActionType;
use serde_json::Value;

use super::PolicyError;
use super::pattern::{Pattern, REGEX_TEXT_BYTES, TooLong};
use super::window::{CallWindow, LONGEST_WINDOW};
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

impl<'a> Subject<'a> {
    /// The tool that is called; none for an action on the state.
    fn called(&self) -> Option<&'a str> {
        self.tool.filter(|_| self.kind == ActionType::ToolCall)
    }
}

/// A rule that an embedding program brings along.
pub trait PolicyCheck: Send + Sync + 'static {
    /// Judges one action. It is also asked when somebody only wants to know, so it must change nothing.
    ///
    /// # Errors
    /// The reason why it must not run. A panic counts as one.
    fn check(&self, subject: &Subject<'_>, state: &mut dyn StateView) -> Result<(), String>;
}

/// What a policy demands.
pub(super) enum Rule {
    /// The tool must not be called.
    DenyTool { target: String },
    /// A parameter of the tool must not hold something.
    DenyToolParam {
        target: String,
        key: String,
        pattern: Pattern,
    },
    /// A key of the state must hold a value.
    RequireState { key: String, value: Value },
    /// No other tools may be called.
    AllowOnly { tools: BTreeSet<Box<str>> },
    /// Only so many calls, of one tool or of all.
    MaxCalls {
        target: Option<String>,
        window: CallWindow,
    },
    /// A person must agree to calls of one tool, or of all.
    RequireApproval { target: Option<String> },
    /// Whatever the embedding program thinks of.
    Custom(Arc<dyn PolicyCheck>),
}

/// What a rule says about an action.
#[derive(Debug)]
pub(super) enum Judgement {
    /// It is about something else.
    Unconcerned,
    /// It does not object.
    Passes,
    /// It does not object as long as there is room: for so many calls.
    Counts(u32),
    /// It wants a person to be asked.
    Asks,
    /// It objects; for a while only, if there is a duration.
    Denies(String, Option<Duration>),
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DenyTool { .. } => "DenyTool",
            Self::DenyToolParam { .. } => "DenyToolParam",
            Self::RequireState { .. } => "RequireState",
            Self::AllowOnly { .. } => "AllowOnly",
            Self::MaxCalls { .. } => "MaxCalls",
            Self::RequireApproval { .. } => "RequireApproval",
            Self::Custom(_) => "Custom",
        })
    }
}

impl Rule {
    pub(super) fn of(definition: &PolicyDefinition) -> Result<Self, PolicyError> {
        let lacks = |member: &'static str| PolicyError::Incomplete {
            rule: definition.rule.clone(),
            member,
        };
        let target = || definition.target.clone().ok_or_else(|| lacks("target"));
        let key = || definition.key.clone().ok_or_else(|| lacks("key"));
        match definition.rule.as_str() {
            "deny_tool" => Ok(Self::DenyTool { target: target()? }),
            "deny_tool_param" => Ok(Self::DenyToolParam {
                target: target()?,
                key: key()?,
                pattern: {
                    let written = definition.pattern.as_ref();
                    Pattern::of(written.ok_or_else(|| lacks("pattern"))?)?
                },
            }),
            "require_state" => Ok(Self::RequireState {
                key: key()?,
                value: definition.value.clone().ok_or_else(|| lacks("value"))?,
            }),
            "allow_only" => {
                let tools = definition.tools.as_ref().ok_or_else(|| lacks("tools"))?;
                Ok(Self::AllowOnly {
                    tools: tools.iter().map(|tool| tool.as_str().into()).collect(),
                })
            }
            "max_calls" => {
                let most = definition.count.ok_or_else(|| lacks("count"))?;
                let millis = definition.window_ms.ok_or_else(|| lacks("window_ms"))?;
                let length = Duration::from_millis(millis);
                if length.is_zero() || length > LONGEST_WINDOW {
                    let longest_ms = u64::try_from(LONGEST_WINDOW.as_millis()).unwrap_or(u64::MAX);
                    return Err(PolicyError::Window { longest_ms });
                }
                Ok(Self::MaxCalls {
                    target: definition.target.clone(),
                    window: CallWindow::new(most, length),
                })
            }
            "require_approval" => Ok(Self::RequireApproval {
                target: definition.target.clone(),
            }),
            unknown => Err(PolicyError::UnknownRule {
                rule: unknown.chars().take(64).collect(),
            }),
        }
    }

    /// What it says; nothing is counted. A check that panics objects.
    pub(super) fn judge(&self, subject: &Subject<'_>, state: &mut dyn StateView) -> Judgement {
        catch_unwind(AssertUnwindSafe(|| self.says(subject, state))).unwrap_or_else(|panic| {
            tracing::error!(said = panic_text(&*panic), "the check of a policy panicked");
            denies("the check failed".to_owned())
        })
    }

    fn says(&self, subject: &Subject<'_>, state: &mut dyn StateView) -> Judgement {
        let called = subject.called();
        let is = |target: &String| called == Some(target.as_str());
        let is_any = |target: &Option<String>| match target {
            Some(target) => is(target),
            None => called.is_some(),
        };
        match self {
            Self::DenyTool { target } if is(target) => {
                denies(format!("the tool `{target}` is denied"))
            }
            Self::DenyToolParam {
                target,
                key,
                pattern,
            } if is(target) => match subject
                .parameters
                .get(key)
                .map(|value| pattern.is_in(value))
            {
                Some(Ok(true)) => denies(format!(
                    "the parameter `{key}` of `{target}` holds a denied text"
                )),
                Some(Err(TooLong)) => denies(format!(
                    "the parameter `{key}` of `{target}` has more than the {REGEX_TEXT_BYTES} bytes that are looked at"
                )),
                Some(Ok(false)) | None => Judgement::Passes,
            },
            Self::RequireState { key, value } => match state.get(key) {
                Some(found) if condition::equal(found, value) => Judgement::Passes,
                Some(_) => denies(format!("the state key `{key}` holds another value")),
                None => denies(format!("the state key `{key}` is missing")),
            },
            Self::AllowOnly { tools } => match called {
                Some(tool) if tools.contains(tool) => Judgement::Passes,
                Some(tool) => denies(format!("the tool `{tool}` is not among those allowed")),
                None => Judgement::Unconcerned,
            },
            Self::MaxCalls { target, window } if is_any(target) => match window.room() {
                Ok(room) => Judgement::Counts(room),
                Err(wait) => self.used_up(wait),
            },
            Self::RequireApproval { target } if is_any(target) => Judgement::Asks,
            Self::Custom(check) => match check.check(subject, state) {
                Ok(()) => Judgement::Passes,
                Err(reason) => denies(reason),
            },
            Self::DenyTool { .. }
            | Self::DenyToolParam { .. }
            | Self::MaxCalls { .. }
            | Self::RequireApproval { .. } => Judgement::Unconcerned,
        }
    }

    /// The objection of a rule that counts calls, when there is room only after `wait`.
    pub(super) fn used_up(&self, wait: Duration) -> Judgement {
        let Self::MaxCalls { target, window } = self else {
            return denies("there is no room".to_owned());
        };
        let what = target.as_ref().map_or_else(
            || "tools may be".to_owned(),
            |tool| format!("`{tool}` may be"),
        );
        let (most, millis) = (window.most(), window.length().as_millis());
        let reason = format!("{what} called {most} times in {millis} ms");
        Judgement::Denies(reason, (most > 0).then_some(wait))
    }

    /// What counts calls.
    pub(super) fn window(&self) -> Option<&CallWindow> {
        match self {
            Self::MaxCalls { window, .. } => Some(window),
            _ => None,
        }
    }

    /// The parameter that it looks into, if it concerns this action.
    pub(super) fn looks_into(&self, subject: &Subject<'_>) -> Option<&str> {
        match self {
            Self::DenyToolParam { target, key, .. } if subject.called() == Some(target) => {
                Some(key)
            }
            _ => None,
        }
    }
}

fn denies(reason: String) -> Judgement {
    Judgement::Denies(reason, None)
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("it panicked")
}
