//! Words written otherwise, by themselves and beside others; texts that stutter.

use super::*;

#[test]
fn a_text_that_stutters_is_read_with_each_character_once() {
    let rules = rules(
        "[keywords]\nwords = [\"nmsl\"]\ndisguised = false\n[regex]\npatterns = ['一单[0-9]+块']\non = \"folded\"",
    );
    let said = |text: &str| in_message(&rules, vec![Segment::Text(text.into())]);
    assert_eq!(said("nnmmmssll，听懂了吗"), rows(&[("", "nnmmmssll")]));
    assert_eq!(said("做做吗，一一单单单 555块块"), rows(&[("", "一一单单单 555块块")]));
    assert_eq!(said("谢谢，nmsl 是什么，哈哈哈"), rows(&[("", "nmsl")]));
    let mut scratch = Scratch::default();
    let message = message(vec![Segment::Text("爸爸妈妈天天说nnmsl".into())]);
    rules.find(&message, &mut scratch);
    rules.find_learned(&message, Learned::default(), &mut scratch);
    let [hit] = &scratch.hits[..] else { panic!("{:?}", scratch.hits) };
    assert_eq!(hit.disguise.map(|disguise| disguise.views.in_chat()).as_deref(), Some("叠字"));
}

#[test]
fn a_list_may_want_only_what_nobody_writes_by_chance() {
    let rules = rules("[keywords]\nwords = [\"刷单兼职\"]\nby_sound = false");
    for (text, matched) in [("做shua单jian职吗", "shua单jian职"), ("刷单耳只耳只", ""), ("刷弹见值", "")]
    {
        let expected: &[&str] = if matched.is_empty() { &[] } else { &[matched] };
        assert_eq!(found(&rules, text), expected, "{text}");
    }
}

#[test]
fn what_only_nearly_sounds_like_a_word_is_for_a_person_to_look_at() {
    let rules = rules("[keywords]\nwords = [\"裸聊\", \"傻批\"]");
    let mut scratch = Scratch::default();
    rules.find(&message(vec![Segment::Text("你就是洒匹".into())]), &mut scratch);
    let [hit] = &scratch.hits[..] else { panic!("{:?}", scratch.hits) };
    assert_eq!(hit.disguise.map(|disguise| disguise.sure), Some(false));
    assert_eq!(found(&rules, "聊聊洒水的事"), [""; 0]);
}
