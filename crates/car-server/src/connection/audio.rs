//! Audio as binary messages: read, handed to its stream, and never waited for.

use bytes::Bytes;
use car_protocol::rpc::voice::{Refused, RefusedParams};
use car_state::frame::{CloseReason, close};
use car_state::voice::VoiceError;

use super::{Flow, Reader};
use crate::failure::{Failure, over_quota};

impl Reader {
    /// Takes audio. Whatever else is binary, or comes before the peer has authenticated, ends the connection.
    pub(super) fn audio(&mut self, message: &Bytes) -> Flow {
        let engine = self.core.state.voice().engine();
        let Some(engine) = engine.filter(|engine| self.authenticated && engine.is_audio(message))
        else {
            return Flow::Close(CloseReason::new(close::UNSUPPORTED, "messages are text"));
        };
        // The streams have their turn after some of it, or their mailboxes would be full.
        self.stirred += 1;
        if self.account.is_rated()
            && let Err(full) = self.account.request()
        {
            self.refused_audio += 1;
            if self.refused_audio.is_power_of_two() {
                self.tell_refused(None, None, &over_quota(&full).into());
            }
            return Flow::Continue;
        }
        let (place, taken) = match engine.read(message) {
            Ok(audio) => {
                let place = (Some(audio.voice), audio.audio.sequence);
                let taken = match self.session().voice_if_any() {
                    Some(streams) => streams.take(audio),
                    None => Err(VoiceError::Unknown(place.0.unwrap_or_default().to_owned())),
                };
                (place, taken)
            }
            Err(error) => ((None, None), Err(error)),
        };
        let Err(error) = taken else {
            self.refused_audio = 0;
            return Flow::Continue;
        };
        self.refused_audio += 1;
        if self.refused_audio.is_power_of_two() {
            self.tell_refused(place.0, place.1, &error.into());
        }
        Flow::Continue
    }

    fn tell_refused(&self, voice: Option<&str>, sequence: Option<u64>, failure: &Failure) {
        let error = failure.error();
        let kind = error.data.as_ref().map(|data| data.kind.to_string());
        let params = RefusedParams {
            session_id: voice.map(ToOwned::to_owned),
            sequence,
            kind: kind.unwrap_or_default(),
            message: error.message.clone(),
            refused: self.refused_audio,
        };
        // A client that does not read what it is told hears it with one of the next.
        let _ = self.channel.notify::<Refused>(&params);
    }
}
