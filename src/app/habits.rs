//! Who usually speaks when: the rhythm of every bridge and of every group ([`crate::domain::rhythm`]), and who is silent far
//! beyond it.
//!
//! What comes in is only noted, at the daemon's time; rhythms turn when a slot ends: ten minutes for bridges, an hour for
//! groups. A slot in which the daemon was not there from end to end teaches nothing and counts for nobody's silence.
//! Statistics, not state: what is lost of them in a crash (an hour at most) is learned again.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use lru::LruCache;
use serde::{Deserialize, Serialize};

use crate::app::metrics::Silence;
use crate::domain::alarm::{Alarm, Groups};
use crate::domain::ids::GroupKey;
use crate::domain::policy::Settings;
use crate::domain::rhythm::{Rhythm, Slot};
use crate::domain::time::Timestamp;

/// Groups whose habits are kept; beyond, those that were silent longest are forgotten.
const GROUPS: usize = 50_000;
/// A group with a longer id than any platform gives has no habit: ids are kept.
const LONGEST_ID: usize = 256;
/// A group that was silent so long is forgotten.
const GONE: Duration = Duration::from_secs(90 * 86_400);
/// Below so many others that should have spoken, nothing is to be learned of whether all are silent.
const OTHERS: f32 = 3.0;
/// When a smaller part of the others speaks than this, it is a holiday, and nobody's silence counts.
const LIVELY: f32 = 0.33;
/// Pieces in which the groups are written, one at a time; and one of the bridges.
const PIECES: u8 = 64;
const DAY: i64 = 86_400;

/// What is known of one that speaks.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Speaker {
    bridge: Arc<str>,
    /// Empty for the bridge itself.
    group: Arc<str>,
    last: Timestamp,
    rhythm: Rhythm,
    /// In the slot that is not over.
    #[serde(skip)]
    spoke: bool,
}

impl Speaker {
    fn new(bridge: &Arc<str>, group: &Arc<str>, slots: usize) -> Self {
        let (bridge, group) = (bridge.clone(), group.clone());
        Self { bridge, group, last: Timestamp(0), rhythm: Rhythm::new(slots), spoke: false }
    }

    /// For how long it was silent, when that had been told.
    fn speaks(&mut self, now: Timestamp) -> Option<Duration> {
        let silence = now.since(std::mem::replace(&mut self.last, now));
        self.spoke = true;
        self.rhythm.speaks().then_some(silence)
    }
}

/// The slots of a day, and which of them it is.
#[derive(Clone, Copy, Debug)]
struct Slots {
    /// How many a day has.
    a_day: i64,
    /// The slot under way, counted from 1970; `None` at a start.
    now: Option<i64>,
    /// Whether the daemon was there from its begin on.
    whole: bool,
}

/// What a slot that ended was.
enum Ended {
    /// It did not end.
    No,
    /// The daemon was not there all the time.
    Part,
    /// Its place in the day, and whether that is one off.
    Whole(usize, bool),
}

impl Slots {
    fn new(a_day: i64) -> Self {
        Self { a_day, now: None, whole: false }
    }

    /// It is so many seconds after 1970 on the clocks of the place.
    fn turn(&mut self, seconds: i64) -> Ended {
        let slot = seconds.div_euclid(DAY / self.a_day);
        let before = self.now.replace(slot);
        if before == Some(slot) {
            return Ended::No;
        }
        let whole = std::mem::replace(&mut self.whole, before == Some(slot - 1));
        match before {
            Some(before) if whole && self.whole => {
                let day = before.div_euclid(self.a_day);
                let day_off = (day + 3).rem_euclid(7) >= 5; // 1970 began on a Thursday
                Ended::Whole(usize::try_from(before.rem_euclid(self.a_day)).unwrap_or_default(), day_off)
            }
            _ => Ended::Part,
        }
    }
}

/// Every habit that is known.
pub struct Habits {
    bridges: HashMap<Arc<str>, Speaker>,
    groups: LruCache<GroupKey, Speaker>,
    tens: Slots,
    hours: Slots,
    /// The next piece to be written; none when all are.
    unwritten: std::ops::Range<u8>,
    alarms: Vec<Alarm>,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            bridges: HashMap::new(),
            groups: LruCache::new(NonZeroUsize::new(GROUPS).unwrap_or(NonZeroUsize::MIN)),
            tens: Slots::new(144),
            hours: Slots::new(24),
            unwritten: 0..0,
            alarms: Vec::new(),
        }
    }
}

impl Habits {
    /// Something came now.
    pub fn note(&mut self, bridge: &Arc<str>, group: &str, now: Timestamp) {
        let speaker = match self.bridges.get_mut(bridge) {
            Some(speaker) => speaker,
            None => {
                let new = Speaker::new(bridge, &Arc::default(), 144);
                self.bridges.entry(bridge.clone()).or_insert(new)
            }
        };
        if let Some(silence) = speaker.speaks(now) {
            self.alarms.push(Alarm::BridgeSpeaks { bridge: bridge.clone(), minutes: silence.as_secs() / 60 });
        }
        if group.is_empty() || group.len() > LONGEST_ID {
            return;
        }
        let key = GroupKey::new(bridge, group);
        let speaker = self.groups.get_or_insert_mut(key, || Speaker::new(bridge, &group.into(), 24));
        if let Some(silence) = speaker.speaks(now) {
            self.raise(true, bridge.clone(), group.into(), silence);
        }
    }

    /// Whatever came could not be taken in: the slots under way do not count.
    pub fn deaf(&mut self) {
        self.tens.whole = false;
        self.hours.whole = false;
    }

    /// It is now. Gives what is to be told; nobody is missed without a `factor`.
    pub fn turn(&mut self, settings: &Settings, now: Timestamp) -> Vec<Alarm> {
        let factor = settings.silence;
        let seconds = on_the_clock(now, &settings.default_policy.timezone);
        match self.tens.turn(seconds) {
            Ended::No => {}
            Ended::Part => self.bridges.values_mut().for_each(|speaker| speaker.spoke = false),
            Ended::Whole(at, day_off) => self.turn_bridges(settings, at, day_off, factor, now),
        }
        match self.hours.turn(seconds) {
            Ended::No => {}
            Ended::Part => self.groups.iter_mut().for_each(|(_, speaker)| speaker.spoke = false),
            Ended::Whole(at, day_off) => {
                self.turn_groups(settings, at, day_off, factor, now);
                self.unwritten = 0..PIECES + 1;
            }
        }
        let alarms = std::mem::take(&mut self.alarms);
        if factor.is_some() { alarms } else { Vec::new() }
    }

    fn turn_bridges(&mut self, settings: &Settings, at: usize, day_off: bool, factor: Option<f32>, now: Timestamp) {
        self.bridges.retain(|name, _| settings.platforms.contains_key(name));
        for (bridge, speaker) in &mut self.bridges {
            let slot = Slot { at, day_off, spoke: std::mem::take(&mut speaker.spoke), weight: 1.0 };
            if speaker.rhythm.turn(slot, factor) {
                let minutes = now.since(speaker.last).as_secs() / 60;
                self.alarms.push(Alarm::BridgeSilent { bridge: bridge.clone(), minutes });
                self.unwritten = 0..PIECES + 1;
            }
        }
    }

    fn turn_groups(&mut self, settings: &Settings, at: usize, day_off: bool, factor: Option<f32>, now: Timestamp) {
        let levels = self.levels(at, day_off, now);
        let mut silent = Vec::new();
        let mut gone = Vec::new();
        for (key, speaker) in &mut self.groups {
            let known = settings.platforms.contains_key(&speaker.bridge) && settings.looks_after(&speaker.group);
            if !known || now.since(speaker.last) > GONE {
                gone.push(*key);
                continue;
            }
            let level = levels.get(&speaker.bridge).copied().unwrap_or_default();
            let weight = level.without(&speaker.rhythm, at, day_off, speaker.spoke);
            let slot = Slot { at, day_off, spoke: std::mem::take(&mut speaker.spoke), weight };
            if speaker.rhythm.turn(slot, factor) {
                silent.push((speaker.bridge.clone(), speaker.group.clone(), now.since(speaker.last)));
            }
        }
        for key in gone {
            self.groups.pop(&key);
        }
        for (bridge, group, silence) in silent {
            self.raise(false, bridge, group, silence);
        }
    }

    /// How lively the groups of each bridge were in the slot, all together.
    fn levels(&self, at: usize, day_off: bool, now: Timestamp) -> HashMap<Arc<str>, Level> {
        let hour = Duration::from_secs(3600);
        let heard = |speaker: &Speaker| now.since(speaker.last) <= hour;
        let bridges = self.bridges.iter();
        let mut levels: HashMap<Arc<str>, Level> = bridges
            .map(|(name, speaker)| (name.clone(), Level { heard: heard(speaker), ..Level::default() }))
            .collect();
        for (_, speaker) in self.groups.iter().filter(|(_, speaker)| speaker.rhythm.is_known()) {
            if let Some(level) = levels.get_mut(&speaker.bridge) {
                level.expected += speaker.rhythm.share(at, day_off);
                level.spoke += f32::from(u8::from(speaker.spoke));
            }
        }
        levels
    }

    /// Groups of a bridge that fell silent, or speak again, together are told together.
    fn raise(&mut self, speaks: bool, bridge: Arc<str>, group: Arc<str>, silence: Duration) {
        let found = self.alarms.iter_mut().find_map(|alarm| match alarm {
            Alarm::GroupsSpeak(groups) if speaks && groups.bridge == bridge => Some(groups),
            Alarm::GroupsSilent(groups) if !speaks && groups.bridge == bridge => Some(groups),
            _ => None,
        });
        let hours = silence.as_secs() / 3600;
        match found {
            Some(groups) => groups.add(group, hours),
            None => {
                let mut groups = Groups::of(bridge);
                groups.add(group, hours);
                self.alarms.push(if speaks { Alarm::GroupsSpeak(groups) } else { Alarm::GroupsSilent(groups) });
            }
        }
    }

    /// How silent each bridge is.
    pub fn silences(&self) -> Vec<Silence> {
        let mut silent: HashMap<&str, usize> = HashMap::new();
        for (_, speaker) in self.groups.iter().filter(|(_, speaker)| speaker.rhythm.is_silent()) {
            *silent.entry(&speaker.bridge).or_default() += 1;
        }
        let of = |speaker: &Speaker| Silence {
            bridge: speaker.bridge.clone(),
            last: speaker.last,
            silent: speaker.rhythm.is_silent(),
            groups: silent.get(&*speaker.bridge).copied().unwrap_or_default(),
        };
        self.bridges.values().map(of).collect()
    }

    /// A piece that is to be written now, under its number.
    pub fn next_piece(&mut self) -> Option<(u8, Vec<u8>)> {
        let number = self.unwritten.next()?;
        let speakers: Vec<&Speaker> = if number == PIECES {
            self.bridges.values().collect()
        } else {
            let of_piece = |key: &GroupKey| (key.0 % u128::from(PIECES)) == u128::from(number);
            self.groups.iter().filter(|(key, _)| of_piece(key)).map(|(_, speaker)| speaker).collect()
        };
        Some((number, postcard::to_stdvec(&speakers).unwrap_or_default()))
    }

    /// Everything is to be written.
    pub fn write_all(&mut self) {
        self.unwritten = 0..PIECES + 1;
    }

    /// Takes in a piece as it was written; one that cannot be read is nothing.
    pub fn restore(&mut self, piece: &[u8]) {
        let Ok(speakers) = postcard::from_bytes::<Vec<Speaker>>(piece) else { return };
        for speaker in speakers {
            if speaker.group.is_empty() {
                self.bridges.insert(speaker.bridge.clone(), speaker);
            } else {
                self.groups.put(GroupKey::new(&speaker.bridge, &speaker.group), speaker);
            }
        }
    }
}

/// How lively the groups of a bridge are.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    /// Whether anything came from the bridge.
    heard: bool,
    /// How many should have spoken.
    expected: f32,
    /// How many did.
    spoke: f32,
}

impl Level {
    /// How much one's silence counts, by what the others did: little on a holiday, nothing when the bridge itself is silent.
    fn without(self, rhythm: &Rhythm, at: usize, day_off: bool, spoke: bool) -> f32 {
        if !self.heard {
            return 0.0;
        }
        let own = if rhythm.is_known() { (rhythm.share(at, day_off), f32::from(u8::from(spoke))) } else { (0.0, 0.0) };
        let (expected, others) = (self.expected - own.0, self.spoke - own.1);
        if expected < OTHERS {
            return 1.0;
        }
        let level = (others / expected).min(1.0);
        if level < LIVELY { 0.0 } else { level }
    }
}

/// Seconds from 1970 to now, as the clocks of the place count.
fn on_the_clock(now: Timestamp, zone: &TimeZone) -> i64 {
    now.0.div_euclid(1000) + i64::from(now.zoned(zone).offset().seconds())
}

#[cfg(test)]
mod tests;
