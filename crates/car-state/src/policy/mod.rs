//! The rules that every action of a session must pass.
//!
//! Owns the policies of the session, and those of its policy scopes, which add to them. All of them are asked, the
//! strictest wins, and whatever goes wrong in a check counts against the action.

mod rule;

use std::collections::BTreeMap;
use std::sync::Arc;

use car_protocol::rpc::policy::PolicyDefinition;
use parking_lot::Mutex;
use thiserror::Error;

use crate::clock::IdSource;
use crate::store::{StateView, measure};
use rule::Rule;
pub(crate) use rule::panic_text;
pub use rule::{PolicyCheck, Subject};

/// Bytes of a policy's name.
pub const NAME_BYTES: usize = 128;
/// Policies of one session, those of its scopes included.
pub const POLICIES: usize = 1_000;
/// Policy scopes of one session.
pub const SCOPES: usize = 64;
/// Bytes of a policy's target, key, pattern and value together.
pub const DEFINITION_BYTES: usize = 64 << 10;

/// Why a policy, or a scope, was not taken.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum PolicyError {
    /// The name is empty or too long.
    #[error("a policy has a name of 1 to {limit} bytes")]
    Name {
        /// Bytes of a name.
        limit: usize,
    },
    /// No such rule.
    #[error("unknown policy rule `{rule}`")]
    UnknownRule {
        /// What was asked for.
        rule: String,
    },
    /// The rule lacks a member.
    #[error("the rule `{rule}` needs `{member}`")]
    Incomplete {
        /// The rule.
        rule: String,
        /// What it lacks.
        member: &'static str,
    },
    /// No such scope, or no longer.
    #[error("unknown policy scope `{scope}`")]
    UnknownScope {
        /// Its id.
        scope: String,
    },
    /// The definition is too big.
    #[error("a policy has at most {limit} bytes")]
    TooBig {
        /// Bytes of a definition.
        limit: usize,
    },
    /// There are too many policies.
    #[error("a session has at most {limit} policies")]
    TooMany {
        /// How many.
        limit: usize,
    },
    /// There are too many scopes.
    #[error("a session has at most {limit} policy scopes")]
    TooManyScopes {
        /// How many.
        limit: usize,
    },
}

impl PolicyError {
    /// The bound that was reached, if it was one.
    #[must_use]
    pub fn limit(&self) -> Option<usize> {
        match self {
            Self::Name { limit }
            | Self::TooBig { limit }
            | Self::TooMany { limit }
            | Self::TooManyScopes { limit } => Some(*limit),
            Self::UnknownRule { .. } | Self::Incomplete { .. } | Self::UnknownScope { .. } => None,
        }
    }
}

/// A policy's reason against an action.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Violation {
    /// The policy.
    pub policy: String,
    /// Why.
    pub reason: String,
}

#[derive(Debug)]
struct Policy {
    definition: PolicyDefinition,
    rule: Rule,
}

/// A list that is shared while it is asked and copied, pointer by pointer, when it changes meanwhile.
type Policies = Arc<Vec<Arc<Policy>>>;

#[derive(Debug, Default)]
struct Book {
    session: Policies,
    scopes: BTreeMap<Box<str>, Policies>,
}

impl Book {
    fn scope(&mut self, scope: Option<&str>) -> Result<&mut Policies, PolicyError> {
        match scope {
            None => Ok(&mut self.session),
            Some(id) => self.scopes.get_mut(id).ok_or_else(|| unknown(id)),
        }
    }
}

fn unknown(scope: &str) -> PolicyError {
    PolicyError::UnknownScope {
        scope: scope.chars().take(64).collect(),
    }
}

/// The policies of one session. An empty book allocates nothing.
#[derive(Debug)]
pub struct PolicyBook {
    ids: Arc<dyn IdSource>,
    book: Mutex<Option<Box<Book>>>,
}

impl PolicyBook {
    /// An empty book; scopes get their ids from `ids`.
    #[must_use]
    pub fn new(ids: Arc<dyn IdSource>) -> Self {
        Self {
            ids,
            book: Mutex::new(None),
        }
    }

    /// Registers a policy, replacing the one of the same name in the same scope.
    ///
    /// # Errors
    /// The definition is unknown, incomplete or too big, the scope is not open, or there are too many.
    pub fn register(
        &self,
        scope: Option<&str>,
        definition: PolicyDefinition,
    ) -> Result<(), PolicyError> {
        let members = [&definition.target, &definition.key, &definition.pattern];
        let texts: usize = members.into_iter().flatten().map(String::len).sum();
        if texts
            + definition
                .value
                .as_ref()
                .map_or(0, |value| measure(value).text)
            > DEFINITION_BYTES
        {
            return Err(PolicyError::TooBig {
                limit: DEFINITION_BYTES,
            });
        }
        let rule = Rule::of(&definition)?;
        self.add(scope, Policy { definition, rule })
    }

    /// Registers a rule of the embedding program. It is listed with the rule `custom`.
    ///
    /// # Errors
    /// As for [`Self::register`].
    pub fn register_check(
        &self,
        scope: Option<&str>,
        name: &str,
        check: Arc<dyn PolicyCheck>,
    ) -> Result<(), PolicyError> {
        let definition = PolicyDefinition {
            name: name.to_owned(),
            rule: "custom".to_owned(),
            ..PolicyDefinition::default()
        };
        let rule = Rule::Custom(check);
        self.add(scope, Policy { definition, rule })
    }

    fn add(&self, scope: Option<&str>, policy: Policy) -> Result<(), PolicyError> {
        let name = policy.definition.name.as_str();
        if name.is_empty() || name.len() > NAME_BYTES {
            return Err(PolicyError::Name { limit: NAME_BYTES });
        }
        let mut book = self.book.lock();
        if book.is_none()
            && let Some(scope) = scope
        {
            return Err(unknown(scope));
        }
        let book = book.get_or_insert_default();
        let total = book.session.len() + book.scopes.values().map(|list| list.len()).sum::<usize>();
        let list = book.scope(scope)?;
        let same = list.iter().position(|other| other.definition.name == name);
        if same.is_none() && total >= POLICIES {
            return Err(PolicyError::TooMany { limit: POLICIES });
        }
        let list = Arc::make_mut(list);
        match same {
            Some(place) => list[place] = Arc::new(policy),
            None => list.push(Arc::new(policy)),
        }
        Ok(())
    }

    /// The policies of the session or of one scope, in the order of registration.
    ///
    /// # Errors
    /// The scope is not open.
    pub fn list(&self, scope: Option<&str>) -> Result<Vec<PolicyDefinition>, PolicyError> {
        let (session, scoped) = self.lists(scope)?;
        let list = if scope.is_some() { scoped } else { session };
        Ok(list
            .iter()
            .flat_map(|list| list.iter())
            .map(|policy| policy.definition.clone())
            .collect())
    }

    /// Removes a policy. Answers whether it was there.
    ///
    /// # Errors
    /// The scope is not open.
    pub fn unregister(&self, scope: Option<&str>, name: &str) -> Result<bool, PolicyError> {
        let mut book = self.book.lock();
        let Some(book) = book.as_mut() else {
            return scope.map_or(Ok(false), |scope| Err(unknown(scope)));
        };
        let list = book.scope(scope)?;
        let Some(place) = list
            .iter()
            .position(|policy| policy.definition.name == name)
        else {
            return Ok(false);
        };
        Arc::make_mut(list).remove(place);
        Ok(true)
    }

    /// Opens a scope. Its policies apply, besides the session's, to the proposals that name it.
    ///
    /// # Errors
    /// There are too many.
    pub fn open_scope(&self) -> Result<String, PolicyError> {
        let id = self.ids.prefixed("policy");
        let mut book = self.book.lock();
        let book = book.get_or_insert_default();
        if book.scopes.len() >= SCOPES {
            return Err(PolicyError::TooManyScopes { limit: SCOPES });
        }
        book.scopes.insert(id.as_str().into(), Policies::default());
        Ok(id)
    }

    /// Closes a scope with its policies. Answers whether it was open.
    pub fn close_scope(&self, id: &str) -> bool {
        let mut book = self.book.lock();
        book.as_mut()
            .is_some_and(|book| book.scopes.remove(id).is_some())
    }

    /// Whether a scope is open.
    #[must_use]
    pub fn is_open(&self, id: &str) -> bool {
        self.book
            .lock()
            .as_ref()
            .is_some_and(|book| book.scopes.contains_key(id))
    }

    /// Asks all policies of the session and of the scope, as they are now. Empty when the action may run.
    ///
    /// A scope that was closed meanwhile is a violation: its policies can no longer be asked.
    pub fn violations(
        &self,
        scope: Option<&str>,
        subject: &Subject<'_>,
        state: &mut dyn StateView,
    ) -> Vec<Violation> {
        let (session, scoped) = match self.lists(scope) {
            Ok(lists) => lists,
            Err(error) => {
                return vec![Violation {
                    policy: "policy scope".to_owned(),
                    reason: error.to_string(),
                }];
            }
        };
        let mut violations = Vec::new();
        for policy in session.iter().chain(&scoped).flat_map(|list| list.iter()) {
            if let Err(reason) = policy.rule.check(subject, state) {
                violations.push(Violation {
                    policy: policy.definition.name.clone(),
                    reason,
                });
            }
        }
        violations
    }

    /// The lists, to be asked outside the lock.
    fn lists(
        &self,
        scope: Option<&str>,
    ) -> Result<(Option<Policies>, Option<Policies>), PolicyError> {
        let book = self.book.lock();
        let scoped = match (scope, book.as_ref()) {
            (None, _) => None,
            (Some(id), Some(book)) => {
                Some(book.scopes.get(id).cloned().ok_or_else(|| unknown(id))?)
            }
            (Some(id), None) => return Err(unknown(id)),
        };
        let session = book.as_ref().map(|book| Arc::clone(&book.session));
        Ok((session, scoped))
    }
}

#[cfg(test)]
mod tests;
