//! What is noted on the way, and told to those who listen.

use car_protocol::rpc::proposal::Outcome;

use super::super::RunRequest;
use super::super::journal::{Data, Datum, Entry, kind, step};
use super::super::plan::Index;
use super::Run;

impl Run<'_> {
    /// Notes something, and tells it where somebody listens.
    pub(super) fn note(
        &self,
        kind: &'static str,
        action: Option<Index>,
        data: &[(&'static str, Datum<'_>)],
    ) {
        self.note_as(kind, step::of(kind), action, data);
    }

    /// The same where the step is another one than the note says.
    pub(super) fn note_as(
        &self,
        kind: &'static str,
        step: Option<&'static str>,
        action: Option<Index>,
        data: &[(&'static str, Datum<'_>)],
    ) {
        let entry = Entry {
            kind,
            action_id: action.map(|index| &*self.ids[index as usize]),
            proposal_id: Some(&self.id),
            data: Data(data),
        };
        let journal = &self.engine.parts.journal;
        journal.record(entry);
        if let Some(kind) = step
            && self.guard.handle.is_watched()
        {
            journal.tell(Entry { kind, ..entry });
        }
    }

    /// Tells those who listen that this was all.
    pub(super) fn tell_end(&self, outcome: Outcome) {
        if self.guard.handle.is_watched() {
            let outcome = match outcome {
                Outcome::Aborted => "aborted",
                Outcome::Cancelled => "cancelled",
                _ => "completed",
            };
            self.engine.parts.journal.tell(Entry {
                kind: step::ENDED,
                action_id: None,
                proposal_id: Some(&self.id),
                data: Data(&[("outcome", Datum::Text(outcome))]),
            });
        }
    }

    pub(super) fn introduce(&self) {
        let RunRequest {
            proposal,
            tenant,
            caller,
            claims,
            ..
        } = &*self.request;
        let source = proposal.source.as_deref().unwrap_or("unknown");
        let actions = proposal.actions.len() as u64;
        let data = [
            ("actions", Datum::Number(actions)),
            ("source", Datum::Text(source)),
        ];
        self.note(kind::PROPOSAL_RECEIVED, None, &data);
        if tenant.name().is_none() && caller.is_none() && claims.is_none() {
            return;
        }
        let data = [
            ("caller_id", Datum::text(caller.as_deref())),
            ("tenant_id", Datum::text(tenant.name())),
            (
                "claims",
                claims.as_ref().map_or(Datum::Absent, Datum::Object),
            ),
        ];
        self.note(kind::SESSION_SCOPE, None, &data);
    }
}
