//! From a method's name to the function that serves it.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use car_protocol::RpcError;
use car_protocol::jsonrpc::decode_params;
use car_protocol::method::{Access, Method, MethodSpec};
use car_protocol::rpc;
use car_state::approval::ApprovalGate;
use car_state::log::Settled;
use car_state::responder::Responder;
use car_state::session::ClientSession;
use car_state::traffic::MethodIndex;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rustc_hash::FxHashMap;
use serde_json::value::RawValue;
use thiserror::Error;

use crate::cx::Cx;
use crate::failure::Failure;

/// Serves a request in the read loop.
pub(crate) type Inline = Box<dyn Fn(&Cx, Option<&RawValue>, Responder) + Send + Sync>;
/// Reads the params of a request that a task will serve.
type Prepare = Box<dyn Fn(&Cx, Option<&RawValue>) -> Result<Prepared, RpcError> + Send + Sync>;
/// A request whose params are read.
pub(crate) type Prepared = Box<dyn FnOnce(Responder) -> BoxFuture<'static, ()> + Send>;
/// Where a namespace gets its store for a session.
type Source<T> = Arc<dyn Fn(&Arc<ClientSession>) -> T + Send + Sync>;

/// One method and what serves it.
pub struct Route {
    pub(crate) spec: &'static MethodSpec,
    /// Where its calls are counted.
    pub(crate) index: MethodIndex,
    /// Whether a call waits for a person.
    pub(crate) gated: bool,
    /// Whether a call sees for itself that its session has ended, and then has time to end in its own way.
    pub(crate) lasting: bool,
    /// There where the handler never awaits.
    pub(crate) inline: Option<Inline>,
    pub(crate) prepare: Prepare,
}

impl Route {
    fn of<M: Method>(inline: Option<Inline>, prepare: Prepare) -> Self {
        Self {
            spec: M::SPEC,
            index: MethodIndex::of(M::SPEC),
            gated: false,
            lasting: false,
            inline,
            prepare,
        }
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Route").field(&self.spec.name).finish()
    }
}

/// The routes of one namespace. They reach the store that they were given and no other.
pub struct Routes<T> {
    source: Source<T>,
    routes: Vec<Route>,
}

impl<T: Send + 'static> Routes<T> {
    /// Routes over a store that all sessions share.
    pub fn with(store: T) -> Self
    where
        T: Clone + Sync,
    {
        Self::per_session(move |_| store.clone())
    }

    /// Routes over something that each session has of its own.
    pub fn per_session(source: impl Fn(&Arc<ClientSession>) -> T + Send + Sync + 'static) -> Self {
        Self {
            source: Arc::new(source),
            routes: Vec::new(),
        }
    }

    /// Serves `M` with a function: a plain one runs in the read loop, in order; an `async` one as a task of the session.
    /// One that gives an [`Answer`] runs like a plain one, and only its answer may wait; one that takes the [`Responder`]
    /// runs like a plain one too.
    #[must_use]
    pub fn on<M: Method, Kind>(mut self, handler: impl Handler<M, T, Kind>) -> Self {
        self.routes.push(handler.route(Arc::clone(&self.source)));
        self
    }

    /// Lets calls of the method that was added last end in their own way when their session does.
    #[must_use]
    pub fn lasting(mut self) -> Self {
        if let Some(route) = self.routes.last_mut() {
            route.lasting = true;
        }
        self
    }

    /// The routes, without their store.
    #[must_use]
    pub fn into_routes(self) -> Vec<Route> {
        self.routes
    }
}

impl<T> fmt::Debug for Routes<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.routes).finish()
    }
}

/// A function that can serve `M` over a store `T`. `Kind` tells the kinds apart and is inferred.
pub trait Handler<M: Method, T, Kind>: Send + Sync + 'static {
    /// The route that calls it.
    fn route(self, source: Source<T>) -> Route;
}

/// The kind of a handler that never awaits.
#[derive(Debug)]
pub enum Plain {}

/// The kind of a handler that awaits.
#[derive(Debug)]
pub enum Awaits {}

impl<M, T, F> Handler<M, T, Plain> for F
where
    M: Method,
    T: Send + 'static,
    F: Fn(&T, &Cx, M::Params) -> Result<M::Result, Failure> + Send + Sync + 'static,
{
    fn route(self, source: Source<T>) -> Route {
        let handler = Arc::new(self);
        let (inline_source, inline_handler) = (Arc::clone(&source), Arc::clone(&handler));
        let inline: Inline = Box::new(move |cx, params, responder| match decode_params(params) {
            Ok(params) => answer(
                responder,
                inline_handler(&inline_source(cx.session()), cx, params),
            ),
            Err(error) => responder.error(&error),
        });
        let prepare: Prepare = Box::new(move |cx, params| {
            let params = decode_params(params)?;
            let (store, cx, handler) = (source(cx.session()), cx.clone(), Arc::clone(&handler));
            Ok(Box::new(move |responder| {
                async move { answer(responder, handler(&store, &cx, params)) }.boxed()
            }))
        });
        Route::of::<M>(Some(inline), prepare)
    }
}

/// The kind of a handler that runs in order like a plain one, and whose answer may have to wait.
#[derive(Debug)]
pub enum Answers {}

/// What such a handler gives.
pub enum Answer<R> {
    /// The result.
    Now(R),
    /// What becomes the result, in a task of the session.
    Later(BoxFuture<'static, Result<R, Failure>>),
}

impl<R: Send + 'static> Answer<R> {
    /// A result that is told when what it tells of is durable.
    ///
    /// # Errors
    /// It will not be.
    pub fn when(settled: Settled, result: R) -> Result<Self, Failure> {
        match settled.outcome() {
            Some(Ok(())) => Ok(Self::Now(result)),
            Some(Err(error)) => Err(error.clone().into()),
            None => Ok(Self::Later(
                async move {
                    settled.await?;
                    Ok(result)
                }
                .boxed(),
            )),
        }
    }
}

impl<R: fmt::Debug> fmt::Debug for Answer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now(result) => f.debug_tuple("Now").field(result).finish(),
            Self::Later(_) => f.write_str("Later"),
        }
    }
}

impl<M, T, F> Handler<M, T, Answers> for F
where
    M: Method,
    T: Send + 'static,
    F: Fn(&T, &Cx, M::Params) -> Result<Answer<M::Result>, Failure> + Send + Sync + 'static,
{
    fn route(self, source: Source<T>) -> Route {
        let handler = Arc::new(self);
        let (inline_source, inline_handler) = (Arc::clone(&source), Arc::clone(&handler));
        let inline: Inline = Box::new(move |cx, params, mut responder| {
            let params = match decode_params(params) {
                Ok(params) => params,
                Err(error) => return responder.error(&error),
            };
            match inline_handler(&inline_source(cx.session()), cx, params) {
                Ok(Answer::Now(result)) => responder.ok(&result),
                Ok(Answer::Later(later)) => {
                    responder.stays();
                    cx.session()
                        .begin(async move { answer(responder, later.await) });
                }
                Err(failure) => answer::<M::Result>(responder, Err(failure)),
            }
        });
        let prepare: Prepare = Box::new(move |cx, params| {
            let params = decode_params(params)?;
            let (store, cx, handler) = (source(cx.session()), cx.clone(), Arc::clone(&handler));
            Ok(Box::new(move |responder| {
                async move {
                    match handler(&store, &cx, params) {
                        Ok(Answer::Now(result)) => responder.ok(&result),
                        Ok(Answer::Later(later)) => answer(responder, later.await),
                        Err(failure) => answer::<M::Result>(responder, Err(failure)),
                    }
                }
                .boxed()
            }))
        });
        Route::of::<M>(Some(inline), prepare)
    }
}

impl<M, T, F, Fut> Handler<M, T, Awaits> for F
where
    M: Method,
    T: Send + 'static,
    F: Fn(T, Cx, M::Params) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<M::Result, Failure>> + Send + 'static,
{
    fn route(self, source: Source<T>) -> Route {
        let handler = Arc::new(self);
        let prepare: Prepare = Box::new(move |cx, params| {
            let params = decode_params(params)?;
            let (store, cx, handler) = (source(cx.session()), cx.clone(), Arc::clone(&handler));
            Ok(Box::new(move |responder| {
                // Nothing of it runs yet; what is made here need not be held beside what it was made of.
                let served = handler(store, cx, params);
                async move { answer(responder, served.await) }.boxed()
            }))
        });
        Route::of::<M>(None, prepare)
    }
}

/// The kind of a handler that runs in order like a plain one, and answers by itself.
#[derive(Debug)]
pub enum Responds {}

impl<M, T, F> Handler<M, T, Responds> for F
where
    M: Method,
    T: Send + 'static,
    F: Fn(&T, &Cx, M::Params, Responder) + Send + Sync + 'static,
{
    fn route(self, source: Source<T>) -> Route {
        let handler = Arc::new(self);
        let (inline_source, inline_handler) = (Arc::clone(&source), Arc::clone(&handler));
        let inline: Inline = Box::new(move |cx, params, responder| match decode_params(params) {
            Ok(params) => {
                inline_handler(&inline_source(cx.session()), cx, params, responder);
            }
            Err(error) => responder.error(&error),
        });
        let prepare: Prepare = Box::new(move |cx, params| {
            let params = decode_params(params)?;
            let (store, cx, handler) = (source(cx.session()), cx.clone(), Arc::clone(&handler));
            Ok(Box::new(move |responder| {
                async move { handler(&store, &cx, params, responder) }.boxed()
            }))
        });
        Route::of::<M>(Some(inline), prepare)
    }
}

pub(crate) fn answer<R: serde::Serialize>(responder: Responder, outcome: Result<R, Failure>) {
    match outcome {
        Ok(result) => responder.ok(&result),
        Err(failure) => {
            let error = failure.into_error(responder.id());
            responder.error(&error);
        }
    }
}

/// All routes, by name and alias.
#[derive(Debug)]
pub struct Router {
    /// What is in it is ours, so nobody can choose names that collide.
    routes: FxHashMap<&'static str, Arc<Route>>,
}

/// The routes do not fit the method table. The daemon does not start.
#[derive(Debug, Error, Eq, PartialEq)]
#[non_exhaustive]
pub enum RouterError {
    /// Two routes have one name.
    #[error("two routes serve {0}")]
    Twice(&'static str),
    /// A method of the table has no route.
    #[error("no route serves {0}")]
    Missing(&'static str),
}

impl Router {
    /// A router of these routes, which must serve every method of the table, behind this gate.
    ///
    /// # Errors
    /// [`RouterError`] names the method.
    pub fn new(
        routes: impl IntoIterator<Item = Route>,
        gate: &ApprovalGate,
    ) -> Result<Self, RouterError> {
        let mut by_name = FxHashMap::default();
        for mut route in routes {
            // What is open to strangers never waits: there is nobody yet whose call a person could judge.
            route.gated =
                route.spec.access != Access::Open && gate.requires_approval(route.spec.name);
            let route = Arc::new(route);
            for name in route.spec.aliases.iter().chain([&route.spec.name]) {
                if by_name.insert(*name, Arc::clone(&route)).is_some() {
                    return Err(RouterError::Twice(name));
                }
            }
        }
        match rpc::methods().find(|spec| !by_name.contains_key(spec.name)) {
            Some(spec) => Err(RouterError::Missing(spec.name)),
            None => Ok(Self { routes: by_name }),
        }
    }

    pub(crate) fn get(&self, method: &str) -> Option<&Arc<Route>> {
        self.routes.get(method)
    }
}
