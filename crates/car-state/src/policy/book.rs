//! The policies of one session, those of its scopes, and, above both, those of the daemon.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use car_protocol::rpc::policy::{PolicyDefinition, PolicyLevel, PolicyViolation};
use parking_lot::Mutex;

use super::global::GlobalPolicies;
use super::list::{Policy, PolicyList};
use super::rule::{Judgement, PolicyCheck, Subject};
use super::verdict::Verdict;
use super::{POLICIES, PolicyError, SCOPES};
use crate::clock::IdSource;
use crate::store::StateView;

/// Which agents a session speaks for, whatever its proposals say.
pub trait Agents: Send + Sync + 'static {
    /// Whether the session is this agent's.
    fn speaks_for(&self, agent: &str) -> bool;
}

impl fmt::Debug for dyn Agents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Agents")
    }
}

#[derive(Debug, Default)]
struct Book {
    session: PolicyList,
    scopes: BTreeMap<Box<str>, PolicyList>,
}

impl Book {
    fn scope(&mut self, scope: Option<&str>) -> Result<&mut PolicyList, PolicyError> {
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
    global: Option<Arc<GlobalPolicies>>,
    agents: Option<Arc<dyn Agents>>,
    book: Mutex<Option<Box<Book>>>,
}

/// The lists that apply to an action, from the widest to the narrowest.
pub(super) struct Lists([(PolicyLevel, Option<PolicyList>); 3]);

impl Lists {
    pub(super) fn policies(&self) -> impl Iterator<Item = (PolicyLevel, &Arc<Policy>)> {
        self.0.iter().flat_map(|(level, list)| {
            let policies = list.iter().flat_map(PolicyList::iter);
            policies.map(move |policy| (*level, policy))
        })
    }
}

impl PolicyBook {
    /// An empty book; scopes get their ids from `ids`.
    #[must_use]
    pub fn new(ids: Arc<dyn IdSource>) -> Self {
        Self {
            ids,
            global: None,
            agents: None,
            book: Mutex::new(None),
        }
    }

    /// Below the policies of the daemon.
    #[must_use]
    pub fn below(mut self, global: Arc<GlobalPolicies>) -> Self {
        self.global = Some(global);
        self
    }

    /// Of a session that speaks for these agents.
    #[must_use]
    pub fn speaking_for(mut self, agents: Arc<dyn Agents>) -> Self {
        self.agents = Some(agents);
        self
    }

    /// Registers a policy, replacing the one of the same name in the same scope.
    ///
    /// # Errors
    /// The definition is unusable or too big, the scope is not open, or there are too many.
    pub fn register(
        &self,
        scope: Option<&str>,
        definition: PolicyDefinition,
    ) -> Result<(), PolicyError> {
        self.add(scope, Policy::of(definition)?)
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
        self.add(scope, Policy::custom(name, check)?)
    }

    fn add(&self, scope: Option<&str>, policy: Policy) -> Result<(), PolicyError> {
        let mut book = self.book.lock();
        if book.is_none()
            && let Some(scope) = scope
        {
            return Err(unknown(scope));
        }
        let book = book.get_or_insert_default();
        let scoped: usize = book.scopes.values().map(PolicyList::len).sum();
        let room = book.session.len() + scoped < POLICIES;
        book.scope(scope)?.put(policy, room, POLICIES)
    }

    /// The policies of the session or of one scope, in the order of registration.
    ///
    /// # Errors
    /// The scope is not open.
    pub fn list(&self, scope: Option<&str>) -> Result<Vec<PolicyDefinition>, PolicyError> {
        let (session, scoped) = self.own(scope)?;
        let list = if scope.is_some() { scoped } else { session };
        Ok(list.map_or_else(Vec::new, |list| list.definitions()))
    }

    /// Removes a policy. Answers whether it was there.
    ///
    /// # Errors
    /// The scope is not open.
    pub fn unregister(&self, scope: Option<&str>, name: &str) -> Result<bool, PolicyError> {
        match self.book.lock().as_mut() {
            Some(book) => book.scope(scope)?.remove(name),
            None => scope.map_or(Ok(false), |scope| Err(unknown(scope))),
        }
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
        book.scopes
            .insert(id.as_str().into(), PolicyList::default());
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

    /// Asks all policies of the daemon, the session and the scope, as they are now, and takes room from those that
    /// count calls, unless something stands against the action.
    ///
    /// A scope that was closed meanwhile is a violation: its policies can no longer be asked.
    pub fn judge(
        &self,
        scope: Option<&str>,
        subject: &Subject<'_>,
        state: &mut dyn StateView,
    ) -> Verdict {
        let mut verdict = Verdict::default();
        let lists = match self.lists(scope) {
            Ok(lists) => lists,
            Err(error) => {
                verdict.violations.push(PolicyViolation {
                    policy: "policy scope".to_owned(),
                    rule: "policy_scope".to_owned(),
                    level: PolicyLevel::PolicyScope,
                    reason: error.to_string(),
                    retry_after_ms: None,
                });
                return verdict;
            }
        };
        let mut counting = Vec::new();
        for (level, policy) in lists.policies() {
            if !self.binds(policy, subject) {
                continue;
            }
            match policy.rule.judge(subject, state) {
                Judgement::Unconcerned | Judgement::Passes => {}
                Judgement::Counts(_) => counting.push((level, policy)),
                Judgement::Asks => {
                    let reason = "it wants a person to agree".to_owned();
                    let asks = violation(level, policy, reason, None);
                    verdict.approvals.push(asks);
                }
                Judgement::Denies(reason, wait) => {
                    verdict
                        .violations
                        .push(violation(level, policy, reason, wait));
                }
            }
        }
        if verdict.violations.is_empty() {
            take(&counting, &mut verdict);
        }
        verdict
    }

    /// Whether a policy is about whoever acts.
    pub(super) fn binds(&self, policy: &Policy, subject: &Subject<'_>) -> bool {
        let Some(agent) = policy.definition.agent.as_deref() else {
            return true;
        };
        let agents = self.agents.as_ref();
        subject.caller == Some(agent) || agents.is_some_and(|agents| agents.speaks_for(agent))
    }

    /// All lists that apply, to be asked outside the lock.
    pub(super) fn lists(&self, scope: Option<&str>) -> Result<Lists, PolicyError> {
        let (session, scoped) = self.own(scope)?;
        let global = self.global.as_ref().and_then(|global| global.now());
        Ok(Lists([
            (PolicyLevel::Daemon, global),
            (PolicyLevel::Session, session),
            (PolicyLevel::PolicyScope, scoped),
        ]))
    }

    fn own(
        &self,
        scope: Option<&str>,
    ) -> Result<(Option<PolicyList>, Option<PolicyList>), PolicyError> {
        let book = self.book.lock();
        let scoped = match (scope, book.as_ref()) {
            (None, _) => None,
            (Some(id), Some(book)) => {
                Some(book.scopes.get(id).cloned().ok_or_else(|| unknown(id))?)
            }
            (Some(id), None) => return Err(unknown(id)),
        };
        Ok((book.as_ref().map(|book| book.session.clone()), scoped))
    }
}

/// Takes room from all of them or from none: others may have taken the last of it since they were asked.
fn take(counting: &[(PolicyLevel, &Arc<Policy>)], verdict: &mut Verdict) {
    for (level, policy) in counting {
        let Some(window) = policy.rule.window() else {
            continue;
        };
        match window.take() {
            Ok(counted) => verdict.permits.add(policy, counted),
            Err(wait) => {
                if let Judgement::Denies(reason, wait) = policy.rule.used_up(wait) {
                    verdict
                        .violations
                        .push(violation(*level, policy, reason, wait));
                }
            }
        }
    }
    if !verdict.violations.is_empty() {
        drop(std::mem::take(&mut verdict.permits));
    }
}

fn violation(
    level: PolicyLevel,
    policy: &Policy,
    reason: String,
    wait: Option<std::time::Duration>,
) -> PolicyViolation {
    PolicyViolation {
        policy: policy.definition.name.clone(),
        rule: policy.definition.rule.clone(),
        level,
        reason,
        retry_after_ms: wait.map(super::whole_millis),
    }
}
