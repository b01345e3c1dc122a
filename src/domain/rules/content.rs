//! What a message may hold, for rules that are about some of it: pictures, links, contacts …

use serde::Deserialize;

use super::contacts::reached_by;
use super::links::{addresses_in, names_host};
use super::{Found, Said};
use crate::domain::case::Span;
use crate::domain::event::{Message, Segment};

/// Something that a message may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Content {
    Image,
    Video,
    Voice,
    /// A link card, or an address in the text.
    Link,
    File,
    Card,
    RedPacket,
    Mention,
    /// A telephone number, or an account of WeChat or QQ, in the text.
    Contact,
    /// A QR code in a picture, where pictures are read.
    QrCode,
}

impl Content {
    /// What it is as a segment.
    fn is(self, segment: &Segment) -> bool {
        match segment {
            Segment::Image { .. } => self == Content::Image,
            Segment::Video { .. } => self == Content::Video,
            Segment::Voice { .. } => self == Content::Voice,
            Segment::Link { .. } => self == Content::Link,
            Segment::File { .. } => self == Content::File,
            Segment::Card { .. } => self == Content::Card,
            Segment::RedPacket => self == Content::RedPacket,
            Segment::Qr(_) => self == Content::QrCode,
            Segment::Mention { .. } => self == Content::Mention,
            Segment::Text(_) | Segment::Other(_) => false,
        }
    }
}

/// A hit for each of these that a message holds.
pub(super) fn find(contents: &[Content], said: &Said<'_>, found: &mut Found<'_>) {
    for (at, _, segment) in places(said.message) {
        if contents.iter().any(|content| content.is(segment)) {
            found.push(Span { start: at, end: at + length(segment) });
        }
    }
    if contents.contains(&Content::Link) && names_host(said.text) {
        addresses_in(&said.text.original).into_iter().for_each(|address| found.push(address.span));
    }
    if contents.contains(&Content::Contact) {
        reached_by(said.text).into_iter().for_each(|span| found.push(span));
    }
}

/// The segments that are not text: the place of each in the original text, where one U+FFFC stands for it, its number, and
/// itself.
pub(super) fn places(message: &Message) -> impl Iterator<Item = (u32, usize, &Segment)> {
    let mut at = 0;
    message.content.iter().enumerate().filter_map(move |(index, segment)| {
        let here = at;
        at += length(segment);
        (!matches!(segment, Segment::Text(_))).then_some((here, index, segment))
    })
}

/// How many characters of the original text a segment is.
fn length(segment: &Segment) -> u32 {
    match segment {
        Segment::Text(text) | Segment::Qr(text) => text.chars().count() as u32,
        _ => 1,
    }
}
