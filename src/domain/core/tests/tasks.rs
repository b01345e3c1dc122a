//! Tasks that nobody acts on, and those that are settled: the engine's part, reading the task, is played here.

use super::*;
use crate::domain::action::StoredAction;
use crate::domain::case::{Case, CaseFile, TaskDecision};
use crate::domain::policy::Company;
use crate::domain::tasks::{OpenTask, TaskPolicy};

/// A group with an owner and an admin whose tasks are chased, on a platform that cannot do this.
fn bed(cannot: &[Capability]) -> Bed {
    bed_with(cannot, |_| {})
}

fn bed_with(cannot: &[Capability], edit: impl FnOnce(&mut Policy)) -> Bed {
    let can = Capability::ALL.iter().map(|(_, one)| *one).filter(|one| !cannot.contains(one));
    Bed::on(can.collect(), |policy| {
        policy.tasks = TaskPolicy::default();
        policy.ladder = [Step::Remove].into();
        policy.roles = HashMap::from([("owner".into(), Role::Owner), ("admin".into(), Role::Admin)]).into();
        edit(policy);
    })
}

fn with_company(bed: &mut Bed, users: &[&str]) {
    let users = users.iter().map(|user| Arc::from(*user)).collect();
    let company = Company { platform: "p".into(), group: "hq".into(), users, per_minute: 6 };
    Arc::get_mut(&mut bed.core.settings).expect("only the core has it").company = Some(company);
}

/// The cards among the changes.
fn cards(changes: &[Change]) -> Vec<Arc<Action>> {
    acts(changes).into_iter().filter(|action| matches!(action.what, What::Task { .. })).collect()
}

fn text_of(action: &Action) -> &str {
    let (What::Task { text, .. } | What::TaskDone { text, .. } | What::Send { text, .. } | What::Private { text, .. }) =
        &action.what
    else {
        panic!("{action:?} has no text")
    };
    text
}

/// Who got a card.
fn to(action: &Action) -> Vec<&str> {
    let (What::Task { mentions: users, .. } | What::TaskDone { users, .. }) = &action.what else {
        panic!("{action:?} is no card")
    };
    users.iter().map(|user| &**user).collect()
}

fn done(changes: &[Change]) -> Vec<Arc<Action>> {
    acts(changes).into_iter().filter(|action| matches!(action.what, What::TaskDone { .. })).collect()
}

fn decisions(changes: &[Change]) -> Vec<TaskDecision> {
    let decided = |change: &Change| match change {
        Change::Decided(decision) => Some((**decision).clone()),
        _ => None,
    };
    changes.iter().filter_map(decided).collect()
}

fn cancelled(changes: &[Change]) -> usize {
    let ended = |change: &&Change| matches!(change, Change::Ended { outcome: Outcome::Cancelled, .. });
    changes.iter().filter(ended).count()
}

impl Bed {
    fn tasks(&mut self) -> Vec<OpenTask> {
        self.core.state.group(GroupKey::new("p", "g1")).tasks.clone()
    }

    /// Time passes until something is due; gives how many minutes that took, and what it led to. What was sent before has
    /// arrived.
    fn until_due(&mut self) -> (u64, Vec<Change>) {
        for card in self.on_their_way() {
            self.arrives(&card, "");
        }
        self.until_due_alone()
    }

    /// The same, and what was sent before is still on its way.
    fn until_due_alone(&mut self) -> (u64, Vec<Change>) {
        let due = self.core.state.timers.first().expect("something is due").due;
        let minutes = due.since(self.now).as_secs() / 60;
        self.now = self.now.max(due);
        (minutes, self.tick())
    }

    /// The cards whose end nobody knows, as actions that end.
    fn on_their_way(&mut self) -> Vec<Action> {
        let tasks = self.tasks();
        let cards = tasks.iter().flat_map(|task| task.cards.iter().map(move |card| (task, card)));
        let action = |(task, card): (&OpenTask, &crate::domain::tasks::Card)| Action {
            id: card.id.clone(),
            platform: "p".into(),
            group: "g1".into(),
            what: What::Task {
                text: String::new(),
                mentions: Vec::new(),
                buttons: Vec::new(),
                about: Default::default(),
            },
            time: NOW,
            offset: 0,
            cause: crate::domain::action::Cause { task: Some(task.id.clone()), ..Default::default() },
            lane: Lane::Penalty,
            deadline: NOW,
            observe: false,
            notifies: Vec::new(),
            inverse: None,
            told_by: None,
        };
        cards.filter(|(_, card)| card.end.is_none()).map(action).collect()
    }

    /// A card arrived under this name.
    fn arrives(&mut self, card: &Action, message: &str) -> Vec<Change> {
        self.end(card, &Outcome::Done { message: Some(message.to_owned()) })
    }

    fn press(&mut self, user: &str, card: &Arc<Action>, choice: &str, case: Option<Case>) -> Vec<Change> {
        self.core.loaded.task = Some(card.clone());
        self.core.loaded.presser = format!("小{user}").into();
        self.core.loaded.case = case.map(|case| CaseFile {
            case,
            evidence: 0,
            actions: Vec::<StoredAction>::new(),
            decisions: Vec::new(),
            undone: None,
        });
        let kind = Kind::Button { user: user.into(), task: (*card.id).into(), choice: choice.into() };
        self.event(kind, self.now)
    }

    fn leaves(&mut self, user: &str, reason: Option<&str>) -> Vec<Change> {
        let kind = Kind::Left { members: vec![person(user)], reason: reason.map(Into::into) };
        self.event(kind, self.now)
    }
}

fn case_of(changes: &[Change]) -> Case {
    let case = |change: &Change| match change {
        Change::Case(case) => Some((**case).clone()),
        _ => None,
    };
    changes.iter().find_map(case).expect("a case")
}

#[test]
fn a_task_is_sent_again_then_others_are_asked_then_it_rests() {
    let mut bed = bed(&[Capability::Remove]);
    let asked = bed.say("9", BAD);
    let [card] = &cards(&asked)[..] else { panic!("{asked:?}") };
    assert_eq!((to(card), card.cause.user.as_deref()), (vec!["admin", "owner"], Some("9")));
    // The rule's category is `ads`: again after 3 minutes, others after 5.
    let (minutes, again) = bed.until_due();
    let [second] = &cards(&again)[..] else { panic!("{again:?}") };
    assert_eq!((minutes, to(second)), (3, vec!["admin", "owner"]));
    assert!(text_of(second).contains("第 1 次") && text_of(second).contains("案件 1"), "{}", text_of(second));
    assert!(text_of(second).contains("11月23日 09:00") && text_of(second).contains(text_of(card)));
    assert_eq!(second.cause.task.as_ref(), Some(&card.id));
    let (minutes, others) = bed.until_due();
    let [third] = &cards(&others)[..] else { panic!("{others:?}") };
    assert_eq!((minutes, to(third)), (2, vec!["owner"]), "there is no company: the owner");
    bed.pass(10 * DAY);
    assert_eq!(acts(&bed.tick()), []);
    bed.pass(5 * DAY);
    let over = bed.tick();
    assert_eq!((acts(&over), bed.tasks()), (Vec::new(), Vec::new()), "given up");
    assert!(bed.core.state.timers.is_empty());
}

#[test]
fn how_soon_is_by_kind_and_what_only_tells_is_not_chased() {
    for (text, minutes) in [(BAD, [3, 2]), ("重话", [8, 7]), ("狠话", [8, 7]), ("怪话", [8, 7])] {
        let mut bed = bed(&[Capability::Remove]);
        bed.say("9", text);
        let found = [bed.until_due().0, bed.until_due().0];
        assert_eq!(found, minutes, "{text}");
    }
    let mut bed = bed_with(&[Capability::Remove], |policy| policy.tasks.chases = 0);
    bed.say("9", BAD);
    assert_eq!(bed.until_due().0, 5, "at once to others");
    let mut bed = bed_with(&[Capability::Remove], |policy| policy.tasks.escalate = false);
    bed.say("9", BAD);
    let (first, second) = (bed.until_due(), bed.until_due());
    assert_eq!([first.0, second.0, 2], [3, 3, cards(&[first.1, second.1].concat()).len() as u64]);
    bed.until_due();
    assert!(bed.tasks().is_empty(), "twice is enough");
}

#[test]
fn the_company_is_asked_by_a_card_and_told_in_its_group() {
    let mut bed = bed(&[Capability::Remove]);
    with_company(&mut bed, &["chief"]);
    bed.say("9", BAD);
    bed.until_due();
    let (_, others) = bed.until_due();
    assert_eq!(said(&others), ["task task", "send alert"]);
    let all = acts(&others);
    assert_eq!((to(&all[0]), &*all[0].group), (vec!["chief"], "g1"));
    assert_eq!(&*all[1].group, "hq");
    assert!(text_of(&all[1]).starts_with("【g1】") && text_of(&all[1]).contains("案件 1"), "{}", text_of(&all[1]));
    // The one who was told may decide.
    let case = Case { no: 1, ..case_of(&bed.say("8", BAD)) };
    let pressed = bed.press("chief", &all[0], "keep", Some(Case { user: "9".into(), ..case }));
    assert_eq!(decisions(&pressed)[0].choice, "keep");

    // Without cards for them, they are told privately.
    let mut bed = self::bed(&[Capability::Remove]);
    with_company(&mut bed, &["chief"]);
    let mut company = bed.core.settings.company.clone().unwrap();
    company.platform = "q".into();
    Arc::get_mut(&mut bed.core.settings).unwrap().company = Some(company);
    bed.say("9", BAD);
    bed.until_due();
    assert_eq!(said(&bed.until_due().1), ["send alert", "private alert"]);
}

#[test]
fn nobody_is_disturbed_at_night_unless_it_is_severe() {
    let evening = Timestamp(NOW.0 + 13 * 3_600_000 - 60_000); // 21:59
    let mut bed = bed(&[Capability::Remove]);
    bed.now = evening;
    bed.say("9", BAD);
    let (minutes, morning) = bed.until_due();
    assert_eq!((minutes, cards(&morning).len()), (10 * 60 + 1, 1), "at 8:00 the same are asked first");
    assert_eq!(bed.until_due().0, 2, "and get the rest of their time");

    let mut bed = self::bed(&[Capability::Remove]);
    bed.now = evening;
    bed.say("9", "狠话");
    assert_eq!(bed.until_due().0, 8);
}

#[test]
fn what_has_to_wait_is_sent_again_later_and_says_who_put_it_off() {
    let mut bed = bed(&[Capability::Remove]);
    let asked = bed.say("9", BAD);
    let (card, case) = (cards(&asked)[0].clone(), case_of(&asked));
    for round in 1..=3 {
        let later = bed.press("admin", &card, "later", Some(case.clone()));
        assert_eq!(decisions(&later), []);
        assert!(texts(&later)[0].starts_with("好的，"), "{:?}", texts(&later));
        let (minutes, again) = bed.until_due();
        assert_eq!(minutes, 30, "round {round}");
        assert!(text_of(&cards(&again)[0]).starts_with("小admin 说稍后处理"), "{:?}", texts(&again));
    }
    let refused = bed.press("admin", &card, "later", Some(case.clone()));
    assert!(texts(&refused)[0].contains("不能再推后"), "{:?}", texts(&refused));
    assert_eq!(said(&bed.until_due().1), ["task task"], "it is chased like any");
    let decided = bed.press("admin", &card, "removed", Some(case));
    assert_eq!(decisions(&decided).len(), 1);
    bed.pass(DAY);
    assert_eq!(acts(&bed.tick()), []);
}

#[test]
fn what_is_still_on_its_way_is_not_sent_again_but_others_are_asked_in_time() {
    let mut bed = bed(&[Capability::Remove]);
    bed.say("9", BAD);
    let (minutes, again) = bed.until_due_alone();
    assert_eq!((minutes, acts(&again).len()), (3, 0));
    let (minutes, others) = bed.until_due_alone();
    assert_eq!((minutes, to(&cards(&others)[0])), (2, vec!["owner"]));
}

#[test]
fn every_card_says_so_once_the_task_is_decided() {
    let mut bed = bed(&[Capability::Remove]);
    let asked = bed.say("9", BAD);
    let (card, case) = (cards(&asked)[0].clone(), case_of(&asked));
    assert_eq!(acts(&bed.arrives(&card, "rc-1")), []);
    let (_, again) = bed.until_due();
    let second = cards(&again)[0].clone();
    let (_, others) = bed.until_due_alone();
    let third = cards(&others)[0].clone();
    bed.arrives(&third, "rc-3");
    bed.pass(MINUTE);
    // The second is under way when somebody answers the third.
    let decided = bed.press("owner", &third, "removed", Some(case));
    assert_eq!(decisions(&decided)[0].task, card.id, "whichever card, it is one task");
    let updates = done(&decided);
    let told: Vec<_> = updates.iter().map(|one| (text_of(one), to(one))).collect();
    let text = "已移出（小owner 11月23日 09:06）";
    assert_eq!(told, [(text, vec!["admin", "owner"]), (text, vec!["owner"])]);
    let What::TaskDone { task, message, .. } = &updates[0].what else { unreachable!() };
    assert_eq!((task, &**message), (&card.id, "rc-1"));
    assert_eq!(updates[0].deadline, bed.now.plus(3 * DAY));
    assert_eq!((updates[0].lane, cancelled(&decided)), (Lane::Reply, 1));
    let json: serde_json::Value = serde_json::from_str(&updates[0].to_json()).unwrap();
    for (key, value) in [("type", "task_done"), ("task", &card.id), ("message", "rc-1"), ("text", text)] {
        assert_eq!(json[key], value, "{json}");
    }
    assert_eq!(json["mentions"], serde_json::json!(["admin", "owner"]));
    let late = bed.arrives(&second, "rc-2");
    assert_eq!((done(&late).len(), bed.tasks().len()), (1, 0));

    // Where the platform cannot do it, nothing is sent.
    let mut bed = self::bed(&[Capability::Remove, Capability::TaskDone]);
    let asked = bed.say("9", BAD);
    let (card, case) = (cards(&asked)[0].clone(), case_of(&asked));
    bed.arrives(&card, "rc-1");
    let decided = bed.press("owner", &card, "removed", Some(case));
    assert_eq!((done(&decided).len(), bed.tasks().len()), (0, 0));
}

#[test]
fn a_card_that_never_came_is_not_brought_up_to_date_nor_waited_for() {
    let mut bed = bed(&[Capability::Remove]);
    let asked = bed.say("9", BAD);
    let (card, case) = (cards(&asked)[0].clone(), case_of(&asked));
    bed.end(&card, &Outcome::Failed { error: "400".to_owned() });
    let (_, again) = bed.until_due();
    let decided = bed.press("owner", &cards(&again)[0], "keep", Some(case));
    assert_eq!((done(&decided).len(), cancelled(&decided)), (0, 1));
    // Nobody says what became of the second one.
    assert_eq!(bed.tasks().len(), 1);
    bed.pass(2 * DAY);
    let over = bed.tick();
    assert_eq!((acts(&over).len(), bed.tasks().len(), bed.core.state.timers.len()), (0, 0, 0));
}

#[test]
fn a_removal_is_confirmed_by_the_leave_event() {
    let quit = "成员已自行退群";
    for (reason, choice, text) in
        [(Some("removed"), "removed", "已移出"), (None, "removed", "已移出"), (Some("quit"), "left", quit)]
    {
        let mut bed = bed(&[Capability::Remove]);
        let asked = bed.say("9", BAD);
        let card = cards(&asked)[0].clone();
        bed.arrives(&card, "rc-1");
        assert_eq!(decisions(&bed.leaves("8", reason)), [], "somebody else");
        let left = bed.leaves("9", reason);
        let [decision] = &decisions(&left)[..] else { panic!("{left:?}") };
        let found = (&*decision.task, decision.case, &*decision.choice, &*decision.text, &*decision.by.by);
        assert_eq!(found, (&*card.id, Some(1), choice, text, "platform"));
        assert_eq!(text_of(&done(&left)[0]), format!("{text}（平台 11月23日 09:00）"));
        assert!(bed.core.state.timers.is_empty() && bed.tasks().is_empty());
        assert_eq!(acts(&bed.leaves("9", reason)), [], "once");
    }
    // What cannot be done to somebody who is gone is settled too; an appeal is not.
    let mut bed = bed_with(&[Capability::Mute], |policy| policy.ladder = [Step::Mute(DAY)].into());
    bed.say("9", BAD);
    let left = bed.leaves("9", Some("removed"));
    assert_eq!((&*decisions(&left)[0].choice, &*decisions(&left)[0].text), ("left", "成员已不在群里"));
}

#[test]
fn two_removals_of_one_member_are_settled_by_one_person_and_by_the_machine() {
    let mut bed = bed(&[Capability::Remove]);
    let first = bed.say("9", BAD);
    bed.deliver(&first);
    bed.pass(2 * HOUR);
    let second = bed.say("9", BAD);
    assert_eq!((cards(&first).len(), cards(&second).len()), (1, 1));
    let decided = bed.press("admin", &cards(&second)[0], "removed", Some(case_of(&second)));
    let mut settled: Vec<_> = decisions(&decided).iter().map(|one| one.task.clone()).collect();
    settled.sort();
    let mut both = [cards(&first)[0].id.clone(), cards(&second)[0].id.clone()];
    both.sort();
    assert_eq!(settled, both);

    let mut bed = bed_with(&[], |policy| policy.removals_per_hour = 0);
    let asked = bed.say("9", BAD);
    let remove = Arc::new(Action { what: What::Remove { user: "9".into() }, ..(*cards(&asked)[0]).clone() });
    let removed = bed.end(&remove, &Outcome::Done { message: None });
    assert_eq!((&*decisions(&removed)[0].choice, &*decisions(&removed)[0].by.by), ("removed", "machine"));
}

#[test]
fn who_appealed_is_told_that_it_is_upheld() {
    let mut bed = bed(&[Capability::Remove]);
    let case = case_of(&bed.say("9", BAD));
    let file = CaseFile { case: case.clone(), evidence: 0, actions: Vec::new(), decisions: Vec::new(), undone: None };
    bed.core.loaded.case = Some(file);
    let (content, time) = (vec![Segment::Text("误判".into())], bed.now);
    let message = Message { sender: person("8"), content, quote: Some(Box::default()), ..Message::default() };
    let card = cards(&bed.event(Kind::Message(message), time))[0].clone();
    // Cards of older versions do not say who appealed.
    let mut old = (*card).clone();
    (old.id, old.cause.user) = ("a-old".into(), None);
    for (card, whom, name) in [(card, "8", "小8"), (old.into(), "9", "小9")] {
        bed.core.loaded.named = "小8".into();
        let upheld = bed.press("admin", &card, "uphold", Some(case.clone()));
        let told =
            acts(&upheld).into_iter().find(|action| text_of(action).contains("维持原来")).expect("somebody is told");
        assert_eq!(told.what.user().map(|user| &**user), Some(whom), "{told:?}");
        assert!(text_of(&told).starts_with(name), "{told:?}");
    }
}

#[test]
fn undone_and_stopped_tasks_are_not_chased() {
    let mut bed = bed(&[Capability::Remove]);
    let asked = bed.say("9", BAD);
    let (card, case) = (cards(&asked)[0].clone(), case_of(&asked));
    bed.arrives(&card, "rc-1");
    bed.core.loaded.case =
        Some(CaseFile { case, evidence: 0, actions: Vec::new(), decisions: Vec::new(), undone: None });
    let undone = bed.say_as(with_role("admin", Role::Admin), "/撤销 1");
    assert_eq!(text_of(&done(&undone)[0]), "已撤销（小admin 11月23日 09:00）");
    assert!(bed.tasks().is_empty() && bed.core.state.timers.is_empty());

    let mut bed = self::bed(&[Capability::Remove]);
    let asked = bed.say("9", BAD);
    bed.arrives(&cards(&asked)[0], "rc-1");
    bed.say_as(with_role("admin", Role::Admin), "/停");
    let status = texts(&bed.say_as(with_role("admin", Role::Admin), "/状态"));
    assert!(status[0].contains("；1 件事等管理员处理"), "{status:?}");
    bed.pass(2 * HOUR);
    assert_eq!(acts(&bed.tick()), [], "only observed");
    bed.say_as(with_role("admin", Role::Admin), "/恢复");
    bed.pass(HOUR);
    assert_eq!(said(&bed.tick()), ["task task"]);

    let mut bed = bed_with(&[Capability::Remove], |policy| policy.mode = Mode::Observe);
    bed.say("9", BAD);
    assert!(bed.tasks().is_empty());
}

#[test]
fn chases_do_not_flood_and_tasks_are_bounded() {
    let mut bed = bed_with(&[Capability::Remove], |policy| policy.notices_per_minute = 600);
    for user in 0..10 {
        bed.say(&format!("m{user}"), BAD);
    }
    for card in bed.on_their_way() {
        bed.arrives(&card, "");
    }
    bed.pass(3 * MINUTE);
    assert_eq!(said(&bed.tick()).len(), 3);
    bed.pass(MINUTE);
    assert_eq!(said(&bed.tick()).len(), 3);
    for user in 10..300 {
        bed.say(&format!("m{user}"), BAD);
    }
    assert_eq!((bed.tasks().len(), bed.core.state.timers.len()), (200, 200));
}

#[test]
fn who_asks_to_be_let_in_is_put_before_the_admins_once() {
    let mut bed = bed(&[]);
    let ask = |bed: &mut Bed| {
        bed.core.loaded.presser = "老王".into();
        let (answer, inviter) = (Some("三号店 @所有人 朋友".into()), Some("u1".into()));
        let now = bed.now;
        bed.event(Kind::JoinRequest { member: person("8"), answer, inviter }, now)
    };
    let asked = ask(&mut bed);
    let [card] = &cards(&asked)[..] else { panic!("{asked:?}") };
    let text = text_of(card);
    assert!(text.starts_with("小8 申请入群，邀请人 老王，回答：三号店 所有人 朋友。"), "{text}");
    let What::Task { buttons, .. } = &card.what else { unreachable!() };
    assert_eq!(buttons.iter().map(|one| &*one.choice).collect::<Vec<_>>(), ["admitted", "declined", "later"]);
    assert_eq!(acts(&ask(&mut bed)), [], "it waits already");
    bed.arrives(card, "rc-1");
    let came = bed.event(Kind::Joined { members: vec![person("8")], inviter: None, channel: None }, bed.now);
    assert_eq!((&*decisions(&came)[0].choice, &*decisions(&came)[0].by.by), ("admitted", "platform"));
    assert_eq!(text_of(&done(&came)[0]), "已通过（平台 11月23日 09:00）");
    bed.leaves("8", None);
    bed.pass(2 * MINUTE);
    bed.tick();
    let asked = ask(&mut bed);
    let declined = bed.press("admin", &cards(&asked)[0], "declined", None);
    assert_eq!(decisions(&declined)[0].text, "已拒绝");
}

#[test]
fn who_is_on_duty_may_press() {
    for (user, may) in [("duty", true), ("7", false)] {
        let mut bed = bed(&[Capability::Remove]);
        let settings = Arc::get_mut(&mut bed.core.settings).expect("only the core has it");
        settings.platforms.get_mut("p").expect("it is there").duty = ["duty".into()].into();
        let asked = bed.say("9", BAD);
        let pressed = bed.press(user, &cards(&asked)[0], "removed", Some(case_of(&asked)));
        assert_eq!(decisions(&pressed).len() == 1, may, "{user}");
    }
}

#[test]
fn a_group_that_the_bot_left_or_that_is_not_looked_after_is_not_chased() {
    let mut bed = bed(&[Capability::Remove]);
    let asked = bed.say("9", BAD);
    bed.arrives(&cards(&asked)[0], "rc-1");
    let left = bed.leaves("bot", None);
    assert_eq!((acts(&left).len(), bed.tasks().len(), bed.core.state.timers.len()), (0, 0, 0));

    let mut bed = self::bed(&[Capability::Remove]);
    let asked = bed.say("9", BAD);
    bed.arrives(&cards(&asked)[0], "rc-1");
    Arc::get_mut(&mut bed.core.settings).unwrap().unknown_groups = UnknownGroups::Ignore;
    bed.pass(HOUR);
    let over = bed.tick();
    assert_eq!((acts(&over).len(), bed.tasks().len()), (0, 0));
}
