//! What a device's pins hold, as plain data: the library, the reference and the rivals each read
//! it in their own way.

use pinquery::{Template, VirtualPin};
use pinquery_reference as reference;

/// What one pin holds: the reference has it as plain data.
pub use reference::Datastream as Stream;

fn library(stream: &Stream) -> pinquery::Datastream {
    use pinquery::Datastream;

    let built = match stream {
        Stream::Integer { min, max } => Datastream::integer(min..=max),
        Stream::Double { min, max } => Datastream::double(min..=max),
        Stream::String { max_len } => Ok(Datastream::string_up_to(*max_len)),
        Stream::Enumerable {
            values,
            fallback: None,
        } => Datastream::enumerable(values.iter().copied()),
        Stream::Enumerable {
            values,
            fallback: Some(fallback),
        } => Datastream::enumerable_or(values.iter().copied(), *fallback),
        Stream::Location => Ok(Datastream::location()),
        Stream::Boolean => Ok(Datastream::boolean()),
    };
    built.expect("the corpus has no datastream that cannot be built")
}

/// One device's datastreams, built in advance for every contender.
#[derive(Debug)]
pub struct Device {
    /// For the library.
    pub template: Template,
    /// For the reference.
    pub reference: reference::Template,
    /// For the rivals: the fastest map from pin to datastream there is, so that none of them is
    /// slower for its look-up.
    pub streams: Vec<Option<Stream>>,
}

impl Device {
    /// A device with these datastreams.
    #[must_use]
    pub fn new(streams: impl IntoIterator<Item = (u8, Stream)>) -> Self {
        let mut device = Self {
            template: Template::new(),
            reference: reference::Template::new(),
            streams: Vec::new(),
        };
        for (pin, stream) in streams {
            device.template.insert(VirtualPin(pin), library(&stream));
            device.reference.insert(pin, stream.clone());
            let index = usize::from(pin);
            if device.streams.len() <= index {
                device.streams.resize(index + 1, None);
            }
            device.streams[index] = Some(stream);
        }
        device
    }

    /// A device from the notation of `tests/spec`: `v1:integer(0,100) v2:double`.
    #[must_use]
    pub fn from_notation(notation: &str) -> Self {
        Self::new(notation.split_whitespace().map(|item| {
            parse_stream(item).unwrap_or_else(|| panic!("not a datastream of the spec: {item}"))
        }))
    }

    /// What the pin holds.
    #[must_use]
    pub fn stream(&self, pin: u8) -> Option<&Stream> {
        self.streams.get(usize::from(pin))?.as_ref()
    }
}

impl AsRef<Template> for Device {
    fn as_ref(&self) -> &Template {
        &self.template
    }
}

fn parse_stream(item: &str) -> Option<(u8, Stream)> {
    let (pin, kind) = item.strip_prefix('v')?.split_once(':')?;
    let (kind, arguments) = match kind.split_once('(') {
        Some((kind, arguments)) => (kind, arguments.strip_suffix(')')?),
        None => (kind, ""),
    };
    let stream = match kind {
        "integer" => {
            let (min, max) = bounds(arguments, i64::from(i32::MIN), i64::from(i32::MAX))?;
            Stream::Integer { min, max }
        }
        "double" => {
            let (min, max) = bounds(arguments, f64::MIN, f64::MAX)?;
            Stream::Double { min, max }
        }
        "string" => Stream::String {
            max_len: or_default(arguments, pinquery::Datastream::DEFAULT_MAX_LEN)?,
        },
        "enumerable" => {
            let (values, fallback) = arguments.split_once(';').unwrap_or((arguments, ""));
            let values = values.split(',').map(str::parse).collect::<Result<_, _>>();
            let fallback = match fallback {
                "" => None,
                _ => Some(fallback.parse().ok()?),
            };
            Stream::Enumerable {
                values: values.ok()?,
                fallback,
            }
        }
        "location" => Stream::Location,
        "boolean" => Stream::Boolean,
        _ => return None,
    };
    Some((pin.parse().ok()?, stream))
}

fn bounds<T: std::str::FromStr>(arguments: &str, min: T, max: T) -> Option<(T, T)> {
    let (first, second) = arguments.split_once(',').unwrap_or(("", ""));
    Some((or_default(first, min)?, or_default(second, max)?))
}

fn or_default<T: std::str::FromStr>(argument: &str, default: T) -> Option<T> {
    match argument {
        "" => Some(default),
        _ => argument.parse().ok(),
    }
}
