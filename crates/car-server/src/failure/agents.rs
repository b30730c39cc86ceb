//! What goes wrong with supervised agents and the registry of agents.

use car_protocol::{RpcError, kind};
use car_state::agents::{BookError, ManifestError, SupervisorError};
use car_state::registry::RegistryError;

use super::{Failure, limit, shortened};

impl From<SupervisorError> for Failure {
    fn from(error: SupervisorError) -> Self {
        let message = shortened(&error);
        match error {
            SupervisorError::Id(_) => RpcError::invalid_params(Some("id"), message).into(),
            SupervisorError::Unknown(_) => RpcError::domain(kind::NOT_FOUND, message).into(),
            SupervisorError::Param { field, .. } => {
                RpcError::invalid_params(Some(field), message).into()
            }
            SupervisorError::Executable(_) => {
                RpcError::invalid_params(Some("command"), message).into()
            }
            SupervisorError::Manifest(ManifestError::Member { field, .. }) => {
                RpcError::invalid_params(Some(&field), message).into()
            }
            SupervisorError::Manifest(ManifestError::TooLong { limit: n })
            | SupervisorError::Book(BookError::TooMany { limit: n }) => limit(message, n).into(),
            SupervisorError::Manifest(ManifestError::Lacks { .. }) => {
                RpcError::domain(kind::UNAVAILABLE, message).into()
            }
            SupervisorError::Busy(_) => {
                RpcError::domain(kind::CONFLICT, message).retryable().into()
            }
            SupervisorError::Closed => RpcError::domain(kind::SHUTTING_DOWN, message)
                .retryable()
                .into(),
            other => Self::internal(other),
        }
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        let message = shortened(&error);
        match error {
            RegistryError::Name(_) => RpcError::invalid_params(Some("name"), message).into(),
            RegistryError::Outside { .. } => {
                RpcError::invalid_params(Some("registry_path"), message).into()
            }
            RegistryError::Member { field, .. } => {
                RpcError::invalid_params(Some(field), message).into()
            }
            RegistryError::TooMany { limit: n } => limit(message, n).into(),
            other => Self::internal(other),
        }
    }
}
