//! What becomes of one question, in whatever order things happen to it: a pure function.
//!
//! A question is shown when it is recorded, and its end takes effect when that is recorded; the two stages in between are
//! [`Stage::Drafted`] and [`Stage::Ending`]. A consent is recorded together with its use, so that a process which ends in
//! that moment never leaves one that could be used again.

/// Where a question stands.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Stage {
    /// It is being recorded. Nobody has seen it.
    Drafted,
    /// It waits for a person.
    Open,
    /// Its end is being recorded. Nobody has been told.
    Ending(End),
    /// It is over.
    Over(End),
    /// It never was: nobody has seen it, and nothing is kept of it.
    Void,
}

/// How a question ends.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum End {
    Approved,
    Denied,
    Expired,
    Withdrawn,
    AgentGone,
}

/// The call that the question is about.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Call {
    /// There is none: a client asks.
    None,
    /// It waits for the answer.
    Parked,
    /// It came again while the end was being recorded as one that nobody waits for.
    Again,
    /// It came again after a consent; that it uses it is being recorded.
    Claiming,
    /// It ended with an earlier process, and may come again.
    Lost,
    /// It wants no answer.
    Gone,
    /// It has its answer.
    Served,
}

/// Whether the time that a person has runs.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Timer {
    /// There is no limit.
    Endless,
    /// Nobody who can decide has been reached.
    Reaching,
    /// Somebody has.
    Running,
}

/// The state of a question.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Machine {
    pub(crate) stage: Stage,
    pub(crate) call: Call,
    pub(crate) timer: Timer,
    /// Whether the record of a consent says that it is used up.
    pub(crate) used: bool,
}

/// What happens to a question.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Input {
    /// What was to be recorded is.
    Recorded,
    /// It is not: storage fails. It may be recorded later.
    NotRecorded,
    /// Somebody who can decide was reached, or says that a person has seen it.
    Reached,
    /// A person decides.
    Decide { approve: bool },
    /// The time that a person has is over.
    Expire,
    /// There is nobody else to try.
    Exhausted,
    /// Who asked takes it back.
    Withdraw,
    /// The call wants no answer any more.
    CallGone,
    /// The session that asked has ended.
    SessionEnded,
    /// The session that asked has another connection.
    SessionResumed,
    /// This process began, and the row is from an earlier one; whether the session that asked can come back.
    Restarted { resumable: bool },
    /// The same call came again.
    CallAgain,
}

/// What follows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Effect {
    /// Record the row as it is now.
    Record,
    /// Drop what was recorded.
    Forget,
    /// Show the question.
    Present,
    /// The time that a person has begins.
    Start,
    /// Say how it ended.
    Tell(End),
    /// Let the call run.
    Run,
    /// Refuse the call.
    Refuse(Refusal),
    /// The decision comes too late: it has ended so.
    Late(End),
    /// The call has to ask anew.
    AskAnew,
}

/// Why a call is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    /// It ended so.
    Ended(End),
    /// Storage fails.
    Storage,
}

impl Machine {
    /// The question of a call that waits, or of a client.
    pub(crate) fn new(of_call: bool, timed: bool) -> Self {
        Self {
            stage: Stage::Drafted,
            call: if of_call { Call::Parked } else { Call::None },
            timer: if timed {
                Timer::Reaching
            } else {
                Timer::Endless
            },
            used: false,
        }
    }

    /// What happens next, and what follows from it.
    #[must_use]
    pub(crate) fn step(self, input: Input) -> (Self, Vec<Effect>) {
        match self.stage {
            Stage::Drafted => self.drafted(input),
            Stage::Open => self.open(input),
            Stage::Ending(end) => self.ending(end, input),
            Stage::Over(end) => self.over(end, input),
            Stage::Void => (self, Vec::new()),
        }
    }

    fn at(self, stage: Stage) -> Self {
        Self { stage, ..self }
    }

    fn with(self, call: Call) -> Self {
        Self { call, ..self }
    }

    /// Begins to end. A consent whose call waits is recorded as used.
    fn end(self, end: End) -> (Self, Vec<Effect>) {
        let used = end == End::Approved && self.call == Call::Parked;
        let next = Self {
            stage: Stage::Ending(end),
            used,
            ..self
        };
        (next, vec![Effect::Record])
    }

    fn drafted(self, input: Input) -> (Self, Vec<Effect>) {
        match input {
            Input::Recorded => (self.at(Stage::Open), vec![Effect::Present]),
            Input::NotRecorded => {
                let mut effects = vec![Effect::Forget];
                if self.call == Call::Parked {
                    effects.push(Effect::Refuse(Refusal::Storage));
                }
                (self.at(Stage::Void).with(Call::Gone), effects)
            }
            Input::CallGone | Input::SessionEnded => {
                let void = self.at(Stage::Void).with(Call::Gone);
                (void, vec![Effect::Forget])
            }
            _ => (self, Vec::new()),
        }
    }

    fn open(self, input: Input) -> (Self, Vec<Effect>) {
        match input {
            Input::Decide { approve: true } => self.end(End::Approved),
            Input::Decide { approve: false } => self.end(End::Denied),
            Input::Reached if self.timer == Timer::Reaching => {
                let running = Self {
                    timer: Timer::Running,
                    ..self
                };
                (running, vec![Effect::Start])
            }
            Input::Expire if self.timer == Timer::Running => self.end(End::Expired),
            Input::Exhausted if self.timer == Timer::Reaching => self.end(End::Expired),
            Input::Withdraw => self.end(End::Withdrawn),
            Input::CallGone if self.call == Call::Parked => {
                self.with(Call::Gone).end(End::Withdrawn)
            }
            Input::SessionEnded => self.orphaned(),
            Input::Restarted { resumable: true } => {
                let call = match self.call {
                    Call::None => Call::None,
                    _ => Call::Lost,
                };
                (self.with(call), vec![Effect::Present])
            }
            Input::Restarted { resumable: false } => self.orphaned(),
            Input::CallAgain if self.call == Call::Lost => (self.with(Call::Parked), Vec::new()),
            Input::CallAgain => (self, vec![Effect::AskAnew]),
            _ => (self, Vec::new()),
        }
    }

    /// Who asked will not come back.
    fn orphaned(self) -> (Self, Vec<Effect>) {
        match self.call {
            Call::None => self.end(End::AgentGone),
            _ => self.with(Call::Gone).end(End::Withdrawn),
        }
    }

    fn ending(self, end: End, input: Input) -> (Self, Vec<Effect>) {
        match input {
            Input::Recorded => {
                let over = self.at(Stage::Over(end));
                let mut effects = vec![Effect::Tell(end)];
                let (next, more) = match self.call {
                    Call::Parked => over.answer(end),
                    Call::Again => over.with(Call::Lost).over(end, Input::CallAgain),
                    _ => (over, Vec::new()),
                };
                effects.extend(more);
                (next, effects)
            }
            Input::NotRecorded if matches!(self.call, Call::Parked | Call::Again) => {
                let refused = vec![Effect::Refuse(Refusal::Storage)];
                (self.with(Call::Gone), refused)
            }
            Input::CallAgain if self.call == Call::Lost => (self.with(Call::Again), Vec::new()),
            Input::CallAgain => (self, vec![Effect::AskAnew]),
            Input::CallGone | Input::SessionEnded => (self.without_call(), Vec::new()),
            _ => (self, Vec::new()),
        }
    }

    /// Gives a call that waits its answer.
    fn answer(self, end: End) -> (Self, Vec<Effect>) {
        let effect = match end {
            End::Approved => Effect::Run,
            _ => Effect::Refuse(Refusal::Ended(end)),
        };
        (self.with(Call::Served), vec![effect])
    }

    fn without_call(self) -> Self {
        match self.call {
            Call::None | Call::Served => self,
            _ => self.with(Call::Gone),
        }
    }

    fn over(self, end: End, input: Input) -> (Self, Vec<Effect>) {
        match (input, self.call) {
            (Input::Decide { .. }, _) => (self, vec![Effect::Late(end)]),
            (Input::CallAgain, Call::Lost) => match end {
                End::Approved => {
                    let claiming = Self {
                        call: Call::Claiming,
                        used: true,
                        ..self
                    };
                    (claiming, vec![Effect::Record])
                }
                End::Denied => self.answer(end),
                _ => (self.with(Call::Gone), vec![Effect::AskAnew]),
            },
            (Input::CallAgain, _) => (self, vec![Effect::AskAnew]),
            (Input::Recorded, Call::Claiming) => self.answer(End::Approved),
            (Input::NotRecorded, Call::Claiming) => {
                let refused = vec![Effect::Refuse(Refusal::Storage)];
                (self.with(Call::Gone), refused)
            }
            (Input::CallGone | Input::SessionEnded, _) => (self.without_call(), Vec::new()),
            (Input::Restarted { resumable }, _) => {
                let waits = resumable && !self.used && matches!(end, End::Approved | End::Denied);
                let call = match self.call {
                    Call::None => Call::None,
                    _ if waits => Call::Lost,
                    _ => Call::Gone,
                };
                (self.with(call), Vec::new())
            }
            _ => (self, Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests;
