//! Section 4: values of each type.

use super::{accepts, accepts_value, adjusts, rejects, rejects_value};
use crate::plain::Adjustment::{Fallback, Max, Min};
use crate::plain::Value::{Boolean, Double, Enumerable, Integer, Location, String as Text};

#[test]
fn only_white_space_around_a_value_is_ignored() {
    for (pin, number) in [(1, Integer(5)), (2, Double(5.0)), (9, Enumerable(-1))] {
        let digits = if pin == 9 { "-1" } else { "5" };
        accepts_value(pin, &format!("+%20%09%0A%0C%0D{digits}\t\n\x0C\r+"), number);
    }
    accepts_value(6, "+true+", Boolean(true));
    accepts_value(2, "%2B5", Double(5.0));
    for inside in [
        "1e+5",
        "5+5",
        "-+5",
        "%0B5",
        "5%00",
        "5%C2%A0",
        "5\u{3000}",
        "+",
    ] {
        rejects_value(1, inside);
        rejects_value(2, inside);
        rejects_value(5, &format!("{inside},0"));
    }
    rejects_value(6, "t+rue");
}

#[test]
fn values_have_at_most_4096_bytes_before_decoding() {
    let longest = "0".repeat(4096);
    accepts_value(1, &longest, Integer(0));
    accepts_value(2, &longest, Double(0.0));
    accepts_value(4, &longest, Enumerable(0));
    accepts_value(
        5,
        &format!("{},0", "0".repeat(4094)),
        Location {
            longitude: 0.0,
            latitude: 0.0,
        },
    );
    accepts_value(6, &format!("{}1", "+".repeat(4095)), Boolean(true));
    for pin in [1, 2, 4, 6] {
        rejects_value(pin, &format!("{}1", "+".repeat(4096)));
        rejects_value(pin, &format!("{}+1", "%20".repeat(1365)));
    }
    rejects_value(5, &format!("{},0", "0".repeat(4095)));
    accepts_value(10, &"a".repeat(5000), Text("a".repeat(5000)));
}

#[test]
fn integers_are_clamped() {
    accepts_value(1, "0", Integer(0));
    accepts_value(1, "100", Integer(100));
    accepts_value(1, "%2B007", Integer(7));
    accepts_value(1, "-0", Integer(0));
    adjusts(1, "-1", Integer(0), Min);
    adjusts(1, "101", Integer(100), Max);
    adjusts(1, "99999999999999999999", Integer(100), Max);
    adjusts(1, "-99999999999999999999", Integer(0), Min);
    for value in [
        "",
        "123.45",
        "23.0",
        "1e3",
        "0x10",
        "x",
        "-",
        "%2B",
        "--1",
        "%2B-1",
        "1_0",
        "٣",
        "true",
        "99999999999999999999x",
    ] {
        rejects_value(1, value);
    }
}

#[test]
fn integers_are_exact_up_to_the_limits_of_i64() {
    accepts_value(7, "9223372036854775807", Integer(i64::MAX));
    accepts_value(7, "-9223372036854775808", Integer(i64::MIN));
    accepts_value(7, "0009223372036854775807", Integer(i64::MAX));
    adjusts(7, "9223372036854775808", Integer(i64::MAX), Max);
    adjusts(7, "-9223372036854775809", Integer(i64::MIN), Min);
    adjusts(7, "9999999999999999999", Integer(i64::MAX), Max);
    adjusts(7, &"9".repeat(4096), Integer(i64::MAX), Max);
}

#[test]
fn doubles_are_rounded_to_the_nearest() {
    for (value, number) in [
        ("33", 33.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("1.e2", 100.0),
        (".5E-1", 0.05),
        ("007.50", 7.5),
        ("1e%2B5", 1e5),
        ("-0", -0.0),
        ("0e999999999999", 0.0),
        ("-1e-999", -0.0),
        ("4.9e-324", f64::from_bits(1)),
        ("2.4703282292062327e-324", 0.0),
        ("9007199254740993", 9_007_199_254_740_992.0),
        ("1.7976931348623157e308", f64::MAX),
        ("1.7976931348623158e308", f64::MAX),
    ] {
        accepts_value(2, value, Double(number));
    }
    for value in [
        "",
        ".",
        "-",
        "e5",
        ".e5",
        "1e",
        "1e-",
        "1e5.0",
        "1e5e5",
        "1.2.3",
        "nan",
        "NaN",
        "inf",
        "-infinity",
        "0x1p3",
        "1_000",
        "1,5",
        "1f",
        "--1",
        "٣",
    ] {
        rejects_value(2, value);
    }
}

#[test]
fn doubles_are_clamped() {
    adjusts(2, "1e999", Double(f64::MAX), Max);
    adjusts(2, "-1e999", Double(-f64::MAX), Min);
    adjusts(8, "1.5000001", Double(1.5), Max);
    adjusts(8, "-1e-300", Double(0.0), Min);
    accepts_value(8, "1.5", Double(1.5));
}

#[test]
fn zero_keeps_its_sign_at_a_bound_of_zero() {
    accepts_value(8, "-0", Double(-0.0));
    accepts_value(8, "-1e-999", Double(-0.0));
    accepts_value(8, "0", Double(0.0));
}

#[test]
fn strings_are_verbatim_and_limited_in_decoded_bytes() {
    accepts_value(3, "", Text("".into()));
    accepts_value(3, "+a%2B+", Text(" a+ ".into()));
    accepts_value(3, "%61%62%63%64", Text("abcd".into()));
    accepts_value(3, "%C3%A9é", Text("éé".into()));
    accepts_value(3, "%2541", Text("%41".into()));
    accepts_value(3, "=;%26", Text("=;&".into()));
    for value in [
        "abcde", "ééa", "%00", "a%00b", "\0", "%zz", "%", "%FF", "%C0%80",
    ] {
        rejects_value(3, value);
    }
    rejects(b"token=t&v3=\xFF", "invalid_value", 11, b"\xFF");
    accepts("v3&token=t", &[(3, Text("".into()), None)]);
}

#[test]
fn enumerables_are_one_of_the_values_or_the_fallback() {
    accepts_value(4, "130", Enumerable(130));
    accepts_value(4, "%2B020", Enumerable(20));
    accepts_value(4, "-0", Enumerable(0));
    accepts_value(9, "9223372036854775807", Enumerable(i64::MAX));
    adjusts(4, "21", Enumerable(20), Fallback);
    adjusts(4, "-20", Enumerable(20), Fallback);
    adjusts(4, "99999999999999999999", Enumerable(20), Fallback);
    for value in ["", "x", "20.0", "2e1", "99999999999999999999x"] {
        rejects_value(4, value);
    }
    for value in ["0", "9223372036854775808", "99999999999999999999"] {
        rejects_value(9, value);
    }
}

#[test]
fn booleans_are_words_or_digits() {
    for value in ["true", "TRUE", "tRuE", "1", "+1%20"] {
        accepts_value(6, value, Boolean(true));
    }
    for value in ["false", "False", "0"] {
        accepts_value(6, value, Boolean(false));
    }
    for value in [
        "",
        "yes",
        "on",
        "01",
        "00",
        "%2B1",
        "-0",
        "2",
        "1.0",
        "t",
        "tru\u{435}",
    ] {
        rejects_value(6, value);
    }
}
