//! Consents that reach beyond their act.

use car_protocol::rpc::approvals::{Approval, ApprovalStanding, ConsentScope};

use super::{Approvals, Decision};
use crate::approval::act::Act;
use crate::approval::authority::ApprovalError;
use crate::approval::grants::{GrantError, Subject, Terms};
use crate::approval::verdict::Consent;
use crate::audit::Who;
use crate::log::LogError;

impl Approvals {
    /// The consent to this act that a person gave before, where one covers it. It is used with this.
    pub(super) async fn granted(&self, act: &Act) -> Result<Option<Consent>, LogError> {
        let used = self.grants.take(act).await?;
        Ok(used.map(|grant| Consent {
            approval: grant.approval_id,
            digest: act.digest().to_string(),
            scope: ConsentScope::Once,
            edits: None,
        }))
    }

    /// Whether the call could run with what a decision about this question puts in the place of its arguments.
    ///
    /// # Errors
    /// [`ApprovalError::Unfit`].
    pub(super) fn may_run(
        &self,
        shown: &Approval,
        decision: &Decision,
    ) -> Result<(), ApprovalError> {
        let check = self
            .acts
            .lock()
            .get(&shown.id)
            .map(|waits| waits.edits.clone());
        let (Some(edits), Some(check)) = (&decision.edits, check.flatten()) else {
            return Ok(());
        };
        check.takes(edits).map_err(|why| ApprovalError::Unfit {
            field: "edits",
            what: format!("not what the call takes: {why}"),
        })
    }

    /// Whether the consent of a decision about this question can reach as far as it says.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn may_reach(
        &self,
        shown: &Approval,
        decision: &Decision,
    ) -> Result<(), ApprovalError> {
        let act = self
            .acts
            .lock()
            .get(&shown.id)
            .map(|waits| waits.act.clone());
        let subject = match &act {
            Some(act) => Some(Subject::from(act)),
            None => Subject::of_approval(shown),
        };
        let Some(mut subject) = subject else {
            return Ok(());
        };
        if let Some(edits) = &decision.edits {
            subject = subject.edited(edits).map_err(GrantError::from)?;
        }
        let narrowing = decision.narrowing.as_ref();
        self.grants.terms(subject, &decision.scope, narrowing)?;
        Ok(())
    }

    /// Makes a grant of a decision that is recorded, where it reaches beyond its act. A grant that cannot be made leaves a
    /// consent to the act.
    pub(super) fn grant(&self, approval: &Approval) {
        let Some(decision) = &approval.decision else {
            return;
        };
        let wider = decision.scope != ConsentScope::Once;
        if !wider || approval.standing != ApprovalStanding::Approved {
            return;
        }
        let Some(subject) = Subject::of_approval(approval) else {
            return;
        };
        let edited = decision.edits.as_ref();
        let terms = edited
            .map_or(Ok(subject.clone()), |edits| subject.edited(edits))
            .map_err(GrantError::from)
            .and_then(|subject| {
                let narrowing = decision.narrowing.as_ref();
                self.grants.terms(subject, &decision.scope, narrowing)
            });
        let given = terms.and_then(|terms: Option<Terms>| {
            let Some(terms) = terms else { return Ok(()) };
            let by = Who {
                principal: decision.by.principal.clone(),
                role: decision.by.role,
                session: decision.by.session_id.clone(),
            };
            // Storage does what it is told in its order: a use is not there before its grant.
            self.grants.give(terms, by, &approval.id).map(drop)
        });
        if let Err(error) = given {
            tracing::warn!(approval = approval.id, %error, "a consent reaches no further than its act");
        }
    }
}
