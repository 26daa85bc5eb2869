//! An ingestion server for Blynk batch updates: axum in front, [`pinquery`] as the judge, SQLite
//! behind one small interface.
//!
//! A request goes down this list and its answer up again; no module knows one above it:
//!
//! - [`run`]: the start and the end.
//! - [`serve`]: connections, their limits, and how they end.
//! - [`http`]: which path is which endpoint, and the endpoints.
//! - [`app`]: the judge. What embedding [`pinquery`] takes is [`app::App::accept`] and [`read`].
//! - [`store`]: the interface of a database; [`sqlite`] and `postgres`, which are two; and [`writer`], which every
//!   store needs: batches wait in a queue and are committed in groups. [`value`] is a value as the columns of a table.
//! - [`devices`], [`config`], [`metrics`], [`fault`], [`log`], [`answer`], [`page`]: what these are
//!   made of.
#![forbid(unsafe_code)]

pub mod answer;
pub mod app;
pub mod config;
pub mod devices;
pub mod fault;
pub mod http;
pub mod log;
pub mod metrics;
pub mod page;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod read;
pub mod run;
pub mod serve;
pub mod sqlite;
pub mod store;
pub mod value;
pub mod writer;
