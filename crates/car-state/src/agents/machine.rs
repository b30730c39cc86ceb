//! What becomes of one supervised agent: pure, without a clock, a process or a lock.
//!
//! There is one process at most, and one timer at most; which one, the phase tells. So no timer can come too late: when
//! its phase ends it is put away.

use std::time::Duration;

use car_protocol::rpc::agents::RestartPolicy;

/// How long a process lives until what came before it is forgotten.
pub const HEALTHY_AFTER: Duration = Duration::from_secs(60);
/// How long a process may take to end when it is asked to.
pub const STOP_GRACE: Duration = Duration::from_secs(10);
/// How long the wait before another try becomes at most.
pub const LONGEST_BACKOFF: Duration = Duration::from_secs(300);

/// When an agent that ended is started again, and how often.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RestartRule {
    /// When.
    pub policy: RestartPolicy,
    /// How often in a row.
    pub most: u32,
}

/// What an agent is doing.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Phase {
    /// It does not run, and is not to.
    Stopped,
    /// Its process is being made.
    Launching {
        /// Whether it is to be stopped as soon as it is there.
        stop: bool,
    },
    /// Its process runs.
    Running,
    /// Its process was asked to end.
    Stopping {
        /// Whether it is started again when it has.
        again: bool,
    },
    /// It waits to be started again.
    Waiting,
    /// It ended too often in a row.
    GivenUp,
    /// It may not be started as it is.
    Refused,
}

/// The state of one agent.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Machine {
    /// What it is doing.
    pub phase: Phase,
    /// How often in a row it was started again.
    pub restarts: u32,
}

/// What happens to an agent.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Input {
    /// Somebody wants it to run.
    Start,
    /// Somebody wants it to end.
    Stop {
        /// At once.
        kill: bool,
    },
    /// Somebody wants it to begin anew.
    Restart,
    /// Its process was made.
    Launched,
    /// No process could be made.
    LaunchFailed,
    /// No process may be made.
    LaunchRefused,
    /// Its process and all that it started have ended.
    Ended {
        /// With the code 0.
        well: bool,
    },
    /// The timer rang.
    Rang,
}

/// What is to be done about it, in this order.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Effect {
    /// Make its process; then comes `Launched`, `LaunchFailed` or `LaunchRefused`.
    Launch,
    /// Ask its process to end.
    Terminate,
    /// Make its process end.
    Kill,
    /// Set the timer, in place of what it was set to.
    Arm(Timer),
    /// Put the timer away.
    Disarm,
}

/// What the timer is for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Timer {
    /// The process is healthy.
    Healthy,
    /// The process had time to end.
    Grace,
    /// It may be tried again, for this time in a row.
    Backoff(u32),
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            phase: Phase::Stopped,
            restarts: 0,
        }
    }
}

impl Machine {
    /// The next state, and what is to be done.
    #[must_use]
    pub fn step(self, rule: RestartRule, input: Input) -> (Self, Vec<Effect>) {
        use Effect::{Arm, Disarm, Kill, Launch, Terminate};
        match (self.phase, input) {
            (
                Phase::Stopped | Phase::GivenUp | Phase::Refused | Phase::Waiting,
                Input::Start | Input::Restart,
            ) => {
                let anew = Phase::Launching { stop: false };
                (Self::begin(anew), vec![Disarm, Launch])
            }
            (Phase::GivenUp | Phase::Refused, Input::Stop { .. }) => {
                (Self::begin(Phase::Stopped), Vec::new())
            }
            (Phase::Waiting, Input::Stop { .. }) => (Self::begin(Phase::Stopped), vec![Disarm]),
            (Phase::Waiting, Input::Rang) => {
                (self.to(Phase::Launching { stop: false }), vec![Launch])
            }
            (Phase::Launching { .. }, Input::Start | Input::Restart) => {
                (self.to(Phase::Launching { stop: false }), Vec::new())
            }
            (Phase::Launching { .. }, Input::Stop { .. }) => {
                (self.to(Phase::Launching { stop: true }), Vec::new())
            }
            (Phase::Launching { stop: false }, Input::Launched) => {
                let watch = if self.restarts > 0 {
                    vec![Arm(Timer::Healthy)]
                } else {
                    Vec::new()
                };
                (self.to(Phase::Running), watch)
            }
            (Phase::Launching { stop: true }, Input::Launched) => (
                self.to(Phase::Stopping { again: false }),
                vec![Terminate, Arm(Timer::Grace)],
            ),
            (Phase::Launching { stop: false }, Input::LaunchFailed) => self.ended(rule, false),
            (Phase::Launching { .. }, Input::LaunchRefused) => {
                (self.to(Phase::Refused), Vec::new())
            }
            (Phase::Launching { stop: true }, Input::LaunchFailed) => {
                (Self::begin(Phase::Stopped), Vec::new())
            }
            (Phase::Running, Input::Stop { kill }) => (
                self.to(Phase::Stopping { again: false }),
                if kill {
                    vec![Kill, Disarm]
                } else {
                    vec![Terminate, Arm(Timer::Grace)]
                },
            ),
            (Phase::Running, Input::Restart) => (
                self.to(Phase::Stopping { again: true }),
                vec![Terminate, Arm(Timer::Grace)],
            ),
            (Phase::Running, Input::Ended { well }) => self.ended(rule, well),
            (Phase::Running, Input::Rang) => (Self::begin(Phase::Running), Vec::new()),
            (Phase::Stopping { .. }, Input::Start | Input::Restart) => {
                (self.to(Phase::Stopping { again: true }), Vec::new())
            }
            (Phase::Stopping { .. }, Input::Stop { kill }) => (
                self.to(Phase::Stopping { again: false }),
                if kill { vec![Kill, Disarm] } else { Vec::new() },
            ),
            (Phase::Stopping { .. }, Input::Rang) => (self, vec![Kill]),
            (Phase::Stopping { again: false }, Input::Ended { .. }) => {
                (Self::begin(Phase::Stopped), vec![Disarm])
            }
            (Phase::Stopping { again: true }, Input::Ended { .. }) => (
                Self::begin(Phase::Launching { stop: false }),
                vec![Disarm, Launch],
            ),
            // A second start of what runs, a stop of what does not, and what cannot happen in this phase.
            _ => (self, Vec::new()),
        }
    }

    fn ended(self, rule: RestartRule, well: bool) -> (Self, Vec<Effect>) {
        let again = match rule.policy {
            RestartPolicy::Always => true,
            RestartPolicy::OnFailure => !well,
            RestartPolicy::Never => false,
        };
        if !again {
            return (Self::begin(Phase::Stopped), vec![Effect::Disarm]);
        }
        if self.restarts >= rule.most {
            return (self.to(Phase::GivenUp), vec![Effect::Disarm]);
        }
        let next = Self {
            phase: Phase::Waiting,
            restarts: self.restarts + 1,
        };
        (next, vec![Effect::Arm(Timer::Backoff(next.restarts))])
    }

    /// Without a past.
    const fn begin(phase: Phase) -> Self {
        Self { phase, restarts: 0 }
    }

    const fn to(self, phase: Phase) -> Self {
        Self {
            phase,
            restarts: self.restarts,
        }
    }
}

/// How long to wait before the `nth` try in a row: `first`, and each time twice as long, up to [`LONGEST_BACKOFF`]; a
/// quarter of it is left to `chance`, from 0 to 1, so that agents that ended together do not begin together.
#[must_use]
pub fn backoff(first: Duration, nth: u32, chance: f64) -> Duration {
    let doubled = first.saturating_mul(1 << nth.saturating_sub(1).min(20));
    let whole = doubled.min(LONGEST_BACKOFF);
    whole.mul_f64(0.75 + 0.25 * chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const INPUTS: [Input; 10] = [
        Input::Start,
        Input::Stop { kill: false },
        Input::Stop { kill: true },
        Input::Restart,
        Input::Launched,
        Input::LaunchFailed,
        Input::LaunchRefused,
        Input::Ended { well: true },
        Input::Ended { well: false },
        Input::Rang,
    ];

    /// The machine, and the world as its effects made it.
    #[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
    struct World {
        machine: Machine,
        launching: bool,
        alive: bool,
        asked: bool,
        timer: Option<Timer>,
    }

    impl World {
        fn can(self, input: Input) -> bool {
            match input {
                Input::Start | Input::Stop { .. } | Input::Restart => true,
                Input::Launched | Input::LaunchFailed | Input::LaunchRefused => self.launching,
                Input::Ended { .. } => self.alive,
                Input::Rang => self.timer.is_some(),
            }
        }

        fn after(mut self, rule: RestartRule, input: Input) -> Self {
            match input {
                Input::Launched => (self.launching, self.alive, self.asked) = (false, true, false),
                Input::LaunchFailed | Input::LaunchRefused => self.launching = false,
                Input::Ended { .. } => self.alive = false,
                Input::Rang => self.timer = None,
                _ => {}
            }
            let (machine, effects) = self.machine.step(rule, input);
            self.machine = machine;
            for effect in effects {
                match effect {
                    Effect::Launch => {
                        assert!(
                            !self.alive && !self.launching,
                            "one process at most: {self:?}"
                        );
                        self.launching = true;
                    }
                    Effect::Terminate | Effect::Kill => {
                        assert!(self.alive, "there is somebody to end: {self:?}");
                        self.asked = true;
                    }
                    Effect::Arm(timer) => self.timer = Some(timer),
                    Effect::Disarm => self.timer = None,
                }
            }
            self
        }

        fn check(self, rule: RestartRule) {
            let phase = self.machine.phase;
            assert_eq!(
                self.launching,
                matches!(phase, Phase::Launching { .. }),
                "{self:?}"
            );
            let runs = matches!(phase, Phase::Running | Phase::Stopping { .. });
            assert_eq!(self.alive, runs, "{self:?}");
            assert_eq!(
                matches!(self.timer, Some(Timer::Backoff(_))),
                phase == Phase::Waiting,
                "{self:?}"
            );
            if self.timer == Some(Timer::Grace) {
                assert!(matches!(phase, Phase::Stopping { .. }), "{self:?}");
            }
            if self.timer == Some(Timer::Healthy) {
                assert_eq!(phase, Phase::Running, "{self:?}");
            }
            if matches!(phase, Phase::Stopping { .. }) {
                assert!(self.asked, "{self:?}");
            }
            assert!(self.machine.restarts <= rule.most, "{self:?}");
        }
    }

    fn rules() -> Vec<RestartRule> {
        let policies = [
            RestartPolicy::Always,
            RestartPolicy::OnFailure,
            RestartPolicy::Never,
        ];
        let rule = |policy| (0..=3).map(move |most| RestartRule { policy, most });
        policies.into_iter().flat_map(rule).collect()
    }

    fn reachable(rule: RestartRule) -> HashSet<World> {
        let mut seen = HashSet::from([World::default()]);
        let mut left = vec![World::default()];
        while let Some(world) = left.pop() {
            world.check(rule);
            for input in INPUTS.into_iter().filter(|input| world.can(*input)) {
                let next = world.after(rule, input);
                if seen.insert(next) {
                    left.push(next);
                }
            }
        }
        seen
    }

    #[test]
    fn in_every_order_there_is_one_process_and_one_timer_at_most() {
        for rule in rules() {
            assert!(reachable(rule).len() > 8);
        }
    }

    #[test]
    fn a_stop_ends_everything_whatever_came_before() {
        for rule in rules() {
            for world in reachable(rule) {
                for kill in [false, true] {
                    let mut world = world.after(rule, Input::Stop { kill });
                    for input in [Input::Launched, Input::Rang, Input::Ended { well: false }] {
                        if world.can(input) {
                            world = world.after(rule, input);
                        }
                    }
                    assert_eq!(world.machine.phase, Phase::Stopped, "{world:?}");
                    assert_eq!(world.timer, None, "{world:?}");
                }
            }
        }
    }

    #[test]
    fn a_process_that_is_asked_to_end_and_does_not_is_made_to() {
        for rule in rules() {
            for world in reachable(rule) {
                if world.timer == Some(Timer::Grace) {
                    let (_, effects) = world.machine.step(rule, Input::Rang);
                    assert_eq!(effects, [Effect::Kill]);
                }
            }
        }
    }

    #[test]
    fn who_ends_too_often_in_a_row_is_given_up_and_a_healthy_minute_ends_the_row() {
        let rule = RestartRule {
            policy: RestartPolicy::Always,
            most: 2,
        };
        let mut machine = Machine::default().step(rule, Input::Start).0;
        let ends = |machine: Machine| {
            let machine = machine.step(rule, Input::Launched).0;
            machine.step(rule, Input::Ended { well: false }).0
        };
        for _ in 0..2 {
            machine = ends(machine);
            assert_eq!(machine.phase, Phase::Waiting);
            machine = machine.step(rule, Input::Rang).0;
        }
        assert_eq!(ends(machine).phase, Phase::GivenUp);
        let healthy = machine
            .step(rule, Input::Launched)
            .0
            .step(rule, Input::Rang)
            .0;
        assert_eq!(healthy, Machine::begin(Phase::Running));
    }

    #[test]
    fn each_wait_is_twice_as_long_with_a_bound_and_some_chance() {
        let first = Duration::from_secs(5);
        assert_eq!(backoff(first, 1, 1.0), first);
        assert_eq!(backoff(first, 3, 1.0), first * 4);
        assert_eq!(backoff(first, 3, 0.0), first * 3);
        assert_eq!(backoff(first, u32::MAX, 1.0), LONGEST_BACKOFF);
    }
}
