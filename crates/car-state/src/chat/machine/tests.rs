use std::collections::HashSet;

use super::*;

const INPUTS: [Input; 14] = [
    Input::Start,
    Input::Ack,
    Input::Refused,
    Input::AckTimeout,
    Input::Said,
    Input::Done,
    Input::Failed,
    Input::Cancel,
    Input::HostLeft,
    Input::AgentLeft,
    Input::AgentReplaced,
    Input::IdleTimeout,
    Input::TotalTimeout,
    Input::Restart,
];

/// What was done of a turn so far.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
struct Done {
    asked: bool,
    accepted: bool,
    told: bool,
    ended: Option<Outcome>,
}

impl Done {
    /// Does the effects of one step, each of which must be in its place.
    fn take(mut self, before: Machine, input: Input, effects: Effects) -> Self {
        for effect in effects.into_iter().flatten() {
            let said = format!("{before:?} {input:?} {effect:?} {self:?}");
            assert_eq!(self.ended, None, "nothing follows the end: {said}");
            match effect {
                Effect::Ask => {
                    assert!(!self.asked, "asked once: {said}");
                    self.asked = true;
                }
                Effect::Accept => {
                    assert!(self.asked && !self.accepted, "accepted once: {said}");
                    self.accepted = true;
                }
                Effect::Publish => assert!(self.accepted, "taken before it speaks: {said}"),
                Effect::TellAgent => {
                    assert!(self.asked && !self.told, "told once, who was asked: {said}");
                    self.told = true;
                }
                Effect::End(outcome) => self.ended = Some(outcome),
            }
        }
        self
    }
}

/// Every order of all inputs, each as often as one likes: the states are few, so all that can be reached are looked at.
#[test]
fn a_turn_ends_exactly_once_whatever_happens_in_whatever_order() {
    for policy in [OnDisconnect::Detach, OnDisconnect::Cancel] {
        let first = (Machine::new(policy), Done::default());
        let (mut seen, mut open) = (HashSet::from([first]), vec![first]);
        while let Some((machine, done)) = open.pop() {
            // Whatever has happened so far, a start of the daemon ends it, once.
            let (ended, effects) = machine.step(Input::Restart);
            assert!(ended.has_ended());
            assert!(done.take(machine, Input::Restart, effects).ended.is_some());
            for input in INPUTS {
                let (next, effects) = machine.step(input);
                let done = done.take(machine, input, effects);
                assert_eq!(done.ended.is_some(), next.has_ended());
                if let Phase::Ended(outcome) = next.phase {
                    assert_eq!(done.ended, Some(outcome));
                }
                if seen.insert((next, done)) {
                    open.push((next, done));
                }
            }
        }
        let outcomes: HashSet<&str> = seen
            .iter()
            .filter_map(|(_, done)| Some(done.ended?.as_str()))
            .collect();
        let detached = policy == OnDisconnect::Detach;
        assert_eq!(outcomes.len(), if detached { 5 } else { 6 }, "{outcomes:?}");
    }
}

/// The same without looking at what was seen: every sequence of five inputs, so that nothing rests on the states being
/// told apart rightly.
#[test]
fn every_sequence_of_five_has_one_end_at_most() {
    fn go(machine: Machine, done: Done, left: u32) {
        if left == 0 {
            return;
        }
        for input in INPUTS {
            let (next, effects) = machine.step(input);
            go(next, done.take(machine, input, effects), left - 1);
        }
    }
    go(Machine::new(OnDisconnect::Cancel), Done::default(), 5);
}

fn after(inputs: &[Input]) -> Machine {
    let machine = Machine::new(OnDisconnect::Detach);
    inputs
        .iter()
        .fold(machine, |machine, input| machine.step(*input).0)
}

#[test]
fn who_left_decides_the_outcome() {
    use Input::{Ack, AgentLeft, AgentReplaced, Cancel, HostLeft, IdleTimeout, Start};
    let outcome = |inputs: &[Input]| match after(inputs).phase {
        Phase::Ended(outcome) => Some(outcome),
        _ => None,
    };
    assert_eq!(
        outcome(&[Start, Ack, AgentLeft, Cancel]),
        Some(Outcome::AgentGone)
    );
    assert_eq!(
        outcome(&[Start, Ack, Cancel, AgentLeft]),
        Some(Outcome::Cancelled)
    );
    assert_eq!(outcome(&[Start, AgentReplaced]), Some(Outcome::AgentGone));
    assert_eq!(outcome(&[AgentReplaced, Start, Ack, HostLeft]), None);
    assert_eq!(outcome(&[Start, IdleTimeout]), None);
}

#[test]
fn an_agent_that_is_gone_is_told_nothing_and_one_that_ended_it_neither() {
    for (input, told) in [
        (Input::Cancel, true),
        (Input::IdleTimeout, true),
        (Input::TotalTimeout, true),
        (Input::AgentLeft, false),
        (Input::AgentReplaced, false),
        (Input::Done, false),
        (Input::Failed, false),
    ] {
        let (_, effects) = after(&[Input::Start, Input::Ack]).step(input);
        let tells = effects.contains(&Some(Effect::TellAgent));
        assert_eq!(tells, told, "{input:?}");
    }
}
