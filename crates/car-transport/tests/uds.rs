//! The Unix socket as a boundary, on the real file system.
#![expect(
    clippy::unwrap_used,
    reason = "a test may panic, and so may what it calls"
)]
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use car_transport::PeerAddress;
use car_transport::accept::{Acceptor, Permits};
use car_transport::uds::{UdsEndpoint, UdsError};
use tempfile::TempDir;
use tokio::net::UnixStream;

/// A directory of our own, and the place of a socket in a directory below it that is missing.
fn place() -> (TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("run/deeper/car.sock");
    (root, path)
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}

/// A socket file on which nobody listens, as after `kill -9`.
fn leave_stale_socket(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::set_permissions(path.parent().unwrap(), fs::Permissions::from_mode(0o700)).unwrap();
    drop(std::os::unix::net::UnixListener::bind(path).unwrap());
    assert!(fs::symlink_metadata(path).unwrap().file_type().is_socket());
}

#[tokio::test]
async fn the_socket_is_0600_in_a_directory_of_0700_and_goes_when_it_is_dropped() {
    let (root, path) = place();
    let endpoint = UdsEndpoint::bind(&path).await.unwrap();
    assert_eq!(endpoint.path(), path);
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&root.path().join("run/deeper")), 0o700);
    assert_eq!(mode(&root.path().join("run")), 0o700);
    drop(endpoint);
    assert!(!path.exists());
}

#[tokio::test]
async fn the_peer_of_a_connection_is_recorded() {
    let (_root, path) = place();
    let mut acceptor = Acceptor::new(UdsEndpoint::bind(&path).await.unwrap(), Permits::new(4));
    let _client = UnixStream::connect(&path).await.unwrap();
    let accepted = acceptor.accept().await.unwrap();
    let PeerAddress::Unix { uid, pid, .. } = accepted.peer.address else {
        panic!("{}", accepted.peer)
    };
    assert_eq!(uid, rustix::process::geteuid().as_raw());
    assert!(pid.is_none_or(|pid| pid == i32::try_from(std::process::id()).unwrap()));
}

#[tokio::test]
async fn a_live_socket_is_refused_and_left_alone() {
    let (_root, path) = place();
    let first = UdsEndpoint::bind(&path).await.unwrap();
    let inode = fs::symlink_metadata(&path).unwrap().ino();
    let second = UdsEndpoint::bind(&path).await;
    assert!(matches!(second, Err(UdsError::InUse { .. })), "{second:?}");
    assert_eq!(fs::symlink_metadata(&path).unwrap().ino(), inode);
    drop(first);
}

#[tokio::test]
async fn a_live_socket_whose_backlog_is_full_is_refused_too() {
    let (_root, path) = place();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let listener =
        socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
    listener
        .bind(&socket2::SockAddr::unix(&path).unwrap())
        .unwrap();
    listener.listen(0).unwrap();
    let mut waiting = Vec::new();
    while let Ok(Ok(client)) = tokio::time::timeout(
        std::time::Duration::from_millis(200),
        UnixStream::connect(&path),
    )
    .await
    {
        waiting.push(client);
    }
    let second = UdsEndpoint::bind(&path).await;
    assert!(matches!(second, Err(UdsError::InUse { .. })), "{second:?}");
}

#[tokio::test]
async fn a_stale_socket_is_replaced() {
    let (_root, path) = place();
    leave_stale_socket(&path);
    let endpoint = UdsEndpoint::bind(&path).await.unwrap();
    assert_eq!(mode(&path), 0o600);
    UnixStream::connect(&path).await.unwrap();
    drop(endpoint);
}

#[tokio::test]
async fn of_two_that_start_together_on_a_stale_socket_one_is_refused() {
    for _ in 0..20 {
        let (_root, path) = place();
        leave_stale_socket(&path);
        let (one, other) = tokio::join!(UdsEndpoint::bind(&path), UdsEndpoint::bind(&path));
        assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
        UnixStream::connect(&path).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_not_a_socket_is_refused_and_left_alone() {
    let (root, path) = place();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "precious").unwrap();
    let refused = UdsEndpoint::bind(&path).await;
    assert!(
        matches!(refused, Err(UdsError::NotASocket { .. })),
        "{refused:?}"
    );
    assert_eq!(fs::read(&path).unwrap(), b"precious");

    // A link to a socket is not a socket: who made it decides where we would listen.
    let elsewhere = root.path().join("elsewhere.sock");
    leave_stale_socket(&elsewhere);
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
    let refused = UdsEndpoint::bind(&path).await;
    assert!(
        matches!(refused, Err(UdsError::NotASocket { .. })),
        "{refused:?}"
    );
    assert!(elsewhere.exists());
}

#[tokio::test]
async fn the_socket_of_a_successor_is_not_removed() {
    let (_root, path) = place();
    let first = UdsEndpoint::bind(&path).await.unwrap();
    fs::remove_file(&path).unwrap();
    let second = UdsEndpoint::bind(&path).await.unwrap();
    drop(first);
    UnixStream::connect(&path).await.unwrap();
    drop(second);
    assert!(!path.exists());
}

#[tokio::test]
async fn a_directory_that_others_may_write_to_is_refused() {
    let (_root, path) = place();
    let directory = path.parent().unwrap();
    fs::create_dir_all(directory).unwrap();
    for open in [0o770, 0o707, 0o777, 0o702] {
        fs::set_permissions(directory, fs::Permissions::from_mode(open)).unwrap();
        let refused = UdsEndpoint::bind(&path).await;
        assert!(
            matches!(refused, Err(UdsError::OpenDirectory { mode, .. }) if mode == open),
            "{refused:?}"
        );
    }
    fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).unwrap();
    UdsEndpoint::bind(&path).await.unwrap();
}

#[tokio::test]
async fn a_directory_of_somebody_else_is_refused() {
    // Needs a directory that is not ours: as root, one can be given away; otherwise the system has plenty.
    let (_root, path) = place();
    let directory = path.parent().unwrap();
    fs::create_dir_all(directory).unwrap();
    let path = if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(directory, Some(12_345), None).unwrap();
        path
    } else {
        PathBuf::from("/car.sock")
    };
    let refused = UdsEndpoint::bind(&path).await;
    assert!(
        matches!(refused, Err(UdsError::ForeignDirectory { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_path_that_cannot_be_a_socket_is_refused_by_name() {
    let root = tempfile::tempdir().unwrap();
    let long = UdsEndpoint::bind(root.path().join("x".repeat(120))).await;
    assert!(
        matches!(long, Err(UdsError::PathTooLong { .. })),
        "{long:?}"
    );
    for none in ["", "/", "run/.."] {
        let refused = UdsEndpoint::bind(none).await;
        assert!(
            matches!(refused, Err(UdsError::BadPath { .. })),
            "{none}: {refused:?}"
        );
    }
    let file = root.path().join("file");
    fs::write(&file, "").unwrap();
    let refused = UdsEndpoint::bind(file.join("car.sock")).await;
    assert!(
        matches!(refused, Err(UdsError::NotADirectory { .. })),
        "{refused:?}"
    );
}
