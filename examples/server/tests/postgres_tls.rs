//! TLS to PostgreSQL, with a self-signed certificate.
#![cfg(feature = "postgres")]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::postgres::{Database, give_to_postgres};
use common::{Scratch, Server, output, serve_devices};

/// Creates a certificate for 127.0.0.1 and its key.
fn certify(scratch: &Scratch, name: &str) -> (PathBuf, PathBuf) {
    let certificate = scratch.path(&format!("{name}.pem"));
    let key = scratch.path(&format!("{name}.key"));
    let mut openssl = Command::new("openssl");
    openssl.args("req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1".split(' '));
    openssl.args("-subj /CN=test -addext subjectAltName=IP:127.0.0.1 -days 2".split(' '));
    openssl.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
    openssl
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate);
    let output = openssl.output().expect("openssl runs");
    assert!(output.status.success(), "{output:?}");
    give_to_postgres(&key);
    (certificate, key)
}

/// Returns a database whose cluster encrypts connections.
fn encrypted(scratch: &Scratch) -> Option<(Database, PathBuf)> {
    let (certificate, key) = certify(scratch, "server");
    let options = [
        "ssl=on".to_owned(),
        format!("ssl_cert_file={}", certificate.display()),
        format!("ssl_key_file={}", key.display()),
    ];
    let options = options.each_ref().map(|option| ["-c", option]);
    Some((
        Database::in_own_cluster(options.as_flattened())?,
        certificate,
    ))
}

/// Returns the error of a server that does not start.
fn start_error(url: &str) -> String {
    let scratch = Scratch::new();
    let mut command = serve_devices(&scratch);
    command.args(["--listen", "127.0.0.1:0", "--database", url]);
    let (status, _, stderr) = output(command);
    assert_eq!(status, Some(1), "{stderr}");
    assert!(!stderr.contains("SECRET"), "{stderr}");
    stderr
}

#[test]
fn sslmode_decides_whether_connections_are_encrypted() {
    let scratch = Scratch::new();
    let Some((database, certificate)) = encrypted(&scratch) else {
        return;
    };
    let verified = format!("?sslmode=verify-full&sslrootcert={}", certificate.display());
    for (parameters, encrypted) in [
        ("", "t"),
        ("?sslmode=disable", "f"),
        ("?sslmode=prefer", "t"),
        ("?sslmode=require", "t"),
        (&verified, "t"),
    ] {
        let url = format!("{}{parameters}", database.url());
        let server = Server::start_on(&scratch, Path::new(&url), &[]);
        assert_eq!(server.update("v1=1").summary(), (200, "OK"));
        let newest = "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
                      WHERE application_name = 'pinquery-server'
                      ORDER BY backend_start DESC LIMIT 1";
        assert_eq!(database.query(newest), encrypted, "{parameters}");
    }
}

#[test]
fn verify_full_rejects_another_server() {
    let scratch = Scratch::new();
    let Some((database, certificate)) = encrypted(&scratch) else {
        return;
    };
    let (other, _) = certify(&scratch, "other");
    let by_name = database.url().replace("127.0.0.1", "localhost");
    for (url, roots, message) in [
        (database.url(), other, "invalid peer certificate"),
        (by_name, certificate, "not valid for name \"localhost\""),
    ] {
        let url = format!("{url}?sslmode=verify-full&sslrootcert={}", roots.display());
        let error = start_error(&url);
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn required_tls_that_the_server_does_not_offer_is_an_error() {
    let Some(database) = Database::new() else {
        return;
    };
    let error = start_error(&format!("{}?sslmode=require", database.url()));
    assert!(error.contains("server does not support TLS"), "{error}");
}
