//! The ways in which a person hears of an approval when no screen of theirs is connected.

#[cfg(all(unix, feature = "cli"))]
mod command;
mod desktop;

#[cfg(all(unix, feature = "cli"))]
pub use self::command::CommandRoute;
pub use self::desktop::DesktopRoute;
