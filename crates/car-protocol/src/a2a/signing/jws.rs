//! A detached JWS: the payload is known to both sides and does not travel.

use serde_json::{Map, Value};

use super::super::{Reader, base64, v1};
use super::{KeyStore, SigningKey, VerifyError};

/// Signs a payload.
pub(super) fn sign(payload: &[u8], key: &SigningKey) -> v1::AgentCardSignature {
    let header = serde_json::json!({
        "alg": key.algorithm().as_str(),
        "kid": key.kid(),
        "typ": "JOSE",
    });
    let protected = base64::encode_url(header.to_string().as_bytes());
    let signature = key.sign(&input(&protected, payload));
    v1::AgentCardSignature {
        protected,
        signature: base64::encode_url(&signature),
        header: Map::new(),
    }
}

/// The `kid` of the key that signed this payload.
pub(super) fn verify(
    payload: &[u8],
    signature: &v1::AgentCardSignature,
    keys: &KeyStore,
) -> Result<String, VerifyError> {
    let header = protected_header(&signature.protected).ok_or(VerifyError::Malformed)?;
    let bytes = base64url(&signature.signature).ok_or(VerifyError::Malformed)?;
    // Whoever names an extension as critical wants it understood, and none is.
    if header.contains_key("crit") {
        return Err(VerifyError::Malformed);
    }
    let text = |name: &str| header.get(name).and_then(Value::as_str);
    let key = text("kid").and_then(|kid| keys.get(kid));
    let key = key.ok_or(VerifyError::UnknownKey)?;
    if text("alg") != Some(key.algorithm().as_str()) {
        return Err(VerifyError::WrongAlgorithm);
    }
    if key.verifies(&input(&signature.protected, payload), &bytes) {
        Ok(key.kid().to_owned())
    } else {
        Err(VerifyError::BadSignature)
    }
}

/// What is signed: both parts in base64url, joined by a dot.
fn input(protected: &str, payload: &[u8]) -> Vec<u8> {
    let mut input = protected.to_owned();
    input.push('.');
    input.push_str(&base64::encode_url(payload));
    input.into_bytes()
}

fn protected_header(text: &str) -> Option<Map<String, Value>> {
    let header = String::from_utf8(base64url(text)?).ok()?;
    Reader::strict().with_unique_names().read(&header).ok()
}

/// Only what JOSE writes: the URL alphabet without padding.
fn base64url(text: &str) -> Option<Vec<u8>> {
    base64::decode(text).filter(|bytes| base64::encode_url(bytes) == text)
}

#[cfg(test)]
mod tests {
    use super::super::VerifyingKey;
    use super::*;

    /// RFC 7515, appendix A.3: ES256. The payload there travels; the signature is over the same input.
    #[test]
    fn the_vector_of_rfc_7515_for_es256_verifies() {
        let key = VerifyingKey::from_jwk(
            r#"{"kty":"EC","crv":"P-256","kid":"a3",
                "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
        )
        .unwrap();
        let payload =
            "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
        let input = input("eyJhbGciOiJFUzI1NiJ9", payload.as_bytes());
        let signature = base64url(
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        )
        .unwrap();
        assert!(key.verifies(&input, &signature));
        assert!(!key.verifies(&input[1..], &signature));
    }

    /// RFC 8037, appendix A.4 and A.5: Ed25519, which has one signature for one input.
    #[test]
    fn the_vector_of_rfc_8037_for_eddsa_is_made_and_verifies() {
        let key = SigningKey::from_jwk(
            r#"{"kty":"OKP","crv":"Ed25519","kid":"a4",
                "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
                "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
        )
        .unwrap();
        let input = input("eyJhbGciOiJFZERTQSJ9", b"Example of Ed25519 signing");
        let signature = key.sign(&input);
        assert_eq!(
            base64::encode_url(&signature),
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        );
        assert!(key.verifying_key().verifies(&input, &signature));
    }

    /// RFC 6979, appendix A.2.5: P-256 with SHA-256, message "sample".
    #[test]
    fn the_vector_of_rfc_6979_for_es256_is_made() {
        let number = [
            0xC9, 0xAF, 0xA9, 0xD8, 0x45, 0xBA, 0x75, 0x16, 0x6B, 0x5C, 0x21, 0x57, 0x67, 0xB1,
            0xD6, 0x93, 0x4E, 0x50, 0xC3, 0xDB, 0x36, 0xE8, 0x9B, 0x12, 0x7B, 0x8A, 0x62, 0x2B,
            0x12, 0x0F, 0x67, 0x21,
        ];
        let key = SigningKey::es256("a2", &number).unwrap();
        let hex: String = key
            .sign(b"sample")
            .iter()
            .map(|b| format!("{b:02X}"))
            .collect();
        assert_eq!(
            hex,
            "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716\
             F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"
        );
    }
}
