//! Another name for `pinquery_kit::reference`.
pub use pinquery_kit::reference::*;
