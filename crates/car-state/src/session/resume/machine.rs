//! What becomes of a session whose connections come and go, as a function without clock, lock or socket.
//!
//! Every input may come at any moment and in any order: a connection can notice that it is lost long after another one
//! has resumed the session, and a grace period can end in the moment of a resume. The machine decides what counts.

/// Where a session is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Phase<L> {
    /// On this connection.
    Attached(L),
    /// Without a connection, for the so many-th time.
    Detached(u32),
    /// Over.
    Ended,
}

/// The machine. `L` names connections, `T` tokens.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Machine<L, T> {
    phase: Phase<L>,
    /// How often it was detached.
    detached: u32,
    tokens: Tokens<T>,
}

/// The tokens of a session that are good: the one that was used last, which its client has for certain, and the newest
/// two that were given since, which it may have.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Tokens<T> {
    pub(crate) used: Option<T>,
    /// The older one first.
    pub(crate) given: [Option<T>; 2],
}

impl<T: Copy> Tokens<T> {
    /// None.
    pub(crate) const NONE: Self = Self {
        used: None,
        given: [None; 2],
    };

    fn give(&mut self, fresh: T) {
        self.given = [self.given[1], Some(fresh)];
    }

    fn get(&self, which: Presented) -> Option<T> {
        match which {
            Presented::Used => self.used,
            Presented::Older => self.given[0],
            Presented::Newest => self.given[1],
            Presented::Wrong => None,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.used.is_none() && self.given[1].is_none()
    }
}

/// What happens to a session.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Input<L, T> {
    /// Its client asks for a token.
    Grant(T),
    /// A connection presents a token, and wants `fresh` for the next time.
    Resume {
        link: L,
        presented: Presented,
        fresh: T,
    },
    /// A connection is over without a goodbye.
    Lost(L),
    /// A connection is over because its client wants no more.
    Goodbye(L),
    /// Its tokens are to be worth nothing: it speaks for somebody else now.
    Revoke,
    /// The grace of the so many-th detachment is over.
    Expired(u32),
    /// It has to make room.
    Evicted,
    /// The daemon stops.
    Stopped,
    /// Whoever had the session was dropped, and it with them.
    Abandoned,
}

/// What a token was found to be.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Presented {
    /// The one that was used last.
    Used,
    /// The older of those that were given since.
    Older,
    /// The newest.
    Newest,
    /// None of them.
    Wrong,
}

/// What is to be done, in this order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Effect<L> {
    /// Tell this connection that it has lost the session, and close it.
    Fence(L),
    /// Put the session on this connection.
    Attach(L),
    /// Keep the session, and give `Expired` with this number when its grace is over.
    Keep(u32),
    /// Note durably what is known.
    Store,
    /// End the session and what it owns.
    End,
    /// Forget what was noted durably.
    Forget,
    /// Refuse what was asked for.
    Refuse(Refusal),
    /// Nothing is owed to who told: another connection has the session.
    Leave,
}

/// Why a session is not resumed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Refusal {
    /// The token is not, or no longer, one of this session.
    WrongToken,
    /// The session is over.
    Ended,
    /// The connection has this session already.
    Same,
}

impl<L: Copy + Eq, T: Copy> Machine<L, T> {
    /// A session on a connection, without a token.
    pub(crate) const fn attached(link: L) -> Self {
        Self {
            phase: Phase::Attached(link),
            detached: 0,
            tokens: Tokens::NONE,
        }
    }

    /// A session that was noted before the daemon was started anew.
    pub(crate) const fn stored(tokens: Tokens<T>) -> Self {
        Self {
            phase: Phase::Detached(1),
            detached: 1,
            tokens,
        }
    }

    pub(crate) const fn phase(&self) -> Phase<L> {
        self.phase
    }

    /// The tokens that are good.
    pub(crate) const fn tokens(&self) -> Tokens<T> {
        self.tokens
    }

    /// The next state, and what is to be done.
    pub(crate) fn step(mut self, input: Input<L, T>) -> (Self, Vec<Effect<L>>) {
        let effects = match (self.phase, input) {
            (Phase::Ended, Input::Resume { .. }) => vec![Effect::Refuse(Refusal::Ended)],
            (Phase::Ended, Input::Lost(_) | Input::Goodbye(_)) => vec![Effect::Leave],
            (Phase::Ended, _) => Vec::new(),
            (
                phase,
                Input::Resume {
                    link,
                    presented,
                    fresh,
                },
            ) => self.resume(phase, link, presented, fresh),
            (Phase::Attached(_), Input::Grant(fresh)) => {
                self.tokens.give(fresh);
                vec![Effect::Store]
            }
            (_, Input::Revoke) => {
                self.tokens = Tokens::NONE;
                vec![Effect::Forget]
            }
            (Phase::Attached(link), Input::Lost(lost)) if link == lost => self.lose(),
            (Phase::Attached(link), Input::Goodbye(gone)) if link == gone => self.end(true),
            (_, Input::Lost(_) | Input::Goodbye(_)) => vec![Effect::Leave],
            (Phase::Detached(now), Input::Expired(number)) if now == number => self.end(true),
            (Phase::Detached(_), Input::Evicted) => self.end(true),
            (_, Input::Stopped) => self.end(self.tokens.is_empty()),
            (_, Input::Abandoned) => {
                // What is noted stays: nobody knows whether the daemon is to go on.
                self.phase = Phase::Ended;
                vec![Effect::End]
            }
            // A timer of an earlier detachment, a client that asks while it is away, an eviction that came too late.
            (_, Input::Expired(_) | Input::Evicted | Input::Grant(_)) => Vec::new(),
        };
        (self, effects)
    }

    fn resume(
        &mut self,
        phase: Phase<L>,
        link: L,
        presented: Presented,
        fresh: T,
    ) -> Vec<Effect<L>> {
        let Some(used) = self.tokens.get(presented) else {
            return vec![Effect::Refuse(Refusal::WrongToken)];
        };
        if phase == Phase::Attached(link) {
            return vec![Effect::Refuse(Refusal::Same)];
        }
        // The client has this one for certain. Older ones it needs no more, newer ones did not arrive.
        self.tokens = Tokens {
            used: Some(used),
            given: [None, Some(fresh)],
        };
        self.phase = Phase::Attached(link);
        let fenced = match phase {
            Phase::Attached(other) => Some(Effect::Fence(other)),
            _ => None,
        };
        let attached = [Effect::Attach(link), Effect::Store];
        fenced.into_iter().chain(attached).collect()
    }

    fn lose(&mut self) -> Vec<Effect<L>> {
        if self.tokens.is_empty() {
            return self.end(true);
        }
        self.detached += 1;
        self.phase = Phase::Detached(self.detached);
        vec![Effect::Keep(self.detached), Effect::Store]
    }

    fn end(&mut self, forget: bool) -> Vec<Effect<L>> {
        self.phase = Phase::Ended;
        let last = if forget {
            Effect::Forget
        } else {
            Effect::Store
        };
        vec![Effect::End, last]
    }
}

#[cfg(test)]
mod tests;
