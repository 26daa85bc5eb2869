//! What a device holds and what becomes of a query, as plain data.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// What a template says of one pin, with nothing left to a default.
#[derive(Clone, Debug, PartialEq)]
pub enum Datastream {
    /// A whole number, clamped.
    Integer {
        /// The least value, inclusive.
        min: i64,
        /// The greatest value, inclusive.
        max: i64,
    },
    /// A double, clamped.
    Double {
        /// The least value, inclusive and finite.
        min: f64,
        /// The greatest value, inclusive and finite.
        max: f64,
    },
    /// Text without U+0000.
    String {
        /// The most bytes that the text has after decoding.
        max_len: usize,
    },
    /// One of a few whole numbers.
    Enumerable {
        /// The numbers.
        values: Vec<i64>,
        /// What stands in for any other number.
        fallback: Option<i64>,
    },
    /// A longitude and a latitude.
    Location,
    /// True or false.
    Boolean,
}

/// The datastreams of a device by pin.
pub type Template = BTreeMap<u8, Datastream>;

/// A value that fits its datastream.
#[derive(Clone, Debug)]
pub enum Value {
    /// The value of an integer datastream, within its bounds.
    Integer(i64),
    /// The value of a double datastream, within its bounds.
    Double(f64),
    /// The value of a string datastream, decoded.
    String(String),
    /// The value of an enumerable datastream, one of its values.
    Enumerable(i64),
    /// The value of a boolean datastream.
    Boolean(bool),
    /// The longitude and the latitude of a location datastream.
    Location(f64, f64),
}

/// What was done to a value to make it fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adjustment {
    /// It was below the datastream's minimum and is the minimum now.
    Min,
    /// It was above the datastream's maximum and is the maximum now.
    Max,
    /// It was none of the datastream's values and is the fallback now.
    Fallback,
}

/// One pin and its new value.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// The number of the virtual pin.
    pub pin: u8,
    /// The value, which fits the pin's datastream.
    pub value: Value,
    /// What was done to the value, if anything.
    pub adjusted: Option<Adjustment>,
}

/// Why a query is refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The contract's name for the reason, such as `invalid_pin`.
    pub kind: &'static str,
    /// The bytes of the query that the reason points at.
    pub span: Range<usize>,
    /// The pin, where the error is about one.
    pub pin: Option<u8>,
    /// The contract's name for what is wrong with a value, such as `not_an_integer`.
    pub reason: Option<&'static str>,
}

/// What becomes of a query.
pub type Outcome = Result<Vec<Update>, Refusal>;

impl Datastream {
    /// What the contract calls it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Integer { .. } => "integer",
            Self::Double { .. } => "double",
            Self::String { .. } => "string",
            Self::Enumerable { .. } => "enumerable",
            Self::Location => "location",
            Self::Boolean => "boolean",
        }
    }

    /// Reads `integer(0,100)`, `string` and the like; what stands in brackets may be left out.
    pub fn read(text: &str) -> Option<Self> {
        let (name, bounds) = match text.split_once('(') {
            Some((name, bounds)) => (name, bounds.strip_suffix(')')?),
            None => (text, ""),
        };
        let (min, max) = bounds.split_once(',').unwrap_or((bounds, ""));
        let (values, fallback) = bounds.split_once(';').unwrap_or((bounds, ""));
        Some(match name {
            "integer" => Self::Integer {
                min: or(min, -2_147_483_648)?,
                max: or(max, 2_147_483_647)?,
            },
            "double" => Self::Double {
                min: or(min, f64::MIN)?,
                max: or(max, f64::MAX)?,
            },
            "string" => Self::String {
                // A length beyond what 32 bits count bounds nothing there; a seed has one.
                max_len: usize::try_from(or(bounds, 1024_u64)?).unwrap_or(usize::MAX),
            },
            "enumerable" => Self::Enumerable {
                values: values
                    .split_terminator(',')
                    .map(|value| value.parse().ok())
                    .collect::<Option<_>>()?,
                fallback: match fallback {
                    "" => None,
                    _ => Some(fallback.parse().ok()?),
                },
            },
            "location" if bounds.is_empty() => Self::Location,
            "boolean" if bounds.is_empty() => Self::Boolean,
            _ => return None,
        })
    }

    /// Whether a template may have it: what cannot be judged cannot be built.
    pub fn is_sound(&self) -> bool {
        match self {
            Self::Integer { min, max } => min <= max,
            Self::Double { min, max } => min.is_finite() && max.is_finite() && min <= max,
            Self::Enumerable { values, fallback } => {
                !values.is_empty() && fallback.is_none_or(|fallback| values.contains(&fallback))
            }
            Self::String { .. } | Self::Location | Self::Boolean => true,
        }
    }

    /// Whether the update's value is one that it holds, and the adjustment one that leads there.
    pub fn holds(&self, update: &Update) -> bool {
        let adjusted = update.adjusted;
        match (self, &update.value) {
            (Self::Integer { min, max }, Value::Integer(value)) => {
                (min..=max).contains(&value) && is_bound(adjusted, value, min, max)
            }
            (Self::Double { min, max }, Value::Double(value)) => {
                (min..=max).contains(&value) && is_bound(adjusted, value, min, max)
            }
            (Self::String { max_len }, Value::String(text)) => {
                text.len() <= *max_len && !text.contains('\0') && adjusted.is_none()
            }
            (Self::Enumerable { values, fallback }, Value::Enumerable(value)) => {
                let is_fallback = *fallback == Some(*value);
                let is_explained = match adjusted {
                    None => true,
                    Some(Adjustment::Fallback) => is_fallback,
                    Some(Adjustment::Min | Adjustment::Max) => false,
                };
                values.contains(value) && is_explained
            }
            (Self::Boolean, Value::Boolean(_)) => adjusted.is_none(),
            (Self::Location, Value::Location(longitude, latitude)) => {
                longitude.abs() <= 180.0 && latitude.abs() <= 90.0 && adjusted.is_none()
            }
            _ => false,
        }
    }
}

fn or<T: FromStr>(text: &str, default: T) -> Option<T> {
    match text {
        "" => Some(default),
        _ => text.parse().ok(),
    }
}

fn is_bound<T: PartialEq>(adjusted: Option<Adjustment>, value: T, min: T, max: T) -> bool {
    match adjusted {
        None => true,
        Some(Adjustment::Min) => value == min,
        Some(Adjustment::Max) => value == max,
        Some(Adjustment::Fallback) => false,
    }
}

/// The same type and value, doubles bit by bit: 0 is not −0.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a == b,
            (Self::Double(a), Self::Double(b)) => a.to_bits() == b.to_bits(),
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Enumerable(a), Self::Enumerable(b)) => a == b,
            (Self::Boolean(a), Self::Boolean(b)) => a == b,
            (Self::Location(a, b), Self::Location(c, d)) => {
                (a.to_bits(), b.to_bits()) == (c.to_bits(), d.to_bits())
            }
            _ => false,
        }
    }
}

/// As spec lines have it.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(integer) => write!(f, "{integer}"),
            Self::Double(double) => write!(f, "{double:?}"),
            Self::String(text) => write!(f, "{text:?}"),
            Self::Enumerable(integer) => write!(f, "#{integer}"),
            Self::Boolean(boolean) => write!(f, "{boolean}"),
            Self::Location(longitude, latitude) => write!(f, "({longitude:?},{latitude:?})"),
        }
    }
}

impl fmt::Display for Update {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}={}", self.pin, self.value)?;
        match self.adjusted {
            None => Ok(()),
            Some(Adjustment::Min) => f.write_str("!min"),
            Some(Adjustment::Max) => f.write_str("!max"),
            Some(Adjustment::Fallback) => f.write_str("!fallback"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.kind, self.span)?;
        if let Some(pin) = self.pin {
            write!(f, " v{pin}")?;
        }
        match self.reason {
            Some(reason) => write!(f, " {reason}"),
            None => Ok(()),
        }
    }
}

/// `ok v1=100!max, v2=44.0` or `invalid_value 8..12 v1 not_a_double`.
pub fn show(outcome: &Outcome) -> String {
    match outcome {
        Ok(updates) => {
            let updates: Vec<String> = updates.iter().map(Update::to_string).collect();
            format!("ok {}", updates.join(", "))
        }
        Err(refusal) => refusal.to_string(),
    }
}
