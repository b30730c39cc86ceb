//! Signed agent cards: a detached JWS (RFC 7515, appendix F) over the canonical JSON (RFC 8785) of the card without its
//! `signatures`, as A2A 1.0 (§8.4) has it, with ES256 (RFC 7518) or EdDSA (RFC 8037).
//!
//! - What is signed is what is sent: [`sign`] canonicalises the very JSON that the card is written as, and [`verify`] the
//!   very text that came, unknown fields and all. Two libraries that fill in defaults differently cannot disagree.
//! - Only the keys of a [`KeyStore`] are believed. A `jku` in the header would let the signer choose whom we trust; it
//!   is never looked at.
//! - The algorithm belongs to the key, and a header that names another one is refused.
//!
//! ```
//! use car_protocol::a2a::signing::{KeyStore, SigningKey, sign_document, verify};
//!
//! let key = SigningKey::ed25519("mine", &[7; 32]);
//! let serde_json::Value::Object(mut card) = serde_json::json!({ "name": "Recipe Agent" }) else { unreachable!() };
//! sign_document(&mut card, &key)?;
//! let sent = serde_json::to_string(&card)?;
//!
//! let keys = KeyStore::from_iter([key.verifying_key()]);
//! assert_eq!(verify(&sent, &keys)?.kid(), "mine");
//! assert!(verify(&sent.replace("Recipe", "Poison"), &keys).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod canonical;
mod jwk;
mod jws;
mod key;

use std::fmt;

use serde_json::{Map, Value};

use super::limits::MAX_SIGNATURES;
use super::{ReadError, Reader, v1};
pub use canonical::{NotCanonical, canonical};
pub use key::{Algorithm, KeyError, KeyStore, SigningKey, VerifyingKey};

const SIGNATURES: &str = "signatures";

/// Signs a card as it is, and adds the signature to those that it has.
///
/// Nothing of the card may change afterwards, and it must be sent as `serde_json` writes it.
///
/// # Errors
/// [`NotCanonical`] when a number in it has no exact form in JavaScript.
pub fn sign(card: &mut v1::AgentCard, key: &SigningKey) -> Result<(), NotCanonical> {
    let Ok(Value::Object(mut document)) = serde_json::to_value(&*card) else {
        return Err(NotCanonical);
    };
    card.signatures.push(signature(&mut document, key)?);
    Ok(())
}

/// Signs a card that is free JSON, for example of both versions of A2A in one.
///
/// # Errors
/// As [`sign`].
pub fn sign_document(
    document: &mut Map<String, Value>,
    key: &SigningKey,
) -> Result<(), NotCanonical> {
    let before = document.remove(SIGNATURES);
    let signed = signature(document, key);
    let mut signatures = match before {
        Some(Value::Array(signatures)) => signatures,
        _ => Vec::new(),
    };
    let result = signed.map(|signature| {
        signatures.extend(serde_json::to_value(signature));
    });
    if !signatures.is_empty() {
        document.insert(SIGNATURES.to_owned(), signatures.into());
    }
    result
}

fn signature(
    document: &mut Map<String, Value>,
    key: &SigningKey,
) -> Result<v1::AgentCardSignature, NotCanonical> {
    document.remove(SIGNATURES);
    Ok(jws::sign(&canonical(document)?, key))
}

/// A card that one of our keys has signed.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    kid: String,
    document: Map<String, Value>,
}

impl Verified {
    /// The key.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// What was signed: the card without its signatures.
    #[must_use]
    pub fn document(&self) -> &Map<String, Value> {
        &self.document
    }

    /// The card that was signed, without its signatures.
    ///
    /// # Errors
    /// [`ReadError`] when what was signed is no card of 1.0.
    pub fn into_card(self) -> Result<v1::AgentCard, ReadError> {
        Reader::lenient().read_value(Value::Object(self.document))
    }
}

/// Verifies a card as it came. One good signature by one of our keys is enough.
///
/// # Errors
/// [`VerifyError`]; of several signatures, the one that came closest gives the reason.
pub fn verify(text: &str, keys: &KeyStore) -> Result<Verified, VerifyError> {
    let reader = Reader::strict().with_unique_names();
    let mut document: Map<String, Value> = reader.read(text).map_err(VerifyError::Document)?;
    let signatures = match document.remove(SIGNATURES) {
        None | Some(Value::Null) => return Err(VerifyError::Unsigned),
        Some(signatures) => reader.read_value::<Vec<v1::AgentCardSignature>>(signatures),
    };
    let signatures = signatures.map_err(VerifyError::Document)?;
    if signatures.is_empty() {
        return Err(VerifyError::Unsigned);
    }
    if signatures.len() > MAX_SIGNATURES {
        return Err(VerifyError::TooManySignatures);
    }
    let payload = canonical(&document).map_err(|NotCanonical| VerifyError::NotCanonical)?;
    let mut closest = VerifyError::Malformed;
    for signature in &signatures {
        match jws::verify(&payload, signature, keys) {
            Ok(kid) => return Ok(Verified { kid, document }),
            Err(error) if error.closeness() > closest.closeness() => closest = error,
            Err(_) => {}
        }
    }
    Err(closest)
}

/// Why a card is not believed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum VerifyError {
    /// It is no JSON object that can be signed: too large, too deep, a name that is there twice.
    Document(ReadError),
    /// A number has no exact form in JavaScript.
    NotCanonical,
    /// It has no signature.
    Unsigned,
    /// It has more signatures than are tried.
    TooManySignatures,
    /// No signature can be read, or its header demands what is not understood.
    Malformed,
    /// No signature is by a key that we have.
    UnknownKey,
    /// A header names another algorithm than the one of the key.
    WrongAlgorithm,
    /// A signature by one of our keys does not fit the card.
    BadSignature,
}

impl VerifyError {
    /// How far the verification of one signature came.
    fn closeness(&self) -> u8 {
        match self {
            Self::BadSignature => 3,
            Self::WrongAlgorithm => 2,
            Self::UnknownKey => 1,
            _ => 0,
        }
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document(error) => write!(f, "the card cannot be read: {error}"),
            Self::NotCanonical => NotCanonical.fmt(f),
            Self::Unsigned => f.write_str("the card is not signed"),
            Self::TooManySignatures => {
                write!(f, "the card has more than {MAX_SIGNATURES} signatures")
            }
            Self::Malformed => f.write_str("no signature of the card can be read"),
            Self::UnknownKey => f.write_str("no signature of the card is by a known key"),
            Self::WrongAlgorithm => {
                f.write_str("a signature names another algorithm than the one of its key")
            }
            Self::BadSignature => f.write_str("the signature does not fit the card"),
        }
    }
}

impl std::error::Error for VerifyError {}
