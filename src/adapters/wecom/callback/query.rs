//! The query of a callback: `msg_signature`, `timestamp`, `nonce`, and `echostr` when an address is verified.

use std::borrow::Cow;

/// The longest value that is taken, in bytes. An `echostr` has about a hundred.
const LONGEST: usize = 4096;

/// The parts that are signed, url-decoded.
#[derive(Clone, PartialEq, Eq)]
pub struct Query<'a> {
    /// `msg_signature`
    pub signature: Cow<'a, str>,
    /// `timestamp`, seconds since 1970, as it came.
    pub timestamp: Cow<'a, str>,
    /// `nonce`
    pub nonce: Cow<'a, str>,
    /// `echostr`, when an address is verified.
    pub echostr: Option<Cow<'a, str>>,
}

/// Why a query is not a callback's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadQuery {
    /// A part is missing.
    #[error("the query has no `{0}`")]
    Missing(&'static str),
    /// A part is not written as queries are.
    #[error("`{0}` is not url-encoded UTF-8 of at most {LONGEST} bytes")]
    Encoding(&'static str),
}

impl<'a> Query<'a> {
    /// Reads the query as it stands behind the `?`. A `+` stays one: an `echostr` is base64, and not what a form encodes.
    ///
    /// # Errors
    /// The first part that is missing or cannot be decoded.
    pub fn parse(raw: &'a str) -> Result<Self, BadQuery> {
        let part = |name| value(raw, name)?.ok_or(BadQuery::Missing(name));
        Ok(Self {
            signature: part("msg_signature")?,
            timestamp: part("timestamp")?,
            nonce: part("nonce")?,
            echostr: value(raw, "echostr")?,
        })
    }
}

/// The first value of this name. Names are never encoded.
fn value<'a>(raw: &'a str, name: &'static str) -> Result<Option<Cow<'a, str>>, BadQuery> {
    let mut pairs = raw.split('&').filter_map(|pair| pair.split_once('='));
    let Some((_, value)) = pairs.find(|(key, _)| *key == name) else { return Ok(None) };
    if value.len() > LONGEST {
        return Err(BadQuery::Encoding(name));
    }
    decoded(value).map(Some).ok_or(BadQuery::Encoding(name))
}

/// A part of a URL, percent-decoded; `None` when it cannot be.
pub fn decoded(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut pieces = text.split('%');
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let (digits, rest) = piece.as_bytes().split_at_checked(2)?;
        let digit = |at: usize| char::from(*digits.get(at)?).to_digit(16);
        bytes.push(u8::try_from(digit(0)? * 16 + digit(1)?).ok()?);
        bytes.extend_from_slice(rest);
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}
