//! WeCom writes a mention into the text, as `@Name` and a space. Where a name is known, it becomes a mention of its user, so
//! that "@群卫 禁言 …" is a command.

use serde_json::{Value, json};

/// What stands behind a mentioned name: the client writes U+2005, a person a space.
const ENDS: [char; 4] = [' ', '\u{2005}', '\u{a0}', '\u{3000}'];

/// Names that stand for users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(Vec<(String, String)>);

impl Names {
    /// Pairs of a name as members see it, without `@`, and the user it stands for. Of two that begin alike the longer is
    /// tried first.
    pub fn new(names: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut names: Vec<_> = names.into_iter().filter(|(name, _)| !name.is_empty()).collect();
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        Self(names)
    }

    /// A text as segments of interfaces.md §2. The space behind a name stays with the text.
    pub fn segments(&self, text: &str) -> Vec<Value> {
        let mut segments = Vec::new();
        let (mut said, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once('@') {
            said.push_str(before);
            match self.at(after) {
                Some((name, user)) => {
                    push_text(&mut segments, &mut said);
                    segments.push(json!({"type": "mention", "user": user, "name": name}));
                    rest = after.strip_prefix(name).unwrap_or(after);
                }
                None => {
                    said.push('@');
                    rest = after;
                }
            }
        }
        said.push_str(rest);
        if segments.is_empty() || !said.is_empty() {
            segments.push(json!({"type": "text", "text": said}));
        }
        segments
    }

    /// The name that a text begins with.
    fn at(&self, text: &str) -> Option<(&str, &str)> {
        self.0
            .iter()
            .map(|(name, user)| (&**name, &**user))
            .find(|(name, _)| text.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(ENDS)))
    }
}

fn push_text(segments: &mut Vec<Value>, said: &mut String) {
    if !said.is_empty() {
        segments.push(json!({"type": "text", "text": std::mem::take(said)}));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_become_mentions_and_others_stay_text() {
        let names = Names::new([("群卫".to_owned(), "bot".to_owned()), ("群卫二".to_owned(), "bot2".to_owned())]);
        let text = |text: &str| json!({"type": "text", "text": text});
        let bot = json!({"type": "mention", "user": "bot", "name": "群卫"});
        assert_eq!(names.segments("@群卫 禁言 小王"), [bot.clone(), text(" 禁言 小王")]);
        assert_eq!(names.segments("看@群卫\u{2005}"), [text("看"), bot.clone(), text("\u{2005}")]);
        assert_eq!(names.segments("@群卫"), [bot]);
        assert_eq!(names.segments("@群卫二 好")[0]["user"], "bot2");
        assert_eq!(names.segments("a@群卫队 @小李 b@"), [text("a@群卫队 @小李 b@")]);
        assert_eq!(names.segments(""), [text("")]);
        assert_eq!(Names::default().segments("@群卫 x"), [text("@群卫 x")]);
    }
}
