//! An event as it is written: every field that some type has, borrowed from the JSON where it can be.
//!
//! A value of the wrong kind is remembered and not an error here: whether it matters depends on the type, and only the
//! reader knows the field's whole path.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize as Derived;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Malformed, Person, Segment};

/// An event.
#[derive(Derived)]
pub(super) struct Wire<'a> {
    #[serde(borrow, default)]
    pub(super) id: Plain<'a>,
    #[serde(borrow, default, rename = "type")]
    pub(super) kind: Plain<'a>,
    #[serde(borrow, default)]
    pub(super) platform: Plain<'a>,
    #[serde(borrow, default)]
    pub(super) group: Plain<'a>,
    #[serde(borrow, default)]
    pub(super) time: Plain<'a>,
    #[serde(borrow, default)]
    pub(super) sender: Part<WirePerson<'a>>,
    #[serde(borrow, default)]
    pub(super) quote: Part<WireQuote<'a>>,
    #[serde(default)]
    pub(super) content: List<Segment>,
    #[serde(borrow, default)]
    pub(super) text: Plain<'a>,
    #[serde(borrow, default)]
    pub(super) judged: Plain<'a>,
    #[serde(borrow, default)]
    pub(super) answerable: Plain<'a>,
    #[serde(borrow, default)]
    pub(super) message: Plain<'a>,
    #[serde(default)]
    pub(super) members: List<Person>,
    #[serde(borrow, default)]
    pub(super) member: Part<WirePerson<'a>>,
    #[serde(borrow, default)]
    pub(super) inviter: Plain<'a>,
    #[serde(borrow, default)]
    pub(super) answer: Plain<'a>,
    #[serde(borrow, default)]
    pub(super) channel: Plain<'a>,
    #[serde(borrow, default)]
    pub(super) reason: Plain<'a>,
    #[serde(borrow, default)]
    pub(super) user: Plain<'a>,
    #[serde(borrow, default)]
    pub(super) task: Plain<'a>,
    #[serde(borrow, default)]
    pub(super) choice: Plain<'a>,
    #[serde(borrow, default)]
    pub(super) name: Plain<'a>,
    #[serde(borrow, default)]
    pub(super) archive: Part<WireArchive<'a>>,
    #[serde(borrow, default)]
    pub(super) segment: Plain<'a>,
}

/// Whose messages are archived.
#[derive(Derived)]
pub(super) struct WireArchive<'a> {
    #[serde(borrow, default)]
    pub(super) employees: Plain<'a>,
    #[serde(borrow, default)]
    pub(super) outsiders: Plain<'a>,
    #[serde(borrow, default)]
    pub(super) missing: Plain<'a>,
}

/// A member.
#[derive(Derived)]
pub(super) struct WirePerson<'a> {
    #[serde(borrow, default)]
    pub(super) id: Plain<'a>,
    #[serde(borrow, default)]
    pub(super) name: Plain<'a>,
    #[serde(borrow, default)]
    pub(super) role: Plain<'a>,
}

/// A message that is quoted.
#[derive(Derived)]
pub(super) struct WireQuote<'a> {
    #[serde(borrow, default)]
    pub(super) message: Plain<'a>,
    #[serde(borrow, default)]
    pub(super) sender: Plain<'a>,
    #[serde(borrow, default)]
    pub(super) text: Plain<'a>,
}

/// A part of a message.
#[derive(Derived)]
pub(super) struct WireSegment<'a> {
    #[serde(borrow, default, rename = "type")]
    pub(super) kind: Plain<'a>,
    #[serde(borrow, default)]
    pub(super) text: Plain<'a>,
    #[serde(borrow, default)]
    pub(super) user: Plain<'a>,
    #[serde(borrow, default)]
    pub(super) name: Plain<'a>,
    #[serde(borrow, default)]
    pub(super) url: Plain<'a>,
    #[serde(borrow, default)]
    pub(super) title: Plain<'a>,
    #[serde(borrow, default)]
    pub(super) seconds: Plain<'a>,
    #[serde(borrow, default)]
    pub(super) size: Plain<'a>,
}

/// A value that should be a string or a number.
#[derive(Default)]
pub(super) enum Plain<'a> {
    /// Not there, or `null`.
    #[default]
    Missing,
    Text(&'a str),
    /// A text with escapes in it.
    Unescaped(Box<str>),
    Whole(u64),
    Below(i64),
    Float(f64),
    /// What it is instead.
    Wrong(&'static str),
}

/// A value that should be an object.
#[derive(Default)]
pub(super) enum Part<T> {
    /// Not there, or `null`.
    #[default]
    Missing,
    Object(T),
    /// What it is instead.
    Wrong(&'static str),
}

/// A value that should be an array of objects, each of which is read as soon as it is there: a list of what they are is
/// much smaller than one of how they were written.
#[derive(Default)]
pub(super) enum List<T> {
    /// Not there, or `null`.
    #[default]
    Missing,
    /// What they are, or what is wrong with the first that cannot be read, and its place.
    Items(Result<Vec<T>, (usize, Malformed)>),
    /// What it is instead.
    Wrong(&'static str),
}

/// What an item of a [`List`] is.
pub(super) trait Item: Sized {
    /// How it is written.
    type Wire<'a>: Deserialize<'a>;
    /// Reads it.
    fn read(wire: Part<Self::Wire<'_>>) -> Result<Self, Malformed>;
}

/// The methods of a visitor for values that are not what is wanted.
macro_rules! wrong {
    ($($visit:ident $(($type:ty))? => $what:literal),+ $(,)?) => {$(
        fn $visit<E: Error>(self $(, _: $type)?) -> Result<Self::Value, E> {
            Ok(Self::Value::Wrong($what))
        }
    )+};
    (array) => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Self::Value::Wrong("an array"))
        }
    };
    (object) => {
        fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
            while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(Self::Value::Wrong("an object"))
        }
    };
    (null) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("any value")
        }
        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(Self::Value::Missing)
        }
    };
}

impl<'de: 'a, 'a> Deserialize<'de> for Plain<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Plain<'de>;
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Plain<'de>, E> {
                Ok(Plain::Text(text))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Plain<'de>, E> {
                Ok(Plain::Unescaped(text.into()))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Plain<'de>, E> {
                Ok(Plain::Whole(number))
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Plain<'de>, E> {
                Ok(Plain::Below(number))
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<Plain<'de>, E> {
                Ok(Plain::Float(number))
            }
            wrong!(visit_bool(bool) => "true or false");
            wrong!(array);
            wrong!(object);
            wrong!(null);
        }
        deserializer.deserialize_any(Any)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Part<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Any<T> {
            type Value = Part<T>;
            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Part<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(fields)).map(Part::Object)
            }
            wrong!(
                visit_bool(bool) => "true or false", visit_u64(u64) => "a number", visit_i64(i64) => "a number",
                visit_f64(f64) => "a number", visit_str(&str) => "a string",
            );
            wrong!(array);
            wrong!(null);
        }
        deserializer.deserialize_any(Any(PhantomData))
    }
}

impl<'de, T: Item> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any<T>(PhantomData<T>);
        impl<'de, T: Item> Visitor<'de> for Any<T> {
            type Value = List<T>;
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<List<T>, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element::<Part<T::Wire<'de>>>()? {
                    match T::read(item) {
                        Ok(item) => list.push(item),
                        Err(wrong) => {
                            while items.next_element::<IgnoredAny>()?.is_some() {}
                            return Ok(List::Items(Err((list.len(), wrong))));
                        }
                    }
                }
                Ok(List::Items(Ok(list)))
            }
            wrong!(
                visit_bool(bool) => "true or false",
                visit_u64(u64) => "a number",
                visit_i64(i64) => "a number",
                visit_f64(f64) => "a number",
                visit_str(&str) => "a string",
            );
            wrong!(object);
            wrong!(null);
        }
        deserializer.deserialize_any(Any(PhantomData))
    }
}
