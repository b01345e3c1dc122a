//! Rows of mistakes: what is written, where the fault is, what it says.

use super::*;

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
        ("[daemon]\nmode = \"观察\"", (2, 8), "`mode` cannot be `观察`", "did you mean `observe`?"),
        ("[daemon]\nmode = \"Observe\"", (2, 8), "`mode` cannot be `Observe`", "did you mean `observe`?"),
        ("[daemon]\nmode = \"关\"", (2, 8), "`mode` cannot be `关`", "use one of"),
        ("[daemon]\nmode = \"observ\"", (2, 8), "`mode` cannot be `observ`", "did you mean `observe`?"),
        ("[daemon]\ntimezone = \"Asia/Shanghia\"", (2, 12), "no time zone", "did you mean `Asia/Shanghai`?"),
        ("[daemon]\ntimezone = \"Asia/Kucing\"", (2, 12), "no time zone", "did you mean `Asia/Kuching`?"),
        ("[daemon]\ntimezone = \"GMT+9\"", (2, 12), "no time zone", "write the name of a place"),
        ("[daemon]\ntimezone = \"Etc/GMT+8\"", (2, 12), "is UTC−8, 8 hours behind UTC", "of China: Asia/Shanghai"),
        ("[group.g]\ntimezone = \"Etc/GMT-8\"", (2, 12), "is UTC+8, 8 hours before UTC", "of China: Asia/Shanghai"),
        ("[daemon]\nqueue = \"100\"", (2, 9), "`queue` takes a whole number, but this is a text", "queue = 16384"),
        ("[daemon]\nqueue = 0", (2, 9), "`queue` must be from 64 to 1048576", "16384 is usual"),
        ("[daemon]\nqueue = -5", (2, 9), "`queue` must be from 64", "16384"),
        ("[daemon]\nqueue = 99999999999999999999", (2, 9), "`queue` must be from 64", "16384"),
        ("[daemon]\nqueue = 1e9", (2, 9), "a number with a fraction", "queue = 16384"),
        ("[daemon]\ndata = \"\"", (2, 8), "`data` is empty", "take the line out"),
        ("[daemon]\ndedupe_hours = 100000", (2, 16), "from 1 to 720 hours", "24 is usual"),
        ("[daemon]\nlog_format = \"jsn\"", (2, 14), "`log_format` cannot be `jsn`", "did you mean `json`?"),
        ("[profile.default]\nladder = []", (2, 10), "has no steps", "warn_private"),
        ("[profile.default]\nladder = [\"移出\"]", (2, 11), "there is no step `移出`", "did you mean `remove`?"),
        (
            "[profile.default]\nladder = [\"warn_privat\"]",
            (2, 11),
            "no step `warn_privat`",
            "did you mean `warn_private`?",
        ),
        ("[profile.default]\nladder = [\"警告\"]", (2, 11), "there is no step `警告`", "`warn_public`"),
        ("[profile.default]\nladder = [\"mute 1 year\"]", (2, 11), "`1 year` is no duration", "mute 24h"),
        ("[profile.default]\nladder = \"remove\"", (2, 10), "takes a list of texts", "ladder = ["),
        ("[profile.default]\nladder = [3]", (2, 11), "this is a whole number", "ladder = ["),
        ("[profile.default.welcome]\nwindow_seconds = 1", (2, 18), "from 5 to 300 seconds", "60 is usual"),
        ("[profile.default.welcome]\nraid_joins = 0", (2, 14), "from 1 to 500 joins", "20 is usual"),
        ("[group.g.welcome]\nnames = \"10\"", (2, 9), "`names` takes a whole number", "names = 10"),
        ("[group.g.welcome]\non = \"yes\"", (2, 6), "`on` takes true or false", "on = true"),
        (
            "[group.g.welcome]\nwindow_second = 60",
            (2, 1),
            "unknown key `window_second`",
            "did you mean `window_seconds`?",
        ),
        ("[group.g.welcome.chanels]\nqr = \"x\"", (1, 18), "unknown key `chanels`", "did you mean `channels`?"),
        ("[group.g.welcome.channels]\nqr = 1", (2, 6), "`qr` takes a text in quotes", "qr = \"…\""),
        ("[group.g.welcome.channels]\nqr = \" \"", (2, 6), "`qr` is empty", "take the line out"),
        ("[group.g.welcome.channels]\nqr = \"{{ name }}\"", (2, 6), "`qr` is no template", "the notice `welcome`"),
        ("[group.g.rules_text]\nshort = \"{% if x %}\"", (2, 9), "`short` is no template", "the notice `welcome`"),
        ("[group.g]\nignore_words = [\"甲乙\"]", (2, 17), "no rule has the word `甲乙`", "take it out"),
        ("[group.g.commands]\nmut = [\"owner\"]", (2, 1), "unknown key `mut`", "did you mean `mute`?"),
        ("[group.g.commands]\nmute = [\"onwer\"]", (2, 9), "no role `onwer`", "did you mean `owner`?"),
        ("[group.g.commands]\nmute = \"owner\"", (2, 8), "takes a list of texts", "mute = ["),
        ("[group.g.trial_admins]\nu3 = \"31.12.2026\"", (2, 6), "`31.12.2026` is no day", "2026-12-31"),
        ("[group.g]\nname = 3", (2, 8), "`name` takes a text in quotes", "name ="),
        ("[group.g.rules_text]\nshrot = \"x\"", (2, 1), "unknown key `shrot`", "did you mean `short`?"),
        ("[group.g]\nrule_text.short = \"x\"", (2, 1), "unknown key `rule_text`", "did you mean `rules_text`?"),
        ("[daemon.alert]\ngroup = \"g\"", (1, 9), "unknown key `alert`", "did you mean `alerts`?"),
        ("[daemon.alerts]\nplatform = \"a\"\ngroup = \"g\"", (2, 12), "no bridge `a`", "[bridge.NAME]"),
        ("[daemon.alerts]\nplatform = \"a\"", (1, 9), "needs `group`", "the id of a group"),
        ("[daemon.alerts]\ngroup = \"g\"", (1, 9), "needs `platform`", "name a bridge"),
        ("[daemon.silence]\nfactor = 1", (2, 10), "from 2 to 20 times the usual", "4 is usual"),
        ("[daemon.silence]\non = 1", (2, 6), "`on` takes true or false", "on = true"),
        ("[daemon.disk]\nahead_minutes = \"1h\"", (2, 17), "takes a whole number", "ahead_minutes = 60"),
        ("[daemon.disk]\nlow_mb = 1", (2, 1), "unknown key `low_mb`", "did you mean `low_mib`?"),
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
        ("[group.\"g\"]\nmode = \"of\"", (2, 8), "`mode` cannot be `of`", "did you mean `off`?"),
        ("[group.\"g\"]\nadmin = [\"a\"]", (2, 1), "unknown key `admin` in [group.\"g\"]", "did you mean `admins`?"),
        ("[group.\"g\"]\nallwo = [\"b\"]", (2, 1), "unknown key `allwo`", "did you mean `allow`?"),
        ("[group.\"g\"]\nladde = [\"remove\"]", (2, 1), "unknown key `ladde`", "did you mean `ladder`?"),
        ("[group.\"g\"]\n\"模式\" = \"on\"", (2, 1), "unknown key `模式`", "did you mean `mode`?"),
        ("[group.\"g\"]\nothers = [\"u\"]", (2, 1), "unknown key `others`", "known here: `profile`"),
        ("[group.\"g\".notice]\nmute = \"x\"", (1, 12), "unknown key `notice`", "did you mean `notices`?"),
        ("[group.g]\nallow = [\"u\", \"\"]", (2, 15), "an id in `allow` is empty", "take it out of the list"),
        ("[group.\" \"]\nmode = \"on\"", (1, 8), "an id is empty", "as the platform has it"),
        ("[group.g.trial_admins]\n\"\" = \"2999-12-31\"", (2, 1), "an id is empty", "take the line out"),
        ("[group.g.trial_admins]\nu3 = \"2026-01-31\"", (2, 6), "this day is past", "a day to come"),
        ("[group.g]\nowner = \" \"", (2, 9), "the id of `owner` is empty", "take the line out"),
        (
            "[profile.default.rule.\"ads.x\"]\ndelete = \"no\"",
            (2, 10),
            "`delete` takes true or false",
            "write delete = true or delete = false",
        ),
        (
            "[profile.default]\nladder = [\"remove\", \"warn_private\"]",
            (2, 21),
            "`warn_private` comes after `remove`",
            "last step",
        ),
        (
            "[profile.default]\nladder = [\"mute 2h\", \"mute 1h\", \"remove\"]",
            (2, 22),
            "`mute` is milder than the `mute` before it",
            "from mild to severe",
        ),
        (
            "[profile.default]\nladder = [\"warn_public\", \"warn_private\", \"warn_private\"]",
            (2, 26),
            "`warn_private` is milder than the `warn_public` before it",
            "from mild to severe",
        ),
        (
            "[bridge.a]\nsecret_env = \"X\"\ncapabilities = [\"mute\", \"remove\", \"delete\"]",
            (3, 16),
            "can tell nobody anything",
            "observe",
        ),
        ("[bridge.a]\nsecret_env = \"X\"\ncapabilities = []", (3, 16), "can tell nobody anything", "observe"),
        (
            "[bridge.a]\nsecret_env = \"X\"\ncapabilities = [\"task\", \"mute\"]",
            (3, 16),
            "without being told",
            "take `mute` and `remove` out",
        ),
        (
            "[bridge.a]\nsecret_env = \"X\"\ncapabilities = [\"sned\"]",
            (3, 17),
            "no capability `sned`",
            "did you mean `send`?",
        ),
        ("[bridge.a]\nsecret_env = \"X\"", (1, 9), "needs `capabilities`", "\"send\""),
        ("[bridge.a]\ncapabilities = [\"send\"]", (1, 9), "needs `secret_env`", "secret_file"),
        (
            "[bridge.a] # no address\nsecret_env = \"X\"\ncapabilities = [\"send\"]",
            (1, 9),
            "needs `actions_url`",
            "actions_url_env",
        ),
        (
            "[bridge.\"a b\"]\nsecret_env = \"X\"\ncapabilities = [\"send\"]",
            (1, 9),
            "cannot be a bridge's name",
            "letters",
        ),
        (
            "[bridge.a]\nsecret_env = \"X\"\ncapabilities = [\"send\"]\nactions_url = \"bot/actions\"",
            (4, 15),
            "the address for actions cannot be used",
            "https://",
        ),
        (
            "[bridge.a]\nsecret_env = \"X\"\ncapabilities = [\"send\"]\nactions_url = \"ftp://x/y\"",
            (4, 15),
            "does not begin with http",
            "https://",
        ),
        (
            "[bridge.a]\nsecret_env = \"X\"\ncapabilities = [\"send\"]\nactions_url = \"http://u:p@x/y\"",
            (4, 15),
            "a name or password does not belong",
            "https://",
        ),
        (
            "[bridge.a]\nsecret_env = \"X\"\ncapabilities = [\"send\"]\nactions_url = \"http://x/\"\nactions_url_env = \"Y\"",
            (4, 15),
            "there is both `actions_url` and `actions_url_env`",
            "keep one",
        ),
        (
            "[bridge.a]\nsecret_env = \"X\"\nsecret_file = \"y\"\ncapabilities = [\"send\"]",
            (3, 15),
            "both `secret_env` and `secret_file`",
            "keep one",
        ),
        (
            "[bridge.a]\nsecret_file = \"no/such\"\ncapabilities = [\"send\"]",
            (2, 15),
            "the secret: the file cannot be read",
            "check the path",
        ),
        (
            "[bridge.a]\nsecret_env = \"X\"\ncapabilities = [\"send\"]\nactions_url = \"http://x/\"\ntoken_env = \"Y\"",
            (5, 13),
            "there is both `actions_url` and `token_env`",
            "one that fetches its actions",
        ),
        (
            "[bridge.a] # no address\nsecret_env = \"X\"\ncapabilities = [\"send\"]\ntoken = \"0123456789abcdef\"\ntoken_env = \"Y\"",
            (4, 1),
            "`token`: a secret is not written into TOML",
            "token_file",
        ),
        (
            "[bridge.a]\nsecret_env = \"X\"\ncapabilities = [\"send\"]\ngroup_actions_per_minute = 0",
            (4, 28),
            "must be from 1 to 100000",
            "20 is usual",
        ),
        (
            "[bridge.a]\nsecret_env = \"X\"\ncapabilities = [\"send\"]\nactions_per_second = 0",
            (4, 22),
            "must be from 0.01 to 1000",
            "20 is usual",
        ),
    ];
    for (text, (line, column), message, help) in rows {
        // the sound rule comes last, so that it moves no line
        let rule = if text.starts_with("[rule]") { "" } else { RULE };
        // so does a bridge's address, unless the row is about it
        let address = text.starts_with("[bridge") && !text.contains("address");
        let address = if address && !text.contains("actions_url") { "actions_url = \"http://x/\"\n" } else { "" };
        let faults = faults_of(&format!("{text}\n{address}{rule}"));
        let faults: Vec<_> = faults.iter().filter(|fault| !fault.message.contains("example")).collect();
        assert_eq!(faults.len(), 1, "{text}\n{faults:#?}");
        let fault = faults[0];
        assert_eq!((fault.line, fault.column), (*line, *column), "{text}\n{fault:#?}");
        assert!(fault.message.contains(message), "{text}\n{fault:#?}");
        assert!(fault.help.as_ref().is_some_and(|given| given.contains(help)), "{text}\n{fault:#?}");
    }
}

#[test]
fn a_setting_for_an_unknown_rule_is_tried_all_the_same() {
    let text = format!(
        "[profile.default.rule.\"ads.wrods\"]\nmode = \"of\"\nmoed = 1\n[group.g.rule.ads.y]\ndelete = \"no\"\n\
         [group.h.rule.plain.thing]\nverdict = \"pass\"\n{RULE}"
    );
    let expected = [
        "a.toml:1:23 there is no rule `ads.wrods`",
        "a.toml:2:8 `mode` cannot be `of`",
        "a.toml:3:1 unknown key `moed` in [profile.default.rule.\"ads.wrods\"]",
        "a.toml:4:15 there is no rule `ads`",
        "a.toml:5:10 `delete` takes true or false, but this is a text",
        "a.toml:6:15 there is no rule `plain`",
        "a.toml:7:11 `verdict` cannot be `pass`",
    ];
    let faults = faults_of(&text);
    assert_eq!(told(&faults), expected);
    assert_eq!(faults[3].help.as_deref(), Some("a name with a dot needs quotes: \"ads.x\""));
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
        ("{good}words = 7", &["6:9 `words` takes a list, but this is a whole number"]),
        ("{good}words = []\nlists = [\"no.txt\"]", &["7:10 no.txt: the file was not kept"]),
        (
            "{good}words = []\nwrods = []\nmoed = 1\nleast = \"many\"",
            &[
                "7:1 unknown key `wrods` in a plain rule",
                "8:1 unknown key `moed` in a plain rule",
                "9:9 `least` takes a whole number, but this is a text",
            ],
        ),
        (
            "{good}words = []\nleast = 99999999999999999999",
            &["7:9 `least` takes a whole number, but this one is too large"],
        ),
        ("{good}words = []\nleast = -1", &["7:9 `least` takes a whole number, but this one is below zero"]),
        (
            "{good}words = [\"a\", 1, \"\"]",
            &["6:15 `words` takes a text in quotes, but this is a whole number", "6:18 an empty word"],
        ),
        (
            "{good}words = []\nspans = [{ from = 1, til = 2 }, { from = \"x\" }, { til = 3 }]\n[rule.span]\nfrom = 1.5\n",
            &[
                "7:22 unknown key `til` in `spans`",
                "7:42 `from` takes a whole number, but this is a text",
                "7:51 unknown key `til` in `spans`",
                "9:8 `from` takes a whole number, but this is a number with a fraction",
            ],
        ),
        (
            "{good}words = []\nspans = [{}]\nform = \"rund\"\n",
            &["7:10 `spans` needs `from`", "8:8 `form` cannot be `rund`"],
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
        (
            "a.toml",
            "[daemon]\nlistn = \"x\"\nqueue = 0\ntimezone = \"Mars\"\nmode = 'off'\n\
             [profile.vip]\nladder = [\"wran_public\", \"mute\"]\nstrike_days = \"30\"\nallow = [\"u1\", true]\n= broken\n",
        ),
        (
            "b/b.toml",
            "[group.g]\nprofil = \"vip\"\n[bridge.x]\nsecret = \"hush\"\nmax_events = -1\ncapabilities = [\"send\", \"fly\"]\n\
             [notices]\nmute = \"{{ nmae }}\"\n[profile.vip]\nstrike_days = 5\n[chatter]\n",
        ),
        (
            "c.toml",
            "[[rule]]\nname = \"r\"\nkind = \"plain\"\ntitle = \"一\"\nwords = 1\nlsits = []\n\
             [[rule]]\nname = \"r\"\nkind = \"plein\"\nseverity = \"hoch\"\n",
        ),
    ];
    let faults = read(&list, &no_env).unwrap_err();
    let places: Vec<_> = faults.iter().map(|fault| format!("{}:{}:{}", fault.file, fault.line, fault.column)).collect();
    let expected = [
        "a.toml:2:1",
        "a.toml:3:9",
        "a.toml:4:12",
        "a.toml:5:8",
        "a.toml:7:11",
        "a.toml:7:26",
        "a.toml:8:15",
        "a.toml:9:16",
        "a.toml:10:1",
        "b/b.toml:2:1",
        "b/b.toml:3:9",
        "b/b.toml:4:1",
        "b/b.toml:5:14",
        "b/b.toml:6:25",
        "b/b.toml:8:8",
        "b/b.toml:10:1",
        "b/b.toml:11:2",
        "c.toml:5:9",
        "c.toml:6:1",
        "c.toml:7:1",
        "c.toml:8:8",
        "c.toml:9:8",
        "c.toml:10:12",
    ];
    assert_eq!(places, expected, "{:#?}", told(&faults));
    assert!(told(&faults).iter().any(|told| told.contains("already a rule `r` at c.toml:2")));
    assert!(told(&faults).iter().any(|told| told.contains("`strike_days` is already set at a.toml:8")));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(60))]

    /// Whatever an editor, a person or a broken disk makes of a sound file: it is read or refused, at places that exist.
    #[test]
    fn mangled_files_are_refused_without_a_panic(
        at in 0..4000_usize, length in 0..60_usize, put in "[\\[\\]{}=\"'#.,\n a1é“加\u{0}]{0,6}"
    ) {
        let sound: String = ["qunwei.toml", "groups.toml", "rules/flood.toml"]
            .iter()
            .map(|name| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(name)).unwrap())
            .collect();
        let mut mangled: Vec<char> = sound.chars().collect();
        let start = at.min(mangled.len());
        let end = (start + length).min(mangled.len());
        mangled.splice(start..end, put.chars());
        let text: String = mangled.into_iter().collect();
        let faults = from_files(Path::new("."), &files(&[("a.toml", &text)]), &no_env).map_or_else(|faults| faults, |sound| sound.warnings);
        for fault in faults {
            let line = text.split('\n').nth(fault.line as usize - 1).unwrap_or_else(|| panic!("{fault:?}"));
            proptest::prop_assert!(fault.column as usize <= line.chars().count() + 1, "{:?}", fault);
        }
    }
}

#[test]
fn rules_that_nobody_would_read_are_warned_of() {
    let text = |short: usize, full: usize| {
        let (short, full) = ("规".repeat(short), "规".repeat(full));
        format!("[group.g.rules_text]\nshort = \"{short}\"\nfull = \"\"\"\n{full}\n\"\"\"\n")
    };
    assert!(faults_of(&text(100, 500)).is_empty());
    let faults = faults_of(&text(101, 501));
    let expected =
        ["a.toml:2:9 `short` has 101 characters, more than 100", "a.toml:3:8 `full` has 501 characters, more than 500"];
    assert_eq!(told(&faults), expected);
    assert!(faults.iter().all(|fault| fault.level == Level::Warning));
    let policy = policy_of(&text(101, 501), "g");
    assert_eq!(policy.rules_text.full.chars().count(), 501, "a warning changes nothing");
}

#[test]
fn what_a_notice_would_say_as_it_is_written_is_warned_of() {
    for (text, written) in [
        ("'｛｛ name ｝｝，请看群规'", Some("｛｛")),
        ("'{name}，请看群规'", Some("{name}")),
        ("'{% if until %}到 {{ until }}{％ endif %}{% endif %}'", Some("{％")),
        (r"'第一行\n第二行'", Some(r"\n")),
        ("\"第一行\\n{{ name }}\"", None),
        ("'{{ name }}{{name}}，{笑} 50%'", None),
    ] {
        let toml = format!("[notices]\nwarn_private = {text}\n");
        let warnings = from_files(Path::new("."), &files(&[("a.toml", &toml)]), &no_env).unwrap().warnings;
        let expected =
            written.map(|written| format!("a.toml:2:16 `{written}` in `warn_private` is said as it is written here"));
        assert_eq!(told(&warnings), Vec::from_iter(expected), "{text}");
    }
}

#[test]
fn a_doubtful_rule_that_nothing_doubts_is_warned_of() {
    let rule = |more: &str| {
        format!(
            "[[rule]]\nname = \"a\"\nkind = \"keywords\"\ntitle = \"广告\"\nwords = [\"加微信\"]\nhit = [\"加微信聊\"]\nmiss = [\"早\"]\n{more}"
        )
    };
    let faults_of = |text: String| from_files(Path::new("."), &files(&[("a.toml", &text)]), &no_env).unwrap().warnings;
    let faults = faults_of(rule("doubtful = true\n"));
    assert_eq!(told(&faults), ["a.toml:2:8 `a` is doubtful, and no rule that is on doubts: all it finds counts"]);
    assert!(faults[0].level == Level::Warning && faults[0].help.as_deref().unwrap().contains("doubts = 15"));
    assert!(faults_of(rule("doubtful = false\n")).is_empty() && faults_of(rule("")).is_empty());
    assert!(faults_of(rule("doubtful = true\nmode = \"off\"\n")).is_empty(), "it finds nothing");
    let shipped = crate::config::load(Path::new("config"), &no_env).unwrap();
    assert!(shipped.warnings.is_empty(), "{:?}", shipped.warnings);
    let mut all = shipped.files.clone();
    let (_, score) = all.iter_mut().find(|(name, _)| name.ends_with("rules/score.toml")).unwrap();
    *score = score.replace("kind = \"score\"", "kind = \"score\"\nmode = \"off\"");
    let faults = from_files(Path::new("config"), &all, &no_env).unwrap().warnings;
    let words = told(&faults).join("");
    assert!(faults.len() == 1 && words.contains(" more are doubtful, and no rule that is on doubts"), "{words}");
}

#[test]
fn the_company_s_place_must_be_one_where_something_can_be_said() {
    let read = |alerts: &str, capabilities: &str| {
        faults_of(&format!(
            "[daemon.alerts]\n{alerts}\n[bridge.example]\nsecret_env = \"X\"\nactions_url = \"http://x/\"\n\
             capabilities = [{capabilities}]\n"
        ))
    };
    let place = |name: &str| format!("platform = \"{name}\"\ngroup = 7");
    assert!(read(&place("example"), "\"send\"").is_empty());
    let faults = read(&place("exmaple"), "\"send\"");
    assert_eq!(told(&faults), ["a.toml:2:12 there is no bridge `exmaple`"]);
    assert_eq!(faults[0].help.as_deref(), Some("did you mean `example`?"));
    let faults = read(&place("example"), "\"private\"");
    assert_eq!(told(&faults), ["a.toml:2:12 the bot of `example` can tell this group nothing"]);
    let many: Vec<String> = (0..21).map(|user| user.to_string()).collect();
    let faults = read(&format!("{}\nusers = [{}]", place("example"), many.join(", ")), "\"send\"");
    assert_eq!(told(&faults), ["a.toml:4:80 `users` has 21 ids, more than 20"]);
    assert!(read(&(place("example") + "\nusers = [\"boss\"]"), "\"private\"").is_empty());
}

#[test]
fn a_list_without_words_is_told_of_where_its_rule_is_on() {
    let told = |more: &str| {
        let rule = format!(
            "[[rule]]\nname = \"ads.x\"\nkind = \"keywords\"\ntitle = \"广告\"\nlists = [\"none.txt\"]\nmiss = [\"好\"]\n{more}"
        );
        let files = [("a.toml".to_owned(), rule), ("none.txt".to_owned(), "# 还没有写\n".to_owned())];
        let faults =
            from_files(Path::new("config"), &files, &no_env).map_or_else(|faults| faults, |config| config.warnings);
        faults.iter().map(|fault| fault.message.clone()).filter(|told| !told.contains("no `hit`")).collect::<Vec<_>>()
    };
    let warning = "the list `none.txt` has no words: the rule finds nothing by it";
    assert_eq!(told(""), [warning]);
    assert_eq!(told("mode = \"off\""), [""; 0]);
    let told = told("hit = [\"加微信\"]");
    assert!(told.iter().any(|told| told == warning), "{told:?}");
    assert!(told.iter().any(|told| told == "`ads.x` does not find this example: its lists have no words"), "{told:?}");
}
