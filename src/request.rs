//! A request: its token, and the two steps of judging it.

use core::fmt;
use core::ops::Deref;

use crate::device::template::Template;
use crate::error::{Error, ErrorKind};
use crate::judge;
use crate::query::pairs::{Pair, Pairs};
use crate::query::token::{self, Token};
use crate::update::updates::Updates;

/// Parses a query in one call: its token, the device behind it, and every pin; all or nothing.
///
/// `query` is the query component without its `?`, as text or bytes. `lookup` is asked at most
/// once, for a valid token only. It gives the device's template by any pointer or guard
/// (`&Template`, `Arc<Template>`, a guard of a lock or a map), or `None` for a token that the
/// server does not know.
///
/// Where the lookup awaits, take [`BatchUpdate::parse`]. The updates are returned by value, a copy
/// of 272 bytes: where some 80 instructions matter, take
/// [`updates_into`](BatchUpdate::updates_into).
///
/// # Errors
///
/// The first that applies of [`ErrorKind`]: the token is judged first wherever it stands, then
/// every other segment in query order.
///
/// ```
/// use pinquery::{Datastream, ErrorKind, Template, Value, VirtualPin, parse};
/// use std::collections::HashMap;
///
/// let mut devices: HashMap<String, Template> = HashMap::new();
/// devices.insert(
///     "bFFtSHNCZZDWQ__Zs96cP5jLMhLoJofg".to_owned(),
///     Template::new()
///         .with(VirtualPin(1), Datastream::integer(0..=100)?)
///         .with(VirtualPin(2), Datastream::double(..)?),
/// );
///
/// let query = "token=bFFtSHNCZZDWQ__Zs96cP5jLMhLoJofg&v1=33&v2=44";
/// let updates = parse(query, |token| devices.get(token))?;
/// assert_eq!(updates[0].value, Value::Integer(33));
/// assert_eq!(updates[1].value, Value::Double(44.0));
///
/// let error = parse("token=other&v1=33", |token| devices.get(token)).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::UnknownToken);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[inline]
pub fn parse<'q, T: Deref<Target = Template>>(
    query: &'q (impl AsRef<[u8]> + ?Sized),
    lookup: impl FnOnce(&str) -> Option<T>,
) -> Result<Updates<'q>, Error> {
    let request = BatchUpdate::parse(query)?;
    match lookup(request.token()) {
        Some(template) => request.updates(&template),
        None => Err(request.unknown_token()),
    }
}

/// A query whose token is judged and whose pins are not yet: what a server holds while it looks
/// the device up.
///
/// It borrows the query, is [`Send`], and its [`Debug`] shows none of it.
///
/// ```
/// # async fn template_of(token: &str) -> Option<pinquery::Template> { None }
/// use pinquery::{BatchUpdate, Error};
///
/// async fn handle(query: &str) -> Result<(), Error> {
///     let request = BatchUpdate::parse(query)?;
///     let template = template_of(request.token()).await.ok_or_else(|| request.unknown_token())?;
///     for update in request.updates(&template)? {
///         println!("{} = {:?}", update.pin, update.value);
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct BatchUpdate<'q> {
    query: &'q [u8],
    token: Token<'q>,
    /// Where the first token's segment begins, its value begins, and both end.
    token_start: usize,
    value_start: usize,
    token_end: usize,
}

impl<'q> BatchUpdate<'q> {
    /// Finds and judges the token: the first `token` segment, wherever it stands.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingToken`] for `v1=33`, [`ErrorKind::InvalidToken`] for `token=&v1=33`.
    ///
    /// ```
    /// # use pinquery::{BatchUpdate, ErrorKind};
    /// assert_eq!(BatchUpdate::parse("v1=33&token=t").unwrap().token().as_str(), "t");
    /// assert_eq!(BatchUpdate::parse("v1=33").unwrap_err().kind(), ErrorKind::MissingToken);
    /// ```
    #[inline(always)]
    pub fn parse(query: &'q (impl AsRef<[u8]> + ?Sized)) -> Result<Self, Error> {
        Self::find(query.as_ref())
    }

    #[inline(always)]
    fn find(query: &'q [u8]) -> Result<Self, Error> {
        const FIRST: &[u8] = b"token=";

        match query.strip_prefix(FIRST).and_then(token::plain) {
            Some(token) => Ok(Self {
                query,
                token_start: 0,
                value_start: FIRST.len(),
                token_end: FIRST.len() + token.len(),
                token,
            }),
            None => Self::find_any(query),
        }
    }

    #[cold]
    #[inline(never)]
    fn find_any(query: &'q [u8]) -> Result<Self, Error> {
        let Some(pair) = Pairs::new(query).find(Pair::is_token) else {
            return Err(Error::new(
                ErrorKind::MissingToken,
                query.len()..query.len(),
            ));
        };
        let value = pair.value.span();
        match Token::new(pair.value) {
            Some(token) => Ok(Self {
                query,
                token,
                token_start: pair.name.span().start,
                value_start: value.start,
                token_end: value.end,
            }),
            None => Err(Error::new(ErrorKind::InvalidToken, value)),
        }
    }

    /// The token, to look the device up by. It is a `&str` wherever one is asked for; a map keyed by
    /// `String` is asked by [`as_str`](Token::as_str).
    ///
    /// ```
    /// # use pinquery::BatchUpdate;
    /// let request = BatchUpdate::parse("token=t&v1=33").unwrap();
    /// assert_eq!(request.token().as_str(), "t");
    /// ```
    #[must_use]
    pub fn token(&self) -> &Token<'q> {
        &self.token
    }

    /// The error for a token that the server does not know.
    ///
    /// ```
    /// # use pinquery::{BatchUpdate, ErrorKind};
    /// let error = BatchUpdate::parse("token=t&v1=33").unwrap().unknown_token();
    /// assert_eq!((error.kind(), error.span()), (ErrorKind::UnknownToken, 6..7));
    /// ```
    #[must_use]
    pub fn unknown_token(&self) -> Error {
        Error::new(ErrorKind::UnknownToken, self.value_start..self.token_end)
    }

    /// Judges every other segment in query order by the device's template; all or nothing.
    ///
    /// The updates are returned by value, which copies 272 bytes, some 80 instructions. Beside a
    /// lookup in a large map or a system call that is nothing.
    ///
    /// # Errors
    ///
    /// The first that applies of [`ErrorKind::DuplicateToken`], [`ErrorKind::InvalidPin`],
    /// [`ErrorKind::UnknownPin`], [`ErrorKind::DuplicatePin`] and [`ErrorKind::InvalidValue`], in
    /// this order within a segment; else [`ErrorKind::NoPins`] where there is no pin.
    ///
    /// ```
    /// # use pinquery::{BatchUpdate, Datastream, ErrorKind, Template, VirtualPin};
    /// let template = Template::new().with(VirtualPin(1), Datastream::integer(..)?);
    /// let request = BatchUpdate::parse("token=t&v1=33&v2=44").unwrap();
    /// let error = request.updates(&template).unwrap_err();
    /// assert_eq!((error.kind(), error.span()), (ErrorKind::UnknownPin, 14..16));
    /// # Ok::<(), pinquery::DatastreamError>(())
    /// ```
    #[inline]
    pub fn updates(&self, template: &Template) -> Result<Updates<'q>, Error> {
        let mut updates = Updates::new();
        self.updates_into(template, &mut updates)?;
        Ok(updates)
    }

    /// The same as [`updates`](Self::updates), into a variable of the caller's, without the copy:
    /// what was in it is gone, and after an error it is empty.
    ///
    /// # Errors
    ///
    /// Those of [`updates`](Self::updates).
    ///
    /// ```
    /// # use pinquery::{BatchUpdate, Datastream, Template, Updates, Value, VirtualPin};
    /// let template = Template::new().with(VirtualPin(1), Datastream::integer(..)?);
    /// let mut updates = Updates::new();
    /// let request = BatchUpdate::parse("token=t&v1=33").unwrap();
    /// request.updates_into(&template, &mut updates).unwrap();
    /// assert_eq!(updates[0].value, Value::Integer(33));
    /// # Ok::<(), pinquery::DatastreamError>(())
    /// ```
    #[inline]
    pub fn updates_into(
        &self,
        template: &Template,
        updates: &mut Updates<'q>,
    ) -> Result<(), Error> {
        updates.clear();
        let judged = judge::segments(
            self.query,
            self.token_start..self.token_end,
            template,
            updates,
        );
        if judged.is_err() {
            updates.clear();
        }
        judged
    }
}

impl fmt::Debug for BatchUpdate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchUpdate").finish_non_exhaustive()
    }
}
