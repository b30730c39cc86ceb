//! Which results are not kept: those with a secret among their own members. What lies deeper is what clients and tools
//! said to each other, and theirs to judge.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::secret::is_secret;

/// Whether a result has a member whose name is that of a secret.
pub(crate) fn is_in(result: &RawValue) -> bool {
    let text = result.get();
    if !text.starts_with('{') {
        return false;
    }
    let members: Result<BTreeMap<Cow<'_, str>, IgnoredAny>, _> = serde_json::from_str(text);
    members.is_ok_and(|members| members.keys().any(|name| is_secret(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_by_the_name_of_its_member() {
        let secret = |text: &str| is_in(&RawValue::from_string(text.to_owned()).unwrap());
        assert!(secret(r#"{"ok":true,"resume_token":"x"}"#));
        assert!(secret(r#"{"Password":"x"}"#));
        for open in [
            r#""token""#,
            r#"{"results":[{"token":"x"}]}"#,
            r#"{"token_file":"/x"}"#,
            r#"{"text":"the token"}"#,
        ] {
            assert!(!secret(open), "{open}");
        }
    }
}
