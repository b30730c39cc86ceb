use std::fmt;
use std::sync::Arc;

use super::StoreError;

/// Whose keys these are: the session's common ones, or those of one named tenant.
///
/// A type and not a prefix of the key, so that no key of one tenant can be spelled by another.
#[derive(Clone, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Tenant(Option<Arc<str>>);

impl Tenant {
    /// The longest name, in bytes.
    pub const NAME_BYTES: usize = 256;

    /// The session's common keys.
    #[must_use]
    pub const fn common() -> Self {
        Self(None)
    }

    /// The keys of one tenant.
    ///
    /// # Errors
    /// The name is empty, longer than [`Self::NAME_BYTES`], or holds a control character.
    pub fn named(name: &str) -> Result<Self, StoreError> {
        if name.is_empty() || name.len() > Self::NAME_BYTES || name.chars().any(char::is_control) {
            return Err(StoreError::TenantName {
                limit: Self::NAME_BYTES,
            });
        }
        Ok(Self(Some(name.into())))
    }

    /// The tenant that an optional name on the wire means.
    ///
    /// # Errors
    /// As for [`Self::named`].
    pub fn of(name: Option<&str>) -> Result<Self, StoreError> {
        name.map_or(Ok(Self::common()), Self::named)
    }

    /// The name; `None` for the common keys.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "Tenant({name:?})"),
            None => f.write_str("Tenant(common)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_without_a_usable_name_is_refused() {
        for name in ["", "a\nb", &"x".repeat(257)] {
            assert!(Tenant::named(name).is_err(), "{name:?}");
        }
        assert_eq!(Tenant::of(None).unwrap(), Tenant::common());
        assert_ne!(Tenant::named("a").unwrap(), Tenant::common());
    }
}
