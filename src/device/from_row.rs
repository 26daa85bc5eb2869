//! A datastream from a row of a table.

use super::datastream::Datastream;
use super::error::DatastreamError;
use super::row::DatastreamRow;

impl Datastream {
    /// Builds a datastream from a row of a table.
    ///
    /// # Errors
    ///
    /// [`DatastreamError::UnknownType`] for the type `int`, [`DatastreamError::BoundNotAnInteger`]
    /// for an integer with the bound 0.5, [`DatastreamError::ForeignBound`] for a boolean with a
    /// bound, and those of the constructor of its type.
    ///
    /// ```
    /// # use pinquery::{Datastream, DatastreamError, DatastreamRow};
    /// let row = |type_name| DatastreamRow { type_name, max_len: Some(64), ..Default::default() };
    /// assert_eq!(Datastream::from_row(&row("string")), Ok(Datastream::string_up_to(64)));
    /// assert_eq!(Datastream::from_row(&row("boolean")), Err(DatastreamError::ForeignBound));
    /// assert_eq!(Datastream::from_row(&row("text")), Err(DatastreamError::UnknownType));
    /// ```
    pub fn from_row(row: &DatastreamRow<'_>) -> Result<Self, DatastreamError> {
        let datastream = Self::of_row(row)?;
        match foreign(row, &datastream) {
            None => Ok(datastream),
            Some(_) => Err(DatastreamError::ForeignBound),
        }
    }
}

/// A column that is given, though the datastream built from the row has none.
pub(crate) fn foreign(row: &DatastreamRow<'_>, datastream: &Datastream) -> Option<&'static str> {
    let own = datastream.row();
    let given = [
        ("min", row.min.is_some() && own.min.is_none()),
        ("max", row.max.is_some() && own.max.is_none()),
        ("max_len", row.max_len.is_some() && own.max_len.is_none()),
        ("values", row.values.is_some() && own.values.is_none()),
        ("fallback", row.fallback.is_some() && own.values.is_none()),
    ];
    let foreign = given.iter().find(|(_, is_foreign)| *is_foreign);
    foreign.map(|(name, _)| *name)
}
