//! W3C Trace Context, Level 2: the place of a call in a trace that spans several programs.
//!
//! A request carries it as `params._meta.traceparent`, in the form that the specification gives to the HTTP header of
//! the same name (<https://www.w3.org/TR/trace-context-2/#traceparent-header>). What is malformed counts as absent.

use std::borrow::Cow;
use std::fmt;
use std::num::{NonZeroU64, NonZeroU128};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;

/// Bytes of a `traceparent` of version 00.
const LENGTH: usize = 55;
/// The flags of version 00 that have a meaning: sampled, and that the trace id is random.
const KNOWN_FLAGS: u8 = 0x03;

/// The id of a trace: 32 hex digits, not all zero.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct TraceId(NonZeroU128);

/// The id of one step in a trace: 16 hex digits, not all zero.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct SpanId(NonZeroU64);

impl SpanId {
    /// The step with this number.
    #[must_use]
    pub const fn new(number: NonZeroU64) -> Self {
        Self(number)
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Which step of which trace caused a call: `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct TraceParent {
    trace: TraceId,
    parent: SpanId,
    flags: u8,
}

impl TraceParent {
    /// The trace.
    #[must_use]
    pub const fn trace_id(self) -> TraceId {
        self.trace
    }

    /// The step that caused the call.
    #[must_use]
    pub const fn parent_id(self) -> SpanId {
        self.parent
    }

    /// The same trace one step on: what `parent` causes.
    #[must_use]
    pub const fn child(self, parent: SpanId) -> Self {
        Self { parent, ..self }
    }

    /// The `_meta.traceparent` of a request. `None` costs one scan of the text, and nothing is parsed for it.
    #[must_use]
    pub fn of_params(params: &RawValue) -> Option<Result<Self, InvalidTraceParent>> {
        // A key may be written with escapes too; nobody does, and then the call is served without its trace.
        if !params.get().contains("\"traceparent\"") {
            return None;
        }
        // What is wrong with the params is found out by who reads them.
        let params: Traced<'_> = serde_json::from_str(params.get()).ok()?;
        let said = params.meta?.traceparent?;
        let text: Result<Cow<'_, str>, _> = serde_json::from_str(said.get());
        Some(text.map_or(Err(InvalidTraceParent), |text| text.parse()))
    }
}

/// The part of params that this is about.
#[derive(Deserialize)]
struct Traced<'a> {
    #[serde(borrow, default, rename = "_meta")]
    meta: Option<TracedMeta<'a>>,
}

#[derive(Deserialize)]
struct TracedMeta<'a> {
    #[serde(borrow, default)]
    traceparent: Option<&'a RawValue>,
}

/// A text that is no `traceparent`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InvalidTraceParent;

impl fmt::Display for InvalidTraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "traceparent is four groups of lower-case hex digits, as W3C Trace Context says",
        )
    }
}

impl std::error::Error for InvalidTraceParent {}

impl FromStr for TraceParent {
    type Err = InvalidTraceParent;

    fn from_str(text: &str) -> Result<Self, InvalidTraceParent> {
        Self::read(text.as_bytes()).ok_or(InvalidTraceParent)
    }
}

impl TraceParent {
    fn read(text: &[u8]) -> Option<Self> {
        let (known, rest) = text.split_at_checked(LENGTH)?;
        let version = hex(known.get(..2)?)?;
        // A later version may have more to say behind what version 00 says.
        let ends = match version {
            0xff => false,
            0 => rest.is_empty(),
            _ => rest.is_empty() || rest.starts_with(b"-"),
        };
        let dashed = [2, 35, 52].iter().all(|&at| known.get(at) == Some(&b'-'));
        if !ends || !dashed {
            return None;
        }
        let trace = NonZeroU128::new(hex(known.get(3..35)?)?)?;
        let parent = NonZeroU64::new(u64::try_from(hex(known.get(36..52)?)?).ok()?)?;
        Some(Self {
            trace: TraceId(trace),
            parent: SpanId(parent),
            flags: u8::try_from(hex(known.get(53..)?)?).ok()?,
        })
    }
}

/// The number that lower-case hex digits stand for, 32 of them at most.
fn hex(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0_u128, |number, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some((number << 4) | u128::from(value))
    })
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = self.flags & KNOWN_FLAGS;
        write!(f, "00-{}-{}-{flags:02x}", self.trace, self.parent)
    }
}

impl Serialize for TraceParent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TraceParent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for TraceParent {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "TraceParent".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        String::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn read(text: &str) -> Option<TraceParent> {
        text.parse().ok()
    }

    fn of(params: &str) -> Option<Result<TraceParent, InvalidTraceParent>> {
        TraceParent::of_params(&RawValue::from_string(params.to_owned()).unwrap())
    }

    #[test]
    fn what_is_read_is_written_the_same() {
        let parent = read(GOOD).unwrap();
        assert_eq!(parent.to_string(), GOOD);
        assert_eq!(
            parent.trace_id().to_string(),
            "4bf92f3577b34da6a3ce929d0e0e4736"
        );
        assert_eq!(parent.parent_id().to_string(), "00f067aa0ba902b7");
    }

    #[test]
    fn a_child_keeps_the_trace_and_has_another_parent() {
        let child = read(GOOD).unwrap().child(SpanId::new(NonZeroU64::MIN));
        assert_eq!(
            child.to_string(),
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000001-01"
        );
    }

    #[test]
    fn a_later_version_may_say_more_and_is_passed_on_as_version_00() {
        let later = GOOD.replacen("00", "cc", 1);
        assert_eq!(read(&later).unwrap().to_string(), GOOD);
        assert_eq!(read(&format!("{later}-what-comes")), read(&later));
        assert_eq!(read(&format!("{later}what")), None);
        let flags = GOOD.replace("-01", "-ff");
        assert!(read(&flags).unwrap().to_string().ends_with("-03"));
    }

    #[test]
    fn what_the_specification_forbids_is_refused() {
        for wrong in [
            "",
            "00",
            &GOOD[..54],
            &format!("{GOOD}-"),
            &format!("{GOOD}0"),
            &GOOD.replacen("00", "ff", 1),
            &GOOD.replacen("00", "0x", 1),
            &GOOD.to_uppercase(),
            &GOOD.replace('-', "_"),
            &GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            &GOOD.replace("00f067aa0ba902b7", &"0".repeat(16)),
            &GOOD.replace("00f067aa0ba902b7", "00f067aa0ba902bé"),
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn it_is_found_in_the_metadata_of_params_and_nowhere_else() {
        let good = read(GOOD).unwrap();
        assert_eq!(
            of(&format!(
                r#"{{"a":[1],"_meta":{{"x":1,"traceparent":"{GOOD}"}}}}"#
            )),
            Some(Ok(good))
        );
        for none in [
            "{}".to_owned(),
            "[1]".to_owned(),
            format!(r#"{{"traceparent":"{GOOD}"}}"#),
            format!(r#"{{"deep":{{"_meta":{{"traceparent":"{GOOD}"}}}}}}"#),
            r#"{"_meta":{"traceparent":null}}"#.to_owned(),
            r#"{"_meta":null,"a":"\"traceparent\""}"#.to_owned(),
            r#"["traceparent"]"#.to_owned(),
        ] {
            assert_eq!(of(&none), None, "{none}");
        }
        for wrong in [r#""00-1-2-3""#, "7", "{}"] {
            let params = format!(r#"{{"_meta":{{"traceparent":{wrong}}}}}"#);
            assert_eq!(of(&params), Some(Err(InvalidTraceParent)), "{wrong}");
        }
    }
}
