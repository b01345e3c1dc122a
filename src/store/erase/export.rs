//! What is stored of one person, for them: read beside a daemon that may be running, at one moment.

use std::path::Path;

use rusqlite::{Connection, named_params};
use serde_json::{Value, json};

use super::quoted;
use super::redact::Redactor;
use super::rows::OF_GROUP;
use crate::ports::{Person, RowKind, StoreError};
use crate::store::backup::Moment;
use crate::store::read::{each, text};
use crate::store::{Keyring, OpenError, peek};

/// Inputs that are in memory at once.
const PIECE: usize = 2000;

/// Why nothing was exported.
#[derive(Debug, thiserror::Error)]
pub enum MemberError {
    /// The data directory.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What is in it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nothing.
    #[error("nothing is stored of `{user}` on `{platform}`; the platform is the name of a bridge or of a company")]
    Nothing {
        /// The platform.
        platform: String,
        /// The id.
        user: String,
    },
}

/// Everything that is stored of a person, as one JSON object.
///
/// # Errors
/// The store cannot be read, or nothing of them is in it.
pub fn export_member(dir: &Path, keys: &Keyring, person: &Person) -> Result<Value, MemberError> {
    let conn = peek::snapshot(dir, keys)?;
    let of = |sql: &str| lines(&conn, person, sql);
    let members =
        of("SELECT json_object('group', (SELECT name FROM groups WHERE id = group_id), 'name', unseal('members.name', group_id, user, name),
                      'role', role,
                      'joined', joined, 'left', gone) FROM members WHERE {} AND user = :user")?;
    let standing =
        of("SELECT json_object('group', (SELECT name FROM groups WHERE id = group_id), 'standing', json(standing))
                       FROM standings WHERE {} AND user = :user")?;
    let cases = of("SELECT unseal('cases.body', no, body) AS opened FROM cases
                    WHERE {} AND json_extract(opened, '$.user') = :user ORDER BY no")?;
    let evidence = of("SELECT unseal('evidence.body', id, body) FROM evidence WHERE case_no IN
                       (SELECT no FROM cases WHERE {} AND json_extract(unseal('cases.body', no, body), '$.user') = :user)
                       ORDER BY id")?;
    let commands =
        of("SELECT json_object('group', (SELECT name FROM groups WHERE id = group_id), 'at', at, 'command', command,
                       'text', unseal('commands.text', id, text), 'result', result) FROM commands WHERE {} AND user = :user ORDER BY id")?;
    let actions = of("SELECT json_object('state', state, 'ended_at', ended_at, 'action', json(opened)) FROM
                      (SELECT place, state, ended_at, unseal('outbox.action', id, action) AS opened FROM outbox)
                      WHERE json_extract(opened, '$.platform') = :platform AND instr(opened, :quoted) > 0 ORDER BY place")?;
    let reminders = of("SELECT unseal('reminders.reminder', no, reminder) AS opened FROM reminders
            WHERE {} AND json_extract(opened, '$.by') = :user ORDER BY no")?;
    let changes = of("SELECT unseal('chat_changes.change', no, change) AS opened FROM chat_changes
            WHERE {} AND json_extract(opened, '$.by') = :user ORDER BY no")?;
    drop(conn);
    let events = events(dir, keys, person)?;
    let all = json!({
        "platform": &*person.platform, "user": &*person.user, "members": members, "standing": standing, "cases": cases,
        "evidence": evidence, "actions": actions, "commands": commands, "reminders": reminders, "changes": changes,
        "events": events,
    });
    let empty = |value: &Value| value.as_array().is_none_or(Vec::is_empty);
    if all.as_object().is_none_or(|all| all.values().all(empty)) {
        let (platform, user) = (person.platform.to_string(), person.user.to_string());
        return Err(MemberError::Nothing { platform, user });
    }
    Ok(all)
}

/// The JSON of each row. `{}` stands for "of this platform".
fn lines(conn: &Connection, person: &Person, sql: &str) -> Result<Vec<Value>, StoreError> {
    let sql = sql.replace("{}", OF_GROUP);
    let mut read = conn.prepare(&sql)?;
    let (platform, user, quoted) = (&*person.platform, &*person.user, quoted(&person.user));
    let all = named_params! {":platform": platform, ":user": user, ":quoted": quoted};
    let asked: Vec<_> = all.iter().filter(|(name, _)| sql.contains(name)).copied().collect();
    each(read.query(&*asked)?, |row| {
        let json = text(row, 0)?;
        serde_json::from_str(json)
            .map_err(|error| StoreError::Damaged(format!("a stored value cannot be read: {error}")))
    })
}

/// What they said and did, as it came.
fn events(dir: &Path, keys: &Keyring, person: &Person) -> Result<Vec<Value>, MemberError> {
    let redactor = Redactor { user: person.user.to_string(), alias: String::new(), names: Default::default() };
    let mut moment = Moment::of(dir, keys)?;
    let (mut after, mut events) = (0, Vec::new());
    loop {
        let rows = moment.journal(after, PIECE)?;
        let Some(last) = rows.last() else { return Ok(events) };
        after = last.seq;
        for row in rows.iter().filter(|row| row.kind == RowKind::Event && row.platform == person.platform) {
            if redactor.may_concern(&row.body)
                && let Ok(event) = serde_json::from_str::<Value>(&row.body)
                && redactor.is_theirs(&event)
            {
                events.push(json!({"at": row.at.to_string(), "event": event}));
            }
        }
    }
}
