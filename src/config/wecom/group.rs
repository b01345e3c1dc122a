//! `[wecom.NAME.group."CHATID"]`: how one group is reached.

use std::sync::Arc;

use super::Off;
use crate::config::section::{Section, did_you_mean};
use crate::domain::secret::Hidden;

/// How one group is reached.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// What kind of group it is: what WeCom lets us do in it depends on that.
    pub kind: GroupKind,
    /// The key of the robot (消息推送) in it.
    pub robot: Option<Hidden>,
    /// The 智能机器人 in it.
    pub aibot: Option<Arc<str>>,
    /// What that one calls the group, where it is not the chat id.
    pub aibot_chat: Option<Arc<str>>,
    /// What `[group.ID]` calls it.
    pub name: Option<Arc<str>>,
}

/// What kind of group it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupKind {
    /// 客户群: with people outside the company.
    Customer,
    /// Of employees, made by hand.
    Internal,
    /// Of employees, created by our app (应用群聊).
    App,
}

/// Reads a group. Without a word of its kind it is a customer group where there is 客户联系.
pub(super) fn group(
    mut section: Section<'_>,
    customers: bool,
    bots: &[String],
    what: &str,
    off: &mut Off<'_, '_>,
) -> Group {
    let kinds = [("customer", GroupKind::Customer), ("internal", GroupKind::Internal), ("app", GroupKind::App)];
    let usual = if customers { GroupKind::Customer } else { GroupKind::Internal };
    let kind = section.word("kind", &kinds).unwrap_or(usual);
    off.outside.refuse_written(&mut section);
    let named = section.value_place("robot_env").or_else(|| section.value_place("robot_file"));
    let robot = off.outside.robot(&mut section);
    let robot = match &named {
        Some(_) => off.needed(&format!("the robot of {what}"), &section, "robot_env", robot),
        None => None,
    };
    if let (Some(at), Some(key)) = (named, &robot)
        && let Some(other) = off.taken.robot(key, what.to_owned())
    {
        let help = "a robot speaks in the group it was added to: add another one here, and give its webhook";
        off.outside.bad::<()>(&at, format!("this is the robot of {other} already"), help);
    }
    let aibot = section.text("aibot").and_then(|name| {
        let known = bots.contains(&name.value);
        if !known {
            let fault = off.faults().at(&name.at, format!("there is no aibot `{}`", name.value));
            off.faults().add(fault.help(did_you_mean(&name.value, bots.iter().map(String::as_str))));
        }
        known.then(|| Arc::from(name.value))
    });
    let aibot_chat = section.id("aibot_chat").map(|id| Arc::from(id.value));
    section.finish();
    Group { kind, robot, aibot, aibot_chat, name: None }
}
