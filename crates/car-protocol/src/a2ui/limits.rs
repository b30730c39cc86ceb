use std::fmt;
use std::io;

use std::marker::PhantomData;

use serde::Serialize;
use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use serde_json::Value;

/// How much of something A2UI data may have. Each is held while the data is read.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Limit {
    /// Bytes of one payload, a message or a list of them.
    PayloadBytes,
    /// Messages in one payload.
    Messages,
    /// Components in one message.
    Components,
    /// Bytes of one component, as compact JSON.
    ComponentBytes,
    /// How deep arrays and objects nest in a component, a data model, a context or the arguments of a call.
    Depth,
    /// Bytes of the id of a surface, a component or a call.
    IdBytes,
    /// Bytes of the id of a catalog.
    CatalogIdBytes,
    /// Bytes of one data model, or of one value for it, as compact JSON.
    DataModelBytes,
    /// Bytes of one path.
    PathBytes,
    /// How far an array of a data model may be longer than what was put in it.
    ArrayGap,
    /// Operations in one `patchComponents`.
    PatchOperations,
    /// Catalog ids in one list of capabilities.
    Catalogs,
    /// Inline catalogs in one list of capabilities.
    InlineCatalogs,
    /// Surfaces in one data model message.
    Surfaces,
}

impl Limit {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::PayloadBytes,
        Self::Messages,
        Self::Components,
        Self::ComponentBytes,
        Self::Depth,
        Self::IdBytes,
        Self::CatalogIdBytes,
        Self::DataModelBytes,
        Self::PathBytes,
        Self::ArrayGap,
        Self::PatchOperations,
        Self::Catalogs,
        Self::InlineCatalogs,
        Self::Surfaces,
    ];

    /// The most that is allowed.
    #[must_use]
    pub const fn max(self) -> usize {
        match self {
            Self::PayloadBytes => 512 * 1024,
            Self::Messages => 1024,
            Self::Components | Self::PatchOperations => 256,
            Self::ComponentBytes => 16 * 1024,
            Self::Depth => 64,
            Self::IdBytes => 128,
            Self::CatalogIdBytes | Self::PathBytes => 1024,
            Self::DataModelBytes => 256 * 1024,
            Self::ArrayGap | Self::Catalogs => 64,
            Self::InlineCatalogs => 16,
            Self::Surfaces => 32,
        }
    }

    /// The name, as in an error: `component_bytes`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PayloadBytes => "payload_bytes",
            Self::Messages => "messages",
            Self::Components => "components",
            Self::ComponentBytes => "component_bytes",
            Self::Depth => "depth",
            Self::IdBytes => "id_bytes",
            Self::CatalogIdBytes => "catalog_id_bytes",
            Self::DataModelBytes => "data_model_bytes",
            Self::PathBytes => "path_bytes",
            Self::ArrayGap => "array_gap",
            Self::PatchOperations => "patch_operations",
            Self::Catalogs => "catalogs",
            Self::InlineCatalogs => "inline_catalogs",
            Self::Surfaces => "surfaces",
        }
    }

    /// The limit, if there are more of it than it allows.
    ///
    /// # Errors
    /// The limit itself.
    pub const fn hold(self, found: usize) -> Result<(), Self> {
        if found > self.max() {
            return Err(self);
        }
        Ok(())
    }

    /// Which one an error speaks of that begins like [`Display`](fmt::Display) of a limit.
    pub(super) fn named_in(error: &str) -> Option<Self> {
        let name = error.strip_prefix(PREFIX)?.split(' ').next()?;
        Self::ALL.iter().copied().find(|limit| limit.name() == name)
    }
}

const PREFIX: &str = "exceeds the limit ";

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{} of {}", self.name(), self.max())
    }
}

impl std::error::Error for Limit {}

/// How long the value is as compact JSON, or nothing if it is longer than `most`. Allocates nothing.
pub(super) fn length<T: Serialize + ?Sized>(value: &T, most: usize) -> Option<usize> {
    struct Count {
        left: usize,
    }
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.left = self
                .left
                .checked_sub(bytes.len())
                .ok_or(io::ErrorKind::QuotaExceeded)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count { left: most };
    serde_json::to_writer(&mut count, value).ok()?;
    Some(most - count.left)
}

/// Holds the length of a value and how deep it nests.
pub(super) fn hold_value(value: &Value, bytes: Limit) -> Result<(), Limit> {
    hold_members(value, std::iter::once(value), 0, bytes)
}

/// The same for an object that is at hand as a map.
pub(super) fn hold_map(map: &serde_json::Map<String, Value>, bytes: Limit) -> Result<(), Limit> {
    hold_members(map, map.values(), 1, bytes)
}

fn hold_members<'a, T: Serialize + ?Sized>(
    whole: &T,
    mut members: impl Iterator<Item = &'a Value>,
    outside: usize,
    bytes: Limit,
) -> Result<(), Limit> {
    // The depth first: what measures the length descends as deep as the value does.
    if members.any(|value| deeper(value, Limit::Depth.max() - outside)) {
        return Err(Limit::Depth);
    }
    length(whole, bytes.max()).map(drop).ok_or(bytes)
}

/// Whether a value nests deeper than so many levels.
pub(super) fn deeper(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(|item| deeper(item, levels - 1)),
        Value::Object(map) => levels == 0 || map.values().any(|item| deeper(item, levels - 1)),
        _ => false,
    }
}

/// Reads so many items as may be. What is too many is not read to its end.
pub(super) fn list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
    limit: Limit,
) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_seq(ListVisitor(limit, PhantomData))
}

struct ListVisitor<T>(Limit, PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of {}", self.0.name())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            self.0.hold(list.len() + 1).map_err(de::Error::custom)?;
            list.push(item);
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_error_names_its_limit_and_is_recognised_by_it() {
        for &limit in Limit::ALL {
            assert_eq!(Limit::named_in(&limit.to_string()), Some(limit));
            assert_eq!(limit.hold(limit.max()), Ok(()));
            assert_eq!(limit.hold(limit.max() + 1), Err(limit));
        }
        assert_eq!(Limit::named_in("missing field `id`"), None);
    }

    #[test]
    fn the_length_is_that_of_compact_json() {
        let value = json!({ "a": [1, 2.5, null, "é\n\""], "b": {} });
        let text = value.to_string();
        assert_eq!(length(&value, 1000), Some(text.len()));
        assert_eq!(length(&value, text.len()), Some(text.len()));
        assert_eq!(length(&value, text.len() - 1), None);
    }

    #[test]
    fn the_limit_is_the_last_depth_that_passes() {
        let nested = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!([inner]));
        let deepest = Limit::Depth.max();
        assert_eq!(hold_value(&nested(deepest), Limit::DataModelBytes), Ok(()));
        assert_eq!(
            hold_value(&nested(deepest + 1), Limit::DataModelBytes),
            Err(Limit::Depth)
        );
        let map = |depth| serde_json::Map::from_iter([("k".to_owned(), nested(depth))]);
        assert_eq!(hold_map(&map(deepest - 1), Limit::DataModelBytes), Ok(()));
        assert_eq!(
            hold_map(&map(deepest), Limit::DataModelBytes),
            Err(Limit::Depth)
        );
    }
}
