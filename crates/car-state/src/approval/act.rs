//! What is about to be done: the thing that a person, a rule or a grant decides about.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde_json::{Value, json};
use thiserror::Error;

use super::canonical::{NotCanonical, canonical};
use super::preview::preview;
use crate::identity::{Identity, Principal, SessionId};
use crate::results::{Digest, NotADigest};
use crate::text_id::text_ids;

/// SHA-256 of what is to be done: the canonical text of `{"arguments":…,"kind":…,"name":…}`, for a tool with its
/// `"version"`. Two acts with the same digest do the same; who asks is not part of it. On the wire 64 hex digits.
///
/// It is no secret's hiding place: who can guess the arguments can check the guess.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ActDigest(Digest);

impl ActDigest {
    /// One that was stored; none where these are not 32 bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Digest::from_bytes(bytes).map(Self)
    }

    /// To be stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

impl fmt::Display for ActDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for ActDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActDigest({self})")
    }
}

impl FromStr for ActDigest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        text.parse().map(Self)
    }
}

/// Which form of a tool is called. A tool that has no version of its own is known by its schema, so that one which
/// changes what it takes is another one.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ToolVersion(Arc<str>);

impl ToolVersion {
    /// The version that the tool names itself.
    #[must_use]
    pub fn named(version: &str) -> Self {
        Self(version.into())
    }

    /// The one of a tool that names none: `sha256:` and the digest of its schema's canonical text.
    ///
    /// # Errors
    /// [`NotCanonical`].
    pub fn of_schema(schema: &Value) -> Result<Self, NotCanonical> {
        let digest = Digest::of(canonical(schema)?.as_bytes());
        Ok(Self(format!("sha256:{digest}").into()))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_ids! {
    /// Which rules were in force: what changes with every change of them.
    PolicyRevision;
}

/// What is called.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Operation {
    /// A method of the daemon, or of a provider.
    Method(Arc<str>),
    /// A tool of a proposal.
    Tool {
        /// Its name.
        name: Arc<str>,
        /// Its version, where one is known.
        version: Option<ToolVersion>,
    },
}

impl Operation {
    /// `method` or `tool`.
    #[must_use]
    pub fn kind(&self) -> OperationKind {
        match self {
            Self::Method(_) => OperationKind::Method,
            Self::Tool { .. } => OperationKind::Tool,
        }
    }

    /// The name of the method or of the tool.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Method(name) | Self::Tool { name, .. } => name,
        }
    }

    /// The version of the tool, where one is known.
    #[must_use]
    pub fn version(&self) -> Option<&ToolVersion> {
        match self {
            Self::Method(_) => None,
            Self::Tool { version, .. } => version.as_ref(),
        }
    }
}

/// Whether a method is called or a tool.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum OperationKind {
    /// A method.
    Method,
    /// A tool.
    Tool,
}

impl OperationKind {
    /// `method` or `tool`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::Tool => "tool",
        }
    }
}

impl FromStr for OperationKind {
    type Err = NotAKind;

    fn from_str(text: &str) -> Result<Self, NotAKind> {
        [Self::Method, Self::Tool]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(NotAKind)
    }
}

/// The text is neither `method` nor `tool`.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("what is called is a `method` or a `tool`")]
pub struct NotAKind;

/// Who asks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Requester {
    /// The credential.
    pub principal: Principal,
    /// The session.
    pub session: SessionId,
}

impl From<&Identity> for Requester {
    fn from(identity: &Identity) -> Self {
        Self {
            principal: identity.principal.clone(),
            session: identity.session.clone(),
        }
    }
}

/// One call, as it is decided about. Its arguments and its digest cannot be changed apart: what runs is
/// [`Act::arguments`], and no other text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Act {
    operation: Operation,
    arguments: Arc<str>,
    digest: ActDigest,
    requester: Requester,
    agent: Option<Arc<str>>,
    project: Option<Arc<str>>,
    revision: Option<PolicyRevision>,
}

impl Act {
    /// `operation` with these arguments, asked by `requester`.
    ///
    /// # Errors
    /// [`NotCanonical`]; what was read from JSON always has a canonical text.
    pub fn new(
        operation: Operation,
        arguments: &Value,
        requester: Requester,
    ) -> Result<Self, NotCanonical> {
        let arguments = canonical(arguments)?;
        let digest = digest(&operation, &arguments)?;
        Ok(Self {
            operation,
            arguments: arguments.into(),
            digest,
            requester,
            agent: None,
            project: None,
            revision: None,
        })
    }

    /// Names the agent that acts.
    #[must_use]
    pub fn of_agent(mut self, agent: Option<&str>) -> Self {
        self.agent = agent.map(Into::into);
        self
    }

    /// Names the project that it is about.
    #[must_use]
    pub fn in_project(mut self, project: Option<&str>) -> Self {
        self.project = project.map(Into::into);
        self
    }

    /// Names the rules that were in force.
    #[must_use]
    pub fn under(mut self, revision: Option<PolicyRevision>) -> Self {
        self.revision = revision;
        self
    }

    /// The same act with other arguments, which is another act: the digest is another one.
    ///
    /// # Errors
    /// [`NotCanonical`].
    pub fn with_arguments(&self, arguments: &Value) -> Result<Self, NotCanonical> {
        let arguments = canonical(arguments)?;
        let digest = digest(&self.operation, &arguments)?;
        Ok(Self {
            arguments: arguments.into(),
            digest,
            ..self.clone()
        })
    }

    /// What is called.
    #[must_use]
    pub fn operation(&self) -> &Operation {
        &self.operation
    }

    /// The arguments' canonical text.
    #[must_use]
    pub fn arguments(&self) -> &str {
        &self.arguments
    }

    /// The arguments, read from their canonical text.
    #[must_use]
    pub fn arguments_value(&self) -> Value {
        serde_json::from_str(&self.arguments).unwrap_or_default()
    }

    /// SHA-256 of the arguments' canonical text alone, as 64 hex digits.
    #[must_use]
    pub fn arguments_sha256(&self) -> String {
        Digest::of(self.arguments.as_bytes()).to_string()
    }

    /// What a decision covers.
    #[must_use]
    pub fn digest(&self) -> ActDigest {
        self.digest
    }

    /// Who asks.
    #[must_use]
    pub fn requester(&self) -> &Requester {
        &self.requester
    }

    /// The agent that acts, where one is known.
    #[must_use]
    pub fn agent(&self) -> Option<&str> {
        self.agent.as_deref()
    }

    /// The project that it is about, where one is known.
    #[must_use]
    pub fn project(&self) -> Option<&str> {
        self.project.as_deref()
    }

    /// The rules that were in force, where there are any.
    #[must_use]
    pub fn revision(&self) -> Option<&PolicyRevision> {
        self.revision.as_ref()
    }

    /// What a person is shown of the arguments: secrets masked, then cut.
    #[must_use]
    pub fn preview(&self) -> Value {
        preview(&self.arguments_value())
    }
}

fn digest(operation: &Operation, arguments: &str) -> Result<ActDigest, NotCanonical> {
    // The names are in their canonical order already, so that the arguments need not be read again.
    let name = canonical(&json!(operation.name()))?;
    let mut text = format!(
        r#"{{"arguments":{arguments},"kind":"{}","name":{name}"#,
        operation.kind().as_str()
    );
    if let Some(version) = operation.version() {
        text.push_str(r#","version":"#);
        text.push_str(&canonical(&json!(version.as_str()))?);
    }
    text.push('}');
    Ok(ActDigest(Digest::of(text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::canonical::tests::values;
    use super::*;

    fn act(operation: Operation, arguments: &Value) -> Act {
        let requester = Requester {
            principal: Principal::Client,
            session: SessionId::new("s"),
        };
        Act::new(operation, arguments, requester).unwrap()
    }

    fn method(name: &str) -> Operation {
        Operation::Method(name.into())
    }

    fn tool(name: &str, version: Option<&str>) -> Operation {
        Operation::Tool {
            name: name.into(),
            version: version.map(ToolVersion::named),
        }
    }

    #[test]
    fn anybody_can_compute_the_digest() {
        let act = act(tool("rm", Some("2")), &json!({"path": "/tmp/x", "n": 1.0}));
        let text =
            r#"{"arguments":{"n":1,"path":"/tmp/x"},"kind":"tool","name":"rm","version":"2"}"#;
        assert_eq!(
            act.digest().to_string(),
            Digest::of(text.as_bytes()).to_string()
        );
        let whole: Value = serde_json::from_str(text).unwrap();
        assert_eq!(canonical(&whole).unwrap(), text);
        assert_eq!(act.digest().to_string().parse(), Ok(act.digest()));
    }

    #[test]
    fn what_would_do_something_else_has_another_digest() {
        let arguments = json!({"path": "/tmp/x"});
        let all = [
            act(method("rm"), &arguments),
            act(tool("rm", None), &arguments),
            act(tool("rm", Some("1")), &arguments),
            act(tool("rm", Some("2")), &arguments),
            act(tool("mv", Some("2")), &arguments),
            act(method("rm"), &json!({"path": "/tmp/X"})),
            act(method("rm"), &json!({"path": "/tmp/x", "force": null})),
            act(method("rm"), &json!({})),
            act(method("rm"), &Value::Null),
            act(method("r\",\"m"), &arguments),
        ];
        for (index, one) in all.iter().enumerate() {
            for other in &all[index + 1..] {
                assert_ne!(one.digest(), other.digest(), "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_tool_that_takes_something_else_has_another_version() {
        let of = |text: &str| ToolVersion::of_schema(&serde_json::from_str(text).unwrap()).unwrap();
        let one = of(r#"{"type":"object","required":["a"]}"#);
        assert_eq!(one, of(r#"{"required":["a"],"type":"object"}"#));
        assert_ne!(one, of(r#"{"required":["b"],"type":"object"}"#));
    }

    #[test]
    fn edited_arguments_are_another_act() {
        let before = act(method("m"), &json!({"to": "a"})).of_agent(Some("agent"));
        let after = before.with_arguments(&json!({"to": "b"})).unwrap();
        assert_ne!(before.digest(), after.digest());
        assert_eq!(
            (after.arguments(), after.agent()),
            (r#"{"to":"b"}"#, Some("agent"))
        );
    }

    proptest! {
        #[test]
        fn what_runs_is_what_was_digested(arguments in values()) {
            let act = act(method("m"), &arguments);
            let again = act.with_arguments(&act.arguments_value()).unwrap();
            prop_assert_eq!(again, act);
        }
    }
}
