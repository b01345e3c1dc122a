//! What WeCom tells a simulated daemon: callbacks as it seals, signs, repeats and mixes them up.

use qunwei::adapters::wecom::callback::{Channel, robot::Robot};
use qunwei::domain::time::Timestamp;
use serde_json::{Value, json};

use super::office::Card;
use super::people::{Parcel, Way, innocent, spam};
use super::rules::{AES_KEY, CALLBACK_TOKEN, CORP, CORP_GROUPS, CORP_ID};
use crate::fake_wecom::{Address, Format};
use crate::support::dice::Dice;

/// The addresses that WeCom knows, and one that somebody forges callbacks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    App,
    Customer,
    Aibot,
    /// The app's, signed with another token.
    Forged,
}

impl Door {
    fn channel(self) -> Channel {
        match self {
            Self::App | Self::Forged => Channel::App,
            Self::Customer => Channel::Customer,
            Self::Aibot => Channel::Robot(Robot::default()),
        }
    }

    /// Where it is, and what both sides know.
    pub fn address(self) -> Address {
        let (path, receiveid, format) = match self {
            Self::App | Self::Forged => ("app/guard", CORP_ID, Format::Xml),
            Self::Customer => ("customer", CORP_ID, Format::Xml),
            Self::Aibot => ("aibot/guard", "", Format::RobotJson),
        };
        let token = if self == Self::Forged { "another" } else { CALLBACK_TOKEN };
        let (url, receiveid) = (format!("/hooks/wecom/{CORP}/{path}"), receiveid.to_owned());
        Address { url, token: token.to_owned(), aes_key: AES_KEY.to_owned(), receiveid, format }
    }
}

const COMMANDS: [&str; 8] =
    ["/状态", "/停", "/恢复", "/撤销 #", "/案件 #", "/警告 u3 刷屏", "/提醒 半小时后 开会", "/帮助"];

/// Numbers what was said.
#[derive(Default)]
pub struct Callers(u64);

impl Callers {
    /// Somebody does something in a group of the company, or to one of its apps.
    pub fn act(&mut self, dice: &mut Dice, now: Timestamp, cards: &[Card], number: u64) -> Parcel {
        self.0 += 1;
        let (door, plain) = match dice.below(100) {
            0..60 => (Door::Aibot, self.spoken(dice)),
            60..70 => (Door::App, self.written(dice, now)),
            70..85 => (Door::Customer, changed(dice, now)),
            85..94 => match pressed(dice, now, cards) {
                Some(plain) => (Door::App, plain),
                None => (Door::App, self.written(dice, now)),
            },
            94..97 => (Door::App, happened(now)),
            _ => (Door::Forged, self.written(dice, now)),
        };
        let reading = door.channel().read(plain.as_bytes());
        let events: Vec<Value> = reading.events.iter().map(|event| serde_json::from_str(event).unwrap()).collect();
        Parcel { number, platform: CORP, events, way: Way::Callback { door, plain, tries: 0, sealed: None } }
    }

    /// Somebody speaks to the bot in a group.
    fn spoken(&self, dice: &mut Dice) -> String {
        let (text, from) = match dice.below(10) {
            0..3 => (innocent(dice).to_owned(), user(dice)),
            3..7 => (spam(dice).to_owned(), user(dice)),
            _ => {
                let command = COMMANDS[dice.below(8) as usize].replace('#', &(1 + dice.below(30)).to_string());
                (command, "boss".to_owned())
            }
        };
        let group = CORP_GROUPS[dice.below(4) as usize];
        let number = self.0;
        let mut said = json!({"msgid": format!("M{number}"), "aibotid": "aib-1", "chatid": group, "chattype": "group",
            "from": {"userid": from}, "msgtype": "text", "text": {"content": format!("@群卫 {text}")}});
        if dice.percent(70) {
            said["response_url"] = format!("http://127.0.0.1:9/cgi-bin/aibot/response?response_code=c-{number}").into();
        }
        said.to_string()
    }

    /// Somebody writes to the app.
    fn written(&self, dice: &mut Dice, now: Timestamp) -> String {
        let (user, number, text) = (user(dice), self.0, if dice.percent(50) { "我的记录" } else { spam(dice) });
        format!(
            "{}<FromUserName>{user}</FromUserName><MsgType>text</MsgType><Content><![CDATA[{text}]]></Content>\
             <MsgId>{number}</MsgId><AgentID>1000002</AgentID></xml>",
            head(now)
        )
    }
}

fn head(now: Timestamp) -> String {
    format!("<xml><ToUserName>{CORP_ID}</ToUserName><CreateTime>{}</CreateTime>", now.0 / 1000)
}

/// Somebody came into a customer group or left it.
fn changed(dice: &mut Dice, now: Timestamp) -> String {
    let (detail, more) = match dice.percent(70) {
        true => ("add_member", "<JoinScene>3</JoinScene>"),
        false => ("del_member", "<QuitScene>0</QuitScene>"),
    };
    let count = 1 + dice.below(3);
    let who: String = (0..count).map(|_| format!("<Item>wm{}</Item>", dice.below(40))).collect();
    format!(
        "{}<FromUserName>sys</FromUserName><MsgType>event</MsgType><Event>change_external_chat</Event><ChatId>{}</ChatId>\
         <ChangeType>update</ChangeType><UpdateDetail>{detail}</UpdateDetail>{more}<MemChangeList>{who}</MemChangeList></xml>",
        head(now),
        CORP_GROUPS[0]
    )
}

/// Somebody on duty presses a button of one of the last cards.
fn pressed(dice: &mut Dice, now: Timestamp, cards: &[Card]) -> Option<String> {
    let back = dice.below(6) as usize;
    let card = cards.iter().rev().filter(|card| !card.choices.is_empty()).nth(back)?;
    let choice = &card.choices[dice.below(card.choices.len() as u64) as usize];
    Some(format!(
        "{}<FromUserName>boss</FromUserName><MsgType>event</MsgType><Event>template_card_event</Event>\
         <EventKey>{choice}</EventKey><TaskId>{}</TaskId><CardType>button_interaction</CardType>\
         <ResponseCode>{}</ResponseCode><AgentID>1000002</AgentID></xml>",
        head(now),
        card.task,
        card.code
    ))
}

/// Something that means nothing here, and is kept.
fn happened(now: Timestamp) -> String {
    format!("{}<FromUserName>u1</FromUserName><MsgType>event</MsgType><Event>enter_agent</Event></xml>", head(now))
}

fn user(dice: &mut Dice) -> String {
    format!("u{}", dice.below(9))
}
