//! Reads and writes templates as JSON; writes updates and errors.

mod number;
mod read;
mod write;
