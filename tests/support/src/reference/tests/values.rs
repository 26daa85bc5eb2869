//! Section 4: values, one datastream after another.

use super::{accepts, does_not_fit, fits, is_adjusted, refuses};
use crate::plain::Adjustment::{Fallback, Max, Min};
use crate::plain::Value::{Boolean, Double, Enumerable, Integer, Location, String as Text};

#[test]
fn white_space_is_ignored_around_a_value_and_an_error_inside() {
    for (pin, number) in [(1, Integer(5)), (2, Double(5.0)), (9, Enumerable(-1))] {
        let digits = if pin == 9 { "-1" } else { "5" };
        fits(pin, &format!("+%20%09%0A%0C%0D{digits}\t\n\x0C\r+"), number);
    }
    fits(6, "+true+", Boolean(true));
    fits(2, "%2B5", Double(5.0));
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
        does_not_fit(1, inside);
        does_not_fit(2, inside);
        does_not_fit(5, &format!("{inside},0"));
    }
    does_not_fit(6, "t+rue");
}

#[test]
fn the_longest_value_has_4096_bytes_as_written() {
    let longest = "0".repeat(4096);
    fits(1, &longest, Integer(0));
    fits(2, &longest, Double(0.0));
    fits(4, &longest, Enumerable(0));
    fits(
        5,
        &format!("{},0", "0".repeat(4094)),
        Location {
            longitude: 0.0,
            latitude: 0.0,
        },
    );
    fits(6, &format!("{}1", "+".repeat(4095)), Boolean(true));
    for pin in [1, 2, 4, 6] {
        does_not_fit(pin, &format!("{}1", "+".repeat(4096)));
        does_not_fit(pin, &format!("{}+1", "%20".repeat(1365)));
    }
    does_not_fit(5, &format!("{},0", "0".repeat(4095)));
    fits(10, &"a".repeat(5000), Text("a".repeat(5000)));
}

#[test]
fn an_integer_is_clamped() {
    fits(1, "0", Integer(0));
    fits(1, "100", Integer(100));
    fits(1, "%2B007", Integer(7));
    fits(1, "-0", Integer(0));
    is_adjusted(1, "-1", Integer(0), Min);
    is_adjusted(1, "101", Integer(100), Max);
    is_adjusted(1, "99999999999999999999", Integer(100), Max);
    is_adjusted(1, "-99999999999999999999", Integer(0), Min);
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
        does_not_fit(1, value);
    }
}

#[test]
fn an_integer_is_exact_to_the_ends_of_i64() {
    fits(7, "9223372036854775807", Integer(i64::MAX));
    fits(7, "-9223372036854775808", Integer(i64::MIN));
    fits(7, "0009223372036854775807", Integer(i64::MAX));
    is_adjusted(7, "9223372036854775808", Integer(i64::MAX), Max);
    is_adjusted(7, "-9223372036854775809", Integer(i64::MIN), Min);
    is_adjusted(7, "9999999999999999999", Integer(i64::MAX), Max);
    is_adjusted(7, &"9".repeat(4096), Integer(i64::MAX), Max);
}

#[test]
fn a_double_is_the_nearest_one() {
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
        fits(2, value, Double(number));
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
        does_not_fit(2, value);
    }
}

#[test]
fn a_double_is_clamped() {
    is_adjusted(2, "1e999", Double(f64::MAX), Max);
    is_adjusted(2, "-1e999", Double(-f64::MAX), Min);
    is_adjusted(8, "1.5000001", Double(1.5), Max);
    is_adjusted(8, "-1e-300", Double(0.0), Min);
    fits(8, "1.5", Double(1.5));
}

#[test]
fn zero_keeps_its_sign_at_a_bound_of_zero() {
    fits(8, "-0", Double(-0.0));
    fits(8, "-1e-999", Double(-0.0));
    fits(8, "0", Double(0.0));
}

#[test]
fn a_string_is_verbatim_and_counted_in_decoded_bytes() {
    fits(3, "", Text("".into()));
    fits(3, "+a%2B+", Text(" a+ ".into()));
    fits(3, "%61%62%63%64", Text("abcd".into()));
    fits(3, "%C3%A9é", Text("éé".into()));
    fits(3, "%2541", Text("%41".into()));
    fits(3, "=;%26", Text("=;&".into()));
    for value in [
        "abcde", "ééa", "%00", "a%00b", "\0", "%zz", "%", "%FF", "%C0%80",
    ] {
        does_not_fit(3, value);
    }
    refuses(b"token=t&v3=\xFF", "invalid_value", 11, b"\xFF");
    accepts("v3&token=t", &[(3, Text("".into()), None)]);
}

#[test]
fn an_enumerable_is_one_of_its_values_or_the_fallback() {
    fits(4, "130", Enumerable(130));
    fits(4, "%2B020", Enumerable(20));
    fits(4, "-0", Enumerable(0));
    fits(9, "9223372036854775807", Enumerable(i64::MAX));
    is_adjusted(4, "21", Enumerable(20), Fallback);
    is_adjusted(4, "-20", Enumerable(20), Fallback);
    is_adjusted(4, "99999999999999999999", Enumerable(20), Fallback);
    for value in ["", "x", "20.0", "2e1", "99999999999999999999x"] {
        does_not_fit(4, value);
    }
    for value in ["0", "9223372036854775808", "99999999999999999999"] {
        does_not_fit(9, value);
    }
}

#[test]
fn a_boolean_is_a_word_or_a_digit() {
    for value in ["true", "TRUE", "tRuE", "1", "+1%20"] {
        fits(6, value, Boolean(true));
    }
    for value in ["false", "False", "0"] {
        fits(6, value, Boolean(false));
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
        does_not_fit(6, value);
    }
}
