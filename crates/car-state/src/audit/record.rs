use std::fmt;

use car_protocol::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::MAX_TEXT;
use crate::approval::{ActDigest, canonical};
use crate::identity::{Identity, Role};

/// What happened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum AuditKind {
    /// A person was asked.
    Asked,
    /// The question came to somebody who can decide.
    Delivered,
    /// Somebody said that a person saw it.
    Seen,
    /// A person decided.
    Decided,
    /// Nobody decided in time.
    Expired,
    /// Who asked took it back, or is gone.
    Withdrawn,
    /// The agent that it was about is gone.
    AgentGone,
    /// A decision became a grant.
    GrantCreated,
    /// A grant let a call run.
    GrantUsed,
    /// A person ended a grant.
    GrantRevoked,
    /// A grant ended by itself.
    GrantEnded,
    /// What was written with records was removed.
    Redacted,
    /// The oldest records were dropped.
    Checkpoint,
}

impl AuditKind {
    /// The word in the chain.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Delivered => "delivered",
            Self::Seen => "seen",
            Self::Decided => "decided",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::AgentGone => "agent_gone",
            Self::GrantCreated => "grant_created",
            Self::GrantUsed => "grant_used",
            Self::GrantRevoked => "grant_revoked",
            Self::GrantEnded => "grant_ended",
            Self::Redacted => "redacted",
            Self::Checkpoint => "checkpoint",
        }
    }
}

/// Who did it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Who {
    /// The credential: `client`, `host`, or `anonymous/` and the session.
    pub principal: String,
    /// What it allows.
    pub role: Role,
    /// The session.
    pub session: String,
}

impl From<&Identity> for Who {
    fn from(identity: &Identity) -> Self {
        Self {
            principal: identity.principal.to_string(),
            role: identity.role,
            session: identity.session.to_string(),
        }
    }
}

/// A record before it has its place in the chain.
#[derive(Clone)]
pub struct Record {
    at: Timestamp,
    kind: AuditKind,
    subject: String,
    who: Option<Who>,
    digest: Option<ActDigest>,
    delivered: Vec<String>,
    facts: Map<String, Value>,
    text: Option<Text>,
}

/// What may be redacted, and the salt that keeps its digest from being guessed.
#[derive(Clone)]
struct Text {
    salt: [u8; 32],
    text: String,
}

impl Record {
    /// That `kind` happened to the approval or grant with the id `subject`.
    #[must_use]
    pub fn new(at: Timestamp, kind: AuditKind, subject: impl Into<String>) -> Self {
        Self {
            at,
            kind,
            subject: subject.into(),
            who: None,
            digest: None,
            delivered: Vec::new(),
            facts: Map::new(),
            text: None,
        }
    }

    /// Who did it.
    #[must_use]
    pub fn by(mut self, who: impl Into<Who>) -> Self {
        self.who = Some(who.into());
        self
    }

    /// What act it is about.
    #[must_use]
    pub fn about(mut self, digest: ActDigest) -> Self {
        self.digest = Some(digest);
        self
    }

    /// How the question came to people: `session:…`, `route:…`.
    #[must_use]
    pub fn delivered(mut self, ways: impl IntoIterator<Item = String>) -> Self {
        self.delivered.extend(ways);
        self
    }

    /// A fact of the chain, which can never be redacted: nothing that a person wrote, no arguments.
    #[must_use]
    pub fn with(mut self, name: &str, fact: impl Into<Value>) -> Self {
        self.facts.insert(name.to_owned(), fact.into());
        self
    }

    /// What can be redacted: what a person wrote, what they were shown. What is longer than [`MAX_TEXT`] is replaced by
    /// its length.
    #[must_use]
    pub fn with_text(mut self, text: &Value) -> Self {
        let written = canonical(text).ok();
        let text = match written {
            Some(text) if text.len() <= MAX_TEXT => text,
            Some(text) => json!({ "left_out_bytes": text.len() }).to_string(),
            None => return self,
        };
        let mut salt = [0; 32];
        if getrandom::fill(&mut salt).is_err() {
            // Without a salt the digest could be guessed from: better no text.
            tracing::error!("the system has no random bytes: a text of the audit log is left out");
            return self;
        }
        self.text = Some(Text { salt, text });
        self
    }

    /// When it happened.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// What happened.
    #[must_use]
    pub fn kind(&self) -> AuditKind {
        self.kind
    }

    pub(super) fn salt(&self) -> Option<&[u8]> {
        self.text.as_ref().map(|text| text.salt.as_slice())
    }

    pub(super) fn text(&self) -> Option<&str> {
        self.text.as_ref().map(|text| text.text.as_str())
    }

    /// About what it weighs in memory, in bytes.
    #[must_use]
    pub fn weight(&self) -> usize {
        256 + self.subject.len() + self.text().map_or(0, str::len)
    }

    /// The record with its place in the chain, in its canonical text: what is hashed.
    pub(super) fn body(&self, seq: u64, previous: &str) -> String {
        let mut body = json!({
            "v": 1,
            "seq": seq,
            "previous": previous,
            "at": self.at,
            "kind": self.kind.as_str(),
            "subject": self.subject,
        });
        if let Value::Object(members) = &mut body {
            if let Some(who) = &self.who {
                let role = who.role.as_str();
                let who = json!({"principal": who.principal, "role": role, "session": who.session});
                members.insert("who".to_owned(), who);
            }
            if let Some(digest) = &self.digest {
                members.insert("digest".to_owned(), digest.to_string().into());
            }
            if !self.delivered.is_empty() {
                members.insert("delivered".to_owned(), self.delivered.clone().into());
            }
            if !self.facts.is_empty() {
                members.insert("facts".to_owned(), self.facts.clone().into());
            }
            if let Some(text) = &self.text {
                let commitment = commitment(&text.salt, &text.text);
                members.insert("text_sha256".to_owned(), commitment.into());
            }
        }
        // Whatever has no canonical text has another one that is as good for a digest.
        canonical(&body).unwrap_or_else(|_| body.to_string())
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("at", &self.at)
            .field("kind", &self.kind)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

/// SHA-256 of salt and text, in hex.
pub(super) fn commitment(salt: &[u8], text: &str) -> String {
    let mut digest = Sha256::new();
    digest.update(salt);
    digest.update(text);
    super::chain::hex(&digest.finalize())
}
