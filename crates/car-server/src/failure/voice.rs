use car_protocol::{RpcError, kind};
use car_state::voice::VoiceError;
use serde_json::json;

use super::{Failure, limit, shortened};

impl From<VoiceError> for Failure {
    fn from(error: VoiceError) -> Self {
        let message = shortened(&error);
        let unfit = |field: &str| RpcError::invalid_params(Some(field), message.clone());
        match error {
            VoiceError::NoEngine => RpcError::domain(kind::UNAVAILABLE, message),
            VoiceError::Id => unfit("session_id"),
            VoiceError::Exists(_) | VoiceError::Over | VoiceError::OtherFormat { .. } => {
                RpcError::domain(kind::CONFLICT, message)
            }
            VoiceError::Unknown(_) => RpcError::domain(kind::NOT_FOUND, message),
            VoiceError::TooMany { limit: n } => limit(message, n),
            VoiceError::Source(_) => {
                let mut error = RpcError::domain(kind::UNAVAILABLE, message);
                error.data.get_or_insert_default().field = Some("audio_source.kind".to_owned());
                error
            }
            VoiceError::Format(_) => unfit("audio_source"),
            VoiceError::NoProvider { providers, .. } => {
                let providers = providers.iter().map(|provider| {
                    json!({
                        "id": provider.id,
                        "kind": "stt",
                        "available": provider.available,
                        "description": provider.description,
                    })
                });
                let providers: Vec<_> = providers.collect();
                let mut error = RpcError::domain(kind::UNAVAILABLE, message);
                error.data.get_or_insert_default().field = Some("options.provider".to_owned());
                error.with("providers", providers)
            }
            VoiceError::NoAgent => RpcError::domain(kind::UNAVAILABLE, message),
            VoiceError::Chat(error) => return error.into(),
            VoiceError::Recogniser(_) => RpcError::domain(kind::UNAVAILABLE, message),
            VoiceError::Audio(_) => RpcError::invalid_params(None, message),
            VoiceError::Full => RpcError::domain(kind::OVERLOADED, message).retryable(),
            VoiceError::Subscribe(error) => return error.into(),
            other => return Self::internal(other),
        }
        .into()
    }
}
