use std::collections::HashSet;

use super::*;

/// Everything that can happen to a question.
const INPUTS: [Input; 14] = [
    Input::Recorded,
    Input::NotRecorded,
    Input::Reached,
    Input::Decide { approve: true },
    Input::Decide { approve: false },
    Input::Expire,
    Input::Exhausted,
    Input::Withdraw,
    Input::CallGone,
    Input::SessionEnded,
    Input::SessionResumed,
    Input::Restarted { resumable: true },
    Input::Restarted { resumable: false },
    Input::CallAgain,
];

/// A question with its storage, and what has come of it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct World {
    machine: Machine,
    /// What a process that begins now finds.
    stored: Option<Machine>,
    /// What is on its way to storage.
    writing: Option<Machine>,
    runs: u8,
    /// How it was said to have ended.
    told: Option<End>,
    /// Whether it was shown.
    shown: bool,
}

impl World {
    fn new(of_call: bool, timed: bool) -> Self {
        let machine = Machine::new(of_call, timed);
        Self {
            machine,
            stored: None,
            writing: Some(machine),
            runs: 0,
            told: None,
            shown: false,
        }
    }

    /// The worlds that this input may lead to; none where it cannot come now.
    fn after(self, input: Input) -> Vec<Self> {
        match input {
            Input::Recorded => match self.writing {
                Some(written) => {
                    let mut world = self;
                    (world.stored, world.writing) = (Some(written), None);
                    vec![world.step(input)]
                }
                None => Vec::new(),
            },
            // It stays on its way, so the next process may find it or not.
            Input::NotRecorded if self.writing.is_none() => Vec::new(),
            // A process that was cut may have written the last of what it was told, or not.
            Input::Restarted { .. } => [self.stored, self.writing.or(self.stored)]
                .into_iter()
                .map(|found| self.restarted(found, input))
                .collect(),
            _ => vec![self.step(input)],
        }
    }

    fn restarted(mut self, found: Option<Machine>, input: Input) -> Self {
        (self.stored, self.writing) = (found, None);
        match found {
            None => {
                assert!(!self.shown, "a question that was shown is lost");
                self.machine.stage = Stage::Void;
                self
            }
            Some(found) => {
                let loaded = |stage| Machine { stage, ..found };
                self.machine = match found.stage {
                    Stage::Drafted | Stage::Open => loaded(Stage::Open),
                    Stage::Ending(end) | Stage::Over(end) => loaded(Stage::Over(end)),
                    Stage::Void => found,
                };
                if let (Some(told), Stage::Over(end)) = (self.told, self.machine.stage) {
                    assert_eq!(told, end, "a decision is another one after a restart");
                }
                if self.told.is_some() {
                    assert!(matches!(self.machine.stage, Stage::Over(_)), "{self:?}");
                }
                self.step(input)
            }
        }
    }

    fn step(mut self, input: Input) -> Self {
        let (next, effects) = self.machine.step(input);
        self.machine = next;
        for effect in effects {
            match effect {
                Effect::Record => {
                    assert!(self.writing.is_none(), "two ends at once: {self:?}");
                    self.writing = Some(next);
                }
                Effect::Forget => (self.stored, self.writing) = (None, None),
                Effect::Present => self.shown = true,
                Effect::Tell(end) => {
                    assert_eq!(self.told.replace(end), None, "two ends were told");
                    self.says_what_is_stored(end);
                }
                Effect::Run => {
                    self.runs += 1;
                    assert!(self.runs <= 1, "the call runs twice: {self:?}");
                    self.says_what_is_stored(End::Approved);
                    assert!(self.stored.unwrap().used, "a use that is not recorded");
                }
                Effect::Refuse(Refusal::Ended(end)) | Effect::Late(end) => {
                    self.says_what_is_stored(end);
                }
                Effect::Refuse(Refusal::Storage) | Effect::Start | Effect::AskAnew => {}
            }
        }
        self
    }

    /// Whoever is told an end is told what the next process would say, too.
    fn says_what_is_stored(&self, end: End) {
        let stored = self.stored.map(|stored| stored.stage);
        assert!(
            matches!(stored, Some(Stage::Ending(other) | Stage::Over(other)) if other == end),
            "{end:?} is told and not recorded: {self:?}"
        );
    }
}

#[test]
fn nothing_that_happens_in_any_order_runs_a_call_twice_or_tells_two_ends() {
    let mut seen = HashSet::new();
    let mut open: Vec<World> = Vec::new();
    for (of_call, timed) in [(true, true), (true, false), (false, true), (false, false)] {
        open.push(World::new(of_call, timed));
    }
    while let Some(world) = open.pop() {
        if seen.insert(world) {
            open.extend(INPUTS.into_iter().flat_map(|input| world.after(input)));
        }
    }
    assert!(seen.len() > 200, "{} worlds", seen.len());
}

/// All orders of these.
fn orders(inputs: &[Input]) -> Vec<Vec<Input>> {
    let Some((first, rest)) = inputs.split_first() else {
        return vec![Vec::new()];
    };
    let mut all = Vec::new();
    for order in orders(rest) {
        for place in 0..=order.len() {
            let mut longer = order.clone();
            longer.insert(place, *first);
            all.push(longer);
        }
    }
    all
}

#[test]
fn whatever_comes_first_no_question_stays_pending_and_the_call_runs_once_at_most() {
    let happens = [
        Input::Reached,
        Input::Decide { approve: true },
        Input::Decide { approve: false },
        Input::Expire,
        Input::Withdraw,
        Input::SessionEnded,
        Input::SessionResumed,
        Input::Restarted { resumable: true },
    ];
    let orders = orders(&happens);
    assert_eq!(orders.len(), 40_320);
    for order in &orders {
        // Recorded at once, before the next that happens, or only in the end.
        for patience in 0..3 {
            for of_call in [true, false] {
                let mut worlds = vec![World::new(of_call, true)];
                for input in order {
                    if patience == 1 {
                        recorded(&mut worlds);
                    }
                    worlds = worlds
                        .into_iter()
                        .flat_map(|world| world.after(*input))
                        .collect();
                    worlds.sort_by_key(|world| format!("{world:?}").len());
                    worlds.dedup();
                    if patience == 0 {
                        recorded(&mut worlds);
                    }
                }
                recorded(&mut worlds);
                for world in worlds {
                    let ended = matches!(world.machine.stage, Stage::Over(_) | Stage::Void);
                    // What storage took only in the end was not there to be decided, and its time ends it.
                    assert!(ended || patience == 2, "{order:?} {world:?}");
                    if world.machine.stage == Stage::Open {
                        let world = world.step(Input::Reached).step(Input::Expire);
                        assert_eq!(world.machine.stage, Stage::Ending(End::Expired));
                    }
                }
            }
        }
    }
}

fn recorded(worlds: &mut [World]) {
    for world in worlds {
        while world.writing.is_some() {
            *world = world.after(Input::Recorded).remove(0);
        }
    }
}

/// A question that an earlier process showed.
fn carried(end: Option<End>) -> Machine {
    let stage = end.map_or(Stage::Open, Stage::Over);
    let machine = Machine {
        stage,
        ..Machine::new(true, true)
    };
    machine.step(Input::Restarted { resumable: true }).0
}

#[test]
fn a_call_that_comes_again_after_a_restart_has_the_question_or_its_answer_once() {
    let (waits, effects) = carried(None).step(Input::CallAgain);
    assert_eq!((waits.call, effects.len()), (Call::Parked, 0));
    let (claims, effects) = carried(Some(End::Approved)).step(Input::CallAgain);
    assert_eq!((effects, claims.used), (vec![Effect::Record], true));
    let (served, effects) = claims.step(Input::Recorded);
    assert_eq!(effects, [Effect::Run]);
    let (_, effects) = served.step(Input::CallAgain);
    assert_eq!(effects, [Effect::AskAnew]);
    let (served, effects) = carried(Some(End::Denied)).step(Input::CallAgain);
    assert_eq!(effects, [Effect::Refuse(Refusal::Ended(End::Denied))]);
    assert_eq!(served.step(Input::CallAgain).1, [Effect::AskAnew]);
    for end in [End::Expired, End::Withdrawn] {
        let (_, effects) = carried(Some(end)).step(Input::CallAgain);
        assert_eq!(effects, [Effect::AskAnew]);
    }
}

#[test]
fn a_call_that_comes_while_a_consent_for_nobody_is_recorded_uses_it_after_that() {
    let (deciding, _) = carried(None).step(Input::Decide { approve: true });
    assert!(!deciding.used);
    let (again, _) = deciding.step(Input::CallAgain);
    let (claiming, effects) = again.step(Input::Recorded);
    assert_eq!(effects, [Effect::Tell(End::Approved), Effect::Record]);
    assert_eq!(claiming.step(Input::Recorded).1, [Effect::Run]);
}

#[test]
fn what_nobody_was_reached_for_does_not_expire_and_what_somebody_was_is_not_exhausted() {
    let open = Machine::new(true, true).step(Input::Recorded).0;
    assert_eq!(open.step(Input::Expire), (open, Vec::new()));
    let (running, effects) = open.step(Input::Reached);
    assert_eq!(effects, [Effect::Start]);
    assert_eq!(running.step(Input::Reached), (running, Vec::new()));
    assert_eq!(running.step(Input::Exhausted), (running, Vec::new()));
    let endless = Machine::new(false, false).step(Input::Recorded).0;
    for input in [Input::Expire, Input::Exhausted, Input::Reached] {
        assert_eq!(endless.step(input), (endless, Vec::new()));
    }
}

#[test]
fn a_question_that_cannot_be_recorded_is_never_shown() {
    let drafted = Machine::new(true, true);
    let (void, effects) = drafted.step(Input::NotRecorded);
    assert_eq!(effects, [Effect::Forget, Effect::Refuse(Refusal::Storage)]);
    assert_eq!(void.step(Input::Recorded).1, []);
    let (void, effects) = drafted.step(Input::CallGone);
    assert_eq!((void.stage, effects), (Stage::Void, vec![Effect::Forget]));
}
