//! The same requests through the Rust API: the baseline for the C API.
#![allow(missing_docs)]

use std::hint::black_box;
use std::time::Instant;
use std::{env, fs};

use pinquery::{Template, Updates};

fn main() {
    let arguments: Vec<String> = env::args().collect();
    let [_, template, queries, rounds] = &arguments[..] else {
        panic!("cost TEMPLATE QUERIES ROUNDS");
    };
    let template = serde_json::from_slice(&fs::read(template).unwrap()).unwrap();
    let text = fs::read_to_string(queries).unwrap();
    let queries: Vec<&str> = text.lines().collect();
    let rounds: u32 = rounds.parse().unwrap();
    let count = counted_sweep(&template, &queries);
    let start = Instant::now();
    for _ in 0..rounds {
        assert_eq!(counted_sweep(&template, &queries), count);
    }
    let requests = f64::from(rounds) * queries.len() as f64;
    println!(
        "{count} {:.1}",
        start.elapsed().as_nanos() as f64 / requests
    );
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "Rust" fn counted_sweep(template: &Template, queries: &[&str]) -> usize {
    let mut count = 0;
    for query in queries {
        let request = pinquery::BatchUpdate::parse(black_box(query)).unwrap();
        // An indirect call, as through the C API.
        let look_up: for<'a> fn(&str, &'a Template) -> Option<&'a Template> = black_box(found);
        let template = look_up(request.token(), template);
        let mut updates = Updates::new();
        request
            .updates_into(template.unwrap(), &mut updates)
            .unwrap();
        count += black_box(&updates).len();
    }
    count
}

fn found<'a>(_: &str, template: &'a Template) -> Option<&'a Template> {
    Some(template)
}
