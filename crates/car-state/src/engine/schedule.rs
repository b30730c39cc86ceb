use std::collections::VecDeque;

use super::plan::{Edges, Index, Plan};

/// Which actions may be looked at now. Linear: each edge is followed once.
#[derive(Debug)]
pub(super) struct Schedule {
    followers: Edges,
    waits: Vec<u32>,
    ready: VecDeque<Index>,
}

impl Schedule {
    /// Takes the edges of a plan. Returns what else the plan holds.
    pub(super) fn of(plan: &mut Plan) -> Self {
        let waits = std::mem::take(&mut plan.waits);
        let free = plan
            .order
            .iter()
            .filter(|index| waits[**index as usize] == 0);
        Self {
            ready: free.copied().collect(),
            followers: std::mem::take(&mut plan.followers),
            waits,
        }
    }

    /// The next action that waits for nothing.
    pub(super) fn next(&mut self) -> Option<Index> {
        self.ready.pop_front()
    }

    /// Whether there is such an action.
    pub(super) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// An action has ended, however: those that waited only for it become ready, in the order of the proposal.
    pub(super) fn ended(&mut self, index: Index) {
        for &follower in self.followers.from(index) {
            let waits = &mut self.waits[follower as usize];
            *waits -= 1;
            if *waits == 0 {
                self.ready.push_back(follower);
            }
        }
    }
}
