//! JSON: templates are read and written, updates and errors are written.

mod number;
mod read;
mod write;
