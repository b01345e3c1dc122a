//! Who is in a group, as it was last read, and what has happened since: joins with their inviter and channel, leaves, other
//! names and roles. Callbacks name ids only, and may be missed; what is read and compared knows the rest and misses nothing.

pub mod keeper;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::appchat::Chat;
use super::customer::Group;
use crate::domain::event::{MAX_ID, Role};
use crate::domain::ids;
use crate::domain::time::Timestamp;

/// What groups are called: as files name them, else as they were read. Clones share it.
#[derive(Clone, Default)]
pub struct Called {
    in_files: Arc<HashMap<Arc<str>, Arc<str>>>,
    read: Arc<RwLock<HashMap<Arc<str>, Arc<str>>>>,
}

impl Called {
    /// As files name them, by chat id.
    pub fn new(names: impl IntoIterator<Item = (Arc<str>, Arc<str>)>) -> Self {
        Self { in_files: Arc::new(names.into_iter().collect()), read: Arc::default() }
    }

    /// What a group is called, if that is known.
    pub fn name(&self, chat: &str) -> Option<Arc<str>> {
        let read = || self.read.read().unwrap_or_else(PoisonError::into_inner).get(chat).cloned();
        self.in_files.get(chat).cloned().or_else(read)
    }

    /// A group was read.
    fn was_read(&self, chat: &Arc<str>, name: &str) {
        if !name.is_empty() {
            let mut names = self.read.write().unwrap_or_else(PoisonError::into_inner);
            names.insert(chat.clone(), name.into());
        }
    }
}

/// The group as it is kept with the events that were made of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// WeCom's version of the members; empty where it gives none.
    pub version: String,
    /// What the group is called; empty where nobody named it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Members by id.
    pub members: BTreeMap<Arc<str>, Member>,
}

/// A member as WeCom tells of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The name shown in the group; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What they may do.
    #[serde(default)]
    pub role: Role,
    /// How they came: told once, not kept.
    #[serde(skip)]
    pub came: Came,
}

/// How a member came into the group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Came {
    /// When, if WeCom says.
    pub at: Option<Timestamp>,
    /// Who invited them.
    pub inviter: Option<Arc<str>>,
    /// Through which join way (渠道活码): its `state`.
    pub channel: Option<String>,
}

/// Whether an event can name somebody by it. Whom none can name is in no roster: nothing could be told of them.
fn is_id(id: &str) -> bool {
    (1..=MAX_ID).contains(&id.len())
}

impl Roster {
    /// Of a customer group.
    pub fn of_customers(group: &Group) -> Self {
        let role = |user: &Arc<str>| match *user == group.owner {
            true => Role::Owner,
            false if group.admins.contains(user) => Role::Admin,
            false => Role::Member,
        };
        let member = |one: &super::customer::Member| {
            let at = (one.join_time > 0).then(|| Timestamp(one.join_time.saturating_mul(1000)));
            let channel = one.state.clone().filter(|state| !state.is_empty());
            let came = Came { at, inviter: one.invitor.clone().filter(|id| is_id(id)), channel };
            (one.userid.clone(), Member { name: one.shown().to_owned(), role: role(&one.userid), came })
        };
        let (version, name) = (group.member_version.clone(), group.name.clone());
        Self { version, name, members: group.members.iter().filter(|one| is_id(&one.userid)).map(member).collect() }
    }

    /// Of a group that an app created: ids only.
    pub fn of_app(chat: &Chat) -> Self {
        let role = |user: &Arc<str>| if *user == chat.owner { Role::Owner } else { Role::Member };
        let member = |user: &Arc<str>| (user.clone(), Member { role: role(user), ..Member::default() });
        let (version, name) = (String::new(), chat.name.clone());
        Self { version, name, members: chat.userlist.iter().filter(|user| is_id(user)).map(member).collect() }
    }

    /// What has happened in the group since it was `before`, as events (interfaces.md §2). At the first reading nobody came:
    /// only names and roles become known; the group's own name too.
    pub fn events_since(&self, before: Option<&Roster>, chat: &str, now: Timestamp) -> Vec<String> {
        let mut events = Vec::new();
        if before.map_or("", |before| &before.name) != self.name {
            let mut event = head(hashed("group", chat, &[&self.name], now), "group_updated", chat, now);
            event["name"] = self.name.as_str().into();
            events.push(event.to_string());
        }
        let known = |user: &Arc<str>| before.and_then(|before| before.members.get(user));
        let mut joins: BTreeMap<_, Vec<Value>> = BTreeMap::new();
        for (user, member) in &self.members {
            match (known(user), before) {
                (None, Some(_)) => {
                    let Came { at, inviter, channel } = &member.came;
                    let joined = joins.entry((at.unwrap_or(now), inviter.clone(), channel.clone())).or_default();
                    joined.push(json!({"id": user, "name": member.name, "role": member.role}));
                }
                (None, None) if member.name.is_empty() && member.role == Role::Member => {}
                (Some(old), _) if old.name == member.name && old.role == member.role => {}
                _ => events.push(renamed(chat, user, member, now)),
            }
        }
        for ((time, inviter, channel), members) in joins {
            let ids: Vec<&str> = members.iter().filter_map(|member| member["id"].as_str()).collect();
            let id = hashed("join", chat, &ids, time);
            let (inviter, channel) = (inviter.as_deref(), channel.as_deref());
            let mut event = head(id, "member_joined", chat, time);
            event["members"] = members.into();
            for (key, value) in [("inviter", inviter), ("channel", channel)] {
                if let Some(value) = value {
                    event[key] = value.into();
                }
            }
            events.push(event.to_string());
        }
        let gone = before.into_iter().flat_map(|before| before.members.keys());
        let gone: Vec<&str> = gone.filter(|user| !self.members.contains_key(*user)).map(|user| &**user).collect();
        if !gone.is_empty() {
            let mut event = head(hashed("left", chat, &gone, now), "member_left", chat, now);
            event["members"] = gone.iter().map(|id| json!({"id": id})).collect();
            events.push(event.to_string());
        }
        events
    }
}

fn renamed(chat: &str, user: &str, member: &Member, now: Timestamp) -> String {
    let role = format!("{:?}", member.role);
    let mut event = head(hashed("name", chat, &[user, &member.name, &role], now), "member_renamed", chat, now);
    event["member"] = json!({"id": user, "name": member.name, "role": member.role});
    event.to_string()
}

fn head(id: String, kind: &str, chat: &str, time: Timestamp) -> Value {
    json!({"id": id, "type": kind, "group": chat, "time": time.to_string()})
}

fn hashed(what: &str, chat: &str, parts: &[&str], time: Timestamp) -> String {
    let time = time.0.to_string();
    let all: Vec<&str> = [what, chat, &time].into_iter().chain(parts.iter().copied()).collect();
    format!("roster:{:032x}", ids::hash(&all))
}

#[cfg(test)]
mod tests;
