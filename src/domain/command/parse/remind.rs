//! What stands behind /提醒 and /确认.

use std::sync::Arc;

use super::Words;
use crate::domain::command::timing::timing;
use crate::domain::command::when::{is_mark, prefix};
use crate::domain::command::{CONFIRM, Remind};
use crate::domain::event::PLACEHOLDER;
use crate::domain::notices::plain_name;
use crate::domain::text::is_invisible;

/// The longest text of a reminder, in code points.
const LONGEST_REMINDER: usize = 300;

impl Words<'_> {
    /// 列表, 删除 3, 确认 3, else when and what.
    pub(super) fn remind(&self) -> Result<Remind, String> {
        let said = self.said();
        let number = |text: &str| {
            let text = prefix(text.trim_start(), &["提醒", "reminder"]).unwrap_or(text);
            Words { text, typed: "", mentions: &[], asked: self.asked }.number("提醒的编号")
        };
        if said.is_empty() && self.mentions.is_empty()
            || ["列表", "查看", "全部", "有哪些", "list"].iter().any(|name| name.eq_ignore_ascii_case(&said))
        {
            return Ok(Remind::List);
        }
        if let Some(rest) = prefix(&said, CONFIRM) {
            return if rest.trim_matches(is_mark).is_empty() {
                Ok(Remind::Confirm(None))
            } else {
                number(rest).map(|number| Remind::Confirm(Some(number)))
            };
        }
        // 取消订单的客户… is something to be said.
        let delete = prefix(&said, &["删除", "删掉", "删", "取消", "delete", "del", "cancel"]);
        if let Some(rest) = delete.filter(|rest| rest.trim().is_empty() || number(rest).is_ok()) {
            return number(rest).map(Remind::Delete);
        }
        self.reminder()
    }

    /// When and what, or what and when.
    fn reminder(&self) -> Result<Remind, String> {
        let body = self.text.trim_start_matches(|c| c == PLACEHOLDER || is_mark(c));
        let lead = self.text.chars().take(self.text.chars().count() - body.chars().count());
        let whom: Vec<char> = lead.filter(|c| *c == PLACEHOLDER).collect();
        let (timing, front, behind) = timing(body, &self.asked.now).map_err(|why| match whom.is_empty() {
            true => why,
            false => format!("{why}。要点名警告，请用：/警告 @某人"),
        })?;
        let (mut behind, mut punctual) = (behind.trim_start_matches(is_mark), false);
        if let Some(rest) = prefix(behind, &["准时"]).filter(|rest| rest.starts_with(is_mark)) {
            (behind, punctual) = (rest, true);
        }
        // Of the typed text the same signs: as many before its end, or from its beginning.
        let all = body.chars().count();
        let typed: Vec<char> = self.typed.chars().collect();
        let typed = typed.get(typed.len().saturating_sub(all)..).unwrap_or_default();
        let part = match front.is_empty() {
            true => typed.get(all - behind.chars().count().min(all)..),
            false => typed.get(..front.chars().count()),
        };
        let said: Vec<char> = whom.iter().chain(&[' ']).chain(part.unwrap_or_default()).copied().collect();
        let (text, mentions) = self.named(&said);
        match text.chars().count() {
            0 => Err("没有写要提醒什么，例如：/提醒 明天9点 开会".to_owned()),
            1..=LONGEST_REMINDER => {
                Ok(Remind::Set { rule: timing.rule, words: timing.words, text, mentions, punctual })
            }
            _ => Err(format!("要说的话太长，最多 {LONGEST_REMINDER} 个字")),
        }
    }

    /// A text in which mentions are names, without what is not seen; and who is mentioned. Mentions stand before it alone in
    /// what is read of its end.
    fn named(&self, typed: &[char]) -> (String, Vec<Arc<str>>) {
        let (mut text, mut users) = (String::new(), Vec::new());
        let after = typed.iter().filter(|c| **c == PLACEHOLDER).count();
        let mut mentions = self.mentions.iter().skip(self.mentions.len().saturating_sub(after));
        for c in typed {
            match c {
                &PLACEHOLDER => {
                    if let Some(Some(whom)) = mentions.next() {
                        text.push('@');
                        text.push_str(&plain_name(&whom.name, &whom.user));
                        users.push(whom.user.clone());
                    }
                }
                '\n' => text.push('\n'),
                c if c.is_control() || is_invisible(*c) => {}
                c => text.push(*c),
            }
        }
        (text.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '，' | ':' | '：')).to_owned(), users)
    }
}
