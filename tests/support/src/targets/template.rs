//! Templates in JSON.

use std::str::FromStr;

use super::{ReadTemplate, Summary, summary};
use crate::json::{self, Json};
use crate::{Device, convert};

/// JSON, and behind a NUL a query: what is no template is refused with the name of the pin, what
/// is one is read as it is written, and judges queries as the reference does. How the library reads
/// JSON is the caller's, who knows whether it can.
pub fn template(data: &[u8], read: ReadTemplate) -> Summary {
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
            queries.map(|query| summary(&device.outcome(query))).last()
        }
        (Err(key), Err(error)) => {
            // A key that is no pin may be anything, a token too, and is not repeated.
            let reason = match pinquery::VirtualPin::from_str(key) {
                Ok(pin) if pin.to_string() == *key => error
                    .strip_prefix(key)
                    .unwrap_or_else(|| panic!("{key} is not named: {error}")),
                _ => error.as_str(),
            };
            Some(words(reason).to_owned())
        }
        (expected, ours) => panic!("{ours:?}, and it should be {expected:?}"),
    }
}

/// The beginning of a reason, without what it cites, what it expects and what the reader of JSON
/// says in the end.
fn words(reason: &str) -> &str {
    let cited = reason.find(['`', '"', '(', ',']).unwrap_or(reason.len());
    let end = reason.find(" at line").unwrap_or(reason.len());
    reason[..cited.min(end)].trim_matches([':', ' '])
}

const QUERY: &[u8] = b"token=t&v0=1&v1=33&v2=44.5&v3=a+b&v4=20&v5=1.5,2&v6=true";
const TWICE: &[u8] = b"v255=1&token=t&v5=1&v5=2&v9=-1e400&v10=99999999999999999999";
