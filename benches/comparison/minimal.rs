//! Parses its arguments with the enabled contender. `cost` measures this program.

use contenders::CONTENDERS;

fn main() {
    for query in std::env::args().skip(1) {
        for contender in CONTENDERS {
            match (contender.parse)(&query) {
                Ok(accepted) => println!("{}: {}", accepted.token, accepted.values),
                Err(error) => println!("{error}"),
            }
        }
    }
}
