//! Customer groups (客户群): who is in them and how they came, join ways (渠道活码), welcome templates and mass-send tasks
//! (92120, 92122, 92135, 96338, 96357, 96361). Read only, but for what an owner then applies or confirms by hand.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::api::{Api, ApiError};

mod mass;
mod ways;

pub use self::mass::{MassSend, MassSent, MassTask};
pub use self::ways::{JoinWay, WelcomeTemplate};

/// Groups of one page.
const PAGE: usize = 1000;
/// Owners in one filter.
const OWNERS: usize = 100;
/// Pages that are read at most: a million groups.
const PAGES: usize = 1000;

/// How often what can pass is asked again, and after how long: the wait doubles each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Attempts in all, at least 1.
    pub tries: u32,
    /// The first wait.
    pub first: Duration,
}

impl Default for Patience {
    /// Five attempts within about 15 seconds: the list lags behind an event by seconds.
    fn default() -> Self {
        Self { tries: 5, first: Duration::from_secs(1) }
    }
}

/// A group in the list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Listed {
    /// Its id.
    pub chat_id: Arc<str>,
    /// 0 as usual, 1 its owner has left the company, 2 it is being handed over, 3 it was handed over.
    #[serde(default)]
    pub status: u8,
}

/// A customer group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Group {
    /// Its id.
    pub chat_id: Arc<str>,
    /// Its name; empty if it has none.
    #[serde(default)]
    pub name: String,
    /// Who owns it, by userid.
    #[serde(default)]
    pub owner: Arc<str>,
    /// When it was created, in seconds.
    #[serde(default)]
    pub create_time: i64,
    /// Its announcement.
    #[serde(default)]
    pub notice: String,
    /// Who is in it.
    #[serde(rename = "member_list", default)]
    pub members: Vec<Member>,
    /// Its admins, by userid.
    #[serde(rename = "admin_list", default, deserialize_with = "userids")]
    pub admins: Vec<Arc<str>>,
    /// Changes with the members; what an event's `CurMemVer` is compared with.
    #[serde(default)]
    pub member_version: String,
}

/// A member of a customer group.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Member {
    /// Who: a userid, or the id of an external contact.
    pub userid: Arc<str>,
    /// 1 an employee, 2 an external contact.
    #[serde(rename = "type")]
    pub kind: u8,
    /// Since when, in seconds.
    #[serde(default)]
    pub join_time: i64,
    /// 1 invited by a member, 2 by an invitation's link, 3 by a group's QR code; 0 unknown.
    #[serde(default)]
    pub join_scene: u8,
    /// Who invited him, by userid.
    #[serde(default, deserialize_with = "userid")]
    pub invitor: Option<Arc<str>>,
    /// What he is called in the group; empty if nothing.
    #[serde(default)]
    pub group_nickname: String,
    /// What he is called; empty without `need_name`.
    #[serde(default)]
    pub name: String,
    /// The join way by which he came.
    #[serde(default)]
    pub state: Option<String>,
}

impl Member {
    /// Whether he is an external contact.
    pub fn is_external(&self) -> bool {
        self.kind == 2
    }

    /// What to call him: as the group does, else by his name.
    pub fn shown(&self) -> &str {
        if self.group_nickname.is_empty() { &self.name } else { &self.group_nickname }
    }
}

#[derive(Deserialize)]
struct User {
    userid: Arc<str>,
}

fn userids<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Arc<str>>, D::Error> {
    Ok(Vec::<User>::deserialize(from)?.into_iter().map(|user| user.userid).collect())
}

fn userid<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Arc<str>>, D::Error> {
    Ok(Option::<User>::deserialize(from)?.map(|user| user.userid))
}

/// Customer contact, as one secret may use it.
#[derive(Clone)]
pub struct Customers {
    api: Api,
    patience: Patience,
}

impl Customers {
    /// With the token of an app that has the permission, or of 客户联系 itself.
    pub fn new(api: Api, patience: Patience) -> Self {
        Self { api, patience }
    }

    /// All groups of these owners, or all that may be seen where none are named.
    ///
    /// # Errors
    /// The list cannot be read now; 81017 where there are too many without owners.
    pub async fn groups(&self, owners: &[Arc<str>]) -> Result<Vec<Listed>, ApiError> {
        if owners.is_empty() {
            return self.groups_of(None).await;
        }
        let mut all = Vec::new();
        for owners in owners.chunks(OWNERS) {
            all.extend(self.groups_of(Some(owners)).await?);
        }
        Ok(all)
    }

    async fn groups_of(&self, owners: Option<&[Arc<str>]>) -> Result<Vec<Listed>, ApiError> {
        #[derive(Deserialize)]
        struct Page {
            #[serde(default)]
            group_chat_list: Vec<Listed>,
            #[serde(default)]
            next_cursor: String,
        }
        let mut all = Vec::new();
        let mut cursor = String::new();
        for _ in 0..PAGES {
            let mut body = json!({"status_filter": 0, "limit": PAGE});
            if !cursor.is_empty() {
                body["cursor"] = cursor.as_str().into();
            }
            if let Some(owners) = owners {
                body["owner_filter"] = json!({"userid_list": owners});
            }
            let page: Page = self.patiently("externalcontact/groupchat/list", &body).await?;
            all.extend(page.group_chat_list);
            if page.next_cursor.is_empty() || page.next_cursor == cursor {
                break;
            }
            cursor = page.next_cursor;
        }
        Ok(all)
    }

    /// All groups of these owners (or all) with their names, owners and members, as far as each can be read.
    ///
    /// # Errors
    /// As [`Customers::groups`].
    pub async fn described(&self, owners: &[Arc<str>]) -> Result<Vec<(Listed, Result<Group, ApiError>)>, ApiError> {
        let mut all = Vec::new();
        for listed in self.groups(owners).await? {
            let group = self.group(&listed.chat_id).await;
            all.push((listed, group));
        }
        Ok(all)
    }

    /// A group with its members and their names.
    ///
    /// # Errors
    /// It cannot be read now; 90501 if it is no customer group.
    pub async fn group(&self, chat: &str) -> Result<Group, ApiError> {
        #[derive(Deserialize)]
        struct Answer {
            group_chat: Group,
        }
        let body = json!({"chat_id": chat, "need_name": 1});
        let answer: Answer = self.patiently("externalcontact/groupchat/get", &body).await?;
        Ok(answer.group_chat)
    }

    /// A group at the version that an event named, which may come before the list has it: asked again until it has. What it
    /// gives in the end may be of another version, when more has happened since.
    ///
    /// # Errors
    /// As [`Customers::group`].
    pub async fn group_at(&self, chat: &str, version: &str) -> Result<Group, ApiError> {
        let mut wait = self.patience.first;
        let mut group = self.group(chat).await?;
        for _ in 1..self.patience.tries {
            if group.member_version == version {
                break;
            }
            tokio::time::sleep(wait).await;
            wait = wait.saturating_mul(2);
            group = self.group(chat).await?;
        }
        Ok(group)
    }

    /// Reads something, again after a while if that may help.
    async fn patiently<T: serde::de::DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, ApiError> {
        let mut wait = self.patience.first;
        for _ in 1..self.patience.tries {
            match self.api.post(path, body).await {
                // "Too often" lasts a minute, longer than anybody waits here.
                Err(error) if error.may_pass() && error.code() != Some(45009) => tokio::time::sleep(wait).await,
                result => return result,
            }
            wait = wait.saturating_mul(2);
        }
        self.api.post(path, body).await
    }
}

#[cfg(test)]
mod tests;
