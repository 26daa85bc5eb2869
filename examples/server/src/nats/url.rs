//! URLs of NATS servers and a stream.

use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use async_nats::ServerAddr;
use percent_encoding::percent_decode_str;

/// The maximum number of replicas that NATS supports.
const MAX_REPLICAS: usize = 5;

/// The servers of a cluster, and a stream on them.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    pub(super) servers: Vec<ServerAddr>,
    /// Whether connections must use TLS.
    pub(super) tls: bool,
    pub(super) user: Option<(String, String)>,
    /// File with the root certificates to trust instead of the system's.
    pub(super) ca: Option<PathBuf>,
    /// The name of the stream.
    pub stream: String,
    /// The number of servers that store the stream; if absent, a stream is created with one.
    pub replicas: Option<usize>,
    /// The maximum size of the stream; if absent, a stream is created without a limit.
    pub max_bytes: Option<i64>,
}

impl Address {
    /// Parses `nats://USER:PASSWORD@HOST:PORT,HOST:PORT?stream=NAME&replicas=3&max_bytes=N`. The
    /// scheme `tls` requires TLS, with the root certificates in the file `ca` or those of the
    /// system.
    ///
    /// # Errors
    ///
    /// Fails if a part is invalid, as in `nats://h?stream=a.b`. Errors do not repeat the URL,
    /// because it may contain a password.
    pub fn parse(url: &str) -> anyhow::Result<Self> {
        let (scheme, rest) = url.split_once("://").unwrap_or_default();
        ensure!(["nats", "tls"].contains(&scheme), "not a NATS URL");
        let (authority, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (user, hosts) = match authority.rsplit_once('@') {
            Some((user, hosts)) => (Some(credentials(user)?), hosts),
            None => (None, authority),
        };
        let mut address = Self {
            servers: hosts.split(',').map(server).collect::<Result<_, _>>()?,
            tls: scheme == "tls",
            user,
            ca: None,
            stream: String::new(),
            replicas: None,
            max_bytes: None,
        };
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            address.set(parameter)?;
        }
        ensure!(
            !address.stream.is_empty(),
            "the NATS URL must contain `stream`, as in `?stream=NAME`"
        );
        ensure!(
            address.tls || address.ca.is_none(),
            "`ca` requires a URL that begins with `tls://`"
        );
        Ok(address)
    }

    fn set(&mut self, parameter: &str) -> anyhow::Result<()> {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match name {
            "stream" => self.stream = stream(value)?,
            "replicas" => {
                let replicas = value.parse().ok();
                let replicas = replicas.filter(|replicas| (1..=MAX_REPLICAS).contains(replicas));
                self.replicas = Some(replicas.context("`replicas` must be 1 to 5")?);
            }
            "max_bytes" => {
                let bytes = value.parse().ok().filter(|&bytes| bytes > 0);
                self.max_bytes = Some(bytes.context("`max_bytes` must be a positive integer")?);
            }
            "ca" => self.ca = Some(decode("ca", value)?.into()),
            _ => bail!("unknown parameter {name:?} of the NATS URL"),
        }
        Ok(())
    }

    /// Returns the URL without credentials.
    #[must_use]
    pub fn location(&self) -> String {
        let servers = self.servers.iter().map(|server| {
            let (host, port) = (server.host(), server.port());
            match host.contains(':') {
                true => format!("[{host}]:{port}"),
                false => format!("{host}:{port}"),
            }
        });
        let servers = servers.collect::<Vec<_>>().join(",");
        let scheme = if self.tls { "tls" } else { "nats" };
        format!("{scheme}://{servers}?stream={}", self.stream)
    }
}

/// Parses `USER:PASSWORD`, with percent-encoded special characters.
fn credentials(text: &str) -> anyhow::Result<(String, String)> {
    // Otherwise, credentials for each host would become a part of the password.
    ensure!(
        !text.contains('@'),
        "the NATS URL contains more than one `@`: write `%40` in the password, and the user only once"
    );
    let (user, password) = match text.split_once(':') {
        Some((user, password)) => (user, decode("password", password)?),
        None => {
            let password = std::env::var("NATS_PASSWORD");
            (
                text,
                password.context("password missing: set `NATS_PASSWORD`")?,
            )
        }
    };
    Ok((decode("user", user)?, password))
}

fn decode(name: &str, text: &str) -> anyhow::Result<String> {
    let decoded = percent_decode_str(text).decode_utf8().ok();
    let decoded = decoded.with_context(|| format!("`{name}` of the NATS URL is not UTF-8"))?;
    Ok(decoded.into_owned())
}

fn server(text: &str) -> anyhow::Result<ServerAddr> {
    let is_host = !text.contains(['/', '#', '\\']);
    let server = text.parse().ok().filter(|_| is_host);
    let server = server.filter(|server: &ServerAddr| !server.host().is_empty());
    server.context("the NATS URL contains an invalid host or port")
}

/// Validates the name of a stream, which is also the first token of its subjects.
fn stream(name: &str) -> anyhow::Result<String> {
    let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    ensure!(
        (1..=64).contains(&name.len()) && name.bytes().all(is_valid),
        "`stream` must be 1 to 64 letters, digits, `-` or `_`"
    );
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Address {
        Address::parse(url).unwrap_or_else(|error| panic!("{url}: {error:#}"))
    }

    #[test]
    fn all_parts_are_parsed() {
        let url = "tls://me:p%40ss%3F@a:4222,b:4223,[::1]:4224?stream=P-Q_1&replicas=3&max_bytes=1000&ca=/a%20b.pem";
        let address = parse(url);
        let servers: Vec<_> = address.servers.iter().map(ServerAddr::port).collect();
        assert_eq!(servers, [4222, 4223, 4224]);
        assert!(address.tls);
        assert_eq!(address.user, Some(("me".to_owned(), "p@ss?".to_owned())));
        assert_eq!(address.ca, Some("/a b.pem".into()));
        assert_eq!(address.stream, "P-Q_1");
        assert_eq!((address.replicas, address.max_bytes), (Some(3), Some(1000)));
        assert_eq!(
            address.location(),
            "tls://a:4222,b:4223,[::1]:4224?stream=P-Q_1"
        );
    }

    #[test]
    fn missing_parts_have_defaults() {
        let address = parse("nats://h?stream=PQ");
        assert_eq!(address.location(), "nats://h:4222?stream=PQ");
        assert_eq!((address.replicas, address.max_bytes), (None, None));
        assert!(!address.tls && address.user.is_none() && address.ca.is_none());
    }

    #[test]
    fn invalid_urls_are_rejected_without_repeating_them() {
        for (url, message) in [
            ("SECRET", "not a NATS URL"),
            ("nats://", "invalid host or port"),
            ("nats://?stream=PQ", "invalid host or port"),
            ("nats://a,?stream=PQ", "invalid host or port"),
            ("nats://me:SECRET@h:port?stream=PQ", "invalid host or port"),
            ("nats://me:SECRET@h:99999?stream=PQ", "invalid host or port"),
            ("nats://me:SE?CRET@h?stream=PQ", "invalid host or port"),
            (
                "nats://me:SECRET@a,me:SECRET@b?stream=PQ",
                "more than one `@`",
            ),
            (
                "nats://me:SECRET/@h/SECRET?stream=PQ",
                "invalid host or port",
            ),
            ("nats://me:%ff@h?stream=PQ", "`password` of the NATS URL"),
            ("nats://me:SECRET@h", "must contain `stream`"),
            ("nats://h?stream=", "`stream` must be"),
            ("nats://h?stream=a.b", "`stream` must be"),
            ("nats://h?stream=*", "`stream` must be"),
            ("nats://h?stream=PQ&replicas=0", "`replicas` must be 1 to 5"),
            ("nats://h?stream=PQ&replicas=6", "`replicas` must be 1 to 5"),
            ("nats://h?stream=PQ&replicas=x", "`replicas` must be 1 to 5"),
            ("nats://h?stream=PQ&max_bytes=0", "`max_bytes` must be"),
            ("nats://h?stream=PQ&max_bytes=1G", "`max_bytes` must be"),
            ("nats://h?stream=PQ&ca=/x", "`ca` requires"),
            ("tls://h?stream=PQ&ca=%ff", "`ca` of the NATS URL"),
            (
                "nats://h?stream=PQ&maxbytes=1",
                "unknown parameter \"maxbytes\"",
            ),
        ] {
            let error = match Address::parse(url) {
                Ok(_) => panic!("{url}"),
                Err(error) => format!("{error:#}"),
            };
            assert!(error.contains(message), "{url}: {error}");
            assert!(!error.contains("SECRET"), "{error}");
        }
    }
}
