//! The messages of a group robot other than plain text, with the limits that WeCom sets (91770).

use std::sync::Arc;

use data_encoding::{BASE64, HEXLOWER};
use md5::{Digest, Md5};
use serde_json::{Value, json};

use super::{MARKDOWN_LIMIT, TEXT_LIMIT};
use crate::adapters::wecom::text;
use crate::domain::image::{LARGEST, Media};

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Markdown with headings, bold, links, quotes and three colours; `<@userid>` notifies. At most 4096 bytes.
    Markdown(String),
    /// Markdown with tables, lists and code, without colours and without mentions. At most 4096 bytes.
    MarkdownV2(String),
    /// A JPEG or PNG of at most 2 MB.
    Image(Arc<[u8]>),
    /// One to eight links with a title.
    News(Vec<Article>),
    /// A file that was uploaded, by its `media_id`.
    File(String),
    /// A card without buttons.
    Notice(Box<NoticeCard>),
}

/// A link with a title.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Article {
    /// At most 128 bytes; what is longer is shortened.
    pub title: String,
    /// At most 512 bytes; what is longer is shortened.
    pub description: String,
    /// Where it leads.
    pub url: String,
    /// A picture's address, or nothing.
    pub picture: String,
}

/// A card without buttons: `text_notice`, or `news_notice` if it has a picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoticeCard {
    /// Its title; about 26 characters are shown.
    pub title: String,
    /// The line below; about 30 characters are shown.
    pub description: String,
    /// The text below; about 112 characters are shown.
    pub text: String,
    /// A picture's address makes it a `news_notice`.
    pub picture: Option<String>,
    /// At most six lines of a name and a value.
    pub lines: Vec<CardLine>,
    /// At most three links.
    pub jumps: Vec<CardJump>,
    /// Where a click on the card leads; WeCom requires it.
    pub url: String,
}

/// A line of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardLine {
    /// What it is.
    pub name: String,
    /// What is said of it.
    pub value: String,
}

/// A link of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardJump {
    /// What people read.
    pub title: String,
    /// Where it leads.
    pub url: String,
}

/// Why a message cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooMuch {
    /// It has no content.
    #[error("the message is empty")]
    Empty,
    /// It is longer than WeCom takes.
    #[error("the message is longer than the {0} bytes that WeCom takes")]
    Long(usize),
    /// It is neither JPEG nor PNG.
    #[error("the picture is neither JPEG nor PNG")]
    Picture,
    /// It has more parts than WeCom takes.
    #[error("the message has more parts than the {0} that WeCom takes")]
    Parts(usize),
}

impl Message {
    /// What is posted.
    ///
    /// # Errors
    /// WeCom would not take it.
    pub fn to_json(&self) -> Result<Value, TooMuch> {
        Ok(match self {
            Message::Markdown(content) => json!({"msgtype": "markdown", "markdown": {"content": markdown(content)?}}),
            Message::MarkdownV2(content) => {
                json!({"msgtype": "markdown_v2", "markdown_v2": {"content": markdown(content)?}})
            }
            Message::Image(bytes) => json!({"msgtype": "image", "image": image(bytes)?}),
            Message::News(articles) => json!({"msgtype": "news", "news": {"articles": news(articles)?}}),
            Message::File(media) if media.is_empty() => return Err(TooMuch::Empty),
            Message::File(media) => json!({"msgtype": "file", "file": {"media_id": media}}),
            Message::Notice(card) => json!({"msgtype": "template_card", "template_card": card.to_json()?}),
        })
    }
}

fn markdown(content: &str) -> Result<&str, TooMuch> {
    match content.len() {
        0 => Err(TooMuch::Empty),
        1..=MARKDOWN_LIMIT => Ok(content),
        _ => Err(TooMuch::Long(MARKDOWN_LIMIT)),
    }
}

fn image(bytes: &[u8]) -> Result<Value, TooMuch> {
    if bytes.len() > LARGEST {
        return Err(TooMuch::Long(LARGEST));
    }
    Media::of(bytes).ok_or(TooMuch::Picture)?;
    Ok(json!({"base64": BASE64.encode(bytes), "md5": HEXLOWER.encode(&Md5::digest(bytes))}))
}

fn news(articles: &[Article]) -> Result<Vec<Value>, TooMuch> {
    match articles.len() {
        0 => return Err(TooMuch::Empty),
        1..=8 => {}
        _ => return Err(TooMuch::Parts(8)),
    }
    let one = |article: &Article| {
        let mut one = json!({"title": text::shorten(&text::neutral(&article.title), 128), "url": article.url});
        if !article.description.is_empty() {
            one["description"] = text::shorten(&text::neutral(&article.description), 512).into();
        }
        if !article.picture.is_empty() {
            one["picurl"] = article.picture.as_str().into();
        }
        one
    };
    Ok(articles.iter().map(one).collect())
}

impl NoticeCard {
    fn to_json(&self) -> Result<Value, TooMuch> {
        if self.lines.len() > 6 {
            return Err(TooMuch::Parts(6));
        }
        if self.jumps.len() > 3 {
            return Err(TooMuch::Parts(3));
        }
        if self.title.is_empty() || self.url.is_empty() {
            return Err(TooMuch::Empty);
        }
        let neat = |words: &str| text::shorten(&text::neutral(words), TEXT_LIMIT / 4);
        let lines: Vec<Value> =
            self.lines.iter().map(|line| json!({"keyname": neat(&line.name), "value": neat(&line.value)})).collect();
        let jumps: Vec<Value> =
            self.jumps.iter().map(|jump| json!({"type": 1, "title": neat(&jump.title), "url": jump.url})).collect();
        let mut card = json!({
            "card_type": if self.picture.is_some() { "news_notice" } else { "text_notice" },
            "main_title": {"title": neat(&self.title), "desc": neat(&self.description)},
            "horizontal_content_list": lines,
            "jump_list": jumps,
            "card_action": {"type": 1, "url": self.url},
        });
        match &self.picture {
            // A card with a picture has its text beside no picture of its own: below each other.
            Some(picture) => {
                card["card_image"] = json!({"url": picture});
                if !self.text.is_empty() {
                    card["vertical_content_list"] = json!([{"title": neat(&self.text)}]);
                }
            }
            None => card["sub_title_text"] = neat(&self.text).into(),
        }
        Ok(card)
    }
}
