//! The server interface of the fake WeCom: what each call does to its model and what it answers, refusing what WeCom refuses.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::contact;
use super::model::{App, By, Card, Group, Kind, Member, Model, Permission, RobotState, Said, To, Token};

/// One call, as it came.
#[derive(Clone, Debug)]
pub struct Call {
    /// `GET` or `POST`.
    pub method: String,
    /// The path below `/cgi-bin/`.
    pub path: String,
    /// The query.
    pub query: BTreeMap<String, String>,
    /// The content type.
    pub kind: String,
    /// The body.
    pub body: Vec<u8>,
}

/// A refusal: the error code, and what WeCom says of it.
pub type Refusal = (i64, String);

/// An answer's fields beside `errcode` and `errmsg`.
pub type Answer = Result<Value, Refusal>;

/// A refusal with these words.
pub fn no<T>(code: i64, why: impl Into<String>) -> Result<T, Refusal> {
    Err((code, why.into()))
}

/// What is answered to a call.
pub fn answer(model: &mut Model, call: &Call) -> Value {
    let answer = dispatch(model, call);
    match answer {
        Ok(Value::Object(fields)) => {
            let mut answer = json!({"errcode": 0, "errmsg": "ok"});
            for (key, value) in fields {
                answer[key] = value;
            }
            answer
        }
        Ok(_) => json!({"errcode": 0, "errmsg": "ok"}),
        Err((code, why)) => {
            json!({"errcode": code, "errmsg": format!("{why}, hint: [1700000000], from ip: 127.0.0.1")})
        }
    }
}

/// What the calls that need a token begin with.
const KNOWN: [&str; 6] = ["getcallbackip", "media/upload", "message/", "appchat/", "externalcontact/", "msgaudit/"];

fn dispatch(model: &mut Model, call: &Call) -> Answer {
    match (call.method.as_str(), call.path.as_str()) {
        ("GET", "gettoken") => return token(model, call),
        ("POST", "webhook/send") => return webhook(model, call),
        ("POST", "webhook/upload_media") => return upload(model, call),
        ("POST", "aibot/response") => return posted(model, call, ANSWER, |model, body| answered(model, call, body)),
        _ => {}
    }
    // With or without a token, it is no call of WeCom's.
    if !KNOWN.iter().any(|known| call.path.starts_with(known)) {
        return unexpected(model, call);
    }
    let app = who(model, call)?;
    let agent = model.apps[app].agent;
    let permission = model.apps[app].permission;
    match (call.method.as_str(), call.path.as_str()) {
        ("GET", "getcallbackip") => Ok(json!({"ip_list": ["101.226.103.*", "140.207.54.*"]})),
        ("POST", "media/upload") => upload_picture(model, call),
        ("POST", "message/send") => posted(model, call, MESSAGE, |model, body| message(model, app, body)),
        ("POST", "message/update_template_card") => {
            posted(model, call, &["userids", "atall", "agentid", "response_code", "button"], |model, body| {
                update_card(model, agent, body)
            })
        }
        ("POST", "message/recall") => posted(model, call, &["msgid"], |model, body| recall(model, agent, body)),
        ("POST", "appchat/create") => {
            posted(model, call, &["name", "owner", "userlist", "chatid"], |model, body| create_chat(model, agent, body))
        }
        ("POST", "appchat/update") => {
            let keys = ["chatid", "name", "owner", "add_user_list", "del_user_list"];
            posted(model, call, &keys, |model, body| update_chat(model, agent, body))
        }
        ("GET", "appchat/get") => {
            let chat = call.query.get("chatid").cloned().unwrap_or_default();
            let group = chat_of(model, agent, &chat)?;
            let users: Vec<&str> = group.members.iter().map(|member| member.id.as_str()).collect();
            Ok(json!({"chat_info": {"chatid": chat, "name": group.name, "owner": group.owner, "userlist": users}}))
        }
        ("POST", "appchat/send") => {
            posted(model, call, &["chatid", "msgtype", "text", "markdown", "image", "safe"], |model, body| {
                send_chat(model, agent, body)
            })
        }
        ("POST", path) if path.starts_with("externalcontact/") => {
            if permission != Permission::Customer {
                return no(48002, "api forbidden");
            }
            contact::answer(model, agent, call)
        }
        ("POST", path) if path.starts_with("msgaudit/") => {
            if permission != Permission::Archive {
                return no(48002, "api forbidden");
            }
            contact::archive(model, call)
        }
        _ => unexpected(model, call),
    }
}

/// A call that WeCom does not have, or that nobody should make.
pub fn unexpected(model: &mut Model, call: &Call) -> Answer {
    model.unexpected.push(format!("{} {}", call.method, call.path));
    no(404, "no such interface")
}

/// The body as JSON; keys that the interface does not have are noted.
pub fn body(model: &mut Model, call: &Call, keys: &[&str]) -> Result<Value, Refusal> {
    if call.body.windows(4).any(|four| four == b"\\u00") {
        return no(40033, "invalid character \\uxxxx");
    }
    let body: Value = serde_json::from_slice(&call.body).or_else(|_| no(47001, "data format error"))?;
    let Some(fields) = body.as_object() else { return no(47001, "data format error") };
    for key in fields.keys().filter(|key| !keys.contains(&key.as_str())) {
        model.unexpected.push(format!("{}: field {key}", call.path));
    }
    Ok(body)
}

/// Does what the body of a call asks.
pub fn posted(
    model: &mut Model,
    call: &Call,
    keys: &[&str],
    does: impl FnOnce(&mut Model, &Value) -> Answer,
) -> Answer {
    let body = body(model, call, keys)?;
    does(model, &body)
}

/// A string of a body; empty if it is not there.
pub fn text<'a>(body: &'a Value, pointer: &str) -> &'a str {
    body.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The strings of a list in a body.
pub fn list(body: &Value, pointer: &str) -> Vec<String> {
    let all = body.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default();
    all.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn token(model: &mut Model, call: &Call) -> Answer {
    if call.query.get("corpid") != Some(&model.corp) {
        return no(40013, "invalid corpid");
    }
    let secret = call.query.get("corpsecret").cloned().unwrap_or_default();
    let Some(app) = model.apps.iter().position(|app| app.secret == secret) else {
        return no(40001, format!("invalid credential {secret}"));
    };
    let now = model.millis();
    // Asked again, WeCom gives the same token as long as it is good.
    let good = model.tokens.iter().find(|(_, token)| token.app == app && !token.revoked && token.ends > now);
    let (name, ends) = match good {
        Some((name, token)) => (name.clone(), token.ends),
        None => {
            let (name, ends) = (model.fresh("token-of-an-app-"), now + model.limits.token * 1000);
            model.tokens.insert(name.clone(), Token { app, ends, revoked: false });
            (name, ends)
        }
    };
    Ok(json!({"access_token": name, "expires_in": (ends - now) / 1000}))
}

/// Whose call it is.
fn who(model: &mut Model, call: &Call) -> Result<usize, Refusal> {
    let Some(name) = call.query.get("access_token") else { return no(41001, "access_token missing") };
    let now = model.millis();
    match model.tokens.get(name) {
        None => no(40014, "invalid access_token"),
        Some(token) if token.revoked => no(40014, "invalid access_token"),
        Some(token) if token.ends <= now => no(42001, "access_token expired"),
        Some(token) => Ok(token.app),
    }
}

fn robot_of(model: &Model, call: &Call) -> Result<(String, String), Refusal> {
    let key = call.query.get("key").cloned().unwrap_or_default();
    let Some(robot) = model.robots.get(&key) else { return no(93000, "invalid webhook url") };
    match robot.state {
        RobotState::In => Ok((key, robot.group.clone())),
        RobotState::Disabled => no(93004, "robot disabled"),
        RobotState::Out => no(93008, "not in group"),
    }
}

fn webhook(model: &mut Model, call: &Call) -> Answer {
    let (key, group) = robot_of(model, call)?;
    let keys = ["msgtype", "text", "markdown", "markdown_v2", "image", "news", "file", "template_card"];
    let body = body(model, call, &keys)?;
    let (kind, words) = content(&body, &["text", "markdown", "markdown_v2", "image", "news", "file", "template_card"])?;
    let card = text(&body, "/template_card/card_type");
    if kind == "template_card"
        && !(matches!(card, "text_notice" | "news_notice") && body["template_card"]["card_action"].is_object())
    {
        return no(40058, "template_card.card_type or card_action");
    }
    let media = text(&body, "/file/media_id");
    if kind == "file" && !model.robots[&key].media.contains(media) {
        return no(40007, "invalid media_id");
    }
    if !model.robot_may(&key) {
        return no(45009, "api freq out of limit");
    }
    say(model, By::Robot(key), To::Group(group), &kind, words, String::new(), body);
    Ok(json!({}))
}

const ANSWER: &[&str] = &["msgtype", "markdown", "template_card"];

/// An hour, in milliseconds.
const HOUR: i64 = 3_600_000;

/// An aibot answers a message at its address: once, within an hour, and with a card only who wrote to it alone. Nobody should try
/// more. Which codes WeCom refuses with is not documented.
fn answered(model: &mut Model, call: &Call, body: &Value) -> Answer {
    let code = call.query.get("response_code").cloned().unwrap_or_default();
    let now = model.millis();
    let refused = match model.answerable.get(&code) {
        None => Some("an address that was never given"),
        Some(place) if place.used => Some("an address that was used"),
        Some(place) if now - place.at > HOUR => Some("an address that is over an hour old"),
        Some(_) => None,
    };
    if let Some(why) = refused {
        model.unexpected.push(format!("{}: {why}", call.path));
        return no(999_001, format!("invalid response_code {code}"));
    }
    let place = model.answerable.get_mut(&code).map(|place| {
        place.used = true;
        place.clone()
    });
    let Some(place) = place else { return no(999_001, "invalid response_code") };
    let kinds: &[&str] = if matches!(place.to, To::Group(_)) { &["markdown"] } else { ANSWER };
    let kind = text(body, "/msgtype");
    let words = text(body, "/markdown/content").to_owned();
    if !kinds.contains(&kind) || kind == "markdown" && !(1..=20_480).contains(&words.len()) {
        return no(40058, "msgtype or content");
    }
    say(model, By::Aibot(place.bot), place.to, kind, words, String::new(), body.clone());
    if let Some(said) = model.said.last_mut() {
        said.quotes = matches!(said.to, To::Group(_)).then_some(place.msgid);
        said.mentions.clear(); // an aibot calls nobody
    }
    Ok(json!({}))
}

fn upload(model: &mut Model, call: &Call) -> Answer {
    let (key, _) = robot_of(model, call)?;
    let kind = call.query.get("type").cloned().unwrap_or_default();
    let Some((name, file)) = media(call) else { return no(41005, "media data missing") };
    if !(kind == "file" && file.len() > 5 && file.len() <= 20 << 20) {
        return no(40006, "invalid media size");
    }
    let id = format!("{}/{name}", model.fresh("media-"));
    if let Some(robot) = model.robots.get_mut(&key) {
        robot.media.insert(id.clone());
    }
    Ok(json!({"type": kind, "media_id": id, "created_at": model.seconds().to_string()}))
}

fn upload_picture(model: &mut Model, call: &Call) -> Answer {
    if call.query.get("type").map(String::as_str) != Some("image") {
        model.unexpected.push(format!("{}: another type than image", call.path));
        return no(40004, "invalid media type");
    }
    let Some((_, file)) = media(call) else { return no(41005, "media data missing") };
    if !(6..=10 << 20).contains(&file.len()) {
        return no(40006, "invalid media size");
    }
    let (id, at) = (model.fresh("picture-"), model.millis());
    model.media.insert(id.clone(), (at, file.to_vec()));
    Ok(json!({"type": "image", "media_id": id, "created_at": (at / 1000).to_string()}))
}

/// The file in the field `media` of a form, and its name.
fn media(call: &Call) -> Option<(String, &[u8])> {
    let boundary = call.kind.split("boundary=").nth(1)?.trim_matches('"');
    let find = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).position(|window| window == what);
    let after = &call.body[find(&call.body, b"\r\n\r\n")? + 4..];
    let head = std::str::from_utf8(&call.body[..call.body.len() - after.len()]).ok()?;
    let file = &after[..find(after, format!("\r\n--{boundary}").as_bytes())?];
    let name = head.split("filename=\"").nth(1)?.split('"').next()?;
    (head.contains("name=\"media\"") && !name.is_empty()).then(|| (name.to_owned(), file))
}

/// The kind of a message and what people read of it.
fn content(body: &Value, kinds: &[&str]) -> Result<(String, String), Refusal> {
    let kind = text(body, "/msgtype").to_owned();
    if !kinds.contains(&kind.as_str()) {
        return no(40008, "invalid message type");
    }
    if !body.get(&kind).is_some_and(Value::is_object) {
        return no(40063, format!("{kind} is missing"));
    }
    let limit = if kind == "text" { 2048 } else { 4096 };
    let words = match kind.as_str() {
        "text" | "markdown" | "markdown_v2" => text(body, &format!("/{kind}/content")).to_owned(),
        "template_card" => match text(body, "/template_card/main_title/title") {
            "" => text(body, "/template_card/sub_title_text").to_owned(),
            title => title.to_owned(),
        },
        "news" => {
            let articles = body["news"]["articles"].as_array().cloned().unwrap_or_default();
            let sound = |one: &Value| {
                (1..=128).contains(&text(one, "/title").len())
                    && text(one, "/description").len() <= 512
                    && text(one, "/url").starts_with("http")
            };
            if !(1..=8).contains(&articles.len()) || !articles.iter().all(sound) {
                return no(40058, "news.articles");
            }
            text(&articles[0], "/title").to_owned()
        }
        "image" => {
            let bytes = data_encoding::BASE64.decode(text(body, "/image/base64").as_bytes()).unwrap_or_default();
            let sum = data_encoding::HEXLOWER.encode(&<md5::Md5 as md5::Digest>::digest(&bytes));
            if bytes.is_empty() || bytes.len() > 2 << 20 || text(body, "/image/md5") != sum {
                return no(40009, "invalid image size");
            }
            return Ok((kind, String::new()));
        }
        _ => return Ok((kind, String::new())),
    };
    if words.is_empty() {
        return no(44004, "empty content");
    }
    if words.len() > limit {
        return no(40058, format!("{kind}.content exceed max length {limit}"));
    }
    Ok((kind, words))
}

/// Who a message notifies: those in its list, and those that its text calls.
fn mentions(kind: &str, words: &str, body: &Value) -> Vec<String> {
    let mut all = list(body, "/text/mentioned_list");
    if matches!(kind, "text" | "markdown") {
        let called = words.split("<@").skip(1).filter_map(|after| after.split_once('>'));
        all.extend(called.map(|(user, _)| user.to_owned()));
    }
    all
}

fn say(model: &mut Model, by: By, to: To, kind: &str, words: String, msgid: String, body: Value) {
    let (at, mentions) = (model.millis(), mentions(kind, &words, &body));
    model.said.push(Said {
        at,
        by,
        to,
        kind: kind.to_owned(),
        text: words,
        mentions,
        msgid,
        recalled: false,
        quotes: None,
        body,
    });
}

const MESSAGE: &[&str] = &[
    "touser",
    "agentid",
    "msgtype",
    "text",
    "markdown",
    "textcard",
    "template_card",
    "safe",
    "enable_id_trans",
    "enable_duplicate_check",
    "duplicate_check_interval",
];

fn sees(model: &Model, app: &App, user: &str) -> bool {
    model.employees.contains_key(user) && app.visible.as_ref().is_none_or(|visible| visible.contains(user))
}

fn message(model: &mut Model, app: usize, body: &Value) -> Answer {
    let app = model.apps[app].clone();
    if body["agentid"].as_i64() != Some(app.agent) || app.agent == 0 {
        return no(40056, "invalid agentid");
    }
    let (kind, mut words) = content(body, &["text", "markdown", "textcard", "template_card"])?;
    if kind == "markdown" && words.len() > 2048 {
        return no(45002, "content size out of limit");
    }
    if kind == "textcard" {
        words = text(body, "/textcard/title").to_owned();
        if words.is_empty() || words.len() > 128 || text(body, "/textcard/description").len() > 512 {
            return no(40058, "textcard");
        }
    }
    let asked: Vec<&str> = text(body, "/touser").split('|').filter(|user| !user.is_empty()).collect();
    if asked.len() > 1000 {
        return no(40058, "touser");
    }
    let everybody: Vec<String>;
    let (reached, lost): (Vec<&str>, Vec<&str>) = if asked == ["@all"] {
        everybody = model.employees.keys().filter(|user| sees(model, &app, user)).cloned().collect();
        (everybody.iter().map(String::as_str).collect(), Vec::new())
    } else {
        asked.into_iter().partition(|user| sees(model, &app, user))
    };
    if reached.is_empty() {
        return no(81013, "user & party & tag all invalid");
    }
    let (reached, lost): (Vec<String>, String) =
        (reached.into_iter().map(str::to_owned).collect(), lost.join("|").to_lowercase());
    let card =
        (kind == "template_card").then(|| card(model, app.agent, &reached, &body["template_card"])).transpose()?;
    let mut heard = Vec::new();
    for user in reached {
        if model.person_may(app.agent, &user) {
            heard.push(user);
        } else {
            model.dropped.push((user, body.clone()));
        }
    }
    let msgid = model.fresh("msg-");
    let code = card.map(|card| {
        let code = model.fresh("response-");
        model.cards.push(card);
        model.codes.insert(code.clone(), (model.cards.len() - 1, false));
        code
    });
    if !heard.is_empty() {
        say(model, By::App(app.agent), To::People(heard), &kind, words, msgid.clone(), body.clone());
    }
    Ok(json!({"invaliduser": lost, "msgid": msgid, "response_code": code.unwrap_or_default()}))
}

/// A card with buttons, if WeCom takes it.
fn card(model: &Model, agent: i64, users: &[String], card: &Value) -> Result<Card, Refusal> {
    if text(card, "/card_type") != "button_interaction" {
        return no(40058, "template_card.card_type");
    }
    let task = text(card, "/task_id");
    let sound = |letter: char| letter.is_ascii_alphanumeric() || "_-@".contains(letter);
    if task.is_empty() || task.len() > 128 || !task.chars().all(sound) {
        return no(40058, "template_card.task_id");
    }
    if model.cards.iter().any(|other| other.agent == agent && other.task == task) {
        return no(40058, "template_card.task_id exists");
    }
    let buttons = card["button_list"].as_array().cloned().unwrap_or_default();
    let buttons: Vec<(String, String)> =
        buttons.iter().map(|one| (text(one, "/key").to_owned(), text(one, "/text").to_owned())).collect();
    let unique = |at: usize| !buttons[..at].iter().any(|(key, _)| *key == buttons[at].0);
    let sound = |at: usize| (1..=1024).contains(&buttons[at].0.len()) && !buttons[at].1.is_empty() && unique(at);
    if !(1..=6).contains(&buttons.len()) || !(0..buttons.len()).all(sound) {
        return no(40058, "template_card.button_list");
    }
    let lines = card["horizontal_content_list"].as_array().cloned().unwrap_or_default();
    let sound = |line: &Value| {
        let named = !text(line, "/keyname").is_empty();
        named && (line["type"] != 3 || model.employees.contains_key(text(line, "/userid")))
    };
    if lines.len() > 6 || !lines.iter().all(sound) {
        return no(40058, "template_card.horizontal_content_list");
    }
    let (users, body) = (users.to_vec(), card.clone());
    Ok(Card { agent, task: task.to_owned(), users, buttons, closed: BTreeMap::new(), body })
}

fn update_card(model: &mut Model, agent: i64, body: &Value) -> Answer {
    let code = text(body, "/response_code");
    let at = match model.codes.get_mut(code) {
        Some((at, used)) if !*used => {
            *used = true;
            *at
        }
        _ => return no(40058, "response_code"),
    };
    let card = &mut model.cards[at];
    let words = text(body, "/button/replace_name");
    if card.agent != agent || body["agentid"].as_i64() != Some(agent) || words.is_empty() {
        return no(40058, "agentid or button");
    }
    let users = if body["atall"] == 1 { card.users.clone() } else { list(body, "/userids") };
    let (have, lost): (Vec<String>, Vec<String>) = users.into_iter().partition(|user| card.users.contains(user));
    card.closed.extend(have.into_iter().map(|user| (user, words.to_owned())));
    Ok(json!({"invaliduser": lost}))
}

fn recall(model: &mut Model, agent: i64, body: &Value) -> Answer {
    let (msgid, now) = (text(body, "/msgid").to_owned(), model.millis());
    let own = |said: &&mut Said| said.msgid == msgid && said.by == By::App(agent) && !msgid.is_empty();
    match model.said.iter_mut().find(own) {
        Some(said) if now - said.at <= 24 * 3_600_000 => {
            said.recalled = true;
            Ok(json!({}))
        }
        _ => no(40058, "msgid"),
    }
}

fn create_chat(model: &mut Model, agent: i64, body: &Value) -> Answer {
    let users = list(body, "/userlist");
    let owner = text(body, "/owner");
    if !(2..=2000).contains(&users.len()) || !users.iter().all(|user| model.employees.contains_key(user)) {
        return no(86216, "userlist");
    }
    if !users.iter().any(|user| user == owner) {
        return no(86217, "owner is not in userlist");
    }
    let chat = match text(body, "/chatid") {
        "" => model.fresh("chat"),
        chat => chat.to_owned(),
    };
    if chat.len() > 32 || !chat.chars().all(|letter| letter.is_ascii_alphanumeric()) {
        return no(86001, "invalid chatid");
    }
    if model.groups.contains_key(&chat) {
        return no(86215, "chatid exists");
    }
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    model.group(&chat, Kind::App(agent), text(body, "/name"), &users);
    if let Some(group) = model.groups.get_mut(&chat) {
        group.owner = owner.to_owned();
    }
    Ok(json!({"chatid": chat}))
}

fn chat_of<'a>(model: &'a Model, agent: i64, chat: &str) -> Result<&'a Group, Refusal> {
    match model.groups.get(chat) {
        None => no(40050, "invalid chatid"),
        Some(group) if group.kind == Kind::App(agent) => Ok(group),
        Some(_) => no(86008, "not created by this app"),
    }
}

fn update_chat(model: &mut Model, agent: i64, body: &Value) -> Answer {
    let chat = text(body, "/chatid").to_owned();
    let old = chat_of(model, agent, &chat)?.clone();
    let (add, remove) = (list(body, "/add_user_list"), list(body, "/del_user_list"));
    let owner = match text(body, "/owner") {
        "" => old.owner.clone(),
        owner => owner.to_owned(),
    };
    if remove.contains(&owner) {
        return no(86220, "the owner cannot be removed");
    }
    if !add.iter().all(|user| model.employees.contains_key(user)) {
        return no(86216, "add_user_list");
    }
    let since = model.seconds();
    let Some(group) = model.groups.get_mut(&chat) else { return no(40050, "invalid chatid") };
    group.owner = owner;
    if !text(body, "/name").is_empty() {
        group.name = text(body, "/name").to_owned();
    }
    group.members.retain(|member| !remove.contains(&member.id));
    for id in add {
        if !group.members.iter().any(|member| member.id == id) {
            let nickname = String::new();
            group.members.push(Member { id, nickname, since, scene: 1, invitor: None, state: None });
        }
    }
    group.version += 1;
    Ok(json!({}))
}

fn send_chat(model: &mut Model, agent: i64, body: &Value) -> Answer {
    let chat = text(body, "/chatid").to_owned();
    chat_of(model, agent, &chat)?;
    if text(body, "/msgtype") == "image" {
        let known = model.media.get(text(body, "/image/media_id")).map(|(at, _)| *at);
        if known.is_none_or(|at| model.millis() - at > 3 * 24 * HOUR) {
            return no(40007, "invalid media_id");
        }
        say(model, By::App(agent), To::Group(chat), "image", String::new(), String::new(), body.clone());
        return Ok(json!({}));
    }
    let (kind, words) = content(body, &["text", "markdown"])?;
    if words.len() > 2048 {
        return no(45002, "content size out of limit");
    }
    say(model, By::App(agent), To::Group(chat), &kind, words, String::new(), body.clone());
    Ok(json!({}))
}
