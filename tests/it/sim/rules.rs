//! Two versions of the rules, compiled once for all runs: the shipped ones without the long word lists, over platforms of four sorts and with ladders that
//! are climbed within minutes.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use qunwei::app::outbox::Pace;
use qunwei::config::{Actions, Config, Wecom};
use qunwei::domain::policy::{Capability, Settings};
use qunwei::serve::wecom::pace;

use crate::support::corp::KEY;
use crate::support::daemon::HEAVY;
use crate::support::{SECRET, TOKEN, root};

/// Bots that are sent to: one that drops a repeated id, one that would do it again, and one that can only speak; and one that
/// fetches.
pub const PUSH: &str = "push";
pub const ONCE: &str = "once";
pub const PLAIN: &str = "plain";
pub const FETCH: &str = "fetch";
pub const PLATFORMS: [&str; 4] = [PUSH, ONCE, PLAIN, FETCH];

/// The groups of each platform: as shipped, fast, fast with words of its own, and one that nobody configured.
pub const GROUPS: [&str; 4] = ["g1", "g2", "g3", "g4"];

/// A company on WeCom.
pub const CORP: &str = "corp";
pub const CORP_ID: &str = "wx5823bf96d3bd56c7";
pub const CALLBACK_TOKEN: &str = "callback-token";
pub const AES_KEY: &str = KEY;

/// Its groups: customers with a robot, employees with a robot and a bot, one that an app created, and one in which a bot only answers.
pub const CORP_GROUPS: [&str; 4] = ["wrShop", "wrTeam", "wrApp", "wrBot"];

const COMPANY: &str = r#"
[wecom.corp]
corp_id = "wx5823bf96d3bd56c7"
api_url = "http://127.0.0.1:9"
duty = ["boss"]
bot_names = ["群卫"]
[wecom.corp.app.guard]
agent_id = 1000002
secret_env = "SIM_APP"
token_env = "SIM_CALLBACK"
aes_key_env = "SIM_AES"
[wecom.corp.customer]
secret_env = "SIM_CUSTOMER"
token_env = "SIM_CALLBACK"
aes_key_env = "SIM_AES"
[wecom.corp.aibot.guard]
bot_id = "aib-1"
token_env = "SIM_CALLBACK"
aes_key_env = "SIM_AES"
[wecom.corp.group.wrShop]
robot_env = "SIM_ROBOT_1"
[wecom.corp.group.wrTeam]
kind = "internal"
robot_env = "SIM_ROBOT_2"
aibot = "guard"
[wecom.corp.group.wrApp]
kind = "app"
[wecom.corp.group.wrBot]
kind = "internal"
aibot = "guard"
[group.wrShop]
profile = "quick"
[group.wrTeam]
admins = ["boss"]
profile = "quick"
[group.wrApp]
admins = ["boss"]
profile = "quick"
[group.wrBot]
admins = ["boss"]
"#;

const OVER: &str = r#"
[bridge.push]
secret_env = "SIM_SECRET"
actions_url_env = "SIM_URL"
capabilities = ["send", "private", "mute", "remove", "delete", "task", "task_done", "announce", "idempotent"]
actions_per_second = 50
[bridge.once]
secret_env = "SIM_SECRET"
actions_url_env = "SIM_URL"
capabilities = ["send", "private", "mute", "remove", "delete", "task", "task_done", "announce"]
actions_per_second = 5
group_actions_per_minute = 40
[bridge.plain]
secret_env = "SIM_SECRET"
actions_url_env = "SIM_URL"
capabilities = ["send", "task"]
[bridge.fetch]
secret_env = "SIM_SECRET"
token_env = "SIM_TOKEN"
capabilities = ["send", "private", "mute", "remove", "delete", "task", "task_done", "announce", "idempotent"]
[profile.quick]
ladder = ["warn_private", "warn_public", "mute 10m", "mute 2h", "remove"]
burst_seconds = 1
mutes_per_hour = 4
removals_per_hour = 1
welcome = { window_seconds = 5, raid_joins = 10 }
[group.g2]
profile = "quick"
[group.g3]
profile = "quick"
[daemon.alerts]
platform = "push"
group = "hq"
per_minute = 2
[[reminder]]
name = "water"
text = "喝水"
cron = "*/30 * * * *"
groups = ["g1", "g2"]
in_quiet_hours = "send"
"#;

const MORE: &str = r#"
[profile.late]
ladder = ["warn_public", "mute 20m", "remove"]
[group.g4]
profile = "late"
[[rule]]
name = "sim.word"
kind = "keywords"
title = "口头禅"
words = ["风筝断了线"]
hit = ["风筝断了线"]
miss = ["风筝"]
[[rule]]
name = "sim.again"
kind = "repeat"
title = "刷屏"
min_characters = 2
by_member = { times = 4, seconds = 80000 }
"#;

/// One version.
pub struct Version {
    pub settings: Arc<Settings>,
    pub files: Arc<[(String, String)]>,
    pub paces: HashMap<Arc<str>, Pace>,
    /// The company on WeCom.
    pub company: Wecom,
}

/// The two versions.
pub fn versions() -> &'static [Version; 2] {
    static VERSIONS: OnceLock<[Version; 2]> = OnceLock::new();
    VERSIONS.get_or_init(|| {
        let mut shipped = qunwei::config::load(&root().join("config"), &|_| None).unwrap().files;
        shipped.retain(|(name, _)| !HEAVY.iter().any(|heavy| name.ends_with(heavy)));
        [format!("{OVER}{COMPANY}"), format!("{OVER}{COMPANY}{MORE}")].map(|text| version(&shipped, text))
    })
}

fn version(shipped: &[(String, String)], text: String) -> Version {
    let mut files = shipped.to_vec();
    files.push(("zz-sim.toml".to_owned(), text));
    let env = |name: &str| match name {
        "SIM_SECRET" => Some(SECRET.to_owned()),
        "SIM_URL" => Some("http://127.0.0.1:9/nobody".to_owned()),
        "SIM_TOKEN" => Some(TOKEN.to_owned()),
        "SIM_APP" | "SIM_CUSTOMER" | "SIM_ROBOT_1" | "SIM_ROBOT_2" => Some(name.to_lowercase().replace('_', "-")),
        "SIM_CALLBACK" => Some(CALLBACK_TOKEN.to_owned()),
        "SIM_AES" => Some(AES_KEY.to_owned()),
        _ => None,
    };
    let config = qunwei::config::from_files(&root().join("config"), &files, &env);
    let Config { settings, daemon, files, .. } = config.unwrap_or_else(|faults| panic!("{faults:#?}"));
    let paces = daemon.bridges.iter().filter(|bridge| PLATFORMS.contains(&&*bridge.name)).map(|bridge| {
        let pace = Pace {
            idempotent: settings.capabilities(&bridge.name, "").has(Capability::Idempotent),
            per_second: bridge.actions_per_second,
            per_group: bridge.group_actions_per_minute.and_then(std::num::NonZeroU32::new),
            pulls: matches!(bridge.actions, Some(Actions::Fetched(_))),
        };
        (bridge.name.clone(), pace)
    });
    let company = daemon.wecom[0].clone();
    let paces = paces.chain([(company.name.clone(), pace(&company))]).collect();
    Version { settings, files: files.into(), paces, company }
}
