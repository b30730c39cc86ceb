#![doc = include_str!("../README.md")]

mod census;
mod changes;
mod context;
mod dense;
mod embedder;
mod engine;
mod export;
mod fact;
mod index;
mod lexical;
mod limits;
mod memory;
mod seam;
mod segments;
mod skills;
mod spaces;
mod stored;
mod table;
#[cfg(test)]
mod tests;
mod text;

pub use embedder::{Embedder, ModelId, WordTable};
pub use engine::Engine;
pub use index::Weights;
pub use limits::Limits;
pub use spaces::Spaces;

/// Where a fact or a skill is in the tables of one engine. Numbers only grow: a later fact has a higher one.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
struct Slot(u32);
