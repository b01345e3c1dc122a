//! Looks at the store of a simulation after every step, through a connection of its own: what architecture.md promises holds at
//! every moment, not only at the end.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use qunwei::domain::time::Timestamp;
use qunwei::store::Keyring;
use rusqlite::{Connection, OptionalExtension};
use serde_json::Value;

/// The same event may be stored again after the time in which it would be acted on.
const DEDUPE: i64 = 23 * 3_600_000;

/// What was seen so far.
pub struct Watch {
    conn: Connection,
    seq: i64,
    case: i64,
    evidence: i64,
    place: i64,
    /// When each event was judged, by platform and id.
    judged: HashMap<(String, String), Timestamp>,
    /// In how many cases and pieces of evidence each message is.
    homes: HashMap<(String, String), u32>,
    /// The id of the action that each cause led to.
    causes: HashMap<String, String>,
    pub inputs: BTreeMap<u8, u64>,
}

impl Watch {
    pub fn of(data: &Path, keys: &Keyring) -> Self {
        let conn = Connection::open(data.join("qunwei.db")).unwrap();
        keys.install(&conn).unwrap();
        Self {
            conn,
            seq: 0,
            case: 0,
            evidence: 0,
            place: 0,
            judged: HashMap::new(),
            homes: HashMap::new(),
            causes: HashMap::new(),
            inputs: BTreeMap::new(),
        }
    }

    /// Looks at what is new. `touched` are messages that may be in more cases than one: they were edited or reported.
    pub fn look(&mut self, touched: &HashSet<String>) -> Vec<String> {
        let mut faults = Vec::new();
        self.look_at_journal(&mut faults);
        self.look_at_cases(touched, &mut faults);
        self.look_at_actions(&mut faults);
        faults
    }

    fn look_at_journal(&mut self, faults: &mut Vec<String>) {
        let mut read = self
            .conn
            .prepare_cached("SELECT seq, at, kind, platform, unseal('journal.body', seq, body) FROM journal WHERE seq > ?1 ORDER BY seq")
            .unwrap();
        let mut rows = read.query([self.seq]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let (seq, at, kind): (i64, i64, u8) = (row.get(0).unwrap(), row.get(1).unwrap(), row.get(2).unwrap());
            if seq != self.seq + 1 {
                faults.push(format!("input {seq} follows {}", self.seq));
            }
            self.seq = seq;
            *self.inputs.entry(kind).or_default() += 1;
            if kind != 0 {
                continue;
            }
            let body: Value = serde_json::from_str(&row.get::<_, String>(4).unwrap()).unwrap();
            let key = (row.get(3).unwrap(), body["id"].as_str().unwrap().to_owned());
            if let Some(before) = self.judged.get(&key)
                && (at - before.0).abs() < DEDUPE
            {
                faults.push(format!("{key:?} was judged twice, at {before} and {}", Timestamp(at)));
            }
            self.judged.insert(key, Timestamp(at));
        }
    }

    fn look_at_cases(&mut self, touched: &HashSet<String>, faults: &mut Vec<String>) {
        let mut read = self
            .conn
            .prepare_cached("SELECT no, unseal('cases.body', no, body) FROM cases WHERE no > ?1 ORDER BY no")
            .unwrap();
        let mut found = Vec::new();
        let mut rows = read.query([self.case]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let no: i64 = row.get(0).unwrap();
            if no != self.case + 1 {
                faults.push(format!("case {no} follows {}", self.case));
            }
            self.case = no;
            found.push(row.get::<_, String>(1).unwrap());
        }
        let sql = "SELECT id, unseal('evidence.body', id, evidence.body), unseal('cases.body', no, cases.body)
             FROM evidence JOIN cases ON no = case_no WHERE id > ?1 ORDER BY id";
        let mut read = self.conn.prepare_cached(sql).unwrap();
        let mut rows = read.query([self.evidence]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            self.evidence = row.get(0).unwrap();
            let mut body: Value = serde_json::from_str(&row.get::<_, String>(1).unwrap()).unwrap();
            let case: Value = serde_json::from_str(&row.get::<_, String>(2).unwrap()).unwrap();
            body["platform"] = case["platform"].clone();
            found.push(body.to_string());
        }
        for body in found {
            let body: Value = serde_json::from_str(&body).unwrap();
            let (platform, message) = (text(&body["platform"]), text(&body["message"]));
            if message.is_empty() || touched.contains(&message) {
                continue;
            }
            let homes = self.homes.entry((platform, message)).or_default();
            *homes += 1;
            if *homes > 1 {
                faults.push(format!("{} was judged into {homes} cases", body["message"]));
            }
        }
    }

    fn look_at_actions(&mut self, faults: &mut Vec<String>) {
        let mut read = self
            .conn
            .prepare_cached(
                "SELECT place, id, unseal('outbox.action', id, action) FROM outbox WHERE place > ?1 ORDER BY place",
            )
            .unwrap();
        let mut rows = read.query([self.place]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            self.place = row.get(0).unwrap();
            let id: String = row.get(1).unwrap();
            let action: Value = serde_json::from_str(&row.get::<_, String>(2).unwrap()).unwrap();
            // A card that is sent again has the cause of the first.
            if !action["cause"]["event"].is_string() || action["cause"]["task"].is_string() {
                continue;
            }
            let (kind, what) = action["what"].as_object().and_then(|what| what.iter().next()).unwrap();
            let who = [&what["user"], &what["message"], &what["mentions"]];
            let key = format!("{} {} {kind} {who:?} {}", action["platform"], action["group"], action["cause"]);
            if let Some(before) = self.causes.get(&key)
                && *before != id
            {
                faults.push(format!("{key} led to {before} and to {id}"));
            }
            self.causes.insert(key, id);
        }
    }

    /// Whether an event is in the journal.
    pub fn has_judged(&self, platform: &str, id: &str) -> bool {
        self.judged.contains_key(&(platform.to_owned(), id.to_owned()))
    }

    /// What became of an action, as far as is recorded.
    pub fn state_of(&self, id: &str) -> Option<String> {
        let mut read = self.conn.prepare_cached("SELECT state FROM outbox WHERE id = ?1").unwrap();
        read.query_row([id], |row| row.get(0)).optional().unwrap()
    }

    /// Actions of a platform that have not come to their end and are not too late.
    pub fn to_be_done(&self, platform: &str, now: Timestamp) -> Vec<String> {
        let sql = "SELECT id FROM outbox WHERE state = 'pending' AND platform = ?1
                   AND json_extract(unseal('outbox.action', id, action), '$.deadline') > ?2 ORDER BY place";
        let mut read = self.conn.prepare_cached(sql).unwrap();
        read.query_map((platform, now.0), |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// Timers that should have fired.
    pub fn overdue(&self, now: Timestamp) -> i64 {
        let mut read = self.conn.prepare_cached("SELECT count(*) FROM timers WHERE due <= ?1").unwrap();
        read.query_row([now.0], |row| row.get(0)).unwrap()
    }

    /// Actions by what became of them.
    pub fn states(&self) -> BTreeMap<String, i64> {
        let mut read = self.conn.prepare_cached("SELECT state, count(*) FROM outbox GROUP BY state").unwrap();
        read.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    }

    /// Every action with its state and why.
    pub fn actions(&self) -> Vec<[String; 3]> {
        let mut read =
            self.conn.prepare("SELECT id, state, coalesce(unseal('outbox.error', id, error), '') FROM outbox").unwrap();
        let columns = |row: &rusqlite::Row<'_>| Ok([row.get(0)?, row.get(1)?, row.get(2)?]);
        read.query_map([], columns).unwrap().map(Result::unwrap).collect()
    }

    pub fn cases(&self) -> u64 {
        self.case.unsigned_abs()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
