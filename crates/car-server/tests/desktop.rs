//! Notifications on the desktop, with a service that only listens: on a bus of the system's own program where that is
//! installed, and on one of our own anywhere.

#![cfg(all(target_os = "linux", feature = "desktop"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use car_server::desktop::{Desktop, DesktopError, Note};
use tokio::net::UnixListener;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use zbus::connection::Builder;
use zbus::zvariant::OwnedValue;
use zbus::{Connection, Guid, interface};

/// What a service was asked to show.
#[derive(Debug, Eq, PartialEq)]
struct Asked {
    title: String,
    body: String,
    urgency: u8,
    sound: Option<String>,
    expires: i32,
}

/// Listens, and gives everything the number 7.
struct Service(Sender<Asked>);

#[interface(name = "org.freedesktop.Notifications")]
impl Service {
    #[expect(clippy::too_many_arguments, reason = "the specification wants them")]
    async fn notify(
        &self,
        _app: String,
        _replaces: u32,
        _icon: String,
        title: String,
        body: String,
        _actions: Vec<String>,
        mut hints: HashMap<String, OwnedValue>,
        expires: i32,
    ) -> u32 {
        let urgency = hints.remove("urgency").unwrap().try_into().unwrap();
        let sound = hints.remove("sound-name");
        let asked = Asked {
            title,
            body,
            urgency,
            sound: sound.map(|sound| sound.try_into().unwrap()),
            expires,
        };
        self.0.send(asked).await.unwrap();
        7
    }
}

/// As much of a bus as one client needs.
struct Bus;

#[interface(name = "org.freedesktop.DBus")]
impl Bus {
    fn hello(&self) -> &str {
        ":1.1"
    }
}

const PATH: &str = "/org/freedesktop/Notifications";

fn note<'a>() -> Note<'a> {
    Note {
        title: "May this run? mail.send",
        body: "to <b>ada</b> & bob",
        sound: Some("bell"),
        urgent: true,
    }
}

fn as_shown() -> Asked {
    Asked {
        title: "May this run? mail.send".to_owned(),
        body: "to &lt;b&gt;ada&lt;/b&gt; &amp; bob".to_owned(),
        urgency: 2,
        sound: Some("bell".to_owned()),
        expires: 0,
    }
}

async fn assert_shown(desktop: &Desktop, mut asked: Receiver<Asked>) {
    assert_eq!(desktop.show(note()).await.unwrap(), 7);
    assert_eq!(asked.recv().await, Some(as_shown()));
    let quiet = Note {
        title: "Build",
        body: "",
        sound: None,
        urgent: false,
    };
    assert_eq!(desktop.show(quiet).await.unwrap(), 7);
    let shown = asked.recv().await.unwrap();
    assert_eq!((shown.urgency, shown.sound, shown.expires), (1, None, -1));
}

#[tokio::test]
async fn a_notification_reaches_the_service_and_its_markup_means_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("bus");
    let listener = UnixListener::bind(&socket).unwrap();
    let (sender, asked) = channel(4);
    let serving = async {
        let mut open: Vec<Connection> = Vec::new();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let bus = Builder::unix_stream(stream)
                .server(Guid::generate())
                .unwrap()
                .p2p()
                .serve_at("/org/freedesktop/DBus", Bus)
                .unwrap()
                .serve_at(PATH, Service(sender.clone()))
                .unwrap();
            open.push(bus.build().await.unwrap());
        }
    };
    let desktop = Desktop::on_bus(Some(format!("unix:path={}", socket.display())));
    tokio::select! {
        never = serving => never,
        () = assert_shown(&desktop, asked) => {}
    }
}

/// A bus of the system's program, which ends with this.
struct Daemon(Child);

impl Daemon {
    /// `None` where the program is not installed.
    fn start(folder: &Path) -> Option<(Self, String)> {
        let config = folder.join("bus.conf");
        let socket = folder.join("bus");
        let text = format!(
            "<busconfig><type>session</type><listen>unix:path={}</listen><policy context=\"default\">\
             <allow send_destination=\"*\"/><allow receive_sender=\"*\"/><allow own=\"*\"/></policy></busconfig>",
            socket.display()
        );
        fs::write(&config, text).unwrap();
        let mut child = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--print-address=1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut address = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut address).unwrap();
        Some((Self(child), address.trim().to_owned()))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_bus_of_the_system_is_spoken_to_with_and_without_a_service() {
    let folder = tempfile::tempdir().unwrap();
    let Some((_bus, address)) = Daemon::start(folder.path()) else {
        // The bus of our own has to do on this machine.
        return;
    };
    let desktop = Desktop::on_bus(Some(address.clone()));
    let refused = desktop.show(note()).await.unwrap_err();
    assert!(matches!(refused, DesktopError::NoService), "{refused}");
    let (sender, asked) = channel(4);
    let _service = Builder::address(&*address)
        .unwrap()
        .name("org.freedesktop.Notifications")
        .unwrap()
        .serve_at(PATH, Service(sender))
        .unwrap()
        .build()
        .await
        .unwrap();
    assert_shown(&desktop, asked).await;
}

#[tokio::test]
async fn without_a_bus_it_is_said_what_is_missing() {
    let nowhere = Desktop::default().show(note()).await.unwrap_err();
    assert!(matches!(nowhere, DesktopError::NoBus), "{nowhere}");
    let folder = tempfile::tempdir().unwrap();
    let address = format!("unix:path={}/bus", folder.path().display());
    let gone = Desktop::on_bus(Some(address))
        .show(note())
        .await
        .unwrap_err();
    assert!(matches!(gone, DesktopError::Unreachable(_)), "{gone}");
    let nonsense = Desktop::on_bus(Some("nonsense".to_owned()));
    let nonsense = nonsense.show(note()).await.unwrap_err();
    assert!(
        matches!(nonsense, DesktopError::Unreachable(_)),
        "{nonsense}"
    );
}
