//! Texts are sealed with the operator's key, and only with it they open.

use std::fs;

use super::*;
use crate::domain::secret::Key;
use crate::store::schema::{self, MIGRATIONS};
use crate::store::seal::{SEALED, counted};

/// A store of the version before keys, with a row in every table.
fn plain_store() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut conn = Connection::open(dir.path().join("qunwei.db")).unwrap();
    schema::migrate(&mut conn, &MIGRATIONS[..11]).unwrap();
    conn.execute_batch(super::open::ROWS[10]).unwrap();
    conn.execute("DELETE FROM history", []).unwrap();
    dir
}

fn other_key() -> Key {
    Key::of([8; 32])
}

fn open(dir: &Path, keys: &Keyring) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(dir, Options { keys: keys.clone(), ..Options::default() })
}

fn start(dir: &Path, keys: &Keyring) -> String {
    format!("{:?}", open(dir, keys).unwrap().start().unwrap())
}

#[test]
fn every_column_is_sealed_and_opened_again() {
    let dir = plain_store();
    let before = start(dir.path(), &Keyring::none());
    let rows = super::transfer::content(dir.path());
    let keys = super::keys();
    assert_eq!(start(dir.path(), &keys), before, "what is plain can be read");
    let sealed = reseal(dir.path(), &keys, false).unwrap();
    assert!(sealed.values >= 20, "{sealed:?}");
    let store = open(dir.path(), &keys).unwrap();
    for column in SEALED {
        let counts = counted(&store.conn, column).unwrap();
        let whole =
            |(key, values, bad): &(Option<String>, u64, u64)| key.as_deref() == keys.name() && *values > 0 && *bad == 0;
        assert!(counts.len() <= 1 && counts.iter().all(whole), "{}.{}: {counts:?}", column.table, column.name);
    }
    drop(store);
    assert_eq!(start(dir.path(), &keys), before);
    assert_eq!(reseal(dir.path(), &keys, false).unwrap(), Resealed::default(), "there is nothing left to do");
    reseal(dir.path(), &keys, true).unwrap();
    assert_eq!(super::transfer::content(dir.path()), rows, "all of it is as it was");
    assert_eq!(start(dir.path(), &Keyring::none()), before);
}

#[test]
fn without_its_keys_a_store_is_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let keys = super::keys();
    open(dir.path(), &keys).unwrap().commit(&[plain(1)]).unwrap();
    let before = fs::read(dir.path().join("qunwei.db")).unwrap();
    let none = open(dir.path(), &Keyring::none()).err().unwrap().to_string();
    assert!(none.contains("no key was given") && none.contains("[daemon.seal]"), "{none}");
    let wrong = open(dir.path(), &Keyring::of(&[other_key()])).err().unwrap().to_string();
    assert!(wrong.contains("what was given is") && wrong.contains("left as it is"), "{wrong}");
    assert!(fs::read(dir.path().join("qunwei.db")).unwrap() == before, "it was changed");
    assert!(matches!(reseal(dir.path(), &Keyring::of(&[other_key()]), false), Err(SealError::Open(_))));
    assert!(matches!(reseal(dir.path(), &Keyring::none(), false), Err(SealError::NoKey)));
    assert_eq!(open(dir.path(), &keys).unwrap().journal(0, 9).unwrap(), [row(1)]);
}

#[test]
fn a_second_key_opens_what_the_first_one_sealed() {
    let mut scene = Scene::new();
    scene.store().commit(&[plain(1)]).unwrap();
    scene.options.keys = Keyring::of(&[other_key(), super::key_of_tests()]);
    scene.reopen().commit(&[plain(2)]).unwrap();
    assert_eq!(scene.store().journal(0, 9).unwrap(), [row(1), row(2)]);
    scene.store = None;
    let new = Keyring::of(&[other_key()]);
    assert!(open(scene.dir.path(), &new).is_err(), "the first is still needed");
    reseal(scene.dir.path(), &scene.options.keys, false).unwrap();
    assert_eq!(open(scene.dir.path(), &new).unwrap().journal(0, 9).unwrap(), [row(1), row(2)]);
    assert!(open(scene.dir.path(), &super::keys()).is_err(), "the first opens nothing any more");
}

#[test]
fn what_was_changed_or_put_elsewhere_does_not_open() {
    let changes = [
        "UPDATE journal SET body = (SELECT body FROM journal WHERE seq = 2) WHERE seq = 1",
        "UPDATE journal SET body = substr(body, 1, 60) || 'AAAA' || substr(body, 65) WHERE seq = 1",
        "UPDATE journal SET body = substr(body, 1, 40) WHERE seq = 1",
        "UPDATE journal SET body = body || '=' WHERE seq = 1",
        "UPDATE journal SET seq = 3 WHERE seq = 1",
    ];
    for change in changes {
        let mut scene = Scene::new();
        scene.store().commit(&[plain(1), plain(2)]).unwrap();
        scene.store().conn.execute(change, []).unwrap();
        let error = scene.store().journal(0, 9).unwrap_err();
        let StoreError::Damaged(why) = &error else { panic!("{change}: {error}") };
        assert!(why.contains("journal.body does not open"), "{why}");
        let checked = check(scene.dir.path(), &super::keys(), None).unwrap();
        assert!(!checked.is_sound(), "{change}: {checked:?}");
        scene.store().conn.execute("DELETE FROM journal", []).unwrap();
        assert!(check(scene.dir.path(), &super::keys(), None).unwrap().is_sound());
    }
}

#[test]
fn what_only_looks_sealed_comes_back_as_it_was() {
    for keys in [Keyring::none(), super::keys()] {
        let conn = Connection::open_in_memory().unwrap();
        keys.install(&conn).unwrap();
        let there_and_back = "SELECT unseal('a.b', 1, 'x', seal('a.b', 1, 'x', ?1))";
        for text in ["", "大家好", "sealed:", "sealed:AAAAAAAA:b64", "plain:x", "plain:sealed:x", "\0"] {
            let back: String = conn.query_row(there_and_back, [text], |row| row.get(0)).unwrap();
            assert_eq!(back, text, "{keys:?}");
            let back: Vec<u8> = conn.query_row(there_and_back, [text.as_bytes()], |row| row.get(0)).unwrap();
            assert_eq!(back, text.as_bytes(), "{keys:?}");
        }
        let null: Option<String> = conn.query_row(there_and_back, [None::<String>], |row| row.get(0)).unwrap();
        assert_eq!(null, None);
    }
}

#[test]
fn the_same_text_is_never_sealed_the_same_and_no_key_is_shown() {
    let keys = super::keys();
    let conn = Connection::open_in_memory().unwrap();
    keys.install(&conn).unwrap();
    let seal = || conn.query_row("SELECT seal('a.b', 1, '大家好')", [], |row| row.get::<_, String>(0)).unwrap();
    assert_ne!(seal(), seal());
    let name = keys.name().unwrap();
    assert!(seal().starts_with(&format!("sealed:{name}:")) && name.len() == 8);
    assert_eq!(format!("{keys:?}"), format!("[{name:?}]"));
}
