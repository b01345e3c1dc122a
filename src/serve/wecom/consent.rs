//! Whose messages the archive keeps, and who has agreed to it: asked now and then, shown in `/readyz` and in `/状态`.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Around, Task, inlet};
use crate::adapters::inbound;
use crate::adapters::wecom::api::ApiError;
use crate::adapters::wecom::archive_http::{ArchiveApi, Consent};
use crate::adapters::wecom::inlet::Inlet;
use crate::config::{GroupKind, Wecom};
use crate::domain::event::Archived;
use crate::domain::ids;
use crate::ports::Clock;

/// How often it is asked.
const EVERY: Duration = Duration::from_secs(3600);
/// Between two questions: 1,500 a minute are allowed (document 91782).
const BETWEEN: Duration = Duration::from_millis(100);

/// Asks on a schedule: notes what there is under `part`, and hands in for each group what is new of it.
pub(super) fn watch(tenant: &Wecom, api: ArchiveApi, around: &Around, part: String, stop: &CancellationToken) -> Task {
    let groups = tenant.groups.iter().map(|(chat, group)| (chat.clone(), group.kind == GroupKind::Customer)).collect();
    let watch = Watch {
        platform: tenant.name.clone(),
        groups,
        api,
        inlet: inlet(around),
        clock: around.clock.clone(),
        told: HashMap::new(),
    };
    let (health, stop) = (around.health.clone(), stop.clone());
    Box::pin(async move {
        let mut watch = watch;
        loop {
            match watch.asked().await {
                Ok(note) => health.note(&part, note),
                Err(error) => health.note(&part, format!("whose messages are archived cannot be asked: {error}")),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    })
}

struct Watch {
    platform: Arc<str>,
    /// Chat ids, and whether people outside the company are there.
    groups: Vec<(Arc<str>, bool)>,
    api: ArchiveApi,
    inlet: Arc<dyn Inlet>,
    clock: Arc<dyn Clock>,
    /// What was handed in last of each group.
    told: HashMap<Arc<str>, Archived>,
}

impl Watch {
    async fn asked(&mut self) -> Result<String, ApiError> {
        let employees = self.api.permitted_users(None).await?.len();
        let mut note = match employees {
            0 => "no employee is archived: nothing will be seen (管理后台 → 会话内容存档 → 开启范围)".to_owned(),
            1 => "1 employee is archived".to_owned(),
            many => format!("{many} employees are archived"),
        };
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        for (group, outsiders) in self.groups.clone() {
            let answers = if outsiders { self.api.room_consent(&group).await? } else { Vec::new() };
            let missing = answers.iter().filter(|answer: &&Consent| !answer.is_given()).count();
            if missing > 0 {
                let _ = write!(note, "; in group {group} {missing} of {} outsiders have not agreed", answers.len());
            }
            let (employees, outsiders, missing) = (count(employees), count(answers.len()), count(missing));
            self.tell(&group, Archived { employees, outsiders, missing }).await;
            tokio::time::sleep(BETWEEN).await;
        }
        Ok(note)
    }

    /// For `/状态`. What could not be made durable is handed in with the next question.
    async fn tell(&mut self, group: &Arc<str>, archived: Archived) {
        if self.told.get(group) == Some(&archived) {
            return;
        }
        let now = self.clock.now();
        let id = format!("archived:{:032x}", ids::hash(&[group, &now.0.to_string()]));
        let event =
            json!({"id": id, "type": "group_updated", "group": **group, "time": now.to_string(), "archive": archived});
        let Ok(event) = inbound::one(&event.to_string(), &self.platform, now) else { return };
        if self.inlet.submit(vec![event], None).await.is_ok() {
            self.told.insert(group.clone(), archived);
        }
    }
}
