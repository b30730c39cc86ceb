use std::sync::Arc;

use super::{Edges, Index, StructureError, StructureProblem, error, shown};

/// How many names of a cycle are told.
const TOLD: usize = 10;

#[derive(Clone, Copy, Eq, PartialEq)]
enum Mark {
    New,
    Open,
    Done,
}

/// All actions in an order that puts each after what it depends on and is otherwise that of the proposal.
///
/// A depth-first walk without recursion: a chain of ten thousand actions must not end the stack.
pub(super) fn of(ids: &[Arc<str>], depends: &Edges) -> Result<Vec<Index>, StructureError> {
    let mut marks = vec![Mark::New; ids.len()];
    let mut order = Vec::with_capacity(ids.len());
    // Each open action, with how many of its dependencies were looked at.
    let mut open: Vec<(Index, usize)> = Vec::new();
    for start in (0..).take(ids.len()) {
        if marks[start as usize] != Mark::New {
            continue;
        }
        marks[start as usize] = Mark::Open;
        open.push((start, 0));
        while let Some((place, looked)) = open.last_mut() {
            let place = *place;
            let Some(on) = depends.from(place).get(*looked).copied() else {
                marks[place as usize] = Mark::Done;
                order.push(place);
                open.pop();
                continue;
            };
            *looked += 1;
            match marks[on as usize] {
                Mark::Done => {}
                Mark::New => {
                    marks[on as usize] = Mark::Open;
                    open.push((on, 0));
                }
                Mark::Open => {
                    let through = open.iter().rev().take_while(|(place, _)| *place != on);
                    let mut through: Vec<_> = through
                        .map(|(place, _)| shown(&ids[*place as usize]))
                        .collect();
                    // The walk stands at the end of the cycle; told from its beginning it reads as it was declared.
                    through.reverse();
                    through.truncate(TOLD);
                    return Err(error(ids, on, StructureProblem::Cycle { through }));
                }
            }
        }
    }
    Ok(order)
}
