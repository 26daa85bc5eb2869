//! Templates in JSON.

use super::{Told, told};
use crate::json::{self, Json};
use crate::{Device, convert};

/// JSON, and behind a NUL a query: what is no template is refused with the name of the pin, what
/// is one is read as it is written, and judges queries as the reference does. How the library reads
/// JSON is the caller's, who knows whether it can.
pub fn template(data: &[u8], read: fn(&[u8]) -> Result<pinquery::Template, String>) -> Told {
    let mut parts = data.splitn(2, |&byte| byte == 0);
    let text = parts.next().unwrap_or_default();
    let ours = read(text);
    let Ok(Json::Object(entries)) = serde_json::from_slice(text) else {
        assert!(ours.is_err(), "no object is a template");
        return None;
    };
    match (json::template(&entries), ours) {
        (Ok(expected), Ok(template)) => {
            assert_eq!(Ok(&template), convert::template(&expected).as_ref());
            let device = Device::new(expected);
            let queries = [QUERY, TWICE].into_iter().chain(parts);
            queries.map(|query| told(&device.outcome(query))).last()
        }
        (Err(key), Err(error)) => {
            let quoted = format!("{key:?}");
            assert!(
                error.starts_with(key) || error.starts_with(&quoted),
                "{error}"
            );
            Some(words(&error).to_owned())
        }
        (expected, ours) => panic!("{ours:?}, and it should be {expected:?}"),
    }
}

/// The beginning of an error, without what it cites and what the reader of JSON says in the end.
fn words(error: &str) -> &str {
    error
        .split(['`', '"', '('])
        .next()
        .unwrap_or_default()
        .trim_end()
}

const QUERY: &[u8] = b"token=t&v0=1&v1=33&v2=44.5&v3=a+b&v4=20&v5=1.5,2&v6=true";
const TWICE: &[u8] = b"v255=1&token=t&v5=1&v5=2&v9=-1e400&v10=99999999999999999999";
