//! Whose messages the archive keeps, and who has agreed to it: asked now and then, shown in `/readyz`.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Task;
use crate::adapters::wecom::api::ApiError;
use crate::adapters::wecom::archive_http::{ArchiveApi, Consent};
use crate::app::health::Health;
use crate::config::{GroupKind, Wecom};

/// How often it is asked.
const EVERY: Duration = Duration::from_secs(3600);
/// Between two questions: 1,500 a minute are allowed (document 91782).
const BETWEEN: Duration = Duration::from_millis(100);

/// Asks on a schedule and notes what there is under `part`.
pub(super) fn watch(tenant: &Wecom, api: ArchiveApi, health: Health, part: String, stop: &CancellationToken) -> Task {
    let groups = tenant.groups.iter().filter(|(_, group)| group.kind == GroupKind::Customer);
    let groups: Vec<Arc<str>> = groups.map(|(chat, _)| chat.clone()).collect();
    let stop = stop.clone();
    Box::pin(async move {
        loop {
            match asked(&api, &groups).await {
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

async fn asked(api: &ArchiveApi, groups: &[Arc<str>]) -> Result<String, ApiError> {
    let employees = api.permitted_users(None).await?.len();
    let mut note = match employees {
        0 => "no employee is archived: nothing will be seen (管理后台 → 会话内容存档 → 开启范围)".to_owned(),
        1 => "1 employee is archived".to_owned(),
        many => format!("{many} employees are archived"),
    };
    for group in groups {
        let answers = api.room_consent(group).await?;
        let missing = answers.iter().filter(|answer: &&Consent| !answer.is_given()).count();
        if missing > 0 {
            let _ = write!(note, "; in group {group} {missing} of {} outsiders have not agreed", answers.len());
        }
        tokio::time::sleep(BETWEEN).await;
    }
    Ok(note)
}
