//! The card that a task becomes: `button_interaction` (101032).

use std::sync::Arc;

use serde_json::{Value, json};

use crate::adapters::wecom::text;
use crate::domain::action::Button;
use crate::domain::subject::Subject;

/// Characters of a title that are shown (101032, 90236; all of these are advice, and none is a limit in bytes).
const TITLE_LIMIT: usize = 26;
/// Characters of the text below that are shown.
const TEXT_LIMIT: usize = 112;
/// Characters of a button that are shown.
const BUTTON_LIMIT: usize = 10;
/// Characters of a line's value that are shown.
const LINE_LIMIT: usize = 26;
/// Characters of what a card says in place of its buttons once it is closed: no document names a limit (94888), and a line of a
/// card shows so many.
pub(super) const CLOSED_LIMIT: usize = 26;
/// Buttons of a card.
const BUTTONS: usize = 6;
/// The longest key of a button, in bytes.
const KEY_LIMIT: usize = 1024;

/// A card with buttons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskCard {
    /// Names it in a click; unique for the app.
    task_id: Arc<str>,
    /// What tells it from other cards where the text has no line for that.
    title: Option<String>,
    words: String,
    buttons: Vec<CardButton>,
    about: Subject,
}

/// A button of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardButton {
    /// What comes back when it is pressed.
    pub key: String,
    /// What people read.
    pub text: String,
}

impl TaskCard {
    /// The card of a task: the first line of its text is the title; of a text of one line that is too long for it, the case is,
    /// or else the group.
    /// `None` without a button (which WeCom refuses), or with an
    /// id that WeCom does not take. Of more than six buttons the first six are shown.
    ///
    /// What it is `about` is shown besides: the group, the member (an employee, if there is a `user`: a click leads to who that
    /// is) and their words.
    pub fn of(task_id: &Arc<str>, words: &str, buttons: &[Button], case: Option<&str>, about: Subject) -> Option<Self> {
        let sound = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '@');
        if !(1..=128).contains(&task_id.len()) || !task_id.chars().all(sound) {
            return None;
        }
        let mut shown: Vec<CardButton> = Vec::new();
        for button in buttons {
            let known = shown.iter().any(|other| other.key == button.choice);
            if !known && (1..=KEY_LIMIT).contains(&button.choice.len()) && shown.len() < BUTTONS {
                let text = text::abridge(&text::neutral(&button.text), BUTTON_LIMIT);
                shown.push(CardButton { key: button.choice.clone(), text });
            }
        }
        let words = text::neutral(words).trim().to_owned();
        let group = Some(about.group.as_str()).filter(|group| !group.is_empty()).map(text::neutral);
        let title = case.map(|case| format!("案件 {case}")).or(group);
        (!shown.is_empty() && !words.is_empty()).then(|| Self {
            task_id: task_id.clone(),
            title,
            words,
            buttons: shown,
            about,
        })
    }

    /// All of its text, if the card does not show all of it.
    pub(super) fn too_long_for_it(&self) -> Option<&str> {
        let (title, rest) = self.parts();
        (letters(title) > TITLE_LIMIT || letters(rest) > TEXT_LIMIT).then_some(&self.words)
    }

    fn parts(&self) -> (&str, &str) {
        match (self.words.split_once('\n'), &self.title) {
            (Some((title, rest)), _) => (title.trim(), rest.trim()),
            (None, Some(title)) if letters(&self.words) > TITLE_LIMIT => (title, &self.words),
            (None, _) => (&self.words, ""),
        }
    }

    /// What is sent.
    pub(super) fn to_json(&self) -> Value {
        let (title, rest) = self.parts();
        // The first button is what is usually wanted: it is the one that stands out.
        let button = |(at, button): (usize, &CardButton)| json!({"type": 0, "text": button.text, "style": if at == 0 { 1 } else { 3 }, "key": button.key});
        let buttons: Vec<Value> = self.buttons.iter().enumerate().map(button).collect();
        let mut card = json!({
            "card_type": "button_interaction",
            "main_title": {"title": text::abridge(title, TITLE_LIMIT)},
            "sub_title_text": text::abridge(rest, TEXT_LIMIT),
            "button_list": buttons,
            "task_id": self.task_id,
        });
        let lines = self.lines();
        if !lines.is_empty() {
            card["horizontal_content_list"] = lines.into();
        }
        if !self.about.text.is_empty() && !self.words.contains(&self.about.text) {
            card["quote_area"] = json!({"type": 0, "title": "原话", "quote_text": text::neutral(&self.about.text)});
        }
        card
    }

    /// The group and the member, as they are called.
    fn lines(&self) -> Vec<Value> {
        let Subject { group, name, user, .. } = &self.about;
        let line = |key: &str, value: &str| {
            let value = text::abridge(&text::neutral(value), LINE_LIMIT);
            json!({"keyname": key, "value": value})
        };
        let mut lines = Vec::new();
        if !group.is_empty() {
            lines.push(line("群", group));
        }
        if !name.is_empty() || !user.is_empty() {
            let mut line = line("成员", if name.is_empty() { user } else { name });
            if !user.is_empty() {
                (line["type"], line["userid"]) = (3.into(), user.as_str().into());
            }
            lines.push(line);
        }
        lines
    }
}

fn letters(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn button(choice: &str, text: &str) -> Button {
        Button { choice: choice.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_task_becomes_a_card_that_wecom_takes() {
        let id: Arc<str> = "a-abc".into();
        let buttons: Vec<Button> =
            (0..9).map(|at| button(&format!("c{}", at / 2), "已移出已移出已移出已移出")).collect();
        let card =
            TaskCard::of(&id, "请移出 @所有人\n小王 <@u1> 发了广告", &buttons, None, Subject::default()).unwrap();
        assert!(card.too_long_for_it().is_none());
        let json = card.to_json();
        assert_eq!(json["main_title"]["title"], "请移出 ＠所有人");
        assert_eq!(json["sub_title_text"], "小王 ＜@u1> 发了广告");
        assert_eq!(json["button_list"].as_array().unwrap().len(), 5, "keys are unique");
        assert_eq!(json["button_list"][0]["text"], "已移出已移出已移出…");
        let long = TaskCard::of(&id, &format!("题\n{}", "长".repeat(200)), &buttons, None, Subject::default()).unwrap();
        assert_eq!(long.too_long_for_it().map(str::len), Some(604));
        assert_eq!(long.to_json()["sub_title_text"].as_str().unwrap().chars().count(), 112);
        let one_line = format!("请处理：小王 因「{}」应当移出本群（案件 12）", "广告".repeat(12));
        let card = TaskCard::of(&id, &one_line, &buttons, Some("12"), Subject::default()).unwrap();
        assert!(card.too_long_for_it().is_none(), "one message, and not two");
        let json = card.to_json();
        assert_eq!(
            (json["main_title"]["title"].as_str(), json["sub_title_text"].as_str()),
            (Some("案件 12"), Some(&*one_line))
        );
        let seven: Vec<Button> = (0..7).map(|at| button(&format!("c{at}"), "好")).collect();
        assert_eq!(
            TaskCard::of(&id, "题", &seven, None, Subject::default()).unwrap().to_json()["button_list"]
                .as_array()
                .unwrap()
                .len(),
            6
        );
    }

    #[test]
    fn a_card_shows_the_group_the_member_and_their_words_as_they_are() {
        let about = Subject {
            group: "一号店".to_owned(),
            ..Subject::of("lisi", "坏话大王", "加微信 abc123 <@zhangsan>")
        };
        let of = |about: Subject, words: &str| {
            TaskCard::of(&"a-abc".into(), words, &[button("told", "已提醒")], Some("12"), about).unwrap().to_json()
        };
        let json = of(about.clone(), "请处理：坏＊＊＊ 因「广告」");
        assert_eq!(
            json["horizontal_content_list"],
            json!([{"keyname": "群", "value": "一号店"},
                   {"keyname": "成员", "value": "坏话大王", "type": 3, "userid": "lisi"}])
        );
        assert_eq!(json["quote_area"]["quote_text"], "加微信 abc123 <zhangsan>");
        let outsider = Subject { user: String::new(), text: String::new(), ..about.clone() };
        let json = of(outsider, "请处理");
        assert_eq!(json["horizontal_content_list"][1], json!({"keyname": "成员", "value": "坏话大王"}));
        assert!(json.get("quote_area").is_none());
        let json = of(about, "举报：“加微信 abc123 <zhangsan>”");
        assert!(json.get("quote_area").is_none(), "nothing is said twice");
        assert!(of(Subject::default(), "请处理").get("horizontal_content_list").is_none());
        let about = Subject { group: "一号店".to_owned(), ..Subject::default() };
        let long = "请看一下 小王 的群昵称：可能是「群昵称里有广告或联系方式」。未作任何处理。";
        let card = TaskCard::of(&"a-abc".into(), long, &[button("handled", "已处理")], None, about).unwrap();
        assert!(card.too_long_for_it().is_none(), "one message, and not two");
        assert_eq!(card.to_json()["main_title"]["title"], "一号店");
    }

    #[test]
    fn what_wecom_would_refuse_is_no_card() {
        let id: Arc<str> = "a-abc".into();
        assert!(TaskCard::of(&id, "题", &[], None, Subject::default()).is_none());
        assert!(TaskCard::of(&id, " ", &[button("a", "好")], None, Subject::default()).is_none());
        assert!(TaskCard::of(&"任务".into(), "题", &[button("a", "好")], None, Subject::default()).is_none());
        assert!(TaskCard::of(&id, "题", &[button(&"k".repeat(1025), "好")], None, Subject::default()).is_none());
    }
}
