//! What a callback says, whichever way it is written: WeCom sends apps XML, or, if so configured, JSON with the same names.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// How deep a callback may nest; what is known nests 4 deep.
pub const DEEPEST: usize = 16;

/// How many elements a callback may have. A change of a group names at most 2,000 members.
pub const MOST: usize = 10_000;

/// An element with its text and what is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node<'a> {
    /// Its name; empty for an item of a JSON array in an array.
    pub name: Cow<'a, str>,
    /// All text that is directly in it, joined.
    pub text: Cow<'a, str>,
    /// The elements in it, in order; one name may come many times.
    pub children: Vec<Node<'a>>,
}

/// It has more elements than [`MOST`], or nests deeper than [`DEEPEST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it has more than {MOST} elements or nests deeper than {DEEPEST}")]
pub struct TooMuch;

impl<'a> Node<'a> {
    /// The first element of this name.
    pub fn child(&self, name: &str) -> Option<&Node<'a>> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All elements of this name.
    pub fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Node<'a>> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first element of this name, as it came; nothing when it is missing or empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| &*child.text).filter(|text| !text.is_empty())
    }

    /// The same without white space around it: for ids, words and numbers.
    pub fn word(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim()).filter(|text| !text.is_empty())
    }

    /// The first element along these names.
    pub fn at(&self, path: &[&str]) -> Option<&Node<'a>> {
        path.iter().try_fold(self, |node, name| node.child(name))
    }

    /// A JSON value in the same form: a field is an element, an array that many elements of one name.
    ///
    /// # Errors
    /// It is too much.
    pub fn of_json(json: &'a Value) -> Result<Self, TooMuch> {
        let mut root = Self { name: Cow::Borrowed("xml"), ..Self::default() };
        let mut left = MOST;
        root.fill(json, DEEPEST, &mut left)?;
        Ok(root)
    }

    fn fill(&mut self, json: &'a Value, depth: usize, left: &mut usize) -> Result<(), TooMuch> {
        match json {
            Value::Null => {}
            Value::Bool(_) | Value::Number(_) => self.text = Cow::Owned(json.to_string()),
            Value::String(text) => self.text = Cow::Borrowed(text),
            Value::Array(items) => items.iter().try_for_each(|item| self.add("", item, depth, left))?,
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value {
                        Value::Array(items) => items.iter().try_for_each(|item| self.add(name, item, depth, left))?,
                        value => self.add(name, value, depth, left)?,
                    }
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, name: &'a str, json: &'a Value, depth: usize, left: &mut usize) -> Result<(), TooMuch> {
        let depth = depth.checked_sub(1).ok_or(TooMuch)?;
        *left = left.checked_sub(1).ok_or(TooMuch)?;
        let mut child = Self { name: Cow::Borrowed(name), ..Self::default() };
        child.fill(json, depth, left)?;
        self.children.push(child);
        Ok(())
    }

    /// As JSON, to be kept with an event of a type that is not known: an element with others in it is an object, a name that
    /// comes many times an array.
    pub fn json(&self) -> Value {
        if self.children.is_empty() {
            return Value::from(&*self.text);
        }
        let mut fields = Map::new();
        for child in &self.children {
            match fields.entry(&*child.name) {
                serde_json::map::Entry::Vacant(place) => {
                    place.insert(child.json());
                }
                serde_json::map::Entry::Occupied(mut before) => match before.get_mut() {
                    Value::Array(items) => items.push(child.json()),
                    first => *first = Value::Array(vec![first.take(), child.json()]),
                },
            }
        }
        Value::Object(fields)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_is_the_same_as_xml_of_the_same_names() {
        let json = json!({"CreateTime": 17, "On": true, "None": null, "Text": " 早 ", "Items": [1, {"A": "x"}], "Deep": {"A": {"B": "c"}}});
        let node = Node::of_json(&json).expect("it is small");
        assert_eq!((node.word("CreateTime"), node.word("On"), node.word("None")), (Some("17"), Some("true"), None));
        assert_eq!((node.text("Text"), node.word("Text"), node.text("Nothing")), (Some(" 早 "), Some("早"), None));
        let items: Vec<_> = node.all("Items").map(|item| (&*item.text, item.word("A"))).collect();
        assert_eq!(items, [("1", None), ("", Some("x"))]);
        assert_eq!(node.at(&["Deep", "A", "B"]).map(|node| &*node.text), Some("c"));
        assert_eq!(node.at(&["Deep", "B"]), None);
        let back = json!({"CreateTime": "17", "On": "true", "None": "", "Text": " 早 ", "Items": ["1", {"A": "x"}], "Deep": {"A": {"B": "c"}}});
        assert_eq!(node.json(), back);
    }

    #[test]
    fn what_is_too_much_is_refused() {
        let deep = (0..DEEPEST + 1).fold(json!(1), |inner, _| json!({ "a": inner }));
        assert_eq!(Node::of_json(&deep), Err(TooMuch));
        assert_eq!(Node::of_json(&json!({ "a": vec![1; MOST + 1] })), Err(TooMuch));
        assert!(Node::of_json(&json!({ "a": vec![1; MOST] })).is_ok());
    }
}
