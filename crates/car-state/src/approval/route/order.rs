//! Who hears next.

use super::RouteName;

/// A route that was tried.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tried {
    /// Which.
    pub route: RouteName,
    /// That somebody may have been told, or why nobody was.
    pub outcome: Result<String, String>,
}

/// What to do about an approval that nobody is connected for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Next {
    /// Try this route now.
    Tell(RouteName),
    /// All were tried, and these may have reached somebody.
    Reached(Vec<RouteName>),
    /// All were tried, and nobody was told, for this reason: the call is refused.
    GiveUp(String),
}

/// Who hears next, when these routes are to be tried in this order and those were.
///
/// Each has its turn, whatever became of the ones before: a notification that was shown to an empty chair must not keep a
/// message from going to a pocket.
#[must_use]
pub fn next(plan: &[RouteName], tried: &[Tried]) -> Next {
    let untried = |route: &&RouteName| !tried.iter().any(|tried| tried.route == **route);
    if let Some(route) = plan.iter().find(untried) {
        return Next::Tell(*route);
    }
    let told: Vec<RouteName> = tried
        .iter()
        .filter(|tried| tried.outcome.is_ok())
        .map(|tried| tried.route)
        .collect();
    match told.is_empty() {
        false => Next::Reached(told),
        true => Next::GiveUp(reason(tried)),
    }
}

fn reason(tried: &[Tried]) -> String {
    let failed = tried.iter().filter_map(|tried| {
        let why = tried.outcome.as_ref().err()?;
        Some(format!("{}: {why}", tried.route))
    });
    let failed: Vec<_> = failed.collect();
    match failed.is_empty() {
        true => "there is no route to anybody".to_owned(),
        false => failed.join("; "),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tried(route: RouteName, outcome: Result<&str, &str>) -> Tried {
        Tried {
            route,
            outcome: outcome.map(str::to_owned).map_err(str::to_owned),
        }
    }

    #[test]
    fn each_route_has_its_turn_whatever_became_of_the_others() {
        use RouteName::{Command, Desktop};
        let plan = [Desktop, Command];
        assert_eq!(next(&plan, &[]), Next::Tell(Desktop));
        let shown = tried(Desktop, Ok("shown"));
        assert_eq!(
            next(&plan, std::slice::from_ref(&shown)),
            Next::Tell(Command)
        );
        let failed = tried(Command, Err("it ended with 1"));
        let both = next(&plan, &[shown, failed.clone()]);
        assert_eq!(both, Next::Reached(vec![Desktop]));
        let neither = next(&plan, &[tried(Desktop, Err("there is no bus")), failed]);
        let reason = "desktop: there is no bus; command: it ended with 1";
        assert_eq!(neither, Next::GiveUp(reason.to_owned()));
        let none = Next::GiveUp("there is no route to anybody".to_owned());
        assert_eq!(next(&[], &[]), none);
    }

    proptest! {
        #[test]
        fn it_always_comes_to_an_end(
            plan in proptest::sample::subsequence(RouteName::ALL.to_vec(), 0..=2),
            works in proptest::collection::vec(any::<bool>(), 2),
        ) {
            let mut done = Vec::new();
            for works in &works {
                match next(&plan, &done) {
                    Next::Tell(route) => {
                        prop_assert_eq!(Some(&route), plan.get(done.len()));
                        done.push(tried(route, if *works { Ok("told") } else { Err("failed") }));
                    }
                    _ => break,
                }
            }
            let told = works.iter().zip(&plan).any(|(works, _)| *works);
            match next(&plan, &done) {
                Next::Tell(_) => prop_assert!(false, "no end"),
                Next::Reached(_) => prop_assert!(told),
                Next::GiveUp(_) => prop_assert!(!told),
            }
        }
    }
}
