//! Words changed in the chat: for this group, at once, with an undo.

use super::Desk;
use crate::domain::change::Change;
use crate::domain::chat::{self, ChatChange, ChatWhat, MOST_WORDS};
use crate::domain::core::Core;
use crate::domain::disguise;
use crate::domain::event::Message;
use crate::domain::lexicon::{LexiconBuilder, Refused, WordScratch};
use crate::domain::notices::{Vars, mask};
use crate::domain::rules::RuleId;
use crate::domain::text::Text;

impl Core {
    /// Adds words; those that cannot be are named with the reason.
    pub(super) fn add_words(&mut self, desk: &mut Desk<'_, '_>, words: &[String], out: &mut Vec<Change>) {
        let (mut taken, mut refused): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        let known = self.state.chat.get(&desk.here.group_key());
        let room = MOST_WORDS.saturating_sub(known.map_or(0, |known| known.kept()));
        for word in words {
            let there = known.and_then(|known| known.change_of(word, true));
            let gone = known.and_then(|known| known.change_of(word, false));
            let why = match chat::check_word(word) {
                _ if taken.len() >= room => Some(format!("本群在群里加的词已到 {MOST_WORDS} 个，请写进词表文件")),
                Err(Refused::OneCharacter) => Some("只有一个字，到处都会碰到".to_owned()),
                Err(_) => Some("没有字母、数字或汉字".to_owned()),
                // It would be added and yet not count.
                Ok(()) if gone.is_some() => {
                    gone.map(|change| format!("在群里去掉了（改{no}），要它再算请发：/撤销 改{no}", no = change.no))
                }
                Ok(()) if there.is_some() => Some(format!("已经有了（改{}）", there.map_or(0, |change| change.no))),
                Ok(()) if taken.iter().any(|other| chat::fold(other) == chat::fold(word)) => None,
                Ok(()) => {
                    taken.push(word.clone());
                    None
                }
            };
            refused.extend(why.map(|why| format!("“{}”{why}", mask(word))));
        }
        let mut answers = Vec::new();
        if !taken.is_empty() {
            let (hits, looked) = would_hit(&desk.loaded.texts, &taken);
            let list = masked(&taken);
            let usual = usual_in_words(&taken);
            let no = self.change(desk, ChatWhat::Add(taken), out);
            let added = self.state.chat.get(&desk.here.group_key()).map_or(0, |known| known.added());
            let vars = Vars { list, case: no.to_string(), hits, looked, more: added as u32, ..Vars::default() };
            answers.push(desk.render("reply_words_added", &vars));
            if !usual.is_empty() {
                let vars = Vars { list: usual, case: no.to_string(), ..Vars::default() };
                answers.push(desk.render("reply_words_usual", &vars));
            }
        }
        if !refused.is_empty() {
            answers.push(desk.render("reply_words_refused", &Vars { list: refused.join("；"), ..Vars::default() }));
        }
        desk.answer = answers.join("\n");
    }

    /// Lets words no longer count, wherever they come from; one that was added in the chat is taken back.
    pub(super) fn drop_words(&mut self, desk: &mut Desk<'_, '_>, words: &[String], out: &mut Vec<Change>) {
        let key = desk.here.group_key();
        let (mut dropped, mut answers): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        for word in words {
            let known = self.state.chat.get(&key);
            let vars = Vars { list: mask(word), ..Vars::default() };
            if known.is_some_and(|known| known.change_of(word, false).is_some()) {
                answers.push(desk.render("reply_word_dropped_already", &vars));
                continue;
            }
            let added = known.is_some_and(|known| known.change_of(word, true).is_some());
            if !added && self.settings.rules.uses_of(word).is_empty() {
                answers.push(desk.render("reply_word_unknown", &vars));
                continue;
            }
            if dropped.iter().all(|other| chat::fold(other) != chat::fold(word)) {
                dropped.push(word.clone());
            }
        }
        if !dropped.is_empty() {
            let (hits, looked) = would_hit(&desk.loaded.texts, &dropped);
            let list = masked(&dropped);
            let no = self.change(desk, ChatWhat::Drop(dropped), out);
            let vars = Vars { list, case: no.to_string(), hits, looked, ..Vars::default() };
            answers.insert(0, desk.render("reply_words_dropped", &vars));
        }
        desk.answer = answers.join("\n");
    }

    fn change(&mut self, desk: &Desk<'_, '_>, what: ChatWhat, out: &mut Vec<Change>) -> u64 {
        self.state.last_change += 1;
        let by = desk.by();
        let change = ChatChange {
            no: self.state.last_change,
            platform: desk.here.event.platform.clone(),
            group: (*desk.here.event.group).into(),
            what,
            by: by.by,
            by_name: by.name,
            at: by.at,
            undone: None,
        };
        self.state.chat.entry(desk.here.group_key()).or_default().put(change.clone());
        let no = change.no;
        out.push(Change::Chat(Box::new(change)));
        no
    }

    pub(super) fn undo_change(&mut self, desk: &mut Desk<'_, '_>, no: u64, out: &mut Vec<Change>) {
        let here = desk.here;
        let case = no.to_string();
        let ours = |change: &ChatChange| change.platform == here.event.platform && *change.group == *here.event.group;
        let Some(change) = desk.loaded.change.take().filter(ours) else {
            desk.answer = desk.render("reply_no_change", &Vars { case, ..Vars::default() });
            return;
        };
        if let Some(undone) = &change.undone {
            let vars = Vars { case, by: undone.name.clone(), time: desk.date(undone.at), ..Vars::default() };
            desk.answer = desk.render("reply_change_undone_already", &vars);
            return;
        }
        if let Some(known) = self.state.chat.get_mut(&here.group_key()) {
            known.take(no);
        }
        let (platform, group) = (change.platform.clone(), change.group.clone());
        out.push(Change::ChatUndone { no, platform, group, undone: desk.by() });
        let notice = match change.what {
            ChatWhat::Add(_) => "reply_addition_undone",
            ChatWhat::Drop(_) => "reply_drop_undone",
        };
        desk.answer = desk.render(notice, &Vars { case, list: masked(change.what.words()), ..Vars::default() });
    }
}

/// Of everyday words so many are named.
const MOST_USUAL: usize = 5;

/// “今＊”是常用词，大约每百万个词里出现 261 次
fn usual_in_words(words: &[String]) -> String {
    let told = |word: &String| {
        let often = disguise::everyday(&chat::fold(word))?;
        Some(format!("“{}”是常用词，大约每百万个词里出现 {often:.0} 次", mask(word)))
    };
    words.iter().filter_map(told).take(MOST_USUAL).collect::<Vec<_>>().join("；")
}

fn masked(words: &[String]) -> String {
    words.iter().map(|word| mask(word)).collect::<Vec<_>>().join("、")
}

/// In how many of the last messages the words are, and how many were looked at.
fn would_hit(messages: &[Message], words: &[String]) -> (u32, u32) {
    let mut builder = LexiconBuilder::default();
    for word in words {
        builder.add(RuleId(0), word).ok(); // looked at before
    }
    let (lexicon, mut scratch, mut text) = (builder.build(), WordScratch::default(), Text::default());
    let mut hits = 0;
    for message in messages {
        text.set(&message.original());
        let mut found = false;
        lexicon.find(&text.folded, &mut scratch, |_| found = true);
        hits += u32::from(found);
    }
    (hits, u32::try_from(messages.len()).unwrap_or(u32::MAX))
}
