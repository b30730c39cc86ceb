use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::{MeetingError, MeetingId};

/// Meetings that go on at once, those whose files are worked at included.
const TAKEN: usize = 64;
/// How long somebody waits for the files of a meeting.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who has a meeting in hand: it goes on as a `T`, or somebody works at its files.
#[derive(Debug)]
pub(super) struct Places<T> {
    taken: Mutex<BTreeMap<MeetingId, Option<Arc<T>>>>,
    freed: Notify,
}

impl<T> Default for Places<T> {
    fn default() -> Self {
        Self {
            taken: Mutex::default(),
            freed: Notify::new(),
        }
    }
}

impl<T> Places<T> {
    /// Keeps an id from others.
    ///
    /// # Errors
    /// [`MeetingError::Exists`]: somebody has it. [`MeetingError::TooMany`].
    pub(super) fn reserve(self: &Arc<Self>, id: &MeetingId) -> Result<Place<T>, MeetingError> {
        let mut taken = self.taken.lock();
        if taken.contains_key(id) {
            return Err(MeetingError::Exists(id.clone()));
        }
        if taken.len() >= TAKEN {
            return Err(MeetingError::TooMany { limit: TAKEN });
        }
        taken.insert(id.clone(), None);
        Ok(Place {
            places: Arc::clone(self),
            id: id.clone(),
        })
    }

    /// Keeps an id from others as soon as nobody works at the files of the meeting.
    ///
    /// # Errors
    /// [`MeetingError::Active`]: it goes on. [`MeetingError::Busy`] after 30 seconds. [`MeetingError::TooMany`].
    pub(super) async fn claim(self: &Arc<Self>, id: &MeetingId) -> Result<Place<T>, MeetingError> {
        let claimed = async {
            loop {
                let freed = self.freed.notified();
                tokio::pin!(freed);
                freed.as_mut().enable();
                match self.reserve(id) {
                    Err(MeetingError::Exists(id)) if self.get(&id).is_some() => {
                        return Err(MeetingError::Active(id));
                    }
                    Err(MeetingError::Exists(_)) => freed.await,
                    place => return place,
                }
            }
        };
        let waited = timeout(PATIENCE, claimed).await;
        waited.unwrap_or_else(|_| Err(MeetingError::Busy(id.clone())))
    }

    /// Whether somebody has it.
    pub(super) fn is_taken(&self, id: &MeetingId) -> bool {
        self.taken.lock().contains_key(id)
    }

    /// The meeting, where it goes on.
    pub(super) fn get(&self, id: &MeetingId) -> Option<Arc<T>> {
        self.taken.lock().get(id).cloned().flatten()
    }

    /// Those that somebody has.
    pub(super) fn ids(&self) -> Vec<MeetingId> {
        self.taken.lock().keys().cloned().collect()
    }
}

/// An id that is kept from others while this lives.
#[derive(Debug)]
pub(super) struct Place<T> {
    places: Arc<Places<T>>,
    id: MeetingId,
}

impl<T> Place<T> {
    /// The meeting of this id goes on.
    pub(super) fn settle(self, active: &Arc<T>) -> Self {
        let mut taken = self.places.taken.lock();
        taken.insert(self.id.clone(), Some(Arc::clone(active)));
        drop(taken);
        self.places.freed.notify_waiters();
        self
    }
}

impl<T> Drop for Place<T> {
    fn drop(&mut self) {
        self.places.taken.lock().remove(&self.id);
        self.places.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> MeetingId {
        MeetingId::new("m").unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn who_claims_a_meeting_waits_until_its_files_are_free() {
        let places = Arc::new(Places::<()>::default());
        let place = places.reserve(&id()).unwrap();
        assert!(matches!(
            places.reserve(&id()),
            Err(MeetingError::Exists(_))
        ));
        let at = id();
        let claimed = places.claim(&at);
        tokio::pin!(claimed);
        assert!(timeout(Duration::from_secs(1), &mut claimed).await.is_err());
        drop(place);
        let place = claimed.await.unwrap();
        assert!(places.is_taken(&id()));
        drop(place);
        assert!(!places.is_taken(&id()));
    }

    #[tokio::test(start_paused = true)]
    async fn who_claims_a_meeting_that_goes_on_is_told_and_who_waits_too_long_too() {
        let places = Arc::new(Places::default());
        let place = places.reserve(&id()).unwrap();
        assert!(matches!(
            places.claim(&id()).await,
            Err(MeetingError::Busy(_))
        ));
        let place = place.settle(&Arc::new(()));
        assert!(matches!(
            places.claim(&id()).await,
            Err(MeetingError::Active(_))
        ));
        drop(place);
    }
}
