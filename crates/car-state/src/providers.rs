//! Which connected host serves which provided method.
//!
//! The newest offer of a method counts, as the newest attach of an agent does: a host that was cut and comes back must not
//! wait until its former connection is found dead. An offer ends with the session that made it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use car_protocol::Timestamp;
use car_protocol::jsonrpc::ErrorObject;
use car_protocol::method::MethodSpec;
use car_protocol::rpc;
use car_protocol::rpc::providers::{Call, CallParams, ProvidedMethod};
use parking_lot::Mutex;
use serde_json::Value;
use thiserror::Error;

use crate::callbacks::CallError;
use crate::clock::Clock;
use crate::identity::{Identity, SessionId};
use crate::session::ClientSession;

/// How long a provider has to answer, unless told otherwise.
pub const PROVIDER_TIMEOUT: Duration = Duration::from_secs(60);

/// The offers of all sessions: one for each provided method at most.
#[derive(Debug)]
pub struct Providers {
    offers: Mutex<BTreeMap<&'static str, Offer>>,
    clock: Arc<dyn Clock>,
    timeout: Duration,
}

#[derive(Clone, Debug)]
struct Offer {
    id: SessionId,
    session: Weak<ClientSession>,
    since: Timestamp,
    /// Calls that are not answered.
    open: Arc<AtomicU64>,
}

/// What an offer led to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Offered {
    /// What the session serves now, by name.
    pub methods: Vec<&'static str>,
    /// Those of them that another session served before.
    pub replaced: Vec<&'static str>,
}

/// Why an offer is refused.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum OfferError {
    /// No method was named.
    #[error("name one method at least")]
    Nothing,
    /// This is no method that hosts provide.
    #[error("`{name}` is no method that a host provides: there are {}", names().join(", "))]
    NotProvided {
        /// Its place among those that were named.
        index: usize,
        /// Its name.
        name: String,
    },
}

/// Why a provided call has no result.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// Nobody serves the method, and nothing was done.
    #[error("no connected host provides {0}")]
    Unavailable(&'static str),
    /// The provider has too much to do, and was not asked.
    #[error("the host that provides {0} has too much to do")]
    Overloaded(&'static str),
    /// The provider answered with an error.
    #[error("{}", .0.message.as_deref().unwrap_or("the provider failed"))]
    Failed(ErrorObject),
    /// The provider was asked and gave no answer. Nobody knows whether it acted.
    #[error("the host that provides {method} {why}: whether it was done is not known")]
    Unknown {
        /// What was called.
        method: &'static str,
        /// What became of the provider.
        why: String,
    },
}

/// The provided methods, by name.
fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = rpc::methods()
        .filter(|spec| spec.provided)
        .map(|spec| spec.name)
        .collect();
    names.sort_unstable();
    names
}

/// The provided method that goes by this name.
fn provided(name: &str) -> Option<&'static MethodSpec> {
    rpc::methods().find(|spec| spec.provided && (spec.name == name || spec.aliases.contains(&name)))
}

/// The offers of one session, which end when this is dropped.
#[derive(Debug)]
pub(crate) struct OffersOf {
    providers: Arc<Providers>,
    session: SessionId,
}

impl Drop for OffersOf {
    fn drop(&mut self) {
        self.providers.withdraw(&self.session, None);
    }
}

impl Providers {
    /// No offers. A provider has so long to answer.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, timeout: Duration) -> Self {
        Self {
            offers: Mutex::default(),
            clock,
            timeout,
        }
    }

    /// Has `session` serve these methods from now on.
    ///
    /// # Errors
    /// [`OfferError`]; then nothing changes.
    pub fn offer(
        self: &Arc<Self>,
        session: &Arc<ClientSession>,
        methods: &[String],
    ) -> Result<Offered, OfferError> {
        if methods.is_empty() {
            return Err(OfferError::Nothing);
        }
        let mut named = Vec::new();
        for (index, name) in methods.iter().enumerate() {
            let spec = provided(name).ok_or_else(|| OfferError::NotProvided {
                index,
                name: name.chars().take(128).collect(),
            })?;
            named.push(spec.name);
        }
        // Before the offers themselves, so that none is left behind by a session that ends meanwhile.
        session.hold_offers(|| OffersOf {
            providers: Arc::clone(self),
            session: session.id().clone(),
        });
        let mut offered = Offered::default();
        let mut offers = self.offers.lock();
        for method in named {
            let offer = Offer {
                id: session.id().clone(),
                session: Arc::downgrade(session),
                since: self.clock.now(),
                open: Arc::default(),
            };
            let before = offers.get(method);
            if before.is_some_and(|before| before.id == *session.id()) {
                continue;
            }
            if offers.insert(method, offer).is_some() {
                offered.replaced.push(method);
            }
        }
        offered.replaced.sort_unstable();
        let of_session = offers.iter().filter(|(_, offer)| offer.id == *session.id());
        offered.methods = of_session.map(|(method, _)| *method).collect();
        // A session that ended just now has dropped what holds its offers already.
        if session.cancellation().is_cancelled() {
            offers.retain(|_, offer| offer.id != *session.id());
        }
        Ok(offered)
    }

    /// Takes offers of a session back: these, or all. Answers how many it had.
    pub fn withdraw(&self, session: &SessionId, methods: Option<&[String]>) -> usize {
        let mut offers = self.offers.lock();
        let before = offers.len();
        offers.retain(|method, offer| {
            let named = methods.is_none_or(|methods| {
                methods
                    .iter()
                    .any(|name| provided(name).is_some_and(|spec| spec.name == *method))
            });
            offer.id != *session || !named
        });
        before - offers.len()
    }

    /// Whether somebody serves this method.
    #[must_use]
    pub fn has(&self, method: &str) -> bool {
        self.offers.lock().contains_key(method)
    }

    /// Every provided method, by name.
    #[must_use]
    pub fn list(&self) -> Vec<ProvidedMethod> {
        let offers = self.offers.lock();
        let told = names().into_iter().map(|name| {
            let offer = offers.get(name);
            ProvidedMethod {
                method: name.to_owned(),
                session_id: offer.map(|offer| offer.id.to_string()),
                since: offer.map(|offer| offer.since),
                open: offer.map_or(0, |offer| offer.open.load(Ordering::Relaxed)),
            }
        });
        told.collect()
    }

    /// Has the provider of `method` serve a call by `caller`. Whoever drops the future takes the request back.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn call(
        &self,
        method: &'static str,
        params: Value,
        caller: &Identity,
    ) -> Result<Value, ProviderError> {
        let offer = self.offers.lock().get(method).cloned();
        let provider = offer.as_ref().and_then(|offer| offer.session.upgrade());
        let (Some(offer), Some(provider)) = (offer, provider) else {
            return Err(ProviderError::Unavailable(method));
        };
        let _open = Open::new(&offer.open);
        let asked = AtomicBool::new(false);
        let timeout_ms = u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX);
        let answer = provider
            .call::<Call>(self.timeout, |request_id| {
                asked.store(true, Ordering::Relaxed);
                CallParams {
                    method: method.to_owned(),
                    params,
                    request_id: request_id.to_owned(),
                    timeout_ms,
                    session_id: caller.session.to_string(),
                    principal: caller.principal.to_string(),
                    delivery: None,
                }
            })
            .await;
        let unknown = |why: String| ProviderError::Unknown { method, why };
        answer.map_err(|error| match error {
            CallError::Disconnected if !asked.into_inner() => ProviderError::Unavailable(method),
            CallError::Disconnected => unknown("left before it answered".to_owned()),
            CallError::Overloaded => ProviderError::Overloaded(method),
            CallError::TimedOut(after) => {
                unknown(format!("did not answer within {} s", after.as_secs()))
            }
            CallError::Refused(error) => ProviderError::Failed(error),
            other => unknown(format!("gave an answer that cannot be read ({other})")),
        })
    }
}

/// Counts a call that is open.
struct Open(Arc<AtomicU64>);

impl Open {
    fn new(count: &Arc<AtomicU64>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
