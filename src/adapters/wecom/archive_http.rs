//! What the session archive (会话内容存档) answers over HTTP: whose messages it keeps, who consents, and internal groups (91774,
//! 91782). With the token of the archive's own secret.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::api::{Api, ApiError};

/// The archive, by HTTP.
#[derive(Clone)]
pub struct ArchiveApi {
    api: Api,
}

/// Whether somebody consents to being kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Consent {
    /// Who, by external id.
    #[serde(rename = "exteranalopenid")] // as WeCom spells it
    pub external: Arc<str>,
    /// `Agree`, `Disagree` or `Default_Agree`.
    #[serde(rename = "agree_status")]
    pub status: String,
    /// Since when, in seconds; 0 if never asked.
    #[serde(rename = "status_change_time", default)]
    pub since: i64,
}

impl Consent {
    /// Whether messages of this person are kept.
    pub fn is_given(&self) -> bool {
        matches!(self.status.as_str(), "Agree" | "Default_Agree")
    }
}

/// An internal group.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Room {
    /// Its name; empty if it has none.
    #[serde(rename = "roomname", default)]
    pub name: String,
    /// Who created it, by userid.
    #[serde(default)]
    pub creator: Arc<str>,
    /// When, in seconds.
    #[serde(rename = "room_create_time", default)]
    pub created: i64,
    /// Its announcement.
    #[serde(default)]
    pub notice: String,
    /// Who is in it.
    #[serde(default)]
    pub members: Vec<RoomMember>,
}

/// A member of an internal group.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RoomMember {
    /// Who, by userid.
    #[serde(rename = "memberid")]
    pub user: Arc<str>,
    /// Since when, in seconds.
    #[serde(rename = "jointime", default)]
    pub since: i64,
}

impl ArchiveApi {
    /// With the token of the archive's secret.
    pub fn new(api: Api) -> Self {
        Self { api }
    }

    /// Employees whose messages are kept, by userid. `edition`: 1 office, 2 service, 3 enterprise; all without one.
    ///
    /// # Errors
    /// They cannot be read now.
    pub async fn permitted_users(&self, edition: Option<u8>) -> Result<Vec<Arc<str>>, ApiError> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default)]
            ids: Vec<Arc<str>>,
        }
        let body = edition.map_or(json!({}), |edition| json!({"type": edition}));
        let answer: Answer = self.api.post("msgaudit/get_permit_user_list", &body).await?;
        Ok(answer.ids)
    }

    /// Who in a group consents.
    ///
    /// # Errors
    /// It cannot be read now.
    pub async fn room_consent(&self, room: &str) -> Result<Vec<Consent>, ApiError> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default)]
            agreeinfo: Vec<Consent>,
        }
        let answer: Answer = self.api.post("msgaudit/check_room_agree", &json!({"roomid": room})).await?;
        Ok(answer.agreeinfo)
    }

    /// An internal group; a customer group is read by [`super::customer::Customers::group`].
    ///
    /// # Errors
    /// It cannot be read now, or is a customer group (301059).
    pub async fn room(&self, room: &str) -> Result<Room, ApiError> {
        self.api.post("msgaudit/groupchat/get", &json!({"roomid": room})).await
    }
}
