use std::borrow::{Borrow, Cow};
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

use super::limits::Limit;

macro_rules! ids {
    ($( $(#[$meta:meta])* $name:ident, $limit:expr; )*) => { $(
        $(#[$meta])*
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Its text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<T: Into<String>> From<T> for $name {
            fn from(text: T) -> Self {
                Self(text.into())
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                if text.is_empty() {
                    return Err(de::Error::custom("an id must not be empty"));
                }
                $limit.hold(text.len()).map_err(de::Error::custom)?;
                Ok(Self(text.into_owned()))
            }
        }
    )* };
}

ids! {
    /// The id of a surface. Read only if it has 1 to 128 bytes ([`Limit::IdBytes`]); what is built here is not checked
    /// until somebody reads it.
    SurfaceId, Limit::IdBytes;

    /// The id of a component within its surface; `root` is the top of the tree. 1 to 128 bytes.
    ComponentId, Limit::IdBytes;

    /// The id of a call, which its answer repeats. 1 to 128 bytes.
    CallId, Limit::IdBytes;

    /// The id of a catalog: mostly a URL, which is a name and never fetched. 1 to 1024 bytes.
    CatalogId, Limit::CatalogIdBytes;
}

impl ComponentId {
    /// The id of the component at the top of the tree.
    pub const ROOT: &'static str = "root";

    /// Whether this is the top of the tree.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0 == Self::ROOT
    }
}
