//! The daemon's engine in this process: its inputs, and a store that has many already.

use std::path::Path;
use std::sync::Arc;

use qunwei::app::intake::Inbound;
use qunwei::domain::event::Event;
use qunwei::serve::open_store;
use qunwei::store::Keyring;
use rusqlite::{Connection, params};

use super::messages::Crowd;

/// The crowd's message of this number, as a bridge hands it in.
pub fn inbound(crowd: &Crowd, n: u64) -> Inbound {
    let raw: Arc<str> = crowd.event(n).into();
    let mut event = Event::parse(&raw).unwrap();
    event.platform = "example".into();
    Inbound { event, raw, given_time: None, glance: None }
}

/// A store with so many inputs, each by its number with when it came, written as fast as they can be.
pub fn fill<T: AsRef<str>>(data: &Path, inputs: u64, input: impl Fn(u64) -> (i64, T)) {
    drop(open_store(data, &Keyring::none()).unwrap());
    let mut conn = Connection::open(data.join("qunwei.db")).unwrap();
    conn.pragma_update(None, "journal_mode", "OFF").unwrap();
    conn.pragma_update(None, "synchronous", "OFF").unwrap();
    let tx = conn.transaction().unwrap();
    let mut insert = tx
        .prepare("INSERT INTO journal (seq, at, kind, platform, time, body) VALUES (?1, ?2, 0, 'example', NULL, ?3)")
        .unwrap();
    for seq in 1..=inputs {
        let (at, text) = input(seq);
        insert.execute(params![seq.cast_signed(), at, text.as_ref()]).unwrap();
    }
    drop(insert);
    tx.execute("INSERT INTO windows (seq, body) VALUES (?1, x'')", [inputs.cast_signed()]).unwrap();
    tx.commit().unwrap();
    conn.pragma_update(None, "journal_mode", "WAL").unwrap();
    std::fs::File::open(data.join("qunwei.db")).unwrap().sync_all().unwrap();
}
