//! Which step a violation leads to: severities, strikes, bursts, roles, observing.

use super::*;

#[test]
fn severity_starts_further_up_and_strikes_go_up_from_there() {
    for (said_before, text, step) in [
        (&[][..], "坏话", "warn_private"),
        (&[], "重话", "warn_public"),
        (&[], "狠话", "mute"),
        (&[], "坏话和狠话", "mute"),
        (&["坏话"], "坏话", "warn_public"),
        (&["坏话"], "重话", "mute"),
        (&["坏话"], "狠话", "remove"),
        (&["狠话"], "坏话", "warn_public"),
        (&["坏话", "坏话"], "坏话", "mute"),
        (&["坏话", "坏话", "坏话"], "坏话", "remove"),
        (&["坏话", "坏话", "坏话", "坏话"], "狠话", "remove"),
    ] {
        let mut bed = Bed::new();
        said_before.iter().for_each(|text| drop(bed.offend("9", text)));
        let changes = bed.say("9", text);
        let no = said_before.len() as u64 + 1;
        assert_eq!(cases(&changes), [(no, step.to_owned(), no as u32)], "{said_before:?}, then {text}");
    }
}

#[test]
fn what_each_step_does() {
    let mut bed = Bed::new();
    let expected: [&[&str]; 4] = [
        &["delete warn_private", "private warn_private"],
        &["delete warn_public", "send warn_public"],
        &["delete mute", "mute mute", "send mute"],
        &["delete remove", "private remove", "remove remove", "send remove"],
    ];
    for step in expected {
        let changes = bed.offend("9", BAD);
        assert_eq!(said(&changes), step);
        assert!(matches!(changes[0], Change::Case(_)), "a reader learns of the case before its actions");
    }
}

#[test]
fn a_strike_lives_thirty_days_from_its_message() {
    for (days, seconds, step) in [(29, 86_399, "warn_public"), (30, 0, "warn_private")] {
        let mut bed = Bed::new();
        bed.offend("9", BAD);
        bed.now = NOW.plus(days * DAY + seconds * SECOND);
        assert_eq!(cases(&bed.say("9", BAD))[0].1, step, "after {days} days");
    }
    // Each by itself.
    let mut bed = Bed::new();
    bed.offend("9", BAD);
    bed.now = NOW.plus(20 * DAY);
    bed.offend("9", BAD);
    bed.now = NOW.plus(31 * DAY);
    assert_eq!(cases(&bed.say("9", BAD)), [(3, "warn_public".to_owned(), 2)]);
}

#[test]
fn the_time_of_a_message_counts_and_not_when_it_came() {
    let mut bed = Bed::new();
    bed.offend("9", BAD);
    bed.pass(HOUR);
    // Sent before the warning arrived, but late on its way: it belongs to the first case.
    let changes = bed.say_at("9", BAD, NOW.plus(SECOND));
    assert_eq!((evidence(&changes), said(&changes)), (vec![1], vec!["delete delete".to_owned()]));
    // Sent after the first and before a later one that is here already.
    bed.offend("9", BAD);
    let changes = bed.say_at("9", BAD, NOW.plus(30 * MINUTE));
    assert_eq!((cases(&changes), evidence(&changes)), (vec![], vec![2]), "before the second notice arrived");
    assert_eq!(bed.standing("9").strikes.len(), 2);
}

#[test]
fn an_event_that_is_too_old_is_never_acted_on() {
    let mut bed = Bed::new();
    assert!(bed.say_at("9", BAD, Timestamp(NOW.0 - DAY.as_millis() as i64 - 1)).is_empty());
    assert_eq!(cases(&bed.say_at("9", BAD, NOW.minus(DAY))).len(), 1);
}

#[test]
fn a_burst_ends_a_minute_after_the_notice_arrived() {
    let mut bed = Bed::new();
    let first = bed.say("9", BAD);
    bed.pass(HOUR); // the notice is still on its way
    assert_eq!(evidence(&bed.say("9", BAD)), [1]);
    bed.deliver(&first);
    bed.pass(59 * SECOND);
    assert_eq!(evidence(&bed.say("9", "狠话")), [1], "however heavy");
    bed.pass(SECOND);
    assert_eq!(cases(&bed.say("9", BAD)), [(2, "warn_public".to_owned(), 2)]);
    assert_eq!(cases(&bed.say("8", BAD)), [(3, "warn_private".to_owned(), 1)], "others have their own");
}

#[test]
fn a_notice_that_never_arrives_ends_the_burst_too() {
    let failed = || Outcome::Failed { error: "HTTP 400".to_owned() };
    for outcome in [failed(), Outcome::Expired, Outcome::Uncertain { error: String::new() }] {
        let mut bed = Bed::new();
        let first = bed.say("9", BAD);
        let notice = acts(&first).into_iter().find(|action| action.what.name() == "private").unwrap();
        bed.end(&notice, &outcome);
        bed.pass(MINUTE);
        assert_eq!(cases(&bed.say("9", BAD)).len(), 1, "{outcome:?}");
    }
}

#[test]
fn a_rule_that_observes_records_and_does_nothing() {
    let mut bed = Bed::new();
    let changes = bed.offend("9", "一句长话");
    assert_eq!(said(&changes), ["delete warn_private?", "private warn_private?"]);
    let Change::Case(case) = &changes[0] else { panic!("{changes:?}") };
    assert!(case.observe);
    bed.pass(2 * MINUTE);
    assert_eq!(cases(&bed.offend("9", "一句长话"))[0].1, "warn_public", "as it would have gone on");
    assert_eq!(cases(&bed.offend("9", BAD)), [(3, "warn_private".to_owned(), 1)], "no real strike");
}

#[test]
fn a_group_that_observes_does_nothing() {
    let mut bed = Bed::with(|policy| policy.mode = Mode::Observe);
    for step in ["warn_private", "warn_public", "mute", "remove"] {
        let changes = bed.offend("9", BAD);
        assert_eq!(cases(&changes)[0].1, step);
        assert!(acts(&changes).iter().all(|action| action.observe), "{changes:?}");
        assert!(!changes.iter().any(|change| matches!(change, Change::Timer(_) | Change::Ledger { .. })));
    }
    assert!(acts(&bed.say("9", "怪话")).iter().all(|action| action.observe), "nobody is asked either");
    bed.mode(Mode::On);
    assert_eq!(cases(&bed.say("9", BAD))[0], (5, "warn_private".to_owned(), 1));
}

#[test]
fn of_what_was_only_observed_little_is_kept() {
    let mut bed = Bed::new();
    bed.offend("9", BAD);
    for _ in 0..100 {
        assert!(bed.offend("9", "一句长话").iter().any(|change| matches!(change, Change::Case(_))));
    }
    assert_eq!(cases(&bed.offend("9", "一句长话"))[0].1, "remove");
    let strikes = bed.standing("9").strikes;
    let observed: Vec<u64> = strikes.iter().filter(|strike| strike.observe).map(|strike| strike.case).collect();
    assert_eq!(observed, (71..=102).collect::<Vec<u64>>(), "the newest");
    assert_eq!(strikes[0].case, 1, "what counts stays");
    bed.pass(32 * DAY);
    bed.warn("9");
    assert_eq!(bed.standing("9").strikes.len(), 1, "what can count no more is forgotten by whatever adds one");
}

#[test]
fn a_finding_that_only_observes_does_not_delete_a_message_that_counts() {
    let mut bed = Bed::with(|policy| {
        let mut rules = policy.rules.to_vec();
        rules[0].delete = false;
        policy.rules = rules.into();
    });
    assert_eq!(said(&bed.say("9", "坏话和长话")), ["private warn_private"]);
}

#[test]
fn some_are_never_punished() {
    let mut bed = Bed::new();
    for role in [Role::Owner, Role::Admin, Role::Bot] {
        let user = format!("{role:?}");
        let changes = bed.say_as(with_role(&user, role), "狠话");
        assert!(acts(&changes).is_empty() && cases(&changes).is_empty(), "{role:?}");
        assert!(acts(&bed.say(&user, "狠话")).is_empty(), "its role is remembered");
    }
    assert!(bed.say("vip", "狠话").is_empty(), "on the allow list");
    assert!(bed.say("named", "狠话").is_empty(), "an admin by TOML");
    assert!(bed.say("bot", "狠话").is_empty(), "the bot itself");
    // An admin who is none any more.
    bed.say_as(with_role("Admin", Role::Member), "早");
    assert_eq!(cases(&bed.say("Admin", BAD)).len(), 1);
}

#[test]
fn a_rule_that_applies_to_admins_too_asks_a_person() {
    let mut bed = Bed::with(|policy| {
        let mut rules = policy.rules.to_vec();
        rules[2].exempt = Roles::default();
        policy.rules = rules.into();
    });
    let changes = bed.say_as(with_role("5", Role::Owner), "狠话");
    assert_eq!((said(&changes), cases(&changes)), (vec!["task review".to_owned()], vec![]));
    assert!(bed.say("vip", "狠话").is_empty());
}

#[test]
fn what_a_person_should_look_at_punishes_nobody() {
    let mut bed = Bed::new();
    bed.say_as(with_role("5", Role::Admin), "早");
    let changes = bed.say("9", "一句怪话");
    assert_eq!(said(&changes), ["task review"]);
    let What::Task { mentions, .. } = &acts(&changes)[0].what else { panic!("{changes:?}") };
    assert_eq!(mentions.iter().map(|user| &**user).collect::<Vec<_>>(), ["5", "named"]);
    assert_eq!(bed.standing("9"), Standing::default());
    assert_eq!(cases(&bed.say("9", BAD)), [(1, "warn_private".to_owned(), 1)]);
}

#[test]
fn one_message_is_one_case_however_often_it_is_edited() {
    let mut bed = Bed::new();
    let edit = |bed: &mut Bed, text: &str| {
        let now = Message { sender: person("9"), content: vec![Segment::Text(text.into())], ..Message::default() };
        let time = bed.now;
        bed.event(Kind::Edited { message: "e-1".into(), now }, time)
    };
    assert!(acts(&bed.say("9", "好话")).is_empty());
    let changes = edit(&mut bed, "坏话");
    assert_eq!(cases(&changes).len(), 1);
    bed.deliver(&changes);
    bed.pass(HOUR);
    assert!(edit(&mut bed, "还是坏话").is_empty(), "the same finding stays the same case");
    let changes = edit(&mut bed, "坏话和狠话");
    assert_eq!((evidence(&changes), cases(&changes)), (vec![1], vec![]));
    assert!(edit(&mut bed, "狠话和坏话").is_empty());
    assert!(edit(&mut bed, "好话").is_empty());
    assert_eq!(bed.standing("9").strikes.len(), 1);
}

#[test]
fn ids_of_actions_are_all_different_and_depend_on_the_cause_alone() {
    let run = || {
        let mut bed = Bed::new();
        let mut ids: Vec<String> = Vec::new();
        for user in ["7", "8", "9"] {
            for _ in 0..4 {
                let changes = bed.offend(user, BAD);
                ids.extend(acts(&changes).iter().map(|action| action.id.to_string()));
            }
        }
        ids
    };
    let (ids, again) = (run(), run());
    assert_eq!(ids, again);
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
    assert!(ids.iter().all(|id| id.len() == 28 && id.starts_with("a-")), "{ids:?}");
}
