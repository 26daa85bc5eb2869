//! Section 4: locations, in one segment or in two.

use super::{accepts, accepts_value, rejects, rejects_value};
use crate::plain::Value::{self, Boolean};

fn location(longitude: f64, latitude: f64) -> Value {
    Value::Location {
        longitude,
        latitude,
    }
}

#[test]
fn a_location_may_be_one_segment_with_a_comma() {
    accepts_value(5, "30.5,50.4", location(30.5, 50.4));
    accepts_value(5, "+-180+%2C+90+", location(-180.0, 90.0));
    accepts_value(5, "180,-90", location(180.0, -90.0));
    accepts_value(5, "-0,1e1", location(-0.0, 10.0));
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
        rejects_value(5, value);
    }
}

#[test]
fn a_location_may_be_two_adjacent_segments() {
    let there = [(5, location(30.5, 50.4), None)];
    accepts("token=t&v5=30.5&v5=50.4", &there);
    accepts("v5=+30.5&&&%565=50.4+&token=t", &there);
    accepts(
        "v6=1&v5=30.5&v5=50.4&v255=0&token=t",
        &[
            (6, Boolean(true), None),
            (5, location(30.5, 50.4), None),
            (255, Boolean(false), None),
        ],
    );
}

#[test]
fn a_longitude_is_checked_before_the_next_segment() {
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
        rejects(
            format!("token=t&v5=30.5{rest}"),
            "invalid_value",
            11,
            "30.5",
        );
    }
    rejects("v5=30.5&token=t&v5=50.4", "invalid_value", 3, "30.5");
    rejects("token=t&v5=181&v5=50.4", "invalid_value", 11, "181");
    rejects("token=t&v5=&v5=50.4", "invalid_value", 11, "");
    rejects("token=t&v5=181&v5=x", "invalid_value", 11, "181");
}

#[test]
fn a_latitude_has_its_own_span() {
    for latitude in ["", "x", "90.5", "50.4,1", "1%2C", "%zz"] {
        let query = format!("token=t&v5=30.5&v5={latitude}&w=1");
        rejects(query, "invalid_value", 19, latitude);
    }
}

#[test]
fn a_repeated_location_is_a_duplicate() {
    rejects("token=t&v5=1,2&v5=3", "duplicate_pin", 15, "v5");
    rejects("token=t&v5=1&v5=2&V5=3", "duplicate_pin", 18, "V5");
    rejects("token=t&v5=1&v5=2&v6=1&v5=%zz", "duplicate_pin", 23, "v5");
}

#[test]
fn each_half_of_a_location_may_have_4096_bytes() {
    let (longest, longer) = ("0".repeat(4096), "0".repeat(4097));
    let halves = |longitude, latitude| format!("token=t&v5={longitude}&v5={latitude}");
    let null_island = [(5, location(0.0, 0.0), None)];
    accepts(&halves(&longest, &longest), &null_island);
    rejects(halves(&longer, &longest), "invalid_value", 11, &longer);
    rejects(
        halves(&longest, &longer),
        "invalid_value",
        11 + 4096 + 4,
        &longer,
    );
}
