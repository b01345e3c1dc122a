//! What a start remembers of the journal is what the live run remembered.

use super::*;

fn message(id: usize, sender: &Person, content: &[Segment]) -> Event {
    let message = Message { sender: sender.clone(), content: content.to_vec(), ..Message::default() };
    let kind = Kind::Message(message);
    Event { id: format!("e-{id}").into(), platform: "p".into(), group: "g1".into(), time: Some(NOW), kind }
}

#[test]
fn what_admins_type_as_commands_is_remembered_neither_live_nor_by_a_start() {
    let (mut live, mut start) = (Bed::new(), Bed::new());
    live.say_as(with_role("boss", Role::Admin), "/状态");
    start.core.state.member(MemberKey::new("p", "g1", "boss")).role = Some(Role::Admin); // as the store has it
    let to_bot = Segment::Mention { user: "bot".into(), name: "群卫".into() };
    let said = |text: &str| Segment::Text(text.into());
    let mut count = 0;
    for (user, content, counts) in [
        ("9", vec![said("早")], true),
        ("9", vec![said("/状态")], true),
        ("boss", vec![said("早")], true),
        ("boss", vec![said("/微笑")], true),
        ("boss", vec![said("/状态")], false),
        ("boss", vec![said("/禁烟 一下")], false),
        ("boss", vec![to_bot, said("你好")], false),
        ("named", vec![said("/警告")], false),
        ("trial", vec![said("/状态")], false),
        ("bot", vec![said("早")], false),
    ] {
        let before = (live.core.state.recent.place(), start.core.state.recent.place());
        count += 1;
        let event = message(count, &person(user), &content);
        live.core.event(&event, NOW, &mut live.out);
        start.core.warm(&event, NOW);
        let after = (live.core.state.recent.place(), start.core.state.recent.place());
        assert_eq!((before.0 != after.0, before.1 != after.1), (counts, counts), "{user}: {content:?}");
    }
}
