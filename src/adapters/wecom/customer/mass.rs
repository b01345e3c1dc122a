//! Mass-send tasks (企业群发): an employee must confirm one by hand before anything is sent, and each group gets few of them. Of
//! no use for warnings; for announcements to many groups (92135).

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Customers, PAGES};
use crate::adapters::wecom::api::ApiError;

/// A message to many customer groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MassSend {
    /// The employee who owns the groups and confirms it, by userid.
    pub sender: Arc<str>,
    /// The groups, at most 2000; all of his if none are named.
    pub chats: Vec<Arc<str>>,
    /// At most 4000 bytes.
    pub text: String,
    /// At most nine, as WeCom writes them.
    pub attachments: Vec<Value>,
}

/// The task that was made of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct MassSent {
    /// Its id.
    pub msgid: String,
    /// Groups that it cannot reach.
    #[serde(default)]
    pub fail_list: Vec<Arc<str>>,
}

/// What became of it in one group.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct MassTask {
    /// The group.
    #[serde(default)]
    pub chat_id: Arc<str>,
    /// The employee.
    #[serde(default)]
    pub userid: Arc<str>,
    /// 0 not sent, 1 sent, 2 and 3 cannot be sent.
    #[serde(default)]
    pub status: u8,
    /// When it was sent, in seconds; 0 if it was not.
    #[serde(default)]
    pub send_time: i64,
}

impl Customers {
    /// Puts a message to groups before the employee who owns them.
    ///
    /// # Errors
    /// The task was not made, or that is not known.
    pub async fn mass_send(&self, message: &MassSend) -> Result<MassSent, ApiError> {
        let mut body = json!({"chat_type": "group", "sender": message.sender, "attachments": message.attachments});
        if !message.chats.is_empty() {
            body["chat_id_list"] = json!(message.chats);
        }
        if !message.text.is_empty() {
            body["text"] = json!({"content": message.text});
        }
        self.api.post("externalcontact/add_msg_template", &body).await
    }

    /// What became of a mass-send task of an employee, group by group.
    ///
    /// # Errors
    /// It cannot be read now.
    pub async fn mass_result(&self, msgid: &str, sender: &str) -> Result<Vec<MassTask>, ApiError> {
        #[derive(Deserialize)]
        struct Page {
            #[serde(default)]
            send_list: Vec<MassTask>,
            #[serde(default)]
            next_cursor: String,
        }
        let mut all = Vec::new();
        let mut cursor = String::new();
        for _ in 0..PAGES {
            let body = json!({"msgid": msgid, "userid": sender, "limit": 1000, "cursor": cursor});
            let page: Page = self.patiently("externalcontact/get_groupmsg_send_result", &body).await?;
            all.extend(page.send_list);
            if page.next_cursor.is_empty() || page.next_cursor == cursor {
                break;
            }
            cursor = page.next_cursor;
        }
        Ok(all)
    }
}
