//! Notifications on the desktop that the daemon runs on, through the service of the Desktop Notifications
//! Specification of freedesktop.org on the session bus.

use std::time::Duration;

use thiserror::Error;

/// How long the desktop has to take a notification, the way to it included.
const DEADLINE: Duration = Duration::from_secs(5);

/// The desktop, if there is one.
#[derive(Debug, Default)]
pub struct Desktop {
    /// The address of the session bus, in the form of D-Bus.
    #[cfg_attr(
        not(all(target_os = "linux", feature = "desktop")),
        expect(dead_code, reason = "only the service on Linux is spoken to")
    )]
    bus: Option<String>,
}

/// What is shown.
#[derive(Clone, Copy, Debug)]
pub struct Note<'a> {
    /// The first line.
    pub title: &'a str,
    /// What follows. It is shown as it is: markup in it means nothing.
    pub body: &'a str,
    /// The name of a sound of the desktop's theme.
    pub sound: Option<&'a str>,
    /// Whether it stays until somebody has seen it.
    pub urgent: bool,
}

/// Why nothing was shown.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DesktopError {
    /// This build speaks to no desktop.
    #[error(
        "notifications of the desktop are there on Linux only, in a build with the feature `desktop`"
    )]
    Unsupported,
    /// Nobody said where the session bus is.
    #[error(
        "there is no session bus: neither DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR says where"
    )]
    NoBus,
    /// The bus cannot be reached.
    #[error("the session bus cannot be reached: {0}")]
    Unreachable(String),
    /// Nobody on the bus shows notifications.
    #[error("no service on the session bus shows notifications")]
    NoService,
    /// The service refused.
    #[error("the notification service refused: {0}")]
    Refused(String),
    /// It took too long.
    #[error("the desktop did not answer within {} s", DEADLINE.as_secs())]
    TooSlow,
}

impl Desktop {
    /// The desktop behind the session bus with this address, such as `unix:path=/run/user/1000/bus`. It is connected to
    /// only while a notification is sent.
    #[must_use]
    pub fn on_bus(address: Option<String>) -> Self {
        Self { bus: address }
    }

    /// Shows a notification, and answers its number. What the peer on the bus does not do within five seconds counts as
    /// not done.
    ///
    /// # Errors
    /// [`DesktopError`]; except for [`DesktopError::TooSlow`] nothing was shown.
    #[cfg(all(target_os = "linux", feature = "desktop"))]
    pub async fn show(&self, note: Note<'_>) -> Result<u32, DesktopError> {
        let address = self.bus.as_deref().ok_or(DesktopError::NoBus)?;
        tokio::time::timeout(DEADLINE, bus::notify(address, note))
            .await
            .map_err(|_| DesktopError::TooSlow)?
    }

    /// Shows nothing: there is no desktop that this build could speak to.
    ///
    /// # Errors
    /// [`DesktopError::Unsupported`], always.
    #[cfg(not(all(target_os = "linux", feature = "desktop")))]
    pub async fn show(&self, _: Note<'_>) -> Result<u32, DesktopError> {
        Err(DesktopError::Unsupported)
    }
}

#[cfg(all(target_os = "linux", feature = "desktop"))]
mod bus {
    use std::collections::HashMap;

    use zbus::connection::Builder;
    use zbus::zvariant::Value;

    use super::{DesktopError, Note};

    const SERVICE: &str = "org.freedesktop.Notifications";
    const PATH: &str = "/org/freedesktop/Notifications";
    /// The urgencies of the specification.
    const NORMAL: u8 = 1;
    const CRITICAL: u8 = 2;
    /// The desktop chooses how long it shows one.
    const ITS_CHOICE: i32 = -1;
    const FOREVER: i32 = 0;

    pub(super) async fn notify(address: &str, note: Note<'_>) -> Result<u32, DesktopError> {
        let unreachable = |error: zbus::Error| DesktopError::Unreachable(error.to_string());
        let connection = Builder::address(address).map_err(unreachable)?.build();
        let connection = connection.await.map_err(unreachable)?;
        let mut hints = HashMap::new();
        let urgency = if note.urgent { CRITICAL } else { NORMAL };
        hints.insert("urgency", Value::U8(urgency));
        if let Some(sound) = note.sound {
            hints.insert("sound-name", Value::from(sound));
        }
        let body = plain(note.body);
        let actions: [&str; 0] = [];
        let shown = if note.urgent { FOREVER } else { ITS_CHOICE };
        let message = (
            "car",
            0_u32,
            "",
            note.title,
            &*body,
            &actions[..],
            hints,
            shown,
        );
        let answer = connection
            .call_method(Some(SERVICE), PATH, Some(SERVICE), "Notify", &message)
            .await
            .map_err(refused)?;
        answer
            .body()
            .deserialize()
            .map_err(|error| DesktopError::Refused(error.to_string()))
    }

    /// The text with its markup taken apart. Services that know markup show it as it was written.
    fn plain(text: &str) -> String {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
    }

    fn refused(error: zbus::Error) -> DesktopError {
        match &error {
            zbus::Error::MethodError(name, ..) => match name.as_str() {
                "org.freedesktop.DBus.Error.ServiceUnknown"
                | "org.freedesktop.DBus.Error.NameHasNoOwner"
                | "org.freedesktop.DBus.Error.Spawn.ServiceNotFound" => DesktopError::NoService,
                _ => DesktopError::Refused(error.to_string()),
            },
            _ => DesktopError::Refused(error.to_string()),
        }
    }
}
