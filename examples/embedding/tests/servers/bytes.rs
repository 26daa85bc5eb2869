//! What each HTTP library does to each byte of a query, compared with the table in the README.

use std::collections::BTreeMap;
use std::thread;

use crate::common::*;
use crate::example::*;

const README: &str = include_str!("../../../README.md");

const REJECTED: &str = "`400`";
const DROPPED: &str = "**dropped**";
const KEPT: &str = "kept";

const EXAMPLES: [&Example; 4] = [&HYPER, &AXUM, &ACTIX_WEB, &HTTPARSE];

/// The outcome in each example.
type Row = [&'static str; EXAMPLES.len()];

const ALL_KEPT: Row = [KEPT; EXAMPLES.len()];

#[test]
fn the_table_in_the_readme_is_complete_and_correct() {
    let mut rows = rows();
    rows.retain(|(_, row)| *row != ALL_KEPT);
    rows.push(("every other ASCII byte".to_owned(), ALL_KEPT));
    let rows = rows
        .iter()
        .map(|(bytes, row)| format!("| {bytes} | {} |\n", row.join(" | ")));
    let table: String = rows.collect();
    let (_, rest) = README
        .split_once("| unescaped | hyper | axum | actix-web | `httparse.rs` |\n")
        .expect("the table");
    let (_, rest) = rest.split_once('\n').expect("a line after the heading");
    let (documented, _) = rest.split_once("\n\n").expect("the table ends");
    assert_eq!(format!("{documented}\n"), table);
}

/// Returns the rows of the table: bytes, and their outcomes.
fn rows() -> Vec<(String, Row)> {
    let columns = thread::scope(|scope| {
        EXAMPLES
            .map(|example| scope.spawn(|| outcomes(example)))
            .map(|column| column.join().expect("the outcomes"))
    });
    let row = |index: usize| columns.each_ref().map(|column| column[index]);
    let mut ascii = BTreeMap::<Row, Vec<u8>>::new();
    for byte in 0..0x80 {
        ascii.entry(row(byte.into())).or_default().push(byte);
    }
    let mut ascii: Vec<_> = ascii.into_iter().collect();
    ascii.sort_by_key(|(_, bytes)| bytes[0]);
    let ascii = ascii.into_iter().map(|(row, bytes)| (ranges(&bytes), row));
    let others = [
        ("other UTF-8, such as `é`".to_owned(), row(0x80)),
        ("invalid UTF-8".to_owned(), row(0x81)),
    ];
    ascii.chain(others).collect()
}

/// Formats bytes, which are in ascending order, as ranges.
fn ranges(bytes: &[u8]) -> String {
    let name = |byte: u8| match byte {
        b'!'..=b'~' => format!("`{}`", char::from(byte)),
        _ => format!("`0x{byte:02X}`"),
    };
    let ranges = bytes.chunk_by(|a, b| a + 1 == *b).map(|range| match range {
        [first, .., last] => format!("{} to {}", name(*first), name(*last)),
        _ => name(range[0]),
    });
    ranges.collect::<Vec<_>>().join(", ")
}

/// Returns the outcome of each ASCII byte, of other UTF-8, and of invalid UTF-8.
fn outcomes(example: &Example) -> Vec<&'static str> {
    let server = Server::start(example.name);
    let ascii = (0..0x80).map(|byte| vec![vec![byte]]);
    // Every continuation byte, and most leading bytes.
    let characters = ('\u{80}'..='\u{7FF}')
        .step_by(31)
        .chain('\u{80}'..='\u{BF}');
    let characters = characters.chain(['\u{800}', '中', '\u{FFFD}', '🌱', '\u{10FFFF}']);
    let utf_8 = characters.map(|c| c.to_string().into_bytes()).collect();
    let invalid = (0x80..=0xFF).map(|byte| vec![byte]).collect();
    let groups = ascii.chain([utf_8, invalid]);
    groups
        .map(|samples| {
            let outcomes: Vec<_> = samples.iter().map(|text| outcome(&server, text)).collect();
            assert!(
                outcomes.iter().all(|one| *one == outcomes[0]),
                "{}: {samples:?}, {outcomes:?}",
                example.name
            );
            outcomes[0]
        })
        .collect()
}

/// Sends a value that contains this text.
fn outcome(server: &Server, text: &[u8]) -> &'static str {
    let query = [b"token=demo&v3=a", text, b"b"].concat();
    let target = [PATH.as_bytes(), b"?", &query].concat();
    let response = server.request("GET", &target);
    let result = match response.parts() {
        (400, None, "") => return REJECTED,
        OK => Ok(server
            .out
            .recv_timeout(TIMEOUT)
            .expect("the update is printed")),
        parts => Err((parts.0, parts.2.to_owned())),
    };
    let template = demo::template().expect("the template is valid");
    let parse = |query: &[u8]| {
        let updates = pinquery::parse(query, |_| Some(&template));
        let updates = updates.map(|updates| updates.to_string());
        updates.map_err(|error| (error.status(), error.body().to_owned()))
    };
    if result == parse(&query) {
        return KEPT;
    }
    assert_eq!(result, parse(b"token=demo&v3=a"), "{text:?}");
    DROPPED
}
