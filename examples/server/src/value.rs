//! Maps values to the columns `type`, `value` and `latitude`. No other module of the server knows
//! the types of datastreams. The mapping must stay stable: existing tables depend on it.

use pinquery::{Adjustment, Value};

/// The content of the column `value`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Column<'a> {
    /// An integer, an enumerable, or a boolean as 1 or 0.
    Integer(i64),
    /// A double, or the longitude of a location.
    Double(f64),
    /// A string.
    Text(&'a str),
}

/// Returns the columns `value` and `latitude`.
#[must_use]
pub fn columns(value: &Value) -> (Column<'_>, Option<f64>) {
    match value {
        Value::Integer(integer) | Value::Enumerable(integer) => (Column::Integer(*integer), None),
        Value::Double(double) => (Column::Double(*double), None),
        Value::String(text) => (Column::Text(text), None),
        Value::Boolean(boolean) => (Column::Integer((*boolean).into()), None),
        Value::Location {
            longitude,
            latitude,
        } => (Column::Double(*longitude), Some(*latitude)),
    }
}

/// A row with a value. The value's type determines how the columns are read.
pub trait Row {
    /// Why a column cannot be read.
    type Error;

    /// Reads the column `value` as an integer.
    ///
    /// # Errors
    ///
    /// Fails if it is not an integer.
    fn integer(&self) -> Result<i64, Self::Error>;
    /// Reads the column `value` as a double.
    ///
    /// # Errors
    ///
    /// Fails if it is not a double.
    fn double(&self) -> Result<f64, Self::Error>;
    /// Reads the column `value` as text.
    ///
    /// # Errors
    ///
    /// Fails if it is not text.
    fn text(&self) -> Result<String, Self::Error>;
    /// Reads the column `latitude`.
    ///
    /// # Errors
    ///
    /// Fails if it is null.
    fn latitude(&self) -> Result<f64, Self::Error>;
}

/// Reads the value of a row. Returns `None` if the type is unknown.
///
/// # Errors
///
/// Fails if a column does not match the type.
pub fn value<R: Row>(type_name: &str, row: &R) -> Result<Option<Value>, R::Error> {
    Ok(Some(match type_name {
        "integer" => Value::Integer(row.integer()?),
        "double" => Value::Double(row.double()?),
        "string" => Value::String(row.text()?),
        "enumerable" => Value::Enumerable(row.integer()?),
        "boolean" => Value::Boolean(row.integer()? == 1),
        "location" => Value::Location {
            longitude: row.double()?,
            latitude: row.latitude()?,
        },
        _ => return Ok(None),
    }))
}

/// Returns the adjustment with this name.
#[must_use]
pub fn adjustment(name: &str) -> Option<Adjustment> {
    let mut all = Adjustment::ALL.iter().copied();
    all.find(|adjustment| adjustment.name() == name)
}

#[cfg(test)]
mod tests {
    use pinquery::Datastream;

    use super::*;

    impl Row for (Column<'_>, Option<f64>) {
        type Error = &'static str;

        fn integer(&self) -> Result<i64, &'static str> {
            match self.0 {
                Column::Integer(integer) => Ok(integer),
                _ => Err("not an integer"),
            }
        }

        fn double(&self) -> Result<f64, &'static str> {
            match self.0 {
                Column::Double(double) => Ok(double),
                _ => Err("not a double"),
            }
        }

        fn text(&self) -> Result<String, &'static str> {
            match self.0 {
                Column::Text(text) => Ok(text.to_owned()),
                _ => Err("not text"),
            }
        }

        fn latitude(&self) -> Result<f64, &'static str> {
            self.1.ok_or("no latitude")
        }
    }

    #[test]
    fn values_of_every_type_survive_a_round_trip() {
        let values = [
            Value::Integer(-1),
            Value::Double(0.5),
            Value::String("a".to_owned()),
            Value::Enumerable(20),
            Value::Boolean(true),
            Value::Boolean(false),
            Value::Location {
                longitude: 24.9,
                latitude: 60.2,
            },
        ];
        for type_name in Datastream::TYPES {
            let is_covered = values.iter().any(|value| value.type_name() == *type_name);
            assert!(is_covered, "{type_name} is missing from this test");
        }
        for written in values {
            let read = value(written.type_name(), &columns(&written));
            assert_eq!(read, Ok(Some(written)), "`value` and `columns` disagree");
        }
    }

    #[test]
    fn an_unknown_type_has_no_value() {
        assert_eq!(value("float", &(Column::Double(0.5), None)), Ok(None));
    }
}
