//! What goes wrong with memories.

use car_protocol::{RpcError, kind};
use car_state::memgine::MemgineError;

use super::{Failure, shortened};

impl From<MemgineError> for Failure {
    fn from(error: MemgineError) -> Self {
        let message = shortened(&error);
        match error {
            MemgineError::Invalid(_) => RpcError::invalid_params(None, message).into(),
            MemgineError::Field { field, .. } => {
                RpcError::invalid_params(Some(field), message).into()
            }
            MemgineError::Unknown(_) | MemgineError::UnknownSkill(_) => {
                RpcError::domain(kind::NOT_FOUND, message).into()
            }
            MemgineError::Full { limit, .. } => RpcError::domain(kind::LIMIT_EXCEEDED, message)
                .with_limit(limit)
                .into(),
            MemgineError::Unsupported | MemgineError::None => {
                RpcError::domain(kind::UNAVAILABLE, message).into()
            }
            MemgineError::Kept(error) => error.into(),
            other => Self::internal(other),
        }
    }
}
