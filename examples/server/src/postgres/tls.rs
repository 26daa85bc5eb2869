//! TLS to PostgreSQL, with the parameters `sslmode` and `sslrootcert` of the URL.

use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use percent_encoding::percent_decode_str;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Returns the URL without what `tokio-postgres` does not support, and the connector for it.
///
/// As with PostgreSQL's own client, `sslmode` is `prefer` by default. Only `verify-full` verifies the
/// server's certificate and host name, using the root certificates in the file `sslrootcert`.
pub fn configure(url: &str) -> anyhow::Result<(String, MakeRustlsConnect)> {
    let (url, mode, roots) = split(url)?;
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    let config = match (mode.as_str(), roots) {
        ("verify-full", Some(file)) => {
            let roots = read_roots(&file).with_context(|| format!("`sslrootcert` {file:?}"))?;
            builder.with_root_certificates(roots)
        }
        ("verify-full", None) => bail!("`sslmode=verify-full` requires `sslrootcert`"),
        (_, Some(_)) => bail!("`sslrootcert` requires `sslmode=verify-full`"),
        ("disable" | "prefer" | "require", None) => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Unverified(provider))),
        _ => bail!("`sslmode` must be disable, prefer, require or verify-full"),
    };
    Ok((url, MakeRustlsConnect::new(config.with_no_client_auth())))
}

/// Returns the URL without `sslrootcert`, the value of `sslmode`, and the path of the file.
fn split(url: &str) -> anyhow::Result<(String, String, Option<String>)> {
    // A password may contain a question mark.
    let start = url.find('@').unwrap_or(0);
    let Some(query) = url[start..].find('?').map(|at| start + at) else {
        return Ok((url.to_owned(), "prefer".to_owned(), None));
    };
    let (mut mode, mut roots, mut rest) = ("prefer".to_owned(), None, Vec::new());
    for parameter in url[query + 1..].split('&') {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match name {
            "sslmode" => mode = value.to_owned(),
            "sslrootcert" => {
                let file = percent_decode_str(value).decode_utf8();
                roots = Some(file.context("`sslrootcert` is not UTF-8")?.into_owned());
            }
            _ => rest.push(parameter),
        }
    }
    let known = format!("sslmode={}", mode.replace("verify-full", "require"));
    rest.push(&known);
    Ok((format!("{}?{}", &url[..query], rest.join("&")), mode, roots))
}

fn read_roots(file: &str) -> anyhow::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file)? {
        roots.add(certificate?)?;
    }
    ensure!(!roots.is_empty(), "contains no certificate in PEM format");
    Ok(roots)
}

/// Accepts any certificate whose private key the server has.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_parameters_are_extracted_from_the_url() {
        let split = |url: &str| split(url).expect("valid URL");
        let (url, mode, roots) = split("postgres://me:p?sslmode=x@h/db");
        assert_eq!(
            (url.as_str(), mode.as_str(), roots),
            ("postgres://me:p?sslmode=x@h/db", "prefer", None)
        );
        let all =
            "postgres://me@h/db?a=1&sslmode=verify-full&sslrootcert=%2Fa%20b.pem&options=-c%20x";
        let (url, mode, roots) = split(all);
        assert_eq!(url, "postgres://me@h/db?a=1&options=-c%20x&sslmode=require");
        assert_eq!(
            (mode.as_str(), roots.as_deref()),
            ("verify-full", Some("/a b.pem"))
        );
    }

    #[test]
    fn invalid_parameters_are_rejected() {
        for (parameters, message) in [
            (
                "sslmode=allow",
                "must be disable, prefer, require or verify-full",
            ),
            (
                "sslmode=",
                "must be disable, prefer, require or verify-full",
            ),
            ("sslmode=verify-full", "requires `sslrootcert`"),
            ("sslrootcert=x", "requires `sslmode=verify-full`"),
            (
                "sslmode=verify-full&sslrootcert=/dev/null",
                "contains no certificate",
            ),
            (
                "sslmode=verify-full&sslrootcert=/nowhere",
                "`sslrootcert` \"/nowhere\"",
            ),
            ("sslmode=verify-full&sslrootcert=%ff", "not UTF-8"),
        ] {
            let error = match configure(&format!("postgres://me@h/db?{parameters}")) {
                Ok(_) => panic!("{parameters}"),
                Err(error) => format!("{error:#}"),
            };
            assert!(error.contains(message), "{parameters}: {error}");
        }
    }
}
