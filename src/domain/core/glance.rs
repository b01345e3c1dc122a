//! What is in a message by itself, found before its turn: folding and words take most of the time of judging, need nothing that the
//! core knows, and so can be done beside it, for several messages at once.

use std::sync::{Arc, Weak};

use super::Core;
use super::message::{About, Here};
use crate::domain::command::looks_like_command;
use crate::domain::event::{Event, Kind, Message, Segment};
use crate::domain::ids::{self, GroupKey, MemberKey};
use crate::domain::policy::Settings;
use crate::domain::recent::{MOST_LINKS, MOST_THINGS, Piece, Sighting, Sketch};
use crate::domain::rules::{Alone, Learned, Moment, Ruleset, Scratch, link_keys, sketch, thing_keys};
use crate::domain::state::Joined;
use crate::domain::text::Text;
use crate::domain::time::Timestamp;

/// What one message is by itself, under one version of the rules. The core comes to the same without it.
#[derive(Debug)]
pub struct Glance {
    settings: Arc<Settings>,
    alone: Alone,
    pub(super) prints: Prints,
    /// No rule about names finds anything in the sender's.
    pub(super) plain_name: bool,
}

/// Names in which nothing was found lately: people say much and are called the same.
pub struct PlainNames {
    /// Under which rules.
    under: Weak<Settings>,
    /// The last of those whose hash has this place; 0 where there is none.
    last: Box<[u128]>,
}

/// So many names are remembered at most; a power of two.
const NAMES: usize = 1 << 15;

impl Default for PlainNames {
    fn default() -> Self {
        Self { under: Weak::new(), last: Box::default() }
    }
}

impl PlainNames {
    /// Whether no rule about names finds anything in this one.
    fn has(&mut self, name: &str, settings: &Arc<Settings>, scratch: &mut Scratch) -> bool {
        if name.is_empty() {
            return true;
        }
        if !std::ptr::eq(self.under.as_ptr(), Arc::as_ptr(settings)) {
            (self.under, self.last) = (Arc::downgrade(settings), vec![0; NAMES].into());
        }
        let hash = ids::hash(&["name", name]);
        let Some(known) = self.last.get_mut(hash as usize % NAMES) else { return false };
        if *known != hash {
            settings.rules.find_in_name(name, scratch);
            if !scratch.hits.is_empty() {
                return false;
            }
            *known = hash;
        }
        true
    }
}

impl Glance {
    /// Looks at an event under these rules; `None` where there is nothing to be judged.
    pub fn at(
        event: &Event,
        settings: &Arc<Settings>,
        (names, scratch): (&mut PlainNames, &mut Scratch),
    ) -> Option<Self> {
        let Kind::Message(message) = &event.kind else { return None };
        if event.group.is_empty() || message.judged_elsewhere || !settings.looks_after(&event.group) {
            return None;
        }
        let rules = &settings.rules;
        let plain_name = names.has(&message.sender.name, settings, scratch);
        rules.find(message, scratch);
        let prints = Prints::of(rules, message, &scratch.text);
        Some(Self { settings: settings.clone(), alone: scratch.keep(), prints, plain_name })
    }

    /// Whether it was made under these rules.
    pub(super) fn is_under(&self, settings: &Arc<Settings>) -> bool {
        Arc::ptr_eq(&self.settings, settings)
    }
}

/// What is remembered of a text to know it again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prints {
    pub(super) text: Option<u64>,
    pub(super) sketch: Option<Sketch>,
    pub(super) links: [u64; MOST_LINKS],
    pub(super) things: [u64; MOST_THINGS],
}

impl Prints {
    /// Of a message and its text, as far as these rules need it.
    pub(super) fn of(rules: &Ruleset, message: &Message, text: &Text) -> Self {
        let needs = rules.needs();
        Self {
            text: needs.shortest_text.and_then(|shortest| text.folded.fingerprint(shortest)),
            sketch: needs.shortest_sketch.and_then(|shortest| sketch(text, shortest)),
            links: if needs.links { link_keys(message, text) } else { Default::default() },
            things: if !needs.things.is_zero() { thing_keys(message, text) } else { Default::default() },
        }
    }
}

impl Core {
    /// Puts what is in a message by itself into `scratch`.
    fn look(&mut self, rules: &Ruleset, message: &Message, glance: Option<&Glance>) -> Prints {
        if let Some(glance) = glance {
            self.scratch.restore(&glance.alone);
            return glance.prints;
        }
        rules.find(message, &mut self.scratch);
        Prints::of(rules, message, &self.scratch.text)
    }

    /// Whether what somebody typed was carried out and not judged.
    fn only_obeyed(&mut self, event: &Event, message: &Message, time: Timestamp, now: Timestamp) -> bool {
        // Of others the sender need not be loaded.
        if !looks_like_command(message, self.bot(&event.platform)) {
            return false;
        }
        let settings = self.settings.clone();
        let (settings, policy, message_id) = (&*settings, &**settings.policy(&event.group), &*event.id);
        let here =
            Here { settings, policy, event, message, message_id, about: About::Message, glance: None, time, now };
        self.role_here(&here).is_obeyed() && self.typed(&here).is_some()
    }

    /// Remembers a message in the windows without judging it: how a start catches up with the journal. The sender of what may be
    /// a command must be loaded.
    pub fn warm(&mut self, event: &Event, now: Timestamp) {
        let time = event.time.unwrap_or(now);
        let settings = self.settings.clone();
        let glance = self.glance.take();
        let glance = glance.as_deref().filter(|glance| glance.is_under(&settings));
        let Kind::Message(message) = &event.kind else { return };
        let here = !event.group.is_empty() && settings.looks_after(&event.group) && !message.judged_elsewhere;
        let counts = here && time.plus(settings.dedupe) >= now;
        if !counts || self.is_own(event, message) || self.only_obeyed(event, message, time, now) {
            return;
        }
        let rules = &settings.rules;
        let prints = if glance.is_none() && rules.needs().heats.is_zero() {
            self.scratch.text.set(&message.original());
            Prints::of(rules, message, &self.scratch.text)
        } else {
            self.look(rules, message, glance) // how heated it is depends on what is in it
        };
        self.note(&settings, event, (message, prints), time);
    }

    /// Puts what the rules find in the message into `scratch`, after it was noted in the windows.
    pub(super) fn find(&mut self, here: &Here<'_>) {
        let rules = &here.settings.rules;
        let prints = self.look(rules, here.message, here.glance);
        let learned = Learned { lessons: Some(&self.state.lessons), group: Some(here.group_key()) };
        rules.find_learned(here.message, learned, &mut self.scratch);
        let member = here.member_key();
        let joined = self.state.member(member).joined.map(Joined::time);
        let moment = Moment { time: here.time, zone: &here.policy.timezone, joined, edited: here.is_edit() };
        let sighting =
            (!here.is_edit()).then(|| self.note(here.settings, here.event, (here.message, prints), here.time));
        let recent = &self.state.recent;
        rules.find_at(here.message, moment, Some((recent, member)), &here.policy.rules, &mut self.scratch);
        if let Some(sighting) = sighting {
            rules.find_recent(recent, &sighting, here.message, moment, &mut self.scratch);
            let learned = Learned { lessons: Some(&self.state.lessons), group: Some(here.group_key()) };
            rules.find_in_pieces(recent, &sighting, learned, &mut self.scratch);
        }
    }

    /// Remembers the message whose fold is in `scratch` in the windows.
    pub(super) fn note(
        &mut self,
        settings: &Settings,
        event: &Event,
        (message, prints): (&Message, Prints),
        time: Timestamp,
    ) -> Sighting {
        let Prints { text: print, links, sketch, things } = prints;
        let (needs, text) = (settings.rules.needs(), &self.scratch.text);
        let sighting = Sighting {
            group: GroupKey::new(&event.platform, &event.group),
            member: MemberKey::new(&event.platform, &event.group, &message.sender.id),
            user: ids::hash(&[&event.platform, &message.sender.id]) as u64,
            time,
            piece: Piece::of(&text.original).filter(|_| !needs.pieces.is_zero()),
            text: print,
            images: count(message, |segment| matches!(segment, Segment::Image { .. })),
            videos: count(message, |segment| matches!(segment, Segment::Video { .. })),
            links,
            sketch,
            things,
            heats: self.scratch.heats,
        };
        self.state.recent.note(needs, &sighting);
        sighting
    }
}

fn count(message: &Message, is: impl Fn(&Segment) -> bool) -> u8 {
    u8::try_from(message.content.iter().filter(|segment| is(segment)).count()).unwrap_or(u8::MAX)
}
