//! Starts each example on a free port and sends it requests over TCP.

mod bytes;
mod common;
mod endpoints;
mod example;
mod mqtt;
mod responses;
mod specific;
