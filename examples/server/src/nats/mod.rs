//! Ingest into a stream of NATS JetStream, which a sink writes to PostgreSQL.
//!
//! - [`url`]: the URL of the servers and the stream; [`connect`]: connections to them.
//! - [`stream`]: the settings of the stream; [`message`]: the format of its messages.

pub mod connect;
pub mod message;
pub mod stream;
pub mod url;
