//! Who goes before others: what admins ask of the daemon. Nothing is decided here but who waits for whom; who may do what is the
//! core's to say.

use crate::adapters::inbound::Inbound;
use crate::app::glances::Glances;
use crate::domain::command::looks_like_command;
use crate::domain::event::{Event, Kind, Role, Segment};
use crate::domain::ids::MemberKey;

/// A request with more commands than this is no person's.
const MOST_ORDERS: usize = 16;

/// Who asks for something.
enum Asker<'a> {
    /// Nobody does, or an ordinary member.
    Nobody,
    /// Somebody who is told or known to be an admin.
    Admin,
    /// Somebody of whom nothing is told and nothing known.
    Unknown(&'a str),
}

/// Whether all events of a request ask for something: then those among their senders who are not known to be admins, once for
/// each event. `None` where the request waits with the others.
pub(super) fn of(events: &[Inbound], known: &Glances) -> Option<Vec<MemberKey>> {
    if events.len() > MOST_ORDERS {
        return None;
    }
    let mut unknown = Vec::new();
    for Inbound { event, .. } in events {
        match asker(event, known) {
            Asker::Nobody => return None,
            Asker::Admin => {}
            Asker::Unknown(user) => unknown.push(MemberKey::new(&event.platform, &event.group, user)),
        }
    }
    Some(unknown)
}

/// Who asks for something by this event: a command, or a button pressed.
fn asker<'a>(event: &'a Event, known: &Glances) -> Asker<'a> {
    let (user, told) = match &event.kind {
        Kind::Button { user, .. } => (user, None),
        Kind::Message(message) => {
            let first =
                message.content.iter().find(|part| !matches!(part, Segment::Text(text) if text.trim().is_empty()));
            let calls = matches!(first, Some(Segment::Mention { .. })) || message.quote.is_some();
            let told = message.sender.role;
            let by_admin = told.is_some_and(Role::is_admin);
            if !(looks_like_command(message, None) || by_admin && calls) {
                return Asker::Nobody;
            }
            (&message.sender.id, told)
        }
        _ => return Asker::Nobody,
    };
    match told.or_else(|| known.role(event, user)) {
        Some(Role::Owner | Role::Admin) => Asker::Admin,
        Some(Role::Member | Role::Bot | Role::TrialAdmin) => Asker::Nobody,
        None => Asker::Unknown(user),
    }
}
