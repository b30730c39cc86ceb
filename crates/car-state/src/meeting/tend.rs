//! What becomes of meetings while nobody looks: those that an earlier process left, and those whose time is over.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::book::blocking;
use super::{MeetingError, MeetingFolder, MeetingId, Meetings, Minutes};

/// How often meetings are looked for whose time is over.
const LOOK: Duration = Duration::from_secs(3600);

/// What was done about meetings that nobody held.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tended {
    /// Meetings that an earlier process left, and that are ended now.
    pub ended: u64,
    /// Meetings that a memory lacked a part of, and has all of now.
    pub remembered: u64,
    /// Meetings whose time was over, and that are erased now.
    pub erased: u64,
    /// Those that it did not work with. They are looked at again.
    pub failed: u64,
}

impl Meetings {
    /// Looks after meetings, now and every hour. Whoever runs the daemon runs this beside it.
    pub async fn tend(self: &Arc<Self>) -> Infallible {
        loop {
            match self.tend_once().await {
                Ok(done) if done != Tended::default() => tracing::info!(?done, "meetings"),
                Ok(_) => {}
                Err(error) => tracing::error!(%error, "the meetings cannot be looked at"),
            }
            sleep(LOOK).await;
        }
    }

    /// Ends what an earlier process left, has memories get what they lack, and erases what may not be kept any longer.
    ///
    /// # Errors
    /// [`MeetingError::Io`]: the folder cannot be read. What fails with one meeting is counted.
    pub async fn tend_once(self: &Arc<Self>) -> Result<Tended, MeetingError> {
        let root = self.root.clone();
        let ids = blocking(move || MeetingFolder::list(&root)).await?;
        let mut done = Tended::default();
        for id in ids {
            if self.places.is_taken(&id) {
                continue;
            }
            if let Err(error) = self.tend_to(&id, &mut done).await {
                done.failed += 1;
                tracing::error!(meeting = %id, %error, "a meeting is left as it is");
            }
        }
        Ok(done)
    }

    async fn tend_to(
        self: &Arc<Self>,
        id: &MeetingId,
        done: &mut Tended,
    ) -> Result<(), MeetingError> {
        let (root, folder) = (self.root.clone(), id.clone());
        let known = blocking(move || MeetingFolder::metadata_of(&root, &folder)).await?;
        if known.is_expired(self.clock.now()) {
            self.delete(id).await?;
            done.erased += 1;
            return Ok(());
        }
        let left = known.ended_at.is_none();
        let lacking = known.memory.is_some() && known.keeps_words() && !known.remembered;
        if !left && !lacking {
            return Ok(());
        }
        let Ok(_place) = self.places.reserve(id) else {
            return Ok(());
        };
        let memory = self.memory_of(&known).await?;
        let (root, folder) = (self.root.clone(), id.clone());
        let folder = blocking(move || MeetingFolder::open(&root, &folder)).await?;
        let minutes = Minutes::new(folder, memory, 0);
        let now = minutes.end(None, true).await?;
        done.ended += u64::from(left);
        done.remembered += u64::from(lacking && now.remembered);
        Ok(())
    }
}
