use std::fmt;

use serde::de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::MAX_BATCH;

/// The members of a message, found but not read. Naming one twice is an error; unknown members are skipped.
#[derive(Default)]
pub(super) struct Envelope<'a> {
    pub(super) jsonrpc: Option<&'a RawValue>,
    pub(super) id: Option<&'a RawValue>,
    pub(super) method: Option<&'a RawValue>,
    pub(super) params: Option<&'a RawValue>,
    pub(super) result: Option<&'a RawValue>,
    pub(super) error: Option<&'a RawValue>,
    pub(super) meta: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Member {
    Jsonrpc,
    Id,
    Method,
    Params,
    Result,
    Error,
    #[serde(rename = "_meta")]
    Meta,
    #[serde(other)]
    Other,
}

impl<'de: 'a, 'a> Deserialize<'de> for Envelope<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Envelope<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut envelope = Envelope::default();
                while let Some(member) = map.next_key::<Member>()? {
                    let (slot, name) = match member {
                        Member::Jsonrpc => (&mut envelope.jsonrpc, "jsonrpc"),
                        Member::Id => (&mut envelope.id, "id"),
                        Member::Method => (&mut envelope.method, "method"),
                        Member::Params => (&mut envelope.params, "params"),
                        Member::Result => (&mut envelope.result, "result"),
                        Member::Error => (&mut envelope.error, "error"),
                        Member::Meta => (&mut envelope.meta, "_meta"),
                        Member::Other => {
                            map.next_value::<IgnoredAny>()?;
                            continue;
                        }
                    };
                    if slot.replace(map.next_value()?).is_some() {
                        return Err(A::Error::duplicate_field(name));
                    }
                }
                Ok(envelope)
            }
        }
        deserializer.deserialize_map(Read)
    }
}

/// The elements of an array, found but not read, and whether there were more than a batch may hold.
pub(super) struct Batch<'a> {
    pub(super) elements: Vec<&'a RawValue>,
    pub(super) overflow: bool,
}

impl<'de: 'a, 'a> Deserialize<'de> for Batch<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Batch<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut batch = Batch {
                    elements: Vec::new(),
                    overflow: false,
                };
                while let Some(element) = seq.next_element::<&'de RawValue>()? {
                    if batch.elements.len() == MAX_BATCH {
                        batch.overflow = true;
                        // The rest is not kept, but it must be JSON.
                        while seq.next_element::<IgnoredAny>()?.is_some() {}
                        break;
                    }
                    batch.elements.push(element);
                }
                Ok(batch)
            }
        }
        deserializer.deserialize_seq(Read)
    }
}
