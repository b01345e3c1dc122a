//! Who asks for the rules is told all of them.

use super::*;

#[test]
fn the_word_alone_is_answered_with_the_full_rules() {
    for text in ["群规", " 群 规\n", "群　规", "群規", "\u{200B}群规"] {
        let mut bed = Bed::new();
        let changes = bed.say("9", text);
        assert_eq!(said(&changes), ["send reply"], "{text:?}");
        let action = &acts(&changes)[0];
        assert_eq!(action.what, What::Send { text: "一、不发广告".to_owned(), mentions: vec!["9".into()] });
        assert_eq!((action.lane, action.cause.event.as_deref()), (Lane::Reply, Some("e-1")));
    }
    for text in ["群规呢", "看群规", "群", "", "规群", "群规群规"] {
        assert!(Bed::new().say("9", text).is_empty(), "{text:?}");
    }
    assert_eq!(rules_text(&policy()), "一、不发广告");
}

#[test]
fn in_a_group_once_a_minute_and_without_a_word_about_the_others() {
    let mut bed = Bed::new();
    assert_eq!(said(&bed.say("8", "群规")), ["send reply"]);
    bed.pass(MINUTE - SECOND);
    assert!(bed.say("9", "群规").is_empty());
    bed.pass(SECOND);
    assert_eq!(said(&bed.say("9", "群规")), ["send reply"]);
}

#[test]
fn programs_edits_late_words_and_groups_that_are_off_are_not_answered() {
    let mut bed = Bed::new();
    assert!(acts(&bed.say_as(with_role("9", Role::Bot), "群规")).is_empty());
    assert!(bed.say("bot", "群规").is_empty());
    assert!(acts(&bed.say_at("8", "群规", NOW.minus(10 * MINUTE))).is_empty());
    let now = Message { sender: person("8"), content: vec![Segment::Text("群规".into())], ..Message::default() };
    assert!(acts(&bed.event(Kind::Edited { message: "m".into(), now }, NOW)).is_empty());
    let mention = Segment::Mention { user: "8".into(), name: "小8".into() };
    let content = vec![mention, Segment::Text("群规".into())];
    assert!(bed.event(Kind::Message(Message { sender: person("8"), content, ..Message::default() }), NOW).is_empty());
    bed.mode(Mode::Off);
    assert!(bed.say("8", "群规").is_empty());
    bed.mode(Mode::Observe);
    assert_eq!(said(&bed.say("8", "群规")), ["send reply?"]);
}

#[test]
fn without_a_voice_in_the_group_the_member_is_told_alone() {
    let mut bed = Bed::without(&[Capability::Send]);
    for user in ["8", "9"] {
        assert_eq!(said(&bed.say(user, "群规")), ["private reply"], "each who asks");
    }
    bed.pass(MINUTE - SECOND);
    assert!(bed.say("9", "群规").is_empty(), "once a minute");
    bed.pass(SECOND);
    assert_eq!(said(&bed.say("9", "群规")), ["private reply"]);
    bed.mode(Mode::Observe);
    assert_eq!(said(&bed.say("9", "群规")), ["private reply?"]);
    assert!(acts(&Bed::without(&[Capability::Send, Capability::Private]).say("9", "群规")).is_empty());
}

#[test]
fn privately_always() {
    let mut bed = Bed::new();
    let mut ask = |group: &str, user: &str| {
        bed.events += 1;
        let message =
            Message { sender: person(user), content: vec![Segment::Text("群规".into())], ..Message::default() };
        let id = format!("p-{}", bed.events).into();
        let event =
            Event { id, platform: "p".into(), group: group.into(), time: Some(NOW), kind: Kind::Private(message) };
        bed.core.event(&event, NOW, &mut bed.out);
        std::mem::take(&mut bed.out)
    };
    for group in ["", "", "g1"] {
        let changes = ask(group, "9");
        assert_eq!(said(&changes), ["private command"], "{group:?}");
        assert_eq!(&*acts(&changes)[0].group, group);
    }
    assert!(ask("", "bot").is_empty());
    let changes = ask("", "9");
    let failed = Outcome::Failed { error: "400".to_owned() };
    let reply = acts(&changes)[0].clone();
    assert!(acts(&bed.end(&reply, &failed)).is_empty(), "there are no admins of no group");
    assert!(!bed.core.state.has_group(GroupKey::new("p", "g1")), "and no group is taken for known");
}
