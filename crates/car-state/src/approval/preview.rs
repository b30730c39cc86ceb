use serde::Serialize;
use serde_json::Value;

/// How much of a call's arguments a person is shown, in bytes of JSON.
pub const MAX_PREVIEW: usize = 2_000;

/// What a person is shown of `arguments`: the value itself when it is short, else the beginning of its JSON text, cut at
/// a character, with what was left out.
#[must_use]
pub fn preview<T: Serialize + ?Sized>(arguments: &T) -> Value {
    let Ok(mut text) = serde_json::to_string(arguments) else {
        return Value::Null;
    };
    if text.len() <= MAX_PREVIEW {
        return serde_json::from_str(&text).unwrap_or_default();
    }
    let total = text.len();
    let mut end = MAX_PREVIEW;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text.push_str(&format!("… ({} more bytes)", total - end));
    Value::String(text)
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
}
