//! When something usually speaks, a group or a bridge, and whether it is silent far beyond that.
//!
//! A day is cut into slots, workdays and days off apart, and of each slot the share of days in which something came is learned.
//! Silence is not measured in hours but in what would have come: each silent slot counts as much as its share, so that a
//! night in which nobody ever speaks counts nothing, and a class that meets on Tuesdays is missed after some Tuesdays.

use serde::{Deserialize, Serialize};

/// A slot in which something came every day has this share.
const WHOLE: f32 = u16::MAX as f32;
/// So many days are remembered: each new one counts at least one part in so many.
const DAYS: u32 = 20;
/// Nothing is missed before so many days were seen: new groups are livelier than they will be.
const LEARNING: u32 = 14;
/// The least that counts as the longest usual silence, in slots. What speaks all the time is then missed after `factor`
/// times this.
const LEAST: f32 = 0.75;
/// What the longest usual silence loses in a day, so that it halves in four weeks.
const FADING: f32 = 0.024_45;

/// What a slot was like, as it ends.
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    /// Its place in the day, from 0.
    pub at: usize,
    /// Whether the day is one off.
    pub day_off: bool,
    /// Whether something came in it.
    pub spoke: bool,
    /// How much its silence counts, 0 to 1: less when others were silent too.
    pub weight: f32,
}

/// What is known of one that speaks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rhythm {
    /// The share of days with something, by slot, in 65535ths: workdays, then days off.
    shares: Vec<u16>,
    /// Slots seen: of workdays, of days off.
    seen: [u32; 2],
    /// What would have come since it last spoke.
    missed: f32,
    /// The most that was missed in a silence that was not told, or while it was new; it fades.
    longest: f32,
    /// Its silence was told.
    silent: bool,
}

impl Rhythm {
    /// Knows nothing yet of a day of so many slots.
    pub fn new(slots: usize) -> Self {
        Self { shares: vec![0; 2 * slots], seen: [0; 2], missed: 0.0, longest: 0.0, silent: false }
    }

    /// Whether it is silent far beyond its habit.
    pub fn is_silent(&self) -> bool {
        self.silent
    }

    /// Whether it is known well enough to be missed.
    pub fn is_known(&self) -> bool {
        let slots = self.slots() as u32;
        slots > 0 && (self.seen[0] + self.seen[1]) / slots >= LEARNING
    }

    /// How many slots its day has.
    pub fn slots(&self) -> usize {
        self.shares.len() / 2
    }

    /// The share of days, 0 to 1, in which it speaks in this slot.
    pub fn share(&self, at: usize, day_off: bool) -> f32 {
        f32::from(self.shares.get(self.place(at, day_off)).copied().unwrap_or_default()) / WHOLE
    }

    /// It speaks: its silence is over. Whether that had been told.
    pub fn speaks(&mut self) -> bool {
        if !self.silent {
            self.longest = self.longest.max(self.missed);
        }
        self.missed = 0.0;
        std::mem::take(&mut self.silent)
    }

    /// A slot ends; `true` when from now on it is silent beyond `factor` times its longest usual silence. While it is, nothing
    /// is learned. Each time makes it twice as patient for the next weeks: what is often silent so long is so by habit. Without
    /// a factor it is never missed.
    pub fn turn(&mut self, slot: Slot, factor: Option<f32>) -> bool {
        if factor.is_none() && self.silent {
            self.speaks();
        }
        if self.silent {
            return false;
        }
        if !slot.spoke {
            self.missed += self.share(slot.at, slot.day_off) * slot.weight;
        }
        if !self.is_known() {
            self.longest = self.longest.max(self.missed); // it is all habit yet
        }
        let usual = self.longest.max(LEAST);
        self.silent = !slot.spoke && factor.is_some_and(|factor| self.missed > factor * usual);
        if self.silent {
            self.longest = 2.0 * usual;
            return true;
        }
        self.learn(slot);
        false
    }

    fn learn(&mut self, slot: Slot) {
        let slots = self.slots() as u32;
        let place = self.place(slot.at, slot.day_off);
        let (Some(share), Some(seen)) = (self.shares.get_mut(place), self.seen.get_mut(usize::from(slot.day_off)))
        else {
            return;
        };
        let days = (*seen / slots.max(1) + 1).min(DAYS);
        let weight = if slot.spoke { 1.0 } else { slot.weight };
        let now = if slot.spoke { WHOLE } else { 0.0 };
        let before = f32::from(*share);
        *share = (before + (now - before) * weight / days as f32).round() as u16;
        *seen = seen.saturating_add(1);
        self.longest -= self.longest * FADING / slots as f32;
    }

    fn place(&self, at: usize, day_off: bool) -> usize {
        at + if day_off { self.slots() } else { 0 }
    }
}

#[cfg(test)]
mod tests;
