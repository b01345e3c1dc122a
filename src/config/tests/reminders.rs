//! What can be wrong with reminders, and what is sound.

use super::{faults_of, no_env, read, told};
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
