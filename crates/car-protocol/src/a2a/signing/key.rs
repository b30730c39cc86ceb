use std::collections::BTreeMap;
use std::fmt;

use ed25519_dalek as ed25519;
use p256::ecdsa as es256;
use p256::ecdsa::signature::{Signer as _, Verifier as _};

/// How a signature is made.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// Its name in a JOSE header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// Why bytes are no key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeyError {
    /// They are no point or number of the curve, or of the wrong length.
    Invalid,
    /// It is not JSON Web Key of a kind that is used here.
    Unsupported,
    /// It has no `kid`, by which signatures name their key.
    NoKid,
    /// Two keys have one `kid`.
    KidTwice,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "not a key of its curve",
            Self::Unsupported => "not a JSON Web Key of P-256 or Ed25519",
            Self::NoKid => "the key has no kid",
            Self::KidTwice => "two keys have the same kid",
        })
    }
}

impl std::error::Error for KeyError {}

/// A key that signs. `Debug` shows its `kid` only; its memory is overwritten when it goes.
#[derive(Clone)]
pub struct SigningKey {
    kid: String,
    secret: Secret,
}

#[derive(Clone)]
enum Secret {
    Es256(es256::SigningKey),
    EdDsa(ed25519::SigningKey),
}

impl SigningKey {
    /// A key of P-256 from its number, 32 bytes with the highest first.
    ///
    /// # Errors
    /// [`KeyError::Invalid`] when the number is 0 or not below the order of the curve.
    pub fn es256(kid: impl Into<String>, number: &[u8; 32]) -> Result<Self, KeyError> {
        let key = es256::SigningKey::from_slice(number).map_err(|_| KeyError::Invalid)?;
        Ok(Self {
            kid: kid.into(),
            secret: Secret::Es256(key),
        })
    }

    /// A key of Ed25519 from its seed.
    pub fn ed25519(kid: impl Into<String>, seed: &[u8; 32]) -> Self {
        Self {
            kid: kid.into(),
            secret: Secret::EdDsa(ed25519::SigningKey::from_bytes(seed)),
        }
    }

    /// The name by which signatures name the key.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// How it signs.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self.secret {
            Secret::Es256(_) => Algorithm::Es256,
            Secret::EdDsa(_) => Algorithm::EdDsa,
        }
    }

    /// The key that verifies what this one signs.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey {
            kid: self.kid.clone(),
            public: match &self.secret {
                Secret::Es256(key) => Public::Es256(*key.verifying_key()),
                Secret::EdDsa(key) => Public::EdDsa(key.verifying_key()),
            },
        }
    }

    /// 64 bytes: the same for the same input, since neither algorithm needs randomness here (RFC 6979, RFC 8032).
    pub(super) fn sign(&self, input: &[u8]) -> Vec<u8> {
        match &self.secret {
            Secret::Es256(key) => {
                let signature: es256::Signature = key.sign(input);
                signature.to_bytes().to_vec()
            }
            Secret::EdDsa(key) => key.sign(input).to_bytes().to_vec(),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm())
            .finish_non_exhaustive()
    }
}

/// A key that verifies.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifyingKey {
    kid: String,
    public: Public,
}

#[derive(Clone, Debug, PartialEq)]
enum Public {
    Es256(es256::VerifyingKey),
    EdDsa(ed25519::VerifyingKey),
}

impl VerifyingKey {
    /// A key of P-256 from the coordinates of its point.
    ///
    /// # Errors
    /// [`KeyError::Invalid`] when the point is not on the curve.
    pub fn es256(kid: impl Into<String>, x: &[u8; 32], y: &[u8; 32]) -> Result<Self, KeyError> {
        let point = [&[4][..], x, y].concat();
        let key = es256::VerifyingKey::from_sec1_bytes(&point).map_err(|_| KeyError::Invalid)?;
        Ok(Self {
            kid: kid.into(),
            public: Public::Es256(key),
        })
    }

    /// A key of Ed25519.
    ///
    /// # Errors
    /// [`KeyError::Invalid`] when the bytes are no point of the curve.
    pub fn ed25519(kid: impl Into<String>, point: &[u8; 32]) -> Result<Self, KeyError> {
        let key = ed25519::VerifyingKey::from_bytes(point).map_err(|_| KeyError::Invalid)?;
        Ok(Self {
            kid: kid.into(),
            public: Public::EdDsa(key),
        })
    }

    /// The name by which signatures name the key.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// What it verifies.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self.public {
            Public::Es256(_) => Algorithm::Es256,
            Public::EdDsa(_) => Algorithm::EdDsa,
        }
    }

    pub(super) fn verifies(&self, input: &[u8], signature: &[u8]) -> bool {
        match &self.public {
            Public::Es256(key) => es256::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(input, &signature).is_ok()),
            // Strict: keys of small order, under which one signature fits many texts, are refused.
            Public::EdDsa(key) => ed25519::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(input, &signature).is_ok()),
        }
    }
}

/// The keys that are believed, by their `kid`. Somebody who has checked them puts them here; nothing fetches any.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyStore {
    keys: BTreeMap<String, VerifyingKey>,
}

impl KeyStore {
    /// Believes one more key; gives back the one that had its `kid` before.
    pub fn insert(&mut self, key: VerifyingKey) -> Option<VerifyingKey> {
        self.keys.insert(key.kid.clone(), key)
    }

    /// Believes a key no more.
    pub fn remove(&mut self, kid: &str) -> Option<VerifyingKey> {
        self.keys.remove(kid)
    }

    /// The key of this name.
    #[must_use]
    pub fn get(&self, kid: &str) -> Option<&VerifyingKey> {
        self.keys.get(kid)
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether nothing is believed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

impl FromIterator<VerifyingKey> for KeyStore {
    fn from_iter<I: IntoIterator<Item = VerifyingKey>>(keys: I) -> Self {
        let mut store = Self::default();
        for key in keys {
            store.insert(key);
        }
        store
    }
}
