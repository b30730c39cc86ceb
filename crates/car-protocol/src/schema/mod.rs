//! Documents generated from the method table.

use schemars::{JsonSchema, Schema, SchemaGenerator};

/// A type that describes itself for the generated documents.
pub trait Described: JsonSchema {}
impl<T: JsonSchema + ?Sized> Described for T {}

/// How the types of one line describe themselves.
#[derive(Clone, Copy)]
pub struct Types {
    /// Schema of the params.
    pub params: fn(&mut SchemaGenerator) -> Schema,
    /// Schema of the result.
    pub result: fn(&mut SchemaGenerator) -> Schema,
}

impl Types {
    /// The types `P` and `R`.
    #[must_use]
    pub const fn of<P: JsonSchema, R: JsonSchema>() -> Self {
        Self {
            params: SchemaGenerator::subschema_for::<P>,
            result: SchemaGenerator::subschema_for::<R>,
        }
    }
}

impl std::fmt::Debug for Types {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Types")
    }
}
