//! Tells the service manager that started the daemon how far it is. Without one, nothing.

/// Clients can connect.
pub(super) fn ready() {
    #[cfg(target_os = "linux")]
    tell(&sd_notify::NotifyState::Ready);
}

/// The daemon drains.
pub(super) fn stopping() {
    #[cfg(target_os = "linux")]
    tell(&sd_notify::NotifyState::Stopping);
}

#[cfg(target_os = "linux")]
fn tell(state: &sd_notify::NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(std::slice::from_ref(state)) {
        tracing::warn!(%error, "cannot tell the service manager");
    }
}
