//! What a person is shown of a call's arguments.

mod mask;

use serde::Serialize;
use serde_json::Value;

pub(crate) use mask::mask_of;
pub use mask::masked;

/// How much of a call's arguments a person is shown, in bytes of JSON.
pub const MAX_PREVIEW: usize = 2_000;

/// What a person is shown of `arguments`: the value itself when it is short, else the beginning of its JSON text, cut at
/// a character, with what was left out. Secrets are masked before anything is cut, so that none is recognised too late.
#[must_use]
pub fn preview<T: Serialize + ?Sized>(arguments: &T) -> Value {
    let Ok(shown) = serde_json::to_value(arguments).map(masked) else {
        return Value::Null;
    };
    let text = shown.to_string();
    if text.len() <= MAX_PREVIEW {
        return shown;
    }
    Value::String(cut(text, MAX_PREVIEW))
}

/// The first `bytes` of a text, fewer where that would cut a character, and how much is left out.
fn cut(mut text: String, bytes: usize) -> String {
    let total = text.len();
    let end = text.floor_char_boundary(bytes);
    text.truncate(end);
    text.push_str(&format!("… ({} more bytes)", total - end));
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn short_arguments_are_shown_whole() {
        assert_eq!(preview(&json!({"key": "k"})), json!({"key": "k"}));
    }

    #[test]
    fn long_arguments_are_cut_at_a_character_wherever_it_lies() {
        for shift in 0..4 {
            let arguments = format!("{}{}", "x".repeat(shift), "é€😀".repeat(500));
            let shown = preview(&arguments);
            let shown = shown.as_str().unwrap();
            assert!(shown.contains("more bytes"));
            assert!(shown.len() < MAX_PREVIEW + 40);
        }
    }

    #[test]
    fn a_text_can_be_cut_at_every_byte() {
        let text = "a\u{301}é€😀👩‍👩‍👧‍👦\u{10ffff}\0\"\\";
        for bytes in 0..text.len() + 2 {
            let cut = cut(text.to_owned(), bytes);
            let (kept, note) = cut.split_once("… (").unwrap();
            assert!(text.starts_with(kept) && kept.len() <= bytes, "{bytes}");
            assert!(
                bytes - kept.len() < 4 || kept.len() == text.len(),
                "{bytes}"
            );
            assert_eq!(note, format!("{} more bytes)", text.len() - kept.len()));
        }
    }

    #[test]
    fn a_secret_at_the_cut_is_masked_wherever_it_lies() {
        for filler in MAX_PREVIEW - 60..MAX_PREVIEW + 10 {
            let arguments = json!({"a": "x".repeat(filler), "api_key": "hunter2-hunter2-hunter2"});
            let shown = preview(&arguments).to_string();
            assert!(!shown.contains("hunter2"), "{filler}");
        }
    }
}
