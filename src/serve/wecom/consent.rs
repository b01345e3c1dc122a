//! Whose messages the archive keeps, and who has agreed to it: asked now and then of the groups that the configuration names and
//! of those that the archive has brought something of, shown in `/readyz` and in `/状态`.

mod plan;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::plan::{Due, Plan};
use super::{Around, Task, inlet};
use crate::adapters::inbound;
use crate::adapters::wecom::api::ApiError;
use crate::adapters::wecom::archive::rooms::{Room, Rooms};
use crate::adapters::wecom::archive_http::{ArchiveApi, Consent};
use crate::adapters::wecom::inlet::Inlet;
use crate::adapters::wecom::roster::Called;
use crate::app::health::Health;
use crate::config::{GroupKind, Wecom};
use crate::domain::event::Archived;
use crate::domain::ids;
use crate::ports::Clock;

/// How often it is asked …
const EVERY: Duration = Duration::from_secs(3600);
/// … and how soon again when nothing could be.
const AGAIN: Duration = Duration::from_secs(300);
/// Between two questions: 1,500 a minute are allowed (document 91782).
const BETWEEN: Duration = Duration::from_millis(100);
/// So many groups one after the other that cannot be asked about: neither can the others, now.
const PATIENCE: usize = 5;
/// So many groups are named in the note.
const SHOWN: usize = 10;

/// Asks on a schedule: notes what there is under `part`, and hands in for each group what is new of it.
pub(super) fn watch(
    tenant: &Wecom,
    (api, rooms, called): (ArchiveApi, Rooms, Called),
    around: &Around,
    part: String,
    stop: &CancellationToken,
) -> Task {
    let named = tenant.groups.iter().map(|(chat, group)| (chat.clone(), group.kind == GroupKind::Customer));
    let watch = Watch {
        platform: tenant.name.clone(),
        plan: Plan::new(named.collect()),
        looked_after: tenant.looked_after.clone(),
        rooms,
        called,
        api,
        inlet: inlet(around),
        clock: around.clock.clone(),
        health: around.health.clone(),
        part,
        employees: 0,
        told: HashMap::new(),
        missing: BTreeMap::new(),
        failed: BTreeMap::new(),
    };
    let stop = stop.clone();
    Box::pin(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = watch.run() => {}
        }
    })
}

struct Watch {
    platform: Arc<str>,
    plan: Plan,
    /// The groups that are looked after; `None`: all.
    looked_after: Option<BTreeSet<Arc<str>>>,
    /// The groups that the archive has brought something of.
    rooms: Rooms,
    called: Called,
    api: ArchiveApi,
    inlet: Arc<dyn Inlet>,
    clock: Arc<dyn Clock>,
    health: Health,
    part: String,
    /// Whose messages are kept, as asked last.
    employees: usize,
    /// What was handed in last of each group.
    told: HashMap<Arc<str>, Archived>,
    /// Where outsiders have not agreed: how many, of how many.
    missing: BTreeMap<Arc<str>, (usize, usize)>,
    /// Which groups could not be asked about, and why.
    failed: BTreeMap<Arc<str>, String>,
}

impl Watch {
    async fn run(mut self) {
        let rooms = self.rooms.clone();
        loop {
            let begun = Instant::now();
            let employees = self.api.permitted_users(None).await;
            let next = match employees {
                Ok(employees) => {
                    self.employees = employees.len();
                    self.begin();
                    self.ask().await;
                    begun + EVERY
                }
                Err(error) => {
                    self.health.note(&self.part, format!("whose messages are archived cannot be asked: {error}"));
                    tokio::time::sleep(AGAIN).await;
                    continue;
                }
            };
            // Until then those that are heard of for the first time.
            while tokio::time::timeout_at(next, rooms.fresh()).await.is_ok() {
                self.ask().await;
            }
        }
    }

    /// Groups that the archive has brought something of, and that are looked after.
    fn heard(&self) -> HashMap<Arc<str>, Room> {
        let mut heard = self.rooms.all();
        if let Some(looked_after) = &self.looked_after {
            heard.retain(|group, _| looked_after.contains(group));
        }
        heard
    }

    /// Another round; what is said of groups that are not known any more is forgotten.
    fn begin(&mut self) {
        let heard = self.heard();
        self.plan.next_round(&heard);
        let known = |group: &Arc<str>| heard.contains_key(group) || self.plan.names(group);
        self.told.retain(|group, _| known(group));
        self.missing.retain(|group, _| known(group));
        self.failed.retain(|group, _| known(group));
    }

    /// Asks about those that are due, one after the other. One that cannot be asked about hides no other.
    async fn ask(&mut self) {
        let Due { groups, later } = self.plan.due(&self.heard());
        let mut failures = 0;
        for (group, outsiders) in groups {
            if failures >= PATIENCE {
                self.plan.failed(&group); // nor was it asked about
                continue;
            }
            let answers = if outsiders { self.api.room_consent(&group).await } else { Ok(Vec::new()) };
            match answers {
                Ok(answers) => {
                    failures = 0;
                    self.take(&group, &answers).await;
                }
                Err(error) => {
                    failures += 1;
                    self.fail(&group, &error);
                }
            }
            tokio::time::sleep(BETWEEN).await;
        }
        self.health.note(&self.part, self.note(later));
    }

    async fn take(&mut self, group: &Arc<str>, answers: &[Consent]) {
        let missing = answers.iter().filter(|answer| !answer.is_given()).count();
        self.failed.remove(group);
        match missing {
            0 => drop(self.missing.remove(group)),
            _ => drop(self.missing.insert(group.clone(), (missing, answers.len()))),
        }
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let (employees, outsiders, missing) = (count(self.employees), count(answers.len()), count(missing));
        if !self.tell(group, Archived { employees, outsiders, missing }).await {
            self.plan.failed(group);
        }
    }

    fn fail(&mut self, group: &Arc<str>, error: &ApiError) {
        self.plan.failed(group);
        self.failed.insert(group.clone(), error.to_string());
    }

    /// For `/状态`; whether it is durable.
    async fn tell(&mut self, group: &Arc<str>, archived: Archived) -> bool {
        if self.told.get(group) == Some(&archived) {
            return true;
        }
        let now = self.clock.now();
        let id = format!("archived:{:032x}", ids::hash(&[group, &now.0.to_string()]));
        let event =
            json!({"id": id, "type": "group_updated", "group": **group, "time": now.to_string(), "archive": archived});
        // One that makes no event makes none in an hour either.
        let Ok(event) = inbound::one(&event.to_string(), &self.platform, now) else { return true };
        let durable = self.inlet.submit(vec![event], None).await.is_ok();
        if durable {
            self.told.insert(group.clone(), archived);
        }
        durable
    }

    /// For `/readyz`: named groups first, then those where most have not agreed; not more of them than somebody reads.
    fn note(&self, later: usize) -> String {
        let mut parts = vec![match self.employees {
            0 => "no employee is archived: nothing will be seen (管理后台 → 会话内容存档 → 开启范围)".to_owned(),
            1 => "1 employee is archived".to_owned(),
            many => format!("{many} employees are archived"),
        }];
        let mut missing: Vec<_> = self.missing.iter().collect();
        missing.sort_by_key(|(group, (missing, _))| (!self.plan.names(group), Reverse(*missing)));
        for (group, (missing, of)) in missing.iter().take(SHOWN) {
            parts.push(format!("in group {} {missing} of {of} outsiders have not agreed", self.name(group)));
        }
        if let Some(more) = missing.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            parts.push(format!("nor have some in {more} more groups"));
        }
        if let Some((group, why)) = self.failed.first_key_value() {
            let more = match self.failed.len() - 1 {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            parts.push(format!("it cannot be asked about group {}{more}: {why}", self.name(group)));
        }
        if later > 0 {
            parts.push(format!("{later} more groups are asked about later"));
        }
        parts.join("; ")
    }

    /// A group's id, and what it is called.
    fn name(&self, group: &str) -> String {
        self.called.name(group).map_or_else(|| group.to_owned(), |name| format!("{group} ({name})"))
    }
}
