//! JSON: templates both ways, updates and errors one way.

mod number;
mod read;
mod write;
