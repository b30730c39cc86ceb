//! For whom a connection is counted.

use std::sync::Arc;

use super::WsChannel;
use crate::quota::{Account, QuotaExceeded, Resource, Share};

impl WsChannel {
    /// Counts the connection, and what is fed to it from now on, for this identity.
    ///
    /// # Errors
    /// [`QuotaExceeded`]: it is counted where it was.
    pub fn join(&self, account: &Arc<Account>) -> Result<(), QuotaExceeded> {
        let joined = |share: &Share| Arc::ptr_eq(share.account(), account);
        if self.share.lock().as_ref().is_some_and(joined) {
            return Ok(());
        }
        let share = account.take(Resource::Connections)?;
        let before = self.share.lock().replace(share);
        drop(before);
        Ok(())
    }

    /// A place for another subscription; none where the connection is counted for nobody.
    pub(super) fn share_of_subscriptions(&self) -> Result<Option<Share>, QuotaExceeded> {
        let account = {
            let share = self.share.lock();
            share.as_ref().map(|share| Arc::clone(share.account()))
        };
        let share = account.map(|account| account.take(Resource::Subscriptions));
        share.transpose()
    }

    /// Counts the connection for nobody any more.
    pub(super) fn leave(&self) {
        let share = self.share.lock().take();
        drop(share);
    }
}
