//! How the records of a catalog are declared: what is required, then what may be left out.

/// Declares a struct whose members are named as JSON does, with a constructor of what is required.
macro_rules! record {
    (
        $(#[$meta:meta])*
        $name:ident {
            $( $(#[$required_meta:meta])* $required:ident: $required_type:ty, )*
        }
        $( maybe { $( $(#[$maybe_meta:meta])* $maybe:ident: $maybe_type:ty, )* } )?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            $( $(#[$required_meta])* pub $required: $required_type, )*
            $( $(
                $(#[$maybe_meta])*
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $maybe: Option<$maybe_type>,
            )* )?
        }

        impl $name {
            /// With what is required and nothing else.
            #[must_use]
            pub fn new($( $required: impl Into<$required_type> ),*) -> Self {
                Self {
                    $( $required: $required.into(), )*
                    $( $( $maybe: None, )* )?
                }
            }
        }
    };
}

/// Declares an enumeration of words.
macro_rules! words {
    ( $(#[$meta:meta])* $name:ident { $( $(#[$word_meta:meta])* $word:ident, )* } ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
        #[serde(rename_all = "camelCase")]
        #[non_exhaustive]
        pub enum $name { $( $(#[$word_meta])* $word, )* }
    };
}

pub(super) use {record, words};
