//! Times `updates_into` of another version and of this one in turns. Prints the least time of each,
//! the ratio of these, and the median of the ratios within each round.
//!
//! Built and run by `benches/versus/run COMMIT [WORKLOAD…]`.

// Parts of the corpus are not used here.
#![allow(dead_code)]

mod corpus;
mod device;

/// A stub, because `device.rs` refers to this module.
mod limit {
    #[derive(Debug)]
    pub struct Template;

    impl Template {
        pub fn new(_: &pinquery_test_support::plain::Template) -> Option<Self> {
            None
        }
    }
}

use std::collections::HashMap;
use std::hint::black_box;
use std::time::Duration;

use corpus::{Case, QUERIES, WORKLOADS, workload};
use device::{Datastream, Device};
use pinquery_test_support::plain;
use rustix::time::{ClockId, clock_gettime};

/// Minimum number of rounds and CPU time per workload.
const ROUNDS: usize = 15;
const TIME: Duration = Duration::from_secs(2);

/// A query, and the template of its device unless the token is unknown.
type Request<'w, T> = (&'w str, Option<&'w T>);

macro_rules! sweep {
    ($name:ident, $version:ident) => {
        #[inline(never)]
        fn $name(requests: &[Request<'_, $version::Template>]) {
            for request in requests {
                let (query, template) = *black_box(request);
                let mut updates = $version::Updates::new();
                let result =
                    $version::BatchUpdate::parse(query).and_then(|request| match template {
                        Some(template) => request.updates_into(template, &mut updates),
                        None => Err(request.unknown_token()),
                    });
                let _ = black_box(result);
                black_box(&mut updates);
            }
        }
    };
}

sweep!(sweep_before, before);
sweep!(sweep_now, pinquery);

fn main() {
    let mut names: Vec<String> = std::env::args().skip(1).collect();
    if names.is_empty() {
        names = WORKLOADS.map(|(name, _)| name.to_owned()).into();
    }
    println!("workload                 before ns       now ns  ratio  median of ratios");
    for name in names {
        compare(&name, &workload(&name, QUERIES).cases);
    }
}

fn compare(name: &str, cases: &[Case]) {
    let devices = cases.iter().filter_map(|case| case.device.as_deref());
    let before: HashMap<*const Device, before::Template> = devices
        .map(|device| (&raw const *device, template_before(&device.plain)))
        .collect();
    let requests_before: Vec<Request<'_, before::Template>> =
        requests(cases, |device| &before[&&raw const *device]);
    let requests_now = requests(cases, |device| &device.library);
    let mut rounds: Vec<[f64; 2]> = Vec::new();
    let start = thread_time();
    while rounds.len() < ROUNDS || thread_time() - start < TIME {
        let mut round = [0.0; 2];
        for turn in 0..2 {
            let which = (turn + rounds.len()) % 2;
            round[which] = match which {
                0 => time(|| sweep_before(&requests_before)),
                _ => time(|| sweep_now(&requests_now)),
            };
        }
        rounds.push(round);
    }
    let least = [0, 1].map(|which| {
        rounds
            .iter()
            .map(|round| round[which])
            .fold(f64::MAX, f64::min)
    });
    let mut ratios: Vec<_> = rounds.iter().map(|[before, now]| now / before).collect();
    ratios.sort_by(f64::total_cmp);
    let [before, now] = least.map(|time| time / cases.len() as f64);
    let median = ratios[ratios.len() / 2];
    println!(
        "{name:24} {before:9.1} {now:12.1} {:6.3} {median:17.3}",
        now / before
    );
}

fn requests<'w, T>(
    cases: &'w [Case],
    template: impl Fn(&'w Device) -> &'w T,
) -> Vec<Request<'w, T>> {
    let request = |case: &'w Case| (case.query, case.device.as_deref().map(&template));
    cases.iter().map(request).collect()
}

/// Returns the CPU time of a second call, in nanoseconds; the first one fills the caches.
fn time(sweep: impl Fn()) -> f64 {
    sweep();
    let start = thread_time();
    sweep();
    (thread_time() - start).as_nanos() as f64
}

fn thread_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).expect("CPU time is not negative")
}

/// Builds the other version's template with constructors that both versions have.
fn template_before(template: &plain::Template) -> before::Template {
    use before::Datastream as Before;

    let mut before = before::Template::new();
    for (&pin, datastream) in template {
        let datastream = match datastream {
            Datastream::Integer(integer) => Before::integer(integer.min..=integer.max),
            Datastream::Double(double) => Before::double(double.min..=double.max),
            Datastream::String(text) => Ok(Before::string_up_to(text.max_len)),
            Datastream::Enumerable(list) => match list.fallback {
                Some(fallback) => Before::enumerable_or(list.values.clone(), fallback),
                None => Before::enumerable(list.values.clone()),
            },
            Datastream::Boolean(_) => Ok(Before::boolean()),
            Datastream::Location(_) => Ok(Before::location()),
        };
        before.insert(
            before::VirtualPin(pin),
            datastream.expect("the workloads' datastreams are valid"),
        );
    }
    before
}
