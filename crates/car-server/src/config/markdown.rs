//! `docs/configuration.md`, generated from the option table.

use std::fmt::Write as _;

use super::{OPTIONS, OptionSpec};

const INTRODUCTION: &str = "\
<!-- Generated from the option table. Do not edit: cargo run -q -p car-server -- config --markdown > docs/configuration.md -->

# Configuration

Each option has up to three ways to set it. A flag wins over the environment, the environment over `car.toml` in the
root, `car.toml` over the default. `car-server config` prints every value in effect and where it comes from.

An unknown key in `car.toml`, an unknown method and a bad value are refused with their place: the daemon does not
start on a guess. An empty variable counts as absent. A list in a variable is separated by commas. Relative paths are
relative to the working folder, in `car.toml` to the root. A switch alone means yes; `--no-auth=false` overrides what
the environment or the file say.
";

/// The whole document.
#[must_use]
pub fn markdown() -> String {
    let mut text = INTRODUCTION.to_owned();
    text.push_str("\n| option | flag | variable | `car.toml` |\n|---|---|---|---|\n");
    for option in OPTIONS {
        let _ = writeln!(
            text,
            "| [{name}](#{name}) | {} | {} | {} |",
            code(flag(option)),
            code(option.variable.map(str::to_owned)),
            code(option.key.map(str::to_owned)),
            name = option.name,
        );
    }
    for option in OPTIONS {
        section(&mut text, option);
    }
    text
}

fn section(text: &mut String, option: &OptionSpec) {
    let _ = write!(text, "\n## {}\n\n", option.name);
    for line in option.doc.lines() {
        let _ = writeln!(text, "{}", line.trim());
    }
    let several = if option.is_list { "; several" } else { "" };
    let _ = write!(
        text,
        "\n- Value: {}{several}.\n- Default: {}.\n",
        option.kind, option.default
    );
}

fn flag(option: &OptionSpec) -> Option<String> {
    let flag = option.flag?;
    Some(match option.placeholder {
        Some(placeholder) => format!("--{flag} {placeholder}"),
        None => format!("--{flag}"),
    })
}

fn code(text: Option<String>) -> String {
    text.map_or_else(|| "–".to_owned(), |text| format!("`{text}`"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_written_documentation_is_that_of_the_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == super::markdown(),
            "docs/configuration.md is stale: cargo run -q -p car-server -- config --markdown > docs/configuration.md"
        );
    }
}
