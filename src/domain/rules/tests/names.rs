//! What members call themselves.

use super::*;

fn in_name(rules: &Ruleset, name: &str) -> Vec<(String, String)> {
    let mut scratch = Scratch::default();
    rules.find_in_name(name, &mut scratch);
    shown(rules, &scratch)
}

const RULES: &str =
    "[names]\nwords = [\"加微信\", \"代购\"]\nexceptions = [\"代购物\"]\npatterns = ['\\d{11}']\non = \"folded\"";

#[test]
fn words_and_patterns_may_not_be_in_a_name() {
    let rules = rules(RULES);
    for (name, matched) in [
        ("小丽加 微*信", "加 微*信"),
        ("韓國代購", "代購"),
        ("小王138 1234 5678", "138 1234 5678"),
        ("小丽jia薇芯", "jia薇芯"),
    ] {
        assert_eq!(in_name(&rules, name), super::rows(&[("sender.name", matched)]), "{name}");
    }
    for name in ["小王", "代购物", "", "\u{FFFC}"] {
        assert_eq!(in_name(&rules, name), [], "{name}");
    }
}

#[test]
fn what_may_not_be_in_a_name_may_be_said() {
    let rules = rules(RULES);
    assert_eq!(found(&rules, "加微信 13812345678"), [""; 0]);
    let mut scratch = Scratch::default();
    let said = message(vec![Segment::Text("代购".into())]);
    rules.find(&said, &mut scratch);
    rules.add_name("加微信", &mut scratch);
    assert_eq!(shown(&rules, &scratch), super::rows(&[("sender.name", "加微信")]));
    assert_eq!(scratch.text.original, "代购");
}

#[test]
fn a_name_must_have_a_form() {
    let rules = rules("[names]\nmust = ['^\\p{Han}{2,4}-\\S+$', '^访客$']");
    for name in ["张三-市场部", "张三－市场部", "张三—市场部", " 张三-A１ ", "访客"] {
        assert_eq!(in_name(&rules, name), [], "{name}");
    }
    for name in ["张三", "张三市场部", "访客2", "-市场部"] {
        assert_eq!(in_name(&rules, name), super::rows(&[("sender.name", "")]), "{name}");
    }
}

#[test]
fn names_are_judged_where_a_rule_about_them_is_on() {
    let rules = rules(&format!("[length]\ncharacters = 5\n{RULES}"));
    let off = RuleSetting { mode: Mode::Off, ..setting() };
    assert!(rules.judges_names(&[off, setting()]));
    assert!(!rules.judges_names(&[setting(), off]));
}
