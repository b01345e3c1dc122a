//! What WeCom lets us see and do in a group: the capability matrix, as data. Sources: the documents named beside each row; that
//! there is no interface to mute, to remove people from customer groups and from those made by hand, to recall what others
//! said or to let somebody in, follows from there being none in the whole of the documents.

use super::{AibotWay, GroupKind, Wecom};
use crate::domain::policy::{Capabilities, Capability};

/// What of a group's messages is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sees {
    /// All of those whose members the archive is licensed for (document 91774).
    Everything,
    /// What mentions the 智能机器人, with what it quotes (document 100719).
    ToBot,
    /// None.
    Nothing,
}

/// How joins and leaves are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joins {
    /// As they happen (`change_external_chat`, document 92130).
    Told,
    /// By reading the members now and then and comparing (documents 90245, 92122).
    Compared,
    /// Not at all.
    Unknown,
}

/// What is possible in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Of its messages.
    pub sees: Sees,
    /// Of its members.
    pub joins: Joins,
    /// Actions.
    pub can: Capabilities,
    /// Whether it can be said in answer to a message what cannot be said unasked: of each message that mentions a bot, once.
    pub answers: bool,
}

impl Wecom {
    /// What is possible in a group; of one that is not configured, what is possible in any.
    pub fn reach(&self, group: &str) -> Reach {
        let group = self.groups.get(group);
        let kind = group.map(|group| group.kind);
        let aibot = group.and_then(|group| group.aibot.as_ref());
        let aibot = aibot.and_then(|name| self.aibots.iter().find(|bot| bot.name == *name));
        let sees = match (&self.archive, aibot) {
            (Some(_), _) => Sees::Everything,
            (None, Some(_)) => Sees::ToBot,
            (None, None) => Sees::Nothing,
        };
        let app = self.speaking_app();
        let customer = self.customer.as_ref().filter(|_| matches!(kind, Some(GroupKind::Customer) | None));
        let joins = match (customer, kind) {
            // They may also come to an app's callback; whether that app may have them, only WeCom knows.
            (Some(customer), _) if customer.callback.is_some() => Joins::Told,
            (Some(_), _) => Joins::Compared,
            (None, Some(GroupKind::App)) if app.is_some() => Joins::Compared,
            (None, _) => Joins::Unknown,
        };
        let created = kind == Some(GroupKind::App) && app.is_some();
        let robot = group.is_some_and(|group| group.robot.is_some());
        // A callback's bot can only answer, each message once (document 101138), and hears of no groups of customers.
        let answers = self.answers() && kind != Some(GroupKind::Customer) && !robot && !created;
        let pushes = aibot.is_some_and(|bot| !matches!(bot.way, AibotWay::Callback(_)));
        let cards = app.is_some_and(|app| app.callback.is_some());
        let rows = [
            (Capability::Send, robot || created || pushes),  // 91770, 90248, 101463
            (Capability::Private, app.is_some()),            // 90236: employees only
            (Capability::Remove, created),                   // 90245, `del_user_list`
            (Capability::Image, robot || created || pushes), // the same, by media ids of 90253 and 101463
            // 90236, `button_interaction`; its buttons come back by the app's callback (90240).
            (Capability::Task, cards),
            (Capability::TaskDone, cards),       // 94888
            (Capability::Recall, app.is_some()), // 94867: what the app wrote to employees, for 24 hours
        ];
        let can = rows.iter().filter(|(_, can)| *can).map(|(capability, _)| *capability).collect();
        Reach { sees, joins, can, answers: answers && !pushes }
    }
}
