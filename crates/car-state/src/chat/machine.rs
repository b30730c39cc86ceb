//! What each event means for a turn, whatever the order in which things happen: pure.

use car_protocol::rpc::agents_chat::{OnDisconnect, Outcome};

/// How far a turn is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Phase {
    /// Another turn of its chat runs.
    Waiting,
    /// The agent was asked and has not answered.
    Asked,
    /// The agent has taken it.
    Running,
    /// It is over.
    Ended(Outcome),
}

/// Something that happens to a turn.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Input {
    /// Its turn has come, and the agent is there.
    Start,
    /// The agent has taken the prompt.
    Ack,
    /// The agent refuses the prompt.
    Refused,
    /// The agent did not answer in time.
    AckTimeout,
    /// The agent says something that ends nothing.
    Said,
    /// The agent says that it is done.
    Done,
    /// The agent says that it failed.
    Failed,
    /// Somebody wants no more of it.
    Cancel,
    /// The session that began it has ended.
    HostLeft,
    /// The agent's session has ended, or there is none when its turn has come.
    AgentLeft,
    /// Another session took the place of the agent's.
    AgentReplaced,
    /// The agent was silent for too long.
    IdleTimeout,
    /// It took too long in all.
    TotalTimeout,
    /// The daemon was started again.
    Restart,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Effect {
    /// The agent is asked.
    Ask,
    /// Whoever began it is told that the agent has taken it.
    Accept,
    /// What the agent said is published.
    Publish,
    /// The agent is told that nobody wants the rest.
    TellAgent,
    /// The one event that ends it is published; who waits for the agent's answer is told why there is none.
    End(Outcome),
}

/// At most three things are to be done at once.
pub(super) type Effects = [Option<Effect>; 3];

/// A turn, as far as its end is concerned.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Machine {
    pub(super) phase: Phase,
    on_disconnect: OnDisconnect,
}

const NOTHING: Effects = [None; 3];

fn one(effect: Effect) -> Effects {
    [Some(effect), None, None]
}

impl Machine {
    /// A turn that waits.
    pub(super) fn new(on_disconnect: OnDisconnect) -> Self {
        Self {
            phase: Phase::Waiting,
            on_disconnect,
        }
    }

    /// Whether it is over.
    pub(super) fn has_ended(self) -> bool {
        matches!(self.phase, Phase::Ended(_))
    }

    /// Takes a step.
    pub(super) fn step(self, input: Input) -> (Self, Effects) {
        if self.has_ended() {
            return (self, NOTHING);
        }
        if let Some(outcome) = self.ends(input) {
            return self.end(input, outcome);
        }
        match (self.phase, input) {
            (Phase::Waiting, Input::Start) => (self.to(Phase::Asked), one(Effect::Ask)),
            (Phase::Asked, Input::Ack) => (self.to(Phase::Running), one(Effect::Accept)),
            // An agent that speaks before it has answered has taken the prompt.
            (Phase::Asked, Input::Said) => {
                let effects = [Some(Effect::Accept), Some(Effect::Publish), None];
                (self.to(Phase::Running), effects)
            }
            (Phase::Running, Input::Said) => (self, one(Effect::Publish)),
            _ => (self, NOTHING),
        }
    }

    /// How the turn ends by this, if it does.
    fn ends(self, input: Input) -> Option<Outcome> {
        let asked = self.phase != Phase::Waiting;
        Some(match input {
            Input::Done if asked => Outcome::Done,
            Input::Failed | Input::Refused if asked => Outcome::Error,
            Input::AckTimeout if self.phase == Phase::Asked => Outcome::Timeout,
            Input::Cancel => Outcome::Cancelled,
            Input::HostLeft if self.on_disconnect == OnDisconnect::Cancel => Outcome::HostGone,
            Input::AgentLeft | Input::Restart => Outcome::AgentGone,
            // One that waits is asked of the session that is there when its turn has come.
            Input::AgentReplaced if asked => Outcome::AgentGone,
            // While it has not answered another limit counts.
            Input::IdleTimeout if self.phase == Phase::Running => Outcome::Timeout,
            Input::TotalTimeout => Outcome::Timeout,
            _ => return None,
        })
    }

    fn end(self, input: Input, outcome: Outcome) -> (Self, Effects) {
        let by_agent = matches!(input, Input::Done | Input::Failed | Input::Refused);
        let gone = outcome == Outcome::AgentGone;
        let asked = self.phase != Phase::Waiting;
        let takes_it = matches!(input, Input::Done | Input::Failed);
        let accept = self.phase == Phase::Asked && takes_it;
        let effects = [
            accept.then_some(Effect::Accept),
            (asked && !by_agent && !gone).then_some(Effect::TellAgent),
            Some(Effect::End(outcome)),
        ];
        (self.to(Phase::Ended(outcome)), effects)
    }

    fn to(self, phase: Phase) -> Self {
        Self { phase, ..self }
    }
}

#[cfg(test)]
mod tests;
