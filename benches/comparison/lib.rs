//! The contenders. Each parses queries for a device with an integer `v1` from 0 to 100, a double `v2`
//! from −40 to 125 and a string `v3` of at most 64 bytes.
//!
//! Each is written as a competent user of its crates would write it: with their strictest settings, but
//! without additional checks that are easily forgotten.

mod contenders {
    #[cfg(feature = "actix-web")]
    pub mod actix_web;
    #[cfg(feature = "axum")]
    pub mod axum;
    #[cfg(feature = "form-net")]
    pub mod form_net;
    #[cfg(feature = "form_urlencoded")]
    pub mod form_urlencoded;
    #[cfg(feature = "pinquery")]
    pub mod pinquery;
    #[cfg(feature = "serde_qs")]
    pub mod serde_qs;
    #[cfg(feature = "serde_urlencoded")]
    pub mod serde_urlencoded;
    #[cfg(feature = "xocomil")]
    pub mod xocomil;
}

/// Crates that parse a query.
pub struct Contender {
    /// The names of the crates, the one that splits the query first.
    pub crates: &'static [&'static str],
    /// Parses a query.
    pub parse: fn(&str) -> Outcome,
}

/// An accepted query, or the text of the error.
pub type Outcome = Result<Accepted, String>;

/// What a handler gets from an accepted query.
pub struct Accepted {
    /// The decoded token.
    pub token: String,
    /// The values as text: `v1=42, v2=21.5`.
    pub values: String,
}

/// The enabled contenders.
pub const CONTENDERS: &[Contender] = &[
    #[cfg(feature = "pinquery")]
    Contender {
        crates: &["pinquery"],
        parse: contenders::pinquery::parse,
    },
    #[cfg(feature = "form_urlencoded")]
    Contender {
        crates: &["form_urlencoded"],
        parse: contenders::form_urlencoded::parse,
    },
    #[cfg(feature = "form-net")]
    Contender {
        crates: &["form-net"],
        parse: contenders::form_net::parse,
    },
    #[cfg(feature = "xocomil")]
    Contender {
        crates: &["xocomil"],
        parse: contenders::xocomil::parse,
    },
    #[cfg(feature = "serde_urlencoded")]
    Contender {
        crates: &["serde_urlencoded"],
        parse: contenders::serde_urlencoded::parse,
    },
    #[cfg(feature = "serde_qs")]
    Contender {
        crates: &["serde_qs"],
        parse: contenders::serde_qs::parse,
    },
    #[cfg(feature = "axum")]
    Contender {
        crates: &["axum", "garde"],
        parse: contenders::axum::parse,
    },
    #[cfg(feature = "actix-web")]
    Contender {
        crates: &["actix-web", "validator"],
        parse: contenders::actix_web::parse,
    },
];

/// Values of a device. Every contender but pinquery fills this struct or a similar one.
#[derive(Default)]
#[cfg_attr(
    any(feature = "serde_urlencoded", feature = "serde_qs"),
    derive(serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct Readings {
    token: String,
    v1: Option<i64>,
    v2: Option<f64>,
    v3: Option<String>,
}

impl Readings {
    /// Sets the value of a decoded pair.
    ///
    /// # Errors
    ///
    /// If the name is unknown or a number is malformed.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "token" => self.token = value.to_owned(),
            "v1" => self.v1 = Some(value.parse().map_err(|error| format!("v1: {error}"))?),
            "v2" => self.v2 = Some(value.parse().map_err(|error| format!("v2: {error}"))?),
            "v3" => self.v3 = Some(value.to_owned()),
            _ => return Err(format!("unknown name {name}")),
        }
        Ok(())
    }

    /// Clamps numbers, as Blynk does, and rejects a string that is too long.
    ///
    /// # Errors
    ///
    /// If the string is longer than 64 bytes.
    pub fn clamped(mut self) -> Outcome {
        self.v1 = self.v1.map(|value| value.clamp(0, 100));
        self.v2 = self.v2.map(|value| value.clamp(-40.0, 125.0));
        if self.v3.as_ref().is_some_and(|text| text.len() > 64) {
            return Err("v3 is longer than 64 bytes".to_owned());
        }
        Ok(self.accepted())
    }

    /// Formats the values.
    #[must_use]
    pub fn accepted(self) -> Accepted {
        let values = [
            self.v1.map(|value| format!("v1={value}")),
            self.v2.map(|value| format!("v2={value:?}")),
            self.v3.map(|text| format!("v3={text}")),
        ];
        Accepted {
            token: self.token,
            values: values.into_iter().flatten().collect::<Vec<_>>().join(", "),
        }
    }
}
