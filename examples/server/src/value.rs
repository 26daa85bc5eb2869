//! A value as the columns `type`, `value` and `latitude` of a table: the one place of the server
//! that knows every type of datastream. Columns of tables that are there never change their meaning.

use pinquery::Value;

/// What stands in the column `value`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Column<'a> {
    /// A whole number; of a boolean, 1 or 0.
    Integer(i64),
    /// A double; of a location, the longitude.
    Double(f64),
    /// A text.
    Text(&'a str),
}

/// What stands in the columns `value` and `latitude`.
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

/// A row of a table with values. Each type says how it wants the column read.
pub trait Row {
    /// Why a column cannot be read so.
    type Error;

    /// The column `value`, a whole number.
    ///
    /// # Errors
    ///
    /// It is none.
    fn integer(&self) -> Result<i64, Self::Error>;
    /// The column `value`, a double.
    ///
    /// # Errors
    ///
    /// It is none.
    fn double(&self) -> Result<f64, Self::Error>;
    /// The column `value`, a text.
    ///
    /// # Errors
    ///
    /// It is none.
    fn text(&self) -> Result<String, Self::Error>;
    /// The column `latitude`.
    ///
    /// # Errors
    ///
    /// It is empty.
    fn latitude(&self) -> Result<f64, Self::Error>;
}

/// The value of a row. `None` for a type that this server does not write.
///
/// # Errors
///
/// A column is not what the type says.
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

#[cfg(test)]
mod tests {
    use pinquery::Datastream;

    use super::*;

    impl Row for (Column<'_>, Option<f64>) {
        type Error = &'static str;

        fn integer(&self) -> Result<i64, &'static str> {
            match self.0 {
                Column::Integer(integer) => Ok(integer),
                _ => Err("no integer"),
            }
        }

        fn double(&self) -> Result<f64, &'static str> {
            match self.0 {
                Column::Double(double) => Ok(double),
                _ => Err("no double"),
            }
        }

        fn text(&self) -> Result<String, &'static str> {
            match self.0 {
                Column::Text(text) => Ok(text.to_owned()),
                _ => Err("no text"),
            }
        }

        fn latitude(&self) -> Result<f64, &'static str> {
            self.1.ok_or("no latitude")
        }
    }

    #[test]
    fn a_value_of_every_type_comes_back() {
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
            let is_there = values.iter().any(|value| value.type_name() == *type_name);
            assert!(is_there, "{type_name}: no value here is of this type");
        }
        for sent in values {
            let read = value(sent.type_name(), &columns(&sent));
            assert_eq!(read, Ok(Some(sent)), "`value` and `columns` differ");
        }
    }

    #[test]
    fn a_type_that_is_not_known_is_no_value() {
        assert_eq!(value("float", &(Column::Double(0.5), None)), Ok(None));
    }
}
