//! `serde` implementations: reads and writes templates, writes updates and errors.
//!
//! Named after JSON, the most common of the formats.

mod number;
mod read;
mod write;
