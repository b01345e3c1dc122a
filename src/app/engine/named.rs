//! Names where a platform tells them apart from messages: who speaks, and who is meant by `@Name` in a command.

use std::sync::Arc;

use super::Engine;
use crate::domain::change::{Change, MemberRef};
use crate::domain::command::looks_like_command;
use crate::domain::event::{Event, Kind, Message, Segment};
use crate::ports::{StoreError, Unit};

/// What stands behind a name that was chosen from the list; the client writes it, people do not.
const CHOSEN: char = '\u{2005}';

impl Engine {
    /// The event with the names that are known besides it; `None` where it needs none.
    pub(super) fn named(&mut self, event: &Event, unit: &Unit) -> Result<Option<Event>, StoreError> {
        let Kind::Message(message) = &event.kind else { return Ok(None) };
        if !self.core.settings.looks_after(&event.group) {
            return Ok(None);
        }
        let nameless = message.sender.name.is_empty();
        let name = if nameless { self.name_of(event, &message.sender.id, unit)? } else { None };
        let content = self.mentions(event, message, unit)?;
        if name.is_none() && content.is_none() {
            return Ok(None);
        }
        let mut message = message.clone();
        if let Some(name) = name {
            message.sender.name = (*name).into();
        }
        message.content = content.unwrap_or(message.content);
        Ok(Some(Event { kind: Kind::Message(message), ..event.clone() }))
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

    /// The parts of a command in which `@Name` is text, with mentions in place of names that are one member's alone.
    fn mentions(&mut self, event: &Event, message: &Message, unit: &Unit) -> Result<Option<Vec<Segment>>, StoreError> {
        let Some(platform) = self.core.settings.platforms.get(&event.platform) else { return Ok(None) };
        let at = |part: &Segment| matches!(part, Segment::Text(text) if text.contains('@'));
        let spoken = platform.mentions_as_text && message.content.iter().any(at);
        if !spoken || !looks_like_command(message, platform.bot_user.as_deref()) {
            return Ok(None);
        }
        let mut content = Vec::new();
        for part in &message.content {
            match part {
                // Whoever is meant by one name that is not understood may be anybody: then nobody is mentioned.
                Segment::Text(text) if !self.mentions_in(event, text, unit, &mut content)? => return Ok(None),
                Segment::Text(_) => {}
                other => content.push(other.clone()),
            }
        }
        Ok(Some(content))
    }

    /// Adds the parts of a text; `false` when a name in it is not that of one member alone.
    fn mentions_in(
        &mut self,
        event: &Event,
        text: &str,
        unit: &Unit,
        content: &mut Vec<Segment>,
    ) -> Result<bool, StoreError> {
        let (mut said, mut rest) = (String::new(), text);
        while let Some((before, behind)) = rest.split_once('@') {
            said.push_str(before);
            let inside = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
            if inside(before.chars().next_back()) && inside(behind.chars().next()) {
                said.push('@'); // an address of mail
                rest = behind;
                continue;
            }
            let Some((name, user)) = self.meant(event, behind, unit)? else { return Ok(false) };
            content.push(Segment::Text(std::mem::take(&mut said).into()));
            content.push(Segment::Mention { user: (*user).into(), name: name.into() });
            rest = behind.strip_prefix(name).unwrap_or(behind);
        }
        said.push_str(rest);
        content.push(Segment::Text(said.into()));
        Ok(true)
    }

    /// The name that a text begins with, and the one member who is called so.
    fn meant<'t>(
        &mut self,
        event: &Event,
        text: &'t str,
        unit: &Unit,
    ) -> Result<Option<(&'t str, Arc<str>)>, StoreError> {
        for name in names_in(text) {
            let mut users = self.called(event, name, unit)?;
            if let Some(user) = users.pop() {
                return Ok(users.is_empty().then_some((name, user))); // of namesakes none is touched
            }
        }
        Ok(None)
    }

    /// Members of this name.
    fn called(&mut self, event: &Event, name: &str, unit: &Unit) -> Result<Vec<Arc<str>>, StoreError> {
        if name.is_empty() {
            return Ok(Vec::new());
        }
        let mut users = self.store.members_called(&event.platform, &event.group, name)?;
        let news: Vec<_> = self.told(unit).map(|(member, told, left)| (member.clone(), told.cloned(), left)).collect();
        for (member, told, left) in news.into_iter().rev() {
            if member.platform != event.platform || *member.group != *event.group {
                continue;
            }
            let is = told.as_deref().map_or_else(|| users.contains(&member.user), |told| told == name) && !left;
            users.retain(|user| *user != member.user);
            users.extend(is.then_some(member.user));
        }
        Ok(users)
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

/// What may be the name that a text begins with: up to what the client writes behind one that was chosen, whatever is in it;
/// without that, or where that may stand behind another name, up to a space.
fn names_in(text: &str) -> impl Iterator<Item = &str> {
    let chosen = text.split_once(CHOSEN).map(|(name, _)| name);
    let typed = text.split(char::is_whitespace).next();
    let doubtful = chosen.is_none_or(|chosen| chosen.contains('@'));
    chosen.into_iter().chain(typed.filter(|_| doubtful))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chosen_name_may_have_anything_in_it_and_a_typed_one_ends_at_a_space() {
        let names = |text| names_in(text).collect::<Vec<_>>();
        assert_eq!(names("小 王\u{2005}3天"), ["小 王"]);
        assert_eq!(names("坏 人@小王\u{2005}3天"), ["坏 人@小王", "坏"]);
        assert_eq!(names("小王 3天"), ["小王"]);
        assert_eq!(names("小王\u{2005}3天"), ["小王"]);
        assert_eq!(names(""), [""]);
    }
}
