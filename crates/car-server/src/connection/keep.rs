use std::pin::pin;
use std::sync::Arc;

use car_state::session::resume::Vigil;
use car_state::session::{CallDriver, ClientSession};
use tokio::time::sleep;

use crate::core::Core;

/// Drives the calls of a session whose connection is lost until its client comes back or its time is over.
pub(super) async fn keep(
    core: Arc<Core>,
    session: Arc<ClientSession>,
    mut driver: CallDriver,
    vigil: Vigil,
) {
    let mut occupant = Occupant::new(&session);
    let mut waiting = pin!(async {
        tokio::select! {
            biased;
            () = vigil.over.cancelled() => {}
            () = core.drained(Arc::clone(&session)) => session.stop_waiting(),
            () = sleep(vigil.grace) => session.expire(&vigil),
        }
    });
    driver.beside(waiting.as_mut()).await;
    if session.has_ended() {
        driver.beside(pin!(session.end())).await;
    } else {
        driver.leave();
    }
    occupant.leave();
}

/// Ends the session of a task that is dropped before its end: the session's tasks hold it and would go on.
#[derive(Debug)]
pub(super) struct Occupant(Option<Arc<ClientSession>>);

impl Occupant {
    pub(super) fn new(session: &Arc<ClientSession>) -> Self {
        Self(Some(Arc::clone(session)))
    }

    /// The session is somebody else's to end.
    pub(super) fn leave(&mut self) {
        self.0 = None;
    }

    /// Takes care of another session from now on.
    pub(super) fn change(&mut self, session: &Arc<ClientSession>) {
        self.0 = Some(Arc::clone(session));
    }
}

impl Drop for Occupant {
    fn drop(&mut self) {
        if let Some(session) = self.0.take() {
            session.abandon();
        }
    }
}
