//! Differences between the examples, due to their HTTP libraries.

pub struct Example {
    pub name: &'static str,
    pub keeps_alive: bool,
    /// Bytes that exceed the limit on a head.
    pub oversized: usize,
    /// Status of the response to a request with too many headers.
    pub too_many_headers: u16,
}

pub const HYPER: Example = Example {
    name: "embed_hyper",
    keeps_alive: true,
    oversized: 64 * 1024,
    too_many_headers: 431,
};

pub const AXUM: Example = Example {
    name: "embed_axum",
    oversized: 512 * 1024,
    ..HYPER
};

pub const ACTIX_WEB: Example = Example {
    name: "embed_actix_web",
    keeps_alive: true,
    oversized: 512 * 1024,
    too_many_headers: 431,
};

pub const HTTPARSE: Example = Example {
    name: "embed_httparse",
    keeps_alive: false,
    oversized: 64 * 1024,
    too_many_headers: 400,
};
