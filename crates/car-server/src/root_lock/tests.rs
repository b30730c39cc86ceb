//! With a real second process: this test program, started again for one test only.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use super::*;

/// Names the root to the started process, which is nothing but a test without it.
const CHILD: &str = "CAR_TEST_LOCK_ROOT";

/// Takes the root and holds it until it is killed, or the test that started it is gone.
#[test]
fn the_started_process_holds_the_lock() {
    #[expect(clippy::disallowed_methods, reason = "how the test reaches its child")]
    let Some(root) = std::env::var_os(CHILD) else {
        return;
    };
    let mut lock = RootLock::acquire(Path::new(&root)).unwrap();
    let holder = Holder {
        address: Some(([127, 0, 0, 1], 4711).into()),
        ..Holder::starting()
    };
    lock.publish(&holder).unwrap();
    println!("\nlocked");
    let _ = std::io::stdin().read_line(&mut String::new());
}

fn start(root: &Path) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "root_lock::tests::the_started_process_holds_the_lock",
            "--nocapture",
        ])
        .env(CHILD, root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    assert!(out.lines().any(|line| line.unwrap() == "locked"));
    child
}

#[test]
fn a_second_process_is_refused_with_the_first_one_and_its_address() {
    let root = tempfile::tempdir().unwrap();
    let mut child = start(root.path());
    let error = RootLock::acquire(root.path()).unwrap_err().to_string();
    let wanted = format!(": process {}, listening on 127.0.0.1:4711", child.id());
    assert!(error.ends_with(&wanted), "{error}");
    let Occupancy::Held(Some(holder)) = look(root.path()).unwrap() else {
        panic!("the lock is held");
    };
    assert_eq!(holder.pid, child.id());
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn the_lock_of_a_killed_process_is_taken_over() {
    let root = tempfile::tempdir().unwrap();
    let mut child = start(root.path());
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(look(root.path()).unwrap(), Occupancy::Free);
    let _lock = RootLock::acquire(root.path()).unwrap();
    let Occupancy::Held(Some(holder)) = look(root.path()).unwrap() else {
        panic!("the lock is held");
    };
    assert_eq!(holder, Holder::starting());
}

#[test]
fn a_released_root_is_free_and_can_be_taken_again() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path().join("new");
    assert_eq!(look(&root).unwrap(), Occupancy::Free);
    drop(RootLock::acquire(&root).unwrap());
    assert_eq!(look(&root).unwrap(), Occupancy::Free);
    assert!(RootLock::acquire(&root).is_ok());
}

#[test]
fn a_shorter_text_replaces_a_longer_one() {
    let root = tempfile::tempdir().unwrap();
    let mut lock = RootLock::acquire(root.path()).unwrap();
    let long = Holder {
        socket: Some("/a/long/path/to/a/socket".into()),
        ..Holder::starting()
    };
    lock.publish(&long).unwrap();
    lock.publish(&Holder::starting()).unwrap();
    assert_eq!(
        look(root.path()).unwrap(),
        Occupancy::Held(Some(Holder::starting()))
    );
}

#[test]
#[cfg(unix)]
fn the_root_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let outer = tempfile::tempdir().unwrap();
    let root = outer.path().join("root");
    std::fs::create_dir(&root).unwrap();
    std::fs::set_permissions(&root, std::fs::Permissions::from_mode(0o755)).unwrap();
    let _lock = RootLock::acquire(&root).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&root), 0o700);
    assert_eq!(mode(&root.join(FILE)), 0o600);
}
