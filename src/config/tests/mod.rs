//! The reader against rows of mistakes, and against what is sound. The rule kind here is a small one of its own, so that
//! these tests are about reading; the shipped configuration is tried with the real ones in `shipped`.

mod shipped;

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
use crate::domain::recent::Needs;
use crate::domain::rules::{Build, Draft, Found, Hit};
use crate::domain::text::Text;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";
const RULE: &str = "[[rule]]\nname = \"ads.x\"\nkind = \"plain\"\ntitle = \"广告\"\nwords = [\"buy\"]\nhit = [\"buy\"]\nmiss = [\"by\"]\n";

static TEST_KINDS: &[Kind] = &[
    Kind { name: "plain", about: "finds words as they are", read: |table| Ok(Box::new(Plain::deserialize(table)?)) },
    Kind { name: "often", about: "looks at several messages", read: |table| Ok(Box::new(Often::deserialize(table)?)) },
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {
    words: Vec<Spanned<String>>,
    #[serde(default)]
    lists: Vec<Spanned<String>>,
    #[expect(dead_code, reason = "only its type is tried")]
    least: Option<u32>,
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
            found.hits.push(Hit { rule: found.rule, span, word: None, part: None, matched: None });
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
    fn needs(&self, needs: &mut Needs) {
        needs.count = 5;
    }
}

fn no_env(_: &str) -> Option<String> {
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
fn each_mistake_is_told_at_its_place_with_advice() {
    // what is written, where the fault is, part of its message, part of its help
    let rows: &[(&str, (u32, u32), &str, &str)] = &[
        ("[daemon]\nlistn = \"127.0.0.1:1\"", (2, 1), "unknown key `listn` in [daemon]", "did you mean `listen`?"),
        ("[deamon]", (1, 2), "unknown key `deamon`", "did you mean `daemon`?"),
        ("listen = \"x\"", (1, 1), "unknown key `listen` in the top", "`listen` belongs in [daemon]"),
        ("[daemon]\nladder = []", (2, 1), "unknown key `ladder`", "belongs in [profile.NAME]"),
        ("[[rules]]\nname = \"x\"", (1, 3), "unknown key `rules`", "write [[rule]]"),
        ("[groups.g1]", (1, 2), "unknown key `groups`", "write [group.\"ID\"]"),
        ("[rule]\nname = \"x\"", (1, 2), "a rule begins with `[[rule]]`", "two brackets"),
        ("[[profile]]\nmode = \"on\"", (1, 1), "`profile` takes a table with a name", "[profile.NAME]"),
        ("[profile]\nmode = \"on\"", (2, 1), "`mode` stands in [profile]", "begin with a line [profile.NAME]"),
        ("[daemon]\nlisten = \"localhost:80\"", (2, 10), "`localhost:80` is no address", "127.0.0.1:80"),
        ("[daemon]\nlisten = \"127.0.0.1:8081\"", (2, 10), "are both 127.0.0.1:8081", "own port"),
        ("[daemon]\nmode = \"off\"", (2, 8), "cannot be `off`", "`observe`"),
        ("[daemon]\nmode = \"observ\"", (2, 8), "`mode` cannot be `observ`", "did you mean `observe`?"),
        ("[daemon]\ntimezone = \"Asia/Shanghia\"", (2, 12), "no time zone", "did you mean `Asia/Shanghai`?"),
        ("[daemon]\nqueue = \"100\"", (2, 9), "`queue` takes a whole number, but this is a text", "queue = 16384"),
        ("[daemon]\nqueue = 0", (2, 9), "`queue` must be from 64 to 1048576", "16384 is usual"),
        ("[daemon]\nqueue = -5", (2, 9), "`queue` must be from 64", "16384"),
        ("[daemon]\nqueue = 99999999999999999999", (2, 9), "`queue` must be from 64", "16384"),
        ("[daemon]\nqueue = 1e9", (2, 9), "a number with a fraction", "queue = 16384"),
        ("[daemon]\ndata = \"\"", (2, 8), "`data` is empty", "take the line out"),
        ("[daemon]\ndedupe_hours = 100000", (2, 16), "from 1 to 720 hours", "24 is usual"),
        ("[daemon]\nlog_format = \"jsn\"", (2, 14), "`log_format` cannot be `jsn`", "did you mean `json`?"),
        ("[profile.default]\nladder = []", (2, 10), "has no steps", "warn_private"),
        (
            "[profile.default]\nladder = [\"warn_privat\"]",
            (2, 11),
            "no step `warn_privat`",
            "did you mean `warn_private`?",
        ),
        ("[profile.default]\nladder = [\"警告\"]", (2, 11), "no step `警告`", "`warn_public`"),
        ("[profile.default]\nladder = [\"mute 1 year\"]", (2, 11), "`1 year` is no duration", "mute 24h"),
        ("[profile.default]\nladder = \"remove\"", (2, 10), "takes a list of texts", "ladder = ["),
        ("[profile.default]\nladder = [3]", (2, 11), "this is a whole number", "ladder = ["),
        ("[profile.default]\nstrike_days = 0", (2, 15), "from 1 to 3650 days", "30 is usual"),
        ("[profile.default.rule.\"ads.y\"]\nmode = \"off\"", (1, 23), "no rule `ads.y`", "did you mean `ads.x`?"),
        ("[profile.default.rule.ads.x]\nmode = \"off\"", (1, 23), "no rule `ads`", "quotes: \"ads.x\""),
        ("[profile.default.rule.\"ads.x\"]\nmoed = \"off\"", (2, 1), "unknown key `moed`", "did you mean `mode`?"),
        (
            "[profile.default.rule.\"ads.x\"]\nexempt_roles = [\"admn\"]",
            (2, 17),
            "no role `admn`",
            "did you mean `admin`?",
        ),
        ("[group.\"g\"]\nprofile = \"defalt\"", (2, 11), "no profile `defalt`", "did you mean `default`?"),
        ("[group.g.1]\nprofile = \"default\"", (1, 10), "unknown key `1`", "needs quotes"),
        ("[group.g]\nowner = true", (2, 9), "takes an id in quotes", "owner ="),
        ("[notices]\nwarn_pubic = \"x\"", (2, 1), "unknown key `warn_pubic`", "did you mean `warn_public`?"),
        ("[notices]\nmute = \"{{ nam }}\"", (2, 8), "unknown variable `nam`", "as shipped"),
        ("[notices]\nmute = \"{{ name\"", (2, 8), "`mute` is no sound template", "as shipped"),
        (
            "[bridge.a]\nsecret_env = \"X\"\ncapabilities = [\"sned\"]",
            (3, 17),
            "no capability `sned`",
            "did you mean `send`?",
        ),
        ("[bridge.a]\nsecret_env = \"X\"", (1, 9), "needs `capabilities`", "\"send\""),
        ("[bridge.a]\ncapabilities = []", (1, 9), "needs `secret_env`", "secret_file"),
        ("[bridge.\"a b\"]\nsecret_env = \"X\"\ncapabilities = []", (1, 9), "cannot be a bridge's name", "letters"),
        (
            "[bridge.a]\nsecret_env = \"X\"\ncapabilities = []\nactions_url = \"bot/actions\"",
            (4, 15),
            "the address for actions cannot be used",
            "https://",
        ),
        (
            "[bridge.a]\nsecret_env = \"X\"\ncapabilities = []\nactions_url = \"ftp://x/y\"",
            (4, 15),
            "does not begin with http",
            "https://",
        ),
        (
            "[bridge.a]\nsecret_env = \"X\"\ncapabilities = []\nactions_url = \"http://u:p@x/y\"",
            (4, 15),
            "a name or password does not belong",
            "https://",
        ),
        (
            "[bridge.a]\nsecret_env = \"X\"\ncapabilities = []\nactions_url = \"http://x/\"\nactions_url_env = \"Y\"",
            (4, 15),
            "there is both `actions_url` and `actions_url_env`",
            "keep one",
        ),
        (
            "[bridge.a]\nsecret_env = \"X\"\nsecret_file = \"y\"\ncapabilities = []",
            (3, 15),
            "both `secret_env` and `secret_file`",
            "keep one",
        ),
        (
            "[bridge.a]\nsecret_file = \"no/such\"\ncapabilities = []",
            (2, 15),
            "the secret `no/such`: the file cannot be read",
            "check the path",
        ),
        (
            "[bridge.a]\nsecret_env = \"X\"\ncapabilities = []\nactions_per_second = 0",
            (4, 22),
            "must be from 0.01 to 1000",
            "20 is usual",
        ),
    ];
    for (text, (line, column), message, help) in rows {
        // the sound rule comes last, so that it moves no line
        let rule = if text.starts_with("[rule]") { "" } else { RULE };
        let faults = faults_of(&format!("{text}\n{rule}"));
        let faults: Vec<_> = faults.iter().filter(|fault| !fault.message.contains("example")).collect();
        assert_eq!(faults.len(), 1, "{text}\n{faults:#?}");
        let fault = faults[0];
        assert_eq!((fault.line, fault.column), (*line, *column), "{text}\n{fault:#?}");
        assert!(fault.message.contains(message), "{text}\n{fault:#?}");
        assert!(fault.help.as_ref().is_some_and(|given| given.contains(help)), "{text}\n{fault:#?}");
    }
}

#[test]
fn mistakes_of_rules_are_told_at_their_places() {
    let good = "name = \"ads.y\"\nkind = \"plain\"\ntitle = \"广告\"\nmode = \"off\"\n";
    let rows: &[(&str, &[&str])] = &[
        ("", &["1:1 this [[rule]] needs `name`", "1:1 this [[rule]] needs `kind`", "1:1 this [[rule]] needs `title`"]),
        (
            "name = \"a b\"\nkind = \"plain\"\ntitle = \"x\"\nwords = []\nmode = \"off\"",
            &["2:8 `a b` cannot be a rule's name"],
        ),
        ("name = \"a\"\nkind = \"plian\"\ntitle = \"x\"\nwords = []", &["3:8 there is no kind of rule called `plian`"]),
        ("{good}", &["1:1 a plain rule needs `words`"]),
        ("{good}words = [\"\"]", &["6:10 an empty word"]),
        ("{good}words = 7", &["6:9 `words`: invalid type: integer `7`, expected a sequence"]),
        ("{good}words = []\nlists = [\"no.txt\"]", &["7:10 the file was not kept"]),
        (
            "{good}words = []\nwrods = []\nmoed = 1\nleast = \"many\"",
            &[
                "7:1 unknown key `wrods` in a plain rule",
                "8:1 unknown key `moed` in a plain rule",
                "9:9 `least`: invalid type: string \"many\", expected u32",
            ],
        ),
        (
            "{good}words = []\nclause = 0\nseverity = \"sever\"\nverdict = \"pass\"\ndelete = \"yes\"",
            &[
                "7:10 `clause` must be from 1 to 9999 (a number of the group's rules)",
                "8:12 `severity` cannot be `sever`",
                "9:11 `verdict` cannot be `pass`",
                "10:10 `delete` takes true or false, but this is a text",
            ],
        ),
        (
            "name = \"a\"\nkind = \"often\"\ntitle = \"x\"\nhit = [\"x\"]",
            &["5:8 a often rule looks at several messages"],
        ),
    ];
    for (text, expected) in rows {
        let text = format!("[[rule]]\n{}", text.replace("{good}", good));
        let faults = faults_of(&text);
        let expected: Vec<_> = expected.iter().map(|row| format!("a.toml:{row}")).collect();
        assert_eq!(told(&faults), expected, "{text}");
    }
}

#[test]
fn examples_are_tried() {
    let rule = |name: &str, rest: &str| {
        format!("[[rule]]\nname = \"{name}\"\nkind = \"plain\"\ntitle = \"广告\"\nwords = [\"{name}\"]\n{rest}\n")
    };
    let rows: &[(&str, &[&str])] = &[
        ("hit = [\"an a\"]\nmiss = [\"x\"]", &[]),
        ("", &["1:1 the rule `a` has no `hit` and no `miss` examples"]),
        ("hit = [\"a\"]", &["1:1 the rule `a` has no `miss` examples"]),
        ("miss = [\"x\"]", &["1:1 the rule `a` has no `hit` examples"]),
        ("mode = \"off\"", &[]),
        ("hit = [\"a\", \"词\"]\nmiss = [\"x\"]", &["6:13 `a` does not find this example: nothing is found in it"]),
        ("hit = [\"a\"]\nmiss = [\"a\"]", &["7:9 this example should be left alone: `a` finds `a` at 0..1"]),
        ("hit = [\"b\"]\nmiss = [\"x\"]", &["6:8 `a` does not find this example: `b` finds `b` at 0..1"]),
    ];
    for (examples, expected) in rows {
        let text = rule("a", examples) + &rule("b", "hit = [\"b\"]\nmiss = [\"x\"]") + &rule("c", "wrong = 1");
        let faults = faults_of(&text);
        let expected: Vec<_> = expected.iter().map(|row| format!("a.toml:{row}")).collect();
        let told: Vec<_> =
            told(&faults).into_iter().filter(|told| !told.contains("`c`") && !told.contains("wrong")).collect();
        assert_eq!(told, expected, "{text}");
    }
}

#[test]
fn one_run_tells_all_mistakes_of_all_files() {
    let list = [
        ("a.toml", "[daemon]\nlistn = \"x\"\nqueue = 0\n[profile.vip]\nladder = [\"wran_public\"]\n= broken\n"),
        ("b/b.toml", "[daemon]\ntimezone = \"Mars\"\n[group.g]\nprofil = \"vip\"\n[bridge.x]\nsecret = \"hush\"\n"),
        (
            "c.toml",
            "[[rule]]\nname = \"r\"\nkind = \"plain\"\ntitle = \"一\"\nwords = 1\n[[rule]]\nname = \"r\"\nkind = \"x\"\n",
        ),
    ];
    let faults = read(&list, &no_env).unwrap_err();
    let places: Vec<_> = faults.iter().map(|fault| format!("{}:{}:{}", fault.file, fault.line, fault.column)).collect();
    let expected = [
        "a.toml:2:1",
        "a.toml:3:9",
        "a.toml:5:11",
        "a.toml:6:1",
        "b/b.toml:2:12",
        "b/b.toml:4:1",
        "b/b.toml:6:1",
        "c.toml:5:9",
        "c.toml:7:8",
        "c.toml:8:8",
    ];
    assert_eq!(places, expected, "{:#?}", told(&faults));
    assert!(faults[8].message.contains("already a rule `r` at c.toml:2"), "{:?}", faults[8]);
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
    assert_eq!(bridge.actions_url.as_deref(), Some("https://bot.example.com/a?key=hush"));
    let platform = &config.settings.platforms["a"];
    assert_eq!(platform.bot_user.as_deref(), Some("7"));
    assert!(platform.capabilities.has(Capability::Idempotent) && !platform.capabilities.has(Capability::Mute));
    let shown = format!("{config:?}");
    assert!(!shown.contains("hush") && !shown.contains("whsec") && !shown.contains("MfKQ"), "{shown}");

    let config = read(&[("a.toml", text)], &no_env).unwrap();
    assert_eq!(config.daemon.bridges[0].state, State::Off { why: "NEW is not set".to_owned() });
    assert_eq!(config.notes, ["bridge a is off: NEW is not set"]);
    assert!(config.warnings.is_empty());
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
        "previous_secret = [\"{hush}\"]",
        "token = \"{hush}\"",
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
fn every_key_belongs_where_the_advice_says() {
    for (place, keys) in help::BELONGS {
        for key in *keys {
            let heading = match place.split(' ').next().unwrap() {
                "[group.\"ID\"]" => "[group.g]",
                "[[rule]]" => "[[rule]]\nkind = \"often\"\nname = \"x\"",
                "[bridge.NAME]" => "[bridge.b]",
                "[profile.NAME]" => "[profile.p]",
                other => other,
            };
            let heading = if *key == "kind" { "[[rule]]" } else { heading };
            let told = told(&faults_of(&format!("{heading}\n{key} = 2026-01-01\n"))).join("\n");
            assert!(!told.contains("unknown key"), "{place} {key}: {told}");
            assert!(told.contains(&format!("`{key}` takes")), "{place} {key}: {told}");
        }
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
fn a_directory_that_cannot_be_used_is_a_fault() {
    let dir = tempfile::tempdir().unwrap();
    let of = |name: &str| build(Files::on_disk(&dir.path().join(name)), TEST_KINDS, &no_env).unwrap_err();
    assert!(of("missing")[0].message.contains("the directory cannot be read"));
    fs::create_dir(dir.path().join("empty")).unwrap();
    assert!(of("empty")[0].message.contains("no file ends in `.toml`"));
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
    assert!(took < Duration::from_secs(3), "{took:?}"); // built without optimisation, on a busy machine
}
