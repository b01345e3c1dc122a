//! The reader against rows of mistakes, and against what is sound. The rule kind here is a small one of its own, so that
//! these tests are about reading; the shipped configuration is tried with the real ones in `shipped`.

mod changes;
mod keys;
mod lists;
mod meant;
mod mistakes;
mod pictures;
mod reminders;
mod shipped;
mod syntax;
mod wecom;

pub(super) use keys::asked;

use crate::domain::command::Name;
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Deserialize;
use toml::Spanned;

use super::files::Files;
use super::*;
use crate::domain::case::Span;
use crate::domain::event::Role;
use crate::domain::policy::{Capability, Mode, Policy, Severity, Step, UnknownGroups};
use crate::domain::rules::{Build, Draft, Found, Hit};
use crate::domain::text::Text;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";
const RULE: &str = "[[rule]]\nname = \"ads.x\"\nkind = \"plain\"\ntitle = \"广告\"\nwords = [\"buy\"]\nhit = [\"buy\"]\nmiss = [\"by\"]\n";

static TEST_KINDS: &[Kind] = &[
    Kind {
        name: "plain",
        about: "finds words as they are",
        example: "",
        read: |table| Ok(Box::new(Plain::deserialize(table)?)),
    },
    Kind {
        name: "often",
        about: "looks at several messages",
        example: "",
        read: |table| Ok(Box::new(Often::deserialize(table)?)),
    },
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {
    words: Vec<Spanned<String>>,
    #[serde(default)]
    lists: Vec<Spanned<String>>,
    #[expect(dead_code, reason = "only its type is tried")]
    least: Option<u32>,
    #[serde(default)]
    #[expect(dead_code, reason = "only its type is tried")]
    spans: Vec<Spanned<Extent>>,
    #[expect(dead_code, reason = "only its type is tried")]
    span: Option<Extent>,
    #[expect(dead_code, reason = "only its type is tried")]
    form: Option<Form>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Extent {
    #[expect(dead_code, reason = "only its type is tried")]
    from: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Form {
    Round,
}

impl Draft for Plain {
    fn build(self: Box<Self>, build: &mut Build<'_>) -> Option<Box<dyn Rule>> {
        let mut words: Vec<String> = Vec::new();
        for word in self.words {
            if word.get_ref().is_empty() {
                build.faults.push(build.source.fault(word.span(), "an empty word"));
            }
            words.push(word.into_inner());
        }
        for list in &self.lists {
            match (build.read)(list.get_ref()) {
                Ok(source) => words.extend(source.text.lines().map(str::to_owned)),
                Err(why) => build.faults.push(build.source.fault(list.span(), why)),
            }
        }
        Some(Box::new(PlainRule(words)))
    }
}

struct PlainRule(Vec<String>);

impl Rule for PlainRule {
    fn in_text(&self, text: &Text, found: &mut Found<'_>) {
        let hit = self.0.iter().any(|word| text.original.contains(word.as_str()));
        if hit {
            let span = Span { start: 0, end: 1 };
            found.hits.push(Hit {
                rule: found.rule,
                span,
                word: None,
                part: None,
                matched: None,
                disguise: None,
                scored: None,
            });
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Often {}

impl Draft for Often {
    fn build(self: Box<Self>, _: &mut Build<'_>) -> Option<Box<dyn Rule>> {
        Some(self)
    }
}

impl Rule for Often {
    fn needs(&self, needs: &mut crate::domain::recent::Needs) {
        needs.times(Duration::from_secs(1));
    }
}

pub(super) fn no_env(_: &str) -> Option<String> {
    None
}

fn files(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn read(list: &[(&str, &str)], env: &Env<'_>) -> Result<Config, Vec<Fault>> {
    build(Files::kept(Path::new("."), &files(list)), TEST_KINDS, env)
}

/// `file:line:column message` of every fault.
fn told(faults: &[Fault]) -> Vec<String> {
    let one = |fault: &Fault| format!("{}:{}:{} {}", fault.file, fault.line, fault.column, fault.message);
    faults.iter().map(one).collect()
}

/// The faults of one file, sound or not, without warnings about examples.
fn faults_of(text: &str) -> Vec<Fault> {
    match read(&[("a.toml", text)], &no_env) {
        Ok(config) => config.warnings,
        Err(faults) => faults,
    }
}

fn policy_of(text: &str, group: &str) -> Policy {
    let config = read(&[("a.toml", text)], &no_env).unwrap_or_else(|faults| panic!("{:#?}", told(&faults)));
    Policy::clone(config.settings.policy(group))
}

#[test]
fn a_group_says_who_may_do_what_and_who_is_on_trial_until_when() {
    let text = "[group.g.commands]\nmute = [\"owner\", \"trial_admin\"]\nrules = []\n[group.g.trial_admins]\nu3 = \"2026-12-31\"";
    let policy = policy_of(text, "g");
    let may = |name: Name, role| policy.commands[name as usize].contains(role);
    assert!(may(Name::Mute, Role::Owner) && may(Name::Mute, Role::TrialAdmin) && !may(Name::Mute, Role::Admin));
    assert!(!may(Name::Rules, Role::Member) && may(Name::Undo, Role::Admin));
    let until = policy.trial_admins["u3"].zoned(&policy.timezone);
    assert_eq!(until.strftime("%F %T").to_string(), "2027-01-01 00:00:00", "the last day is included");
}

#[test]
fn a_value_is_set_in_one_file_only() {
    let list = [
        ("a.toml", "[daemon]\nqueue = 100\n[profile.default]\nmode = \"on\""),
        ("b.toml", "[daemon]\nqueue = 200\ndata = \"x\""),
    ];
    let faults = read(&list, &no_env).unwrap_err();
    assert_eq!(told(&faults), ["b.toml:2:1 `queue` is already set at a.toml:2"]);
}

#[test]
fn tables_of_several_files_are_one() {
    let list = [
        ("a.toml", "[profile.default]\nmutes_per_hour = 3\n[group.g]\nowner = \"u1\""),
        ("b.toml", "[profile.default]\nremovals_per_hour = 0\n[group.g]\nadmins = [2, \"u3\"]"),
    ];
    let config = read(&list, &no_env).unwrap();
    let policy = config.settings.policy("g");
    assert_eq!((policy.mutes_per_hour, policy.removals_per_hour), (3, 0));
    let role = |user: &str| policy.roles.get(user).copied();
    assert_eq!(
        [role("u1"), role("2"), role("u3"), role("u4")],
        [Some(Role::Owner), Some(Role::Admin), Some(Role::Admin), None]
    );
}

#[test]
fn what_nobody_writes_is_as_the_product_says() {
    let config = read(&[("a.toml", "")], &no_env).unwrap();
    let policy = config.settings.policy("any");
    assert_eq!(
        policy.ladder[..],
        [Step::WarnPrivate, Step::WarnPublic, Step::Mute(Duration::from_secs(86_400)), Step::Remove]
    );
    assert_eq!((policy.strike_life, policy.burst), (Duration::from_secs(30 * 86_400), Duration::from_secs(60)));
    assert_eq!((policy.removals_per_hour, policy.mutes_per_hour, policy.notices_per_minute), (5, 20, 6));
    assert_eq!((policy.mode, policy.timezone.iana_name()), (Mode::On, Some("Asia/Shanghai")));
    assert_eq!((&*policy.profile, config.settings.unknown_groups), ("default", UnknownGroups::Default));
    assert_eq!(config.settings.dedupe, Duration::from_secs(86_400));
    assert_eq!(
        (config.daemon.listen.to_string(), config.daemon.admin_listen.port()),
        ("127.0.0.1:8080".to_owned(), 8081)
    );
    assert_eq!((config.daemon.queue, config.daemon.data.to_str()), (16_384, Some("./data")));
}

#[test]
fn a_group_lies_over_its_profile_over_the_default() {
    let text = format!(
        "{RULE}[notices]\nappeal = \"A\"\n\
         [profile.default]\nburst_seconds = 7\nallow = [\"u1\"]\nrule.\"ads.x\" = {{ severity = \"serious\" }}\n\
         [profile.vip]\nmode = \"observe\"\nallow = [\"u2\"]\nladder = [\"mute 1d12h\"]\nnotices.mute = \"M\"\n\
         [group.g]\nprofile = \"vip\"\ntimezone = \"UTC\"\nallow = [3]\nrule.\"ads.x\" = {{ mode = \"off\", exempt_roles = [] }}\n"
    );
    let text = text.replace("hit = [\"buy\"]\nmiss = [\"by\"]\n", "");
    let policy = policy_of(&text, "g");
    assert_eq!((&*policy.profile, policy.mode, policy.burst.as_secs()), ("vip", Mode::Observe, 7));
    assert_eq!(policy.ladder[..], [Step::Mute(Duration::from_secs(129_600))]);
    assert!(["u1", "u2", "3"].iter().all(|user| policy.allow.contains(*user)));
    assert_eq!(policy.timezone.iana_name(), Some("UTC"));
    let vars = crate::domain::notices::Vars::default();
    assert_eq!(
        (policy.notices.render("mute", &vars), policy.notices.render("appeal", &vars)),
        ("M".into(), "A".into())
    );
    let rule = policy.rules[0];
    assert_eq!((rule.mode, rule.severity), (Mode::Off, Severity::Serious));
    assert!(!rule.exempt.contains(Role::Owner));
    let other = policy_of(&text, "unnamed");
    assert_eq!((&*other.profile, other.mode, other.rules[0].mode), ("default", Mode::On, Mode::On));
    assert!(other.rules[0].exempt.contains(Role::Owner) && !other.rules[0].exempt.contains(Role::Member));
}

#[test]
fn welcomes_and_rules_lie_over_each_other_too() {
    let text = "[profile.default.welcome]\nraid_joins = 5\nchannels.a = \"甲\"\n\
                [profile.vip]\nrules_text.short = \"  短  \"\nwelcome = { on = false, channels.\"b.c\" = \"乙\" }\n\
                [group.g]\nprofile = \"vip\"\nwelcome.names = 3\nwelcome.channels = { a = \"丙\" }\nrules_text.full = \"全\"\nname = \" 书友群 \"\n";
    let policy = policy_of(text, "g");
    let welcome = &policy.welcome;
    assert_eq!((welcome.on, welcome.raid_joins, welcome.names, welcome.window.as_secs()), (false, 5, 3, 60));
    let channels: Vec<_> = welcome.channels.iter().map(|(name, text)| (&**name, &**text)).collect();
    assert_eq!(channels, [("a", "丙"), ("b.c", "乙")]);
    assert_eq!((&*policy.rules_text.short, &*policy.rules_text.full), ("短", "全"));
    assert_eq!(policy.name.as_deref(), Some("书友群"));
    let other = policy_of(text, "unnamed");
    assert!(other.welcome.on && other.rules_text.short.starts_with("1 不发广告") && other.welcome.names == 10);
    assert!(other.rules_text.short.chars().count() <= 100 && other.rules_text.full.chars().count() <= 500);
    let company = "[daemon.alerts]\nplatform = \"a\"\ngroup = \"hq\"\nusers = [7]\nper_minute = 2\n\
                   [bridge.a]\nsecret_env = \"X\"\nactions_url = \"http://x/\"\ncapabilities = [\"send\"]\n";
    let place = read(&[("a.toml", company)], &no_env).unwrap().settings.company.clone().unwrap();
    assert_eq!((&*place.platform, &*place.group, &*place.users[0], place.per_minute), ("a", "hq", "7", 2));
}

#[test]
fn what_raises_an_alarm() {
    let read = |text: &str| {
        let settings = read(&[("a.toml", text)], &no_env).unwrap().settings;
        (settings.silence, settings.disk.ahead.as_secs(), settings.disk.low)
    };
    assert_eq!(read(""), (Some(4.0), 3600, 512));
    let text = "[daemon.silence]\nfactor = 7\n[daemon.disk]\nahead_minutes = 0\nlow_mib = 0";
    assert_eq!(read(text), (Some(7.0), 0, 0));
    assert_eq!(read("[daemon.silence]\non = false").0, None);
}

#[test]
fn the_daemon_holds_every_group_back() {
    let text = "[daemon]\nmode = \"observe\"\n[group.a]\nmode = \"on\"\n[group.b]\nmode = \"off\"";
    assert_eq!(policy_of(text, "a").mode, Mode::Observe);
    assert_eq!(policy_of(text, "b").mode, Mode::Off);
    assert_eq!(policy_of(text, "c").mode, Mode::Observe);
}

#[test]
fn a_bridge_takes_its_secrets_from_outside() {
    let text = "[bridge.a]\nsecret_env = \"NEW\"\nprevious_secret_env = \"OLD\"\nactions_url_env = \"URL\"\n\
                capabilities = [\"send\", \"idempotent\"]\nbot_user = 7\nmax_body_kib = 2\nactions_per_second = 0.5";
    let set: HashMap<&str, &str> =
        [("NEW", SECRET), ("OLD", SECRET), ("URL", "https://bot.example.com/a?key=hush")].into();
    let config = read(&[("a.toml", text)], &|name| set.get(name).map(|value| (*value).to_owned())).unwrap();
    let bridge = &config.daemon.bridges[0];
    assert_eq!((&bridge.state, bridge.secrets.len(), bridge.max_body), (&State::On, 2, 2048));
    assert!(bridge.actions == Some(Actions::Sent("https://bot.example.com/a?key=hush".to_owned())));
    let platform = &config.settings.platforms["a"];
    assert_eq!(platform.bot_user.as_deref(), Some("7"));
    assert!(platform.capabilities.has(Capability::Idempotent) && !platform.capabilities.has(Capability::Mute));
    let shown = format!("{config:?}");
    assert!(!shown.contains("hush") && !shown.contains("whsec") && !shown.contains("MfKQ"), "{shown}");

    let config = read(&[("a.toml", text)], &no_env).unwrap();
    assert_eq!(config.daemon.bridges[0].state, State::Off { why: "NEW is not set, URL is not set".to_owned() });
    assert_eq!(config.notes, ["bridge a is off: NEW is not set, URL is not set"]);
    assert!(config.warnings.is_empty());
}

#[test]
fn a_bridge_whose_bot_fetches_takes_its_tokens_from_outside() {
    let text = "[bridge.a]\nsecret_env = \"S\"\ntoken_env = \"NEW\"\nprevious_token_env = \"OLD\"\n\
                capabilities = [\"send\"]\ngroup_actions_per_minute = 20";
    let (old, new) = ("hush-old-0123456789", "hush-new-0123456789");
    let set: HashMap<&str, &str> = [("S", SECRET), ("NEW", new), ("OLD", old)].into();
    let config = read(&[("a.toml", text)], &|name| set.get(name).map(|value| (*value).to_owned())).unwrap();
    let bridge = &config.daemon.bridges[0];
    let Some(Actions::Fetched(tokens)) = &bridge.actions else { panic!("{bridge:?}") };
    assert_eq!(tokens.iter().map(|token| token.bytes()).collect::<Vec<_>>(), [new.as_bytes(), old.as_bytes()]);
    assert_eq!((&bridge.state, bridge.group_actions_per_minute), (&State::On, Some(20)));
    assert!(!format!("{config:?}").contains("hush"), "{config:?}");

    let config = read(&[("a.toml", text)], &|name| (name == "S").then(|| SECRET.to_owned())).unwrap();
    assert_eq!(config.daemon.bridges[0].state, State::Off { why: "NEW is not set".to_owned() });
}

#[test]
fn no_fault_shows_a_secret() {
    let hush = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let rows = [
        "secret = \"whsec_{hush}\"",
        "secret = \"{hush}\"",
        "secret = \"{hush}",
        "secret = {hush}",
        "secret_env = \"whsec_{hush}\"",
        "secret_env = \"whsec_{hush}+/=\"",
        "secret_env = [\"{hush}\"]",
        "secret_env = \"{hush}+/=\"",
        "secret_env = \"{hush}\"",
        "previous_secret = [\"{hush}\"]",
        "token = \"{hush}\"",
        "previous_token = \"{hush}\"",
        "token_env = \"{hush}\"",
        "secret_env = \"GOOD\"\ntoken_env = \"TOKEN\"",
        "secert = \"whsec_{hush}\"",
        "secret_env = \"BAD\"",
        "secret_env = \"WHOLE\"",
        "actions_url_env = \"URL\"\nsecret_env = \"GOOD\"",
        "secret_env = \"whsec_{hush}",
    ];
    let env = |name: &str| match name {
        "BAD" => Some(format!("whsec_{hush}!")),
        "WHOLE" => Some(hush.to_owned()),
        "GOOD" => Some(SECRET.to_owned()),
        "TOKEN" => Some(format!("no token {hush}")),
        "URL" => Some(format!("no address {hush}")),
        _ => None,
    };
    for row in rows {
        let text = format!("[bridge.a]\ncapabilities = []\n{}\n", row.replace("{hush}", hush));
        let faults = read(&[("a.toml", &text)], &env).unwrap_err();
        let shown = format!("{faults:?}");
        assert!(!shown.contains("MfKQ9"), "{row}: {shown}");
    }
}

#[test]
fn who_gives_a_wrong_secret_is_told_how_one_begins() {
    let text = "[bridge.a]\nsecret_env = \"S\"\nactions_url = \"http://x/\"\ncapabilities = [\"send\"]\n\
                [daemon.seal]\nkey_env = \"K\"\n";
    let faults = read(&[("a.toml", text)], &|_| Some("hush".to_owned())).unwrap_err();
    let told = faults.iter().map(|fault| format!("{} – {}", fault.message, fault.help.as_deref().unwrap_or_default()));
    let [secret, key] = &told.collect::<Vec<_>>()[..] else { panic!("{faults:#?}") };
    for (told, prefix) in [(secret, "whsec_"), (key, "qwkey_")] {
        let begins = format!("does not begin with `{prefix}`");
        let how = format!("echo {prefix}$(openssl rand -base64 32)");
        assert!(told.contains(&begins) && told.contains(&how) && !told.contains("hush"), "{told}");
    }
}

#[test]
fn the_kept_files_make_the_same_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::create_dir_all(at("config/rules")).unwrap();
    fs::create_dir(at("lists")).unwrap();
    fs::write(at("lists/a.txt"), "# 词\nsell\n! seller\nbuy\n").unwrap();
    fs::write(at("config/qunwei.toml"), "\u{FEFF}[daemon]\ndata = \"d\"\n").unwrap();
    let rule = "[[rule]]\nname = \"a\"\nkind = \"plain\"\ntitle = \"t\"\nmode = \"off\"\nwords = []\nlists = [\"../../lists/a.txt\"]\n";
    fs::write(at("config/rules/r.toml"), rule).unwrap();
    fs::write(at("config/.hidden.toml"), "nonsense").unwrap();
    fs::write(at("config/r.toml~"), "nonsense").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(at("config"), at("config/rules/loop")).unwrap();
    let from_disk = |name: &str| build(Files::on_disk(&at(name)), TEST_KINDS, &no_env);

    let config = from_disk("config").unwrap();
    let names: Vec<_> = config.files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["../lists/a.txt", "qunwei.toml", "rules/r.toml"]);
    assert_eq!(config.size, Size { rules: 1, profiles: 1, groups: 0, words: 2 });
    assert_eq!(config.settings.version.len(), 16);
    let again = build(Files::kept(&at("config"), &config.files), TEST_KINDS, &no_env).unwrap();
    assert_eq!((&again.settings.version, &again.files), (&config.settings.version, &config.files));

    fs::write(at("lists/a.txt"), "other\n").unwrap();
    assert_ne!(from_disk("config").unwrap().settings.version, config.settings.version);
    fs::write(at("lists/a.txt"), b"good\n\xB4\xCA\n").unwrap();
    let faults = from_disk("config").unwrap_err();
    assert!(
        faults[0].file.ends_with("rules/r.toml") && faults[0].message.contains("line 2 is not UTF-8"),
        "{faults:?}"
    );
    fs::remove_file(at("lists/a.txt")).unwrap();
    let faults = from_disk("config").unwrap_err();
    assert_eq!((faults[0].line, faults[0].column), (7, 10));
    assert!(faults[0].message.contains("the file cannot be read"), "{faults:?}");
}

#[test]
fn a_copy_beside_its_file_is_not_read_and_told_of_once() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    write("qunwei.toml", &format!("[daemon]\n\n{RULE}"));
    for name in
        ["qunwei - 副本.toml", "qunwei copy 2.toml", "Copy of qunwei.toml", "qunwei的副本.toml", "qunwei.bak.toml"]
    {
        write(name, RULE);
        let config = build(Files::on_disk(dir.path()), TEST_KINDS, &no_env).unwrap();
        let told: Vec<_> = config.warnings.iter().filter(|fault| fault.message.contains("is not read")).collect();
        assert_eq!(told.len(), 1, "{name}: {:?}", config.warnings);
        assert!(told[0].file.ends_with(name) && told[0].message.contains("a copy of `qunwei.toml`"), "{told:?}");
        assert!(config.files.iter().all(|(read, _)| read != name));
        fs::remove_file(dir.path().join(name)).unwrap();
    }
    // Files of their own, and a copy of what is not there.
    let own = [
        "qunwei2.toml",
        "rules - 副本.toml",
        "qunwei-copypasta.toml",
        "copyqunwei.toml",
        "qunwei-副本群.toml",
        "qunwei-backup.toml",
    ];
    for (no, name) in own.iter().enumerate() {
        write(name, &RULE.replace("ads.x", &format!("ads.y{no}")));
    }
    let config = build(Files::on_disk(dir.path()), TEST_KINDS, &no_env).unwrap();
    assert_eq!(config.settings.rules.infos().len(), 1 + own.len());
}

#[test]
fn a_directory_that_cannot_be_used_is_a_fault() {
    let dir = tempfile::tempdir().unwrap();
    let of = |name: &str| build(Files::on_disk(&dir.path().join(name)), TEST_KINDS, &no_env).unwrap_err();
    let faults = of("missing");
    assert!(faults[0].message.contains("the directory cannot be read"));
    assert!(faults[0].help.as_deref().is_some_and(|help| help.contains("--config DIR")), "{faults:?}");
    fs::create_dir(dir.path().join("empty")).unwrap();
    assert!(of("empty")[0].message.contains("no file ends in `.toml`"));
    fs::write(dir.path().join("empty/groups.toml.txt"), "").unwrap();
    let faults = of("empty");
    assert_eq!(faults.iter().map(|fault| fault.level).collect::<Vec<_>>(), [Level::Error, Level::Warning]);
    assert!(faults[1].message.contains("is not read") && faults[1].file.ends_with("groups.toml.txt"), "{faults:?}");
    fs::write(dir.path().join("empty/a.toml"), "[group.g]\nprofile = \"no\"").unwrap();
    let faults = of("empty");
    assert_eq!(faults.len(), 2, "what is not read keeps nothing from being told: {faults:?}");
    fs::create_dir(dir.path().join("gbk")).unwrap();
    fs::write(dir.path().join("gbk/a.toml"), b"[daemon]\n# \xB9\xE3\n").unwrap();
    let faults = of("gbk");
    assert_eq!((faults.len(), faults[0].line, faults[0].column), (1, 2, 3), "{faults:?}");
    assert!(faults[0].message.contains("save the file as UTF-8"));
}

#[test]
fn ten_thousand_groups_are_read_quickly_and_share_what_they_can() {
    let mut text = String::from("[profile.vip]\nmode = \"observe\"\n");
    for no in 0..10_000 {
        text += &match no % 3 {
            0 => format!("[group.\"wr{no}\"]\n"),
            1 => format!("[group.\"wr{no}\"]\nprofile = \"vip\"\n"),
            _ => format!("[group.\"wr{no}\"]\nowner = \"u{no}\"\nadmins = [\"a\"]\nnotices.appeal = \"找小王\"\n"),
        };
    }
    let begin = Instant::now();
    let config = read(&[("groups.toml", &text)], &no_env).unwrap();
    let took = begin.elapsed();
    assert_eq!(config.settings.groups.len(), 10_000);
    let policy = |group: &str| config.settings.policy(group).clone();
    assert!(Arc::ptr_eq(&policy("wr1"), &policy("wr4")));
    assert!(Arc::ptr_eq(&policy("wr0"), &config.settings.default_policy));
    assert!(Arc::ptr_eq(&policy("wr2").notices, &policy("wr5").notices));
    eprintln!("10,000 groups took {took:?}");
    assert!(took < Duration::from_secs(3), "{took:?}"); // built without optimisation, on a busy machine
}
