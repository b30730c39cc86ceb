//! Routes: how a person hears of what waits for them when no screen of theirs is connected.
//!
//! Who hears next is a pure function of what was tried, so that it is the same before and after a restart. A route only
//! tells; whoever heard of it connects and decides like everybody else.

mod order;

use std::fmt;
use std::sync::Arc;

use car_protocol::rpc::approvals::Approval;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::Reach;

pub use order::{Next, Tried, next};

/// The routes there can be.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum RouteName {
    /// A notification on the desktop of the machine.
    Desktop,
    /// A command that the user has named.
    Command,
}

impl RouteName {
    /// Every route, in the order in which they are tried unless somebody says otherwise.
    pub const ALL: [Self; 2] = [Self::Desktop, Self::Command];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Desktop => "desktop",
            Self::Command => "command",
        }
    }

    /// The route with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|route| route.as_str() == name)
    }

    /// Reads a list such as `command, desktop`; `none` is the empty one.
    ///
    /// # Errors
    /// Says what is wrong with it, for a person.
    pub fn list(text: &str) -> Result<Vec<Self>, String> {
        if text.trim() == "none" {
            return Ok(Vec::new());
        }
        let mut routes = Vec::new();
        for name in text.split(',').map(str::trim) {
            let route = Self::named(name).ok_or_else(|| {
                format!("a route is `desktop` or `command`, or the list is `none`, not `{name}`")
            })?;
            if routes.contains(&route) {
                return Err(format!("the route `{name}` stands twice"));
            }
            routes.push(route);
        }
        Ok(routes)
    }

    /// The names of these routes, as they are recorded; `none` for no route.
    #[must_use]
    pub(crate) fn names(routes: &[Self]) -> Vec<String> {
        match routes {
            [] => vec!["none".to_owned()],
            routes => routes.iter().map(ToString::to_string).collect(),
        }
    }
}

impl fmt::Display for RouteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A way to tell a person of an approval that waits.
pub trait Route: fmt::Debug + Send + Sync + 'static {
    /// Which one it is.
    fn name(&self) -> RouteName;

    /// Tells. The answer says in a few words what was done; it comes within the route's own deadline. Whoever drops the
    /// future takes back what can be taken back.
    ///
    /// The approval has its preview only, in which secrets are masked.
    ///
    /// # Errors
    /// Nobody can have been told: why, for the log and for whoever looks at the approval.
    fn tell(&self, approval: Approval) -> BoxFuture<'_, Result<String, String>>;
}

/// The routes that a daemon has.
#[derive(Clone, Debug, Default)]
pub struct RouteTable {
    routes: Vec<Arc<dyn Route>>,
}

impl RouteTable {
    /// These routes, in the order in which they are tried.
    #[must_use]
    pub fn new(routes: Vec<Arc<dyn Route>>) -> Self {
        Self { routes }
    }

    /// The route with this name, where there is one.
    #[must_use]
    pub fn get(&self, name: RouteName) -> Option<&Arc<dyn Route>> {
        self.routes.iter().find(|route| route.name() == name)
    }

    /// What is tried for a question: the routes that its rule names, as far as there are any such, or all.
    #[must_use]
    pub fn plan(&self, wanted: &[String]) -> Vec<RouteName> {
        if wanted.is_empty() {
            return self.routes.iter().map(|route| route.name()).collect();
        }
        let wanted = wanted.iter().filter_map(|name| RouteName::named(name));
        wanted.filter(|name| self.get(*name).is_some()).collect()
    }

    /// Tells a person of an approval, by every route of the plan in its order. Answers which may have reached somebody;
    /// none where none did.
    pub async fn tell(&self, approval: &Approval, wanted: &[String]) -> Vec<RouteName> {
        let plan = self.plan(wanted);
        let mut tried = Vec::new();
        loop {
            match next(&plan, &tried) {
                Next::Tell(name) => {
                    let outcome = match self.get(name) {
                        Some(route) => route.tell(approval.clone()).await,
                        None => Err("there is no such route".to_owned()),
                    };
                    match &outcome {
                        Ok(done) => {
                            tracing::info!(approval = %approval.id, route = %name, %done, "told")
                        }
                        Err(why) => {
                            tracing::warn!(approval = %approval.id, route = %name, %why, "a route failed")
                        }
                    }
                    tried.push(Tried {
                        route: name,
                        outcome,
                    });
                }
                Next::Reached(routes) => return routes,
                Next::GiveUp(reason) => {
                    tracing::warn!(approval = %approval.id, %reason, "nobody can be reached");
                    return Vec::new();
                }
            }
        }
    }
}

impl Reach for RouteTable {
    fn reach(&self, approval: &Approval, routes: &[String]) -> BoxFuture<'static, Vec<String>> {
        let (table, approval, routes) = (self.clone(), approval.clone(), routes.to_vec());
        async move {
            let told = table.tell(&approval, &routes).await;
            told.iter().map(ToString::to_string).collect()
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Silent(RouteName);

    impl Route for Silent {
        fn name(&self) -> RouteName {
            self.0
        }

        fn tell(&self, _: Approval) -> BoxFuture<'_, Result<String, String>> {
            Box::pin(std::future::ready(Ok("told".to_owned())))
        }
    }

    #[test]
    fn a_rule_chooses_among_the_routes_that_there_are() {
        use RouteName::{Command, Desktop};
        let table = RouteTable::new(vec![Arc::new(Silent(Desktop))]);
        let names =
            |names: &[&str]| table.plan(&names.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(names(&[]), [Desktop]);
        assert_eq!(names(&["command", "desktop"]), [Desktop]);
        assert_eq!(names(&["none"]), []);
        let both = RouteTable::new(vec![Arc::new(Silent(Desktop)), Arc::new(Silent(Command))]);
        assert_eq!(both.plan(&["command".to_owned()]), [Command]);
    }

    #[test]
    fn a_list_of_routes_is_read_and_refused() {
        assert_eq!(
            RouteName::list("command, desktop"),
            Ok(vec![RouteName::Command, RouteName::Desktop])
        );
        assert_eq!(RouteName::list(" none "), Ok(Vec::new()));
        for wrong in [
            "",
            "mail",
            "desktop,desktop",
            "desktop,,command",
            "none,desktop",
        ] {
            assert!(RouteName::list(wrong).is_err(), "{wrong}");
        }
    }
}
