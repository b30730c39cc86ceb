//! Files that are refused.

use super::*;

/// What is wrong with a file, as a person is told.
fn refused(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.cedar"), text).unwrap();
    match open(folder.path()) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("it was read: {text}"),
    }
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    const SET: &str = r#"(principal, action == Action::"state.set", resource)"#;
    for (text, line, reason) in [
        (
            "permit (principal,\n  action,\n  resource",
            3,
            "unexpected end of input",
        ),
        (
            "\n\npermit (principal, action, resource) wen { true };",
            3,
            "wen",
        ),
        (
            &format!("permit {SET}\nwhen {{\n  context.hours == 3\n}};"),
            3,
            "`hours`",
        ),
        (
            &format!("permit {SET} when {{ context.hour == \"3\" && context.hour < \"4\" }};"),
            1,
            "",
        ),
        (
            &format!("permit {SET} when {{ context.arguments.getTag(\"/key\") == \"k\" }};"),
            1,
            "hasTag",
        ),
        (
            "permit (principal, action == Action::\"state.sett\", resource);",
            1,
            "state.sett",
        ),
        (
            "permit (principal, action == Action::\"session.auth\", resource);",
            1,
            "session.auth",
        ),
        (
            "permit (principal, action == Action::\"host.resolve_approval\", resource);",
            1,
            "host.resolve_approval",
        ),
        (
            "permit (principal == ?principal, action, resource);",
            1,
            "template",
        ),
        (
            &format!("permit {SET};\n@decision(\"perhaps\") permit {SET};"),
            2,
            "not \"perhaps\"",
        ),
        (
            &format!("@decision(\"deny\")\npermit {SET};"),
            1,
            "write `forbid`",
        ),
        (
            &format!("@decision(\"ask\") forbid {SET};"),
            1,
            "always denies",
        ),
        (
            &format!("@decison(\"ask\") permit {SET};"),
            1,
            "@decison means nothing",
        ),
        (
            &format!("@timeout(\"5m\") permit {SET};"),
            1,
            "belong to @decision",
        ),
        (
            &format!("@decision(\"ask\") @timeout(\"31d\") permit {SET};"),
            1,
            "1s to 30d",
        ),
        (
            &format!("@decision(\"ask\") @route(\"pigeon\") permit {SET};"),
            1,
            "`pigeon`",
        ),
        (&format!("@id(\"\") permit {SET};"), 1, "1 to 128 bytes"),
        (
            &format!("@id(\"x\") permit {SET};\n@id(\"x\") permit {SET};"),
            2,
            "there already: a.cedar:1",
        ),
    ] {
        let told = refused(text);
        assert!(told.starts_with(&format!("a.cedar:{line}: ")), "{told}");
        assert!(told.contains(reason), "{told}");
        assert!(!told.contains('\n'), "{told}");
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let told =
        refused("permit (principal);\n\nforbid (resource);\npermit (principal, action, resource);");
    let lines: Vec<_> = told.lines().map(|line| line.split(' ').next()).collect();
    assert_eq!(lines, [Some("a.cedar:1:"), Some("a.cedar:3:")]);
}

#[test]
fn a_broken_file_leaves_the_rules_as_they_were() {
    let policies = policies(r#"forbid (principal, action == Action::"state.set", resource);"#);
    let before = policies.rules.revision();
    policies.write("b.cedar", "\npermit (principal");
    let Refreshed::Refused(problems) = policies.rules.refresh() else {
        panic!("it was read");
    };
    assert_eq!(
        (problems[0].file.as_deref(), problems[0].line),
        (Some("b.cedar"), Some(2))
    );
    assert_eq!(policies.rules.revision(), before);
    assert_eq!(
        policies.method("state.set", json!({})),
        Some(RuleDecision::Deny)
    );
    let report = policies.rules.report();
    assert_eq!((report.rules.len(), report.problems.len()), (1, 1));
    // It is told once, and again to whoever asks for it.
    assert_eq!(policies.rules.refresh(), Refreshed::Unchanged);
    assert!(matches!(policies.rules.reload(), Refreshed::Refused(_)));
    policies.write(
        "b.cedar",
        r#"permit (principal, action == Action::"state.clear", resource);"#,
    );
    assert!(matches!(policies.rules.refresh(), Refreshed::Loaded(_)));
    assert_eq!(policies.rules.report().problems, []);
}

#[test]
fn what_is_too_much_is_refused() {
    let rule = "permit (principal, action == Action::\"state.set\", resource);\n";
    assert!(refused(&rule.repeat(MAX_RULES + 1)).contains("more than 1000 rules"));
    let long = format!(
        "// {}",
        "x".repeat(usize::try_from(MAX_FILE_BYTES).unwrap())
    );
    assert!(refused(&long).contains("longer than"));
    let folder = tempfile::tempdir().unwrap();
    for number in 0..=MAX_FILES {
        fs::write(folder.path().join(format!("{number}.cedar")), "").unwrap();
    }
    let error = open(folder.path()).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("more than 64 files"), "{error}");
}

#[test]
fn what_is_no_file_or_no_text_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("a.cedar")).unwrap();
    let error = open(folder.path()).map(|_| ()).unwrap_err().to_string();
    assert_eq!(error, "a.cedar: it cannot be read: it is no file");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.cedar"), [0xff, 0xfe]).unwrap();
    let error = open(folder.path()).map(|_| ()).unwrap_err().to_string();
    assert!(error.starts_with("a.cedar: it cannot be read"), "{error}");
}

#[test]
fn what_is_too_deep_is_refused_and_what_is_just_not_too_deep_is_evaluated() {
    let deep = format!("{}true{}", "(".repeat(20_000), ")".repeat(20_000));
    let text = format!("permit (principal, action, resource)\nwhen {{ {deep} }};");
    assert!(refused(&text).starts_with("a.cedar:2: brackets stand more than"));
    let long = "true && ".repeat(20_000);
    let text = format!("permit (principal, action, resource)\nwhen {{ {long} true }};");
    assert!(refused(&text).starts_with("a.cedar:2: a rule has more than"));
    let chains = [
        format!("{} true", "true && ".repeat(640)),
        format!("{} context.weekend", "context.weekend || ".repeat(320)),
        format!("{} true", "if false then false else ".repeat(380)),
        format!("{}context.hour > 0", "1 + ".repeat(900)),
        format!("{}true{}", "(".repeat(30), ")".repeat(30)),
        format!("[{} 1].contains(1)", "1, ".repeat(900)),
    ];
    for chain in chains {
        let text = format!(
            "forbid (principal, action == Action::\"state.set\", resource) when {{ {chain} }};"
        );
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.cedar"), &text).unwrap();
        // Whether it is read, and whether it can be evaluated on a stack of this size, is the library's affair. That this
        // thread goes on, and that what cannot be evaluated is refused, is ours.
        if let Ok(rules) = open(folder.path()) {
            let policies = Policies { folder, rules };
            let _ = policies.method("state.set", json!({}));
        }
    }
}

fn words() -> impl Strategy<Value = String> {
    let word = proptest::sample::select(vec![
        "permit",
        "forbid",
        "(",
        ")",
        "principal",
        "action",
        "resource",
        ",",
        ";",
        "when",
        "unless",
        "{",
        "}",
        "==",
        "in",
        "is",
        "like",
        "has",
        "Action::\"state.set\"",
        "Action::\"state.*\"",
        "Tool::\"x\"",
        "Caller",
        "context",
        ".",
        "arguments",
        "numbers",
        "hasTag",
        "getTag",
        "(\"/a\")",
        "\"",
        "&&",
        "||",
        "!",
        "if",
        "then",
        "else",
        "-",
        "*",
        "1",
        "9223372036854775808",
        "\n",
        " ",
        "@id(\"a\")",
        "@decision(\"ask\")",
        "@",
        "//",
        "?principal",
        "[",
        "]",
        "\u{0}",
        "é",
    ]);
    proptest::collection::vec(word, 0..40).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_text_makes_it_panic(text in prop_oneof![words(), any::<String>()]) {
        let vocabulary = vocabulary();
        let source = Source { name: "a.cedar".to_owned(), text };
        let (rules, problems) = read_rules(&source, vocabulary);
        prop_assert!(problems.iter().all(|problem| problem.line.is_some()));
        let _ = RuleSet::new(rules, "r".into(), now(), vocabulary);
    }

    #[test]
    fn no_arguments_make_it_panic(text in any::<String>(), n in any::<i64>(), name in any::<String>()) {
        let arguments = json!({ name: n, "t": text, "l": [text, n, { "x": [[]] }] });
        let set = rules_of_all();
        let identity = Identity {
            session: SessionId::new("s"),
            principal: Principal::Client,
            role: Role::Client,
            auth_enabled: true,
        };
        let subject = Subject {
            called: Called::Method("state.set"),
            arguments: Arguments::Value(&arguments),
            identity: &identity,
            speaking: &Speaking::default,
            at: now(),
        };
        let ruling = set.judge(&subject, vocabulary(), &TimeZone::UTC);
        prop_assert!(ruling.is_some_and(|ruling| ruling.decision >= RuleDecision::Ask));
    }
}

fn vocabulary() -> &'static Vocabulary {
    static MADE: std::sync::OnceLock<Vocabulary> = std::sync::OnceLock::new();
    MADE.get_or_init(|| Vocabulary::new().unwrap())
}

fn rules_of_all() -> &'static RuleSet {
    static MADE: std::sync::OnceLock<RuleSet> = std::sync::OnceLock::new();
    MADE.get_or_init(|| {
        let text = r#"
            @decision("ask") permit (principal, action, resource);
            permit (principal, action, resource) when {
                context.arguments.hasTag("/t") && context.arguments.getTag("/t") like "*a*b*" || context.text like "*x*"
            };
            permit (principal, action, resource) when {
                context.numbers.hasTag("/l/1") && context.numbers.getTag("/l/1") * 3 > 0 && context.hour > 3
            };
        "#;
        let source = Source {
            name: "a.cedar".to_owned(),
            text: text.to_owned(),
        };
        let (rules, problems) = read_rules(&source, vocabulary());
        assert_eq!(problems, []);
        RuleSet::new(rules, "r".into(), now(), vocabulary()).unwrap()
    })
}
