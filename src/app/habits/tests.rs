//! Bridges and groups over made-up weeks, ten minutes at a time.

use std::collections::HashMap;
use std::path::Path;

use super::*;
use crate::domain::time::Timestamp;

/// 2026-11-23T00:00:00+08:00, a Monday.
const MONDAY: i64 = 1_795_363_200_000;
const TEN: i64 = 600_000;

/// The shipped settings, with a bridge `b`.
fn settings() -> Settings {
    let toml = "[bridge.b]\nsecret_env = \"S\"\nactions_url = \"http://127.0.0.1:9/\"\ncapabilities = [\"send\"]\n";
    let files = [("a.toml".to_owned(), toml.to_owned())];
    let config = crate::config::from_files(Path::new("."), &files, &|_| None);
    Arc::into_inner(config.unwrap_or_else(|faults| panic!("{faults:#?}")).settings).expect("nobody else has it")
}

/// A bridge with groups, some of which are silent from some day on.
struct Town {
    settings: Settings,
    habits: Habits,
    now: i64,
    bridge: Arc<str>,
    alarms: Vec<(i64, Alarm)>,
}

impl Town {
    fn new() -> Self {
        let (settings, habits) = (settings(), Habits::default());
        Self { settings, habits, now: MONDAY, bridge: "b".into(), alarms: Vec::new() }
    }

    /// So many days in which each group whose number `speaks` speaks every ten minutes from 8 to 22.
    fn live(&mut self, days: i64, groups: usize, speaks: impl Fn(usize) -> bool) {
        for _ in 0..days * 144 {
            let hour = (self.now - MONDAY) / 3_600_000 % 24;
            for group in (0..groups).filter(|group| (8..22).contains(&hour) && speaks(*group)) {
                self.habits.note(&self.bridge, &format!("g{group}"), Timestamp(self.now + 1));
            }
            self.now += TEN;
            self.turn();
        }
    }

    fn turn(&mut self) {
        let now = Timestamp(self.now);
        let day = (self.now - MONDAY) / 86_400_000;
        self.alarms.extend(self.habits.turn(&self.settings, now).into_iter().map(|alarm| (day, alarm)));
    }

    fn told(&mut self) -> Vec<Alarm> {
        std::mem::take(&mut self.alarms).into_iter().map(|(_, alarm)| alarm).collect()
    }
}

fn names(groups: &Groups) -> Vec<&str> {
    groups.groups.iter().map(|(group, _)| &**group).collect()
}

#[test]
fn a_group_is_missed_alone_and_comes_back() {
    let mut town = Town::new();
    town.live(28, 8, |_| true);
    assert_eq!(town.told(), [], "weeks as ever");
    town.live(14, 8, |group| group != 3);
    let [Alarm::GroupsSilent(silent)] = &town.told()[..] else { panic!("one alarm") };
    assert_eq!((names(silent), &*silent.bridge, silent.more), (vec!["g3"], "b", 0));
    assert_eq!(town.habits.silences()[0].groups, 1);
    town.live(1, 8, |_| true);
    let [Alarm::GroupsSpeak(speak)] = &town.told()[..] else { panic!("one word that it is back") };
    assert_eq!(speak.groups, [("g3".into(), 14 * 24 + 10)]);
}

#[test]
fn a_bridge_that_died_is_told_within_the_hour_and_not_its_groups() {
    let mut town = Town::new();
    town.live(15, 8, |_| true);
    town.live(2, 8, |_| false);
    let [Alarm::BridgeSilent { bridge, minutes }] = &town.told()[..] else { panic!("one alarm, of the bridge") };
    assert!(&**bridge == "b" && (600..=660).contains(minutes), "at nine in the morning: {minutes}");
    assert!(town.habits.silences()[0].silent);
    town.live(1, 8, |_| true);
    assert!(matches!(&town.told()[..], [Alarm::BridgeSpeaks { .. }]));
}

#[test]
fn a_holiday_is_no_alarm() {
    let mut town = Town::new();
    town.live(28, 20, |_| true);
    town.live(7, 20, |group| group == 0);
    assert_eq!(town.told(), [], "all but one are silent");
}

#[test]
fn many_groups_at_once_are_one_alarm() {
    let mut town = Town::new();
    town.live(28, 60, |_| true);
    town.live(1, 60, |group| group >= 15);
    let [Alarm::GroupsSilent(silent)] = &town.told()[..] else { panic!("one alarm") };
    assert_eq!((silent.groups.len(), silent.more), (10, 5));
}

#[test]
fn time_in_which_the_daemon_was_not_there_is_nobodys_silence() {
    for away in ["down", "deaf", "turned back"] {
        let mut town = Town::new();
        town.live(15, 8, |_| true);
        match away {
            "down" => {
                // It was stopped for two days and started anew from what was written.
                town.habits.write_all();
                let mut after = Habits::default();
                while let Some((_, piece)) = town.habits.next_piece() {
                    after.restore(&piece);
                }
                town.habits = after;
                town.now += 2 * 86_400_000 + 10 * 3_600_000;
            }
            "deaf" => {
                for _ in 0..288 {
                    town.habits.deaf();
                    town.now += TEN;
                    town.turn();
                }
            }
            _ => town.now -= 3 * 86_400_000,
        }
        town.turn();
        assert_eq!(town.told(), [], "{away}");
        assert_eq!(town.habits.groups.len(), 8, "{away}: habits are kept");
        let noon = 12 * 3_600_000 - (town.now - MONDAY) % 86_400_000;
        town.now += noon.rem_euclid(86_400_000);
        town.turn();
        town.live(2, 8, |_| false);
        assert!(matches!(&town.told()[..], [Alarm::BridgeSilent { .. }]), "{away}: and then it watches as before");
    }
}

#[test]
fn who_is_not_configured_any_more_is_forgotten() {
    let mut town = Town::new();
    town.live(15, 3, |_| true);
    town.settings.platforms = HashMap::new();
    town.live(3, 3, |_| false);
    assert_eq!(town.told(), []);
    assert!(town.habits.bridges.is_empty() && town.habits.groups.is_empty());
}

#[test]
fn it_can_be_turned_off() {
    let mut town = Town::new();
    town.settings.silence = None;
    town.live(15, 8, |_| true);
    town.live(20, 8, |_| false);
    town.live(1, 8, |_| true);
    assert_eq!(town.told(), []);
    let mut town = Town::new();
    town.live(15, 8, |_| true);
    town.live(2, 8, |_| false);
    assert_eq!((town.told().len(), town.habits.silences()[0].silent), (1, true));
    town.settings.silence = None;
    town.live(1, 8, |_| false);
    assert!(!town.habits.silences()[0].silent, "what was told is taken back");
}

#[test]
fn what_is_kept_has_bounds() {
    let mut habits = Habits::default();
    let bridge = "b".into();
    for group in 0..GROUPS + 100 {
        habits.note(&bridge, &format!("g{group}"), Timestamp(MONDAY));
    }
    habits.note(&bridge, &"长".repeat(100), Timestamp(MONDAY));
    assert_eq!(habits.groups.len(), GROUPS);
    assert!(habits.groups.iter().all(|(_, speaker)| speaker.group.len() < 10), "and no id that is no id");
}

#[test]
fn what_cannot_be_read_is_nothing() {
    let mut habits = Habits::default();
    habits.restore(b"\xff\xff\xff\xff\xff\xff");
    habits.restore(b"");
    assert!(habits.bridges.is_empty() && habits.groups.is_empty());
}
