//! Groups that an app creates (应用群聊, 90244–90248): the only ones from which WeCom lets a program remove members.
//!
//! Nothing is heard from them, and who comes and goes is known only by reading the list again.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{Api, ApiError};
use super::partly::Partly;
use super::robot::{Say, TEXT_LIMIT};
use super::text;
use crate::domain::image::Media;
use crate::ports::Reply;

/// Members that a group must have.
pub const FEWEST: usize = 2;
/// Members that a group may have.
pub const MOST: usize = 2000;

/// A group as it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Chat {
    /// Its id.
    pub chatid: Arc<str>,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Who owns it, by userid.
    #[serde(default)]
    pub owner: Arc<str>,
    /// Who is in it, by userid.
    #[serde(default)]
    pub userlist: Vec<Arc<str>>,
}

/// What is to be changed in a group; only what is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChatChange {
    /// Another name, at most 50 characters.
    pub name: Option<String>,
    /// Another owner.
    pub owner: Option<Arc<str>>,
    /// Who comes in.
    pub add: Vec<Arc<str>>,
    /// Who goes.
    pub remove: Vec<Arc<str>>,
}

/// The groups of one app. Its visible range must include the root department.
#[derive(Clone)]
pub struct AppChats {
    api: Api,
    partly: Arc<Partly>,
}

impl AppChats {
    /// The groups that the app with this token created.
    pub fn new(api: Api) -> Self {
        Self { api, partly: Arc::default() }
    }

    /// Creates a group and gives its id: `id` if that is given (at most 32 letters and digits).
    ///
    /// # Errors
    /// It was not created, or that is not known.
    pub async fn create(
        &self,
        name: &str,
        owner: &str,
        members: &[Arc<str>],
        id: Option<&str>,
    ) -> Result<String, ApiError> {
        #[derive(Deserialize)]
        struct Answer {
            chatid: String,
        }
        let mut body = json!({"name": name, "owner": owner, "userlist": members});
        if let Some(id) = id {
            body["chatid"] = id.into();
        }
        let answer: Answer = self.api.post("appchat/create", &body).await?;
        Ok(answer.chatid)
    }

    /// The group as it is now.
    ///
    /// # Errors
    /// It cannot be read now, or is none of this app's.
    pub async fn get(&self, chat: &str) -> Result<Chat, ApiError> {
        #[derive(Deserialize)]
        struct Answer {
            chat_info: Chat,
        }
        let answer: Answer = self.api.get("appchat/get", &[("chatid", chat)]).await?;
        Ok(answer.chat_info)
    }

    /// Changes a group.
    ///
    /// # Errors
    /// It was not changed, or that is not known.
    pub async fn update(&self, chat: &str, change: &ChatChange) -> Result<(), ApiError> {
        let mut body = json!({"chatid": chat});
        if let Some(name) = &change.name {
            body["name"] = name.as_str().into();
        }
        if let Some(owner) = &change.owner {
            body["owner"] = (**owner).into();
        }
        for (key, users) in [("add_user_list", &change.add), ("del_user_list", &change.remove)] {
            if !users.is_empty() {
                body[key] = json!(users);
            }
        }
        self.api.post::<Value>("appchat/update", &body).await.map(drop)
    }

    /// Removes a member: who is not there any more is removed. So it does no harm to do it twice.
    pub async fn remove(&self, chat: &str, user: &Arc<str>) -> Reply {
        let now = match self.get(chat).await {
            Ok(now) => now,
            Err(error) => return error.reply(true),
        };
        if !now.userlist.contains(user) {
            return Reply::Done { message: None };
        }
        if now.owner == *user {
            return Reply::Refused {
                error: "the group's owner cannot be removed; name another owner first".to_owned(),
            };
        }
        let change = ChatChange { remove: vec![user.clone()], ..ChatChange::default() };
        match self.update(chat, &change).await {
            Ok(()) => Reply::Done { message: None },
            Err(error) => error.reply(true),
        }
    }

    /// Says a text in a group, in several messages where it is too long for one.
    pub async fn say(&self, chat: &str, say: Say<'_>) -> Reply {
        let mut sent = self.partly.take(say.id);
        let pieces = text::cut(&text::neutral(say.text), TEXT_LIMIT);
        if pieces.is_empty() {
            return Reply::Refused { error: "there is nothing to say".to_owned() };
        }
        let mentions: Vec<&Arc<str>> =
            say.mentions.iter().filter(|user| !user.is_empty() && !user.starts_with(['@', '＠'])).collect();
        for piece in pieces.into_iter().skip(sent.len()) {
            let mut body = json!({"content": piece});
            if sent.is_empty() && !mentions.is_empty() {
                body["mentioned_list"] = json!(mentions);
            }
            if let Err(error) = self.send(chat, json!({"msgtype": "text", "text": body})).await {
                return self.partly.keep(say.id, sent, error.reply(false));
            }
            sent.push(String::new()); // messages in groups have no id
        }
        Reply::Done { message: None }
    }

    /// Shows a picture in a group. It is uploaded each time, for an upload is good for three days only and nobody need remember
    /// which one is.
    pub async fn show(&self, chat: &str, media: Media, bytes: &[u8]) -> Reply {
        let uploaded = match self.api.upload_image(media.file_name(), bytes).await {
            Ok(uploaded) => uploaded,
            Err(error) => return error.reply(true),
        };
        match self.send(chat, json!({"msgtype": "image", "image": {"media_id": uploaded}})).await {
            Ok(()) => Reply::Done { message: None },
            Err(error) => error.reply(false),
        }
    }

    /// Sends any message that WeCom takes here (`msgtype` and what belongs to it).
    ///
    /// # Errors
    /// It was not sent, or that is not known.
    pub async fn send(&self, chat: &str, mut message: Value) -> Result<(), ApiError> {
        message["chatid"] = chat.into();
        self.api.post::<Value>("appchat/send", &message).await.map(drop)
    }
}
