//! `docs/configuration.md`, generated from the option table.

use std::fmt::Write as _;

use super::{OPTIONS, OptionSpec, defaults};

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
            "| [{}](#{}) | {} | {} | {} |",
            title(option),
            title(option).replace('.', ""),
            code(flag(option)),
            code(option.variable.map(str::to_owned)),
            code(option.key.map(str::to_owned)),
        );
    }
    for (option, default) in OPTIONS.iter().zip(defaults()) {
        section(&mut text, option, &default);
    }
    text
}

/// The key, which is the name but for those in a table.
fn title(option: &OptionSpec) -> &'static str {
    option.key.unwrap_or(option.name)
}

fn section(text: &mut String, option: &OptionSpec, default: &str) {
    let _ = write!(text, "\n## {}\n\n", title(option));
    for line in option.doc.lines() {
        let _ = writeln!(text, "{}", line.trim());
    }
    let several = if option.is_list { "; several" } else { "" };
    let _ = write!(
        text,
        "\n- Value: {}{several}.\n- Default: {}.\n",
        option.kind, default
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
