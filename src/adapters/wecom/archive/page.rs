//! One page of the archive: asked for, its messages opened. Blocks; runs on the thread that owns the handle.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::keys::{KeyError, Keys};
use super::library::{LibraryError, MOST_MESSAGES, Sdk};
use super::state::{Code, Trouble};

/// A message as it came out of the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Its place; grows from message to message, with gaps.
    pub seq: u64,
    /// Its id, beside the seal.
    pub msgid: String,
    /// The message's JSON, or why it is not there.
    pub message: Result<Vec<u8>, Sealed>,
}

/// A message that cannot be opened though its key is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// What the library or the key says.
    pub why: String,
    /// What came, so that it can be opened later.
    pub raw: String,
}

/// Messages in the order of their places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Those before the first that must wait for a key.
    pub messages: Vec<Opened>,
    /// Whether more may be waiting behind these.
    pub more: bool,
    /// Why the messages behind these cannot be read yet.
    pub stopped: Option<Trouble>,
    /// Messages without a place, which cannot be taken.
    pub placeless: u64,
}

/// Where pages come from.
pub trait Source {
    /// The messages behind `after`.
    ///
    /// # Errors
    /// There are none now; to be tried again.
    fn page(&mut self, after: u64, keys: &Keys) -> Result<Page, Trouble>;
}

/// The library's handle, and which keys are known to be right.
pub struct Archive {
    sdk: Sdk,
    limit: u32,
    proven: BTreeSet<u64>,
}

impl Archive {
    /// Asks for at most `limit` messages at once.
    pub fn new(sdk: Sdk, limit: u32) -> Self {
        Self { sdk, limit: limit.clamp(1, MOST_MESSAGES), proven: BTreeSet::new() }
    }
}

impl Source for Archive {
    fn page(&mut self, after: u64, keys: &Keys) -> Result<Page, Trouble> {
        let answer = self.sdk.chat_data(after, self.limit)?;
        let envelopes = envelopes(&answer, after)?;
        let more = envelopes.found >= self.limit as usize;
        let tried: Vec<_> = envelopes.all.into_iter().map(|envelope| (self.open(&envelope, keys), envelope)).collect();
        let proven = tried.iter().filter(|(opened, _)| opened.is_ok()).map(|(_, envelope)| envelope.version);
        self.proven.extend(proven);
        let mut page = Page { more, placeless: envelopes.placeless, ..Page::default() };
        for (opened, envelope) in tried {
            let message = match opened {
                Ok(message) => Ok(message),
                Err(failure) => match self.judge(&failure, envelope.version) {
                    Some(trouble) => {
                        page.stopped = Some(trouble);
                        page.more = false;
                        break;
                    }
                    None => Err(Sealed { why: failure.to_string(), raw: envelope.raw }),
                },
            };
            page.messages.push(Opened { seq: envelope.seq, msgid: envelope.msgid, message });
        }
        Ok(page)
    }
}

/// Why a message was not opened.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("there is no key of its version")]
    NoKey,
    #[error("its key is damaged")]
    DamagedKey,
    #[error("its key was sealed for another key")]
    OtherKey,
    #[error("it lacks its key or its text")]
    Incomplete,
    #[error(transparent)]
    Library(#[from] LibraryError),
}

impl Archive {
    fn open(&mut self, envelope: &Envelope, keys: &Keys) -> Result<Vec<u8>, Failure> {
        if envelope.key.is_empty() || envelope.message.is_empty() {
            return Err(Failure::Incomplete);
        }
        let key = keys.open(envelope.version, &envelope.key).map_err(|error| match error {
            KeyError::NoVersion => Failure::NoKey,
            KeyError::Damaged => Failure::DamagedKey,
            KeyError::Implausible => Failure::OtherKey,
        })?;
        Ok(self.sdk.decrypt(&key, &envelope.message)?)
    }

    /// Whether to wait instead of passing over the message. A key that has opened other messages is right, so this message
    /// is to blame; one that has opened none yet may be another version's, and then all of them would be passed over.
    fn judge(&self, failure: &Failure, version: u64) -> Option<Trouble> {
        match failure {
            Failure::NoKey => Some(Trouble::NoKey(version)),
            Failure::Library(LibraryError::Failed { code: Code::NoKeyVersion, .. }) => Some(Trouble::NoKey(version)),
            Failure::OtherKey
            | Failure::Library(LibraryError::Failed { code: Code::Key | Code::Decrypt | Code::Cipher, .. })
                if !self.proven.contains(&version) =>
            {
                Some(Trouble::OtherKey(version))
            }
            Failure::OtherKey | Failure::DamagedKey | Failure::Incomplete | Failure::Library(_) => None,
        }
    }
}

/// A sealed message.
#[derive(Debug)]
pub struct Envelope {
    seq: u64,
    msgid: String,
    version: u64,
    key: String,
    message: String,
    raw: String,
}

/// The messages of one answer.
#[derive(Debug)]
pub struct Envelopes {
    all: Vec<Envelope>,
    /// How many the answer has, whatever they are.
    found: usize,
    placeless: u64,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    errcode: i64,
    #[serde(default)]
    errmsg: Value,
    #[serde(default)]
    chatdata: Value,
}

/// Reads the answer of `GetChatData`, in the order of places, without what was asked for before.
///
/// # Errors
/// It is an error of WeCom's, or no answer.
pub fn envelopes(answer: &[u8], after: u64) -> Result<Envelopes, Trouble> {
    // Texts of 1,000 people are in it: one wrong byte must not hold up all others.
    let answer = String::from_utf8_lossy(answer);
    let answer = answer.trim_end_matches('\0').trim_start();
    let answer: Answer = Some(answer)
        .filter(|answer| answer.starts_with('{'))
        .and_then(|answer| serde_json::from_str(answer).ok())
        .ok_or(Trouble::Unreadable("GetChatData gave back no JSON object"))?;
    if answer.errcode != 0 {
        let errmsg = answer.errmsg.as_str().unwrap_or_default();
        let errmsg = errmsg.chars().filter(|c| !c.is_control()).take(200).collect();
        return Err(Trouble::Answer { errcode: answer.errcode, errmsg });
    }
    let items = match answer.chatdata {
        Value::Array(items) => items,
        Value::Null => Vec::new(),
        _ => return Err(Trouble::Unreadable("`chatdata` is no array")),
    };
    let found = items.len();
    let mut all: Vec<Envelope> = items.iter().filter_map(envelope).collect();
    let placeless = (found - all.len()) as u64;
    all.retain(|envelope| envelope.seq > after);
    all.sort_by_key(|envelope| envelope.seq);
    Ok(Envelopes { all, found, placeless })
}

fn envelope(item: &Value) -> Option<Envelope> {
    let number = |field: &str| {
        let value = item.get(field)?;
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    };
    let text = |field: &str| item.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    Some(Envelope {
        seq: number("seq")?,
        msgid: text("msgid"),
        version: number("publickey_ver").unwrap_or(0),
        key: text("encrypt_random_key"),
        message: text("encrypt_chat_msg"),
        raw: item.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(answer: &str, after: u64) -> Result<(Vec<u64>, usize, u64), Trouble> {
        let read = envelopes(answer.as_bytes(), after)?;
        Ok((read.all.iter().map(|envelope| envelope.seq).collect(), read.found, read.placeless))
    }

    #[test]
    fn places_rule_over_the_order_in_which_messages_came() {
        let answer = r#"{"errcode":0,"errmsg":"ok","chatdata":[{"seq":9},{"seq":"7"},{"seq":3},{"msgid":"m"},5]}"#;
        assert_eq!(read(answer, 3), Ok((vec![7, 9], 5, 2)));
        assert_eq!(read(r#"{"errcode":0}"#, 3), Ok((vec![], 0, 0)));
        assert_eq!(read("{\"chatdata\":null}\0", 3), Ok((vec![], 0, 0)));
    }

    #[test]
    fn an_answer_that_is_an_error_is_told_in_one_line() {
        let trouble = read(r#"{"errcode":301042,"errmsg":"no\n right","chatdata":[]}"#, 0).expect_err("an error");
        assert_eq!(trouble.to_string(), "WeCom answers errcode 301042: no right");
        assert!(matches!(read("[]", 0), Err(Trouble::Unreadable(_))));
        assert!(matches!(read(r#"{"chatdata":{}}"#, 0), Err(Trouble::Unreadable(_))));
        assert!(matches!(read("", 0), Err(Trouble::Unreadable(_))));
    }
}
