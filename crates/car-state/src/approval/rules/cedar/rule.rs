//! One rule: a Cedar policy, and what its annotations say about it.

use std::time::Duration;

use car_protocol::rpc::rules::RuleInfo;
use cedar_policy::{
    ActionConstraint, Effect, EntityUid, Policy, PolicyId, PolicySet, ResourceConstraint,
};
use cedar_policy::{ValidationMode, Validator};
use miette::Diagnostic;

use super::super::RuleDecision;
use super::schema::{Action, CALL_TOOL, Vocabulary};
use super::text::Statement;
use crate::approval::route::RouteName;

/// What can stand before a rule.
const ANNOTATIONS: &[&str] = &["id", "decision", "reason", "timeout", "wait", "route"];
/// How long a name may be, in bytes.
const MAX_NAME: usize = 128;
/// How long a reason may be, in bytes.
const MAX_REASON: usize = 1_024;
/// The shortest and the longest time that a rule can give.
const TIMES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30 * 86_400));

/// A rule that passed every check.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) policy: Policy,
    pub(super) name: String,
    pub(super) file: String,
    pub(super) line: u32,
    pub(super) decision: RuleDecision,
    pub(super) reason: Option<String>,
    pub(super) timeout: Option<Duration>,
    pub(super) wait: Option<Duration>,
    pub(super) routes: Option<Vec<RouteName>>,
    /// What it looks at.
    pub(super) looks: Looks,
    /// Which of the vocabulary's actions it can match, by their place.
    pub(super) actions: Vec<usize>,
    /// Which tools it can match.
    pub(super) tools: Tools,
}

/// Which tools a rule can match.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Tools {
    None,
    One(String),
    All,
}

/// What rules look at. The rest of a call is not put before them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Looks {
    pub(super) arguments: bool,
    pub(super) text: bool,
    pub(super) agents: bool,
    pub(super) hours: bool,
}

impl Looks {
    /// Everything that either looks at.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            arguments: self.arguments || other.arguments,
            text: self.text || other.text,
            agents: self.agents || other.agents,
            hours: self.hours || other.hours,
        }
    }

    /// What the conditions of a policy name. A name that is only a string makes it look at more than it does.
    fn of(policy: &Policy) -> Result<Self, String> {
        let json = policy.to_json().map_err(|error| error.to_string())?;
        let json = json.to_string();
        let names = |words: &[&str]| {
            words
                .iter()
                .any(|word| json.contains(&format!("\"{word}\"")))
        };
        Ok(Self {
            arguments: names(&["arguments", "numbers", "lists"]),
            text: names(&["text"]),
            agents: names(&["agents", "projects"]),
            hours: names(&["hour", "minute", "weekday", "weekend"]),
        })
    }
}

/// What is wrong with a rule, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Fault {
    pub(super) line: u32,
    pub(super) reason: String,
}

impl Rule {
    /// Reads a statement of a file. `number` counts those of the file, from 1.
    pub(super) fn read(
        statement: &Statement<'_>,
        file: &str,
        number: usize,
        vocabulary: &Vocabulary,
    ) -> Result<Self, Fault> {
        let fault = |reason: String| Fault {
            line: statement.line,
            reason,
        };
        statement.weigh().map_err(|(offset, reason)| Fault {
            line: statement.line_at(offset),
            reason,
        })?;
        let id = PolicyId::new(format!("{file}#{number}"));
        let policy = Policy::parse(Some(id), statement.text).map_err(|error| Fault {
            line: statement.line_at(offset(&error).unwrap_or(0)),
            reason: told(&error),
        })?;
        validate(&policy, &vocabulary.validator).map_err(|(offset, reason)| Fault {
            line: statement.line_at(offset.unwrap_or(0)),
            reason,
        })?;
        let said = Said::of(&policy).map_err(fault)?;
        let looks = Looks::of(&policy).map_err(fault)?;
        let actions = actions(&policy, vocabulary).map_err(fault)?;
        let tools = tools(&policy, &actions, vocabulary);
        let stem = file.trim_end_matches(".cedar");
        Ok(Self {
            name: said.name.unwrap_or_else(|| format!("{stem}#{number}")),
            file: file.to_owned(),
            line: statement.line,
            decision: said.decision,
            reason: said.reason,
            timeout: said.timeout,
            wait: said.wait,
            routes: said.routes,
            looks,
            actions,
            tools,
            policy,
        })
    }

    /// Why, for a person.
    pub(super) fn because(&self) -> String {
        self.reason
            .clone()
            .unwrap_or_else(|| format!("the rule {} says so", self.name))
    }

    pub(super) fn info(&self) -> RuleInfo {
        let tools = self.tools != Tools::None;
        RuleInfo {
            rule: self.name.clone(),
            file: self.file.clone(),
            line: self.line,
            decision: self.decision,
            reason: self.reason.clone(),
            timeout_ms: self
                .timeout
                .map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
            methods: self.actions.len().saturating_sub(usize::from(tools)) as u64,
            tools,
        }
    }
}

/// What the annotations say.
struct Said {
    name: Option<String>,
    decision: RuleDecision,
    reason: Option<String>,
    timeout: Option<Duration>,
    wait: Option<Duration>,
    routes: Option<Vec<RouteName>>,
}

impl Said {
    fn of(policy: &Policy) -> Result<Self, String> {
        if let Some((unknown, _)) = policy
            .annotations()
            .find(|(key, _)| !ANNOTATIONS.contains(key))
        {
            let known = ANNOTATIONS.join(", @");
            return Err(format!("@{unknown} means nothing; there are @{known}"));
        }
        let decision = decision(policy)?;
        let said = Self {
            name: bounded(policy, "id", MAX_NAME)?,
            decision,
            reason: bounded(policy, "reason", MAX_REASON)?,
            timeout: time(policy, "timeout")?,
            wait: time(policy, "wait")?,
            routes: policy
                .annotation("route")
                .map(RouteName::list)
                .transpose()?,
        };
        let asks = decision == RuleDecision::Ask;
        let of_asking = said.timeout.is_some() || said.wait.is_some() || said.routes.is_some();
        if of_asking && !asks {
            return Err("@timeout, @wait and @route belong to @decision(\"ask\")".to_owned());
        }
        Ok(said)
    }
}

fn decision(policy: &Policy) -> Result<RuleDecision, String> {
    match (policy.effect(), policy.annotation("decision")) {
        (Effect::Permit, None | Some("allow")) => Ok(RuleDecision::Allow),
        (Effect::Permit, Some("ask")) => Ok(RuleDecision::Ask),
        (Effect::Forbid, None | Some("deny")) => Ok(RuleDecision::Deny),
        (Effect::Permit, Some("deny")) => Err("a `permit` cannot deny: write `forbid`".to_owned()),
        (Effect::Forbid, Some("ask" | "allow")) => {
            Err("a `forbid` always denies: write `permit` for what may run".to_owned())
        }
        (_, Some(other)) => Err(format!(
            "@decision is \"allow\", \"ask\" or \"deny\", not {other:?}"
        )),
    }
}

fn bounded(policy: &Policy, key: &str, limit: usize) -> Result<Option<String>, String> {
    match policy.annotation(key) {
        None => Ok(None),
        Some(text) if text.is_empty() || text.len() > limit => {
            Err(format!("@{key} is 1 to {limit} bytes"))
        }
        Some(text) => Ok(Some(text.to_owned())),
    }
}

fn time(policy: &Policy, key: &str) -> Result<Option<Duration>, String> {
    let Some(text) = policy.annotation(key) else {
        return Ok(None);
    };
    let (shortest, longest) = TIMES;
    match duration(text) {
        Some(time) if time >= shortest && time <= longest => Ok(Some(time)),
        _ => Err(format!(
            "@{key} is a time of 1s to 30d, such as \"90s\", \"15m\", \"8h\" or \"2d\", not {text:?}"
        )),
    }
}

/// A number and its unit.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let seconds = match text.strip_prefix(digits)? {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    let number: u64 = digits.parse().ok()?;
    Some(Duration::from_secs(number.checked_mul(seconds)?))
}

/// Holds a policy to the schema: whatever it could not evaluate is found here, save what depends on the values of a call.
fn validate(policy: &Policy, validator: &Validator) -> Result<(), (Option<usize>, String)> {
    let mut alone = PolicySet::new();
    alone
        .add(policy.clone())
        .map_err(|error| (None, error.to_string()))?;
    let result = validator.validate(&alone, ValidationMode::Strict);
    match result.validation_errors().next() {
        None => Ok(()),
        Some(error) => Err((offset(error), told(error))),
    }
}

/// Where in the text of the statement an error lies.
fn offset(error: &dyn Diagnostic) -> Option<usize> {
    Some(error.labels()?.next()?.offset())
}

/// An error in one line, with what would help.
fn told(error: &(impl Diagnostic + ?Sized)) -> String {
    let help = error.help().map(|help| format!("; {help}"));
    let text = format!("{error}{}", help.unwrap_or_default());
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.len() > MAX_REASON {
        text.truncate(text.floor_char_boundary(MAX_REASON));
        text.push('…');
    }
    text
}

/// Which actions a policy can match, by what its scope says.
fn actions(policy: &Policy, vocabulary: &Vocabulary) -> Result<Vec<usize>, String> {
    let all = vocabulary.actions.iter().enumerate();
    let within =
        |action: &Action, named: &EntityUid| action.uid == *named || action.groups.contains(named);
    let found: Vec<usize> = match policy.action_constraint() {
        // What changes nothing is judged only where a rule names it.
        ActionConstraint::Any => all
            .filter(|(_, action)| action.mutates)
            .map(|(place, _)| place)
            .collect(),
        ActionConstraint::Eq(named) => all
            .filter(|(_, action)| action.uid == named)
            .map(|(place, _)| place)
            .collect(),
        ActionConstraint::In(named) => all
            .filter(|(_, action)| named.iter().any(|named| within(action, named)))
            .map(|(place, _)| place)
            .collect(),
    };
    if found.is_empty() {
        return Err("it can match no call".to_owned());
    }
    Ok(found)
}

fn tools(policy: &Policy, actions: &[usize], vocabulary: &Vocabulary) -> Tools {
    let of = |place: &usize| vocabulary.actions.get(*place);
    let calls = |action: &Action| action.name == CALL_TOOL;
    if !actions.iter().filter_map(of).any(calls) {
        return Tools::None;
    }
    match policy.resource_constraint() {
        ResourceConstraint::Eq(named) if *named.type_name() == vocabulary.types.tool => {
            Tools::One(named.id().unescaped().to_owned())
        }
        // A rule about the daemon is not about a tool, whatever its action says.
        ResourceConstraint::Eq(_) => Tools::None,
        _ => Tools::All,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_number_and_a_unit() {
        assert_eq!(duration("15m"), Some(Duration::from_secs(900)));
        assert_eq!(duration("2d"), Some(Duration::from_secs(172_800)));
        for wrong in [
            "",
            "m",
            "15",
            "15 m",
            "-1s",
            "1.5h",
            "99999999999999999999d",
            "1é",
        ] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }
}
