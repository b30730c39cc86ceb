use std::collections::HashMap;
use std::sync::Arc;

use car_protocol::rpc::proposal::Action;

use super::Report;
use crate::engine::plan::{Index, Plan, writes};

/// How many edges are followed in all, so that a proposal made to be slow is not.
const STEPS: usize = 1_000_000;

/// Warns of two actions that write the same key although the proposal does not say which comes first. The engine
/// keeps them in their order, but nobody may have meant it.
pub(super) fn check(plan: &Plan, names: &[Arc<str>], actions: &[Action], report: &mut Report) {
    if plan.sequential {
        return;
    }
    let mut last: HashMap<&str, Index> = HashMap::new();
    let mut steps = STEPS;
    for &place in &plan.order {
        for key in writes(&actions[place as usize]) {
            let Some(before) = last.insert(key, place).filter(|before| *before != place) else {
                continue;
            };
            match depends(plan, place, before, &mut steps) {
                Some(true) => {}
                Some(false) => {
                    let before = &names[before as usize];
                    let message = format!(
                        "it writes the state key `{key}`, and so does `{before}`, in no declared order"
                    );
                    report.warn(&names[place as usize], message);
                }
                None => return,
            }
        }
    }
}

/// Whether one action comes after another by what the proposal declares; `None` when it takes too long to tell.
fn depends(plan: &Plan, after: Index, before: Index, steps: &mut usize) -> Option<bool> {
    let mut seen = std::collections::HashSet::from([after]);
    let mut open = vec![after];
    while let Some(place) = open.pop() {
        for &on in plan.explicit.from(place) {
            *steps = steps.checked_sub(1)?;
            if on == before {
                return Some(true);
            }
            if seen.insert(on) {
                open.push(on);
            }
        }
    }
    Some(false)
}
