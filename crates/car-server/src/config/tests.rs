//! Which source wins, and what is said when one is wrong.

use std::net::Ipv4Addr;

use tempfile::TempDir;

use super::*;

/// A root with this `car.toml`.
fn root(toml: &str) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("car.toml"), toml).unwrap();
    root
}

fn load(root: &TempDir, flags: Flags, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let home = [("CAR_HOME", root.path().to_str().unwrap())];
    let variables = variables.iter().chain(&home);
    let environment = Environment::of(variables.map(|(k, v)| ((*k).to_owned(), *v)));
    Config::load(&flags, &environment)
}

#[test]
fn a_flag_wins_over_the_environment_that_over_the_file_that_over_the_default() {
    let root = root("port = 1\n");
    let line = Origin::File {
        path: root.path().join("car.toml"),
        line: 1,
    };
    let none = load(&tempfile::tempdir().unwrap(), Flags::default(), &[]).unwrap();
    assert_eq!((none.port.value, none.port.origin), (9100, Origin::Default));

    let file = load(&root, Flags::default(), &[]).unwrap();
    assert_eq!((file.port.value, file.port.origin), (1, line));

    let variables = [("CAR_PORT", "2")];
    let variable = load(&root, Flags::default(), &variables).unwrap();
    assert_eq!(variable.port.value, 2);
    assert_eq!(variable.port.origin, Origin::Environment("CAR_PORT"));

    let flag = load(&root, Flags::default().with("port", "3"), &variables).unwrap();
    assert_eq!(
        (flag.port.value, flag.port.origin),
        (3, Origin::Flag("port"))
    );
}

#[test]
fn a_bad_value_names_who_said_it() {
    let said = |error: Result<Config, ConfigError>| error.unwrap_err().to_string();
    let empty = root("");
    let path = empty.path().join("car.toml");
    assert_eq!(
        said(load(&empty, Flags::default().with("port", "x"), &[])),
        "port cannot be \"x\" (from --port): expected a number from 0 to 65535"
    );
    assert_eq!(
        said(load(
            &empty,
            Flags::default(),
            &[("CAR_GATE_TIMEOUT", "60")]
        )),
        "gate_timeout cannot be \"60\" (from CAR_GATE_TIMEOUT): expected a time with its unit, such as `500ms`, `10s`, `2m` or `1h`"
    );
    std::fs::write(&path, "\ngate = ['state.clera']\n").unwrap();
    assert_eq!(
        said(load(&empty, Flags::default(), &[])),
        format!(
            "gate cannot be [\"state.clera\"] (from {}:2): there is no method `state.clera`; did you mean `state.clear`?",
            path.display()
        )
    );
}

#[test]
fn a_list_may_be_repeated_or_separated_by_commas() {
    let root = root("gate = ['state.set', 'state.get']\n");
    let names =
        |config: Config| -> Vec<_> { config.gate.value.iter().map(|name| name.as_str()).collect() };
    assert_eq!(
        names(load(&root, Flags::default(), &[]).unwrap()),
        ["state.set", "state.get"]
    );
    let variables = [("CAR_GATE", "state.keys, state.get")];
    assert_eq!(
        names(load(&root, Flags::default(), &variables).unwrap()),
        ["state.keys", "state.get"]
    );
    let flags = Flags::default()
        .with("gate", "state.set")
        .with("gate", "verify");
    assert_eq!(
        names(load(&root, flags, &variables).unwrap()),
        ["state.set", "verify"]
    );
}

#[test]
fn a_switch_of_the_file_can_be_taken_back_by_a_flag() {
    let root = root("no_auth = true\n");
    assert!(load(&root, Flags::default(), &[]).unwrap().no_auth.value);
    let flags = Flags::default().with("no_auth", "false");
    assert!(!load(&root, flags, &[]).unwrap().no_auth.value);
}

#[test]
fn the_network_is_refused_without_authentication() {
    let root = root("");
    let flags = Flags::default().with("bind", "0.0.0.0");
    let open = load(&root, flags.clone(), &[]).unwrap();
    assert_eq!(open.address().ip(), Ipv4Addr::UNSPECIFIED);
    let error = load(&root, flags, &[("CAR_NO_AUTH", "1")]).unwrap_err();
    assert!(error.to_string().contains("(from CAR_NO_AUTH)"), "{error}");
}

#[test]
fn a_quiet_client_must_be_asked_before_it_is_cut() {
    let error = load(&root("[limits]\nsilence = '20s'\n"), Flags::default(), &[]).unwrap_err();
    assert!(error.to_string().contains("car.toml:2)"), "{error}");
}

#[test]
fn only_the_command_line_can_open_the_daemon_to_the_network() {
    let config = load(&root(""), Flags::default(), &[("CAR_BIND", "0.0.0.0")]).unwrap();
    assert!(config.bind.value.is_loopback());
    let error = load(&root("bind = '0.0.0.0'\n"), Flags::default(), &[]).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("car.toml:1: `bind` cannot be set in car.toml, only by --bind"),
        "{error}"
    );
}

#[test]
#[cfg(unix)]
fn a_relative_path_in_the_file_is_relative_to_the_root() {
    let root = root("socket = 'here.sock'\n");
    let config = load(&root, Flags::default(), &[]).unwrap();
    assert_eq!(
        config.socket_path(),
        Some(root.path().join("here.sock").as_path())
    );
    let none = load(&root, Flags::default().with("no_socket", "true"), &[]).unwrap();
    assert_eq!(none.socket_path(), None);
}

#[test]
fn without_any_home_the_daemon_says_what_to_name() {
    let error = Config::load(&Flags::default(), &Environment::default()).unwrap_err();
    assert!(error.to_string().contains("--home or CAR_HOME"), "{error}");
}

#[test]
fn a_configuration_is_printed_with_the_origin_of_each_value() {
    let root = root("");
    let config = load(
        &root,
        Flags::default().with("log", "debug"),
        &[("CAR_PORT", "7")],
    )
    .unwrap();
    let text = config.to_string();
    let line = |key: &str| text.lines().find(|line| line.starts_with(key)).unwrap();
    assert!(line("port = 7 ").ends_with("  # CAR_PORT"));
    assert!(line("log = \"debug\"").ends_with("  # --log"));
    assert!(line("drain_time = \"10s\"").ends_with("  # default"));
    assert_eq!(text.lines().count(), OPTIONS.len());
    assert_eq!(
        config.to_json()["port"],
        serde_json::json!({"value": 7, "origin": "CAR_PORT"})
    );
}

#[test]
fn what_is_printed_reads_back_as_the_same() {
    let first = load(&root(""), Flags::default().with("gate_timeout", "90s"), &[]).unwrap();
    let keyed: String = first
        .shown()
        .iter()
        .filter_map(|shown| Some(format!("{} = {}\n", shown.spec.key?, shown.value)))
        .collect();
    let second = load(&root(&keyed), Flags::default(), &[]).unwrap();
    for (a, b) in first.shown().iter().zip(second.shown()) {
        assert!(
            a.value == b.value || a.spec.name == "home",
            "{}",
            a.spec.name
        );
    }
}

#[test]
fn policies_are_tables_that_are_tried_when_they_are_read() {
    let said = "[[policies]]\nname = 'no shell'\nrule = 'deny_tool'\ntarget = 'sh'\n\n\
                [[policies]]\nname = 'few'\nrule = 'max_calls'\ncount = 3\nwindow_ms = 1000\n";
    let config = load(&root(said), Flags::default(), &[]).unwrap();
    let listed = config.global_policies().unwrap().list();
    let names: Vec<_> = listed.iter().map(|policy| policy.name.as_str()).collect();
    assert_eq!(names, ["no shell", "few"]);
    assert_eq!(listed[1].count, Some(3));
    for (said, reason) in [
        ("policies = ['no shell']", "expected a table"),
        (
            "[[policies]]\nname = 'p'\nrule = 'deny_tool'",
            "the rule `deny_tool` needs `target`",
        ),
        (
            "[[policies]]\nname = 'p'\nrule = 'allow_only'\ntolls = []",
            "a policy has no `tolls`; did you mean `tools`?",
        ),
        (
            "policies = [{ name = 'p', rule = 'allow_only', tools = [] }, { name = 'p', rule = 'allow_only', tools = [] }]",
            "the policy `p` comes from the daemon's configuration",
        ),
    ] {
        let refused = load(&root(said), Flags::default(), &[]).unwrap_err();
        assert!(refused.to_string().contains(reason), "{refused}");
    }
}
