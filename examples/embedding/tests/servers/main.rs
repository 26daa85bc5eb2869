//! The examples as clients meet them: each is started on a free port, and sent requests over TCP.

mod answers;
mod common;
mod own;
mod traits;
