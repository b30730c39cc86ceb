//! Recognisers that are programs.

use std::path::Path;

use super::super::error::{closest, did_you_mean};
use super::{OptionValue, Raw, Reading, expected};

/// The members that a recogniser can have.
const MEMBERS: &[&str] = &["name", "command"];

/// A program that turns audio into text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Recogniser {
    /// What clients call it.
    pub name: String,
    /// The program, as an absolute path, and its arguments.
    pub command: Vec<String>,
}

impl OptionValue for Recogniser {
    const KIND: &'static str =
        "a table, such as `{ name = \"whisper\", command = [\"/usr/local/bin/transcribe\"] }`";

    fn read(raw: &Raw, reading: &Reading) -> Result<Self, String> {
        let Raw::Table(members) = raw else {
            return expected::<Self, _>();
        };
        let (mut name, mut command) = (String::new(), Vec::new());
        for (member, value) in members {
            match member.as_str() {
                "name" => name = String::read(value, reading)?,
                "command" => command = Vec::<String>::read(value, reading)?,
                _ => {
                    let suggestion = did_you_mean(closest(member, MEMBERS.iter().copied()));
                    return Err(format!("a recogniser has no `{member}`{suggestion}"));
                }
            }
        }
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        if name.is_empty() || name.len() > 64 || !name.bytes().all(allowed) || name == "local" {
            return Err(
                "the name of a recogniser is 1 to 64 letters, digits and `-_.`, and not `local`"
                    .to_owned(),
            );
        }
        let program = command.first().map(Path::new);
        if !program.is_some_and(Path::is_absolute) {
            return Err(format!(
                "the `command` of `{name}` begins with the absolute path of a program"
            ));
        }
        Ok(Self { name, command })
    }

    fn raw(&self) -> Raw {
        let members = vec![
            ("name".to_owned(), self.name.raw()),
            ("command".to_owned(), self.command.raw()),
        ];
        Raw::Table(members)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(recogniser: serde_json::Value) -> Result<Recogniser, String> {
        Recogniser::read(&Raw::of_json(&recogniser), &Reading::default())
    }

    #[test]
    fn a_recogniser_is_read_and_said_again() {
        let said = json!({"name": "stt", "command": ["/bin/stt", "--fast"]});
        let recogniser = read(said.clone()).unwrap();
        assert_eq!(recogniser.raw().to_json(), said);
    }

    #[test]
    fn what_could_not_be_started_is_refused() {
        for (recogniser, reason) in [
            (json!("stt"), "expected a table, such as `{ name"),
            (
                json!({"nmae": "x"}),
                "a recogniser has no `nmae`; did you mean `name`?",
            ),
            (
                json!({"name": "a b", "command": ["/x"]}),
                "the name of a recogniser",
            ),
            (
                json!({"name": "local", "command": ["/x"]}),
                "the name of a recogniser",
            ),
            (
                json!({"name": "a", "command": ["x"]}),
                "the `command` of `a`",
            ),
            (json!({"name": "a"}), "the `command` of `a`"),
        ] {
            let refused = read(recogniser).unwrap_err();
            assert!(refused.starts_with(reason), "{refused}");
        }
    }
}
