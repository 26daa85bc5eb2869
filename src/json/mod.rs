//! JSON: templates both ways, updates and errors one way.

mod fields;
mod read;
mod write;
