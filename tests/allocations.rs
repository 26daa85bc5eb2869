//! What is allocated, counted: nothing for up to eight updates, once for more.
#![allow(missing_docs)]

use pinquery::{BatchUpdate, Datastream, Pairs, Template, VirtualPin, parse};

fn count<T>(work: impl FnOnce() -> T) -> u64 {
    let counted = allocation_counter::measure(|| {
        std::hint::black_box(work());
    });
    counted.count_total
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
    let allocations = count(|| parse(query, |_| Some(&template)).map(|updates| updates.len()));
    assert_eq!(allocations, expected, "{query}");
}

fn pins(count: usize, value: &str) -> String {
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
    assert_eq!(count(walk), 0);
}
