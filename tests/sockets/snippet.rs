//! The Python lines that a daemon prints when it is up, pasted, where its files are in unusual places.

use std::path::{Path, PathBuf};
use std::process::Command;

use car_tests::program::{Program, Sandbox};

/// The interpreter that has this version of the published client.
fn python(version: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../target")
        .join(format!("venv-{version}/bin/python"));
    assert!(
        path.exists(),
        "{} is missing: cargo xtask test --prepare",
        path.display()
    );
    path
}

fn paste(sandbox: &Sandbox, daemon: &Program, version: &str) {
    let lines = daemon
        .banner()
        .lines()
        .skip_while(|line| !line.starts_with("import"));
    let code: String = lines.map(|line| format!("{line}\n")).collect();
    let mut command = Command::new(python(version));
    command.args(["-c", &code]).env_clear();
    command
        .env("HOME", sandbox.home())
        .env("XDG_RUNTIME_DIR", sandbox.runtime_dir());
    command.env("CAR_DAEMON_TIMEOUT", "20");
    let output = command.output().unwrap();
    let (said, complaint) = (crate::said(&output), crate::complaint(&output));
    assert!(
        output.status.success() && said.contains(r#""output":42"#),
        "{said}{complaint}"
    );
}

#[test]
fn the_snippet_works_on_another_root() {
    let sandbox = Sandbox::new();
    let root = sandbox.home().join("other");
    let daemon = sandbox.start(&["--home", root.to_str().unwrap()]);
    paste(&sandbox, &daemon, "0.58");
}
