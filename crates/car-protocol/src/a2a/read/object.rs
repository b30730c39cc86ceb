//! The macros in which every message is written down once: its fields with their names on the wire, and from that the
//! struct, its reading and its writing.

use std::borrow::Cow;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::cx::Segment;
use super::{Cx, Read, Seed, Wire};

/// The name of a member, borrowed where the text allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: de::Error>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }

    fn visit_string<E: de::Error>(self, name: String) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name))
    }
}

/// What is known of one field while its object is read. The methods named like the kinds of a field say what the
/// field holds in the end; `None` when it does not fit, which is then noted.
#[derive(Debug)]
pub(crate) enum Slot<T> {
    /// Nothing so far, or `null`.
    Empty,
    /// A value.
    Value(T),
    /// A value that does not fit.
    Bad,
}

impl<T: Wire> Slot<T> {
    /// Reads the value of the field, whose name was just read.
    pub(crate) fn fill<'de, A: MapAccess<'de>>(
        &mut self,
        cx: &mut Cx,
        field: &'static str,
        object: &mut A,
    ) -> Result<(), A::Error> {
        let read = cx.below(Segment::Field(field), |cx| {
            object.next_value_seed(Seed::<T>::new(cx))
        })?;
        *self = match (&self, read) {
            (Self::Empty, Read::Value(value)) => Self::Value(value),
            (Self::Empty, Read::Null) => Self::Empty,
            (Self::Empty, Read::Bad) => Self::Bad,
            (Self::Value(_) | Self::Bad, _) => {
                cx.field_violation(field, "is there twice");
                Self::Bad
            }
        };
        Ok(())
    }

    /// A value that is not the default of its type.
    pub(crate) fn required(self, cx: &mut Cx, field: &'static str) -> Option<T> {
        let value = match self {
            Self::Bad => return None,
            Self::Value(value) => Some(value),
            Self::Empty if cx.complete() => None,
            Self::Empty => T::unset(),
        };
        let value = value.filter(|value| !cx.complete() || !value.is_unset());
        if value.is_none() {
            cx.field_violation(field, "is required");
        }
        value
    }

    /// A value, even if it is empty.
    pub(crate) fn present(self, cx: &mut Cx, field: &'static str) -> Option<T> {
        let value = match self {
            Self::Bad => return None,
            Self::Value(value) => Some(value),
            Self::Empty if cx.complete() => None,
            Self::Empty => T::unset(),
        };
        if value.is_none() {
            cx.field_violation(field, "is required");
        }
        value
    }

    /// A value or nothing; what is empty is nothing.
    pub(crate) fn optional(self, _: &mut Cx, _: &'static str) -> Option<Option<T>> {
        match self {
            Self::Bad => None,
            Self::Value(value) if value.is_unset() => Some(None),
            Self::Value(value) => Some(Some(value)),
            Self::Empty => Some(None),
        }
    }

    /// A value, or the default of its type.
    pub(crate) fn plain(self, _: &mut Cx, _: &'static str) -> Option<T>
    where
        T: Default,
    {
        match self {
            Self::Bad => None,
            Self::Value(value) => Some(value),
            Self::Empty => Some(T::default()),
        }
    }

    /// As [`plain`](Slot::plain); such a field is not written while it has the default.
    pub(crate) fn sparse(self, cx: &mut Cx, field: &'static str) -> Option<T>
    where
        T: Default,
    {
        self.plain(cx, field)
    }
}

/// Whether a field need not be written.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Declares a message: an object whose fields are of one of these kinds.
///
/// - `required`: always written; missing or empty is a violation for a strict reader.
/// - `present`: always written; may be empty, but a strict reader wants to see it.
/// - `optional`: an `Option`, written when there is something in it.
/// - `sparse`: has a default; written when it differs from it.
/// - `plain`: has a default; always written.
///
/// `= "kind": "task"` after the name is a constant member: written first, and wrong when it is there with another value.
macro_rules! message {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident $(= $tag:literal: $tag_value:literal)? {
            $( $(#[$doc:meta])* $kind:ident $field:ident: $ty:ty = $wire:literal, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        $vis struct $name {
            $( $(#[$doc])* $vis $field: $crate::a2a::read::message!(@type $kind $ty), )*
        }

        impl $crate::a2a::Wire for $name {
            const EXPECTED: &'static str = "an object";
            const FIELDS: &'static [&'static str] = &[$($tag,)? $($wire),*];

            fn object<'de, A: serde::de::MapAccess<'de>>(
                cx: &mut $crate::a2a::Cx,
                mut object: A,
            ) -> Result<$crate::a2a::Read<Self>, A::Error> {
                $( let mut $field = $crate::a2a::read::Slot::<$ty>::Empty; )*
                while let Some(key) = object.next_key_seed($crate::a2a::read::Key)? {
                    match &*key {
                        $( $tag => {
                            let mut tag = $crate::a2a::read::Slot::<String>::Empty;
                            tag.fill(cx, $tag, &mut object)?;
                            if let $crate::a2a::read::Slot::Value(tag) = tag && tag != $tag_value {
                                cx.field_violation($tag, concat!("must be ", $tag_value));
                            }
                        } )?
                        $( key if key == $wire || key == stringify!($field) => {
                            $field.fill(cx, $wire, &mut object)?;
                        } )*
                        _ => {
                            object.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                // Every field is looked at before any is missed, so that all violations are found.
                $( let $field = $field.$kind(cx, $wire); )*
                let whole = move || Some(Self { $( $field: $field?, )* });
                Ok(whole().map_or($crate::a2a::Read::Bad, $crate::a2a::Read::Value))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;
                let mut object = serializer.serialize_map(None)?;
                $( object.serialize_entry($tag, $tag_value)?; )?
                $( $crate::a2a::read::message!(@write $kind object, $wire, &self.$field); )*
                object.end()
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                $crate::a2a::read::deserialize(from)
            }
        }
    };
    (@type optional $ty:ty) => { Option<$ty> };
    (@type $kind:ident $ty:ty) => { $ty };
    (@write optional $object:ident, $wire:literal, $value:expr) => {
        if let Some(value) = $value && !$crate::a2a::Wire::is_unset(value) {
            $object.serialize_entry($wire, value)?;
        }
    };
    (@write sparse $object:ident, $wire:literal, $value:expr) => {
        if !$crate::a2a::read::is_default($value) {
            $object.serialize_entry($wire, $value)?;
        }
    };
    (@write $kind:ident $object:ident, $wire:literal, $value:expr) => {
        $object.serialize_entry($wire, $value)?;
    };
}

/// Declares a union whose member's name tells which it is: `{"task": …}`. Exactly one must be there.
macro_rules! one_of {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[$doc:meta])* $variant:ident($ty:ty) = $wire:literal $(| $alias:literal)?, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $name {
            $( $(#[$doc])* $variant($ty), )+
        }

        impl $crate::a2a::Wire for $name {
            const EXPECTED: &'static str = "an object";
            const FIELDS: &'static [&'static str] = &[$($wire),+];

            fn object<'de, A: serde::de::MapAccess<'de>>(
                cx: &mut $crate::a2a::Cx,
                mut object: A,
            ) -> Result<$crate::a2a::Read<Self>, A::Error> {
                let (mut found, mut fits) = (None, true);
                while let Some(key) = object.next_key_seed($crate::a2a::read::Key)? {
                    match &*key {
                        $( key if key == $wire $(|| key == $alias)? => {
                            let mut slot = $crate::a2a::read::Slot::<$ty>::Empty;
                            slot.fill(cx, $wire, &mut object)?;
                            match slot {
                                $crate::a2a::read::Slot::Empty => {}
                                $crate::a2a::read::Slot::Bad => fits = false,
                                $crate::a2a::read::Slot::Value(_) if found.is_some() => {
                                    cx.field_violation($wire, "is one too many");
                                    fits = false;
                                }
                                $crate::a2a::read::Slot::Value(value) => {
                                    found = Some(Self::$variant(value));
                                }
                            }
                        } )+
                        _ => {
                            object.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(match found {
                    Some(found) if fits => $crate::a2a::Read::Value(found),
                    None if fits => cx.violation(format!(
                        "must have one of {}",
                        <Self as $crate::a2a::Wire>::FIELDS.join(", ")
                    )),
                    _ => $crate::a2a::Read::Bad,
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;
                let mut object = serializer.serialize_map(Some(1))?;
                match self {
                    $( Self::$variant(value) => object.serialize_entry($wire, value)?, )+
                }
                object.end()
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                $crate::a2a::read::deserialize(from)
            }
        }

        $( impl From<$ty> for $name {
            fn from(value: $ty) -> Self {
                Self::$variant(value)
            }
        } )+
    };
}

/// Declares a union whose constant member tells which it is: `{"kind": "task", …}`. The variants are messages with that
/// constant. The name in brackets is a member that only this variant has, by which a lenient reader knows it when the
/// constant is missing.
macro_rules! tagged {
    (
        $(#[$meta:meta])*
        pub enum $name:ident by $tag:literal {
            $( $(#[$doc:meta])* $variant:ident($ty:ty) = $value:literal $([$own:literal])?, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $name {
            $( $(#[$doc])* $variant($ty), )+
        }

        impl $crate::a2a::Wire for $name {
            const EXPECTED: &'static str = "an object";

            fn object<'de, A: serde::de::MapAccess<'de>>(
                cx: &mut $crate::a2a::Cx,
                object: A,
            ) -> Result<$crate::a2a::Read<Self>, A::Error> {
                use $crate::a2a::Read;
                type Members = serde_json::Map<String, serde_json::Value>;
                let members = match <Members as $crate::a2a::Wire>::object(cx, object)? {
                    Read::Value(members) => members,
                    Read::Null | Read::Bad => return Ok(Read::Bad),
                };
                let tag = match members.get($tag) {
                    Some(serde_json::Value::String(tag)) => tag.as_str(),
                    Some(serde_json::Value::Null) | None if !cx.complete() => {
                        let own = [$( (None$(.or(Some($own)))?, $value) ),+];
                        let known = own.iter().find(|(own, _)| {
                            own.is_some_and(|own: &str| members.contains_key(own))
                        });
                        known.map_or("", |(_, tag)| *tag)
                    }
                    _ => "",
                };
                match tag {
                    $( $value => {
                        let members = serde_json::Value::Object(members);
                        let read = $crate::a2a::read::read_with::<$ty, _>(cx, members);
                        let read = read.map_err(serde::de::Error::custom)?;
                        Ok(match read {
                            Read::Value(value) => Read::Value(Self::$variant(value)),
                            Read::Null | Read::Bad => Read::Bad,
                        })
                    } )+
                    _ => {
                        let known = [$( $value ),+].join(", ");
                        cx.field_violation($tag, format!("must be one of {known}"));
                        Ok(Read::Bad)
                    }
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $( Self::$variant(value) => value.serialize(serializer), )+
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                $crate::a2a::read::deserialize(from)
            }
        }

        $( impl From<$ty> for $name {
            fn from(value: $ty) -> Self {
                Self::$variant(value)
            }
        } )+
    };
}

/// Declares an enumeration by its names on the wire, and by its numbers where protobuf gives it some. The variant after
/// `unset` is the default of protobuf: where a value is required, it is none.
macro_rules! wire_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident $(unset $unset:ident)? {
            $( $(#[$doc:meta])* $variant:ident = $wire:literal $(/ $number:literal)?, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum $name {
            $( $(#[$doc])* $variant, )+
        }

        impl $name {
            /// All of them, in the order of the specification.
            pub const ALL: &'static [Self] = &[$( Self::$variant ),+];

            /// Its name on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $( Self::$variant => $wire, )+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::a2a::Wire for $name {
            const EXPECTED: &'static str = concat!("one of", $( " ", $wire ),+);

            fn text(cx: &mut $crate::a2a::Cx, text: &str) -> $crate::a2a::Read<Self> {
                match text {
                    $( $wire => $crate::a2a::Read::Value(Self::$variant), )+
                    _ => cx.violation(Self::EXPECTED.replacen("one of", "must be one of", 1)),
                }
            }

            fn integer(cx: &mut $crate::a2a::Cx, value: i64) -> $crate::a2a::Read<Self> {
                match value {
                    $( $( $number => $crate::a2a::Read::Value(Self::$variant), )? )+
                    _ => cx.violation(Self::EXPECTED.replacen("one of", "must be one of", 1)),
                }
            }

            $(
                fn unset() -> Option<Self> {
                    Some(Self::$unset)
                }

                fn is_unset(&self) -> bool {
                    *self == Self::$unset
                }
            )?
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                $crate::a2a::read::deserialize(from)
            }
        }
    };
}

pub(crate) use {message, one_of, tagged, wire_enum};
