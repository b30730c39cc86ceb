//! What stands in the place of a secret.

pub(crate) use car_state::secret::is_secret;

/// What is shown instead.
pub(crate) const HIDDEN: &str = "(hidden)";
