use car_protocol::{RpcError, kind};
use car_state::meeting::MeetingError;

use super::{Failure, limit, shortened};

impl From<MeetingError> for Failure {
    fn from(error: MeetingError) -> Self {
        let message = shortened(&error);
        match error {
            MeetingError::Id => RpcError::invalid_params(Some("meeting_id"), message),
            MeetingError::Sources => RpcError::invalid_params(Some("sources"), message),
            MeetingError::AudioConsent => RpcError::invalid_params(Some("persist_audio"), message),
            MeetingError::Exists(_)
            | MeetingError::Active(_)
            | MeetingError::Busy(_)
            | MeetingError::NotActive(_) => RpcError::domain(kind::CONFLICT, message),
            MeetingError::NoConsent => RpcError::domain(kind::FORBIDDEN, message),
            MeetingError::Unknown(_) => RpcError::domain(kind::NOT_FOUND, message),
            MeetingError::TooMany { limit: n } | MeetingError::Speakers { limit: n } => {
                limit(message, n)
            }
            MeetingError::Voice(error) => return error.into(),
            other => return Self::internal(other),
        }
        .into()
    }
}
