#![doc = include_str!("../README.md")]

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
mod segments;
#[cfg(test)]
mod tests;
mod text;

pub use car_state::memgine::Forgotten;
pub use context::{Context, ContextLine, Section};
pub use embedder::{Embedder, ModelId, WordTable};
pub use engine::Engine;
pub use export::Imported;
pub use fact::{Details, Fact, Found, Trust};
pub use index::{Score, Weights};
pub use limits::Limits;

/// Where a fact is in the tables of one engine. Numbers only grow: a later fact has a higher one.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
struct Slot(u32);
