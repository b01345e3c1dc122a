//! What depends on when a message was sent and how new its sender is.

use super::*;

/// What is found in a message at a time, as its matched characters.
fn at(rules: &Ruleset, content: Vec<Segment>, moment: Moment<'_>, earlier: Option<&Recent>) -> Vec<String> {
    let message = message(content);
    let settings = vec![setting(); rules.infos().len()];
    let mut scratch = Scratch::default();
    rules.find(&message, &mut scratch);
    rules.find_at(&message, moment, earlier.map(|recent| (recent, MEMBER)), &settings, &mut scratch);
    shown(rules, &scratch).into_iter().map(|(_, matched)| matched).collect()
}

const MEMBER: MemberKey = MemberKey(1 << 8 | 1);

fn text(text: &str) -> Vec<Segment> {
    vec![Segment::Text(text.into())]
}

fn is_quiet(rules: &Ruleset, zone: &TimeZone, time: &str) -> bool {
    let time = Timestamp::parse(time).unwrap();
    let moment = Moment { time, zone, joined: None, edited: false };
    !at(rules, text("在吗"), moment, None).is_empty()
}

#[test]
fn a_night_goes_over_midnight_in_the_zone_of_the_group() {
    let rules = rules("[quiet_hours]\nfrom = \"22:00\"\nto = \"8：00\"");
    let shanghai = TimeZone::get("Asia/Shanghai").unwrap();
    let rows = [
        ("2026-11-23T21:59:59+08:00", false),
        ("2026-11-23T22:00:00+08:00", true),
        ("2026-11-24T00:00:00+08:00", true),
        ("2026-11-24T07:59:59+08:00", true),
        ("2026-11-24T08:00:00+08:00", false),
        ("2026-11-23T14:00:00Z", true),
    ];
    for (time, quiet) in rows {
        assert_eq!(is_quiet(&rules, &shanghai, time), quiet, "{time}");
    }
    assert!(!is_quiet(&rules, &TimeZone::get("Asia/Urumqi").unwrap(), "2026-11-23T22:00:00+08:00"));
    let whole = self::rules("[quiet_hours]\nfrom = \"00:00\"\nto = \"24:00\"");
    assert!(is_quiet(&whole, &shanghai, "2026-11-23T00:00:00+08:00"));
    assert!(is_quiet(&whole, &shanghai, "2026-11-23T23:59:59+08:00"));
}

#[test]
fn a_night_belongs_to_the_day_it_begins_on() {
    let rules = rules("[quiet_hours]\nfrom = \"22:00\"\nto = \"08:00\"\ndays = [\"fri\"]");
    let rows = [
        ("2026-11-27T21:00:00Z", false), // Friday
        ("2026-11-27T22:00:00Z", true),
        ("2026-11-28T07:00:00Z", true),
        ("2026-11-28T22:00:00Z", false),
        ("2026-11-27T07:00:00Z", false),
    ];
    for (time, quiet) in rows {
        assert_eq!(is_quiet(&rules, &TimeZone::UTC, time), quiet, "{time}");
    }
}

#[test]
fn clocks_that_are_turned_in_the_night_change_nothing() {
    let rules = rules("[quiet_hours]\nfrom = \"01:30\"\nto = \"02:30\"");
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    let rows = [
        // From 02:00 straight to 03:00.
        ("2026-03-29T01:30:00+01:00", true),
        ("2026-03-29T01:59:59+01:00", true),
        ("2026-03-29T03:00:00+02:00", false),
        // 02:00 to 03:00 twice.
        ("2026-10-25T02:29:00+02:00", true),
        ("2026-10-25T02:31:00+02:00", false),
        ("2026-10-25T02:29:00+01:00", true),
        ("2026-10-25T02:31:00+01:00", false),
    ];
    for (time, quiet) in rows {
        assert_eq!(is_quiet(&rules, &berlin, time), quiet, "{time}");
    }
}

#[test]
fn a_night_may_be_quiet_for_some_things_only() {
    let rules = rules("[quiet_hours]\nfrom = \"22:00\"\nto = \"08:00\"\nonly = [\"image\", \"link\"]\ncharacters = 5");
    let night = moment(23 * 3600);
    assert_eq!(at(&rules, text("有人在吗"), night, None), [""; 0]);
    assert_eq!(at(&rules, text("有人在吗？？"), night, None), ["有人在吗？？"]);
    let picture = vec![Segment::Image { url: None }];
    assert_eq!(at(&rules, picture.clone(), night, None), ["\u{FFFC}"]);
    assert_eq!(at(&rules, text("a.cn"), night, None), ["a.cn"]);
    assert_eq!(at(&rules, picture.clone(), moment(12 * 3600), None), [""; 0]);
    assert_eq!(at(&rules, picture.clone(), Moment { edited: true, ..night }, None), [""; 0]);
    let off = vec![RuleSetting { mode: Mode::Off, ..setting() }];
    let mut scratch = Scratch::default();
    rules.find(&message(picture.clone()), &mut scratch);
    rules.find_at(&message(picture), night, None, &off, &mut scratch);
    assert!(scratch.hits.is_empty(), "a rule that is off is not asked");
}

#[test]
fn new_members_may_not_do_everything() {
    let rules = rules("[newcomers]\nhours = 2\nforbid = [\"link\", \"image\", \"contact\"]");
    let after = |seconds: i64| Moment { joined: Some(Timestamp(0)), ..moment(seconds) };
    let found = |moment, said: &str| at(&rules, text(said), moment, None);
    assert_eq!(found(after(60), "看 a.cn"), ["a.cn"]);
    assert_eq!(found(after(60), "微信号：lily_2020 找我"), ["微信号：lily_2020"]);
    assert_eq!(found(after(60), "电话 138 1234 5678"), ["138 1234 5678"]);
    assert_eq!(found(after(60), "大家好，我住3栋502"), [""; 0]);
    assert_eq!(found(after(2 * 3600 - 1), "看 a.cn"), ["a.cn"]);
    assert_eq!(found(after(2 * 3600), "看 a.cn"), [""; 0]);
    assert_eq!(found(moment(60), "看 a.cn"), [""; 0], "nobody knows when they came");
    assert_eq!(found(after(-30), "看 a.cn"), ["a.cn"], "told out of order");
    assert_eq!(found(after(-3600), "看 a.cn"), [""; 0], "said when they were here before");
    assert_eq!(found(Moment { edited: true, ..after(60) }, "看 a.cn"), ["a.cn"]);
}

#[test]
fn who_has_said_enough_is_not_new_any_more() {
    let rules = rules("[newcomers]\nhours = 24\nmessages = 3\nforbid = [\"link\"]");
    assert_eq!(rules.needs().times, Duration::from_secs(24 * 3600));
    let mut recent = Recent::default();
    let said = |recent: &mut Recent, seconds| {
        recent.note(rules.needs(), &sighting(1, 1, seconds, &Text::default()));
        let moment = Moment { joined: Some(Timestamp(100_000)), ..moment(seconds) };
        at(&rules, text("看 a.cn"), moment, Some(recent)).len()
    };
    let times = [50, 100, 110, 120, 130];
    let found: Vec<_> = times.into_iter().map(|at| said(&mut recent, at)).collect();
    assert_eq!(found, [1, 1, 1, 1, 0], "what they said before they came does not count");
}

#[test]
fn new_members_may_not_say_too_much() {
    let rules = rules("[newcomers]\nhours = 1\nwindows = [{ messages = 2, seconds = 60 }]");
    let (mut recent, mut scratch) = (Recent::default(), Scratch::default());
    let mut say = |seconds, joined: Option<i64>| {
        rules.find_in_text("好", &mut scratch);
        let seen = sighting(1, 1, seconds, &scratch.text);
        recent.note(rules.needs(), &seen);
        let moment = Moment { joined: joined.map(|at| Timestamp(at * 1000)), ..moment(seconds) };
        rules.find_recent(&recent, &seen, &Message::default(), moment, &mut scratch);
        scratch.hits.len()
    };
    assert_eq!([0, 10, 20].map(|at| say(at, Some(0))), [0, 0, 1]);
    assert_eq!([21, 3600].map(|at| say(at, None)), [0, 0]);
    assert_eq!([3610, 3620, 3630].map(|at| say(at, Some(0))), [0, 0, 0]);
}
