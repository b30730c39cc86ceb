//! How a person is reached who has no screen connected.

use std::fmt::Debug;

use car_protocol::rpc::approvals::Approval;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};

/// Tries the routes to a person, one after the other.
pub trait Reach: Debug + Send + Sync + 'static {
    /// Tells a person of a question; which routes may have reached one. `routes` are those that the rule names; where it
    /// names none, those of the configuration. Whoever drops the future stops trying.
    fn reach(&self, approval: &Approval, routes: &[String]) -> BoxFuture<'static, Vec<String>>;
}

/// No route: only connected hosts hear of questions.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoRoute;

impl Reach for NoRoute {
    fn reach(&self, _: &Approval, _: &[String]) -> BoxFuture<'static, Vec<String>> {
        ready(Vec::new()).boxed()
    }
}
