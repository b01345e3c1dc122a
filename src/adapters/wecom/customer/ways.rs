//! Ways into customer groups, and what their owners' accounts say to newcomers.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Customers;
use crate::adapters::wecom::api::ApiError;

/// A join way (渠道活码): a QR code that leads into one of several groups. Its `state` comes back with who came by it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinWay {
    /// Its id; empty before it is added.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub config_id: String,
    /// 1 a button of a mini-program, 2 a QR code.
    pub scene: u8,
    /// For whoever manages them.
    #[serde(default)]
    pub remark: String,
    /// 1: when the groups are full, another is created.
    #[serde(default)]
    pub auto_create_room: u8,
    /// What such groups are called, at most 40 characters …
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub room_base_name: String,
    /// … and the number at which they begin.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub room_base_id: u32,
    /// The groups, at most five.
    #[serde(default)]
    pub chat_id_list: Vec<Arc<str>>,
    /// Comes back with each member who came by it; at most 30 characters.
    #[serde(default)]
    pub state: String,
    /// The picture's address; WeCom sets it.
    #[serde(default, skip_serializing)]
    pub qr_code: String,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// What a group's owner can have said to newcomers (入群欢迎语素材). He must apply it in the client: no interface can.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WelcomeTemplate {
    /// At most 3000 bytes; `%NICKNAME%` becomes the newcomer's name.
    pub text: String,
    /// `image`, `link`, `miniprogram`, `file` or `video`, with what belongs to it.
    pub attachment: Option<(String, Value)>,
    /// The app that it belongs to, where an app's secret is used.
    pub agent_id: Option<i64>,
    /// Whether employees are told of a new template.
    pub notify: bool,
}

/// Kinds of attachments.
const ATTACHMENTS: [&str; 5] = ["image", "link", "miniprogram", "file", "video"];

impl WelcomeTemplate {
    fn to_json(&self) -> Value {
        let mut body = json!({"notify": u8::from(self.notify)});
        if !self.text.is_empty() {
            body["text"] = json!({"content": self.text});
        }
        if let Some((kind, what)) = &self.attachment {
            body[kind] = what.clone();
        }
        if let Some(agent) = self.agent_id {
            body["agentid"] = agent.into();
        }
        body
    }

    fn from_json(answer: &Value) -> Self {
        let text = answer.pointer("/text/content").and_then(Value::as_str).unwrap_or_default().to_owned();
        let attachment = |kind: &&str| answer.get(*kind).map(|what| ((*kind).to_owned(), what.clone()));
        Self { text, attachment: ATTACHMENTS.iter().find_map(attachment), agent_id: None, notify: false }
    }
}

impl Customers {
    /// Adds a join way and gives its id. Its `config_id` and `qr_code` are not looked at.
    ///
    /// # Errors
    /// It was not added, or that is not known.
    pub async fn add_join_way(&self, way: &JoinWay) -> Result<String, ApiError> {
        #[derive(Deserialize)]
        struct Answer {
            config_id: String,
        }
        let way = JoinWay { config_id: String::new(), ..way.clone() };
        let answer: Answer = self.api.post("externalcontact/groupchat/add_join_way", &json!(way)).await?;
        Ok(answer.config_id)
    }

    /// A join way, with its QR code.
    ///
    /// # Errors
    /// It cannot be read now, or there is none.
    pub async fn join_way(&self, config_id: &str) -> Result<JoinWay, ApiError> {
        #[derive(Deserialize)]
        struct Answer {
            join_way: JoinWay,
        }
        let body = json!({"config_id": config_id});
        let answer: Answer = self.patiently("externalcontact/groupchat/get_join_way", &body).await?;
        Ok(answer.join_way)
    }

    /// Replaces a join way by its `config_id`.
    ///
    /// # Errors
    /// It was not replaced, or that is not known.
    pub async fn update_join_way(&self, way: &JoinWay) -> Result<(), ApiError> {
        self.api.post::<Value>("externalcontact/groupchat/update_join_way", &json!(way)).await.map(drop)
    }

    /// Deletes a join way: its QR code leads nowhere afterwards.
    ///
    /// # Errors
    /// It was not deleted, or that is not known.
    pub async fn delete_join_way(&self, config_id: &str) -> Result<(), ApiError> {
        let body = json!({"config_id": config_id});
        self.api.post::<Value>("externalcontact/groupchat/del_join_way", &body).await.map(drop)
    }

    /// Adds a welcome template (at most 100) and gives its id.
    ///
    /// # Errors
    /// It was not added, or that is not known.
    pub async fn add_welcome(&self, template: &WelcomeTemplate) -> Result<String, ApiError> {
        #[derive(Deserialize)]
        struct Answer {
            template_id: String,
        }
        let answer: Answer = self.api.post("externalcontact/group_welcome_template/add", &template.to_json()).await?;
        Ok(answer.template_id)
    }

    /// Replaces a welcome template.
    ///
    /// # Errors
    /// It was not replaced, or that is not known.
    pub async fn edit_welcome(&self, id: &str, template: &WelcomeTemplate) -> Result<(), ApiError> {
        let mut body = template.to_json();
        body["template_id"] = id.into();
        self.api.post::<Value>("externalcontact/group_welcome_template/edit", &body).await.map(drop)
    }

    /// A welcome template.
    ///
    /// # Errors
    /// It cannot be read now, or there is none.
    pub async fn welcome(&self, id: &str) -> Result<WelcomeTemplate, ApiError> {
        let body = json!({"template_id": id});
        let answer: Value = self.patiently("externalcontact/group_welcome_template/get", &body).await?;
        Ok(WelcomeTemplate::from_json(&answer))
    }

    /// Deletes a welcome template.
    ///
    /// # Errors
    /// It was not deleted, or that is not known.
    pub async fn delete_welcome(&self, id: &str, agent_id: Option<i64>) -> Result<(), ApiError> {
        let mut body = json!({"template_id": id});
        if let Some(agent) = agent_id {
            body["agentid"] = agent.into();
        }
        self.api.post::<Value>("externalcontact/group_welcome_template/del", &body).await.map(drop)
    }
}
