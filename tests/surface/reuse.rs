//! A buffer that is reused for several queries.

use pinquery::{BatchUpdate, Datastream, Template, Updates, VirtualPin};

/// Returns a query with `count` pins. Its values differ from those for any other count.
fn pins(count: usize) -> String {
    (0..count).fold(String::from("token=t"), |query, pin| {
        format!("{query}&v{pin}={count}.{pin}")
    })
}

#[test]
fn a_reused_buffer_contains_only_the_updates_of_the_last_query() {
    let datastream = Datastream::string();
    let template: Template = (0..=255)
        .map(|pin| (VirtualPin(pin), datastream.clone()))
        .collect();
    let counts = [1, 7, 8, 9, 10, 17, 255, 256];
    let accepted = counts.map(pins);
    let rejected = accepted.clone().map(|query| query + "&x");
    for first in accepted.iter().chain(&rejected) {
        for (second, count) in accepted.iter().zip(counts) {
            let mut updates = Updates::new();
            let mut fill = |query| {
                let request = BatchUpdate::parse(query).unwrap();
                let filled = request.updates_into(&template, &mut updates);
                (filled.is_ok(), updates.to_string())
            };
            let _ = fill(first.as_str());
            let expected = second["token=t&".len()..].replace('&', ", ");
            assert_eq!(fill(second.as_str()), (true, expected), "{count} pins");
            // After an error the buffer is empty.
            assert_eq!(fill("token=t&v0=1&x"), (false, String::new()));
        }
    }
}
