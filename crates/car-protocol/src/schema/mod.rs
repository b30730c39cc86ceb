//! Documents generated from the table: JSON Schema, OpenRPC, TypeScript and the protocol reference.
//!
//! [`documents`] makes all of them as text; `cargo xtask codegen` writes them into the repository. What a client
//! sends is described as the daemon reads it, what the daemon sends as it is written: a type that differs between
//! the two has a second definition, with `Output` at the end of its name.

mod definitions;
mod examples;
mod json_schema;
mod markdown;
mod node;
mod openrpc;
mod order;
mod protocol;
mod reference;
mod seeds;
mod typed_examples;
mod typescript;

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::RpcError;
use crate::jsonrpc::decode_params;
use protocol::Protocol;

pub use examples::{Example, Shown, examples};

/// A type that describes itself for the generated documents.
pub trait Described: JsonSchema + Serialize + DeserializeOwned {}
impl<T: JsonSchema + Serialize + DeserializeOwned> Described for T {}

/// What can be done with the types of one line of a table without naming them.
#[derive(Clone, Copy)]
pub struct Types {
    /// Schema of the params.
    pub params: fn(&mut SchemaGenerator) -> Schema,
    /// Schema of the result.
    pub result: fn(&mut SchemaGenerator) -> Schema,
    /// Reads params, as [`decode_params`], and writes them again.
    pub params_again: fn(Option<&RawValue>) -> Result<String, RpcError>,
    /// Reads a result and writes it again.
    pub result_again: fn(&str) -> serde_json::Result<String>,
}

impl Types {
    /// The types `P` and `R`.
    #[must_use]
    pub const fn of<P: Described, R: Described>() -> Self {
        Self {
            params: SchemaGenerator::subschema_for::<P>,
            result: SchemaGenerator::subschema_for::<R>,
            params_again: |raw| {
                let params: P = decode_params(raw)?;
                serde_json::to_string(&params).map_err(|_| RpcError::internal())
            },
            result_again: |text| serde_json::to_string(&serde_json::from_str::<R>(text)?),
        }
    }
}

impl fmt::Debug for Types {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Types")
    }
}

/// A generated file.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Its place, from the root of the repository.
    pub path: String,
    /// What stands in it.
    pub text: String,
}

impl Document {
    fn new(path: impl Into<String>, text: String) -> Self {
        Self {
            path: path.into(),
            text,
        }
    }
}

/// Why the documents cannot be made. Each is a fault of the table, its types or their examples.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SchemaError {
    /// A line of the table has no example.
    NoExample(String),
    /// An example that its own type does not read.
    WrongExample {
        /// The line of the table.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A member that no filled example shows.
    NotShown {
        /// The definition.
        definition: String,
        /// Its member.
        member: String,
    },
    /// Two types of one name.
    AmbiguousName(String),
    /// A schema that the writers do not know how to write.
    Unsupported(String),
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoExample(name) => write!(f, "`{name}` has no example in schema/examples"),
            Self::WrongExample { name, reason } => {
                write!(f, "the example of `{name}` does not fit its type: {reason}")
            }
            Self::NotShown { definition, member } => {
                write!(f, "no filled example shows `{definition}.{member}`")
            }
            Self::AmbiguousName(name) => write!(
                f,
                "two types would be called `{name}`: give one of them `schemars(rename = \"…\")`"
            ),
            Self::Unsupported(schema) => write!(f, "no writer for this schema: {schema}"),
        }
    }
}

impl std::error::Error for SchemaError {}

/// All generated files.
///
/// # Errors
/// [`SchemaError`], when a line of the table is incomplete.
pub fn documents() -> Result<Vec<Document>, SchemaError> {
    let protocol = Protocol::collect()?;
    if let Some(name) = typescript::TAKEN
        .iter()
        .find(|name| protocol.definitions.contains_key(**name))
    {
        return Err(SchemaError::AmbiguousName((*name).to_owned()));
    }
    let openrpc = openrpc::document(&protocol);
    let mut documents = vec![
        Document::new(
            "schema/car.schema.json",
            json_schema::document(&protocol).pretty(),
        ),
        Document::new("schema/openrpc.json", openrpc.pretty()),
        // The daemon serves it, and a published package holds nothing from outside its folder.
        Document::new("crates/car-protocol/openrpc.json", openrpc.compact()),
        Document::new("schema/car.ts", typescript::document(&protocol)?),
        Document::new("schema/examples.ts", typed_examples::document(&protocol)),
        Document::new("docs/protocol.md", reference::document(&protocol)?),
    ];
    documents.extend(seeds::documents(&protocol));
    Ok(documents)
}
