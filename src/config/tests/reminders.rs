//! What can be wrong with reminders, and what is sound.

use std::fs;

use super::{Files, TEST_KINDS, build, faults_of, no_env, read, settings_from_files, told};
use crate::domain::image::{Image, LARGEST};
use crate::domain::policy::Mode;
use crate::domain::schedule::{InQuiet, QuietHours, Times};

/// A reminder with these lines.
fn with(lines: &str) -> String {
    format!("[[reminder]]\nname = \"晨会\"\ntext = \"开会\"\n{lines}")
}

#[test]
fn every_mistake_is_told_at_its_line_with_what_to_write() {
    let rows = [
        ("cron = \"0 25 * * *\"", "4:8 `0 25 * * *` is no cron expression: ", "9:00 on workdays"),
        ("cron = \"每天9点\"", "4:8 `每天9点` is no cron expression: ", "minute hour day month weekday"),
        ("cron = \"0 0 30 2 *\"", "4:8 there is no such time: it would never be said", "day, month and year"),
        ("cron = \"* * * * * *\"", "4:8 it would be said every 1 seconds", "once a minute is the most"),
        ("cron = \"0,30 0 9 * * *\"", "4:8 it would be said every 30 seconds", "once a minute is the most"),
        ("at = \"明天9点\"", "4:6 `明天9点` is no day and time", "at = \"2026-12-01 09:00\""),
        ("at = \"2099-12-01\"", "4:6 `2099-12-01` is no day and time", "at = \"2026-12-01 09:00\""),
        ("at = 2099-12-01 09:00:00", "4:6 `at` takes a text in quotes, but this is a date or time", "at = \"…\""),
        ("at = \"2020-12-01 09:00\"", "4:6 this time is past: it will not be said", "a time to come"),
        (
            "at = \"2099-12-01 09:00\"\ncron = \"0 9 * * *\"",
            "5:8 the reminder `晨会` has both `at` and `cron`",
            "keep one",
        ),
        ("mode = \"on\"", "1:1 the reminder `晨会` needs `at`", "cron = \"0 9 * * MON-FRI\""),
        (
            "cron = \"0 9 * * *\"\ntimezone = \"Asia/Shanghei\"",
            "5:12 there is no time zone `Asia/Shanghei`",
            "Asia/Shanghai",
        ),
        (
            "cron = \"0 9 * * *\"\nprofiles = [\"defalt\"]",
            "5:13 there is no profile `defalt`",
            "did you mean `default`?",
        ),
        ("cron = \"0 9 * * *\"\ngroups = []", "5:10 `groups` of the reminder `晨会` names none", "for all groups"),
        (
            "cron = \"0 9 * * *\"\ngrace_minutes = 0",
            "5:17 `grace_minutes` must be from 1 to 1440 minutes",
            "10 is usual",
        ),
        (
            "cron = \"0 9 * * *\"\nin_quiet_hours = \"wait\"",
            "5:18 `in_quiet_hours` cannot be `wait`",
            "`defer`, `skip`, `send`",
        ),
        (
            "cron = \"0 9 * * *\"\ngroup = \"g1\"",
            "5:1 unknown key `group` in the reminder `晨会`",
            "did you mean `groups`?",
        ),
        (
            "cron = \"0 9 * * *\"\nannounce = \"yes\"",
            "5:12 `announce` takes true or false, but this is a text",
            "announce = true",
        ),
        (
            "cron = \"0 23 * * *\"\nin_quiet_hours = \"skip\"",
            "4:8 all its times lie in quiet hours",
            "\"send\" or \"defer\"",
        ),
        (
            "at = \"2099-03-29 02:30\"\ntimezone = \"Europe/Berlin\"",
            "4:6 the clocks skip this time",
            "the moment they are put forward",
        ),
    ];
    for (lines, message, help) in rows {
        let faults = faults_of(&with(lines));
        assert_eq!(faults.len(), 1, "{lines}: {:#?}", told(&faults));
        assert!(told(&faults)[0].starts_with(&format!("a.toml:{message}")), "{lines}: {}", told(&faults)[0]);
        assert!(faults[0].help.as_deref().unwrap_or_default().contains(help), "{lines}: {:?}", faults[0].help);
    }
}

#[test]
fn names_texts_and_headings_are_looked_at() {
    let ok = "cron = \"0 9 * * *\"\n";
    let rows = [
        (format!("[[reminder]]\ntext = \"x\"\n{ok}"), "a.toml:1:1 [[reminder]] needs `name`"),
        (format!("[[reminder]]\nname = \"a\"\n{ok}"), "a.toml:1:1 the reminder `a` needs `text`"),
        (
            format!("[[reminder]]\nname = \"a\"\ntext = \"{{{{ dat }}}}\"\n{ok}"),
            "a.toml:3:8 `text` is no sound template: unknown variable `dat`; did you mean `date`?",
        ),
        (
            format!("[[reminder]]\nname = \"a\"\ntext = \"{}\"\n{ok}", "长".repeat(301)),
            "a.toml:3:8 `text` has 301 characters, more than 300",
        ),
        (with(ok) + &with(ok), "a.toml:6:8 there is a reminder `晨会` already, at a.toml:2"),
        (format!("[reminder]\nname = \"a\"\n{ok}"), "a.toml:1:2 a reminder begins with `[[reminder]]`"),
        ("[profile.default.reminders]\nquiet_hours = \"22-8\"".to_owned(), "a.toml:2:15 `22-8` are no quiet hours"),
        (
            format!("[daemon]\nunknown_groups = \"ignore\"\n[group.g1]\n{}groups = [\"g2\"]", with(ok)),
            "a.toml:8:11 the group `g2` is not looked after: no [group.\"…\"] names it",
        ),
    ];
    for (text, message) in rows {
        let told = told(&faults_of(&text));
        assert!(told.len() == 1 && told[0].starts_with(message), "{text}: {told:#?}");
    }
}

#[test]
fn what_is_written_is_what_holds() {
    let text = "[group.g1.reminders]\nquiet_hours = \"none\"\nlimit = 3\n[[reminder]]\nname = \"a\"\ntext = \"x\"\nat = \"2099-01-01 09:00\"\n\
                groups = [\"g1\", 7]\ngrace_minutes = 30\nin_quiet_hours = \"send\"\nmode = \"observe\"\nannounce = true\n";
    let list = [
        ("a.toml", text),
        ("b.toml", "[[reminder]]\nname = \"b\"\ntext = \"y\"\nat = \"2099-01-01T09:00:00+09:00\"\n"),
    ];
    let config = read(&list, &no_env).unwrap_or_else(|faults| panic!("{:#?}", told(&faults)));
    let [a, b] = &config.settings.reminders[..] else { panic!("{:?}", config.settings.reminders) };
    let (first, g1) = (config.settings.policy("g1"), config.settings.policy("g2"));
    assert_eq!((first.reminders.quiet_hours, first.reminders.limit), (None, 3));
    assert_eq!((g1.reminders.quiet_hours, g1.reminders.limit), (QuietHours::parse("22:00-08:00"), 50));
    assert!(matches!((&a.times, &b.times), (Times::Once(_), Times::At(_))));
    assert_eq!((a.grace.as_secs(), a.in_quiet, a.mode, a.announce), (1800, InQuiet::Send, Mode::Observe, true));
    assert!(a.to.has("7", g1) && !a.to.has("g2", g1) && b.to.has("g2", g1));
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n, one";
const JPEG: &[u8] = b"\xff\xd8\xff, another";

/// A reminder that shows this.
fn showing(name: &str, image: &str) -> String {
    format!("[[reminder]]\nname = \"{name}\"\ntext = \"开会\"\nimage = \"{image}\"\ncron = \"0 9 * * *\"\n")
}

#[test]
fn an_image_that_cannot_be_used_is_told_at_its_line_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(dir.path().join(name), bytes).unwrap();
    write("big.png", &[PNG, &vec![0; LARGEST]].concat());
    write("gif.png", b"GIF89a");
    write("empty.png", b"");
    write("list.txt", "新盘开售".as_bytes());
    let rows = [
        ("none.png", "none.png: the file cannot be read: "),
        ("big.png", "big.png: the file is longer than 2 MiB"),
        ("gif.png", "gif.png: this is neither PNG nor JPEG"),
        ("empty.png", "empty.png: this is neither PNG nor JPEG"),
        ("list.txt", "list.txt: this is neither PNG nor JPEG"),
        (".", "this is not a file"),
        ("../", "this is not a file"),
        ("a.toml", "a.toml: this is neither PNG nor JPEG"),
        ("/dev/zero", "/dev/zero: this is not a file"),
        ("/proc/version", "/proc/version: this is not a file on a disk"),
        ("a\\u0000.png", "the file cannot be read: "),
        ("https://example.com/a.png", "the file cannot be read: "),
    ];
    for (path, message) in rows {
        write("a.toml", showing("晨会", path).as_bytes());
        let faults = build(Files::on_disk(dir.path()), TEST_KINDS, &no_env).unwrap_err();
        assert_eq!(faults.len(), 1, "{path}: {:#?}", told(&faults));
        let fault = &faults[0];
        assert!(fault.file.ends_with("a.toml") && (fault.line, fault.column) == (4, 9), "{path}: {fault:?}");
        assert!(fault.message.starts_with("the picture cannot be used: "), "{path}: {}", fault.message);
        assert!(fault.message.contains(message), "{path}: {}", fault.message);
        assert!(fault.help.as_deref().unwrap_or_default().contains("PNG or JPEG file of at most 2 MiB"), "{path}");
    }
    let faults = faults_of("[[reminder]]\nname = \"a\"\nimage = \"\"\ncron = \"0 9 * * *\"\n");
    assert!(told(&faults)[0].starts_with("a.toml:3:9 `image` is empty"), "{:#?}", told(&faults));
}

#[test]
fn an_image_is_kept_as_a_note_and_has_its_bytes_from_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("config");
    fs::create_dir_all(config.join("more")).unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(config.join(name), bytes).unwrap();
    write("poster.jpg", PNG); // by its content, not by its name
    write("../art.jpg", JPEG);
    write("a.toml", (showing("a", "poster.jpg") + &showing("b", "../art.jpg")).as_bytes());
    let alone = showing("c", "../poster.jpg").replace("text = \"开会\"\n", "");
    write("more/c.toml", (alone + &showing("d", "../../art.jpg").replace("开会", "")).as_bytes());
    let from_disk = || build(Files::on_disk(&config), TEST_KINDS, &no_env).unwrap();
    let first = from_disk();
    let images: Vec<Image> = first.settings.reminders.iter().map(|one| one.image.clone().unwrap()).collect();
    let kinds: Vec<_> = images.iter().map(|image| (&*image.name, image.media.as_str(), image.shown())).collect();
    let (poster, art) = (("poster.jpg", "image/png", "poster.jpg"), ("../art.jpg", "image/jpeg", "art.jpg"));
    assert_eq!(kinds, [poster, art, poster, art]);
    assert!(images.iter().all(|image| image.bytes.is_some()));
    let texts: Vec<bool> = first.settings.reminders.iter().map(|one| one.text.is_some()).collect();
    assert_eq!(texts, [true, true, false, false]);
    let size: usize = first.files.iter().filter(|(name, _)| name.ends_with(".jpg")).map(|(_, note)| note.len()).sum();
    assert!((1..200).contains(&size), "{:?}", first.files);
    assert_eq!(first.size.words, 0, "it is no word list");

    let kept = || build(Files::kept(&config, &first.files), TEST_KINDS, &no_env).unwrap();
    let has_bytes = || -> Vec<bool> {
        let again = kept();
        assert_eq!((&again.settings.version, &again.files), (&first.settings.version, &first.files));
        again.settings.reminders.iter().map(|one| one.image.as_ref().unwrap().bytes.is_some()).collect()
    };
    assert_eq!(has_bytes(), [true; 4]);
    write("poster.jpg", &[PNG, b"!"].concat());
    fs::remove_file(config.join("../art.jpg")).unwrap();
    assert_eq!(has_bytes(), [false; 4], "one is another, one is gone");
    let settings = settings_from_files(&first.files).unwrap();
    let named: Vec<Image> = settings.reminders.iter().map(|one| one.image.clone().unwrap()).collect();
    assert_eq!(named, images.iter().map(Image::named).collect::<Vec<_>>());
    write("../art.jpg", JPEG);
    assert_ne!(from_disk().settings.version, first.settings.version, "another picture is another version");
}

#[test]
fn groups_whose_bots_cannot_send_pictures_are_named() {
    let note = Image::new("p.png", PNG.to_vec()).unwrap().to_note();
    let bridge = |name: &str, can: &str| {
        format!("[bridge.{name}]\nsecret_env = \"X\"\nactions_url = \"http://x/\"\ncapabilities = [{can}]\n")
    };
    let corp = "[wecom.corp]\ncorp_id = \"ww1\"\n[wecom.corp.app.a]\nsecret_env = \"S\"\nagent_id = 1\n[wecom.corp.group.wrA]\n\
                robot_env = \"R\"\n[wecom.corp.group.chat]\nkind = \"app\"\n[group.wrA]\n[group.chat]\n";
    let poster = showing("a", "p.png");
    let only = |groups: &str| poster.clone() + &format!("groups = [{groups}]\n");
    let rows = [
        (bridge("b", "\"send\"") + &poster, Some("the bot `b`")),
        (bridge("b", "\"send\", \"image\"") + &poster, None),
        (bridge("b", "\"send\"") + &poster + "mode = \"off\"\n", None),
        (bridge("b", "\"send\"") + &bridge("c", "\"announce\"") + &poster, Some("the bot `b`, `c`")),
        (corp.to_owned() + &only("\"wrA\""), None),
        (corp.to_owned() + &only("\"wrA\", \"chat\""), None),
        (corp.to_owned() + &bridge("b", "\"send\"") + &only("\"wrA\""), None),
        (corp.to_owned() + &bridge("b", "\"send\"") + &only("\"wrA\", \"g\""), Some("the bot `b`")),
        (corp.to_owned() + &poster, None),
        ("[wecom.corp]\ncorp_id = \"ww1\"\n".to_owned() + &poster, None), // where nothing is said, no text goes out alone
        (poster.clone(), None),
    ];
    let env = |name: &str| match name {
        "X" => Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()),
        "S" | "R" => Some("secret-0123456789".to_owned()),
        _ => None,
    };
    for (text, whose) in rows {
        let config = read(&[("a.toml", &text), ("p.png", &note)], &env).unwrap_or_else(|faults| panic!("{faults:#?}"));
        let of_pictures = config.warnings.iter().filter(|fault| fault.message.contains("cannot send pictures"));
        let said: Vec<_> = of_pictures.map(|fault| (fault.excerpt.trim(), fault.message.clone())).collect();
        let expected =
            whose.map(|whose| ("image = \"p.png\"", format!("this group's bot cannot send pictures: {whose}")));
        assert_eq!(said, expected.into_iter().collect::<Vec<_>>(), "{text}");
    }
}
