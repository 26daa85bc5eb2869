//! Implementations of `serde`'s traits: reads and writes templates, writes updates and errors.
//!
//! Named after the most common format.

mod number;
mod read;
mod write;
