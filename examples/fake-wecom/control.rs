//! The control interface: how people rehearse, and how tests in other processes set the scene. `POST /fake/WHAT` with JSON;
//! `GET /fake/help` says what there is.

use serde_json::{Value, json};

use super::faults::Fault;
use super::hooks;
use super::model::{Kind, Member, Permission, RobotState, To};
use super::{Fake, api_query, shown};

const HOOK: (&str, &str, &str) = (
    "hook",
    "callbacks to `app:AGENT`, `customer` or `aibot:ID` go there from now on",
    r#"{"to":"app:1000002","url":"http://127.0.0.1:8787/hooks/wecom/…","token":"…","aes_key":"43 characters"}"#,
);

/// What there is: the path, what it does, what is posted.
const HELP: &[(&str, &str, &str)] = &[
    ("employee", "adds an employee", r#"{"user":"zhangsan","name":"张三"}"#),
    ("external", "adds an external contact", r#"{"user":"wm…","name":"小王"}"#),
    ("app", "adds an app", r#"{"agent":1000002,"secret":"…","permission":"app|customer|archive"}"#),
    (
        "group",
        "adds a group",
        r#"{"group":"wr1","kind":"customer|internal|AGENT","name":"一群","members":["zhangsan"],"admins":[]}"#,
    ),
    ("robot", "adds a robot to a group, or changes it", r#"{"key":"…","group":"wr1","state":"in|disabled|out"}"#),
    (
        "join",
        "somebody comes into a group",
        r#"{"group":"wr1","user":"wm…","name":"小王","scene":3,"state":"shop","invitor":"zhangsan"}"#,
    ),
    ("leave", "somebody leaves, or is removed", r#"{"group":"wr1","user":"wm…","removed":true}"#),
    ("rename", "a group gets another name", r#"{"group":"wr1","name":"二号店"}"#),
    ("consent", "an external contact agrees to the archive, or does not", r#"{"user":"wm…","agrees":false}"#),
    (
        "say",
        "somebody says something; `aibot` hears it if it is called",
        r#"{"group":"wr1","user":"zhangsan","text":"…","aibot":"ID"}"#,
    ),
    ("recall", "somebody takes back what he said", r#"{"msgid":"M…"}"#),
    ("write", "somebody writes to an app or `aibot`", r#"{"agent":1000002,"user":"zhangsan","text":"/状态"}"#),
    ("press", "somebody presses a button of a card", r#"{"task":"a-…","user":"zhangsan","key":"removed"}"#),
    HOOK,
    ("fault", "the next calls go wrong", r#"{"path":"webhook/send","wrong":"code","value":45009,"times":1,"after":0}"#),
    ("revoke", "all access tokens end", "{}"),
    ("limits", "changes what WeCom limits", r#"{"robot":20,"person":30,"token":7200,"lag":0}"#),
    ("sent?after=0", "GET: what was said, from a number on", ""),
    ("cards", "GET: cards with buttons", ""),
    ("groups", "GET: groups and who is in them", ""),
    ("aibots", "GET: frames that aibots sent over long connections", ""),
    ("callbacks", "GET: what came of the callbacks", ""),
    ("unexpected", "GET: what WeCom would not know", ""),
    ("help", "GET: this", ""),
];

/// Does what is asked.
///
/// # Errors
/// What is wrong with it.
pub fn answer(fake: &Fake, method: &str, path: &str, query: &str, body: &[u8]) -> Result<Value, String> {
    if method == "GET" {
        return look(fake, path, query);
    }
    let body: Value =
        if body.is_empty() { json!({}) } else { serde_json::from_slice(body).map_err(|e| e.to_string())? };
    let optional = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
    let word = |key: &str| optional(key).filter(|text| !text.is_empty()).ok_or(format!("`{key}` is missing"));
    let words = |key: &str| -> Vec<String> {
        let all = body.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        all.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let number = |key: &str| body.get(key).and_then(Value::as_i64);
    if path == "hook" {
        let corp = fake.model().corp.clone();
        let (to, address) = hooks::read(&corp, &body)?;
        fake.hook(&to, address);
        return Ok(json!({}));
    }
    let mut model = fake.model();
    match path {
        "rename" => model.rename(&word("group")?, &word("name")?)?,
        "consent" => {
            let (user, agrees) = (word("user")?, body.get("agrees").and_then(Value::as_bool).unwrap_or(true));
            let _ = if agrees { model.disagree.remove(&user) } else { model.disagree.insert(user) };
        }
        "employee" => model.hire(&word("user")?, &optional("name").unwrap_or_default()),
        "external" => drop(model.externals.insert(word("user")?, optional("name").unwrap_or_default())),
        "app" => {
            let permission = match optional("permission").as_deref() {
                None | Some("app") => Permission::App,
                Some("customer") => Permission::Customer,
                Some("archive") => Permission::Archive,
                Some(_) => return Err("`permission` is app, customer or archive".to_owned()),
            };
            model.app(number("agent").unwrap_or(0), &word("secret")?, permission);
        }
        "group" => {
            let kind = match (word("kind")?.as_str(), number("kind")) {
                ("customer", _) => Kind::Customer,
                ("internal", _) => Kind::Internal,
                (agent, _) => Kind::App(agent.parse().map_err(|_| "`kind` is customer, internal or an agent id")?),
            };
            let members = words("members");
            let members: Vec<&str> = members.iter().map(String::as_str).collect();
            let chat = word("group")?;
            model.group(&chat, kind, &optional("name").unwrap_or_default(), &members);
            if let Some(group) = model.groups.get_mut(&chat) {
                group.admins = words("admins");
            }
        }
        "robot" => {
            let key = word("key")?;
            if let Some(group) = optional("group") {
                model.robot(&key, &group);
            }
            let robot = model.robots.get_mut(&key).ok_or("no such robot; `group` is missing")?;
            robot.state = match optional("state").as_deref() {
                None | Some("in") => RobotState::In,
                Some("disabled") => RobotState::Disabled,
                Some("out") => RobotState::Out,
                Some(_) => return Err("`state` is in, disabled or out".to_owned()),
            };
        }
        "join" => {
            let (chat, id) = (word("group")?, word("user")?);
            let known = model.employees.contains_key(&id) || model.externals.contains_key(&id);
            if let Some(name) = optional("name").filter(|_| !known) {
                model.externals.insert(id.clone(), name);
            }
            let member = Member {
                id,
                nickname: String::new(),
                since: model.seconds(),
                scene: number("scene").and_then(|scene| u8::try_from(scene).ok()).unwrap_or(1),
                invitor: optional("invitor"),
                state: optional("state"),
            };
            model.join(&chat, member)?;
        }
        "leave" => model.leave(&word("group")?, &word("user")?, body["removed"] == true)?,
        "say" => {
            let aibot = optional("aibot");
            let msgid = model.say(&word("group")?, &word("user")?, &word("text")?, aibot.as_deref())?;
            return Ok(json!({"msgid": msgid}));
        }
        "recall" => model.take_back(&word("msgid")?)?,
        "write" => {
            if let Some(bot) = optional("aibot") {
                return Ok(json!({"msgid": model.write_to_aibot(&bot, &word("user")?, &word("text")?)?}));
            }
            let agent = number("agent").ok_or("`agent` is missing")?;
            return Ok(json!({"msgid": model.write_to_app(agent, &word("user")?, &word("text")?)?}));
        }
        "press" => {
            return Ok(json!({"response_code": model.press(&word("task")?, &word("user")?, &word("key")?)?}));
        }
        "fault" => model.faults.push(Fault::read(&body)?),
        "revoke" => model.revoke(),
        "limits" => {
            let count = |key: &str, old: usize| number(key).and_then(|new| usize::try_from(new).ok()).unwrap_or(old);
            let old = model.limits;
            model.limits.robot = count("robot", old.robot);
            model.limits.person = count("person", old.person);
            model.limits.lag = count("lag", old.lag);
            model.limits.token = number("token").unwrap_or(old.token);
        }
        _ => return Err("there is no such thing; see GET /fake/help".to_owned()),
    }
    Ok(json!({}))
}

fn look(fake: &Fake, path: &str, query: &str) -> Result<Value, String> {
    if path == "callbacks" {
        return Ok(hooks::shown(&fake.hooks()));
    }
    if path == "aibots" {
        let frames = fake.hooks().openws.as_ref().map(|openws| openws.model().frames.clone());
        return Ok(json!(frames.unwrap_or_default()));
    }
    let model = fake.model();
    Ok(match path {
        "sent" => {
            let after = api_query(query).get("after").and_then(|after| after.parse().ok()).unwrap_or(0_usize);
            json!({"total": model.said.len(), "sent": model.said.iter().skip(after).map(shown).collect::<Vec<_>>()})
        }
        "cards" => {
            let card = |card: &super::model::Card| json!({"task": card.task, "users": card.users, "closed": card.closed, "card": card.body});
            json!(model.cards.iter().map(card).collect::<Vec<_>>())
        }
        "groups" => {
            let group = |(chat, group): (&String, &super::model::Group)| {
                let members: Vec<&str> = group.members.iter().map(|member| member.id.as_str()).collect();
                let said = model.said.iter().filter(|said| said.to == To::Group(chat.clone())).count();
                json!({"group": chat, "kind": format!("{:?}", group.kind), "name": group.name, "owner": group.owner,
                       "admins": group.admins, "members": members, "messages": said})
            };
            json!(model.groups.iter().map(group).collect::<Vec<_>>())
        }
        "unexpected" => json!(model.unexpected),
        "help" => {
            let row = |(path, what, body): &(&str, &str, &str)| json!({"path": path, "does": what, "body": body});
            json!(HELP.iter().map(row).collect::<Vec<_>>())
        }
        _ => return Err("there is no such thing; see GET /fake/help".to_owned()),
    })
}
