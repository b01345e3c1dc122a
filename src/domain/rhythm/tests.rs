//! Weeks of made-up life, an hour at a time.

use super::*;

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    /// From 0 to 1.
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

const FACTOR: Option<f32> = Some(4.0);

/// A group, how many messages an hour it usually has, and what became of its weeks.
struct Life {
    rhythm: Rhythm,
    dice: Dice,
    hour: usize,
    alarms: Vec<usize>,
    backs: Vec<usize>,
}

impl Life {
    fn new(seed: u64) -> Self {
        Self { rhythm: Rhythm::new(24), dice: Dice(seed), hour: 0, alarms: Vec::new(), backs: Vec::new() }
    }

    /// So many hours in which so many messages an hour are to be expected: (hour of the day, whether it is Saturday or
    /// Sunday) → number.
    fn live(&mut self, hours: usize, rate: impl Fn(usize, bool) -> f64) {
        for _ in 0..hours {
            let (at, day_off) = (self.hour % 24, self.hour / 24 % 7 >= 5);
            let spoke = self.dice.roll() < 1.0 - (-rate(at, day_off)).exp();
            if spoke && self.rhythm.speaks() {
                self.backs.push(self.hour);
            }
            if self.rhythm.turn(Slot { at, day_off, spoke, weight: 1.0 }, FACTOR) {
                self.alarms.push(self.hour);
            }
            self.hour += 1;
        }
    }
}

const WEEK: usize = 7 * 24;

/// Thirty messages a day, nearly all by day.
fn community(at: usize, _: bool) -> f64 {
    if (8..23).contains(&at) { 2.0 } else { 0.02 }
}

/// Colleagues: much on workdays, next to nothing else.
fn work(at: usize, day_off: bool) -> f64 {
    match (day_off, at) {
        (false, 9..=11 | 13..=18) => 4.0,
        (false, 12) => 0.7,
        _ => 0.03,
    }
}

/// Three messages a day, whenever.
fn quiet(at: usize, _: bool) -> f64 {
    if (8..23).contains(&at) { 0.2 } else { 0.0 }
}

/// A class on Tuesday evenings. The other days one word or none.
fn weekly(hour: usize) -> impl Fn(usize, bool) -> f64 {
    move |at, _| if hour / 24 % 7 == 1 && (19..22).contains(&at) { 5.0 } else { 0.01 }
}

#[test]
fn nights_and_weekends_are_no_silence() {
    for (name, rate) in [("community", community as fn(usize, bool) -> f64), ("work", work), ("quiet", quiet)] {
        let mut alarms = 0;
        for seed in 0..100 {
            let mut life = Life::new(seed);
            life.live(52 * WEEK, rate);
            alarms += life.alarms.len();
        }
        assert!(alarms <= 1, "{name}: {alarms} false alarms in 100 years");
    }
    let mut class = Life::new(7);
    for hour in 0..52 * WEEK {
        class.live(1, weekly(hour));
    }
    assert!(class.alarms.len() <= 1, "{:?}", class.alarms);
}

#[test]
fn one_that_died_is_missed_once_and_soon() {
    // Hours from Monday 8 in the sixth week until it is told in half of the cases, and in all.
    let kinds =
        [("community", community as fn(usize, bool) -> f64, 8, 24), ("work", work, 6, 34), ("quiet", quiet, 104, 240)];
    for (name, rate, usually, within) in kinds {
        let mut hours = Vec::new();
        for seed in 0..100 {
            let mut life = Life::new(seed);
            life.live(5 * WEEK + 8, rate);
            life.alarms.clear();
            life.backs.clear();
            let died = life.hour;
            life.live(20 * WEEK, |_, _| 0.0);
            let [told] = life.alarms[..] else { panic!("{name} {seed}: told {:?}", life.alarms) };
            assert!((1..=within).contains(&(told - died)), "{name} {seed}: told after {} hours", told - died);
            hours.push(told - died);
            life.live(48, rate);
            assert_eq!(life.backs.len(), 1, "{name}: and that it is back");
        }
        hours.sort_unstable();
        assert!(hours[50] <= usually, "{name}: in half of the cases after {} hours", hours[50]);
    }
}

#[test]
fn what_is_new_is_not_missed() {
    for days in 1..=11 {
        let mut life = Life::new(1);
        life.live(days * 24, |_, _| 5.0);
        life.live((14 - days) * 24, |_, _| 0.0);
        assert_eq!(life.alarms, Vec::<usize>::new(), "silent after {days} days");
    }
}

#[test]
fn who_is_often_silent_so_long_is_told_of_ever_less() {
    let mut life = Life::new(3);
    life.live(4 * WEEK, community);
    for _ in 0..12 {
        life.live(WEEK - 24, community);
        life.live(24, |_, _| 0.0); // a day off each week
    }
    assert!((1..=3).contains(&life.alarms.len()), "{:?}", life.alarms);
}

#[test]
fn when_all_are_silent_one_is_not_missed() {
    let mut life = Life::new(4);
    life.live(4 * WEEK, community);
    for hour in 0..WEEK {
        let told =
            life.rhythm.turn(Slot { at: hour % 24, day_off: hour / 24 >= 5, spoke: false, weight: 0.02 }, FACTOR);
        assert!(!told, "a holiday, hour {hour}");
    }
    assert!(life.rhythm.share(12, false) > 0.5, "nor does it learn that nobody speaks at noon");
}
