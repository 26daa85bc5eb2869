//! What is allocated, counted: nothing for up to eight updates, once for more.
#![allow(missing_docs)]

use allocation_counter::AllocationInfo;
use pinquery::{BatchUpdate, Datastream, Pairs, Template, Updates, VirtualPin, parse};
use pinquery_test_support::convert::UPDATE_SIZE;

/// The most that is held at a time: what all 256 updates take.
const MOST: u64 = 256 * UPDATE_SIZE as u64;

fn measure<T>(work: impl FnOnce() -> T) -> AllocationInfo {
    allocation_counter::measure(|| {
        std::hint::black_box(work());
    })
}

fn template() -> Template {
    let double = Datastream::double(..=100.0).unwrap();
    (0..100)
        .map(|pin| (VirtualPin(pin), double.clone()))
        .chain((100..200).map(|pin| (VirtualPin(pin), Datastream::string())))
        .chain((200..=255).map(|pin| (VirtualPin(pin), Datastream::location())))
        .collect()
}

#[track_caller]
fn hold(query: &str, expected: u64) {
    let template = template();
    let used = measure(|| parse(query, |_| Some(&template)).map(|updates| updates.len()));
    let shown = query.get(..200).unwrap_or(query);
    assert_eq!(used.count_total, expected, "{shown}");
    assert!(
        used.bytes_total <= MOST,
        "{} bytes: {shown}",
        used.bytes_total
    );
}

fn pins(count: u8, value: &str) -> String {
    (0..count).fold(String::from("token=t"), |query, pin| {
        format!("{query}&v{pin}={value}")
    })
}

#[test]
fn up_to_eight_updates_allocate_nothing() {
    for pins_ in 0..=8 {
        hold(&pins(pins_, "21.5"), 0);
        hold(&pins(pins_, "+%31e999"), 0);
    }
    hold(
        "token=t&v100=Occupied%20and%20dark&v101=caf%C3%A9&v200=1,2&v201=1&v201=2",
        0,
    );
    hold(&format!("token=t&v1={}", "%31".repeat(1365)), 0);
}

#[test]
fn more_updates_allocate_once() {
    for pins_ in [9, 10, 64, 100] {
        hold(&pins(pins_, "21.5"), 1);
        hold(&format!("{}{}", pins(pins_, "1"), "&".repeat(1000)), 1);
    }
}

#[test]
fn no_length_of_a_query_needs_more_than_all_pins_do() {
    let nine = pins(9, "21.5");
    for again in [
        "&", "&&v0", "&x", "&=", "&token=t", "&v0=1", "&v99=", "&v99=%31",
    ] {
        hold(&format!("{nine}{}", again.repeat(1_000_000)), 1);
    }
    let every: String = (0..=255).map(|pin| format!("&v{pin}=1,1")).collect();
    let places: Template = (0..=255)
        .map(|pin| (VirtualPin(pin), Datastream::location()))
        .collect();
    for tail in ["", "&", "&v0=1,1", "&x", "&token=t"] {
        let query = format!("token=t{every}{}", tail.repeat(100_000));
        let used = measure(|| parse(&query, |_| Some(&places)).is_ok());
        assert_eq!(used.count_total, 1, "{tail}");
        assert!(used.bytes_total <= MOST, "{tail}: {used:?}");
    }
}

#[test]
fn the_ninth_update_makes_room_for_all_whichever_way_it_is_read() {
    let escaped: String = (0..40).map(|pin| format!("&%76{pin}=1")).collect();
    let long = |pin| format!("&v{pin}={}", "%41".repeat(40));
    let texts: String = (100..140).map(long).collect();
    let plain: String = (100..140)
        .map(|pin| format!("&v{pin}={:a<40}", ""))
        .collect();
    for query in [
        format!("token=t{escaped}"),
        format!("token=t{texts}"),
        format!("token=t{plain}"),
        format!("{}{texts}", pins(8, "1")),
        format!("{}{plain}", pins(8, "1")),
        pins(40, "%20%31e0"),
        pins(100, "+1"),
    ] {
        hold(&query, 1);
    }
}

#[test]
fn a_variable_that_is_filled_again_allocates_where_its_room_does_not_suffice() {
    let template = template();
    let mut updates = Updates::new();
    for (pins_, expected) in [(8, 0), (100, 1), (9, 0), (100, 0), (8, 0), (64, 0)] {
        let query = pins(pins_, "21.5");
        let request = BatchUpdate::parse(&query).unwrap();
        let mut filled = updates.recycle();
        let used = measure(|| request.updates_into(&template, &mut filled).unwrap());
        assert_eq!(used.count_total, expected, "{pins_} pins");
        assert_eq!(filled.len(), usize::from(pins_));
        updates = filled.recycle();
    }
}

#[test]
fn a_refusal_allocates_nothing_of_its_own() {
    for query in [
        "",
        "v1=1",
        "token=",
        "token=%zz",
        "token=t&token=t",
        "token=t&x=1",
        "token=t&v1=x",
        "token=t&v1=1&v1=1",
        "token=t&v100=%FF",
        "token=t&v200=1&v1=2",
        "token=t",
    ] {
        hold(query, 0);
    }
}

#[test]
fn a_ninth_pin_allocates_once_refused_or_not() {
    let eight = pins(8, "21.5");
    for no_pin in ["v7=1", "x=1", "token=t"] {
        hold(&format!("{eight}&{no_pin}"), 0);
    }
    for ninth in [
        "v9=x",
        "v9=21.5",
        "v9=%31",
        "v100=%zz",
        "v100=a+b",
        "v200=1",
        "v200=1&v200=2",
    ] {
        hold(&format!("{eight}&{ninth}"), 1);
        // What comes behind has room then, and nothing is taken back.
        hold(&format!("{eight}&{ninth}&v10=x"), 1);
    }
}

#[test]
fn there_is_room_for_no_more_updates_than_the_rest_of_the_query_may_hold() {
    let template = template();
    let eight = pins(8, &format!("{:0>60}", "21.5"));
    for ninth in ["v9=1", "v9=%31", "%769=1", "v100=a+b", "v200=1,2"] {
        let query = format!("{eight}&{ninth}");
        let used = measure(|| parse(&query, |_| Some(&template)).unwrap().len());
        let most = (8 + ninth.len() / 3 + 1) * UPDATE_SIZE;
        assert!(used.bytes_total <= most as u64, "{ninth}: {used:?}");
    }
}

#[test]
fn a_token_with_escapes_may_cost_one() {
    hold("token=%74oken&v1=1", 1);
    hold("token=%74oken", 1);
}

#[test]
fn pairs_and_the_token_borrow() {
    let query = "token=t&v1=a%20b";
    let walk = || {
        let request = BatchUpdate::parse(query).unwrap();
        let decoded = Pairs::new(query).filter(|pair| pair.value.decode().is_ok());
        decoded.count() + request.token().len()
    };
    assert_eq!(measure(walk).count_total, 0);
}
