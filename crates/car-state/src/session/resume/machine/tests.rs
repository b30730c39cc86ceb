//! Every order of inputs up to a length, held against a model that remembers the whole history.

use std::collections::HashSet;

use super::*;

type Link = u8;
/// The number of a grant.
type Token = u8;
type Step = Input<Link, Token>;

/// How many inputs are tried after each other.
const LENGTH: usize = 7;

/// What somebody knows who has seen everything, written down without regard to the machine.
#[derive(Clone, Debug, Default)]
struct Model {
    /// Every token since the one that was used, in the order in which they were given.
    given: Vec<Token>,
    /// The token that was used last.
    used: Option<Token>,
    on: Option<Link>,
    links: Link,
    detachments: u32,
    ended: bool,
}

impl Model {
    /// The rule in words: the token that was used last is good until another one is, and of those that were given since,
    /// the last two are.
    fn good(&self, token: Token) -> bool {
        self.used == Some(token) || self.given.iter().rev().take(2).any(|given| *given == token)
    }

    /// Whether anybody could come back.
    fn resumable(&self) -> bool {
        self.used.is_some() || !self.given.is_empty()
    }
}

/// A machine with its history.
#[derive(Clone)]
struct Walk {
    machine: Machine<Link, Token>,
    model: Model,
    next_token: Token,
}

impl Walk {
    fn begin() -> Self {
        Self {
            machine: Machine::attached(0),
            model: Model {
                on: Some(0),
                links: 1,
                ..Model::default()
            },
            next_token: 0,
        }
    }

    fn presented(&self, token: Token) -> Presented {
        let Tokens {
            used,
            given: [older, newest],
        } = self.machine.tokens();
        let is = |kept: Option<Token>| kept == Some(token);
        match (is(used), is(older), is(newest)) {
            (true, _, _) => Presented::Used,
            (_, true, _) => Presented::Older,
            (_, _, true) => Presented::Newest,
            _ => Presented::Wrong,
        }
    }

    /// What may happen now: every token that there ever was, on a new connection and on those that there were; every
    /// connection is lost or says goodbye, however often; timers of all detachments.
    fn inputs(&self) -> Vec<(Step, Option<Token>)> {
        let mut inputs = vec![
            (Input::Grant(self.next_token), None),
            (Input::Revoke, None),
            (Input::Evicted, None),
            (Input::Stopped, None),
            (Input::Abandoned, None),
        ];
        for token in 0..=self.next_token {
            for link in 0..=self.model.links {
                let presented = self.presented(token);
                let fresh = self.next_token;
                let resume = Input::Resume {
                    link,
                    presented,
                    fresh,
                };
                inputs.push((resume, Some(token)));
            }
        }
        for link in 0..self.model.links {
            inputs.push((Input::Lost(link), None));
            inputs.push((Input::Goodbye(link), None));
        }
        inputs.extend((1..=self.model.detachments).map(|number| (Input::Expired(number), None)));
        inputs
    }

    fn after(&self, input: Step, token: Option<Token>) -> Self {
        let (machine, effects) = self.machine.step(input);
        let mut walk = Self {
            machine,
            ..self.clone()
        };
        walk.check(input, token, &effects);
        walk
    }

    fn check(&mut self, input: Step, token: Option<Token>, effects: &[Effect<Link>]) {
        let model = &mut self.model;
        let was_on = model.on;
        let ends = effects.contains(&Effect::End);
        let said = format!("{input:?} on {model:?} gave {effects:?}");
        if model.ended {
            assert!(
                effects
                    .iter()
                    .all(|effect| matches!(effect, Effect::Refuse(Refusal::Ended) | Effect::Leave)),
                "{said}"
            );
            assert_eq!(self.machine.phase(), Phase::Ended);
            return;
        }
        match input {
            Input::Grant(fresh) => {
                let stored = was_on.is_some();
                assert_eq!(effects.contains(&Effect::Store), stored, "{said}");
                if stored {
                    model.given.push(fresh);
                    self.next_token += 1;
                }
            }
            Input::Resume { link, fresh, .. } => {
                let token = token.unwrap();
                let good = model.good(token);
                let taken = effects.contains(&Effect::Attach(link));
                assert_eq!(taken, good && was_on != Some(link), "{said}");
                if taken {
                    let fences = effects.iter().find_map(|effect| match effect {
                        Effect::Fence(link) => Some(*link),
                        _ => None,
                    });
                    assert_eq!(fences, was_on, "{said}");
                    assert!(effects.contains(&Effect::Store), "{said}");
                    model.on = Some(link);
                    model.links = model.links.max(link + 1);
                    model.used = Some(token);
                    model.given = vec![fresh];
                    self.next_token += 1;
                } else {
                    let why = if good {
                        Refusal::Same
                    } else {
                        Refusal::WrongToken
                    };
                    assert_eq!(effects, [Effect::Refuse(why)], "{said}");
                }
            }
            Input::Lost(link) if was_on == Some(link) => {
                model.on = None;
                let kept = model.resumable();
                assert_eq!(ends, !kept, "{said}");
                if kept {
                    model.detachments += 1;
                    let keep = Effect::Keep(model.detachments);
                    assert_eq!(effects, [keep, Effect::Store], "{said}");
                }
            }
            Input::Goodbye(link) if was_on == Some(link) => assert!(ends, "{said}"),
            Input::Lost(_) | Input::Goodbye(_) => assert_eq!(effects, [Effect::Leave], "{said}"),
            Input::Revoke => {
                model.given.clear();
                model.used = None;
                assert_eq!(effects, [Effect::Forget], "{said}");
            }
            Input::Expired(number) => {
                let due = was_on.is_none() && number == model.detachments;
                assert_eq!(ends, due, "{said}");
            }
            Input::Evicted => assert_eq!(ends, was_on.is_none(), "{said}"),
            Input::Stopped | Input::Abandoned => assert!(ends, "{said}"),
        }
        if ends {
            // What is noted survives the stop of the daemon, where somebody can come back, and what may be one.
            let noted = input == Input::Stopped && model.resumable() || input == Input::Abandoned;
            assert_eq!(effects.contains(&Effect::Forget), !noted, "{said}");
            model.ended = true;
            model.on = None;
        }
        let phase = match (model.ended, model.on) {
            (true, _) => Phase::Ended,
            (false, Some(link)) => Phase::Attached(link),
            (false, None) => Phase::Detached(model.detachments),
        };
        assert_eq!(self.machine.phase(), phase, "{said}");
    }
}

#[test]
fn every_order_of_inputs_does_what_the_model_says() {
    let mut walks = vec![Walk::begin()];
    let mut steps = 0_u64;
    for _ in 0..LENGTH {
        let mut seen = HashSet::new();
        let mut next = Vec::new();
        for walk in &walks {
            for (input, token) in walk.inputs() {
                let after = walk.after(input, token);
                steps += 1;
                // Two histories that lead to the same are one from here on.
                let model = &after.model;
                let place = (
                    after.machine,
                    model.given.clone(),
                    model.used,
                    model.links,
                    model.detachments,
                    after.next_token,
                );
                if seen.insert(place) {
                    next.push(after);
                }
            }
        }
        walks = next;
    }
    assert!(steps > 10_000, "{steps} steps are not all of them");
}

#[test]
fn a_session_without_a_token_ends_with_its_connection() {
    let (machine, effects) = Machine::<Link, Token>::attached(0).step(Input::Lost(0));
    assert_eq!(machine.phase(), Phase::Ended);
    assert_eq!(effects, [Effect::End, Effect::Forget]);
}

#[test]
fn a_client_that_never_got_its_new_token_comes_back_with_the_old_one() {
    let machine = Machine::<Link, Token>::attached(0);
    let (machine, _) = machine.step(Input::Grant(1));
    let resume = |presented, link, fresh| Input::Resume {
        link,
        presented,
        fresh,
    };
    let tokens = |used, newest| Tokens {
        used: Some(used),
        given: [None, Some(newest)],
    };
    let (machine, _) = machine.step(Input::Lost(0));
    let (machine, _) = machine.step(resume(Presented::Newest, 1, 2));
    assert_eq!(machine.tokens(), tokens(1, 2));
    let (machine, _) = machine.step(Input::Lost(1));
    let (machine, _) = machine.step(resume(Presented::Used, 2, 3));
    assert_eq!(machine.tokens(), tokens(1, 3));
    let (machine, _) = machine.step(Input::Lost(2));
    let (machine, _) = machine.step(resume(Presented::Newest, 3, 4));
    assert_eq!(machine.tokens(), tokens(3, 4));
}

#[test]
fn a_session_that_was_noted_waits_for_its_client() {
    let machine = Machine::<Link, Token>::stored(Tokens {
        used: Some(1),
        given: [None, Some(2)],
    });
    assert_eq!(machine.phase(), Phase::Detached(1));
    let (again, effects) = machine.step(Input::Resume {
        link: 0,
        presented: Presented::Used,
        fresh: 3,
    });
    assert_eq!(effects, [Effect::Attach(0), Effect::Store]);
    assert_eq!(again.tokens().given, [None, Some(3)]);
    let (over, effects) = machine.step(Input::Expired(1));
    assert_eq!(over.phase(), Phase::Ended);
    assert_eq!(effects, [Effect::End, Effect::Forget]);
}
