//! Section 4: locations, in one segment or in two.

use super::{accepts, does_not_fit, fits, refuses};
use crate::plain::Value::{self, Boolean};

fn place(longitude: f64, latitude: f64) -> Value {
    Value::Location {
        longitude,
        latitude,
    }
}

#[test]
fn a_location_is_one_segment_with_a_comma() {
    fits(5, "30.5,50.4", place(30.5, 50.4));
    fits(5, "+-180+%2C+90+", place(-180.0, 90.0));
    fits(5, "180,-90", place(180.0, -90.0));
    fits(5, "-0,1e1", place(-0.0, 10.0));
    for value in [
        ",",
        "1,",
        ",1",
        "1,2,3",
        "1,2,",
        "180.0001,0",
        "-181,0",
        "0,90.0001",
        "0,-1e999",
        "x,0",
        "0,nan",
        "1;2",
        "1,%zz",
        "%FF,1",
    ] {
        does_not_fit(5, value);
    }
}

#[test]
fn a_location_is_two_segments_in_a_row() {
    let there = [(5, place(30.5, 50.4), None)];
    accepts("token=t&v5=30.5&v5=50.4", &there);
    accepts("v5=+30.5&&&%565=50.4+&token=t", &there);
    accepts(
        "v6=1&v5=30.5&v5=50.4&v255=0&token=t",
        &[
            (6, Boolean(true), None),
            (5, place(30.5, 50.4), None),
            (255, Boolean(false), None),
        ],
    );
}

#[test]
fn a_longitude_is_judged_before_the_next_segment() {
    for rest in [
        "",
        "&",
        "&v6=1",
        "&w=1",
        "&token=t",
        "&%zz5=1",
        "&v5%zz=1",
        "&v6=1&v5=2",
    ] {
        refuses(
            format!("token=t&v5=30.5{rest}"),
            "invalid_value",
            11,
            "30.5",
        );
    }
    refuses("v5=30.5&token=t&v5=50.4", "invalid_value", 3, "30.5");
    refuses("token=t&v5=181&v5=50.4", "invalid_value", 11, "181");
    refuses("token=t&v5=&v5=50.4", "invalid_value", 11, "");
    refuses("token=t&v5=181&v5=x", "invalid_value", 11, "181");
}

#[test]
fn a_latitude_has_its_own_span() {
    for latitude in ["", "x", "90.5", "50.4,1", "1%2C", "%zz"] {
        let query = format!("token=t&v5=30.5&v5={latitude}&w=1");
        refuses(query, "invalid_value", 19, latitude);
    }
}

#[test]
fn a_location_given_again_is_a_duplicate() {
    refuses("token=t&v5=1,2&v5=3", "duplicate_pin", 15, "v5");
    refuses("token=t&v5=1&v5=2&V5=3", "duplicate_pin", 18, "V5");
    refuses("token=t&v5=1&v5=2&v6=1&v5=%zz", "duplicate_pin", 23, "v5");
}

#[test]
fn each_half_of_a_location_has_4096_bytes() {
    let (longest, longer) = ("0".repeat(4096), "0".repeat(4097));
    let halves = |longitude, latitude| format!("token=t&v5={longitude}&v5={latitude}");
    let null_island = [(5, place(0.0, 0.0), None)];
    accepts(&halves(&longest, &longest), &null_island);
    refuses(halves(&longer, &longest), "invalid_value", 11, &longer);
    refuses(
        halves(&longest, &longer),
        "invalid_value",
        11 + 4096 + 4,
        &longer,
    );
}
