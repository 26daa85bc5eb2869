//! Counts allocations: none for up to eight updates, one for more.
#![allow(missing_docs)]

use allocation_counter::AllocationInfo;
use pinquery::{BatchUpdate, Datastream, Pairs, Template, Updates, VirtualPin, parse};
use pinquery_test_support::convert::UPDATE_SIZE;

/// The size of 256 updates, the most that a query has.
const MAX_BYTES: u64 = 256 * UPDATE_SIZE as u64;

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
fn check_allocations(query: &str, expected: u64) {
    let template = template();
    let used = measure(|| parse(query, |_| Some(&template)).map(|updates| updates.len()));
    let shown = query.get(..200).unwrap_or(query);
    assert_eq!(used.count_total, expected, "{shown}");
    assert!(
        used.bytes_total <= MAX_BYTES,
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
    for count in 0..=8 {
        check_allocations(&pins(count, "21.5"), 0);
        check_allocations(&pins(count, "+%31e999"), 0);
    }
    check_allocations(
        "token=t&v100=Occupied%20and%20dark&v101=caf%C3%A9&v200=1,2&v201=1&v201=2",
        0,
    );
    check_allocations(&format!("token=t&v1={}", "%31".repeat(1365)), 0);
}

#[test]
fn segment_by_segment_nothing_is_allocated() {
    let template = template();
    let query = format!(
        "{}&v200=1&v200=2&v100=%C3%A9&x&v0=1&v1=x",
        pins(100, "21.5")
    );
    let request = BatchUpdate::parse(&query).unwrap();
    let results = measure(|| request.results(&template).filter(Result::is_ok).count());
    assert_eq!(results.count_total, 0);
    assert_eq!(measure(|| request.pairs().count()).count_total, 0);
    for (_, datastream) in &template {
        for pair in Pairs::new("v1=21.5&v1=a%20b&v1=1%2C2&v1=%zz") {
            let used = measure(|| datastream.parse_encoded(pair.value));
            assert_eq!(used.count_total, 0);
        }
        for text in ["21.5", "a b", "1,2", "%zz"] {
            assert_eq!(measure(|| datastream.parse(text)).count_total, 0);
        }
    }
}

#[test]
fn more_updates_allocate_once() {
    for count in [9, 10, 64, 100] {
        check_allocations(&pins(count, "21.5"), 1);
        check_allocations(&format!("{}{}", pins(count, "1"), "&".repeat(1000)), 1);
    }
}

#[test]
fn long_queries_allocate_no_more_than_256_updates() {
    let nine = pins(9, "21.5");
    for repeated in [
        "&", "&&v0", "&x", "&=", "&token=t", "&v0=1", "&v99=", "&v99=%31",
    ] {
        check_allocations(&format!("{nine}{}", repeated.repeat(1_000_000)), 1);
    }
    let every: String = (0..=255).map(|pin| format!("&v{pin}=1,1")).collect();
    let locations: Template = (0..=255)
        .map(|pin| (VirtualPin(pin), Datastream::location()))
        .collect();
    for tail in ["", "&", "&v0=1,1", "&x", "&token=t"] {
        let query = format!("token=t{every}{}", tail.repeat(100_000));
        let used = measure(|| parse(&query, |_| Some(&locations)).is_ok());
        assert_eq!(used.count_total, 1, "{tail}");
        assert!(used.bytes_total <= MAX_BYTES, "{tail}: {used:?}");
    }
}

#[test]
fn the_ninth_update_reserves_capacity_for_all_on_both_paths() {
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
        check_allocations(&query, 1);
    }
}

#[test]
fn capacity_suffices_for_the_shortest_segments() {
    let template: Template = (0..=255)
        .map(|pin| (VirtualPin(pin), Datastream::string()))
        .collect();
    let query = "token=t&v10&v11&v12&v13&v14&v15&v16&v17&v0&v1&v2&v3&v4&v5&v6&v7&v8&v9";
    let used = measure(|| assert_eq!(parse(query, |_| Some(&template)).unwrap().len(), 18));
    assert_eq!(used.count_total, 1);
}

#[test]
fn empty_segments_reserve_no_capacity() {
    let template = template();
    let query = format!("{}{}&v9=1", pins(8, "1"), "&".repeat(1000));
    let used = measure(|| assert_eq!(parse(&query, |_| Some(&template)).unwrap().len(), 9));
    assert!(used.bytes_total < 1000, "{used:?}");
}

#[test]
fn reused_updates_allocate_only_to_grow() {
    let template = template();
    let cases = [(8, 0), (9, 1), (100, 1), (9, 0), (100, 0), (8, 0), (64, 0)];
    // `Updates` borrows the queries, so reuse across calls needs queries that outlive it.
    let queries = cases.map(|(count, _)| pins(count, "21.5"));
    let mut updates = Updates::new();
    for (query, (count, expected)) in queries.iter().zip(cases) {
        let request = BatchUpdate::parse(query).unwrap();
        let used = measure(|| request.updates_into(&template, &mut updates).unwrap());
        assert_eq!(used.count_total, expected, "{count} pins");
        assert_eq!(updates.len(), usize::from(count));
    }
}

#[test]
fn an_error_keeps_the_buffer() {
    let template = template();
    let accepted = pins(100, "21.5");
    let rejected = ["&x", "&v0=1", "&v150=%FF", "&token=t"].map(|tail| accepted.clone() + tail);
    let mut updates = Updates::new();
    let mut fill = |query| {
        let request = BatchUpdate::parse(query).unwrap();
        let used = measure(|| request.updates_into(&template, &mut updates));
        (used.count_total, updates.len())
    };
    assert_eq!(fill(&accepted), (1, 100));
    for query in &rejected {
        assert_eq!(fill(query), (0, 0), "{}", &query[accepted.len()..]);
        assert_eq!(fill(&accepted), (0, 100));
    }
}

#[test]
fn errors_do_not_allocate() {
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
        check_allocations(query, 0);
    }
}

#[test]
fn a_rejected_ninth_pin_allocates_nothing() {
    let eight = pins(8, "21.5");
    let long = format!("v100={}", "a".repeat(1025));
    for ninth in [
        "v7=1",
        "x=1",
        "token=t",
        "v9",
        "v9=x",
        "%769=x",
        "v100=%zz",
        "v100=%FF",
        "v100=a%00",
        &long,
        "v200=1",
        "v200=1&v201=2",
    ] {
        check_allocations(&format!("{eight}&{ninth}"), 0);
    }
}

#[test]
fn a_ninth_pin_allocates_once_even_if_a_later_one_is_rejected() {
    let eight = pins(8, "21.5");
    for ninth in [
        "v9=21.5",
        "v9=%31",
        "%769=1",
        "v100=a",
        "v100=a+b",
        "v200=1&v200=2",
    ] {
        check_allocations(&format!("{eight}&{ninth}"), 1);
        // The buffer is kept for the segments that follow.
        check_allocations(&format!("{eight}&{ninth}&v10=x"), 1);
    }
}

#[test]
fn capacity_is_limited_by_the_rest_of_the_query() {
    let template = template();
    let eight = pins(8, &format!("{:0>60}", "21.5"));
    for ninth in ["v9=1", "v9=%31", "%769=1", "v100=a+b", "v200=1,2"] {
        let query = format!("{eight}&{ninth}");
        let used = measure(|| parse(&query, |_| Some(&template)).unwrap().len());
        let max = (8 + ninth.len() / 3 + 1) * UPDATE_SIZE;
        assert!(used.bytes_total <= max as u64, "{ninth}: {used:?}");
    }
}

#[test]
fn capacity_is_limited_by_the_pins_of_the_template() {
    let template: Template = (0..16)
        .map(|pin| (VirtualPin(pin), Datastream::string()))
        .collect();
    let query = pins(16, &"a".repeat(40));
    let used = measure(|| parse(&query, |_| Some(&template)).unwrap().len());
    assert_eq!(used.count_total, 1);
    assert_eq!(used.bytes_total, 16 * UPDATE_SIZE as u64);
}

#[test]
fn a_token_with_escapes_allocates_once() {
    check_allocations("token=%74oken&v1=1", 1);
    check_allocations("token=%74oken", 1);
}

#[test]
fn pairs_and_plain_tokens_borrow() {
    let query = "token=t&v1=a%20b";
    let iterate = || {
        let request = BatchUpdate::parse(query).unwrap();
        let decoded = Pairs::new(query).filter(|pair| pair.value.decode().is_ok());
        decoded.count() + request.token().len()
    };
    assert_eq!(measure(iterate).count_total, 0);
}

#[test]
fn decoded_strings_have_no_spare_capacity() {
    for query in ["v1=a%20b+c", "v1=%E6%97%A5", "v1=%41%42%43", "v1=abc"] {
        let text = Pairs::new(query).next().unwrap().value.decode().unwrap();
        let string = String::from(text);
        assert_eq!(string.capacity(), string.len(), "{query}");
    }
}

#[test]
fn an_owned_token_is_not_copied_again() {
    let into_owned = |query: &str| {
        let token = BatchUpdate::parse(query).unwrap().token().clone();
        measure(|| token.into_owned()).count_total
    };
    assert_eq!(into_owned("token=t&v1=1"), 1);
    assert_eq!(into_owned("token=%74oken&v1=1"), 0);
}
