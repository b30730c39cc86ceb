//! What a proposal looks like before anything runs: who is who, and who waits for whom.
//!
//! Pure, and linear in the size of the proposal. The runner and the static verification both stand on it.

mod flow;
mod order;
mod references;

use std::collections::HashMap;
use std::sync::Arc;

use car_protocol::rpc::proposal::{Action, ActionProposal, Execution};
use thiserror::Error;

use super::EngineLimits;
pub(crate) use flow::writes;
pub(crate) use references::holds_references;
pub use references::refers_to_output;
pub(super) use references::resolve;

/// What makes a proposal impossible to run. Nothing of it was.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("action `{action}`: {problem}")]
pub struct StructureError {
    /// The action's place in the proposal.
    pub index: usize,
    /// The action's id, cut to what an id may have.
    pub action: String,
    /// What is wrong with it.
    pub problem: StructureProblem,
}

impl StructureError {
    /// The path of the member that is wrong, as in `actions[2].dependencies`.
    #[must_use]
    pub fn field(&self) -> String {
        let member = match self.problem {
            StructureProblem::IdLength { .. } | StructureProblem::DuplicateId => ".id",
            StructureProblem::UnknownDependency { .. }
            | StructureProblem::DependsOnItself
            | StructureProblem::Cycle { .. }
            | StructureProblem::DependsOnLater { .. } => ".dependencies",
            StructureProblem::UnknownReference { .. }
            | StructureProblem::RefersToItself
            | StructureProblem::RefersToLater { .. } => ".parameters",
            StructureProblem::CompensationReference { .. } => ".compensation.parameters",
        };
        format!("actions[{}]{member}", self.index)
    }
}

/// What is wrong with an action's place in its proposal.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum StructureProblem {
    /// The id is empty or too long.
    #[error("an id has 1 to {limit} bytes")]
    IdLength {
        /// Bytes of an id.
        limit: usize,
    },
    /// Another action has the same id.
    #[error("another action has the same id")]
    DuplicateId,
    /// It depends on an action that is not there.
    #[error("it depends on `{on}`, which is not in the proposal")]
    UnknownDependency {
        /// The missing action.
        on: String,
    },
    /// It depends on itself.
    #[error("it depends on itself")]
    DependsOnItself,
    /// It depends on itself by way of others.
    #[error("it depends on itself by way of {}", list(through))]
    Cycle {
        /// The others, nearest first; at most ten.
        through: Vec<String>,
    },
    /// It depends on an action that comes after it, where the order is fixed.
    #[error("it depends on `{on}`, which comes later, and the actions run in their order")]
    DependsOnLater {
        /// The later action.
        on: String,
    },
    /// Its parameters refer to an action that is not there.
    #[error("its parameters refer to the output of `{on}`, which is not in the proposal")]
    UnknownReference {
        /// The missing action.
        on: String,
    },
    /// Its compensation refers to an action that is not there.
    #[error("its compensation refers to the output of `{on}`, which is not in the proposal")]
    CompensationReference {
        /// The missing action.
        on: String,
    },
    /// Its parameters refer to its own output.
    #[error("its parameters refer to its own output")]
    RefersToItself,
    /// Its parameters refer to an action that comes after it, where the order is fixed.
    #[error(
        "its parameters refer to the output of `{on}`, which comes later, and the actions run in their order"
    )]
    RefersToLater {
        /// The later action.
        on: String,
    },
}

fn list(names: &[String]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// Index of an action. A proposal has far fewer than 2^32.
pub(crate) type Index = u32;

/// Edges from each action to others, in two flat arrays.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edges {
    starts: Vec<u32>,
    targets: Vec<Index>,
}

impl Edges {
    /// From pairs, grouped by their first member; pairs keep their order.
    fn of(count: usize, pairs: &[(Index, Index)]) -> Self {
        let mut starts = vec![0_u32; count + 1];
        for (from, _) in pairs {
            starts[*from as usize + 1] += 1;
        }
        for place in 1..starts.len() {
            starts[place] += starts[place - 1];
        }
        let mut next = starts.clone();
        let mut targets = vec![0; pairs.len()];
        for (from, to) in pairs {
            let place = &mut next[*from as usize];
            targets[*place as usize] = *to;
            *place += 1;
        }
        Self { starts, targets }
    }

    /// Whether an edge leads to this action.
    pub(crate) fn lead_to(&self, index: Index) -> bool {
        self.targets.contains(&index)
    }

    /// The edges that leave one action.
    pub(crate) fn from(&self, index: Index) -> &[Index] {
        let (start, end) = (self.starts[index as usize], self.starts[index as usize + 1]);
        &self.targets[start as usize..end as usize]
    }
}

/// Who waits for whom.
#[derive(Debug)]
pub(crate) struct Plan {
    /// All actions, each after everything it waits for.
    pub(crate) order: Vec<Index>,
    /// From each action to those that wait for it.
    pub(crate) followers: Edges,
    /// How many ends of edges each action waits for.
    pub(crate) waits: Vec<u32>,
    /// From each action to those that must have succeeded before it runs: its declared dependencies.
    pub(crate) needs: Edges,
    /// From each action to those that it depends on or refers to: what the proposal itself says about order.
    pub(crate) explicit: Edges,
    /// Whether the actions run strictly in their order.
    pub(crate) sequential: bool,
    /// Which action an id means.
    pub(crate) names: HashMap<Arc<str>, Index>,
}

impl Plan {
    /// Reads a proposal whose actions have the ids `ids`.
    ///
    /// Without declared dependencies, and unless it asks for parallel execution, it runs in its order. Otherwise an
    /// action follows what it depends on and refers to, and the keys it declares to read or write put it after
    /// earlier writers, and earlier readers of what it writes.
    pub(crate) fn of(
        ids: &[Arc<str>],
        proposal: &ActionProposal,
        limits: &EngineLimits,
    ) -> Result<Self, StructureError> {
        let actions = &proposal.actions;
        let count = actions.len();
        let names = names(ids, limits)?;
        let needs = dependencies(ids, actions, &names)?;
        let refers = references::of(ids, actions, &names)?;
        let sequential = match proposal.execution {
            Some(Execution::Sequential) => true,
            Some(Execution::Parallel) => false,
            None => needs.is_empty(),
        };
        let said: Pairs = needs.iter().chain(&refers).copied().collect();
        let explicit = Edges::of(count, &said);
        let (order, edges) = if sequential {
            in_order(ids, count, &needs, &refers)?
        } else {
            let order = order::of(ids, &explicit)?;
            let mut edges: Pairs = said.iter().map(|(to, from)| (*from, *to)).collect();
            flow::add(actions, &order, &mut edges);
            (order, edges)
        };
        let mut waits = vec![0; count];
        for (_, to) in &edges {
            waits[*to as usize] += 1;
        }
        Ok(Self {
            order,
            followers: Edges::of(count, &edges),
            waits,
            needs: Edges::of(count, &needs),
            explicit,
            sequential,
            names,
        })
    }
}

fn names(
    ids: &[Arc<str>],
    limits: &EngineLimits,
) -> Result<HashMap<Arc<str>, Index>, StructureError> {
    let mut names = HashMap::with_capacity(ids.len());
    for (place, id) in (0..).zip(ids) {
        if id.is_empty() || id.len() > limits.id_bytes {
            let limit = limits.id_bytes;
            return Err(error(ids, place, StructureProblem::IdLength { limit }));
        }
        if names.insert(Arc::clone(id), place).is_some() {
            return Err(error(ids, place, StructureProblem::DuplicateId));
        }
    }
    Ok(names)
}

/// Pairs of an action and one that it declares to depend on.
fn dependencies(
    ids: &[Arc<str>],
    actions: &[Action],
    names: &HashMap<Arc<str>, Index>,
) -> Result<Vec<(Index, Index)>, StructureError> {
    let mut pairs = Vec::new();
    for (place, action) in (0..).zip(actions) {
        for on in action.dependencies.iter().flatten() {
            let problem = match names.get(on.as_str()) {
                Some(on) if *on != place => {
                    pairs.push((place, *on));
                    continue;
                }
                Some(_) => StructureProblem::DependsOnItself,
                None => StructureProblem::UnknownDependency { on: shown(on) },
            };
            return Err(error(ids, place, problem));
        }
    }
    Ok(pairs)
}

type Pairs = Vec<(Index, Index)>;

/// The order of the proposal itself; whatever an action needs must come before it.
fn in_order(
    ids: &[Arc<str>],
    count: usize,
    needs: &Pairs,
    refers: &Pairs,
) -> Result<(Vec<Index>, Pairs), StructureError> {
    let later = |pairs: &Pairs| pairs.iter().find(|(place, on)| on > place).copied();
    if let Some((place, on)) = later(needs) {
        let on = shown(&ids[on as usize]);
        return Err(error(ids, place, StructureProblem::DependsOnLater { on }));
    }
    if let Some((place, on)) = later(refers) {
        let on = shown(&ids[on as usize]);
        return Err(error(ids, place, StructureProblem::RefersToLater { on }));
    }
    let order: Vec<Index> = (0..).take(count).collect();
    let edges = order
        .iter()
        .zip(order.iter().skip(1))
        .map(|(from, to)| (*from, *to))
        .collect();
    Ok((order, edges))
}

fn error(ids: &[Arc<str>], index: Index, problem: StructureProblem) -> StructureError {
    StructureError {
        index: index as usize,
        action: shown(&ids[index as usize]),
        problem,
    }
}

/// An id as errors show it: never longer than ids may be.
fn shown(id: &str) -> String {
    id[..id.floor_char_boundary(256)].to_owned()
}

#[cfg(test)]
mod tests;
