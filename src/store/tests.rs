//! The store on a real directory.

mod changes;
mod commit;
mod erase;
mod forget;
mod history;
mod open;
mod seal;
mod seen;
mod transfer;

use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::domain::action::{Action, Cause, Lane, What};
use crate::domain::case::{Evidence, Finding};
use crate::domain::policy::{Severity, Verdict};
use crate::domain::secret::Key;
use crate::ports::{Change, RowKind};

/// A store whose directory goes away with it.
struct Scene {
    dir: TempDir,
    options: Options,
    /// `None` only between closing and opening.
    store: Option<SqliteStore>,
}

impl Scene {
    fn new() -> Self {
        Self::with(Options::default())
    }

    /// With a key, so that everything is tried with what is sealed.
    fn with(options: Options) -> Self {
        let options = Options { keys: keys(), ..options };
        let dir = tempfile::tempdir().unwrap();
        let store = Some(SqliteStore::open(dir.path(), options.clone()).unwrap());
        Self { dir, options, store }
    }

    fn store(&mut self) -> &mut SqliteStore {
        self.store.as_mut().unwrap()
    }

    /// Ends this store and opens it again, as a restart does.
    fn reopen(&mut self) -> &mut SqliteStore {
        self.store = None;
        self.store.insert(SqliteStore::open(self.dir.path(), self.options.clone()).unwrap())
    }

    /// Opens a copy of the files as they are now: what a kill at this moment leaves.
    fn killed(&self) -> (TempDir, SqliteStore) {
        let copy = tempfile::tempdir().unwrap();
        for name in ["qunwei.db", "qunwei.db-wal"] {
            std::fs::copy(self.dir.path().join(name), copy.path().join(name)).unwrap();
        }
        for file in std::fs::read_dir(self.dir.path().join("history")).into_iter().flatten() {
            let (from, to) = (file.unwrap().path(), copy.path().join("history"));
            std::fs::create_dir_all(&to).unwrap();
            std::fs::copy(&from, to.join(from.file_name().unwrap())).unwrap();
        }
        let store = SqliteStore::open(copy.path(), self.options.clone()).unwrap();
        (copy, store)
    }

    fn change(&mut self, change: Change) {
        self.store().commit(&[changed(change)]).unwrap();
    }
}

/// The key of `tests/data/migrations/0012.sql`, too.
fn key_of_tests() -> Key {
    Key::of([7; 32])
}

fn keys() -> Keyring {
    Keyring::of(&[key_of_tests()])
}

/// With the key.
fn sealed() -> Options {
    Options { keys: keys(), ..Options::default() }
}

fn row(seq: u64) -> Row {
    let body = format!(r#"{{"id":"m-{seq}","text":"大家好 \u0000 {seq}"}}"#);
    Row { seq, at: at(seq), kind: RowKind::Event, platform: "bridge".into(), time: None, body: body.into() }
}

fn at(seconds: u64) -> Timestamp {
    Timestamp(1_800_000_000_000 + i64::try_from(seconds).unwrap() * 1000)
}

fn key(n: u64) -> SeenKey {
    SeenKey::new("bridge", &format!("m-{n}"), &n.to_string())
}

/// A message that breaks no rule.
fn plain(seq: u64) -> Unit {
    Unit { rows: vec![row(seq)], seen: vec![key(seq)], ..Unit::default() }
}

fn changed(change: Change) -> Unit {
    Unit { changes: vec![change], ..Unit::default() }
}

fn member(user: &str) -> MemberRef {
    MemberRef { platform: "bridge".into(), group: "g1".into(), user: user.into() }
}

fn finding(rule: &str) -> Finding {
    Finding {
        rule: rule.into(),
        category: "ads".into(),
        severity: Severity::Minor,
        matched: "加薇❤".into(),
        word: Some("加微信".into()),
        start: 3,
        end: 6,
        part: None,
        views: crate::domain::disguise::Views::default(),
        score: None,
        verdict: Verdict::default(),
        observe: false,
        delete: false,
    }
}

fn case(no: u64) -> Case {
    Case {
        no,
        platform: "bridge".into(),
        group: "g1".into(),
        user: "u1".into(),
        name: "小王".into(),
        message: format!("m-{no}").into(),
        time: at(no),
        opened: at(no + 1),
        text: "大家加薇❤".into(),
        findings: vec![finding("ads.contact")],
        rules: "0123456789abcdef".into(),
        step: "warn_private".into(),
        strikes: 1,
        decided_by: "machine".into(),
        reason: String::new(),
        observe: false,
        actions: vec!["a-1".into()],
        forgotten: false,
    }
}

fn evidence(case: u64, message: &str, rule: &str) -> Evidence {
    Evidence {
        case,
        event: format!("e-{message}").into(),
        message: message.into(),
        time: at(9),
        text: "又来了".into(),
        findings: vec![finding(rule)],
    }
}

fn action(id: &str, lane: Lane) -> Action {
    Action {
        id: id.into(),
        platform: "bridge".into(),
        group: "g1".into(),
        what: What::Mute { user: "u1".into(), seconds: 60, until: at(70) },
        time: at(10),
        offset: 28_800,
        cause: Cause { case: Some("1".into()), step: Some("mute".into()), ..Cause::default() },
        lane,
        deadline: at(70),
        observe: false,
        notifies: vec![("u1".into(), 1)],
        told_by: None,
        inverse: None,
    }
}

fn act(id: &str, lane: Lane) -> Change {
    Change::Act(Arc::new(action(id, lane)))
}
