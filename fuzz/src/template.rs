//! Templates in JSON.

use pinquery::Template;

use super::support::{self, library_template};
use super::written::{self, Json};

/// JSON, and behind a NUL a query: what is no template is refused with the name of the pin, what
/// is one is read as it is written, and judges queries as the reference does.
pub fn template(data: &[u8]) {
    let mut parts = data.splitn(2, |&byte| byte == 0);
    let json = parts.next().unwrap_or_default();
    let ours = serde_json::from_slice::<Template>(json);
    let Ok(Json::Object(entries)) = serde_json::from_slice(json) else {
        assert!(ours.is_err(), "no object is a template");
        return;
    };
    match (written::template(&entries), ours) {
        (Ok(expected), Ok(template)) => {
            assert_eq!(template, library_template(&expected));
            for query in [QUERY, TWICE].into_iter().chain(parts) {
                support::agree(query, &expected);
            }
        }
        (Err(key), Err(error)) => {
            let error = error.to_string();
            let quoted = format!("{key:?}");
            assert!(
                error.starts_with(key) || error.starts_with(&quoted),
                "{error}"
            );
        }
        (expected, ours) => panic!("{ours:?}, and it should be {expected:?}"),
    }
}

const QUERY: &[u8] = b"token=t&v0=1&v1=33&v2=44.5&v3=a+b&v4=20&v5=1.5,2&v6=true";
const TWICE: &[u8] = b"v255=1&token=t&v5=1&v5=2&v9=-1e400&v10=99999999999999999999";
