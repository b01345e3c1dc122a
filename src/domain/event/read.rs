//! What is asked of each type of event, and what is said of a field that is not as it should be.

use std::borrow::Cow;
use std::mem::take;
use std::sync::Arc;

use super::wire::{Item, List, Part, Plain, Wire, WireArchive, WirePerson, WireQuote, WireSegment};
use super::{Archived, Event, Kind, Malformed, Message, Person, Quote, Role, Segment};
use crate::domain::time::Timestamp;

/// The longest id that is taken, in bytes. Platforms use at most 64; the limit bounds what a key costs.
pub const MAX_ID: usize = 512;

/// A message for `scan`, with what else is told of it.
#[derive(Debug)]
pub struct Scanned {
    /// Its id.
    pub id: Option<Box<str>>,
    /// Its group.
    pub group: Option<Box<str>>,
    /// When it was sent.
    pub time: Option<Timestamp>,
    /// Itself.
    pub message: Message,
}

impl Event {
    /// Reads one event from JSON. Its platform is `bridge` when it names none.
    ///
    /// # Errors
    /// Names the first field that is missing or of the wrong kind.
    pub fn parse(json: &str) -> Result<Self, Malformed> {
        let mut wire = wire(json)?;
        let platform = match take(&mut wire.platform).id("platform")? {
            Some(name) => Arc::from(name),
            None => Arc::from("bridge"),
        };
        wire.read(platform)
    }

    /// Reads one event of this platform, whatever it says of its own.
    ///
    /// # Errors
    /// As [`Event::parse`].
    pub fn parse_from(platform: &Arc<str>, json: &str) -> Result<Self, Malformed> {
        wire(json)?.read(platform.clone())
    }

    /// Reads a message for `scan`: `{"id":…,"text":…}` or a message of interfaces.md §2, of which the content, the sender and the time matter.
    ///
    /// # Errors
    /// As [`Event::parse`].
    pub fn parse_for_scan(json: &str) -> Result<Scanned, Malformed> {
        let wire = wire(json)?;
        let id = wire.id.id("id")?;
        let group = wire.group.id("group")?;
        let time = wire.time.text("time").ok().flatten().and_then(|text| Timestamp::parse(&text));
        if matches!((&wire.text, &wire.content), (Plain::Missing, List::Missing)) {
            return Err(malformed("text", "is missing (and so is content)"));
        }
        let sender = match wire.sender {
            Part::Missing => Person::default(),
            sender => person("sender", sender, Plain::id_or_none)?,
        };
        let mut content = content(wire.content, wire.text)?;
        content.iter_mut().for_each(no_code);
        let message = Message { sender, content, ..Message::default() };
        Ok(Scanned { id, group, time, message })
    }
}

fn wire(json: &str) -> Result<Wire<'_>, Malformed> {
    if !json.trim_ascii_start().starts_with('{') {
        return Err(malformed("", "is not a JSON object"));
    }
    serde_json::from_str(json).map_err(|error| malformed("", clip(&error.to_string(), 120)))
}

impl Wire<'_> {
    fn read(mut self, platform: Arc<str>) -> Result<Event, Malformed> {
        let id = take(&mut self.id).needed("id")?;
        let name = take(&mut self.kind).text("type")?.ok_or_else(|| malformed("type", "is missing"))?;
        let time = match take(&mut self.time).text("time")? {
            None => None,
            Some(text) => Some(time(&text)?),
        };
        let group = take(&mut self.group);
        let kind = self.kind(&name)?;
        let group = match &kind {
            Kind::Message(_)
            | Kind::Edited { .. }
            | Kind::Recalled { .. }
            | Kind::Picture { .. }
            | Kind::Joined { .. }
            | Kind::Left { .. }
            | Kind::Renamed { .. }
            | Kind::GroupUpdated { .. }
            | Kind::JoinRequest { .. }
            | Kind::Button { .. }
            | Kind::Track { .. } => group.needed("group")?,
            Kind::Private(_) => group.id("group")?.unwrap_or_default(),
            // Stored and otherwise ignored, so nothing is asked of it.
            Kind::Other(_) => group.id("group").ok().flatten().unwrap_or_default(),
        };
        Ok(Event { id, platform, group, time, kind })
    }

    fn kind(self, name: &str) -> Result<Kind, Malformed> {
        Ok(match name {
            "message" => {
                let answerable = is_once(&self.answerable);
                let message = said(self.sender, self.content, self.text, self.quote, &self.judged)?;
                Kind::Message(Message { answerable, ..message })
            }
            "message_edited" => Kind::Edited {
                message: self.message.needed("message")?,
                now: said(self.sender, self.content, self.text, self.quote, &self.judged)?,
            },
            "message_recalled" => Kind::Recalled { message: self.message.needed("message")? },
            "picture" => Kind::Picture {
                message: self.message.needed("message")?,
                segment: u32::try_from(self.segment.number("segment")?.unwrap_or_default()).unwrap_or(u32::MAX),
                read: picture(message(self.sender, self.content, self.text, Part::Missing, &Plain::Missing)?),
            },
            "private_message" => {
                let answerable = is_once(&self.answerable);
                let message = said(self.sender, self.content, self.text, self.quote, &self.judged)?;
                Kind::Private(Message { answerable, ..message })
            }
            "member_joined" => Kind::Joined {
                members: people(self.members)?,
                inviter: self.inviter.id("inviter")?,
                channel: owned(self.channel.text("channel")?),
            },
            "member_left" => Kind::Left { members: people(self.members)?, reason: owned(self.reason.text("reason")?) },
            "member_renamed" => Kind::Renamed { member: person("member", self.member, Plain::needed)? },
            "join_request" => Kind::JoinRequest {
                member: person("member", self.member, Plain::needed)?,
                answer: owned(self.answer.text("answer")?),
                inviter: self.inviter.id("inviter")?,
            },
            "button" => Kind::Button {
                user: self.user.needed("user")?,
                task: self.task.needed("task")?,
                choice: self.choice.needed_text("choice")?,
            },
            "group_updated" => Kind::GroupUpdated {
                name: owned(self.name.text("name")?),
                archive: archived(self.archive).map_err(|error| error.under("archive"))?,
            },
            "track" => Kind::Track {
                member: person("member", self.member, Plain::needed)?,
                name: self.name.needed_text("name")?,
            },
            other => Kind::Other(other.into()),
        })
    }
}

fn time(text: &str) -> Result<Timestamp, Malformed> {
    Timestamp::parse(text).ok_or_else(|| {
        let given = clip(text, 40);
        malformed("time", format!("`{given}` is not RFC 3339 with an offset, such as 2026-11-22T10:00:00+08:00"))
    })
}

fn message(
    sender: Part<WirePerson<'_>>,
    segments: List<Segment>,
    text: Plain<'_>,
    quoted: Part<WireQuote<'_>>,
    judged: &Plain<'_>,
) -> Result<Message, Malformed> {
    let sender = person("sender", sender, Plain::needed)?;
    if matches!((&text, &segments), (Plain::Missing, List::Missing)) {
        return Err(malformed("content", "is missing (and so is text)"));
    }
    let judged_elsewhere = matches!(judged, Plain::Text("elsewhere"));
    Ok(Message { sender, content: content(segments, text)?, quote: quote(quoted), judged_elsewhere, answerable: false })
}

fn is_once(answerable: &Plain<'_>) -> bool {
    matches!(answerable, Plain::Text("once"))
}

/// What was read in a picture: each piece on a line of its own, so that no word and no address goes on from one into the next.
fn picture(read: Message) -> Message {
    let mut content = Vec::with_capacity(read.content.len() * 2);
    for segment in read.content {
        if let Segment::Text(_) | Segment::Qr(_) = segment {
            content.extend((!content.is_empty()).then(|| Segment::Text("\n".into())));
            content.push(segment);
        }
    }
    Message { content, ..read }
}

/// What somebody said: codes are read in pictures alone.
fn said(
    sender: Part<WirePerson<'_>>,
    segments: List<Segment>,
    text: Plain<'_>,
    quoted: Part<WireQuote<'_>>,
    judged: &Plain<'_>,
) -> Result<Message, Malformed> {
    let mut message = message(sender, segments, text, quoted, judged)?;
    message.content.iter_mut().for_each(no_code);
    Ok(message)
}

fn no_code(segment: &mut Segment) {
    if let Segment::Qr(_) = segment {
        *segment = Segment::Other("qr".into());
    }
}

/// What a message quotes. Nothing of it is needed, so what cannot be read is not there.
fn quote(quoted: Part<WireQuote<'_>>) -> Option<Box<Quote>> {
    let Part::Object(quoted) = quoted else { return None };
    let id = |plain: Plain<'_>| plain.id("quote").ok().flatten().filter(|id| !id.is_empty());
    let (message, sender) = (id(quoted.message), id(quoted.sender));
    let text = owned(quoted.text.text("quote").ok().flatten()).unwrap_or_default();
    Some(Box::new(Quote { message, sender, text }))
}

fn content(segments: List<Segment>, text: Plain<'_>) -> Result<Vec<Segment>, Malformed> {
    let text = text.text("text")?;
    let mut content = segments.items("content")?.unwrap_or_default();
    if content.is_empty() {
        content.extend(owned(text).map(Segment::Text));
    }
    Ok(content)
}

impl Item for Segment {
    type Wire<'a> = WireSegment<'a>;
    fn read(wire: Part<WireSegment<'_>>) -> Result<Self, Malformed> {
        let wire = wire.object()?;
        let kind = wire.kind.text("type")?.ok_or_else(|| malformed("type", "is missing"))?;
        Ok(match &*kind {
            "text" => Segment::Text(wire.text.needed_text("text")?),
            "mention" => Segment::Mention {
                user: wire.user.needed("user")?,
                name: owned(wire.name.text("name")?).unwrap_or_default(),
            },
            "image" => Segment::Image { url: owned(wire.url.text("url")?) },
            "link" => Segment::Link { url: wire.url.needed_text("url")?, title: owned(wire.title.text("title")?) },
            "qr" => Segment::Qr(wire.text.needed_text("text")?),
            "voice" => Segment::Voice { text: owned(wire.text.text("text")?) },
            "video" => Segment::Video { seconds: wire.seconds.number("seconds")? },
            "file" => Segment::File { name: owned(wire.name.text("name")?), size: wire.size.number("size")? },
            "card" => Segment::Card { title: owned(wire.title.text("title")?) },
            "red_packet" => Segment::RedPacket,
            other => Segment::Other(other.into()),
        })
    }
}

impl Item for Person {
    type Wire<'a> = WirePerson<'a>;
    fn read(wire: Part<WirePerson<'_>>) -> Result<Self, Malformed> {
        person("", wire, Plain::needed)
    }
}

fn people(members: List<Person>) -> Result<Vec<Person>, Malformed> {
    members.items("members")?.ok_or_else(|| malformed("members", "is missing"))
}

fn archived(archive: Part<WireArchive<'_>>) -> Result<Option<Archived>, Malformed> {
    if matches!(archive, Part::Missing) {
        return Ok(None);
    }
    let archive = archive.object()?;
    let count =
        |plain: Plain<'_>, field| Ok(u32::try_from(plain.number(field)?.unwrap_or_default()).unwrap_or(u32::MAX));
    Ok(Some(Archived {
        employees: count(archive.employees, "employees")?,
        outsiders: count(archive.outsiders, "outsiders")?,
        missing: count(archive.missing, "missing")?,
    }))
}

/// A member in the field `field`, whose id is read by `id`.
fn person<'a>(
    field: &str,
    person: Part<WirePerson<'a>>,
    id: impl Fn(Plain<'a>, &str) -> Result<Box<str>, Malformed>,
) -> Result<Person, Malformed> {
    let read = |person: WirePerson<'a>| {
        let role = match person.role.text("role")? {
            None => None,
            Some(name) => Some(Role::parse(&name).ok_or_else(|| {
                malformed("role", format!("`{}` is none of {}", clip(&name, 40), Role::NAMES.join(", ")))
            })?),
        };
        let name = owned(person.name.text("name")?).unwrap_or_default();
        Ok(Person { id: id(person.id, "id")?, name, role })
    };
    person.object().and_then(read).map_err(|error| error.under(field))
}

impl Plain<'_> {
    /// An opaque id: a string, or an integer read as one.
    fn id(self, field: &str) -> Result<Option<Box<str>>, Malformed> {
        let id: Box<str> = match self {
            Plain::Missing => return Ok(None),
            Plain::Text(text) => text.into(),
            Plain::Unescaped(text) => text,
            Plain::Whole(number) => number.to_string().into(),
            Plain::Below(number) => number.to_string().into(),
            Plain::Float(_) => return Err(wrong(field, "a string or an integer", "a number with a fraction")),
            Plain::Wrong(what) => return Err(wrong(field, "a string or an integer", what)),
        };
        if id.len() > MAX_ID {
            return Err(malformed(field, format!("is longer than {MAX_ID} bytes")));
        }
        Ok(Some(id))
    }

    fn id_or_none(self, field: &str) -> Result<Box<str>, Malformed> {
        Ok(self.id(field)?.unwrap_or_default())
    }

    fn needed(self, field: &str) -> Result<Box<str>, Malformed> {
        match self.id(field)? {
            None => Err(malformed(field, "is missing")),
            Some(id) if id.is_empty() => Err(malformed(field, "is empty")),
            Some(id) => Ok(id),
        }
    }

    fn needed_text(self, field: &str) -> Result<Box<str>, Malformed> {
        owned(self.text(field)?).ok_or_else(|| malformed(field, "is missing"))
    }

    fn number(self, field: &str) -> Result<Option<u64>, Malformed> {
        match self {
            Plain::Missing => Ok(None),
            Plain::Whole(number) => Ok(Some(number)),
            Plain::Below(_) => Ok(Some(0)),
            Plain::Float(number) => Ok(Some(number as u64)), // saturates; a fraction of a second or byte is none
            Plain::Text(_) | Plain::Unescaped(_) => Err(wrong(field, "a number", "a string")),
            Plain::Wrong(what) => Err(wrong(field, "a number", what)),
        }
    }
}

impl<'a> Plain<'a> {
    fn text(self, field: &str) -> Result<Option<Cow<'a, str>>, Malformed> {
        match self {
            Plain::Missing => Ok(None),
            Plain::Text(text) => Ok(Some(Cow::Borrowed(text))),
            Plain::Unescaped(text) => Ok(Some(Cow::Owned(text.into_string()))),
            Plain::Whole(_) | Plain::Below(_) | Plain::Float(_) => Err(wrong(field, "a string", "a number")),
            Plain::Wrong(what) => Err(wrong(field, "a string", what)),
        }
    }
}

impl<T> Part<T> {
    fn object(self) -> Result<T, Malformed> {
        match self {
            Part::Missing => Err(malformed("", "is missing")),
            Part::Object(object) => Ok(object),
            Part::Wrong(what) => Err(wrong("", "an object", what)),
        }
    }
}

impl<T> List<T> {
    fn items(self, field: &str) -> Result<Option<Vec<T>>, Malformed> {
        match self {
            List::Missing => Ok(None),
            List::Items(Ok(items)) => Ok(Some(items)),
            List::Items(Err((index, wrong))) => Err(wrong.under(&format!("{field}[{index}]"))),
            List::Wrong(what) => Err(wrong(field, "an array", what)),
        }
    }
}

impl Malformed {
    /// The same of a field that is part of another.
    fn under(mut self, parent: &str) -> Self {
        self.field = match (parent, &*self.field) {
            ("", _) => self.field,
            (_, "") => parent.to_owned(),
            (_, field) => format!("{parent}.{field}"),
        };
        self
    }
}

fn malformed(field: &str, what: impl Into<String>) -> Malformed {
    Malformed { field: field.to_owned(), what: what.into() }
}

fn wrong(field: &str, wanted: &str, is: &str) -> Malformed {
    malformed(field, format!("must be {wanted}, not {is}"))
}

fn boxed(text: Cow<'_, str>) -> Box<str> {
    match text {
        Cow::Borrowed(text) => text.into(),
        Cow::Owned(text) => text.into_boxed_str(),
    }
}

fn owned(text: Option<Cow<'_, str>>) -> Option<Box<str>> {
    text.map(boxed)
}

/// The beginning of a text that somebody else wrote, for an error message.
fn clip(text: &str, length: usize) -> String {
    let mut clipped: String = text.chars().take(length).collect();
    if clipped.len() < text.len() {
        clipped.push('…');
    }
    clipped
}
