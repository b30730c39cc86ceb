use car_protocol::a2a::signing::{
    Algorithm, KeyError, KeyStore, NotCanonical, SigningKey, VerifyError, VerifyingKey, canonical,
    sign, sign_document, verify,
};
use car_protocol::a2a::{Reader, v1};
use serde_json::{Map, Value, json};

use crate::examples_v1;

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn card() -> v1::AgentCard {
    let mut card: v1::AgentCard = Reader::strict()
        .read_value(examples_v1::examples("AgentCard").remove(0))
        .unwrap();
    card.signatures.clear();
    card
}

fn keys() -> [SigningKey; 2] {
    [
        SigningKey::es256("es", &[7; 32]).unwrap(),
        SigningKey::ed25519("ed", &[7; 32]),
    ]
}

fn store() -> KeyStore {
    keys().iter().map(SigningKey::verifying_key).collect()
}

#[test]
fn the_example_of_rfc_8785_is_canonicalised_to_the_byte() {
    let document: Value = serde_json::from_str(
        r#"{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
            "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
            "literals": [null, true, false]}"#,
    )
    .unwrap();
    let expected = concat!(
        r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"#,
        r#""string":"€$\u000f\nA'B\"\\\\\"/"}"#
    );
    assert_eq!(canonical(&object(document)).unwrap(), expected.as_bytes());
}

#[test]
fn names_are_sorted_by_utf_16_as_rfc_8785_wants_it() {
    let document: Value = serde_json::from_str(
        r#"{"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"}"#,
    )
    .unwrap();
    let text = String::from_utf8(canonical(&object(document)).unwrap()).unwrap();
    let words = [
        "Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew",
    ];
    let places: Vec<_> = words.iter().map(|word| text.find(word).unwrap()).collect();
    assert!(places.is_sorted(), "{text}");
}

#[test]
fn a_number_that_javascript_would_change_is_not_signed() {
    let exact = 1_u64 << 53;
    for (number, fits) in [
        (json!(exact), true),
        (json!(exact + 1), false),
        (json!(-(1_i64 << 53) - 1), false),
        (json!(1e300), true),
    ] {
        let result = canonical(&object(json!({ "a": [{ "b": number }] })));
        assert_eq!(result.is_ok(), fits, "{number}");
    }
    let mut card = card();
    card.capabilities.extensions[0]
        .params
        .insert("n".to_owned(), json!(u64::MAX));
    assert_eq!(sign(&mut card, &keys()[0]), Err(NotCanonical));
    assert!(card.signatures.is_empty());
}

#[test]
fn what_is_signed_verifies_as_it_is_sent() {
    for key in keys() {
        let mut card = card();
        sign(&mut card, &key).unwrap();
        let sent = serde_json::to_string(&card).unwrap();
        let verified = verify(&sent, &store()).unwrap();
        assert_eq!(verified.kid(), key.kid());
        card.signatures.clear();
        assert_eq!(verified.into_card().unwrap(), card);
    }
}

#[test]
fn order_and_spaces_do_not_matter_but_every_value_does() {
    let mut card = card();
    sign(&mut card, &keys()[1]).unwrap();
    let sent = serde_json::to_value(&card).unwrap();
    assert!(verify(&serde_json::to_string_pretty(&sent).unwrap(), &store()).is_ok());
    let changed: [fn(&mut Value); 4] = [
        |card| card["name"] = json!("Another"),
        |card| card["unknown"] = json!(null),
        |card| card["capabilities"]["streaming"] = json!(false),
        |card| drop(card.as_object_mut().unwrap().remove("iconUrl")),
    ];
    for change in changed {
        let mut card = sent.clone();
        change(&mut card);
        assert_eq!(
            verify(&card.to_string(), &store()),
            Err(VerifyError::BadSignature)
        );
    }
}

#[test]
fn unknown_fields_are_signed_too() {
    let mut document = object(json!({ "name": "x", "future": { "a": [1.0, "é"] } }));
    sign_document(&mut document, &keys()[0]).unwrap();
    sign_document(&mut document, &keys()[1]).unwrap();
    assert_eq!(document["signatures"].as_array().unwrap().len(), 2);
    let sent = Value::Object(document).to_string();
    for key in keys() {
        let alone = KeyStore::from_iter([key.verifying_key()]);
        assert_eq!(verify(&sent, &alone).unwrap().kid(), key.kid());
    }
    let forged = sent.replace("future", "Future");
    assert_eq!(verify(&forged, &store()), Err(VerifyError::BadSignature));
}

/// A signature with any header over a card, made with our key.
fn with_header(header: &Value) -> String {
    let card = object(json!({ "name": "x" }));
    let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let url = |bytes: &[u8]| {
        let text = serde_json::to_value(car_protocol::a2a::Bytes(bytes.to_vec())).unwrap();
        text.as_str()
            .unwrap()
            .trim_end_matches('=')
            .replace('+', "-")
            .replace('/', "_")
    };
    let protected = url(header.to_string().as_bytes());
    let input = format!("{protected}.{}", url(&canonical(&card).unwrap()));
    let signature = ed25519_dalek::Signer::sign(&key, input.as_bytes());
    let signature = json!({ "protected": protected, "signature": url(&signature.to_bytes()) });
    json!({ "name": "x", "signatures": [signature] }).to_string()
}

#[test]
fn the_header_is_held_to_what_is_understood() {
    let good =
        json!({ "alg": "EdDSA", "kid": "ed", "typ": "JOSE", "jku": "https://evil.example/keys" });
    assert_eq!(verify(&with_header(&good), &store()).unwrap().kid(), "ed");
    for (header, error) in [
        (
            json!({ "alg": "ES256", "kid": "ed" }),
            VerifyError::WrongAlgorithm,
        ),
        (
            json!({ "alg": "none", "kid": "ed" }),
            VerifyError::WrongAlgorithm,
        ),
        (
            json!({ "alg": "EdDSA", "kid": "es" }),
            VerifyError::WrongAlgorithm,
        ),
        (
            json!({ "alg": "EdDSA", "kid": "other" }),
            VerifyError::UnknownKey,
        ),
        (
            json!({ "alg": "EdDSA", "jku": "https://evil.example/keys" }),
            VerifyError::UnknownKey,
        ),
        (
            json!({ "alg": "EdDSA", "kid": "ed", "crit": ["b64"], "b64": false }),
            VerifyError::Malformed,
        ),
        (json!([]), VerifyError::Malformed),
    ] {
        assert_eq!(
            verify(&with_header(&header), &store()),
            Err(error),
            "{header}"
        );
    }
}

#[test]
fn a_card_that_cannot_be_trusted_is_told_apart() {
    let unsigned = serde_json::to_string(&card()).unwrap();
    assert_eq!(verify(&unsigned, &store()), Err(VerifyError::Unsigned));
    assert_eq!(
        verify(r#"{"signatures":[]}"#, &store()),
        Err(VerifyError::Unsigned)
    );
    let signed = with_header(&json!({ "alg": "EdDSA", "kid": "ed" }));
    assert_eq!(
        verify(&signed, &KeyStore::default()),
        Err(VerifyError::UnknownKey)
    );
    // A second name could show another parser another card.
    let twice = signed.replacen('{', r#"{"name":"y","#, 1);
    assert!(matches!(
        verify(&twice, &store()),
        Err(VerifyError::Document(_))
    ));
    assert!(matches!(
        verify("[]", &store()),
        Err(VerifyError::Document(_))
    ));
    let padded = signed.replace("\",\"signature\"", "==\",\"signature\"");
    assert_ne!(padded, signed);
    assert_eq!(verify(&padded, &store()), Err(VerifyError::Malformed));
    let many: Vec<_> = (0..17)
        .map(|_| json!({ "protected": "e30", "signature": "AA" }))
        .collect();
    let many = json!({ "signatures": many }).to_string();
    assert_eq!(verify(&many, &store()), Err(VerifyError::TooManySignatures));
}

#[test]
fn keys_come_as_json_web_keys() {
    let set = r#"{"keys":[
        {"kty":"EC","crv":"P-256","kid":"a","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
         "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
        {"kty":"OKP","crv":"Ed25519","kid":"b","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
        {"kty":"RSA","kid":"c","n":"AQAB","e":"AQAB"}]}"#;
    let store = KeyStore::from_jwks(set).unwrap();
    assert_eq!(store.len(), 2);
    assert_eq!(
        store.get("a").map(VerifyingKey::algorithm),
        Some(Algorithm::Es256)
    );
    assert_eq!(
        store.get("b").map(VerifyingKey::algorithm),
        Some(Algorithm::EdDsa)
    );
    let of = |text: &str| VerifyingKey::from_jwk(text).unwrap_err();
    assert_eq!(of(r#"{"kty":"RSA","kid":"c"}"#), KeyError::Unsupported);
    assert_eq!(
        of(r#"{"kty":"OKP","crv":"Ed25519","x":"AA"}"#),
        KeyError::NoKid
    );
    assert_eq!(
        of(r#"{"kty":"OKP","crv":"Ed25519","kid":"k","x":"AA"}"#),
        KeyError::Invalid
    );
    assert_eq!(
        KeyStore::from_jwks(&set.replace("\"b\"", "\"a\"")),
        Err(KeyError::KidTwice)
    );
    assert_eq!(
        SigningKey::es256("k", &[0; 32]).unwrap_err(),
        KeyError::Invalid
    );
    let shown = format!("{:?}", keys()[0]);
    assert!(
        shown.contains("es") && !shown.contains("07070707"),
        "{shown}"
    );
}
