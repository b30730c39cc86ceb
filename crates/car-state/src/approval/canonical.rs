//! Canonical JSON: one text for each value, however it was written.
//!
//! RFC 8785, with one difference. There a number is a double, so that of two neighbours beyond 2^53 one would pass for the
//! other: agreeing to the message `9007199254740992` would agree to `9007199254740993` too. Here whole numbers that have
//! 64 bits are written with all their digits, however they are spelled. For every number that a double holds exactly and
//! tells by its shortest digits, which is all that RFC 8785 knows up to 2^53, the text is the same.

use serde_json::{Number, Value};
use thiserror::Error;

/// Beyond it not every whole number is a double: 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// One past the largest number of 64 bits.
const TWO_TO_64: f64 = 18_446_744_073_709_551_616.0;
/// The smallest number of 64 bits.
const MINUS_TWO_TO_63: f64 = -9_223_372_036_854_775_808.0;

/// A value has no canonical text. Nothing that was read from JSON is like that.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the value has no canonical JSON text")]
pub struct NotCanonical;

/// The canonical text of a value.
///
/// # Errors
/// [`NotCanonical`].
pub fn canonical(value: &Value) -> Result<String, NotCanonical> {
    let mut text = Vec::with_capacity(128);
    write(&mut text, value)?;
    String::from_utf8(text).map_err(|_| NotCanonical)
}

fn write(text: &mut Vec<u8>, value: &Value) -> Result<(), NotCanonical> {
    match value {
        Value::Null => text.extend_from_slice(b"null"),
        Value::Bool(true) => text.extend_from_slice(b"true"),
        Value::Bool(false) => text.extend_from_slice(b"false"),
        Value::Number(number) => write_number(text, number)?,
        Value::String(string) => leaf(text, string)?,
        Value::Array(elements) => {
            text.push(b'[');
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    text.push(b',');
                }
                write(text, element)?;
            }
            text.push(b']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by(|(one, _), (other, _)| {
                one.encode_utf16().cmp(other.encode_utf16())
            });
            text.push(b'{');
            for (index, (name, value)) in members.into_iter().enumerate() {
                if index > 0 {
                    text.push(b',');
                }
                leaf(text, name)?;
                text.push(b':');
                write(text, value)?;
            }
            text.push(b'}');
        }
    }
    Ok(())
}

fn write_number(text: &mut Vec<u8>, number: &Number) -> Result<(), NotCanonical> {
    if number.is_u64() || number.is_i64() {
        text.extend_from_slice(number.to_string().as_bytes());
        return Ok(());
    }
    let double = number.as_f64().ok_or(NotCanonical)?;
    if double.fract() == 0.0 && double.abs() > EXACT {
        // The casts are exact: the value is whole and within the type.
        if (0.0..TWO_TO_64).contains(&double) {
            text.extend_from_slice((double as u64).to_string().as_bytes());
            return Ok(());
        }
        if (MINUS_TWO_TO_63..0.0).contains(&double) {
            text.extend_from_slice((double as i64).to_string().as_bytes());
            return Ok(());
        }
    }
    leaf(text, &double)
}

fn leaf<T: serde::Serialize + ?Sized>(text: &mut Vec<u8>, value: &T) -> Result<(), NotCanonical> {
    serde_json_canonicalizer::to_writer(&value, text).map_err(|_| NotCanonical)
}

#[cfg(test)]
pub(in crate::approval) mod tests;
