//! Rules of approval: what a person has written down about calls before anybody makes them.
//!
//! Rules are asked after a call is known to be allowed and readable, and before any person is. What they say is taken
//! together with the gate's own set, and the strictest counts.

#[cfg(feature = "cedar")]
pub mod cedar;
mod reach;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use car_protocol::Timestamp;
use car_protocol::method::{Access, Method as _, MethodSpec};
use car_protocol::rpc::host::{Approvals, ResolveApproval};
use car_protocol::rpc::rules::{MatchedRule, RuleSet};
use serde_json::Value;
use serde_json::value::RawValue;

pub use car_protocol::rpc::rules::RuleDecision;
pub use reach::Reach;

use super::route::RouteName;
use super::{ApprovalGate, PolicyRevision, Terms};
use crate::host::HostPlane;
use crate::identity::Identity;

/// The revision of no rules at all: SHA-256 of nothing.
pub const NO_REVISION: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Says what is to become of calls.
///
/// A call that no rule can match costs one look at [`Reach`]. What is said about the others is said at once: no rule
/// waits for anything.
pub trait Rules: Send + Sync + 'static {
    /// Which methods and tools any rule could match.
    fn reach(&self) -> &Reach;

    /// Whether any rule could match calls of this tool.
    fn reaches_tool(&self, tool: &str) -> bool;

    /// What the rules say about a call, with the strictest of those that match; `None` where none does. A rule that
    /// cannot be evaluated counts as [`RuleDecision::Deny`].
    fn judge(&self, subject: &Subject<'_>) -> Option<Ruling>;

    /// What is in effect, as a digest: it changes whenever a rule does.
    fn revision(&self) -> Arc<str>;

    /// All rules in effect, and what is wrong with those that are not.
    fn report(&self) -> RuleSet;
}

impl fmt::Debug for dyn Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("revision", &self.revision())
            .finish_non_exhaustive()
    }
}

/// A call, as rules see it.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// What is called.
    pub called: Called<'a>,
    /// With what.
    pub arguments: Arguments<'a>,
    /// By whom.
    pub identity: &'a Identity,
    /// Who that speaks for; asked only where a rule wants to know.
    pub speaking: &'a dyn Fn() -> Speaking,
    /// When.
    pub at: Timestamp,
}

impl fmt::Debug for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Subject").field(&self.called).finish()
    }
}

/// What is called.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Called<'a> {
    /// A method of the table, by its name.
    Method(&'a str),
    /// A tool, by a proposal.
    Tool(&'a str),
}

/// The arguments of a call. They are read only where a rule looks at them.
#[derive(Clone, Copy, Debug)]
pub enum Arguments<'a> {
    /// As they came.
    Raw(Option<&'a RawValue>),
    /// As they were read.
    Value(&'a Value),
}

/// Who a call speaks for.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Speaking {
    /// The agent whose token the session has.
    pub bound: Option<String>,
    /// That one, and the host agents of the session, by id.
    pub agents: Vec<String>,
    /// What those work on.
    pub projects: Vec<String>,
}

impl Speaking {
    /// The agent that acts, where there is no doubt which.
    #[must_use]
    pub fn agent(&self) -> Option<&str> {
        self.bound.as_deref().or_else(|| only(&self.agents))
    }

    /// The project that it is about, where there is no doubt which.
    #[must_use]
    pub fn project(&self) -> Option<&str> {
        only(&self.projects)
    }

    /// The agent of a credential. Whatever agents its session registers, it acts for this one.
    #[must_use]
    pub fn bound(identity: &Identity) -> Self {
        let bound = identity.agent().map(ToString::to_string);
        Self {
            agents: bound.iter().cloned().collect(),
            bound,
            projects: Vec::new(),
        }
    }

    /// The agent of a credential, and those that its session has registered.
    #[must_use]
    pub fn of(host: &HostPlane, identity: &Identity) -> Self {
        let mut speaking = Self::bound(identity);
        for agent in host.agents() {
            if agent.session_id.as_deref() == Some(identity.session.as_str()) {
                if !speaking.agents.contains(&agent.id) {
                    speaking.agents.push(agent.id);
                }
                speaking.projects.extend(agent.project);
            }
        }
        speaking
    }
}

fn only(names: &[String]) -> Option<&str> {
    match names {
        [name] => Some(name),
        _ => None,
    }
}

/// What rules say about one call.
#[derive(Clone, Debug, PartialEq)]
pub struct Ruling {
    /// The strictest decision.
    pub decision: RuleDecision,
    /// The first rule with it.
    pub rule: String,
    /// Why, for a person.
    pub because: String,
    /// How long a person has; the gate's time where no rule says.
    pub timeout: Option<Duration>,
    /// How long nobody may be connected before the next route is tried; the daemon's time where no rule says.
    pub wait: Option<Duration>,
    /// Which routes are tried, in this order; the daemon's where no rule says.
    pub routes: Option<Vec<RouteName>>,
    /// Every rule that matches, the strictest first.
    pub matched: Vec<MatchedRule>,
    /// Of which revision they are.
    pub revision: Arc<str>,
}

/// What becomes of a call, when the gate's set and the rules are taken together.
#[derive(Clone, Debug, PartialEq)]
pub enum Judgement {
    /// It runs.
    Run,
    /// A person is asked.
    Ask(Asking),
    /// It is refused, and nobody is asked.
    Deny(Ruling),
}

/// How a person is asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asking {
    /// The ruling that wants it; absent where only the gate's set does.
    pub ruling: Option<Ruling>,
    /// How long a person has.
    pub timeout: Duration,
}

impl Asking {
    /// What is asked under: what the rule says, and the gate's own where it says nothing.
    #[must_use]
    pub fn terms(&self, gate: &ApprovalGate) -> Terms {
        let ruling = self.ruling.as_ref();
        let mut terms = gate.terms();
        terms.timeout = Some(self.timeout);
        if let Some(wait) = ruling.and_then(|ruling| ruling.wait) {
            terms.reach = wait;
        }
        if let Some(routes) = ruling.and_then(|ruling| ruling.routes.as_deref()) {
            terms.routes = RouteName::names(routes);
        }
        terms
    }

    /// Why, in the words of the rule.
    #[must_use]
    pub fn because(&self) -> Option<String> {
        self.ruling.as_ref().map(|ruling| ruling.because.clone())
    }

    /// The rules that want it.
    #[must_use]
    pub fn revision(&self) -> Option<PolicyRevision> {
        let ruling = self.ruling.as_ref()?;
        Some(PolicyRevision::new(&ruling.revision))
    }
}

impl Judgement {
    /// The strictest of what the gate's set says, which asks where `gated`, and what the rules say. A gate that is off
    /// asks nobody, whatever rules want; what they refuse stays refused.
    #[must_use]
    pub fn of(gate: &ApprovalGate, gated: bool, ruling: Option<Ruling>) -> Self {
        match ruling {
            Some(ruling) if ruling.decision == RuleDecision::Deny => Self::Deny(ruling),
            Some(ruling) if ruling.decision == RuleDecision::Ask && gate.is_enabled() => {
                Self::Ask(Asking {
                    timeout: ruling.timeout.unwrap_or(gate.timeout()),
                    ruling: Some(ruling),
                })
            }
            _ if gated => Self::Ask(Asking {
                timeout: gate.timeout(),
                ruling: None,
            }),
            _ => Self::Run,
        }
    }
}

/// No rules.
#[derive(Debug, Default)]
pub struct NoRules(Reach);

impl Rules for NoRules {
    fn reach(&self) -> &Reach {
        &self.0
    }

    fn reaches_tool(&self, _: &str) -> bool {
        false
    }

    fn judge(&self, _: &Subject<'_>) -> Option<Ruling> {
        None
    }

    fn revision(&self) -> Arc<str> {
        NO_REVISION.into()
    }

    fn report(&self) -> RuleSet {
        RuleSet {
            revision: NO_REVISION.to_owned(),
            loaded_at: Timestamp::from_unix_millis(0),
            rules: Vec::new(),
            problems: Vec::new(),
            folder: None,
        }
    }
}

/// Namespaces whose methods are how a person decides, or how a connection comes and goes. A rule about them could only
/// lock everybody out.
const BEYOND_RULES: &[&str] = &["approvals", "audit", "grants", "session"];

/// Whether rules can be about a method: not about one that is open to strangers, whom nobody could judge yet, and not
/// about how a person decides.
#[must_use]
pub fn is_judged(spec: &MethodSpec) -> bool {
    let deciding = [ResolveApproval::NAME, Approvals::NAME].contains(&spec.name);
    spec.access != Access::Open && !deciding && !BEYOND_RULES.contains(&namespace(spec.name))
}

/// What stands before the first dot of a method's name.
pub(crate) fn namespace(method: &str) -> &str {
    method.split('.').next().unwrap_or(method)
}

#[cfg(test)]
mod tests {
    use car_protocol::rpc;

    use super::*;

    #[test]
    fn how_a_person_decides_is_beyond_rules() {
        let judged = |name: &str| {
            let mut methods = rpc::methods();
            methods.find(|spec| spec.name == name).map(is_judged)
        };
        for name in [
            "session.auth",
            "server.handshake",
            "host.resolve_approval",
            "approvals.explain",
        ] {
            assert_eq!(judged(name), Some(false), "{name}");
        }
        for name in ["state.get", "mail.send", "proposal.submit"] {
            assert_eq!(judged(name), Some(true), "{name}");
        }
    }

    fn ruling(decision: RuleDecision, timeout: Option<u64>) -> Option<Ruling> {
        Some(Ruling {
            decision,
            rule: "r".to_owned(),
            because: "b".to_owned(),
            timeout: timeout.map(Duration::from_secs),
            wait: None,
            routes: None,
            matched: Vec::new(),
            revision: NO_REVISION.into(),
        })
    }

    #[test]
    fn the_stricter_of_gate_and_rules_counts() {
        use RuleDecision::{Allow, Ask, Deny};
        let word = |gate: &ApprovalGate, gated, said| match Judgement::of(gate, gated, said) {
            Judgement::Run => "run",
            Judgement::Ask(_) => "ask",
            Judgement::Deny(_) => "deny",
        };
        let (on, off) = (ApprovalGate::from_table(), ApprovalGate::disabled());
        for (said, open, gated, unasked) in [
            (None, "run", "ask", "run"),
            (ruling(Allow, None), "run", "ask", "run"),
            (ruling(Ask, None), "ask", "ask", "run"),
            (ruling(Deny, None), "deny", "deny", "deny"),
        ] {
            assert_eq!(word(&on, false, said.clone()), open);
            assert_eq!(word(&on, true, said.clone()), gated);
            assert_eq!(word(&off, false, said), unasked);
        }
        let timed = |said| match Judgement::of(&on, true, said) {
            Judgement::Ask(asking) => asking.timeout.as_secs(),
            _ => 0,
        };
        assert_eq!(
            (
                timed(ruling(Ask, Some(900))),
                timed(ruling(Ask, None)),
                timed(None)
            ),
            (900, 60, 60)
        );
    }

    #[test]
    fn no_rules_reach_nothing() {
        let rules = NoRules::default();
        assert!(!rules.reach().any() && !rules.reaches_tool("shell"));
        assert_eq!(rules.report().revision, NO_REVISION);
    }
}
