//! Names where a platform tells them apart from messages: who speaks, and who is meant by `@Name` in a command.

use std::sync::Arc;

use super::Engine;
use crate::domain::change::{Change, MemberRef};
use crate::domain::command::{Unmet, looks_like_command};
use crate::domain::event::{Event, Kind, Message, Segment};
use crate::ports::{Meant, StoreError, Unit};

/// What stands behind a name that was chosen from the list; the client writes it, people do not.
const CHOSEN: char = '\u{2005}';

/// The parts of a command with mentions in them, or why nobody is meant.
type Parts = Result<Vec<Segment>, Unmet>;

/// An event, with what is known of the names in it.
#[derive(Default)]
pub(super) struct Named {
    /// The event with the names that are known besides it; `None` where it needs none.
    pub(super) event: Option<Event>,
    /// Why it is not known whom a command in it means.
    pub(super) unmet: Option<Unmet>,
}

impl Engine {
    /// What is known of the names in an event.
    pub(super) fn named(&mut self, event: &Event, unit: &Unit) -> Result<Named, StoreError> {
        let Kind::Message(message) = &event.kind else { return Ok(Named::default()) };
        if !self.core.settings.looks_after(&event.group) {
            return Ok(Named::default());
        }
        let nameless = message.sender.name.is_empty();
        let name = if nameless { self.name_of(event, &message.sender.id, unit)? } else { None };
        let (content, unmet) = match self.mentions(event, message, unit)? {
            None => (None, None),
            Some(Ok(content)) => (Some(content), None),
            Some(Err(unmet)) => (None, Some(unmet)),
        };
        if name.is_none() && content.is_none() {
            return Ok(Named { event: None, unmet });
        }
        let mut message = message.clone();
        if let Some(name) = name {
            message.sender.name = (*name).into();
        }
        message.content = content.unwrap_or(message.content);
        Ok(Named { event: Some(Event { kind: Kind::Message(message), ..event.clone() }), unmet })
    }

    /// What a member is called.
    fn name_of(&mut self, event: &Event, user: &str, unit: &Unit) -> Result<Option<Arc<str>>, StoreError> {
        let member = MemberRef::new(&event.platform, &event.group, user);
        // What is not committed yet is newer than what is stored.
        let told = self.told(unit).find_map(|(one, name, _)| name.filter(|_| *one == member));
        match told.cloned() {
            Some(name) => Ok(Some(name)),
            None => self.store.member_name(&member),
        }
    }

    /// The parts of a command in which `@Name` is text, with mentions in place of names that are one member's alone; or why
    /// nobody is meant. `None` where names do not come as text, or it is no command.
    fn mentions(&mut self, event: &Event, message: &Message, unit: &Unit) -> Result<Option<Parts>, StoreError> {
        let Some(platform) = self.core.settings.platforms.get(&event.platform) else { return Ok(None) };
        if !platform.mentions_as_text || !looks_like_command(message, platform.bot_user.as_deref()) {
            return Ok(None);
        }
        let at = |part: &Segment| matches!(part, Segment::Text(text) if text.contains('@'));
        if !message.content.iter().any(at) {
            return Ok(Some(Err(Unmet::Nobody)));
        }
        let mut content = Vec::new();
        for part in &message.content {
            match part {
                // Whoever is meant by one name that is not understood may be anybody: then nobody is mentioned.
                Segment::Text(text) => {
                    if let Err(unmet) = self.mentions_in(event, message, text, unit, &mut content)? {
                        return Ok(Some(Err(unmet)));
                    }
                }
                other => content.push(other.clone()),
            }
        }
        Ok(Some(Ok(content)))
    }

    /// Adds the parts of a text; or says why nobody is meant by a name in it.
    fn mentions_in(
        &mut self,
        event: &Event,
        message: &Message,
        text: &str,
        unit: &Unit,
        content: &mut Vec<Segment>,
    ) -> Result<Result<(), Unmet>, StoreError> {
        let (mut said, mut rest) = (String::new(), text);
        while let Some((before, behind)) = rest.split_once('@') {
            said.push_str(before);
            let inside = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
            if inside(before.chars().next_back()) && inside(behind.chars().next()) {
                said.push('@'); // an address of mail
                rest = behind;
                continue;
            }
            let quoted = message.quote.as_deref().and_then(|quote| quote.sender.as_deref());
            let (name, user) = match self.meant(event, behind, quoted, unit)? {
                Ok(meant) => meant,
                Err(unmet) => return Ok(Err(unmet)),
            };
            content.push(Segment::Text(std::mem::take(&mut said).into()));
            content.push(Segment::Mention { user: (*user).into(), name: name.into() });
            rest = behind.strip_prefix(name).unwrap_or(behind);
        }
        said.push_str(rest);
        content.push(Segment::Text(said.into()));
        Ok(Ok(()))
    }

    /// The name that a text begins with, and the one member who is called so, or whose id it is.
    fn meant<'t>(
        &mut self,
        event: &Event,
        text: &'t str,
        quoted: Option<&str>,
        unit: &Unit,
    ) -> Result<Result<(&'t str, Arc<str>), Unmet>, StoreError> {
        let mut unmet = Unmet::Nobody;
        for Word { text: name, chosen } in names_in(text) {
            let Meant { mut called, is_id, left, names } = self.look_up(event, name, unit)?;
            // Of namesakes it is whoever is quoted; else none is touched.
            if called.len() > 1
                && let Some(one) = called.iter().find(|user| quoted == Some(&***user)).cloned()
            {
                return Ok(Ok((name, one)));
            }
            match called.len() {
                0 => {}
                1 => return Ok(called.pop().map(|user| (name, user)).ok_or(Unmet::Nobody)),
                _ => return Ok(Err(Unmet::Several { name: name.into(), users: called })),
            }
            // An id is typed. Where no name is known, there is nothing else that could be.
            if !chosen && (is_id || (!names && !left && looks_like_id(name))) {
                return Ok(Ok((name, name.into())));
            }
            let name = name.into();
            unmet = match (left, names) {
                _ if matches!(unmet, Unmet::Left { .. }) => unmet, // what was chosen is known to be somebody's name
                (true, _) => Unmet::Left { name },
                (false, true) => Unmet::Unknown { name },
                (false, false) => Unmet::Nameless { name },
            };
        }
        Ok(Err(unmet))
    }

    /// Whom a word may mean, what is not committed yet included.
    fn look_up(&mut self, event: &Event, word: &str, unit: &Unit) -> Result<Meant, StoreError> {
        if word.is_empty() {
            return Ok(Meant { names: true, ..Meant::default() });
        }
        let mut meant = self.store.meant(&event.platform, &event.group, word)?;
        let news: Vec<_> = self.told(unit).map(|(member, told, left)| (member.clone(), told.cloned(), left)).collect();
        for (member, told, left) in news.into_iter().rev() {
            if member.platform != event.platform || *member.group != *event.group {
                continue;
            }
            let (was, is_id) = (meant.called.contains(&member.user), *member.user == *word);
            let called = told.as_deref().map_or(was, |told| told == word);
            meant.names |= told.is_some();
            meant.called.retain(|user| *user != member.user);
            if is_id {
                meant.is_id = !left;
            }
            if left {
                meant.left |= called || is_id;
            } else {
                meant.called.extend(called.then_some(member.user));
            }
        }
        Ok(meant)
    }

    /// What is not committed yet of members: who, the name that was told, whether they left; the newest first.
    fn told<'u>(&'u self, unit: &'u Unit) -> impl Iterator<Item = (&'u MemberRef, Option<&'u Arc<str>>, bool)> {
        let units = std::iter::once(unit).chain(self.batch.units.iter().rev());
        units.flat_map(|unit| unit.changes.iter().rev()).filter_map(|change| match change {
            Change::Membership { member, name, left, .. } => Some((member, name.as_ref(), left.is_some())),
            _ => None,
        })
    }
}

/// A word that may be a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Word<'t> {
    text: &'t str,
    /// It was chosen from the client's list: a name, and no id.
    chosen: bool,
}

/// What may be the name that a text begins with: up to what the client writes behind one that was chosen, whatever is in it;
/// without that, or where that may stand behind another name, up to a space.
fn names_in(text: &str) -> impl Iterator<Item = Word<'_>> {
    let chosen = text.split_once(CHOSEN).map(|(name, _)| name);
    let typed = text.split(char::is_whitespace).next();
    let doubtful = chosen.is_none_or(|chosen| chosen.contains('@'));
    let chosen = chosen.into_iter().map(|text| Word { text, chosen: true });
    let typed = typed.filter(|_| doubtful).into_iter().map(|text| Word { text, chosen: false });
    chosen.chain(typed)
}

/// Whether a word may be a userid: letters, digits, `_`, `-`, `.` and `@`, 64 at most (document 90195).
fn looks_like_id(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '@');
    word.len() <= 64 && word.starts_with(|c: char| c.is_ascii_alphanumeric()) && word.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chosen_name_may_have_anything_in_it_and_a_typed_one_ends_at_a_space() {
        let names = |text| names_in(text).map(|word| word.text).collect::<Vec<_>>();
        assert_eq!(names("小 王\u{2005}3天"), ["小 王"]);
        assert_eq!(names("坏 人@小王\u{2005}3天"), ["坏 人@小王", "坏"]);
        assert_eq!(names("小王 3天"), ["小王"]);
        assert_eq!(names("小王\u{2005}3天"), ["小王"]);
        assert_eq!(names(""), [""]);
        let chosen = |text| names_in(text).map(|word| word.chosen).collect::<Vec<_>>();
        assert_eq!(chosen("坏 人@小王\u{2005}3天"), [true, false]);
    }

    #[test]
    fn a_userid_is_plain() {
        assert!(["zhangsan", "a", "1_a-b.c@d"].into_iter().all(looks_like_id));
        assert!(["小王", "", "-a", "a，b", "a/b"].into_iter().all(|word| !looks_like_id(word)));
        assert!(!looks_like_id(&"a".repeat(65)));
    }
}
