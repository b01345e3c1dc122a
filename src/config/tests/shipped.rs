//! The configuration that is shipped, with the real kinds of rules: sound, complete, and as its comments say.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::{SECRET, no_env, told};
use crate::config::*;
use crate::domain::image::Image;
use crate::domain::notices;
use crate::domain::policy::{Capability, Mode, Policy};
use crate::domain::rules::Scratch;

pub(super) fn dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("config")
}

pub(super) fn shipped() -> Config {
    load(&dir(), &no_env).unwrap_or_else(|faults| panic!("{:#?}", told(&faults)))
}

#[test]
fn it_is_sound_without_a_warning() {
    let config = shipped();
    assert_eq!(told(&config.warnings), [""; 0]);
    assert_eq!(
        config.notes,
        ["bridge example is off: QUNWEI_EXAMPLE_SECRET is not set, QUNWEI_EXAMPLE_ACTIONS_URL is not set"]
    );
    assert!(config.size.words > 500 && config.size.rules > 10, "{:?}", config.size);
}

#[test]
fn it_is_carried_in_the_binary_whole() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeMap::new();
    let mut folders = vec![root.join("config"), root.join("wordlists")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    let carried = SHIPPED.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    assert_eq!(found, carried);
}

#[test]
fn its_bridge_can_do_everything_that_any_bot_knows_when_its_variables_are_set() {
    let set = |name: &str| match name {
        "QUNWEI_EXAMPLE_SECRET" => Some(SECRET.to_owned()),
        "QUNWEI_EXAMPLE_ACTIONS_URL" => Some("http://127.0.0.1:9000/actions".to_owned()),
        _ => None,
    };
    let config = load(&dir(), &set).unwrap();
    let [bridge] = &config.daemon.bridges[..] else { panic!("{:?}", config.daemon.bridges) };
    assert_eq!((&*bridge.name, &bridge.state, bridge.secrets.len()), ("example", &State::On, 1));
    assert!(bridge.actions == Some(Actions::Sent("http://127.0.0.1:9000/actions".to_owned())));
    let can = config.settings.capabilities("example", "g1");
    // A bot of before must ask for what it would not know: cards that are brought up to date, its own words to be taken back.
    let new = |one: &Capability| matches!(one, Capability::TaskDone | Capability::Recall);
    let (asked, known): (Vec<_>, Vec<_>) = Capability::ALL.iter().map(|(_, one)| *one).partition(new);
    assert!(known.iter().all(|one| can.has(*one)) && !asked.iter().any(|one| can.has(*one)));
    assert!(config.notes.is_empty());
}

#[test]
fn what_it_spells_out_is_what_holds_without_it() {
    let config = shipped();
    let bare = from_files(&dir(), &[("a.toml".to_owned(), String::new())], &no_env).unwrap();
    let (written, bare_policy) = (&config.settings.default_policy, &bare.settings.default_policy);
    let without_rules = Policy { rules: bare_policy.rules.clone(), ..Policy::clone(written) };
    assert_eq!(&without_rules, &**bare_policy);
    assert_eq!(config.settings.dedupe, bare.settings.dedupe);
    assert_eq!(config.settings.unknown_groups, bare.settings.unknown_groups);
    let of = |daemon: &Daemon| format!("{:?}", Daemon { bridges: Vec::new(), ..daemon.clone() });
    assert_eq!(of(&config.daemon), of(&bare.daemon));
}

#[test]
fn it_shows_every_notice_as_it_is_and_every_key() {
    let written = fs::read_to_string(dir().join("notices.toml")).unwrap();
    let lines = written
        .lines()
        .filter_map(|line| line.strip_prefix("# "))
        .filter(|line| line.contains(" = '") || line.contains(" = \""));
    let shown: BTreeMap<String, String> = toml::from_str(&lines.collect::<Vec<_>>().join("\n")).unwrap();
    let real = notices::all().map(|kind| (kind.name.to_owned(), kind.default.to_owned())).collect();
    assert_eq!(shown, real);
    let all: String = shipped().files.into_iter().map(|(_, text)| text).collect();
    for table in keys::all() {
        for key in table.rows().iter().map(|key| key.name.rsplit('.').next().unwrap()) {
            let any_name = key.chars().all(char::is_uppercase);
            let headings = table.headings;
            assert!(any_name || all.contains(&format!("{key} = ")), "show `{key}` of {headings:?} in config/*.toml");
        }
    }
}

#[test]
fn what_it_has_commented_out_is_sound_too() {
    let mut files = shipped().files;
    for (name, text) in &mut files {
        if name.ends_with(".toml") {
            let key = |line: &str| {
                line.split_once(" = ").is_some_and(|(key, _)| key.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
            };
            let uncomment = |line: &str| match line.strip_prefix("# ") {
                Some(rest) if rest.starts_with('[') || key(rest) => rest.to_owned(),
                _ => line.to_owned(),
            };
            let mut lines: Vec<_> = text.lines().map(uncomment).collect();
            // these are written instead of others, not beside them
            let instead = [
                "secret_file",
                "previous_secret_file",
                "actions_url =",
                "token_env = \"QUNWEI_EXAMPLE_",
                "token_file",
                "previous_token_",
                "aes_key_file",
                "previous_aes_key_file",
                "proxy_auth_file",
                "forward_url_env",
                "robot_file",
                "key_file",
                "previous_key_file",
            ];
            lines.retain(|line| !instead.iter().any(|start| line.starts_with(start)));
            *text = lines.join("\n");
        }
    }
    let poster = Image::new("poster.png", b"\x89PNG\r\n\x1a\n".to_vec()).unwrap();
    files.push(("poster.png".to_owned(), poster.to_note()));
    let config = from_files(&dir(), &files, &no_env).unwrap_or_else(|faults| panic!("{:#?}", told(&faults)));
    assert_eq!((config.size.groups, config.size.profiles), (1, 2));
}

#[test]
fn what_the_bot_says_breaks_no_rule_of_its_own() {
    let config = shipped();
    let policy = &config.settings.default_policy;
    let mut scratch = Scratch::default();
    let texts = notices::all().map(|kind| kind.default).chain([&*policy.rules_text.short, &*policy.rules_text.full]);
    for text in texts {
        config.settings.rules.find_in_text(text, &mut scratch);
        let long =
            |hit: &&crate::domain::rules::Hit| config.settings.rules.infos()[usize::from(hit.rule.0)].kind == "length";
        assert_eq!(scratch.hits.iter().filter(|hit| !long(hit)).count(), 0, "{text}");
    }
}

#[test]
fn it_finds_what_it_should_and_leaves_the_innocent_alone() {
    let config = shipped();
    let infos = config.settings.rules.infos();
    let mut scratch = Scratch::default();
    let mut rules_of = |text: &str| -> Vec<String> {
        config.settings.rules.find_in_text(text, &mut scratch);
        let on = |hit: &&crate::domain::rules::Hit| infos[usize::from(hit.rule.0)].setting.mode == Mode::On;
        let mut names: Vec<_> =
            scratch.hits.iter().filter(on).map(|hit| infos[usize::from(hit.rule.0)].name.to_string()).collect();
        names.dedup();
        names
    };
    let found = [
        ("加微信 abc123 领红包", "ads.contact"),
        ("加薇❤", "ads.words"),
        ("招刷单日结", "fraud.words"),
        ("真人荷官", "gambling.words"),
        ("同城约炮", "porn.words"),
        ("你个傻逼", "abuse.words"),
        ("http://t.cn/A6x", "links.short"),
        ("去 www.lingjiang-88.top 领奖", "links.other"),
    ];
    for (text, rule) in found {
        assert!(rules_of(text).iter().any(|name| name == rule), "{text}: {:?}", rules_of(text));
    }
    let innocent = [
        "大家早上好",
        "晚上 8 点直播,链接 https://meeting.tencent.qq.com/x",
        "我电话 13800138000,快递放门口",
        "参加微信读书活动的同学报个名",
        "订单号 20261122001 麻烦查一下",
        "家里 WiFi 密码忘了",
        "代码里的 vx 变量是速度",
        "装 Visual Studio 2022 要多大空间",
        "这道题 v 1234567 怎么算",
        "QQ 音乐会员怎么退",
    ];
    for text in innocent {
        assert_eq!(rules_of(text), [""; 0], "{text}");
    }
}
