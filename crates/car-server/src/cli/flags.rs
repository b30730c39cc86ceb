//! The flags of the options, made from the option table.

use std::fmt::Write as _;

use car_server::config::{Flags, OPTIONS, OptionSpec, defaults};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

/// The options that every command takes: they say which daemon is meant.
const OF_EVERY_COMMAND: &[&str] = &["home", "socket"];

/// `--home` and `--socket`.
#[derive(Clone, Debug, Default)]
pub(super) struct Target(pub(super) Flags);

/// All other options.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    pub(super) flags: Flags,
    /// The flag that was given first, if any.
    pub(super) given: Option<&'static str>,
}

fn specs(target: bool) -> impl Iterator<Item = (&'static OptionSpec, &'static str)> {
    OPTIONS
        .iter()
        .filter(move |spec| OF_EVERY_COMMAND.contains(&spec.name) == target)
        .filter_map(|spec| Some((spec, spec.flag?)))
}

fn argument(spec: &'static OptionSpec, flag: &'static str, default: &str) -> Arg {
    let mut help = spec.summary().to_owned();
    if let Some(variable) = spec.variable {
        let _ = write!(help, " [env: {variable}]");
    }
    // A default that is a sentence is left to the documentation, one that says nothing to nobody.
    if default.len() < 20 && !["`[]`", "`false`"].contains(&default) {
        let _ = write!(help, " [default: {default}]");
    }
    let argument = Arg::new(spec.name)
        .long(flag)
        .help(help.replace('`', ""))
        .global(OF_EVERY_COMMAND.contains(&spec.name));
    match spec.placeholder {
        Some(placeholder) if spec.is_list => {
            argument.value_name(placeholder).action(ArgAction::Append)
        }
        Some(placeholder) => argument.value_name(placeholder).action(ArgAction::Set),
        None => argument
            .value_name("BOOL")
            .action(ArgAction::Set)
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .hide_possible_values(true),
    }
}

fn augment(command: Command, target: bool) -> Command {
    let defaults = defaults();
    let default = |spec: &OptionSpec| {
        let mut pairs = OPTIONS.iter().zip(&defaults);
        let found = pairs.find(|(option, _)| option.name == spec.name);
        found.map_or("", |(_, default)| default.as_str())
    };
    specs(target).fold(command, |command, (spec, flag)| {
        command.arg(argument(spec, flag, default(spec)))
    })
}

/// What was said, and the first flag that was.
fn read(matches: &ArgMatches, target: bool) -> (Flags, Option<&'static str>) {
    let mut flags = Flags::default();
    let mut given = None;
    for (spec, flag) in specs(target) {
        for text in matches.get_many::<String>(spec.name).into_iter().flatten() {
            given = given.or(Some(flag));
            flags.add(spec.name, text);
        }
    }
    (flags, given)
}

impl FromArgMatches for Target {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(read(matches, true).0))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Target {
    fn augment_args(command: Command) -> Command {
        augment(command, true)
    }

    fn augment_args_for_update(command: Command) -> Command {
        augment(command, true)
    }
}

impl FromArgMatches for Options {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let (flags, given) = read(matches, false);
        Ok(Self { flags, given })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Options {
    fn augment_args(command: Command) -> Command {
        augment(command, false)
    }

    fn augment_args_for_update(command: Command) -> Command {
        augment(command, false)
    }
}
