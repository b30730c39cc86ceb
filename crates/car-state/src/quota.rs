//! What one identity may take of a daemon, over all of its connections, so that none takes all of it.
//!
//! An identity is a credential: all who present the client token are one, and so are all who present none. Each has an
//! [`Account`]; what it takes of that is a [`Share`], which ends with its owner.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use governor::clock::Clock as RateClock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use thiserror::Error;
use tokio::time::Instant;

use crate::approval::MAX_PENDING;
use crate::identity::Principal;
use crate::session::ClientSession;
use crate::traffic::Tally;

/// When somebody who found a share missing may try again: what others hold comes back in its own time.
const RETRY: Duration = Duration::from_secs(1);

/// How much one identity may take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct IdentityLimits {
    /// Connections at once.
    pub connections: usize,
    /// Sessions at once.
    pub sessions: usize,
    /// Calls under way that wait for tools or people, or have an idempotency key.
    pub calls: usize,
    /// Streams that are fed to its connections.
    pub subscriptions: usize,
    /// Questions to people that are pending, of all that there may be.
    pub approvals: usize,
    /// Requests and notifications a second; so many may come at once. None for as many as the sockets carry.
    pub rate: Option<NonZeroU32>,
}

impl IdentityLimits {
    /// What the identities of a class may take where nobody says otherwise. Only some of the questions that may be pending
    /// are those of programs, so that a person's own tools can always ask. Where nobody authenticates, nobody is told apart.
    #[must_use]
    pub const fn of(class: Class) -> Self {
        let approvals = if matches!(class, Class::Host | Class::Anonymous) {
            MAX_PENDING
        } else {
            MAX_PENDING / 4
        };
        Self {
            connections: 16_384,
            sessions: 16_384,
            calls: 65_536,
            subscriptions: 65_536,
            approvals,
            rate: None,
        }
    }
}

impl Default for IdentityLimits {
    fn default() -> Self {
        Self::of(Class::Client)
    }
}

/// The kinds of identities.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Class {
    /// Who presents the client token.
    Client,
    /// Who presents the host token.
    Host,
    /// Who presents the token of an agent.
    Agent,
    /// Who presents nothing: before authentication, or where none is asked for.
    Anonymous,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 4] = [Self::Client, Self::Host, Self::Agent, Self::Anonymous];

    /// The one of this identity.
    #[must_use]
    pub const fn of(principal: &Principal) -> Self {
        match principal {
            Principal::Client => Self::Client,
            Principal::Host => Self::Host,
            Principal::Agent(_) => Self::Agent,
            Principal::Anonymous(_) => Self::Anonymous,
        }
    }

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Host => "host",
            Self::Agent => "agent",
            Self::Anonymous => "anonymous",
        }
    }
}

/// What there is a limit of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Resource {
    /// Connections.
    Connections,
    /// Sessions.
    Sessions,
    /// Calls under way.
    Calls,
    /// Streams that are fed.
    Subscriptions,
    /// Questions to people that are pending.
    Approvals,
    /// Requests a second.
    Rate,
}

impl Resource {
    /// Every resource.
    pub const ALL: [Self; 6] = [
        Self::Connections,
        Self::Sessions,
        Self::Calls,
        Self::Subscriptions,
        Self::Approvals,
        Self::Rate,
    ];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::Sessions => "sessions",
            Self::Calls => "calls",
            Self::Subscriptions => "subscriptions",
            Self::Approvals => "approvals",
            Self::Rate => "rate",
        }
    }
}

/// An identity has taken all it may.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("this identity may have {limit} {}", .resource.said())]
pub struct QuotaExceeded {
    /// Of what.
    pub resource: Resource,
    /// How much that is.
    pub limit: usize,
    /// When to try again.
    pub retry: Duration,
}

impl Resource {
    const fn said(self) -> &'static str {
        match self {
            Self::Calls => "calls under way",
            Self::Approvals => "approvals pending",
            Self::Rate => "requests a second",
            other => other.as_str(),
        }
    }
}

/// The accounts of a daemon.
#[derive(Debug)]
pub struct Quotas([Arc<Account>; Class::ALL.len()]);

impl Quotas {
    /// Accounts with these limits, in the order of [`Class::ALL`].
    #[must_use]
    pub fn new(limits: [IdentityLimits; Class::ALL.len()]) -> Self {
        let [client, host, agent, anonymous] = limits;
        let account = |class, limits| Arc::new(Account::new(class, limits));
        Self([
            account(Class::Client, client),
            account(Class::Host, host),
            account(Class::Agent, agent),
            account(Class::Anonymous, anonymous),
        ])
    }

    /// The account of an identity.
    #[must_use]
    pub fn account(&self, principal: &Principal) -> &Arc<Account> {
        let [client, host, agent, anonymous] = &self.0;
        match Class::of(principal) {
            Class::Client => client,
            Class::Host => host,
            Class::Agent => agent,
            Class::Anonymous => anonymous,
        }
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Account>> {
        self.0.iter()
    }
}

/// What one identity takes.
pub struct Account {
    class: Class,
    limits: IdentityLimits,
    in_use: [AtomicUsize; Resource::ALL.len() - 1],
    rate: Option<Rate>,
    refused: [Tally; Resource::ALL.len()],
}

type Rate = RateLimiter<NotKeyed, InMemoryState, SinceStart, NoOpMiddleware<Duration>>;

/// The runtime's clock, which tests may pause.
#[derive(Clone, Copy, Debug)]
struct SinceStart(Instant);

impl RateClock for SinceStart {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

impl Account {
    fn new(class: Class, limits: IdentityLimits) -> Self {
        let rate = |rate| {
            let clock = SinceStart(Instant::now());
            RateLimiter::direct_with_clock(Quota::per_second(rate), clock)
        };
        Self {
            class,
            limits,
            in_use: Default::default(),
            rate: limits.rate.map(rate),
            refused: Default::default(),
        }
    }

    /// Whose it is.
    #[must_use]
    pub fn class(&self) -> Class {
        self.class
    }

    /// Takes one of a resource.
    ///
    /// # Errors
    /// [`QuotaExceeded`].
    pub fn take(self: &Arc<Self>, resource: Resource) -> Result<Share, QuotaExceeded> {
        let limit = self.limit(resource);
        let fits = |used: usize| (used < limit).then_some(used + 1);
        let taken = self.gauge(resource).is_none_or(|gauge| {
            gauge
                .fetch_update(Ordering::AcqRel, Ordering::Acquire, fits)
                .is_ok()
        });
        if !taken {
            return Err(self.refuse(resource, RETRY));
        }
        Ok(Share {
            account: Arc::clone(self),
            resource,
        })
    }

    /// Counts one of a resource that was let in before, by an earlier process: there is room for it.
    pub(crate) fn carry(self: &Arc<Self>, resource: Resource) -> Share {
        if let Some(gauge) = self.gauge(resource) {
            gauge.fetch_add(1, Ordering::AcqRel);
        }
        Share {
            account: Arc::clone(self),
            resource,
        }
    }

    /// Counts a session and its connection for this identity from now on, and for no other one any more.
    ///
    /// # Errors
    /// [`QuotaExceeded`]: they are counted where they were.
    pub fn seat(self: &Arc<Self>, session: &ClientSession) -> Result<(), QuotaExceeded> {
        let identity = session.identity();
        let share = match identity.share_of(self) {
            true => None,
            false => Some(self.take(Resource::Sessions)?),
        };
        if let Some(channel) = session.link().channel() {
            channel.join(self)?;
        }
        if let Some(share) = share {
            identity.hold(share);
        }
        Ok(())
    }

    /// Whether requests are counted against a rate.
    #[must_use]
    pub fn is_rated(&self) -> bool {
        self.rate.is_some()
    }

    /// Counts a request against the rate. Costs nothing where there is none.
    ///
    /// # Errors
    /// [`QuotaExceeded`], with the time when the next one is taken.
    pub fn request(&self) -> Result<(), QuotaExceeded> {
        let Some(rate) = &self.rate else {
            return Ok(());
        };
        rate.check().map_err(|next| {
            let retry = next.wait_time_from(rate.clock().now());
            self.refuse(Resource::Rate, retry)
        })
    }

    fn refuse(&self, resource: Resource, retry: Duration) -> QuotaExceeded {
        if let Some(tally) = self.refused.get(resource as usize) {
            tally.one();
        }
        QuotaExceeded {
            resource,
            limit: self.limit(resource),
            retry,
        }
    }

    fn limit(&self, resource: Resource) -> usize {
        match resource {
            Resource::Connections => self.limits.connections,
            Resource::Sessions => self.limits.sessions,
            Resource::Calls => self.limits.calls,
            Resource::Subscriptions => self.limits.subscriptions,
            Resource::Approvals => self.limits.approvals,
            Resource::Rate => self
                .limits
                .rate
                .map_or(usize::MAX, |rate| rate.get() as usize),
        }
    }

    fn gauge(&self, resource: Resource) -> Option<&AtomicUsize> {
        self.in_use.get(resource as usize)
    }

    /// How much of each resource is in use, but for the rate.
    pub fn in_use(&self) -> impl Iterator<Item = (Resource, usize)> {
        let gauges = Resource::ALL.into_iter().zip(&self.in_use);
        gauges.map(|(resource, gauge)| (resource, gauge.load(Ordering::Relaxed)))
    }

    /// How often each resource was refused so far.
    pub fn refused(&self) -> impl Iterator<Item = (Resource, u64)> {
        let tallies = Resource::ALL.into_iter().zip(&self.refused);
        tallies.map(|(resource, tally)| (resource, tally.get()))
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("class", &self.class)
            .field("in_use", &self.in_use)
            .finish_non_exhaustive()
    }
}

/// One of a resource, given back when this is dropped.
#[derive(Debug)]
#[must_use = "dropping it gives it back"]
pub struct Share {
    account: Arc<Account>,
    resource: Resource,
}

impl Share {
    /// Whose it is.
    #[must_use]
    pub fn account(&self) -> &Arc<Account> {
        &self.account
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if let Some(gauge) = self.account.gauge(self.resource) {
            gauge.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(limits: IdentityLimits) -> Arc<Account> {
        let others = IdentityLimits::default();
        let quotas = Quotas::new([others, limits, others, others]);
        Arc::clone(quotas.account(&Principal::Host))
    }

    #[test]
    fn a_share_comes_back_with_its_owner() {
        let account = host(IdentityLimits {
            calls: 2,
            ..IdentityLimits::default()
        });
        let shares = [
            account.take(Resource::Calls).unwrap(),
            account.take(Resource::Calls).unwrap(),
        ];
        let refused = account.take(Resource::Calls).unwrap_err();
        assert_eq!((refused.limit, refused.retry), (2, RETRY));
        assert_eq!(
            refused.to_string(),
            "this identity may have 2 calls under way"
        );
        drop(shares);
        let _one = account.take(Resource::Calls).unwrap();
        let used: Vec<_> = account.in_use().filter(|(_, used)| *used > 0).collect();
        assert_eq!(used, [(Resource::Calls, 1)]);
        let refused: Vec<_> = account.refused().filter(|(_, times)| *times > 0).collect();
        assert_eq!(refused, [(Resource::Calls, 1)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_bucket_fills_as_time_passes_and_says_when() {
        let account = host(IdentityLimits {
            rate: NonZeroU32::new(10),
            ..IdentityLimits::default()
        });
        for _ in 0..10 {
            account.request().unwrap();
        }
        let refused = account.request().unwrap_err();
        assert_eq!(
            (refused.limit, refused.retry),
            (10, Duration::from_millis(100))
        );
        tokio::time::advance(refused.retry).await;
        account.request().unwrap();
        account.request().unwrap_err();
        tokio::time::advance(Duration::from_secs(60)).await;
        for _ in 0..10 {
            account.request().unwrap();
        }
        account.request().unwrap_err();
    }

    #[test]
    fn without_a_rate_nothing_is_counted() {
        let account = host(IdentityLimits::default());
        for _ in 0..1_000_000 {
            account.request().unwrap();
        }
    }
}
