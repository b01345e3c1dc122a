//! One frame of the long connection: a JSON object in one text message.

use serde::Deserialize;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// Subscribes a connection: the first frame on it.
pub const SUBSCRIBE: &str = "aibot_subscribe";
/// Says that the connection lives.
pub const PING: &str = "ping";
/// A message to the bot.
pub const MESSAGE: &str = "aibot_msg_callback";
/// An event for the bot.
pub const EVENT: &str = "aibot_event_callback";
/// Answers a message.
pub const RESPOND: &str = "aibot_respond_msg";
/// Greets whoever opens the chat.
pub const WELCOME: &str = "aibot_respond_welcome_msg";
/// Changes a card after a click.
pub const UPDATE: &str = "aibot_respond_update_msg";
/// Says something unasked.
pub const SEND: &str = "aibot_send_msg";
/// Another connection has taken this one's place.
pub const EVICTED: &str = "disconnected_event";

/// The largest frame, in bytes: a piece of a file is 512 KiB, in base64 a third more.
pub const LARGEST: usize = 8 << 20;

/// A frame, as far as anybody on the way must know it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Frame {
    /// What it asks or tells; an acknowledgement has none.
    #[serde(default)]
    pub cmd: Option<String>,
    /// What belongs together.
    #[serde(default)]
    pub headers: Headers,
    /// 0, or why not; acknowledgements only.
    #[serde(default)]
    pub errcode: Option<i64>,
    /// The same in words.
    #[serde(default)]
    pub errmsg: Option<String>,
    /// What it is about.
    #[serde(default)]
    pub body: Value,
}

/// The head of a frame.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Headers {
    /// Said again by what answers.
    #[serde(default)]
    pub req_id: String,
}

impl Frame {
    /// Reads a frame; `None` for what is none.
    pub fn parse(text: &str) -> Option<Self> {
        text.trim_start().starts_with('{').then(|| serde_json::from_str(text).ok()).flatten()
    }

    /// The request that this answers.
    pub fn answers(&self) -> Option<&str> {
        self.cmd.is_none().then_some(&*self.headers.req_id)
    }

    /// Whether it tells of a message or an event.
    pub fn is_callback(&self) -> bool {
        matches!(self.cmd.as_deref(), Some(MESSAGE | EVENT))
    }

    /// Whether it says that another connection has taken this one's place.
    pub fn evicts(&self) -> bool {
        self.cmd.as_deref() == Some(EVENT) && self.body["event"]["eventtype"] == EVICTED
    }

    /// What an acknowledgement says, cut to a line.
    ///
    /// # Errors
    /// It refuses.
    pub fn verdict(&self) -> Result<(), (i64, String)> {
        match self.errcode {
            None | Some(0) => Ok(()),
            Some(code) => {
                let words = self.errmsg.as_deref().unwrap_or_default();
                Err((code, words.chars().filter(|c| !c.is_control()).take(200).collect()))
            }
        }
    }
}

/// A request as it goes over the line. `Null` stands for no body.
pub fn request(cmd: &str, req_id: &str, body: &Value) -> String {
    let mut frame = json!({"cmd": cmd, "headers": {"req_id": req_id}});
    if !body.is_null() {
        frame["body"] = body.clone();
    }
    frame.to_string()
}

/// How frames are carried.
pub fn config() -> WebSocketConfig {
    WebSocketConfig::default().max_message_size(Some(LARGEST)).max_frame_size(Some(LARGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_told_apart() {
        let told =
            Frame::parse(r#"{"cmd":"aibot_msg_callback","headers":{"req_id":"r"},"body":{"msgid":"m"}}"#).expect("one");
        assert!(told.is_callback() && told.answers().is_none() && !told.evicts());
        let answer = Frame::parse(r#"{"headers":{"req_id":"r"},"errcode":0,"errmsg":"ok"}"#).expect("one");
        assert_eq!((answer.answers(), answer.verdict()), (Some("r"), Ok(())));
        let refused = Frame::parse(r#"{"headers":{"req_id":"r"},"errcode":846605,"errmsg":"a\nb"}"#).expect("one");
        assert_eq!(refused.verdict(), Err((846_605, "ab".to_owned())));
        let evicted = r#"{"cmd":"aibot_event_callback","body":{"event":{"eventtype":"disconnected_event"}}}"#;
        assert!(Frame::parse(evicted).expect("one").evicts());
        for none in ["", "[]", "5", "{", "null", r#"{"headers":5}"#, r#"{"cmd":{}}"#] {
            assert_eq!(Frame::parse(none), None, "{none}");
        }
        assert_eq!(request(PING, "r", &Value::Null), r#"{"cmd":"ping","headers":{"req_id":"r"}}"#);
    }
}
