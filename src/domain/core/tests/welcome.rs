//! Who comes is welcomed once, in good time, by a name that does no harm; a raid is not welcomed.

use super::*;
use crate::domain::action::WELCOME_DEADLINE;
use crate::domain::case::{ByWhom, Halt};

fn named(user: &str, name: &str) -> Person {
    Person { id: user.into(), name: name.into(), role: None }
}

impl Bed {
    fn come(&mut self, members: &[Person]) -> Vec<Change> {
        self.come_at(members, None, self.now)
    }

    fn come_at(&mut self, members: &[Person], channel: Option<&str>, time: Timestamp) -> Vec<Change> {
        let channel = channel.map(Into::into);
        self.event(Kind::Joined { members: members.to_vec(), inviter: None, channel }, time)
    }

    fn leave(&mut self, user: &str) -> Vec<Change> {
        let now = self.now;
        self.event(Kind::Left { members: vec![person(user)], reason: None }, now)
    }

    fn welcome_after(&mut self, time: Duration) -> Vec<Change> {
        self.pass(time);
        self.tick()
    }
}

fn only(changes: &[Change]) -> Arc<Action> {
    let acts = acts(changes);
    assert_eq!(acts.len(), 1, "{acts:#?}");
    acts[0].clone()
}

fn text(changes: &[Change]) -> String {
    texts(changes).concat()
}

#[test]
fn one_who_comes_is_welcomed_at_the_end_of_the_window_with_the_short_rules() {
    let mut bed = Bed::new();
    assert!(acts(&bed.come(&[person("1")])).is_empty());
    assert!(bed.welcome_after(MINUTE - Duration::from_millis(1)).is_empty());
    let changes = bed.welcome_after(Duration::from_millis(1));
    let action = only(&changes);
    assert_eq!((said(&changes), action.lane), (vec!["send welcome".to_owned()], Lane::Welcome));
    assert_eq!(action.cause.event.as_deref(), Some("e-1"));
    assert_eq!(action.deadline, NOW.plus(WELCOME_DEADLINE));
    let What::Send { text, mentions } = &action.what else { panic!("{action:?}") };
    assert!(text.contains("@小1 加入") && text.contains("不发广告") && !text.contains("位"), "{text}");
    assert_eq!(mentions[..], ["1".into()]);
    assert!(bed.welcome_after(DAY).is_empty(), "once");
}

#[test]
fn those_who_come_within_the_window_get_one_welcome_and_later_ones_another() {
    let mut bed = Bed::with(|policy| policy.welcome.names = 3);
    for user in ["1", "2", "3", "4"] {
        bed.come(&[person(user)]);
        bed.pass(15 * SECOND);
    }
    let first = bed.tick();
    bed.come(&[person("5")]);
    assert!(text(&first).contains("@小1、@小2、@小3 等 4 位"), "{first:?}");
    let What::Send { mentions, .. } = &only(&first).what else { panic!("{first:?}") };
    assert_eq!(mentions.len(), 4, "all are told");
    let second = bed.welcome_after(MINUTE);
    assert!(text(&second).contains("@小5 加入"), "{second:?}");
    assert_ne!(only(&first).id, only(&second).id);
}

#[test]
fn who_left_or_has_another_name_meanwhile() {
    let mut bed = Bed::new();
    bed.come(&[person("1"), person("2"), person("3")]);
    bed.leave("1");
    let now = bed.now;
    bed.event(Kind::Renamed { member: named("2", "坏话之王") }, now);
    let welcome = text(&bed.welcome_after(MINUTE));
    assert!(welcome.contains("@坏＊＊＊、@小3 加入") && !welcome.contains("小1"), "{welcome}");
    bed.come(&[person("4")]);
    bed.leave("4");
    assert!(acts(&bed.welcome_after(MINUTE)).is_empty(), "all of them left");
}

#[test]
fn who_was_removed_meanwhile_is_not_welcomed() {
    for (outcome, welcomed) in [(Outcome::Done { message: None }, false), (Outcome::Expired, true)] {
        let mut bed = Bed::with(|policy| policy.ladder = [Step::Remove].into());
        bed.come(&[person("1")]);
        let changes = bed.say("1", BAD);
        let removal = acts(&changes).into_iter().find(|action| action.what.name() == "remove").expect("a removal");
        bed.end(&removal, &outcome);
        assert_eq!(said(&bed.welcome_after(MINUTE)).contains(&"send welcome".to_owned()), welcomed, "{outcome:?}");
    }
}

#[test]
fn who_comes_again_is_welcomed_once_a_day() {
    let mut bed = Bed::new();
    bed.come(&[person("1")]);
    bed.come(&[person("1")]); // told twice, under another id
    bed.leave("1");
    bed.come(&[person("1")]);
    assert_eq!(text(&bed.welcome_after(MINUTE)).matches("小1").count(), 1);
    bed.leave("1");
    bed.come(&[person("1")]);
    assert!(acts(&bed.welcome_after(MINUTE)).is_empty());
    bed.leave("1");
    bed.pass(DAY);
    bed.come(&[person("1")]);
    assert_eq!(said(&bed.welcome_after(MINUTE)), ["send welcome"]);
}

#[test]
fn who_runs_the_group_and_programs_are_not_welcomed() {
    let mut bed = Bed::new();
    bed.say_as(with_role("5", Role::Admin), "早");
    let people = [with_role("1", Role::Owner), with_role("2", Role::Bot), person("named"), person("bot"), person("5")];
    bed.come(&people);
    assert!(acts(&bed.welcome_after(MINUTE)).is_empty());
    bed.leave("5");
    bed.come(&[person("5")]);
    assert_eq!(said(&bed.welcome_after(MINUTE)), ["send welcome"], "who comes back is no admin any more");
}

#[test]
fn a_raid_is_not_welcomed_and_the_admins_are_told_once() {
    let mut bed = Bed::with(|policy| policy.welcome.raid_joins = 5);
    let mut alerts = Vec::new();
    for user in 0..5 {
        alerts.extend(bed.come(&[person(&user.to_string())]));
    }
    assert!(acts(&alerts).is_empty(), "five are no raid");
    for user in 5..40 {
        bed.pass(5 * SECOND);
        alerts.extend(bed.come(&[person(&user.to_string())]));
        alerts.extend(bed.tick());
    }
    assert_eq!(said(&alerts), ["task alert"]);
    assert!(text(&alerts).contains("6 人") && text(&alerts).contains("60 秒"), "{}", text(&alerts));
    bed.pass(MINUTE); // a window after the last join beyond the limit: still of the raid
    let now = bed.now;
    assert!(acts(&bed.come_at(&[person("a")], None, now)).is_empty());
    assert!(acts(&bed.welcome_after(MINUTE)).is_empty());
    bed.come(&[person("b")]);
    assert!(text(&bed.welcome_after(MINUTE)).contains("@小b 加入"), "all is as it was");
    let again = bed.come(&(100..150).map(|user| person(&user.to_string())).collect::<Vec<_>>());
    assert!(text(&again).contains("50 人"), "the next raid is told again: {again:?}");
}

#[test]
fn a_raid_is_counted_by_the_platform_s_time() {
    let few = |policy: &mut Policy| policy.welcome.raid_joins = 3;
    let mut bed = Bed::with(few);
    for user in 0..4 {
        let time = NOW.minus((4 - user) * MINUTE);
        assert!(acts(&bed.come_at(&[person(&user.to_string())], None, time)).is_empty(), "one a minute");
    }
    let welcome = bed.welcome_after(MINUTE);
    assert!(text(&welcome).contains("@小0、@小1、@小2、@小3 加入"), "what came at once gets one welcome: {welcome:?}");
    assert_eq!(only(&welcome).deadline, NOW.minus(4 * MINUTE).plus(WELCOME_DEADLINE), "of the oldest");
    let mut bed = Bed::with(few);
    let mut all = Vec::new();
    for user in 0..4 {
        all.extend(bed.come_at(&[person(&user.to_string())], None, NOW)); // delivered slowly
        bed.pass(2 * MINUTE);
        all.extend(bed.tick());
    }
    assert_eq!(said(&all), ["send welcome", "send welcome", "send welcome", "task alert"]);
}

#[test]
fn nobody_is_welcomed_late() {
    let mut bed = Bed::new();
    let late = NOW.minus(WELCOME_DEADLINE);
    bed.come_at(&[person("1")], None, late);
    bed.come_at(&[person("2")], None, Timestamp(late.0 + 1));
    assert!(acts(&bed.welcome_after(MINUTE)).is_empty(), "one came too late, the other is too late by now");
    bed.come(&[person("3")]);
    bed.pass(9 * MINUTE);
    bed.come(&[person("4")]);
    bed.pass(2 * MINUTE); // the daemon was down when the timer was due
    let welcome = bed.tick();
    assert!(text(&welcome).contains("@小4 加入"), "{welcome:?}");
}

#[test]
fn a_join_channel_adds_its_text() {
    let mut bed = Bed::with(|policy| {
        policy.welcome.channels = Arc::new([("qr".into(), "凭小票领礼物。".into())].into());
    });
    let now = bed.now;
    bed.come_at(&[person("1"), person("2")], Some("qr"), now);
    let all = text(&bed.welcome_after(MINUTE));
    assert!(all.contains("加入本群！凭小票领礼物。"), "{all}");
    let now = bed.now;
    bed.come_at(&[person("3")], Some("qr"), now);
    bed.come_at(&[person("4")], Some("other"), now);
    bed.come(&[person("5")]);
    let some = text(&bed.welcome_after(MINUTE));
    assert!(some.contains("加入本群！@小3：凭小票领礼物。"), "{some}");
}

#[test]
fn under_observe_it_is_written_and_when_off_it_is_not() {
    let mut bed = Bed::with(|policy| policy.mode = Mode::Observe);
    bed.come(&[person("1")]);
    assert_eq!(said(&bed.welcome_after(MINUTE)), ["send welcome?"]);
    let many: Vec<Person> = (0..30).map(|user| person(&format!("r{user}"))).collect();
    assert_eq!(said(&bed.come(&many)), ["task alert?"]);
    for off in [|policy: &mut Policy| policy.mode = Mode::Off, |policy: &mut Policy| policy.welcome.on = false] {
        let mut bed = Bed::with(off);
        bed.come(&[person("1")]);
        assert!(acts(&bed.welcome_after(MINUTE)).is_empty());
    }
    let mut bed = Bed::new();
    bed.come(&[person("1")]);
    bed.mode(Mode::Off);
    assert!(acts(&bed.welcome_after(MINUTE)).is_empty(), "it was switched off within the window");
}

#[test]
fn a_group_that_was_stopped_within_the_window_is_not_welcomed() {
    let mut bed = Bed::new();
    bed.come(&[person("1")]);
    bed.pass(10 * SECOND);
    bed.say_as(with_role("boss", Role::Admin), "/停");
    assert_eq!(said(&bed.welcome_after(50 * SECOND)), ["send welcome?"]);
    let mut bed = Bed::new();
    bed.come(&[person("1")]);
    let by = ByWhom { by: "operator".into(), name: "值班".to_owned(), at: bed.now };
    bed.core.pause_all(&Halt::Said { stop: true, by }, bed.now, &mut Vec::new());
    assert_eq!(said(&bed.welcome_after(MINUTE)), ["send welcome?"]);
}

#[test]
fn without_a_voice_in_the_group_each_is_told_alone_and_without_any_nobody() {
    let mut bed = Bed::without(&[Capability::Send]);
    bed.come(&[person("1"), person("2")]);
    let changes = bed.welcome_after(MINUTE);
    assert_eq!(said(&changes), ["private welcome", "private welcome"]);
    assert!(texts(&changes)[1].starts_with("小2，"), "{:?}", texts(&changes));
    bed.come(&(10..30).map(|user| person(&user.to_string())).collect::<Vec<_>>());
    assert_eq!(acts(&bed.welcome_after(MINUTE)).len(), 20, "at most");
    let mut bed = Bed::without(&[Capability::Send, Capability::Private]);
    bed.come(&[person("1")]);
    assert!(acts(&bed.welcome_after(MINUTE)).is_empty());
}

#[test]
fn names_do_no_harm() {
    for (name, shown) in [
        ("@所有人", "@所＊＊ 加入"),
        ("a\u{202E}b\u{2066}c", "@abc 加入"),
        ("一\n二\u{0}", "@一二 加入"),
        ("{{ short_rules }}{% raw %}", "@{{ short_rules }}{% raw %} 加入"),
        ("我爱坏话", "@我＊＊＊ 加入"),
        ("", "@9 加入"),
        (&"长".repeat(200), &format!("@{}… 加入", "长".repeat(31))),
    ] {
        let mut bed = Bed::new();
        bed.come(&[named("9", name)]);
        let welcome = text(&bed.welcome_after(MINUTE));
        assert!(welcome.starts_with(&format!("欢迎 {shown}")), "{name:?}: {welcome}");
    }
}

#[test]
fn a_welcome_that_failed_is_told_and_one_that_came_too_late_is_not() {
    let mut bed = Bed::new();
    bed.come(&[person("1")]);
    let welcome = only(&bed.welcome_after(MINUTE));
    assert_eq!(said(&bed.end(&welcome, &Outcome::Failed { error: "400".to_owned() })), ["task alert"]);
    assert!(acts(&bed.end(&welcome, &Outcome::Expired)).is_empty());
    assert!(acts(&bed.end(&welcome, &Outcome::Uncertain { error: "?".to_owned() })).is_empty());
}

#[test]
fn what_is_remembered_of_a_group_is_bounded() {
    let mut bed = Bed::with(|policy| policy.welcome.raid_joins = 20);
    for user in 0..2000 {
        bed.come(&[person(&user.to_string())]);
        if user % 15 == 0 {
            bed.welcome_after(2 * MINUTE);
        }
        if user > 1900 {
            bed.come(&(0..100).map(|at| person(&format!("{user}-{at}"))).collect::<Vec<_>>());
        }
    }
    let kept = bed.core.state.group(GroupKey::new("p", "g1")).newcomers.clone().unwrap();
    assert!(kept.joins.len() <= 21 && kept.waiting.len() <= 20 && kept.welcomed.len() == 50, "{kept:?}");
}
