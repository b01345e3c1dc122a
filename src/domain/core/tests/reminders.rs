//! Reminders in the core: what is listed of them, and who is asked to say one where the bot cannot.

use super::*;
use crate::domain::reminder::{Reminder, To};
use crate::domain::schedule::{InQuiet, Times};

impl Bed {
    fn boss(&mut self, text: &str) -> Vec<Change> {
        self.say_as(with_role("boss", Role::Admin), text)
    }

    /// At this hour of the bed's day; beyond 24 of the next.
    fn clock_shows(&mut self, hour: u32, minute: u32) {
        self.now = NOW.plus((hour - 9) * HOUR + minute * MINUTE);
    }

    fn list(&mut self) -> String {
        texts(&self.boss("/提醒 列表")).concat()
    }
}

#[test]
fn one_that_waits_for_the_end_of_quiet_hours_is_not_listed_as_missed() {
    let mut bed = Bed::new();
    bed.clock_shows(21, 0);
    for (text, no) in [("23:10 关灯", 1), ("每天23:10 锁门", 2)] {
        bed.boss(&format!("/提醒 {text}"));
        bed.boss(&format!("/确认 {no}"));
    }
    bed.clock_shows(23, 20);
    bed.boss("/提醒 每天23:10 晚了");
    bed.boss("/确认 3");
    bed.clock_shows(23, 30);
    assert!(acts(&bed.tick()).is_empty());
    let list = bed.list();
    assert!(list.contains("关灯") && !list.contains("错过了"), "{list}");
    assert!(list.contains("锁门（下次 2026年11月24日（周二）08:00）"), "{list}");
    assert!(list.contains("晚了（下次 2026年11月25日（周三）08:00）"), "it was set after its time: {list}");
    bed.clock_shows(32, 0);
    assert_eq!(texts(&bed.tick()), ["提醒：关灯", "提醒：锁门"]);
    assert!(bed.list().contains("锁门（下次 2026年11月25日（周三）08:00）"));
}

#[test]
fn of_the_files_too_the_waiting_one_is_listed() {
    let mut bed = Bed::new();
    let settings = Arc::get_mut(&mut bed.core.settings).expect("only the core has it");
    settings.reminders.push(Reminder {
        name: "打烊".into(),
        text: None,
        image: None,
        times: Times::cron("0 23 * * *").expect("a sound time"),
        written: "打烊".into(),
        timezone: None,
        to: To::default(),
        in_quiet: InQuiet::Defer,
        grace: MINUTE,
        mode: Mode::On,
        announce: false,
    });
    bed.core.sync_reminders(NOW, &mut Vec::new());
    bed.clock_shows(22, 0);
    assert!(bed.list().contains("打烊（下次 2026年11月24日（周二）08:00）"));
    bed.clock_shows(23, 30);
    assert!(bed.list().contains("打烊（下次 2026年11月24日（周二）08:00）"));
}

#[test]
fn where_the_bot_can_only_write_privately_each_admin_is_asked() {
    let mut bed = Bed::on([Capability::Private].into_iter().collect(), |policy| policy.name = None);
    bed.boss("/提醒 10:00 开会");
    bed.boss("/确认 1");
    assert_eq!(bed.core.asked_by_reminders(bed.now), []);
    bed.clock_shows(10, 0);
    assert_eq!(bed.core.asked_by_reminders(bed.now), [("p".into(), "g1".into())]);
    let changes = bed.tick();
    let told: Vec<String> =
        acts(&changes).iter().filter_map(|action| action.what.user().map(ToString::to_string)).collect();
    assert_eq!(
        (told, said(&changes)),
        (vec!["boss".to_owned(), "named".to_owned()], vec!["private reminder".to_owned(); 2])
    );
    assert!(texts(&changes)[0].contains("请把这条提醒发到群里：提醒：开会"), "{changes:?}");
    assert!(bed.tick().is_empty(), "once");
}
