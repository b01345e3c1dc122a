//! Customer contact and the archive's lists in the fake WeCom.

use serde_json::{Value, json};

use super::api::{Answer, Call, body, list, no, posted, text, unexpected};
use super::model::{Group, Kind, Member, Model, version};

/// `externalcontact/…`
pub fn answer(model: &mut Model, agent: i64, call: &Call) -> Answer {
    match call.path.trim_start_matches("externalcontact/") {
        "groupchat/list" => {
            posted(model, call, &["status_filter", "owner_filter", "cursor", "limit"], |model, body| {
                groups(model, body)
            })
        }
        "groupchat/get" => posted(model, call, &["chat_id", "need_name"], group),
        "groupchat/add_join_way" => {
            let body = body(model, call, WAY)?;
            let id = model.fresh("config-");
            put_way(model, id, &body)
        }
        "groupchat/update_join_way" => {
            let body = body(model, call, WAY)?;
            let id = text(&body, "/config_id").to_owned();
            if !model.ways.contains_key(&id) {
                return no(40058, "config_id");
            }
            put_way(model, id, &body)
        }
        "groupchat/get_join_way" => {
            let body = body(model, call, &["config_id"])?;
            match model.ways.get(text(&body, "/config_id")) {
                Some(way) => Ok(json!({"join_way": way})),
                None => no(40058, "config_id"),
            }
        }
        "groupchat/del_join_way" => {
            let body = body(model, call, &["config_id"])?;
            gone(model.ways.remove(text(&body, "/config_id")), "config_id")
        }
        "group_welcome_template/add" => {
            let body = body(model, call, TEMPLATE)?;
            let id = model.fresh("template-");
            put_template(model, agent, id, body)
        }
        "group_welcome_template/edit" => {
            let body = body(model, call, TEMPLATE)?;
            let id = text(&body, "/template_id").to_owned();
            if !model.templates.contains_key(&id) {
                return no(40058, "template_id");
            }
            put_template(model, agent, id, body)
        }
        "group_welcome_template/get" => {
            let body = body(model, call, &["template_id"])?;
            match model.templates.get(text(&body, "/template_id")) {
                Some(template) => Ok(template.clone()),
                None => no(40058, "template_id"),
            }
        }
        "group_welcome_template/del" => {
            let body = body(model, call, &["template_id", "agentid"])?;
            gone(model.templates.remove(text(&body, "/template_id")), "template_id")
        }
        "add_msg_template" => {
            posted(model, call, &["chat_type", "sender", "chat_id_list", "text", "attachments"], |model, body| {
                mass(model, body)
            })
        }
        "get_groupmsg_send_result" => {
            let body = body(model, call, &["msgid", "userid", "limit", "cursor"])?;
            match model.masses.get(text(&body, "/msgid")) {
                Some(mass) => Ok(json!({"send_list": mass["send_list"], "next_cursor": ""})),
                None => no(40058, "msgid"),
            }
        }
        _ => unexpected(model, call),
    }
}

const WAY: &[&str] =
    &["config_id", "scene", "remark", "auto_create_room", "room_base_name", "room_base_id", "chat_id_list", "state"];
const TEMPLATE: &[&str] =
    &["template_id", "text", "image", "link", "miniprogram", "file", "video", "agentid", "notify"];

fn gone(there: Option<Value>, what: &str) -> Answer {
    there.map_or_else(|| no(40058, what), |_| Ok(json!({})))
}

fn groups(model: &mut Model, body: &Value) -> Answer {
    let limit = body["limit"].as_u64().unwrap_or(0);
    if !(1..=1000).contains(&limit) {
        return no(40058, "limit");
    }
    let owners = list(body, "/owner_filter/userid_list");
    if owners.len() > 100 {
        return no(40058, "owner_filter");
    }
    let mine = |group: &Group| group.kind == Kind::Customer && (owners.is_empty() || owners.contains(&group.owner));
    let all: Vec<&String> = model.groups.iter().filter(|(_, group)| mine(group)).map(|(chat, _)| chat).collect();
    let from: usize = text(body, "/cursor").trim_start_matches("cursor-").parse().unwrap_or(0);
    let to = all.len().min(from + usize::try_from(limit).unwrap_or(1000));
    let page: Vec<Value> = all[from.min(to)..to].iter().map(|chat| json!({"chat_id": chat, "status": 0})).collect();
    let next = if to < all.len() { format!("cursor-{to}") } else { String::new() };
    Ok(json!({"group_chat_list": page, "next_cursor": next}))
}

fn group(model: &mut Model, body: &Value) -> Answer {
    let chat = text(body, "/chat_id").to_owned();
    let Some(group) = model.as_read(&chat) else { return no(40058, "chat_id") };
    if group.kind != Kind::Customer {
        return no(90501, "not external chat");
    }
    let named = body["need_name"] == 1;
    let member = |member: &Member| {
        let employee = model.employees.get(&member.id);
        let name = employee.or_else(|| model.externals.get(&member.id)).cloned().unwrap_or_default();
        let mut one = json!({
            "userid": member.id, "type": if employee.is_some() { 1 } else { 2 }, "join_time": member.since,
            "join_scene": member.scene, "group_nickname": member.nickname,
            "name": if named { name } else { String::new() },
        });
        if let Some(invitor) = &member.invitor {
            one["invitor"] = json!({"userid": invitor});
        }
        if let Some(state) = &member.state {
            one["state"] = state.as_str().into();
        }
        one
    };
    let members: Vec<Value> = group.members.iter().map(member).collect();
    let admins: Vec<Value> = group.admins.iter().map(|admin| json!({"userid": admin})).collect();
    Ok(json!({"group_chat": {
        "chat_id": chat, "name": group.name, "owner": group.owner, "create_time": group.created,
        "notice": group.notice, "member_list": members, "admin_list": admins, "member_version": version(group.version),
    }}))
}

fn put_way(model: &mut Model, id: String, body: &Value) -> Answer {
    let chats = list(body, "/chat_id_list");
    let customer = |chat: &String| model.groups.get(chat).is_some_and(|group| group.kind == Kind::Customer);
    let scene = body["scene"].as_u64();
    if !(1..=5).contains(&chats.len()) || !chats.iter().all(customer) || !matches!(scene, Some(1 | 2)) {
        return no(40058, "chat_id_list or scene");
    }
    let mut way = body.clone();
    way["config_id"] = id.as_str().into();
    way["qr_code"] = format!("http://127.0.0.1/qr/{id}").into();
    model.ways.insert(id.clone(), way);
    Ok(json!({"config_id": id}))
}

fn put_template(model: &mut Model, agent: i64, id: String, mut body: Value) -> Answer {
    if text(&body, "/text/content").len() > 3000 || body.get("text").is_none() && body.get("link").is_none() {
        return no(40058, "text.content");
    }
    if body.get("agentid").is_some_and(|other| other.as_i64() != Some(agent)) {
        return no(40056, "invalid agentid");
    }
    if let Some(fields) = body.as_object_mut() {
        fields.retain(|key, _| !matches!(key.as_str(), "agentid" | "notify" | "template_id"));
    }
    model.templates.insert(id.clone(), body);
    Ok(json!({"template_id": id}))
}

/// A task that the sender must confirm: nothing is sent here.
fn mass(model: &mut Model, body: &Value) -> Answer {
    let sender = text(body, "/sender").to_owned();
    if text(body, "/chat_type") != "group" || !model.employees.contains_key(&sender) {
        return no(40058, "sender");
    }
    if text(body, "/text/content").len() > 4000 || list(body, "/chat_id_list").len() > 2000 {
        return no(40058, "text.content");
    }
    let own = |chat: &String| model.groups.get(chat).is_some_and(|group| group.owner == sender);
    let (send, fail): (Vec<String>, Vec<String>) = match list(body, "/chat_id_list") {
        chats if chats.is_empty() => (model.groups.keys().filter(|chat| own(chat)).cloned().collect(), Vec::new()),
        chats => chats.into_iter().partition(own),
    };
    let list: Vec<Value> = send.iter().map(|chat| json!({"chat_id": chat, "userid": sender, "status": 0})).collect();
    let id = model.fresh("mass-");
    model.masses.insert(id.clone(), json!({"body": body, "send_list": list}));
    Ok(json!({"fail_list": fail, "msgid": id}))
}

/// `msgaudit/…`
pub fn archive(model: &mut Model, call: &Call) -> Answer {
    match call.path.trim_start_matches("msgaudit/") {
        "get_permit_user_list" => {
            body(model, call, &["type"])?;
            Ok(json!({"ids": model.archived}))
        }
        "check_room_agree" => {
            let body = body(model, call, &["roomid"])?;
            let Some(group) = model.groups.get(text(&body, "/roomid")) else { return no(301_060, "roomid") };
            let external = group.members.iter().filter(|member| !model.employees.contains_key(&member.id));
            let agree = |member: &Member| {
                let status = if model.disagree.contains(&member.id) { "Disagree" } else { "Agree" };
                json!({"agree_status": status, "status_change_time": member.since, "exteranalopenid": member.id})
            };
            Ok(json!({"agreeinfo": external.map(agree).collect::<Vec<_>>()}))
        }
        "groupchat/get" => {
            let body = body(model, call, &["roomid"])?;
            let chat = text(&body, "/roomid");
            match model.groups.get(chat) {
                Some(group) if group.kind == Kind::Internal => {
                    let member = |member: &Member| json!({"memberid": member.id, "jointime": member.since});
                    Ok(json!({
                        "roomname": group.name, "creator": group.owner, "room_create_time": group.created,
                        "notice": group.notice, "members": group.members.iter().map(member).collect::<Vec<_>>(),
                    }))
                }
                _ => no(301_059, "not an internal group"),
            }
        }
        _ => unexpected(model, call),
    }
}
