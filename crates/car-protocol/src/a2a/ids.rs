//! The names of things, each a type of its own, and what must not be shown.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use super::limits::MAX_ID_BYTES;
use super::read::deserialize;
use super::{Cx, Read, Wire};

/// Why a text is no id.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum IdError {
    /// It is empty.
    Empty,
    /// It has more than [`MAX_ID_BYTES`].
    TooLong,
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("an id is not empty"),
            Self::TooLong => write!(f, "an id has at most {MAX_ID_BYTES} bytes"),
        }
    }
}

impl std::error::Error for IdError {}

macro_rules! ids {
    ($( $(#[$doc:meta])* $name:ident; )+) => { $(
        $(#[$doc])*
        ///
        /// At most [`MAX_ID_BYTES`] long. It is empty only when a lenient reader found none.
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                match text.len() {
                    0 => Err(IdError::Empty),
                    1..=MAX_ID_BYTES => Ok(Self(text)),
                    _ => Err(IdError::TooLong),
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                text.to_owned().try_into()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl Wire for $name {
            const EXPECTED: &'static str = "a string";

            fn text(cx: &mut Cx, text: &str) -> Read<Self> {
                if text.len() > MAX_ID_BYTES {
                    return cx.violation(format!("is longer than {MAX_ID_BYTES} bytes"));
                }
                Read::Value(Self(text.to_owned()))
            }

            fn unset() -> Option<Self> {
                Some(Self(String::new()))
            }

            fn is_unset(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                deserialize(from)
            }
        }
    )+ };
}

ids! {
    /// A task; the agent gives it.
    TaskId;
    /// A conversation: the tasks and messages that belong together.
    ContextId;
    /// A message; whoever sends it gives it.
    MessageId;
    /// An artifact, within its task.
    ArtifactId;
    /// A push configuration, within its task.
    PushConfigId;
}

/// A credential. It is written to the wire as it is, and never shown by `Debug`.
#[derive(Clone, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Keeps a credential.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The credential, to be sent or compared.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Wire for Secret {
    const EXPECTED: &'static str = "a string";

    fn text(_: &mut Cx, text: &str) -> Read<Self> {
        Read::Value(Self(text.to_owned()))
    }

    fn is_unset(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        deserialize(from)
    }
}
