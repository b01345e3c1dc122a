//! What was said lately: the windows that flooding and repetition are judged by. A pure function of the events (never of
//! what was decided), so that it can be rebuilt from the journal alone. Bounded; the oldest are shed.
//!
//! Times are the platform's. Entries stand in order of time whatever order they come in, and every question is asked
//! around a time: a backlog with its own old times is no flood, and a late message completes the window it belongs to.

mod chains;
mod heats;
mod pieces;
mod sketches;
#[cfg(test)]
mod tests;
mod traces;
mod written;

use std::collections::HashSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::chains::{Chains, Link};
pub use self::heats::{Heat, Heated, MOST_HEATS};
use self::pieces::Cut;
pub use self::pieces::Piece;
use self::sketches::Sketches;
pub use self::sketches::{Among, BANDS, MOST_SKETCHES, Sketch};
pub use self::traces::{Left, MOST_TRACES, thing};
use self::written::Ring;
use super::ids::{GroupKey, MemberKey};
use super::time::Timestamp;

/// How many messages are remembered for their times: 28 bytes each.
pub const MOST_TIMES: usize = 1 << 18;

/// How many texts are remembered: 44 bytes each.
pub const MOST_TEXTS: usize = 1 << 17;

/// How many pieces of texts are remembered: 76 bytes each.
pub const MOST_PIECES: usize = 1 << 14;

/// What rules need to have been remembered: the longest windows and largest counts of all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// How long the times of a member's messages are kept.
    pub times: Duration,
    /// Whether those of their pictures and videos are kept for as long.
    pub pictures: bool,
    /// How long texts and links are remembered.
    pub texts: Duration,
    /// Folded texts shorter than this many characters are not remembered; `None`: none are.
    pub shortest_text: Option<usize>,
    /// Whether links are.
    pub links: bool,
    /// How long messages of a few characters are remembered.
    pub pieces: Duration,
    /// How long it is remembered what texts are like.
    pub sketches: Duration,
    /// Of texts with fewer characters to compare than this it is not; `None`: of none.
    pub shortest_sketch: Option<usize>,
    /// How long contacts and links are remembered.
    pub things: Duration,
    /// How long heated messages are remembered.
    pub heats: Duration,
}

impl Needs {
    /// Needs the times of a member's messages, as far back as `window`.
    pub fn times(&mut self, window: Duration) {
        self.times = self.times.max(window);
    }

    /// Needs the times of a member's pictures and videos, as far back as `window`.
    pub fn pictures(&mut self, window: Duration) {
        self.pictures = true;
        self.times(window);
    }

    /// Needs texts of at least `shortest` characters, as far back as `window`.
    pub fn texts(&mut self, shortest: usize, window: Duration) {
        self.shortest_text = Some(self.shortest_text.map_or(shortest, |other| other.min(shortest)));
        self.texts = self.texts.max(window);
    }

    /// Needs what a member said in a few characters, as far back as `window`.
    pub fn pieces(&mut self, window: Duration) {
        self.pieces = self.pieces.max(window);
    }

    /// Needs what texts of at least `shortest` characters are like, as far back as `window`.
    pub fn sketches(&mut self, shortest: usize, window: Duration) {
        self.shortest_sketch = Some(self.shortest_sketch.map_or(shortest, |other| other.min(shortest)));
        self.sketches = self.sketches.max(window);
    }

    /// Needs who posted which contact and link, as far back as `window`.
    pub fn things(&mut self, window: Duration) {
        self.things = self.things.max(window);
    }

    /// Needs how heated messages were, as far back as `window`.
    pub fn heats(&mut self, window: Duration) {
        self.heats = self.heats.max(window);
    }

    /// Needs who posted which link, as far back as `window`.
    pub fn links(&mut self, window: Duration) {
        self.links = true;
        self.texts = self.texts.max(window);
    }
}

/// One message, as the windows see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Where.
    pub group: GroupKey,
    /// Who, in this group.
    pub member: MemberKey,
    /// Who, on the platform.
    pub user: u64,
    /// When, by the platform's clock.
    pub time: Timestamp,
    /// The text, when it is short.
    pub piece: Option<Piece>,
    /// Hash of the folded text, when it is long enough to be remembered.
    pub text: Option<u64>,
    /// How many pictures are in it.
    pub images: u8,
    /// How many videos are in it.
    pub videos: u8,
    /// Keys of the links in it, two for each, as far as they are remembered; 0 where there is none.
    pub links: [u64; MOST_LINKS],
    /// What the text is like, when it is long enough to be remembered.
    pub sketch: Option<Sketch>,
    /// Keys of the contacts and links in it ([`thing`]), as far as they are remembered; 0 where there is none.
    pub things: [u64; MOST_THINGS],
    /// How heated it is, by each way of measuring.
    pub heats: [Option<Heat>; MOST_MEASURES],
}

/// The links of one message that are remembered.
pub const MOST_LINKS: usize = 8;

/// The contacts and links of one message that are remembered as things that are pushed.
pub const MOST_THINGS: usize = 4;

/// In how many ways the heat of messages is measured.
pub const MOST_MEASURES: usize = 4;

/// The pictures or videos of one message that are remembered.
const MOST_PICTURES: u8 = 30;

/// Tell a member's pictures and videos from their messages.
const IMAGES: u128 = 0x69_6d61_6765_7300;
const VIDEOS: u128 = 0x76_6964_656f_7300;

/// A message of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Said {
    member: [u8; 8],
    time: Timestamp,
}

/// Somebody said a text somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copied {
    text: [u8; 8],
    user: [u8; 8],
    group: [u8; 8],
    /// When.
    pub time: Timestamp,
}

impl Copied {
    fn of(text: u64, sighting: &Sighting) -> Self {
        Self {
            text: text.to_le_bytes(),
            user: sighting.user.to_le_bytes(),
            group: half(sighting.group.0),
            time: sighting.time,
        }
    }

    /// Who, on the platform.
    pub fn user(&self) -> u64 {
        u64::from_le_bytes(self.user)
    }

    /// Where: half of the group's key.
    pub fn group(&self) -> u64 {
        u64::from_le_bytes(self.group)
    }

    /// Whether it was in this group.
    pub fn is_in(&self, group: GroupKey) -> bool {
        self.group == half(group.0)
    }
}

impl Link for Said {
    fn key(&self) -> u64 {
        u64::from_le_bytes(self.member)
    }

    fn time(&self) -> Timestamp {
        self.time
    }
}

impl Link for Copied {
    fn key(&self) -> u64 {
        u64::from_le_bytes(self.text)
    }

    fn time(&self) -> Timestamp {
        self.time
    }
}

/// Half of a hash: enough to tell apart what is remembered at one time.
fn half(hash: u128) -> [u8; 8] {
    (hash as u64).to_le_bytes()
}

/// All windows.
pub struct Recent {
    times: Chains<Said>,
    texts: Chains<Copied>,
    pieces: Chains<Cut>,
    sketches: Sketches,
    traces: Chains<traces::Trace>,
    heats: Chains<Heated>,
}

impl Default for Recent {
    fn default() -> Self {
        Self::with_limits(MOST_TIMES, MOST_TEXTS, MOST_PIECES)
    }
}

/// How much had been remembered at some time. Means nothing to other windows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    times: u64,
    texts: u64,
    pieces: u64,
    sketches: u64,
    traces: u64,
    heats: u64,
}

/// How much longer than the rules look back a written entry is kept, for clocks that are put back: an idle daemon must not write
/// megabytes of what nobody will ask for.
const GRACE: Duration = Duration::from_secs(3600);

impl Recent {
    /// Windows of so many messages, texts and pieces.
    pub fn with_limits(times: usize, texts: usize, pieces: usize) -> Self {
        Self {
            times: Chains::new(times),
            texts: Chains::new(texts),
            pieces: Chains::new(pieces),
            sketches: Sketches::default(),
            traces: Chains::new(MOST_TRACES),
            heats: Chains::new(MOST_HEATS),
        }
    }

    /// Remembers a message, as far as the rules need it.
    pub fn note(&mut self, needs: &Needs, sighting: &Sighting) {
        if !needs.times.is_zero() {
            self.times.add(Said { member: half(sighting.member.0), time: sighting.time });
        }
        if needs.pictures {
            for (kind, count) in [(IMAGES, sighting.images), (VIDEOS, sighting.videos)] {
                let shown = Said { member: half(sighting.member.0 ^ kind), time: sighting.time };
                (0..count.min(MOST_PICTURES)).for_each(|_| self.times.add(shown));
            }
        }
        if let Some(piece) = sighting.piece.filter(|_| !needs.pieces.is_zero()) {
            self.pieces.add(Cut { member: half(sighting.member.0), time: sighting.time, piece });
        }
        let text = sighting.text.filter(|_| needs.shortest_text.is_some());
        let links = sighting.links.into_iter().filter(|link| needs.links && *link != 0);
        for copied in text.into_iter().chain(links) {
            self.texts.add(Copied::of(copied, sighting));
        }
        if !needs.sketches.is_zero() {
            self.note_sketch(sighting);
        }
        if !needs.things.is_zero() {
            self.note_things(sighting);
        }
        if !needs.heats.is_zero() {
            self.note_heat(sighting);
        }
    }

    /// The times of a member's pictures at most `within` before or after `around`, newest first.
    pub fn images(&self, member: MemberKey, around: Timestamp, within: Duration) -> impl Iterator<Item = Timestamp> {
        self.times(MemberKey(member.0 ^ IMAGES), around, within)
    }

    /// The same of their videos.
    pub fn videos(&self, member: MemberKey, around: Timestamp, within: Duration) -> impl Iterator<Item = Timestamp> {
        self.times(MemberKey(member.0 ^ VIDEOS), around, within)
    }

    /// The times of a member's messages at most `within` before or after `around`, newest first.
    pub fn times(&self, member: MemberKey, around: Timestamp, within: Duration) -> impl Iterator<Item = Timestamp> {
        let key = u64::from_le_bytes(half(member.0));
        self.times.between(key, around.minus(within), around.plus(within)).map(|said| said.time)
    }

    /// What a member said in a few characters at most `within` before `until`, newest first, with when it was.
    pub fn pieces(
        &self,
        member: MemberKey,
        until: Timestamp,
        within: Duration,
    ) -> impl Iterator<Item = (Timestamp, &Piece)> {
        let key = u64::from_le_bytes(half(member.0));
        self.pieces.between(key, until.minus(within), until).map(|cut| (cut.time, &cut.piece))
    }

    /// Who said this text, or posted the link of this key, at most `within` before or after `around`, newest first.
    pub fn copies(&self, text: u64, around: Timestamp, within: Duration) -> impl Iterator<Item = &Copied> {
        self.texts.between(text, around.minus(within), around.plus(within))
    }

    /// Forgets what these members said in a few characters: the only words that are remembered as they were written.
    pub fn forget_pieces(&mut self, members: impl Iterator<Item = MemberKey>) {
        let keys: HashSet<[u8; 8]> = members.map(|member| half(member.0)).collect();
        let mut left = Chains::new(MOST_PIECES);
        self.pieces.iter_after(0).filter(|cut| !keys.contains(&cut.member)).for_each(|cut| left.add(*cut));
        left.set_shed(self.pieces.shed());
        self.pieces = left;
    }

    /// How many entries were forgotten because there were too many.
    pub fn shed(&self) -> u64 {
        let texts = self.texts.shed() + self.pieces.shed() + self.sketches.shed();
        self.times.shed() + texts + self.traces.shed() + self.heats.shed()
    }

    /// How much was remembered until now.
    pub fn place(&self) -> Place {
        Place {
            times: self.times.came(),
            texts: self.texts.came(),
            pieces: self.pieces.came(),
            sketches: self.sketches.came(),
            traces: self.traces.came(),
            heats: self.heats.came(),
        }
    }

    /// Whether nothing of what was remembered before `place` is left.
    pub fn has_outlived(&self, place: Place) -> bool {
        let gone = [
            (place.times, self.times.shed()),
            (place.texts, self.texts.shed()),
            (place.pieces, self.pieces.shed()),
            (place.sketches, self.sketches.shed()),
            (place.traces, self.traces.shed()),
            (place.heats, self.heats.shed()),
        ];
        gone.into_iter().all(|(came, shed)| came <= shed)
    }

    /// Everything that a rule may still ask for about a message that was sent at `oldest` or later, written.
    pub fn snapshot(&self, needs: &Needs, oldest: Timestamp) -> Vec<u8> {
        self.snapshot_since(Place::default(), needs, oldest)
    }

    /// The same of what was remembered since `place`.
    pub fn snapshot_since(&self, place: Place, needs: &Needs, oldest: Timestamp) -> Vec<u8> {
        let needed = [needs.times, needs.texts, needs.pieces, needs.sketches, needs.things, needs.heats];
        written::write(self, place, needed.map(|window| oldest.minus(window + GRACE)))
    }

    /// Reads a snapshot and those of what came since, one after the other. `None` when one is damaged or of another version.
    pub fn restore(bytes: &[u8]) -> Option<Self> {
        written::read(bytes)
    }
}
