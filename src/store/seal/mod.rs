//! Sealing: without the operator's key nobody reads what people wrote from the files of a data directory.
//!
//! - **What** is sealed: the columns of [`SEALED`], in the database and in the files of the history; with them every copy that is
//!   made of these files (log, backup, exported state). Values are sealed one by one as they are written, and opened as they are
//!   read, by two functions of SQL: `seal('table.column', key of the row, value)` and `unseal` of the same. So the key travels with
//!   the connection, and a query may look into what is sealed.
//! - **Against whom**: who gets hold of the files (a disk, a backup, an export) and not of the key. Not against who is the daemon's
//!   user or root on its machine, or reads its memory.
//! - **How**: XChaCha20-Poly1305 under a nonce drawn for each value. Column and key of the row are authenticated with it, so a
//!   value that is put elsewhere does not open. Which key it was is written before it, as a name that tells nothing of the key.
//! - **What is not**: ids of people, groups, messages and cases; times, kinds, roles, strikes, states, how long something is and how
//!   much there is of it; hashes by which an event or a name is known again, which a guess can be compared with; statistics
//!   (`habits`); the configuration, which is the operator's; the names of who is being erased, until that is done. Who can write
//!   to the files can delete rows, put back older ones, or plain ones.
//!
//! The table `seals` names the keys that were used. A store whose keys are not all given is not opened: it would lose nothing, but
//! it could neither judge by what it knows nor show it. `all` seals what was stored before.

mod all;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};
use data_encoding::{BASE32_NOPAD, BASE64_NOPAD};
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, TransactionBehavior, params};
use sha2::{Digest, Sha256};

pub use self::all::{Resealed, SealError, reseal};
use super::OpenError;
use crate::domain::secret::Key;
use crate::ports::StoreError;

/// A column whose values are sealed, and the columns that tell its row from all others for ever.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) table: &'static str,
    pub(super) name: &'static str,
    key: &'static [&'static str],
}

const fn column(table: &'static str, name: &'static str, key: &'static [&'static str]) -> Column {
    Column { table, name, key }
}

/// Every column with something that people wrote or are called, or that tells of it.
pub(super) const SEALED: &[Column] = &[
    column("journal", "body", &["seq"]),
    column("cases", "body", &["no"]),
    column("evidence", "body", &["id"]),
    column("outbox", "action", &["id"]),
    column("outbox", "attempted", &["id"]),
    column("outbox", "error", &["id"]),
    column("decisions", "decision", &["task"]),
    column("tasks", "body", &["task"]),
    column("undone", "by", &["case_no"]),
    column("commands", "text", &["id"]),
    column("chat_changes", "change", &["no"]),
    column("chat_changes", "undone", &["no"]),
    column("reminders", "reminder", &["no"]),
    column("pauses", "by", &["platform", "group_name"]),
    column("ledgers", "ledger", &["group_id"]),
    column("newcomers", "newcomers", &["group_id"]),
    column("company_alerts", "alerts", &["id"]),
    column("members", "name", &["group_id", "user"]),
    column("marks", "value", &["source"]),
    column("lessons", "features", &["no"]), // hashes of what a message is made of
    column("pictures", "url", &["id"]),
    column("pictures", "event", &["id"]),
    column("windows", "body", &["piece"]),
    // With them a guess of what is sealed could be compared with its digest.
    column("cases", "salt", &["no"]),
    column("evidence", "salt", &["id"]),
    column("undone", "salt", &["case_no"]),
    column("decisions", "salt", &["task"]),
    column("commands", "salt", &["id"]),
    column("chat_changes", "salt", &["no"]),
    column("chat_changes", "undone_salt", &["no"]),
];

/// Begins what is sealed; the name of the key and a colon follow.
const HEAD: &str = "sealed:";
/// Begins what is not sealed and only looks as if it were.
const PLAIN: &str = "plain:";
/// Bytes before and behind what was sealed.
const NONCE: usize = 24;
const TAG: usize = 16;

impl Column {
    fn call(&self, function: &str, value: &str) -> String {
        let Self { table, name, key } = self;
        format!("{function}('{table}.{name}', {}, {value})", key.join(", "))
    }
}

fn find(table: &str, name: &str) -> Option<&'static Column> {
    SEALED.iter().find(|column| column.table == table && column.name == name)
}

/// What reads a column, whether it is one that is sealed or not.
pub(super) fn unsealed(table: &str, name: &str) -> String {
    find(table, name).map_or_else(|| name.to_owned(), |column| column.call("unseal", name))
}

/// The same; NULL where it does not open.
pub(super) fn unsealed_or_null(table: &str, name: &str) -> String {
    find(table, name).map_or_else(|| name.to_owned(), |column| column.call("unseal_or_null", name))
}

/// What a new value of a column is written as, where the columns of its key can be read.
pub(super) fn sealed(table: &str, name: &str, value: &str) -> String {
    find(table, name).map_or_else(|| value.to_owned(), |column| column.call("seal", value))
}

/// The keys of a store: the first seals, all of them open.
#[derive(Clone, Default)]
pub struct Keyring {
    keys: Arc<[Named]>,
    /// Nothing is sealed any more.
    only_opens: bool,
    /// Nothing is opened either: values are passed on as they are stored.
    as_stored: bool,
}

struct Named {
    /// Tells which key it is, and nothing of it.
    name: String,
    cipher: XChaCha20Poly1305,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| &key.name)).finish()
    }
}

impl Keyring {
    /// Of a store whose texts are not sealed.
    pub fn none() -> Self {
        Self::default()
    }

    /// Seals with the first key, and opens what was sealed with any of them.
    pub fn of(keys: &[Key]) -> Self {
        let named = |key: &Key| Named { name: name(key), cipher: XChaCha20Poly1305::new(key.bytes().into()) };
        Self { keys: keys.iter().map(named).collect(), ..Self::default() }
    }

    /// A key that nobody keeps, for a store that is thrown away.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn random() -> Result<Self, StoreError> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|error| StoreError::Unavailable(format!("no random numbers: {error}")))?;
        Ok(Self::of(&[Key::of(key)]))
    }

    /// Passes everything on as it is stored, for copies.
    pub(super) fn as_stored() -> Self {
        Self { as_stored: true, ..Self::default() }
    }

    /// Opens what these do, and seals nothing.
    fn only_opening(&self) -> Self {
        Self { only_opens: true, ..self.clone() }
    }

    /// The key that seals.
    fn current(&self) -> Option<&Named> {
        self.keys.first().filter(|_| !self.only_opens)
    }

    /// The name of the key that seals, if one does; it tells nothing of the key.
    pub fn name(&self) -> Option<&str> {
        self.current().map(|key| &*key.name)
    }

    /// Gives a connection the functions that seal and open.
    ///
    /// # Errors
    /// SQLite does not take them.
    pub fn install(&self, conn: &Connection) -> rusqlite::Result<()> {
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY;
        let same = flags | FunctionFlags::SQLITE_DETERMINISTIC;
        let (seals, opens, tries) = (self.clone(), self.clone(), self.clone());
        conn.create_scalar_function("seal", -1, flags, move |call| seals.seal(call))?;
        conn.create_scalar_function("unseal", -1, same, move |call| opens.unseal(call))?;
        conn.create_scalar_function("unseal_or_null", -1, same, move |call| {
            Ok(tries.unseal(call).unwrap_or(Value::Null))
        })
    }

    fn seal(&self, call: &Context<'_>) -> rusqlite::Result<Value> {
        let (place, value) = arguments(call)?;
        match (value, self.current()) {
            (ValueRef::Null, _) => Ok(Value::Null),
            (ValueRef::Text(text), None) => self.plain(text).and_then(into_text),
            (ValueRef::Blob(bytes), None) => self.plain(bytes).map(Value::Blob),
            (ValueRef::Text(text), Some(key)) => {
                let mut sealed = format!("{HEAD}{}:", key.name);
                BASE64_NOPAD.encode_append(&key.seal(&place, text)?, &mut sealed);
                Ok(Value::Text(sealed))
            }
            (ValueRef::Blob(bytes), Some(key)) => {
                let mut sealed = format!("{HEAD}{}:", key.name).into_bytes();
                sealed.append(&mut key.seal(&place, bytes)?);
                Ok(Value::Blob(sealed))
            }
            (ValueRef::Integer(_) | ValueRef::Real(_), _) => Err(failure("a number is not sealed")),
        }
    }

    /// What is written where no key seals.
    fn plain(&self, value: &[u8]) -> rusqlite::Result<Vec<u8>> {
        if self.as_stored {
            return Err(failure("this connection only copies"));
        }
        let looks = [HEAD, PLAIN].iter().any(|head| value.starts_with(head.as_bytes()));
        Ok(if looks { [PLAIN.as_bytes(), value].concat() } else { value.to_vec() })
    }

    fn unseal(&self, call: &Context<'_>) -> rusqlite::Result<Value> {
        let (place, value) = arguments(call)?;
        match value {
            ValueRef::Null => Ok(Value::Null),
            ValueRef::Integer(number) => Ok(Value::Integer(number)),
            ValueRef::Real(number) => Ok(Value::Real(number)),
            ValueRef::Text(text) if self.as_stored => into_text(text.to_vec()),
            ValueRef::Blob(bytes) if self.as_stored => Ok(Value::Blob(bytes.to_vec())),
            ValueRef::Text(text) => match sealed_by(text) {
                None => into_text(text.strip_prefix(PLAIN.as_bytes()).unwrap_or(text).to_vec()),
                Some((name, sealed)) => {
                    let sealed = BASE64_NOPAD.decode(sealed).map_err(|_| damaged(&place))?;
                    into_text(self.key(name)?.open(&place, &sealed)?)
                }
            },
            ValueRef::Blob(bytes) => match sealed_by(bytes) {
                None => Ok(Value::Blob(bytes.strip_prefix(PLAIN.as_bytes()).unwrap_or(bytes).to_vec())),
                Some((name, sealed)) => Ok(Value::Blob(self.key(name)?.open(&place, sealed)?)),
            },
        }
    }

    fn key(&self, name: &[u8]) -> rusqlite::Result<&Named> {
        self.keys.iter().find(|key| key.name.as_bytes() == name).ok_or_else(|| {
            let name = String::from_utf8_lossy(name);
            failure(&format!("something is sealed with the key {name}, which was not given"))
        })
    }
}

impl Named {
    /// A nonce, what was sealed, and its tag.
    fn seal(&self, place: &[u8], value: &[u8]) -> rusqlite::Result<Vec<u8>> {
        let mut nonce = [0; NONCE];
        let random = getrandom::fill(&mut nonce);
        random.map_err(|error| failure(&format!("no random numbers: {error}")))?;
        let mut sealed = Vec::with_capacity(NONCE + value.len() + TAG);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(value);
        let (_, body) = sealed.split_at_mut(NONCE);
        let tag = self.cipher.encrypt_inout_detached(&XNonce::from(nonce), place, body.into());
        sealed.extend_from_slice(&tag.map_err(|_| failure("it is too long to be sealed"))?);
        Ok(sealed)
    }

    fn open(&self, place: &[u8], sealed: &[u8]) -> rusqlite::Result<Vec<u8>> {
        let parts = sealed.split_first_chunk::<NONCE>();
        let parts = parts.and_then(|(nonce, rest)| Some((nonce, rest.split_last_chunk::<TAG>()?)));
        let (nonce, (body, tag)) = parts.ok_or_else(|| damaged(place))?;
        let mut opened = body.to_vec();
        let done = self.cipher.decrypt_inout_detached(
            &XNonce::from(*nonce),
            place,
            opened.as_mut_slice().into(),
            &Tag::from(*tag),
        );
        done.map(|()| opened).map_err(|_| damaged(place))
    }
}

/// What a key is called: the same key has the same name everywhere, and it tells nothing of the key.
fn name(key: &Key) -> String {
    let hash = Sha256::new().chain_update("qunwei: the name of a key").chain_update(key.bytes()).finalize();
    BASE32_NOPAD.encode(hash.get(..5).unwrap_or_default())
}

/// The name of the key that something is sealed with, and the rest of it.
fn sealed_by(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = value.strip_prefix(HEAD.as_bytes())?;
    let end = rest.iter().position(|byte| *byte == b':')?;
    Some((rest.get(..end)?, rest.get(end + 1..)?))
}

/// Where a value is, as bytes that are no other place's, and the value.
fn arguments<'c>(call: &'c Context<'_>) -> rusqlite::Result<(Vec<u8>, ValueRef<'c>)> {
    let mut place = Vec::with_capacity(64);
    let last = call.len().checked_sub(1).ok_or_else(|| failure("nothing to be sealed"))?;
    for at in 0..last {
        match call.get_raw(at) {
            ValueRef::Text(text) => {
                place.push(b't');
                place.extend_from_slice(&(text.len() as u64).to_le_bytes());
                place.extend_from_slice(text);
            }
            ValueRef::Integer(number) => {
                place.push(b'i');
                place.extend_from_slice(&number.to_le_bytes());
            }
            _ => return Err(failure("a row's key is a number or a text")),
        }
    }
    Ok((place, call.get_raw(last)))
}

fn into_text(bytes: Vec<u8>) -> rusqlite::Result<Value> {
    let text = String::from_utf8(bytes);
    text.map(Value::Text).map_err(|_| failure("a stored text is not UTF-8"))
}

fn damaged(place: &[u8]) -> rusqlite::Error {
    // The first part of a place is its column: what it is, how long, then the name itself.
    let column = place.get(1..).and_then(|rest| rest.split_first_chunk::<8>());
    let name = column.and_then(|(long, rest)| rest.get(..usize::try_from(u64::from_le_bytes(*long)).ok()?));
    let name = String::from_utf8_lossy(name.unwrap_or_default());
    failure(&format!("{DAMAGED} {name} does not open: it was changed or is of another row"))
}

/// Begins what is said of a value that does not open. SQLite passes on the words of a function and no kind of error.
const DAMAGED: &str = "a sealed value of";

/// Whether an error of SQLite is that a value does not open.
pub(super) fn is_damage(said: &str) -> bool {
    said.starts_with(DAMAGED)
}

fn failure(why: &str) -> rusqlite::Error {
    rusqlite::Error::UserFunctionError(why.into())
}

/// The keys that were used, the last one first; none where the store is older than sealing.
pub(super) fn used(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    if !conn.table_exists(None, "seals")? {
        return Ok(Vec::new());
    }
    let mut read = conn.prepare("SELECT key FROM seals ORDER BY no DESC")?;
    read.query_map([], |row| row.get(0))?.collect()
}

/// Reads, and only reads, whether everything can be opened with these keys.
pub(super) fn inspect(conn: &Connection, keys: &Keyring, file: &Path) -> rusqlite::Result<Result<(), OpenError>> {
    let known = |name: &String| keys.as_stored || keys.keys.iter().any(|key| key.name == *name);
    let Some(missing) = used(conn)?.into_iter().find(|name| !known(name)) else { return Ok(Ok(())) };
    let given: Vec<&str> = keys.keys.iter().map(|key| &*key.name).collect();
    let given = match given.as_slice() {
        [] => "no key was given; name it in [daemon.seal]: key_file = \"PATH\" or key_env = \"NAME\"".to_owned(),
        given => format!(
            "what was given is {}; give that one too: as previous_key_file or previous_key_env beside a new one",
            given.join(" and ")
        ),
    };
    Ok(Err(OpenError::Sealed { file: file.to_owned(), key: missing, given }))
}

/// Notes with which key is sealed from now on. Says whether what was stored before it may be plain, or sealed with another.
pub(super) fn begin(conn: &mut Connection, keys: &Keyring) -> rusqlite::Result<bool> {
    let Some(name) = keys.name() else { return Ok(false) };
    let used = used(conn)?;
    if used.first().is_none_or(|last| last != name) {
        let rest = !used.is_empty() || has_anything(conn)?;
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute("DELETE FROM seals WHERE key = ?1", [name])?;
        let next = "INSERT INTO seals (no, key, rest) SELECT coalesce(max(no), 0) + 1, ?1, ?2 FROM seals";
        tx.execute(next, params![name, rest])?;
        tx.commit()?;
    }
    conn.query_row("SELECT rest FROM seals ORDER BY no DESC LIMIT 1", [], |row| row.get(0))
}

/// Whether there is a row that would be sealed today.
fn has_anything(conn: &Connection) -> rusqlite::Result<bool> {
    for table in SEALED.iter().map(|column| column.table).chain(["history"]) {
        if conn.prepare(&format!("SELECT 1 FROM {table} LIMIT 1"))?.exists([])? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How many values of a column are sealed with which key (`None`: plain), and how many of them do not open.
pub(super) fn counted(conn: &Connection, column: &Column) -> rusqlite::Result<Vec<(Option<String>, u64, u64)>> {
    let (name, table) = (column.name, column.table);
    let opened = column.call("unseal_or_null", name);
    let sql = format!(
        "SELECT CASE CAST(substr({name}, 1, {head}) AS TEXT) WHEN '{HEAD}' THEN CAST(substr({name}, {from}, 8) AS TEXT) END,
                count(*), coalesce(sum({opened} IS NULL), 0)
         FROM {table} WHERE {name} IS NOT NULL GROUP BY 1",
        head = HEAD.len(),
        from = HEAD.len() + 1,
    );
    let mut read = conn.prepare(&sql)?;
    let counts = read.query_map([], |row| {
        let (count, bad): (i64, i64) = (row.get(1)?, row.get(2)?);
        Ok((row.get(0)?, count.cast_unsigned(), bad.cast_unsigned()))
    })?;
    counts.collect()
}
