//! What happens in the fake's groups, brought to those who read it elsewhere: smart robots over their long connection, and the
//! session archive. What smart robots say comes back into the groups.

use std::time::Duration;

use serde_json::{Value, json};

use super::aibot::Openws;
use super::archive::Folder;
use super::fake::Fake;
use super::fake::model::{By, Callback, Kind, Said, To};

/// How often it is looked for something new.
const LOOK: Duration = Duration::from_millis(100);

/// Brings smart robots what they are told, if they are connected, and what they say into the groups.
pub(crate) async fn robots(fake: Fake, openws: Openws) {
    let mut read = 0;
    loop {
        let waiting = std::mem::take(&mut fake.model().callbacks);
        let others = waiting.into_iter().filter(|callback| !told(&openws, callback)).collect::<Vec<_>>();
        fake.model().callbacks.extend(others);
        let frames: Vec<Value> = openws.model().frames.iter().skip(read).cloned().collect();
        read += frames.len();
        for frame in frames.iter().filter(|frame| frame["cmd"] == "aibot_send_msg") {
            let (body, mut model) = (&frame["body"], fake.model());
            let said = Said {
                at: model.millis(),
                by: By::Aibot,
                to: To::Group(body["chatid"].as_str().unwrap_or_default().to_owned()),
                kind: body["msgtype"].as_str().unwrap_or_default().to_owned(),
                text: body["markdown"]["content"].as_str().unwrap_or_default().to_owned(),
                mentions: Vec::new(),
                msgid: String::new(),
                recalled: false,
                body: body.clone(),
            };
            model.said.push(said);
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn told(openws: &Openws, callback: &Callback) -> bool {
    let Some(bot) = callback.to.strip_prefix("aibot:").filter(|bot| openws.is_connected(bot)) else { return false };
    let Ok(body) = serde_json::from_str::<Value>(&callback.plaintext) else { return false };
    let cmd = if body["msgtype"] == "event" { "aibot_event_callback" } else { "aibot_msg_callback" };
    openws.tell(bot, cmd, body["msgid"].as_str().unwrap_or("unnamed"), &body)
}

/// Puts what people say in groups into the archive, if an employee is there whose messages it keeps.
pub(crate) async fn archive(fake: Fake, mut folder: Folder) {
    let mut read = fake.model().said.len();
    loop {
        let messages: Vec<Value> = {
            let model = fake.model();
            let new = model.said.iter().skip(read);
            let messages = new.filter_map(|said| {
                let (By::Person(from), To::Group(chat)) = (&said.by, &said.to) else { return None };
                let group = model.groups.get(chat)?;
                let kept = group.members.iter().any(|member| model.archived.contains(&member.id));
                let others = group.members.iter().map(|member| &member.id).filter(|id| *id != from);
                let msgid = if group.kind == Kind::Customer { format!("{}_external", said.msgid) } else { said.msgid.clone() };
                kept.then(|| {
                    json!({"msgid": msgid, "action": "send", "from": from, "tolist": others.collect::<Vec<_>>(), "roomid": chat,
                           "msgtime": said.at, "msgtype": "text", "text": {"content": said.text}})
                })
            });
            let messages = messages.collect();
            read = model.said.len();
            messages
        };
        for message in &messages {
            if let Err(why) = folder.put(message) {
                println!("the archive cannot be written: {why}");
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}
