use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::jsonrpc::ByName;

/// A bare list, or an object that has it as a member. Read by its form, so that what is wrong is named.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "{N}OrList"))]
#[serde(untagged)]
pub enum ListOr<T, N> {
    /// The object.
    Named(N),
    /// The list alone.
    List(Vec<T>),
}

impl<T, N: Into<Vec<T>>> ListOr<T, N> {
    /// What is listed.
    #[must_use]
    pub fn into_list(self) -> Vec<T> {
        match self {
            Self::Named(named) => named.into(),
            Self::List(list) => list,
        }
    }
}

impl<'de, T: Deserialize<'de>, N: Deserialize<'de>> Deserialize<'de> for ListOr<T, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Form(PhantomData))
    }
}

struct Form<T, N>(PhantomData<(T, N)>);

impl<'de, T: Deserialize<'de>, N: Deserialize<'de>> Visitor<'de> for Form<T, N> {
    type Value = ListOr<T, N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or an object that has it")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(ByName(SeqAccessDeserializer::new(list))).map(ListOr::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, named: A) -> Result<Self::Value, A::Error> {
        N::deserialize(ByName(MapAccessDeserializer::new(named))).map(ListOr::Named)
    }
}
