//! The body of a callback: XML or JSON around what is encrypted.

use std::borrow::Cow;

use serde_json::Value;

use crate::adapters::wecom::xml;

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `<xml><Encrypt>…</Encrypt></xml>`, for apps and customer contact.
    Xml,
    /// `{"encrypt":"…"}`, for smart robots, and `{"Encrypt":"…"}` for apps that are so configured.
    Json,
}

/// Why a body is not a callback's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadEnvelope {
    /// Nothing that WeCom writes.
    #[error("the body is neither XML nor JSON in UTF-8")]
    Neither,
    /// Not XML that is read.
    #[error("the body's XML: {0}")]
    Xml(#[from] xml::BadXml),
    /// Not JSON.
    #[error("the body's JSON is not sound")]
    Json,
    /// Nothing is encrypted.
    #[error("the body has no `Encrypt`")]
    Missing,
}

/// What is encrypted in a body, and how the body was written.
///
/// # Errors
/// It is not what WeCom posts.
pub fn envelope(body: &[u8]) -> Result<(Format, Cow<'_, str>), BadEnvelope> {
    let text = std::str::from_utf8(body).map_err(|_| BadEnvelope::Neither)?;
    let text = text.trim_start_matches('\u{feff}').trim_ascii();
    if text.starts_with('<') {
        let root = xml::parse(text)?;
        let encrypted = root.children.into_iter().find(|child| child.name == "Encrypt").ok_or(BadEnvelope::Missing)?;
        return Ok((Format::Xml, trimmed(encrypted.text)));
    }
    if !text.starts_with('{') {
        return Err(BadEnvelope::Neither);
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(mut fields)) => match fields.remove("encrypt").or_else(|| fields.remove("Encrypt")) {
            Some(Value::String(encrypted)) => Ok((Format::Json, trimmed(Cow::Owned(encrypted)))),
            _ => Err(BadEnvelope::Missing),
        },
        _ => Err(BadEnvelope::Json),
    }
}

/// Without the line breaks of those who lay XML out nicely.
fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_ascii()),
        Cow::Owned(text) if text.trim_ascii().len() == text.len() => Cow::Owned(text),
        Cow::Owned(text) => Cow::Owned(text.trim_ascii().to_owned()),
    }
}
