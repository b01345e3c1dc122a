//! What the fake WeCom knows: a corp with its people, groups, apps, robots, tokens, cards and messages, and its limits.
//!
//! Written from WeCom's documents and not from `src/`, with nothing of it in use, so that each checks the other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use serde_json::{Value, json};

use super::faults::Fault;

/// Tells the time, in milliseconds since 1970.
pub type Now = Arc<dyn Fn() -> i64 + Send + Sync>;

/// A minute, in milliseconds.
const MINUTE: i64 = 60_000;

/// What a secret opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Messages, cards, groups of its own.
    App,
    /// The same, and customer contact.
    Customer,
    /// The session archive.
    Archive,
}

/// Something with a secret.
#[derive(Clone, Debug)]
pub struct App {
    /// Its agent id; 0 for the archive.
    pub agent: i64,
    /// Its secret.
    pub secret: String,
    /// What it may do.
    pub permission: Permission,
    /// The employees it can see; all without a list.
    pub visible: Option<BTreeSet<String>>,
}

/// What a group is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// With external contacts.
    Customer,
    /// Created by an app, by its agent id.
    App(i64),
    /// Made by hand, employees only.
    Internal,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// A userid, or the id of an external contact.
    pub id: String,
    /// What he is called in the group.
    pub nickname: String,
    /// Since when, in seconds.
    pub since: i64,
    /// 1 invited, 2 by a link, 3 by QR code.
    pub scene: u8,
    /// Who invited him.
    pub invitor: Option<String>,
    /// The state of the join way.
    pub state: Option<String>,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Who owns it.
    pub owner: String,
    /// Its admins.
    pub admins: Vec<String>,
    /// Who is in it.
    pub members: Vec<Member>,
    /// Its announcement.
    pub notice: String,
    /// Counts the changes of its members.
    pub version: u64,
    /// When it was created, in seconds.
    pub created: i64,
}

/// How a robot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RobotState {
    /// In its group.
    In,
    /// Switched off: 93004.
    Disabled,
    /// Taken out of the group: 93008.
    Out,
}

/// A group robot.
#[derive(Clone, Debug)]
pub struct Robot {
    /// Where it is.
    pub group: String,
    /// How it is.
    pub state: RobotState,
    /// When it sent, in milliseconds: the last minute.
    pub sent: VecDeque<i64>,
    /// Files that were uploaded for it.
    pub media: BTreeSet<String>,
}

/// Who said something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// A robot, by its key.
    Robot(String),
    /// An app, by its agent id.
    App(i64),
    /// An aibot, by its id.
    Aibot(String),
    /// A person.
    Person(String),
}

/// Who heard it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// A group.
    Group(String),
    /// People, each alone.
    People(Vec<String>),
}

/// Something that was said.
#[derive(Clone, Debug)]
pub struct Said {
    /// When, in milliseconds.
    pub at: i64,
    /// Who.
    pub by: By,
    /// To whom.
    pub to: To,
    /// `text`, `markdown` …
    pub kind: String,
    /// What people read, as far as it is text.
    pub text: String,
    /// Who was notified.
    pub mentions: Vec<String>,
    /// Its id; empty for robots and in groups of apps.
    pub msgid: String,
    /// Whether it was taken back.
    pub recalled: bool,
    /// The message that it quotes.
    pub quotes: Option<String>,
    /// What was posted.
    pub body: Value,
}

/// A card with buttons.
#[derive(Clone, Debug)]
pub struct Card {
    /// The app that sent it.
    pub agent: i64,
    /// Its task.
    pub task: String,
    /// Who has it.
    pub users: Vec<String>,
    /// Its buttons: key and text.
    pub buttons: Vec<(String, String)>,
    /// What stands on it in place of the buttons, by person.
    pub closed: BTreeMap<String, String>,
    /// What was posted.
    pub body: Value,
}

/// Where one message to an aibot can be answered, once and within an hour (101138).
#[derive(Clone, Debug)]
pub struct Answerable {
    /// Who was spoken to.
    pub bot: String,
    /// Where.
    pub to: To,
    /// The message.
    pub msgid: String,
    /// When it came, in milliseconds.
    pub at: i64,
    /// Whether something was said there.
    pub used: bool,
}

/// An access token.
#[derive(Clone, Debug)]
pub struct Token {
    /// Whose, by place in [`Model::apps`].
    pub app: usize,
    /// When it ends, in milliseconds.
    pub ends: i64,
    /// It was ended before its time.
    pub revoked: bool,
}

/// What WeCom limits.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Messages of one robot in a minute: more is 45009.
    pub robot: usize,
    /// Messages of one app to one person in a minute: more is dropped and nothing is said.
    pub person: usize,
    /// How long a token lasts, in seconds.
    pub token: i64,
    /// How often a customer group is read as it was before its last change.
    pub lag: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { robot: 20, person: 30, token: 7200, lag: 0 }
    }
}

/// A callback that WeCom makes: to which address, and what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// `app:AGENT`, `customer` or `aibot:ID`.
    pub to: String,
    /// The message before it is encrypted: XML, for an aibot JSON.
    pub plaintext: String,
}

/// The corp.
pub struct Model {
    /// The time.
    pub now: Now,
    /// Its id.
    pub corp: String,
    /// What has a secret.
    pub apps: Vec<App>,
    /// Names of employees, by userid.
    pub employees: BTreeMap<String, String>,
    /// Names of external contacts, by id.
    pub externals: BTreeMap<String, String>,
    /// Groups, by chat id.
    pub groups: BTreeMap<String, Group>,
    /// Robots, by key.
    pub robots: BTreeMap<String, Robot>,
    /// Tokens.
    pub tokens: BTreeMap<String, Token>,
    /// Everything that was said and heard, in order.
    pub said: Vec<Said>,
    /// What was dropped because a person had had enough: person and body.
    pub dropped: Vec<(String, Value)>,
    /// Cards, by the response codes that can still be used (and that were).
    pub cards: Vec<Card>,
    /// Response codes: which card, and whether it was used.
    pub codes: BTreeMap<String, (usize, bool)>,
    /// Where it is called, for the addresses that it makes.
    pub url: String,
    /// Pictures that apps uploaded: when, in milliseconds, and what. Good for three days, for all apps of the corp (90253).
    pub media: BTreeMap<String, (i64, Vec<u8>)>,
    /// What can be answered, by the code in its address.
    pub answerable: BTreeMap<String, Answerable>,
    /// Join ways, by id.
    pub ways: BTreeMap<String, Value>,
    /// Welcome templates, by id.
    pub templates: BTreeMap<String, Value>,
    /// Mass-send tasks, by id.
    pub masses: BTreeMap<String, Value>,
    /// Employees whose messages the archive keeps.
    pub archived: Vec<String>,
    /// Who does not consent to the archive.
    pub disagree: BTreeSet<String>,
    /// What it limits.
    pub limits: Limits,
    /// What it is to do wrong.
    pub faults: Vec<Fault>,
    /// Every call: method and path below `/cgi-bin/`.
    pub calls: Vec<String>,
    /// What it did not expect.
    pub unexpected: Vec<String>,
    /// Callbacks that are still to be made.
    pub callbacks: VecDeque<Callback>,
    /// Messages that the archive is still to keep.
    pub kept: VecDeque<Value>,
    per_person: BTreeMap<(i64, String), VecDeque<i64>>,
    stale: BTreeMap<String, (Group, usize)>,
    counter: u64,
}

impl Model {
    /// An empty corp.
    pub fn new(now: Now) -> Self {
        Self {
            now,
            corp: "wwfake0000000000".to_owned(),
            apps: Vec::new(),
            employees: BTreeMap::new(),
            externals: BTreeMap::new(),
            groups: BTreeMap::new(),
            robots: BTreeMap::new(),
            tokens: BTreeMap::new(),
            said: Vec::new(),
            dropped: Vec::new(),
            cards: Vec::new(),
            codes: BTreeMap::new(),
            url: String::new(),
            media: BTreeMap::new(),
            answerable: BTreeMap::new(),
            ways: BTreeMap::new(),
            templates: BTreeMap::new(),
            masses: BTreeMap::new(),
            archived: Vec::new(),
            disagree: BTreeSet::new(),
            limits: Limits::default(),
            faults: Vec::new(),
            calls: Vec::new(),
            unexpected: Vec::new(),
            callbacks: VecDeque::new(),
            kept: VecDeque::new(),
            per_person: BTreeMap::new(),
            stale: BTreeMap::new(),
            counter: 0,
        }
    }

    /// Milliseconds since 1970.
    pub fn millis(&self) -> i64 {
        (self.now)()
    }

    /// Seconds since 1970.
    pub fn seconds(&self) -> i64 {
        self.millis() / 1000
    }

    /// Something that was not there before.
    pub fn fresh(&mut self, prefix: &str) -> String {
        self.counter += 1;
        format!("{prefix}{:08}", self.counter)
    }

    /// Adds an employee.
    pub fn hire(&mut self, user: &str, name: &str) {
        self.employees.insert(user.to_owned(), name.to_owned());
    }

    /// Adds something with a secret.
    pub fn app(&mut self, agent: i64, secret: &str, permission: Permission) {
        self.apps.push(App { agent, secret: secret.to_owned(), permission, visible: None });
    }

    /// Adds a group of employees; the first owns it.
    pub fn group(&mut self, chat: &str, kind: Kind, name: &str, members: &[&str]) {
        let since = self.seconds();
        let member = |id: &&str| Member {
            id: (*id).to_owned(),
            nickname: String::new(),
            since,
            scene: 1,
            invitor: None,
            state: None,
        };
        let group = Group {
            kind,
            name: name.to_owned(),
            owner: members.first().map(|owner| (*owner).to_owned()).unwrap_or_default(),
            admins: Vec::new(),
            members: members.iter().map(member).collect(),
            notice: String::new(),
            version: 1,
            created: since,
        };
        self.groups.insert(chat.to_owned(), group);
    }

    /// Adds a robot to a group.
    pub fn robot(&mut self, key: &str, group: &str) {
        let robot =
            Robot { group: group.to_owned(), state: RobotState::In, sent: VecDeque::new(), media: BTreeSet::new() };
        self.robots.insert(key.to_owned(), robot);
    }

    /// Ends all tokens before their time.
    pub fn revoke(&mut self) {
        self.tokens.values_mut().for_each(|token| token.revoked = true);
    }

    /// What was said in a group by robots and apps, in order.
    pub fn texts_in(&self, group: &str) -> Vec<String> {
        let in_it = |said: &&Said| said.to == To::Group(group.to_owned()) && !matches!(said.by, By::Person(_));
        self.said.iter().filter(in_it).map(|said| said.text.clone()).collect()
    }

    /// What an employee was told by apps, in order.
    pub fn texts_to(&self, user: &str) -> Vec<String> {
        let to_him = |said: &&Said| matches!(&said.to, To::People(users) if users.iter().any(|other| other == user));
        self.said.iter().filter(to_him).map(|said| said.text.clone()).collect()
    }

    /// Whether one more message of a robot is within the limit; if so it is counted.
    pub fn robot_may(&mut self, key: &str) -> bool {
        let (now, limit) = (self.millis(), self.limits.robot);
        let Some(robot) = self.robots.get_mut(key) else { return false };
        within(&mut robot.sent, now, limit)
    }

    /// Whether one more message of an app reaches a person; if so it is counted.
    pub fn person_may(&mut self, agent: i64, user: &str) -> bool {
        let (now, limit) = (self.millis(), self.limits.person);
        within(self.per_person.entry((agent, user.to_owned())).or_default(), now, limit)
    }

    /// A customer group as it is read: perhaps as it was before its last change.
    pub fn as_read(&mut self, chat: &str) -> Option<Group> {
        if let Some((old, left)) = self.stale.get_mut(chat).filter(|(_, left)| *left > 0) {
            *left -= 1;
            return Some(old.clone());
        }
        self.groups.get(chat).cloned()
    }

    /// Somebody comes into a group.
    pub fn join(&mut self, chat: &str, member: Member) -> Result<(), String> {
        let old = self.groups.get(chat).cloned().ok_or("no such group")?;
        if old.members.iter().any(|other| other.id == member.id) {
            return Err("he is in it already".to_owned());
        }
        let (id, scene) = (member.id.clone(), member.scene);
        self.change(chat, old, |group| group.members.push(member));
        // 3 is a QR code both in the list and in the event; an invitation is 0 there.
        self.changed(chat, "add_member", Some(if scene == 3 { 3 } else { 0 }), None, &[id]);
        Ok(())
    }

    /// Somebody leaves a group, or is removed from it.
    pub fn leave(&mut self, chat: &str, user: &str, removed: bool) -> Result<(), String> {
        let old = self.groups.get(chat).cloned().ok_or("no such group")?;
        if !old.members.iter().any(|member| member.id == user) {
            return Err("he is not in it".to_owned());
        }
        self.change(chat, old, |group| {
            group.members.retain(|member| member.id != user);
            group.admins.retain(|admin| admin != user);
        });
        self.changed(chat, "del_member", None, Some(u8::from(removed)), &[user.to_owned()]);
        Ok(())
    }

    /// A group gets another name.
    pub fn rename(&mut self, chat: &str, name: &str) -> Result<(), String> {
        let old = self.groups.get(chat).cloned().ok_or("no such group")?;
        self.change(chat, old, |group| name.clone_into(&mut group.name));
        self.changed(chat, "change_name", None, None, &[]);
        Ok(())
    }

    fn change(&mut self, chat: &str, old: Group, change: impl FnOnce(&mut Group)) {
        let mut new = old.clone();
        change(&mut new);
        new.version += 1;
        self.groups.insert(chat.to_owned(), new);
        self.stale.insert(chat.to_owned(), (old, self.limits.lag));
    }

    /// The event of a change in a customer group; there is none for other groups.
    fn changed(&mut self, chat: &str, detail: &str, scene: Option<u8>, quit: Option<u8>, who: &[String]) {
        let Some(group) = self.groups.get(chat).filter(|group| group.kind == Kind::Customer) else { return };
        let items: String = who.iter().map(|id| format!("<Item><![CDATA[{id}]]></Item>")).collect();
        let plaintext = format!(
            "<xml><ToUserName><![CDATA[{corp}]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>\
             <CreateTime>{now}</CreateTime><MsgType><![CDATA[event]]></MsgType>\
             <Event><![CDATA[change_external_chat]]></Event><ChatId><![CDATA[{chat}]]></ChatId>\
             <ChangeType><![CDATA[update]]></ChangeType><UpdateDetail><![CDATA[{detail}]]></UpdateDetail>\
             <JoinScene>{scene}</JoinScene><QuitScene>{quit}</QuitScene><MemChangeCnt>{count}</MemChangeCnt>\
             <MemChangeList>{items}</MemChangeList><LastMemVer><![CDATA[{last}]]></LastMemVer>\
             <CurMemVer><![CDATA[{version}]]></CurMemVer></xml>",
            corp = self.corp,
            now = self.seconds(),
            scene = scene.unwrap_or(0),
            quit = quit.unwrap_or(0),
            count = who.len(),
            last = version(group.version - 1),
            version = version(group.version),
        );
        self.callbacks.push_back(Callback { to: "customer".to_owned(), plaintext });
    }

    /// A person says something in a group. If he calls an aibot (`@BOT`), it hears it.
    pub fn say(&mut self, chat: &str, user: &str, text: &str, aibot: Option<&str>) -> Result<String, String> {
        let group = self.groups.get(chat).ok_or("no such group")?;
        if !group.members.iter().any(|member| member.id == user) {
            return Err("he is not in it".to_owned());
        }
        let external = group.members.iter().any(|member| !self.employees.contains_key(&member.id));
        let others: Vec<String> =
            group.members.iter().map(|member| member.id.clone()).filter(|other| other != user).collect();
        let (at, fresh) = (self.millis(), self.fresh("M"));
        let msgid = if external { format!("{fresh}_external") } else { fresh };
        self.kept.push_back(json!({"msgid": msgid, "action": "send", "from": user, "tolist": others, "roomid": chat,
            "msgtime": at, "msgtype": "text", "text": {"content": text}}));
        if let Some(bot) = aibot {
            let plaintext = json!({"msgid": msgid, "aibotid": bot, "chatid": chat, "chattype": "group",
                "from": {"userid": user}, "msgtype": "text", "text": {"content": text}});
            self.tell_aibot(bot, To::Group(chat.to_owned()), plaintext);
        }
        self.said.push(Said {
            at,
            by: By::Person(user.to_owned()),
            to: To::Group(chat.to_owned()),
            kind: "text".to_owned(),
            text: text.to_owned(),
            mentions: Vec::new(),
            msgid: msgid.clone(),
            recalled: false,
            quotes: None,
            body: Value::Null,
        });
        Ok(msgid)
    }

    /// A person writes to an aibot alone.
    pub fn write_to_aibot(&mut self, bot: &str, user: &str, text: &str) -> Result<String, String> {
        if !self.employees.contains_key(user) {
            return Err("no such employee".to_owned());
        }
        let msgid = self.fresh("M");
        let plaintext = json!({"msgid": msgid, "aibotid": bot, "chattype": "single", "from": {"userid": user},
            "msgtype": "text", "text": {"content": text}});
        self.tell_aibot(bot, To::People(vec![user.to_owned()]), plaintext);
        Ok(msgid)
    }

    /// An aibot is told something, with an address to answer it at.
    fn tell_aibot(&mut self, bot: &str, to: To, mut body: Value) {
        let code = self.fresh("answer-code-");
        let msgid = body["msgid"].as_str().unwrap_or_default().to_owned();
        body["response_url"] = format!("{}/cgi-bin/aibot/response?response_code={code}", self.url).into();
        let (bot, at) = (bot.to_owned(), self.millis());
        let to_bot = format!("aibot:{bot}");
        self.answerable.insert(code, Answerable { bot, to, msgid, at, used: false });
        self.callbacks.push_back(Callback { to: to_bot, plaintext: body.to_string() });
    }

    /// A person takes a message of his back.
    pub fn take_back(&mut self, msgid: &str) -> Result<(), String> {
        let own = |said: &&mut Said| said.msgid == msgid && matches!(said.by, By::Person(_));
        let said = self.said.iter_mut().find(own).ok_or("no such message of a person")?;
        said.recalled = true;
        let (By::Person(user), To::Group(chat)) = (said.by.clone(), said.to.clone()) else { return Ok(()) };
        let (at, fresh) = (self.millis(), self.fresh("M"));
        self.kept.push_back(json!({"msgid": fresh, "action": "recall", "from": user, "tolist": [], "roomid": chat,
            "msgtime": at, "msgtype": "revoke", "revoke": {"pre_msgid": msgid}}));
        Ok(())
    }

    /// A person writes to an app.
    pub fn write_to_app(&mut self, agent: i64, user: &str, text: &str) -> Result<String, String> {
        if !self.employees.contains_key(user) {
            return Err("no such employee".to_owned());
        }
        self.counter += 1;
        let plaintext = format!(
            "<xml><ToUserName><![CDATA[{}]]></ToUserName><FromUserName><![CDATA[{user}]]></FromUserName>\
             <CreateTime>{}</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{}]]></Content>\
             <MsgId>{}</MsgId><AgentID>{agent}</AgentID></xml>",
            self.corp,
            self.seconds(),
            text.replace("]]>", "]]]]><![CDATA[>"),
            4_561_255_354_251_345_000 + self.counter,
        );
        self.callbacks.push_back(Callback { to: format!("app:{agent}"), plaintext });
        Ok(self.counter.to_string())
    }

    /// A person presses a button of a card. Gives the response code that came with it.
    pub fn press(&mut self, task: &str, user: &str, key: &str) -> Result<String, String> {
        let at = self.cards.iter().position(|card| card.task == task).ok_or("no such card")?;
        let card = &self.cards[at];
        if !card.users.iter().any(|other| other == user) {
            return Err("he does not have this card".to_owned());
        }
        if card.closed.contains_key(user) {
            return Err("his card has no buttons any more".to_owned());
        }
        if !card.buttons.iter().any(|(other, _)| other == key) {
            return Err("the card has no such button".to_owned());
        }
        let agent = card.agent;
        let code = self.fresh("response-");
        self.codes.insert(code.clone(), (at, false));
        let plaintext = format!(
            "<xml><ToUserName><![CDATA[{corp}]]></ToUserName><FromUserName><![CDATA[{user}]]></FromUserName>\
             <CreateTime>{now}</CreateTime><MsgType><![CDATA[event]]></MsgType>\
             <Event><![CDATA[template_card_event]]></Event><EventKey><![CDATA[{key}]]></EventKey>\
             <TaskId><![CDATA[{task}]]></TaskId><CardType><![CDATA[button_interaction]]></CardType>\
             <ResponseCode><![CDATA[{code}]]></ResponseCode><AgentID>{agent}</AgentID></xml>",
            corp = self.corp,
            now = self.seconds(),
        );
        self.callbacks.push_back(Callback { to: format!("app:{agent}"), plaintext });
        Ok(code)
    }
}

/// A group's version as WeCom writes it: nothing to count with.
pub fn version(number: u64) -> String {
    format!("ver{:08x}", number.wrapping_mul(2_654_435_761) & 0xffff_ffff)
}

fn within(sent: &mut VecDeque<i64>, now: i64, limit: usize) -> bool {
    while sent.front().is_some_and(|at| now - at >= MINUTE) {
        sent.pop_front();
    }
    let may = sent.len() < limit;
    if may {
        sent.push_back(now);
    }
    may
}
