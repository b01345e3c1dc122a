//! What is old enough is deleted, that and nothing else.

use super::*;
use crate::domain::action::{Outcome, StoredAction};
use crate::domain::case::ByWhom;
use crate::domain::change::Commanded;
use crate::domain::chat::{ChatChange, ChatWhat};
use crate::domain::standing::Strike;
use crate::ports::Kept;

/// All of it, in slices.
fn forget(store: &mut SqliteStore, what: Kept, before: u64) -> usize {
    let mut deleted = 0;
    loop {
        let forgotten = store.forget(what, at(before), 3).unwrap();
        if forgotten.looked == 0 {
            return deleted;
        }
        deleted += forgotten.deleted;
    }
}

fn rows(store: &SqliteStore, table: &str) -> u64 {
    store.counts().unwrap().iter().find(|count| count.table == table).unwrap().rows
}

fn ended(id: &str, seconds: u64) -> Change {
    Change::Ended { id: id.into(), outcome: Outcome::Done { message: None }, at: at(seconds) }
}

fn alone(id: &str) -> Change {
    let cause = Cause { step: Some("reply".into()), ..Cause::default() };
    Change::Act(Arc::new(Action { cause, ..action(id, Lane::Reply) }))
}

fn of_case(id: &str, no: u64) -> Change {
    let cause = Cause { case: Some(no.to_string()), ..Cause::default() };
    Change::Act(Arc::new(Action { cause, notifies: vec![("u1".into(), no)], ..action(id, Lane::Penalty) }))
}

#[test]
fn answers_go_and_what_belongs_to_a_case_or_is_not_sent_stays() {
    let mut scene = Scene::new();
    for (n, change) in
        [alone("a-0"), of_case("a-1", 1), alone("a-2"), alone("a-3"), alone("a-4")].into_iter().enumerate()
    {
        scene.change(change);
        if n != 3 {
            scene.change(ended(&format!("a-{n}"), 100 + n as u64));
        }
    }
    assert_eq!(forget(scene.store(), Kept::Answers, 102), 1, "not those that ended later");
    assert_eq!(forget(scene.store(), Kept::Answers, 1000), 1, "not beyond one that is not sent");
    scene.change(ended("a-3", 103));
    assert_eq!(
        forget(scene.reopen(), Kept::Answers, 1000),
        1,
        "the newest stays, so that its place is not given out again"
    );
    scene.change(alone("a-9"));
    assert_eq!(forget(scene.store(), Kept::Answers, 1000), 1);
    let there = |store: &mut SqliteStore, id: &str| store.action_state(&id.into()).unwrap().is_some();
    for (id, stays) in [("a-0", false), ("a-1", true), ("a-2", false), ("a-3", false), ("a-4", false), ("a-9", true)] {
        assert_eq!(there(scene.store(), id), stays, "{id}");
    }
}

#[test]
fn observed_answers_are_as_old_as_their_decision() {
    let mut scene = Scene::new();
    for id in ["a-0", "a-1"] {
        let cause = Cause::default();
        scene.change(Change::Act(Arc::new(Action { cause, observe: true, ..action(id, Lane::Reply) })));
    }
    assert_eq!(forget(scene.store(), Kept::Answers, 10), 0);
    assert_eq!(forget(scene.store(), Kept::Answers, 11), 1);
}

/// Three cases with evidence and actions, a hundred seconds apart.
fn three_cases() -> Scene {
    let mut scene = Scene::new();
    for no in 1..=3 {
        let opened = at(no * 100);
        scene.change(Change::Case(Box::new(Case { opened, rules: format!("rules-{no}").into(), ..case(no) })));
        scene.change(Change::Evidence(Box::new(evidence(no, &format!("e-{no}"), "ads.link"))));
        scene.change(of_case(&format!("a-{no}"), no));
        scene.change(ended(&format!("a-{no}"), no * 100 + 1));
        let undone = ByWhom { by: "u5".into(), name: "李姐".into(), at: at(no * 100 + 9) };
        let decision = TaskDecision {
            task: format!("a-{no}").into(),
            case: Some(no),
            choice: "removed".to_owned(),
            text: "已移出".to_owned(),
            by: undone.clone(),
        };
        scene.change(Change::Decided(Box::new(decision)));
        scene.change(Change::Undone { case: no, undone });
    }
    scene
}

#[test]
fn a_case_outlives_what_was_said_and_says_so() {
    let mut scene = three_cases();
    let kept = scene.store().case_file(2).unwrap();
    assert_eq!(forget(scene.store(), Kept::Evidence, 150), 4, "its evidence, two ids of messages, an action");
    let file = scene.reopen().case_file(1).unwrap().unwrap();
    assert!(file.case.forgotten && file.case.text.is_empty() && file.case.findings.len() == 1);
    let finding = &file.case.findings[0];
    assert_eq!((&*finding.rule, &*finding.matched, &finding.word), ("ads.contact", "", &None));
    assert_eq!((file.evidence, file.actions), (0, Vec::<StoredAction>::new()));
    assert!(file.undone.is_some() && file.decisions.len() == 1, "what became of it is no evidence");
    assert_eq!(scene.store().case_of("bridge", "g1", "m-1").unwrap(), None);
    assert_eq!(scene.store().case_file(2).unwrap(), kept, "the others are as they were");
    assert_eq!(scene.store().case_of("bridge", "g1", "e-2").unwrap().unwrap().no, 2);
    assert_eq!(forget(scene.store(), Kept::Evidence, 150), 0, "it is not looked at again");
    // The newest action stays, and an action that is not sent is never forgotten.
    scene.change(of_case("a-late", 2));
    forget(scene.store(), Kept::Evidence, 1000);
    let left: Vec<_> =
        scene.store().pending("bridge", 9).unwrap().iter().map(|pending| pending.action.id.clone()).collect();
    assert_eq!(left, ["a-late".into()]);
    assert_eq!((rows(scene.store(), "evidence"), rows(scene.store(), "case_messages")), (0, 0));
}

#[test]
fn what_was_said_is_gone_from_the_file() {
    let mut scene = Scene::new();
    let text = "说了一句只说一次的话".repeat(3);
    scene.change(Change::Case(Box::new(Case { text: text.clone(), ..case(1) })));
    scene.change(Change::Evidence(Box::new(Evidence { text: text.clone(), ..evidence(1, "e-1", "ads.link") })));
    scene.change(Change::Case(Box::new(Case { opened: at(999), ..case(2) })));
    scene.change(Change::Case(Box::new(Case { text: "后来的话".to_owned(), opened: at(999), ..case(3) })));
    forget(scene.store(), Kept::Evidence, 500);
    scene.store = None;
    let holds = |text: &str| {
        let bytes = std::fs::read(scene.dir.path().join("qunwei.db")).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    assert!(!holds("后来的话"), "it is sealed: what is left would not be seen");
    reseal(scene.dir.path(), &keys(), true).unwrap();
    assert!(holds("后来的话"));
    assert!(!holds("说了一句只说一次的话"), "it is still in the file");
}

/// SQLite moves rows from page to page as others go, and leaves copies of them behind. What is deleted later is gone from those places too.
#[test]
fn nothing_of_what_is_deleted_by_age_is_left_between_rows() {
    let (dir, options) = (tempfile::tempdir().unwrap(), Options::default()); // not sealed: what is left would not be seen
    let mut store = SqliteStore::open(dir.path(), options.clone()).unwrap();
    let held = |text: &str| {
        let bytes = ["qunwei.db", "qunwei.db-wal"].map(|name| std::fs::read(dir.path().join(name)).unwrap_or_default());
        bytes.concat().windows(text.len()).filter(|window| *window == text.as_bytes()).count()
    };
    let (said, name, kept) = ("说了一句只说一次的话", "早已退群的赵六", "还在群里的王五");
    let mut changes = Vec::new();
    for n in 0..2000 {
        let n = n * 7919 % 2000; // in no order, and of any length: SQLite splits pages
        let member = MemberRef { group: format!("g{n}").into(), ..member(&format!("u{}", n % 3)) };
        let (name, left) = if n % 4 == 0 { (kept, None) } else { (name, Some(at(n % 100))) };
        let name = Some(name.repeat(n as usize % 9 + 1).into());
        changes.push(Change::Membership { member, name, joined: Some(at(0)), left });
    }
    for no in 1..=300 {
        let text = said.repeat(no as usize % 30 + 1);
        changes.push(Change::Case(Box::new(Case { text: text.clone(), opened: at(no), ..case(no) })));
        changes.push(Change::Evidence(Box::new(Evidence { text, ..evidence(no, &format!("e-{no}"), "ads.link") })));
    }
    store.commit(&[Unit { changes, ..Unit::default() }]).unwrap();
    let forget_all = |store: &mut SqliteStore| {
        for before in [20, 40, 60, 80, 1000] {
            forget(store, Kept::Members, before);
            forget(store, Kept::Evidence, before);
        }
    };
    forget_all(&mut store);
    crate::store::erase::clear_log(&store.conn).unwrap();
    assert!(held(name) > 0 || held(said) > 0, "SQLite leaves none any more: nothing needs to be swept");
    let began = std::time::Instant::now();
    let (mut slices, mut longest, mut again) = (0, Duration::ZERO, false);
    let owed = |store: &SqliteStore| -> i64 {
        store.conn.query_row("SELECT count(*) FROM forgotten WHERE what = 'sweep'", [], |row| row.get(0)).unwrap()
    };
    while held(name) > 0 || held(said) > 0 || owed(&store) > 0 {
        if slices == 2 && !again {
            again = true;
            drop(store);
            store = SqliteStore::open(dir.path(), options.clone()).unwrap(); // a start begins it anew
        }
        let slice = std::time::Instant::now();
        if store.tidy(at(2000), Duration::ZERO).unwrap() == crate::ports::Tidied::More {
            slices += 1;
            longest = longest.max(slice.elapsed());
            store.commit(&[plain(slices)]).unwrap(); // messages come in between
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{} {}", held(name), held(said));
    }
    println!("{slices} slices, the longest {longest:?}");
    assert!(slices > 3, "not all at once: {slices}");
    assert!(held(kept) > 0, "what is not old is there");
    let sound: String = store.conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!((sound.as_str(), rows(&store, "members")), ("ok", 500));
    assert!(check(dir.path(), &options.keys, None).unwrap().is_sound());
}

#[test]
fn a_case_goes_with_its_strike_and_its_configuration_and_numbers_go_on() {
    let mut scene = three_cases();
    let strike = |no: u64| Strike { case: no, time: at(no), observe: false, notice: None, burst_end: None };
    let standing = |strikes: Vec<Strike>| Standing { strikes, ..Standing::default() };
    scene.change(Change::Standing { member: member("u1"), standing: standing(vec![strike(1)]) });
    scene.change(Change::Standing { member: member("u2"), standing: standing(vec![strike(1), strike(3)]) });
    for n in 1..=20 {
        scene.store().save_config(&format!("rules-{n}"), &pack_files(&[]).unwrap(), at(n)).unwrap();
    }
    assert_eq!(forget(scene.store(), Kept::Cases, 250), 2);
    assert_eq!(scene.store().case_file(1).unwrap(), None);
    assert_eq!(scene.store().member(&member("u1")).unwrap().standing, Standing::default());
    assert_eq!(scene.store().member(&member("u2")).unwrap().standing.strikes.len(), 2, "not the case's member");
    assert_eq!(["cases", "undone", "decisions", "evidence"].map(|table| rows(scene.store(), table)), [1; 4]);
    assert_eq!(forget(scene.store(), Kept::Cases, 10_000), 0, "the last one stays: the next gets the next number");
    assert_eq!(scene.reopen().start().unwrap().case, 3);
    // Versions that only deleted cases named are as any other now.
    scene.store().save_config("rules-99", &pack_files(&[]).unwrap(), at(99)).unwrap();
    assert_eq!(scene.store().config("rules-1").unwrap(), None);
    assert_eq!(scene.store().config("rules-3").unwrap(), Some(Vec::new()), "a case names it");
}

#[test]
fn what_still_counts_against_somebody_stays() {
    let mut scene = three_cases();
    let late = Strike { case: 2, time: at(400), observe: false, notice: None, burst_end: None };
    let standing = Standing { strikes: vec![late], ..Standing::default() };
    scene.change(Change::Standing { member: member("u1"), standing: standing.clone() });
    assert_eq!(forget(scene.store(), Kept::Cases, 250), 2);
    assert_eq!(scene.store().member(&member("u1")).unwrap().standing, standing);
}

#[test]
fn commands_members_and_undone_words_go() {
    let mut scene = Scene::new();
    let commanded = |n: u64| Commanded {
        member: member("u5"),
        event: format!("m-{n}").into(),
        at: at(n),
        command: "status".into(),
        text: "/状态".to_owned(),
        result: "done".into(),
    };
    let gone = |user: &str, left: u64| Change::Membership {
        member: member(user),
        name: None,
        joined: None,
        left: Some(at(left)),
    };
    let word = |no: u64| ChatChange {
        no,
        platform: "bridge".into(),
        group: "g1".into(),
        what: ChatWhat::Add(vec!["内部认购".into()]),
        by: "u5".into(),
        by_name: "李姐".to_owned(),
        at: at(no),
        undone: None,
    };
    for n in 1..=5 {
        scene.change(Change::Commanded(Box::new(commanded(n))));
        scene.change(Change::Chat(Box::new(word(n))));
        scene.change(gone(&format!("gone-{n}"), n));
    }
    for no in [1, 5] {
        let undone = ByWhom { by: "u5".into(), name: "李姐".into(), at: at(no + 1) };
        scene.change(Change::ChatUndone { no, platform: "bridge".into(), group: "g1".into(), undone });
    }
    scene.change(Change::Membership { member: member("here"), name: None, joined: Some(at(1)), left: None });
    scene.change(gone("boss", 1));
    scene.change(Change::Role { member: member("boss"), role: crate::domain::event::Role::Owner });
    let strike = Strike { case: 1, time: at(1), observe: false, notice: None, burst_end: None };
    let standing = Standing { strikes: vec![strike], ..Standing::default() };
    scene.change(Change::Standing { member: member("gone-1"), standing });
    assert_eq!(forget(scene.store(), Kept::Commands, 4), 3);
    assert_eq!(forget(scene.store(), Kept::Members, 4), 2, "not one against whom something is held, nor the owner");
    assert!(scene.store().membership(&member("here")).unwrap().is_some());
    assert_eq!(forget(scene.store(), Kept::Changes, 100), 1, "not those in force, nor the last");
    assert_eq!(scene.reopen().start().unwrap().change, 5);
    assert_eq!(scene.store().start().unwrap().chat.len(), 3);
}
