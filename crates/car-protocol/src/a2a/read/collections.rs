use std::collections::BTreeMap;

use serde::de::{MapAccess, SeqAccess};
use serde_json::{Map, Value};

use super::cx::Segment;
use super::{Cx, Key, Read, Seed, Wire};

impl<T: Wire> Wire for Vec<T> {
    const EXPECTED: &'static str = "an array";

    fn array<'de, A: SeqAccess<'de>>(cx: &mut Cx, mut array: A) -> Result<Read<Self>, A::Error> {
        let (mut elements, mut index, mut fits) = (Self::new(), 0, true);
        loop {
            let read = cx.below(Segment::Index(index), |cx| {
                let read = array.next_element_seed(Seed::<T>::new(cx))?;
                Ok(read.map(|read| not_null(cx, read)))
            })?;
            match read {
                None => break,
                Some(Some(element)) => elements.push(element),
                Some(None) => fits = false,
            }
            index += 1;
        }
        Ok(if fits {
            Read::Value(elements)
        } else {
            Read::Bad
        })
    }

    fn unset() -> Option<Self> {
        Some(Self::new())
    }

    fn is_unset(&self) -> bool {
        self.is_empty()
    }
}

impl<T: Wire> Wire for BTreeMap<String, T> {
    const EXPECTED: &'static str = "an object";

    fn object<'de, A: MapAccess<'de>>(cx: &mut Cx, mut object: A) -> Result<Read<Self>, A::Error> {
        let (mut entries, mut fits) = (Self::new(), true);
        while let Some(key) = object.next_key_seed(Key)? {
            let read = cx.below(Segment::key(&key), |cx| {
                let read = object.next_value_seed(Seed::<T>::new(cx))?;
                Ok(not_null(cx, read))
            })?;
            match read {
                Some(value) => {
                    let key = key.into_owned();
                    if entries.contains_key(&key) {
                        let _: Read<T> =
                            cx.below(Segment::key(&key), |cx| cx.violation("is there twice"));
                        fits = false;
                    }
                    entries.insert(key, value);
                }
                None => fits = false,
            }
        }
        Ok(if fits {
            Read::Value(entries)
        } else {
            Read::Bad
        })
    }

    fn unset() -> Option<Self> {
        Some(Self::new())
    }

    fn is_unset(&self) -> bool {
        self.is_empty()
    }
}

/// An element of a list or a map is never `null`, unless that is a value of its type.
fn not_null<T: Wire>(cx: &mut Cx, read: Read<T>) -> Option<T> {
    match read {
        Read::Value(value) => Some(value),
        Read::Bad => None,
        Read::Null => {
            let _: Read<T> = cx.wrong(T::EXPECTED);
            None
        }
    }
}

/// Free JSON. The last of two members with one name stays, unless names must be unique.
impl Wire for Map<String, Value> {
    const EXPECTED: &'static str = "an object";

    fn object<'de, A: MapAccess<'de>>(cx: &mut Cx, mut object: A) -> Result<Read<Self>, A::Error> {
        let (mut members, mut fits) = (Self::new(), true);
        while let Some(key) = object.next_key_seed(Key)? {
            match object.next_value_seed(Seed::<Value>::new(cx))? {
                Read::Value(value) => {
                    let twice = cx.unique() && members.contains_key(&*key);
                    if twice {
                        let _: Read<()> =
                            cx.below(Segment::key(&key), |cx| cx.violation("is there twice"));
                        fits = false;
                    }
                    members.insert(key.into_owned(), value);
                }
                Read::Null | Read::Bad => fits = false,
            }
        }
        Ok(if fits {
            Read::Value(members)
        } else {
            Read::Bad
        })
    }

    fn unset() -> Option<Self> {
        Some(Self::new())
    }

    fn is_unset(&self) -> bool {
        self.is_empty()
    }
}

/// Any JSON value, `null` included.
impl Wire for Value {
    const EXPECTED: &'static str = "a JSON value";

    fn text(_: &mut Cx, text: &str) -> Read<Self> {
        Read::Value(Self::String(text.to_owned()))
    }

    fn owned_text(_: &mut Cx, text: String) -> Read<Self> {
        Read::Value(Self::String(text))
    }

    fn boolean(_: &mut Cx, value: bool) -> Read<Self> {
        Read::Value(Self::Bool(value))
    }

    fn integer(_: &mut Cx, value: i64) -> Read<Self> {
        Read::Value(value.into())
    }

    fn large_integer(_: &mut Cx, value: u64) -> Read<Self> {
        Read::Value(value.into())
    }

    fn float(_: &mut Cx, value: f64) -> Read<Self> {
        Read::Value(value.into())
    }

    fn null() -> Read<Self> {
        Read::Value(Self::Null)
    }

    fn array<'de, A: SeqAccess<'de>>(cx: &mut Cx, mut array: A) -> Result<Read<Self>, A::Error> {
        let (mut elements, mut fits) = (Vec::new(), true);
        while let Some(read) = array.next_element_seed(Seed::<Self>::new(cx))? {
            match read {
                Read::Value(value) => elements.push(value),
                Read::Null | Read::Bad => fits = false,
            }
        }
        Ok(if fits {
            Read::Value(Self::Array(elements))
        } else {
            Read::Bad
        })
    }

    fn object<'de, A: MapAccess<'de>>(cx: &mut Cx, object: A) -> Result<Read<Self>, A::Error> {
        let read = Map::<String, Self>::object(cx, object)?;
        Ok(match read {
            Read::Value(members) => Read::Value(Self::Object(members)),
            Read::Null => Read::Null,
            Read::Bad => Read::Bad,
        })
    }
}
