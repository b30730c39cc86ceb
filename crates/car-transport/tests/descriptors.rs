//! A real listener in a process that has no descriptor left. It runs in a child, whose limit is its own.
#![expect(
    clippy::unwrap_used,
    reason = "a test may panic, and so may what it calls"
)]
#![cfg(unix)]

use std::os::fd::OwnedFd;
use std::process::Command;

use car_transport::accept::{Acceptor, Permits};
use car_transport::tcp::TcpEndpoint;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpStream;

const CHILD: &str = "CAR_TRANSPORT_TEST_CHILD";

#[test]
fn a_listener_without_descriptors_waits_and_then_goes_on() {
    #[expect(
        clippy::disallowed_methods,
        reason = "tells the child of this test from its parent"
    )]
    if std::env::var_os(CHILD).is_some() {
        return child();
    }
    let status = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "a_listener_without_descriptors_waits_and_then_goes_on",
            "--nocapture",
        ])
        .env(CHILD, "1")
        .status()
        .unwrap();
    assert!(status.success());
}

fn child() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let endpoint = TcpEndpoint::bind_loopback(0).await.unwrap();
        let address = endpoint.address();
        let mut acceptor = Acceptor::new(endpoint, Permits::new(8));
        // The clients connect while there are descriptors; the backlog holds them.
        let _first = TcpStream::connect(address).await.unwrap();
        let _second = TcpStream::connect(address).await.unwrap();
        let hoard = use_up_descriptors();

        // Long enough for several failures, and nothing that another machine could be too slow for.
        let deadline = std::time::Duration::from_millis(100);
        let waited = tokio::time::timeout(deadline, acceptor.accept()).await;
        assert!(waited.is_err(), "there is no descriptor to accept with");
        drop(hoard);
        acceptor.accept().await.unwrap();
        acceptor.accept().await.unwrap();
    });
}

/// Lowers the limit and takes what is left below it.
fn use_up_descriptors() -> Vec<OwnedFd> {
    let limit = Rlimit {
        current: Some(64),
        ..getrlimit(Resource::Nofile)
    };
    setrlimit(Resource::Nofile, limit).unwrap();
    let mut hoard = Vec::new();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        hoard.push(file.into());
    }
    hoard
}
