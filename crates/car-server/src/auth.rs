//! Who may come in.

use std::sync::Arc;

use car_protocol::{RpcError, code, kind};

use crate::tokens::Tokens;

/// The credentials that the daemon takes, or none.
#[derive(Clone, Debug, Default)]
pub struct Auth(Option<Arc<Tokens>>);

impl Auth {
    /// Everybody may come in. For tests and for programs that guard their own door.
    #[must_use]
    pub fn disabled() -> Self {
        Self(None)
    }

    /// Who has one of these tokens may come in.
    #[must_use]
    pub fn tokens(tokens: Arc<Tokens>) -> Self {
        Self(Some(tokens))
    }

    /// Whether a credential is asked for.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.0.as_ref().is_some_and(|tokens| tokens.auth_enabled())
    }

    pub(crate) fn is_client(&self, token: &str) -> bool {
        self.0
            .as_ref()
            .is_some_and(|tokens| tokens.verify_client(token))
    }

    pub(crate) fn is_host(&self, token: &str) -> bool {
        self.0
            .as_ref()
            .is_some_and(|tokens| tokens.verify_host(token))
    }

    /// The answer to a call before authentication.
    pub(crate) fn required(&self) -> RpcError {
        let message =
            "authenticate with session.auth first: the token is in the daemon's auth-token file";
        RpcError::new(code::AUTH_REQUIRED, kind::AUTH_REQUIRED, message)
    }
}
