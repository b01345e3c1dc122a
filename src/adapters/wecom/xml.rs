//! Reads the XML of callbacks: elements, text and CDATA. What a callback has no use for and what has been used against readers
//! of XML is refused: document types, entities of its own, endless nesting, elements without number.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, Event};

use super::tree::{DEEPEST, MOST, Node, TooMuch};

/// Why a text is not the XML of a callback. What is wrong is said without repeating any of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadXml {
    /// The rules of XML are broken at this byte.
    #[error("it is not well formed at byte {0}")]
    Malformed(u64),
    /// It declares a type, which no callback does.
    #[error("it has a document type")]
    DocType,
    /// It refers to something that XML itself does not know.
    #[error("it has an entity that XML does not know")]
    Entity,
    /// It is not one element.
    #[error("it is not one element")]
    NotOne,
    /// It is too much.
    #[error(transparent)]
    TooMuch(#[from] TooMuch),
}

/// The element that a text is.
///
/// # Errors
/// It is none, or one that is not read.
pub fn parse(text: &str) -> Result<Node<'_>, BadXml> {
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}').trim_ascii());
    let mut open: Vec<Node<'_>> = Vec::new();
    let mut root = None;
    let mut left = MOST;
    loop {
        let event = reader.read_event().map_err(|_| BadXml::Malformed(reader.error_position()))?;
        let closed = match event {
            Event::Start(tag) => {
                begin(&mut open, root.is_some(), &mut left, tag.name().0.to_owned().into())?;
                None
            }
            Event::Empty(tag) => {
                begin(&mut open, root.is_some(), &mut left, tag.name().0.to_owned().into())?;
                open.pop()
            }
            Event::End(_) => open.pop(),
            Event::Text(text) => {
                add(&mut open, text.xml10_content())?;
                None
            }
            Event::CData(text) => {
                add(&mut open, text.xml10_content())?;
                None
            }
            Event::GeneralRef(reference) => {
                add(&mut open, meant(&reference)?)?;
                None
            }
            Event::DocType(_) => return Err(BadXml::DocType),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => None,
            Event::Eof => break,
        };
        match (closed, open.last_mut()) {
            (Some(node), Some(parent)) => parent.children.push(node),
            (Some(node), None) => root = Some(node),
            (None, _) => {}
        }
    }
    if open.is_empty() { root.ok_or(BadXml::NotOne) } else { Err(BadXml::Malformed(reader.buffer_position())) }
}

fn begin<'a>(open: &mut Vec<Node<'a>>, ended: bool, left: &mut usize, name: Cow<'a, str>) -> Result<(), BadXml> {
    if ended {
        return Err(BadXml::NotOne);
    }
    *left = left.checked_sub(1).filter(|_| open.len() < DEEPEST).ok_or(TooMuch)?;
    open.push(Node { name, ..Node::default() });
    Ok(())
}

/// Text belongs to the innermost element; outside of all there may be white space alone.
fn add<'a>(open: &mut [Node<'a>], text: Cow<'a, str>) -> Result<(), BadXml> {
    match open.last_mut() {
        Some(node) if node.text.is_empty() => node.text = text,
        Some(node) => node.text.to_mut().push_str(&text),
        None if text.trim_ascii().is_empty() => {}
        None => return Err(BadXml::NotOne),
    }
    Ok(())
}

fn meant<'a>(reference: &BytesRef<'_>) -> Result<Cow<'a, str>, BadXml> {
    match reference.resolve_char_ref() {
        Ok(Some(sign)) => Ok(Cow::Owned(sign.to_string())),
        Ok(None) => resolve_xml_entity(reference).map(Cow::Borrowed).ok_or(BadXml::Entity),
        Err(_) => Err(BadXml::Entity),
    }
}

#[cfg(test)]
mod tests;
