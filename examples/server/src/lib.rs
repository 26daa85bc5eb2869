//! An ingestion server for Blynk batch updates: axum for HTTP, [`pinquery`] for parsing, SQLite,
//! PostgreSQL or NATS for storage.
//!
//! The modules, in the order in which a request passes through them; none depends on one above it:
//!
//! - [`run`]: startup and shutdown; `nats::sink`: the command that writes a stream to PostgreSQL;
//!   [`listen`]: addresses; [`reload`]: registration of devices.
//! - [`serve`]: connections and their limits; [`deadline`]: the time for sending a response.
//! - [`http`]: routes and handlers; [`cors`]: requests from pages of other origins.
//! - [`app`] and [`read`]: parsing with [`pinquery`]. Start reading at [`app::App::accept`].
//! - [`store`]: the storage interface, implemented by [`sqlite`], `postgres` and `nats`;
//!   [`writer`]: the queue and the group commits that the databases share; [`value`]: how values
//!   map to table columns.
//! - [`prune`]: the command that deletes old batches.
//! - [`devices`], [`config`], [`metrics`], [`process`], [`fault`], [`log`], [`readers`],
//!   [`rejections`], [`response`], [`page`], `signals`: the parts that these are built from.
#![forbid(unsafe_code)]

pub mod app;
pub mod config;
pub mod cors;
pub mod deadline;
pub mod devices;
pub mod fault;
pub mod http;
pub mod listen;
pub mod log;
pub mod metrics;
#[cfg(feature = "nats")]
pub mod nats;
pub mod page;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod process;
pub mod prune;
pub mod read;
pub mod readers;
pub mod rejections;
pub mod reload;
pub mod response;
pub mod run;
pub mod serve;
mod signals;
pub mod sqlite;
pub mod store;
pub mod value;
pub mod writer;
