//! JSON Web Keys (RFC 7517, RFC 8037), as operators hand them over.

use super::super::Reader;
use super::super::base64;
use super::super::read::message;
use super::{KeyError, KeyStore, SigningKey, VerifyingKey};

message! {
    /// A key as it is written.
    struct Jwk {
        /// `EC` or `OKP`.
        plain kty: String = "kty",
        /// The curve.
        plain crv: String = "crv",
        /// Its name.
        plain kid: String = "kid",
        /// The point, or its first coordinate.
        plain x: String = "x",
        /// The second coordinate.
        plain y: String = "y",
        /// The secret.
        plain d: String = "d",
    }
}

message! {
    /// A set of keys as it is written.
    struct JwkSet {
        /// The keys.
        plain keys: Vec<Jwk> = "keys",
    }
}

impl Jwk {
    fn read(text: &str) -> Result<Self, KeyError> {
        Reader::strict()
            .read(text)
            .map_err(|_| KeyError::Unsupported)
    }

    fn kid(&self) -> Result<&str, KeyError> {
        Some(self.kid.as_str())
            .filter(|kid| !kid.is_empty())
            .ok_or(KeyError::NoKid)
    }

    fn verifying(&self) -> Result<VerifyingKey, KeyError> {
        match (self.kty.as_str(), self.crv.as_str()) {
            ("EC", "P-256") => VerifyingKey::es256(self.kid()?, &bytes(&self.x)?, &bytes(&self.y)?),
            ("OKP", "Ed25519") => VerifyingKey::ed25519(self.kid()?, &bytes(&self.x)?),
            _ => Err(KeyError::Unsupported),
        }
    }
}

fn bytes(text: &str) -> Result<[u8; 32], KeyError> {
    base64::decode(text)
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(KeyError::Invalid)
}

impl SigningKey {
    /// A JSON Web Key with its secret: `EC` on `P-256` or `OKP` on `Ed25519`.
    ///
    /// # Errors
    /// [`KeyError`]; [`KeyError::Invalid`] also when the public part is there and belongs to another secret.
    pub fn from_jwk(text: &str) -> Result<Self, KeyError> {
        let jwk = Jwk::read(text)?;
        let key = match (jwk.kty.as_str(), jwk.crv.as_str()) {
            ("EC", "P-256") => Self::es256(jwk.kid()?, &bytes(&jwk.d)?)?,
            ("OKP", "Ed25519") => Self::ed25519(jwk.kid()?, &bytes(&jwk.d)?),
            _ => return Err(KeyError::Unsupported),
        };
        if !jwk.x.is_empty() && jwk.verifying()? != key.verifying_key() {
            return Err(KeyError::Invalid);
        }
        Ok(key)
    }
}

impl VerifyingKey {
    /// A JSON Web Key: `EC` on `P-256` or `OKP` on `Ed25519`.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn from_jwk(text: &str) -> Result<Self, KeyError> {
        Jwk::read(text)?.verifying()
    }
}

impl KeyStore {
    /// A JSON Web Key Set. Keys of other kinds in it are left out, as RFC 7517 (§5) wants it.
    ///
    /// # Errors
    /// [`KeyError`] of the first key of a kind used here that is not right, and for two keys of one `kid`.
    pub fn from_jwks(text: &str) -> Result<Self, KeyError> {
        let set: JwkSet = Reader::strict()
            .read(text)
            .map_err(|_| KeyError::Unsupported)?;
        let mut store = Self::default();
        for jwk in &set.keys {
            let key = match jwk.verifying() {
                Err(KeyError::Unsupported) => continue,
                key => key?,
            };
            if store.insert(key).is_some() {
                return Err(KeyError::KidTwice);
            }
        }
        Ok(store)
    }
}
