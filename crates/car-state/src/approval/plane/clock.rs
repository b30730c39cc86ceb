//! Who was reached, and what is due.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::Approvals;
use crate::approval::NOBODY_REACHED;
use crate::approval::authority::{Authority, authority};
use crate::approval::desk::{Due, ToDo};
use crate::approval::machine::Input;
use crate::identity::Identity;

/// How long the wall clock may have been wrong before that is found out, in one direction or the other: the runtime's clock
/// stands still while the machine sleeps.
const STRIDE: Duration = Duration::from_secs(5);
/// How long all routes together may take.
const ROUTES: Duration = Duration::from_secs(120);

impl Approvals {
    /// Notes whom the pending questions have come to. To be called when a session begins to listen, or can decide more.
    pub fn look(self: &Arc<Self>) {
        if self.pending() > 0 {
            self.look_at(None);
        }
    }

    /// Somebody is about to be shown what waits, or one question of it: what they may decide has come to them.
    pub fn shown_to(self: &Arc<Self>, by: &Identity, id: Option<&str>) {
        if self.pending() > 0 {
            self.delivered(id, std::slice::from_ref(by));
        }
    }

    pub(super) fn look_at(self: &Arc<Self>, id: Option<&str>) {
        let mut listeners: Vec<Identity> = self
            .sessions
            .all()
            .iter()
            .filter(|session| session.hears(self.stream.name()))
            .map(|session| session.identity().get())
            .collect();
        // The registry has no order; what is told and recorded has one.
        listeners.sort_by(|one, other| one.session.cmp(&other.session));
        if !listeners.is_empty() {
            self.delivered(id, &listeners);
        }
    }

    fn delivered(self: &Arc<Self>, id: Option<&str>, listeners: &[Identity]) {
        let todo: Vec<ToDo> = {
            let (mut desk, now) = (self.desk.lock(), self.now());
            let rows = desk.shown().filter(|row| row.is_open());
            let wanted = rows.filter(|row| id.is_none_or(|id| row.shown.id == id));
            let reached: Vec<(String, Vec<String>)> = wanted
                .map(|row| {
                    let can = |by: &&Identity| {
                        matches!(authority(&row.shown, by, |_| false), Ok(Authority::Decides))
                    };
                    let by = listeners.iter().filter(can);
                    let by = by.map(|by| format!("session:{}", by.session));
                    (row.shown.id.clone(), by.collect())
                })
                .collect();
            reached
                .into_iter()
                .flat_map(|(id, by)| desk.reached(&id, by, now))
                .collect()
        };
        self.perform(todo);
    }

    /// Does what is due for a question; how long until something is again, at most some seconds.
    pub(super) async fn do_what_is_due(self: &Arc<Self>, id: &str) -> Option<Duration> {
        let due = self.desk.lock().due(id, self.now());
        let (input, reason) = match due {
            Due::Nothing(wait) => return wait.map(|wait| wait.min(STRIDE)),
            Due::Expire => (Input::Expire, "timeout"),
            Due::Abandoned => (Input::SessionEnded, "session_ended"),
            Due::Reach(approval, routes) => {
                let reached = self.reach.reach(&approval, &routes);
                let reached = timeout(ROUTES, reached).await.unwrap_or_default();
                for route in &reached {
                    let by = format!("route:{route}");
                    let todo = self.desk.lock().reached(id, [by], self.now());
                    self.perform(todo);
                }
                if !reached.is_empty() {
                    return Some(Duration::ZERO);
                }
                (Input::Exhausted, NOBODY_REACHED)
            }
        };
        let todo = self.desk.lock().end(id, input, reason, self.now());
        self.perform(todo);
        None
    }

    /// Looks after the questions that no call of this process waits for: those of clients, and those of an earlier process
    /// whose sessions may come back. Without it they end when somebody looks at them. Never ready.
    pub async fn tend(self: &Arc<Self>) {
        loop {
            let mut woken = std::pin::pin!(self.changed.notified());
            woken.as_mut().enable();
            let unattended = self.desk.lock().unattended();
            let mut next: Option<Duration> = None;
            for id in unattended {
                if let Some(wait) = self.do_what_is_due(&id).await {
                    next = Some(next.map_or(wait, |next| next.min(wait)));
                }
            }
            match next {
                Some(wait) => {
                    tokio::select! {
                        () = sleep(wait) => {}
                        () = woken => {}
                    }
                }
                None => woken.await,
            }
        }
    }

    /// Ends what is over and what nobody looks after, before it is decided or shown.
    pub(super) fn expire_now(self: &Arc<Self>, id: &str) {
        let todo = {
            let (mut desk, now) = (self.desk.lock(), self.now());
            match desk.due(id, now) {
                Due::Expire => desk.end(id, Input::Expire, "timeout", now),
                Due::Abandoned => desk.end(id, Input::SessionEnded, "session_ended", now),
                Due::Nothing(_) | Due::Reach(..) => Vec::new(),
            }
        };
        self.perform(todo);
    }
}
