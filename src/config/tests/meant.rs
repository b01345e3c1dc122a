//! What is written is not what was probably meant: time zones, ids, a configuration that nobody delivers to.

use super::*;

#[test]
fn who_means_the_time_of_china_is_told_its_name() {
    let meant = [
        "GMT+8",
        "UTC+8",
        "utc+08:00",
        "GMT+0800",
        "UTC8",
        "+08:00",
        "+8",
        "＋8：00",
        "CST",
        "CST-8",
        "Asia/Beijing",
        "Beijing",
        "beijing time",
        "China",
        "China Standard Time",
        "Asia/Shenzhen",
        "Asia/Shanghia",
        "北京时间",
        "北京",
        "东八区",
    ];
    for zone in meant {
        let faults = faults_of(&format!("[daemon]\ntimezone = \"{zone}\""));
        assert_eq!(told(&faults), [format!("a.toml:2:12 there is no time zone `{zone}`")]);
        assert_eq!(faults[0].help.as_deref(), Some("did you mean `Asia/Shanghai`?"), "{zone}");
    }
    for zone in ["Asia/Shanghai", "PRC", "UTC", "Etc/GMT", "Etc/GMT+0", "Asia/Urumqi"] {
        assert!(faults_of(&format!("[daemon]\ntimezone = \"{zone}\"")).is_empty(), "{zone}");
    }
}

#[test]
fn ids_with_a_sign_too_many_are_warned_of() {
    // what is written, where, what is said, what it probably should be
    let rows = [
        ("[group.\"g7 \"]\nmode = \"on\"", (1, 8), "`g7 ` has blanks at an end", "probably \"g7\""),
        ("[group.g]\nadmins = [\"a\", \"lisi　\"]", (2, 16), "has blanks at an end", "probably \"lisi\""),
        ("[group.g]\nadmins = [\"lisi、wangwu\"]", (2, 11), "has `、` in it", "\"lisi\", \"wangwu\""),
        ("[group.g]\nadmins = [\"lisi， @wangwu\"]", (2, 11), "has `，` in it", "\"lisi\", \"wangwu\""),
        ("[group.g]\nallow = [\"lisi,\"]", (2, 10), "has a comma at an end", "probably \"lisi\""),
        ("[group.g]\nowner = \"@lisi\"", (2, 9), "begins with `@`", "probably \"lisi\""),
        ("[group.g.trial_admins]\n\"@lisi\" = \"2999-12-31\"", (2, 1), "begins with `@`", "probably \"lisi\""),
        ("[profile.vip]\nallow = [\"＠lisi\"]", (2, 10), "begins with `@`", "probably \"lisi\""),
    ];
    for (text, at, message, help) in rows {
        let config = read(&[("a.toml", text)], &no_env).unwrap_or_else(|faults| panic!("{faults:#?}"));
        let [fault] = &config.warnings[..] else { panic!("{text}\n{:#?}", config.warnings) };
        assert_eq!((fault.line, fault.column), at, "{text}\n{fault:#?}");
        assert!(fault.message.contains(message), "{text}\n{fault:#?}");
        assert!(fault.help.as_deref().is_some_and(|given| given.contains(help)), "{text}\n{fault:#?}");
    }
    let whole = ["u1", "张三", "a b", "@lisi:example.org", "wrOgQhDgAAMYQiS5ol9G7gK9JVAAAA"];
    for id in whole {
        let faults = faults_of(&format!("[group.\"{id}\"]\nadmins = [\"{id}\"]"));
        assert!(faults.is_empty(), "{faults:#?}");
    }
}

#[test]
fn a_configuration_that_nobody_delivers_to_says_so() {
    let notes = |text: &str| read(&[("a.toml", text)], &no_env).unwrap().notes;
    assert!(notes("[group.g]")[0].contains("nobody delivers messages"));
    let bridge = "[bridge.a]\nsecret_env = \"X\"\nactions_url = \"http://x/\"\ncapabilities = [\"send\"]\n";
    assert_eq!(notes(bridge), ["bridge a is off: X is not set"]);
}

#[test]
fn a_file_that_was_emptied_while_its_text_is_in_force_is_a_mistake() {
    let dir = tempfile::tempdir().unwrap();
    let text = "[group.g]\nmode = \"off\"\n";
    let before = [("a.toml", text), ("b.toml", " \n"), ("a.txt", text)];
    let in_force: Vec<_> = before.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let again = |text: &str| {
        fs::write(dir.path().join("a.toml"), text).unwrap();
        fs::write(dir.path().join("b.toml"), "").unwrap();
        let seen = load_with(dir.path(), &no_env).1;
        load_again(dir.path(), &no_env, &seen, &in_force).config
    };
    for empty in ["", " \r\n\t\n", "\u{FEFF}"] {
        let faults = again(empty).unwrap_err();
        let [fault] = &faults[..] else { panic!("{faults:#?}") };
        assert!(fault.file.ends_with("a.toml") && fault.message.contains("this file is empty"), "{fault:#?}");
        assert!(fault.help.as_deref().is_some_and(|help| help.contains("write a comment line")), "{fault:#?}");
    }
    assert!(again("# nothing\n").is_ok() && again(text).is_ok());
    fs::write(dir.path().join("a.toml"), "").unwrap();
    assert!(load(dir.path(), &no_env).is_ok(), "at a start nothing is in force");
    fs::remove_file(dir.path().join("a.toml")).unwrap();
    let seen = load_with(dir.path(), &no_env).1;
    assert!(load_again(dir.path(), &no_env, &seen, &in_force).config.is_ok(), "who takes a file away means it");
}

#[test]
fn a_word_list_that_was_emptied_while_its_words_are_in_force_is_a_mistake() {
    let dir = tempfile::tempdir().unwrap();
    let rule = "[[rule]]\nname = \"ads.my\"\nkind = \"keywords\"\ntitle = \"广告\"\nlists = [\"my.txt\"]\n";
    fs::write(dir.path().join("a.toml"), rule).unwrap();
    let in_force = [("a.toml".to_owned(), rule.to_owned()), ("my.txt".to_owned(), "火星旅游团\n".to_owned())];
    let again = |text: &str| {
        fs::write(dir.path().join("my.txt"), text).unwrap();
        let seen = load_with(dir.path(), &no_env).1;
        load_again(dir.path(), &no_env, &seen, &in_force).config
    };
    let faults = again("").unwrap_err();
    assert!(faults.iter().any(|fault| fault.file.ends_with("my.txt") && fault.message.contains("this file is empty")));
    assert!(again("# empty\n").is_ok() && again("火星旅游团\n").is_ok());
}

#[test]
fn a_profile_that_is_called_nearly_default_and_used_by_nobody_is_told() {
    for name in ["defualt", "Default", "\"默认\""] {
        let faults = faults_of(&format!("[profile.{name}]\nstrike_days = 3\n"));
        assert!(told(&faults).iter().any(|told| told.contains("no group uses the profile")), "{name}: {faults:#?}");
    }
    let faults = faults_of("[profile.strict]\nstrike_days = 3\n[profile.default]\nstrike_days = 3\n");
    assert_eq!(told(&faults), [""; 0]);
}

#[test]
fn a_group_that_a_reminder_calls_by_its_name_is_told() {
    let group = "[group.\"g-1\"]\nname = \"三号店\"\n";
    let advice = |to: &str| {
        let reminder =
            format!("[[reminder]]\nname = \"早\"\ntext = \"早\"\ncron = \"0 9 * * *\"\ngroups = [\"{to}\"]\n");
        let faults = faults_of(&format!("{group}{reminder}"));
        faults.into_iter().filter_map(|fault| fault.help).collect::<Vec<_>>()
    };
    assert!(advice("三号店").contains(&"write \"g-1\"".to_owned()), "{:?}", advice("三号店"));
    assert!(!advice("g-1").iter().any(|help| help.starts_with("write")), "{:?}", advice("g-1"));
}
