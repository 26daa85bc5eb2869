//! Where the examples differ: in what each does by itself, or by the framework it shows.

/// What each example does by itself, or by the framework it shows.
pub struct Traits {
    pub example: &'static str,
    pub keeps_alive: bool,
    /// Longer than the longest head that it takes.
    pub oversized: usize,
    pub many_headers: u16,
    /// Which texts it takes in a query although they should have been escaped.
    pub unescaped: &'static [&'static str],
    /// Whether it sees an unescaped `#` in a query, and what follows it.
    pub sees_behind_number_sign: bool,
}

pub const HYPER: Traits = Traits {
    example: "embed_hyper",
    keeps_alive: true,
    oversized: 64 * 1024,
    many_headers: 431,
    unescaped: &["café", "{}|^`"],
    sees_behind_number_sign: false,
};

pub const AXUM: Traits = Traits {
    example: "embed_axum",
    oversized: 512 * 1024,
    ..HYPER
};

pub const ACTIX_WEB: Traits = Traits {
    example: "embed_actix_web",
    keeps_alive: true,
    oversized: 512 * 1024,
    many_headers: 431,
    unescaped: &["{}|^`"],
    sees_behind_number_sign: false,
};

pub const HTTPARSE: Traits = Traits {
    example: "embed_httparse",
    keeps_alive: false,
    oversized: 64 * 1024,
    many_headers: 400,
    unescaped: &["café", "\"", "<", "{}|^`"],
    sees_behind_number_sign: true,
};
