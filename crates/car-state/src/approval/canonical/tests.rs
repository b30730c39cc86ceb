use proptest::prelude::*;
use serde_json::json;

use super::*;

fn of(text: &str) -> String {
    canonical(&serde_json::from_str(text).unwrap()).unwrap()
}

#[test]
fn the_rfcs_sample_has_the_rfcs_text() {
    // RFC 8785, 3.2.2 and 3.2.3.
    let sample = r#"{
        "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
        "literals": [null, true, false]
    }"#;
    let expected = concat!(
        r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"#,
        r#""string":"€$\u000f\nA'B\"\\\\\"/"}"#
    );
    assert_eq!(of(sample), expected);
}

#[test]
fn names_are_sorted_by_their_utf_16_units_as_the_rfc_has_them() {
    let sample = r#"{
        "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One", "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis"
    }"#;
    let text = of(sample);
    let order = [
        "Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew",
    ];
    let places: Vec<_> = order.iter().map(|word| text.find(word).unwrap()).collect();
    assert!(places.is_sorted(), "{text}");
}

#[test]
fn numbers_are_written_as_in_the_rfcs_appendix() {
    let vectors: &[(u64, &str)] = &[
        (0x0000_0000_0000_0000, "0"),
        (0x8000_0000_0000_0000, "0"),
        (0x0000_0000_0000_0001, "5e-324"),
        (0x8000_0000_0000_0001, "-5e-324"),
        (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
        (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
        (0x4340_0000_0000_0000, "9007199254740992"),
        (0xc340_0000_0000_0000, "-9007199254740992"),
        (0x4430_0000_0000_0000, "295147905179352830000"),
        (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
        (0x44b5_2d02_c7e1_4af6, "1e+23"),
        (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
        (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
        (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
        (0x444b_1ae4_d6e2_ef50, "1e+21"),
        (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
        (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
        (0x41b3_de43_5555_5553, "333333333.3333332"),
        (0x41b3_de43_5555_5554, "333333333.33333325"),
        (0x41b3_de43_5555_5555, "333333333.3333333"),
        (0x41b3_de43_5555_5556, "333333333.3333334"),
        (0x41b3_de43_5555_5557, "333333333.33333343"),
        (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
    ];
    for (bits, expected) in vectors {
        let text = canonical(&json!(f64::from_bits(*bits))).unwrap();
        assert_eq!(&text, expected, "{bits:016x}");
    }
}

#[test]
fn spellings_of_one_number_have_one_text() {
    for same in [
        &["1", "1.0", "1e0", "10e-1", "0.1e1"][..],
        &["0", "-0", "0.0", "-0.0", "0e7"],
        &["100", "1e2", "1E+2", "100.000"],
        &["100000000000000000", "1e17", "100000000000000000.0"],
        &[
            "9223372036854775808",
            "9223372036854775808.0",
            "9.223372036854775808e18",
        ],
        &["-9223372036854775808", "-9223372036854775808.0"],
    ] {
        for spelling in same {
            assert_eq!(of(spelling), of(same[0]), "{spelling}");
        }
    }
}

#[test]
fn neighbours_beyond_the_doubles_do_not_pass_for_each_other() {
    let all = [
        "9007199254740992",
        "9007199254740993",
        "9223372036854775807",
        "9223372036854775808",
        "9223372036854776000",
        "18446744073709551615",
        "18446744073709551616",
        "-9007199254740992",
        "-9007199254740993",
        "-9223372036854775808",
    ];
    for (index, one) in all.iter().enumerate() {
        for other in &all[index + 1..] {
            assert_ne!(of(one), of(other), "{one} {other}");
        }
    }
}

/// Any value, with names that sort differently in UTF-8 and UTF-16.
pub(in crate::approval) fn values() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "[a-c]{0,3}",
        "[\u{e000}-\u{ffff}\u{1f600}\"\\\\\n]{0,3}",
        any::<String>()
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-100..100_i64).prop_map(Value::from),
        any::<f64>().prop_filter_map("finite", |double| Number::from_f64(double).map(Value::from)),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((text.clone(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// The value as another program could write it: members the other way round, blanks, escapes, other spellings.
fn respelled(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: Vec<_> = members
                .iter()
                .rev()
                .map(|(name, value)| format!("{} :\t{}", escaped(name), respelled(value)))
                .collect();
            format!("{{ {} }}", members.join(" ,\n"))
        }
        Value::Array(elements) => {
            let elements: Vec<_> = elements.iter().map(respelled).collect();
            format!("[ {} ]", elements.join(" , "))
        }
        Value::String(text) => escaped(text),
        Value::Number(number) if number.is_f64() => format!("{:e}", number.as_f64().unwrap()),
        Value::Number(number) if number.as_i64().is_some_and(|whole| whole.abs() < 1 << 53) => {
            // Ten times as much, and a tenth of that; a number does not begin with a nought.
            let tens = if number.as_i64() == Some(0) { "" } else { "0" };
            format!("{number}{tens}.00e-1")
        }
        other => other.to_string(),
    }
}

fn escaped(text: &str) -> String {
    let units: String = text
        .encode_utf16()
        .map(|unit| format!("\\u{unit:04X}"))
        .collect();
    format!("\"{units}\"")
}

proptest! {
    #[test]
    fn neither_the_order_of_members_nor_their_spelling_makes_a_difference(value in values()) {
        let text = canonical(&value).unwrap();
        prop_assert_eq!(of(&respelled(&value)), text.clone());
        // And it is a fixed point, which says the same.
        prop_assert_eq!(of(&text), text);
    }

    #[test]
    fn it_is_the_rfcs_text_where_doubles_hold_every_number(value in values()) {
        fn within(value: &Value) -> bool {
            match value {
                Value::Number(number) => number.as_f64().is_none_or(|double| {
                    double.abs() <= EXACT || double.abs() >= TWO_TO_64
                }),
                Value::Array(elements) => elements.iter().all(within),
                Value::Object(members) => members.values().all(within),
                _ => true,
            }
        }
        prop_assume!(within(&value));
        prop_assert_eq!(canonical(&value).unwrap(), serde_json_canonicalizer::to_string(&value).unwrap());
    }

    #[test]
    fn whole_numbers_are_told_apart(one in any::<u64>(), step in 1..3_u64) {
        let other = one.wrapping_add(step);
        prop_assert_ne!(canonical(&json!(one)).unwrap(), canonical(&json!(other)).unwrap());
    }
}
