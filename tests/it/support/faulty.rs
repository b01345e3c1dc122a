//! A store that fails when it is told to, around the real one.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::tz::TimeZone;
use qunwei::domain::action::{Action, StoredAction};
use qunwei::domain::case::{Case, CaseFile, TaskDecision};
use qunwei::domain::change::Change;
use qunwei::domain::chat::ChatChange;
use qunwei::domain::ids::SeenKey;
use qunwei::domain::picture::Wanted;
use qunwei::domain::standing::Standing;
use qunwei::domain::time::Timestamp;
use qunwei::ports::{
    Archived, Copier, Erasure, Forgotten, HistorySize, Kept, Meant, MemberRef, PackedFiles, Pending, Person, Row,
    RowKind, Start, Store, StoreError, StoredGroup, StoredMember, Syncer, Tidied, Unit,
};
use qunwei::store::SqliteStore;

/// What a store does wrong. Clones share it.
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<Script>>);

/// One kind of fault.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// Nothing can be written.
    Full,
    /// Nothing can be written that has a row of this kind.
    FullFor(RowKind),
    /// What is written with a row of this kind touches a damaged page.
    DamagedFor(RowKind),
    /// A row with this in its body cannot be stored.
    Poison(String),
    /// It is written, and then it is said that it was not.
    Lies,
    /// Nothing of groups, members, cases and seen ids can be read.
    Reads,
    /// Not even where to start can be read.
    Start,
    /// The windows cannot be written.
    Windows,
    /// What was written cannot be made durable beside the writing.
    Unsynced,
    /// The program itself has a fault.
    Panic,
    /// The next commit is where the program is killed, before anything is written ([`Died`]).
    DiesBefore,
    /// The same, when all is written and nobody has been told.
    DiesAfter,
}

/// What goes through the program when a simulation kills it in the middle of a commit.
pub struct Died;

#[derive(Default)]
struct Script {
    faults: Vec<Fault>,
    failed: usize,
    /// Ids of events and actions that are written and not synced.
    unsynced: HashSet<String>,
    free: Option<u64>,
}

impl Faults {
    /// From now on, these and no others.
    pub fn set(&self, faults: impl IntoIterator<Item = Fault>) {
        self.0.lock().unwrap().faults = faults.into_iter().collect();
    }

    /// One more.
    pub fn add(&self, fault: Fault) {
        self.0.lock().unwrap().faults.push(fault);
    }

    /// Whether nothing is wrong with it.
    pub fn is_sound(&self) -> bool {
        self.0.lock().unwrap().faults.is_empty()
    }

    /// From now on so many bytes are free on its disk.
    pub fn set_free(&self, bytes: u64) {
        self.0.lock().unwrap().free = Some(bytes);
    }

    /// How often something failed.
    pub fn failed(&self) -> usize {
        self.0.lock().unwrap().failed
    }

    /// Whether an event or action is written and may be lost with the power.
    pub fn is_unsynced(&self, id: &str) -> bool {
        self.0.lock().unwrap().unsynced.contains(id)
    }

    fn written(&self, units: &[Unit]) {
        let events = units.iter().flat_map(|unit| &unit.rows).filter(|row| row.kind == RowKind::Event);
        let events = events.filter_map(|row| {
            let event: serde_json::Value = serde_json::from_str(&row.body).ok()?;
            event["id"].as_str().map(str::to_owned)
        });
        let actions = units.iter().flat_map(|unit| &unit.changes).filter_map(|change| match change {
            Change::Act(action) => Some(action.id.to_string()),
            _ => None,
        });
        self.0.lock().unwrap().unsynced.extend(events.chain(actions));
    }

    fn synced(&self) {
        self.0.lock().unwrap().unsynced.clear();
    }

    fn has(&self, fault: &Fault) -> bool {
        self.0.lock().unwrap().faults.contains(fault)
    }

    fn fail(&self) -> StoreError {
        self.0.lock().unwrap().failed += 1;
        StoreError::Unavailable("database or disk is full".to_owned())
    }

    fn check(&self, fault: &Fault) -> Result<(), StoreError> {
        if self.has(fault) { Err(self.fail()) } else { Ok(()) }
    }

    /// Is killed here, if this is where.
    fn die(&self, fault: &Fault) {
        let mut script = self.0.lock().unwrap();
        if let Some(at) = script.faults.iter().position(|set| set == fault) {
            script.faults.remove(at);
            drop(script);
            std::panic::resume_unwind(Box::new(Died)); // no message: it is no fault
        }
    }

    fn check_commit(&self, units: &[Unit]) -> Result<(), StoreError> {
        let faults = self.0.lock().unwrap().faults.clone();
        let mut rows = units.iter().flat_map(|unit| &unit.rows);
        for fault in faults {
            match fault {
                Fault::Full => return Err(self.fail()),
                Fault::Panic => panic!("a test wanted this"),
                Fault::FullFor(kind) if rows.clone().any(|row| row.kind == kind) => return Err(self.fail()),
                Fault::DamagedFor(kind) if rows.clone().any(|row| row.kind == kind) => {
                    self.fail();
                    return Err(StoreError::Damaged("database disk image is malformed".to_owned()));
                }
                Fault::Poison(what) if rows.any(|row| row.body.contains(&what)) => {
                    self.fail();
                    return Err(StoreError::Row("UNIQUE constraint failed".to_owned()));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The real store, told what to do wrong by [`Faults`].
pub struct FaultyStore {
    inner: SqliteStore,
    faults: Faults,
}

impl FaultyStore {
    pub fn new(inner: SqliteStore, faults: Faults) -> Self {
        Self { inner, faults }
    }
}

impl FaultyStore {
    fn with_faults(
        &mut self,
        units: &[Unit],
        write: impl FnOnce(&mut SqliteStore) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.faults.die(&Fault::DiesBefore);
        self.faults.check_commit(units)?;
        write(&mut self.inner)?;
        self.faults.die(&Fault::DiesAfter);
        self.faults.check(&Fault::Lies)
    }
}

/// What waits for the disk of a [`FaultyStore`]; over a store that is thrown away there is no disk, and it only fails.
struct FaultySyncer {
    inner: Option<Box<dyn Syncer>>,
    faults: Faults,
}

impl Syncer for FaultySyncer {
    fn sync(&mut self) -> Result<(), StoreError> {
        self.faults.check(&Fault::Unsynced)?;
        self.inner.as_mut().map_or(Ok(()), |inner| inner.sync())?;
        self.faults.synced();
        Ok(())
    }
}

impl Store for FaultyStore {
    fn commit(&mut self, units: &[Unit]) -> Result<(), StoreError> {
        self.with_faults(units, |inner| inner.commit(units))?;
        self.faults.synced();
        Ok(())
    }

    fn write(&mut self, units: &[Unit]) -> Result<(), StoreError> {
        self.faults.written(units);
        self.with_faults(units, |inner| inner.write(units))
    }

    fn syncer(&mut self) -> Option<Box<dyn Syncer>> {
        Some(Box::new(FaultySyncer { inner: self.inner.syncer(), faults: self.faults.clone() }))
    }

    fn seen(&mut self, key: SeenKey) -> Result<Option<u32>, StoreError> {
        self.faults.check(&Fault::Reads)?;
        self.inner.seen(key)
    }

    fn forget_seen(&mut self, before: Timestamp) -> Result<(), StoreError> {
        self.faults.check(&Fault::Full)?;
        self.inner.forget_seen(before)
    }

    fn mark(&mut self, source: &str) -> Result<Option<String>, StoreError> {
        self.faults.check(&Fault::Reads)?;
        self.inner.mark(source)
    }

    fn group(&mut self, platform: &str, group: &str) -> Result<StoredGroup, StoreError> {
        self.faults.check(&Fault::Reads)?;
        self.inner.group(platform, group)
    }

    fn member(&mut self, member: &MemberRef) -> Result<StoredMember, StoreError> {
        self.faults.check(&Fault::Reads)?;
        self.inner.member(member)
    }

    fn case_of(&mut self, platform: &str, group: &str, message: &str) -> Result<Option<Case>, StoreError> {
        self.faults.check(&Fault::Reads)?;
        self.inner.case_of(platform, group, message)
    }

    fn case_file(&mut self, no: u64) -> Result<Option<CaseFile>, StoreError> {
        self.faults.check(&Fault::Reads)?;
        self.inner.case_file(no)
    }

    fn case_of_notice(&mut self, platform: &str, message: &str) -> Result<Option<u64>, StoreError> {
        self.faults.check(&Fault::Reads)?;
        self.inner.case_of_notice(platform, message)
    }

    fn observed_cases(&mut self, platform: &str, group: &str, since: Timestamp) -> Result<Vec<Case>, StoreError> {
        self.faults.check(&Fault::Reads)?;
        self.inner.observed_cases(platform, group, since)
    }

    fn is_cancelled(&mut self, id: &str) -> Result<bool, StoreError> {
        self.faults.check(&Fault::Reads)?;
        self.inner.is_cancelled(id)
    }

    fn action(&mut self, id: &str) -> Result<Option<StoredAction>, StoreError> {
        self.faults.check(&Fault::Reads)?;
        self.inner.action(id)
    }

    fn decision(&mut self, task: &str) -> Result<Option<TaskDecision>, StoreError> {
        self.faults.check(&Fault::Reads)?;
        self.inner.decision(task)
    }

    fn member_name(&mut self, member: &MemberRef) -> Result<Option<Arc<str>>, StoreError> {
        self.faults.check(&Fault::Reads)?;
        self.inner.member_name(member)
    }

    fn meant(&mut self, platform: &str, group: &str, word: &str) -> Result<Meant, StoreError> {
        self.faults.check(&Fault::Reads)?;
        self.inner.meant(platform, group, word)
    }

    fn chat_change(&mut self, no: u64) -> Result<Option<ChatChange>, StoreError> {
        self.faults.check(&Fault::Reads)?;
        self.inner.chat_change(no)
    }

    fn standings_of(&mut self, platform: &str, user: &str) -> Result<Vec<(Arc<str>, Standing)>, StoreError> {
        self.faults.check(&Fault::Reads)?;
        self.inner.standings_of(platform, user)
    }

    fn pending_of(&mut self, group: Option<(&str, &str)>) -> Result<Vec<Arc<Action>>, StoreError> {
        self.faults.check(&Fault::Reads)?;
        self.inner.pending_of(group)
    }

    fn journal_before(&mut self, seq: u64, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.faults.check(&Fault::Reads)?;
        self.inner.journal_before(seq, limit)
    }

    fn start(&mut self) -> Result<Start, StoreError> {
        self.faults.check(&Fault::Start)?;
        self.inner.start()
    }

    fn journal(&mut self, after: u64, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.faults.check(&Fault::Start)?;
        self.inner.journal(after, limit)
    }

    fn save_windows(&mut self, seq: u64, keep: u64, windows: &[u8]) -> Result<(), StoreError> {
        self.faults.check(&Fault::Windows)?;
        self.inner.save_windows(seq, keep, windows)
    }

    fn pending(&mut self, platform: &str, limit: usize) -> Result<Vec<Pending>, StoreError> {
        self.faults.check(&Fault::Reads)?;
        self.inner.pending(platform, limit)
    }

    fn pending_platforms(&mut self) -> Result<Vec<Arc<str>>, StoreError> {
        self.faults.check(&Fault::Reads)?;
        self.inner.pending_platforms()
    }

    fn renew_config(&mut self, version: &str, at: Timestamp) -> Result<bool, StoreError> {
        self.faults.check(&Fault::Full)?;
        self.inner.renew_config(version, at)
    }

    fn save_config(&mut self, version: &str, files: &PackedFiles, at: Timestamp) -> Result<(), StoreError> {
        self.faults.check(&Fault::Full)?;
        self.inner.save_config(version, files, at)
    }

    fn last_config(&mut self) -> Result<Option<Vec<(String, String)>>, StoreError> {
        self.inner.last_config()
    }

    fn archive(&mut self, zone: &TimeZone, now: Timestamp, limit: usize) -> Result<Archived, StoreError> {
        self.faults.check(&Fault::Full)?;
        self.inner.archive(zone, now, limit)
    }

    fn forget(&mut self, what: Kept, before: Timestamp, limit: usize) -> Result<Forgotten, StoreError> {
        self.faults.check(&Fault::Full)?;
        self.inner.forget(what, before, limit)
    }

    fn history(&self) -> HistorySize {
        self.inner.history()
    }

    fn groups(&mut self, platform: &str) -> Result<Vec<Arc<str>>, StoreError> {
        self.faults.check(&Fault::Reads)?;
        self.inner.groups(platform)
    }

    fn erase(&mut self, person: &Person, by: &str, now: Timestamp) -> Result<Erasure, StoreError> {
        self.faults.check(&Fault::Full)?;
        self.inner.erase(person, by, now)
    }

    fn erasure(&mut self, no: u64) -> Result<Option<Erasure>, StoreError> {
        self.inner.erasure(no)
    }

    fn erase_held(&mut self, no: u64) -> Result<(), StoreError> {
        self.faults.check(&Fault::Full)?;
        self.inner.erase_held(no)
    }

    fn tidy(&mut self, now: Timestamp, budget: Duration) -> Result<Tidied, StoreError> {
        self.inner.tidy(now, budget)
    }

    fn copier(&self) -> Option<Arc<dyn Copier>> {
        self.inner.copier()
    }

    fn save_habits(&mut self, number: u8, piece: &[u8]) -> Result<(), StoreError> {
        self.faults.check(&Fault::Windows)?;
        self.inner.save_habits(number, piece)
    }

    fn pictures(&mut self, limit: usize) -> Result<Vec<Wanted>, StoreError> {
        self.inner.pictures(limit)
    }

    fn habits(&mut self) -> Result<Vec<Vec<u8>>, StoreError> {
        self.inner.habits()
    }

    fn free_space(&self) -> Option<u64> {
        self.faults.0.lock().unwrap().free.or_else(|| self.inner.free_space())
    }

    fn probe(&mut self) -> Result<(), StoreError> {
        self.faults.check(&Fault::Full)?;
        self.faults.check(&Fault::Unsynced)?;
        self.inner.probe()?;
        self.faults.synced();
        Ok(())
    }
}
