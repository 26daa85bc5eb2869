//! What stands in a query: segments, their names and values, and what the bytes of these mean.

pub(crate) mod encoded;
pub(crate) mod name;
pub(crate) mod pairs;
pub(crate) mod percent;
pub(crate) mod text;
pub(crate) mod token;
pub(crate) mod view;
