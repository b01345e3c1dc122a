//! Every change is read back as it was written, by this store and by the next.

use super::*;
use crate::domain::action::{ActionState, Cause, Outcome};
use crate::domain::alerts::{Alerts, HeldAlerts, SentAlert};
use crate::domain::choice::Choice;
use crate::domain::event::{Archived, Role};
use crate::domain::newcomers::{Join, Newcomer, Newcomers};
use crate::domain::standing::{Held, HeldKind, Ledger, Mute, Reported, Standing, Strike};
use crate::domain::subject::Subject;
use crate::domain::tasks::{Card, CardEnd, OpenTask, TaskKind};
use crate::domain::timer::{Timer, TimerKind};
use crate::store::configs::unpack;

/// Reads now and after a restart, which must be the same.
fn both<T: PartialEq + std::fmt::Debug>(scene: &mut Scene, read: impl Fn(&mut SqliteStore) -> T) -> T {
    let now = read(scene.store());
    let later = read(scene.reopen());
    assert_eq!(now, later);
    now
}

#[test]
fn nothing_is_stored_at_first() {
    let mut scene = Scene::new();
    let store = scene.store();
    assert_eq!(store.group("bridge", "g1").unwrap(), StoredGroup::default());
    assert_eq!(store.member(&member("u1")).unwrap(), StoredMember::default());
    assert_eq!(store.case_of("bridge", "g1", "m-1").unwrap(), None);
    assert_eq!(store.last_config().unwrap(), None);
    assert_eq!(store.action_state(&"a-1".into()).unwrap(), None);
    assert_eq!(store.membership(&member("u1")).unwrap(), None);
    let start = store.start().unwrap();
    assert_eq!((start.seq, start.case, start.windows, start.timers), (0, 0, None, Vec::new()));
}

#[test]
fn cases_and_evidence() {
    let mut scene = Scene::new();
    scene.change(Change::Case(Box::new(case(1))));
    scene.change(Change::Case(Box::new(case(2))));
    scene.change(Change::Evidence(Box::new(evidence(1, "m-1", "edited"))));
    scene.change(Change::Evidence(Box::new(evidence(1, "m-9", "ads.link"))));
    assert_eq!(both(&mut scene, |store| store.cases(9).unwrap()), [case(2), case(1)]);
    assert_eq!(scene.store().cases(1).unwrap(), [case(2)]);
    assert_eq!(scene.store().case(1).unwrap(), Some(case(1)));
    assert_eq!(scene.store().case(3).unwrap(), None);
    assert_eq!(scene.store().start().unwrap().case, 2);
    let of_m1 = vec![finding("ads.contact"), finding("edited")];
    for (message, findings) in [("m-1", of_m1), ("m-9", vec![finding("ads.link")])] {
        let found = both(&mut scene, |store| store.case_of("bridge", "g1", message).unwrap()).unwrap();
        assert_eq!(found, Case { findings, ..case(1) }, "{message}");
    }
    assert_eq!(scene.store().case_of("bridge", "g1", "m-2").unwrap(), Some(case(2)));
    for (platform, group, message) in [("other", "g1", "m-1"), ("bridge", "g2", "m-1"), ("bridge", "g1", "m-3")] {
        assert_eq!(scene.store().case_of(platform, group, message).unwrap(), None);
    }
    let evidence = [evidence(1, "m-1", "edited"), evidence(1, "m-9", "ads.link")];
    assert_eq!(scene.store().evidence(1).unwrap(), evidence);
}

#[test]
fn a_message_that_was_in_no_case_is_found_once_it_is() {
    let mut scene = Scene::new();
    scene.change(Change::Case(Box::new(case(1))));
    let found =
        |scene: &mut Scene, message: &str| scene.store().case_of("bridge", "g1", message).unwrap().map(|case| case.no);
    assert_eq!([found(&mut scene, "m-1"), found(&mut scene, "m-2")], [Some(1), None]);
    scene.change(Change::Case(Box::new(case(2))));
    scene.change(Change::Evidence(Box::new(evidence(2, "m-9", "ads.link"))));
    assert_eq!(
        [found(&mut scene, "m-2"), found(&mut scene, "m-9"), found(&mut scene, "m-3")],
        [Some(2), Some(2), None]
    );
    // More than are known at once, some in two cases: while they come, and after a start.
    for no in 103..700 {
        scene.change(Change::Evidence(Box::new(evidence(2, &format!("n-{no}"), "ads.link"))));
        if no < 120 {
            scene.change(Change::Evidence(Box::new(evidence(1, &format!("n-{no}"), "ads.link"))));
        }
    }
    for _ in 0..2 {
        for (message, case) in [("m-1", Some(1)), ("n-103", Some(2)), ("n-699", Some(2)), ("n-700", None)] {
            assert_eq!(found(&mut scene, message), case, "{message}");
        }
        scene.reopen();
    }
}

#[test]
fn standing() {
    let strike = Strike { case: 1, time: at(1), observe: true, notice: Some("a-1".into()), burst_end: Some(at(61)) };
    let mute = Mute {
        case: 1,
        until: at(99),
        enforced: true,
        notice: None,
        told: Some(at(3)),
        broken: true,
        own_end: None,
        before: None,
    };
    let held = Standing { strikes: vec![strike], mute: Some(mute), ..Standing::default() };
    let mut scene = Scene::new();
    for standing in [held, Standing { mute: None, ..Standing::default() }] {
        scene.change(Change::Standing { member: member("u1"), standing: standing.clone() });
        let stored = both(&mut scene, |store| store.member(&member("u1")).unwrap());
        assert_eq!(stored, StoredMember { role: None, standing, joined: None });
    }
    let rows = scene.store().counts().unwrap().into_iter().find(|count| count.table == "standings").unwrap().rows;
    assert_eq!(rows, 0, "who has nothing against them has no row");
}

#[test]
fn roles() {
    let mut scene = Scene::new();
    let mut set = |user, role| {
        scene.change(Change::Role { member: member(user), role });
        let role = both(&mut scene, |store| store.member(&member(user)).unwrap().role);
        (role, scene.store().group("bridge", "g1").unwrap().admins.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(set("u2", Role::Owner), (Some(Role::Owner), vec!["u2".to_owned()]));
    assert_eq!(set("u1", Role::Admin), (Some(Role::Admin), vec!["u1".to_owned(), "u2".to_owned()]));
    assert_eq!(set("u3", Role::Bot), (Some(Role::Bot), vec!["u1".to_owned(), "u2".to_owned()]));
    assert_eq!(set("u2", Role::Member), (Some(Role::Member), vec!["u1".to_owned()]));
    // Known to be a plain member is not the same as unknown: the configuration may call them an admin.
    assert_eq!(set("u4", Role::Member), (Some(Role::Member), vec!["u1".to_owned()]));
    assert_eq!(scene.store().member(&member("u5")).unwrap().role, None);
    let elsewhere = MemberRef { group: "g2".into(), ..member("u1") };
    assert_eq!(scene.store().member(&elsewhere).unwrap().role, None);
}

#[test]
fn memberships() {
    let mut scene = Scene::new();
    let known = |name: &str, joined, left: Option<u64>| Membership {
        name: Some(name.into()),
        joined: Some(at(joined)),
        left: left.map(at),
    };
    let rows = [
        (Some("新人"), Some(1), None, known("新人", 1, None)),
        (Some("老王"), None, None, known("老王", 1, None)),
        (None, None, Some(5), known("老王", 1, Some(5))),
        (None, Some(9), None, known("老王", 9, None)),
    ];
    for (name, joined, left, expected) in rows {
        let (name, joined, left) = (name.map(Into::into), joined.map(at), left.map(at));
        scene.change(Change::Membership { member: member("u1"), name, joined, left });
        assert_eq!(both(&mut scene, |store| store.membership(&member("u1")).unwrap()), Some(expected));
    }
    scene.change(Change::Role { member: member("u1"), role: Role::Admin });
    assert_eq!(scene.store().membership(&member("u1")).unwrap().unwrap().name, Some("老王".into()));
}

#[test]
fn ledgers() {
    let ledger = Ledger {
        name: Some("一号店".into()),
        archive: Some(Archived { employees: 3, outsiders: 10, missing: 2 }),
        removals: vec![at(1)],
        mutes: vec![at(2), at(3)],
        notices: vec![at(4)],
        alerts: alerts(),
        held: vec![Held { kind: HeldKind::Named, user: Some("u1".into()), case: 7, line: "@小王".into() }],
        held_more: [(HeldKind::Named, 3)].into(),
        replies: vec![at(8)],
        rules_told: Some(at(8)),
        chases: vec![at(4)],
        reported: vec![Reported { message: 7, case: 1, at: at(5) }],
    };
    let mut scene = Scene::new();
    for ledger in [ledger, Ledger::default()] {
        let change = Change::Ledger { platform: "bridge".into(), group: "g1".into(), ledger: ledger.clone() };
        scene.change(change);
        let stored = both(&mut scene, |store| store.group("bridge", "g1").unwrap());
        assert_eq!(stored, StoredGroup { ledger, ..StoredGroup::default() });
    }
}

#[test]
fn tasks() {
    let task = |id: &str, since: u64| OpenTask {
        id: id.into(),
        cause: Cause { case: Some("7".into()), user: Some("u1".into()), ..Cause::default() },
        buttons: vec![Choice::Removed.button(), Choice::Later.button()],
        text: "请处理".to_owned(),
        about: Subject::of("u1", "小王", "加微信"),
        since: at(since),
        kind: TaskKind::Ads,
        urgent: true,
        cards: vec![Card { id: id.into(), users: vec!["u2".into()], end: Some(CardEnd::Arrived("m-9".into())) }],
        chased: 1,
        put_off: 1,
        put_off_by: Some("小李".to_owned()),
        waits: true,
        escalate: at(9),
        escalated: false,
        due: Some(at(8)),
        settled: None,
    };
    let mut scene = Scene::new();
    let change =
        |task: &OpenTask| Change::Task { platform: "bridge".into(), group: "g1".into(), task: Box::new(task.clone()) };
    let (first, second) = (task("a-2", 1), task("a-1", 2));
    let settled = OpenTask { settled: Some("已移出".to_owned()), due: None, ..first.clone() };
    for one in [&first, &second, &settled] {
        scene.change(change(one));
    }
    let stored = |scene: &mut Scene| both(scene, |store| store.group("bridge", "g1").unwrap()).tasks;
    assert_eq!(stored(&mut scene), [settled, second.clone()], "in the order they were opened");
    scene.change(Change::TaskClosed { id: "a-2".into() });
    assert_eq!(stored(&mut scene), [second]);
}

fn alerts() -> Alerts {
    let held =
        HeldAlerts {
            group: "g1".into(), name: "一号店".into(), what: "禁言".to_owned(), count: 3, cases: vec![1, 2]
        };
    Alerts { sent: vec![SentAlert { at: at(5), cause: u64::MAX }], held: vec![held], rest: 1 }
}

#[test]
fn newcomers_and_the_company_s_alerts() {
    let person = Newcomer { user: "u1".into(), name: "小王".to_owned(), channel: Some("qr".into()), time: at(1) };
    let newcomers = Newcomers {
        opened_by: Some("e-1".into()),
        waiting: vec![person],
        joins: vec![Join { user: u64::MAX, time: at(1) }],
        raid: Some(at(2)),
        welcomed: vec![Join { user: 7, time: at(3) }],
    };
    let mut scene = Scene::new();
    for newcomers in [newcomers, Newcomers::default()] {
        let (platform, group) = ("bridge".into(), "g1".into());
        scene.change(Change::Newcomers { platform, group, newcomers: newcomers.clone() });
        let stored = both(&mut scene, |store| store.group("bridge", "g1").unwrap());
        assert_eq!(stored, StoredGroup { newcomers, ..StoredGroup::default() });
    }
    let count = scene.store().counts().unwrap().into_iter().find(|count| count.table == "newcomers").unwrap();
    assert_eq!(count.rows, 0, "a group into which nobody came has no row");
    assert_eq!(scene.store().start().unwrap().company, Alerts::default());
    for alerts in [alerts(), Alerts::default()] {
        scene.change(Change::CompanyAlerts(alerts.clone()));
        assert_eq!(both(&mut scene, |store| store.start().unwrap().company), alerts);
    }
}

#[test]
fn timers() {
    let timer = |id: &str, due, group: &str| Timer {
        due: at(due),
        group: group.into(),
        id: id.into(),
        platform: "bridge".into(),
        what: TimerKind::Unmute { user: "u1".into(), case: 12 },
    };
    let merged = Timer { what: TimerKind::MergedNotice, ..timer("merged", 5, "g1") };
    let mut scene = Scene::new();
    for timer in [timer("unmute:1", 9, "g1"), timer("unmute:1", 9, "g0"), merged.clone(), timer("unmute:2", 3, "g1")] {
        scene.change(Change::Timer(timer));
    }
    scene.change(Change::Timer(timer("unmute:1", 4, "g1"))); // replaces
    let due = [timer("unmute:2", 3, "g1"), timer("unmute:1", 4, "g1"), merged.clone(), timer("unmute:1", 9, "g0")];
    assert_eq!(both(&mut scene, |store| store.start().unwrap().timers), due);
    scene.change(Change::TimerDone(merged.clone()));
    scene.change(Change::TimerDone(merged));
    assert_eq!(scene.store().start().unwrap().timers.len(), 3);
}

#[test]
fn actions_wait_in_order_until_they_end() {
    let mut scene = Scene::new();
    let lanes = [("a-1", Lane::Notice), ("a-2", Lane::Penalty), ("a-3", Lane::Undo), ("a-4", Lane::Penalty)];
    // Each of another member: none follows another.
    let of = |id: &str, lane| {
        let what = What::Mute { user: id.into(), seconds: 60, until: at(70) };
        Action { what, ..action(id, lane) }
    };
    for (id, lane) in lanes {
        scene.change(Change::Act(Arc::new(of(id, lane))));
    }
    scene.change(Change::Act(Arc::new(Action { observe: true, ..action("a-5", Lane::Undo) })));
    scene.change(Change::Attempted { id: "a-4".into(), body: "{\"seconds\":9}".into() });
    scene.change(Change::Attempted { id: "a-2".into(), body: "{}".into() });
    scene.change(Change::Untried { id: "a-2".into() });
    let pending = both(&mut scene, |store| store.pending("bridge", 9).unwrap());
    let ids: Vec<&str> = pending.iter().map(|pending| &*pending.action.id).collect();
    assert_eq!(ids, ["a-3", "a-2", "a-4", "a-1"]);
    assert_eq!(*pending[1].action, of("a-2", Lane::Penalty));
    assert_eq!(pending[1].attempted, None);
    assert_eq!(pending[2].attempted.as_deref(), Some("{\"seconds\":9}"));
    assert!(pending[1].order < pending[2].order);
    assert_eq!(scene.store().pending("bridge", 1).unwrap().len(), 1);

    let outcomes = [
        Outcome::Done { message: Some("m-7".into()) },
        Outcome::Failed { error: "422".into() },
        Outcome::Expired,
        Outcome::Uncertain { error: "timeout".into() },
    ];
    for ((id, _), outcome) in lanes.iter().zip(&outcomes) {
        let id: Arc<str> = (*id).into();
        scene.change(Change::Ended { id: id.clone(), outcome: outcome.clone(), at: at(20) });
        scene.change(Change::Ended { id: id.clone(), outcome: Outcome::Expired, at: at(21) }); // too late
        let state = both(&mut scene, |store| store.action_state(&id).unwrap());
        assert_eq!(state, Some(ActionState::Ended { outcome: outcome.clone(), at: at(20) }));
    }
    assert_eq!(scene.store().pending("bridge", 9).unwrap(), []);
    let of_case = both(&mut scene, |store| store.actions_of(1).unwrap());
    assert_eq!(
        of_case.iter().map(|stored| &*stored.action.id).collect::<Vec<_>>(),
        ["a-1", "a-2", "a-3", "a-4", "a-5"]
    );
    assert_eq!(of_case[4].state, ActionState::Observed);
    assert_eq!(scene.store().actions_of(2).unwrap(), []);
}

#[test]
fn what_waits_in_a_group_is_found_without_reading_that_of_others() {
    let mut scene = Scene::new();
    scene.change(act("ours", Lane::Penalty));
    // Who reads one of these fails.
    let others = "WITH RECURSIVE n (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM n WHERE at < 50000)
                  INSERT INTO outbox (id, lane, state, action, platform, group_name, turn)
                  SELECT 'theirs-' || at, 2, 'pending', '?', iif(at % 2, 'bridge', 'dead'), 'g2', 2 FROM n";
    scene.store().conn.execute(others, []).unwrap();
    let pending = scene.store().pending_of(Some(("bridge", "g1"))).unwrap();
    assert_eq!(pending.iter().map(|action| &*action.id).collect::<Vec<_>>(), ["ours"]);
}

#[test]
fn the_actions_of_a_platform_are_found_among_those_of_others() {
    let mut scene = Scene::new();
    let of = |id: &str, platform: &str| {
        Change::Act(Arc::new(Action { platform: platform.into(), ..action(id, Lane::Penalty) }))
    };
    (0..20).for_each(|at| scene.change(of(&format!("dead-{at}"), "dead")));
    scene.change(of("well", "well"));
    let platforms = both(&mut scene, |store| store.pending_platforms().unwrap());
    assert_eq!(platforms, ["dead".into(), "well".into()]);
    let pending = both(&mut scene, |store| store.pending("well", 9).unwrap());
    assert_eq!(pending.iter().map(|one| &*one.action.id).collect::<Vec<_>>(), ["well"]);
    scene.change(Change::Ended { id: "well".into(), outcome: Outcome::Expired, at: at(20) });
    assert_eq!(scene.store().pending_platforms().unwrap(), ["dead".into()]);
}

#[test]
fn however_few_are_asked_for_none_comes_without_what_it_follows() {
    let mut scene = Scene::new();
    let of = |id: &str, lane, user: &str| {
        let what = What::Mute { user: user.into(), seconds: 60, until: at(70) };
        Change::Act(Arc::new(Action { what, ..action(id, lane) }))
    };
    for (id, lane, user) in [
        ("notice", Lane::Notice, "u2"),
        ("mute", Lane::Penalty, "u1"),
        ("unmute", Lane::Undo, "u1"),
        ("unmute behind the notice", Lane::Undo, "u2"),
        ("another mute", Lane::Penalty, "u1"),
        ("unmute of another", Lane::Undo, "u3"),
    ] {
        scene.change(of(id, lane, user));
    }
    let order = ["unmute of another", "mute", "unmute", "another mute", "notice", "unmute behind the notice"];
    for few in 1..=6 {
        let pending = scene.store().pending("bridge", few).unwrap();
        assert_eq!(pending.iter().map(|one| &*one.action.id).collect::<Vec<_>>(), order[..few]);
    }
}

#[test]
fn the_same_action_is_not_put_twice() {
    let mut scene = Scene::new();
    scene.change(act("a-1", Lane::Penalty));
    scene.change(Change::Ended { id: "a-1".into(), outcome: Outcome::Expired, at: at(20) });
    scene.store().commit(&[changed(act("a-1", Lane::Undo)), changed(act("a-2", Lane::Undo))]).unwrap();
    assert_eq!(scene.store().counters().repeated_actions, 1);
    assert_eq!(scene.store().pending("bridge", 9).unwrap().len(), 1, "and what has ended does not begin anew");
    assert_eq!(scene.store().actions_of(1).unwrap()[0].action.lane, Lane::Penalty);
}

#[test]
fn windows_are_replaced_whole() {
    let mut scene = Scene::new();
    let large: Vec<u8> = (0..3 * PIECE + 5).map(|n| (n % 251) as u8).collect();
    for (seq, windows) in [(50, large), (51, b"small".to_vec()), (52, Vec::new())] {
        scene.store().save_windows(seq, seq + 1, &windows).unwrap();
        let start = both(&mut scene, |store| store.start().unwrap().windows);
        assert!(start == Some((seq, windows)), "{seq}");
    }
    assert_eq!(scene.store().start().unwrap().seq, 52, "numbers go on though the rows were moved away");
}

#[test]
fn windows_are_written_behind_those_that_are_kept() {
    let mut scene = Scene::new();
    let large = vec![b'b'; PIECE + 1];
    for (seq, keep, windows) in [(50, 51, &b"a"[..]), (60, 50, &large), (60, 50, b"c"), (70, 60, b"d")] {
        scene.store().save_windows(seq, keep, windows).unwrap();
    }
    let start = both(&mut scene, |store| store.start().unwrap().windows);
    assert!(start == Some((70, [&*large, b"c", b"d"].concat())));
}

#[test]
fn configurations() {
    let mut scene = Scene::new();
    let files =
        |n: u64| vec![("guard.toml".to_owned(), format!("# 第 {n} 版\n").repeat(99)), (String::new(), "x".into())];
    let version = |n: u64| format!("{n:016x}");
    for n in 0..3 {
        scene.store().save_config(&version(n), &pack_files(&files(n)).unwrap(), at(n)).unwrap();
        assert_eq!(both(&mut scene, |store| store.last_config().unwrap()), Some(files(n)));
    }
    scene.store().save_config(&version(0), &pack_files(&files(0)).unwrap(), at(9)).unwrap();
    assert_eq!(scene.store().last_config().unwrap(), Some(files(0)), "an earlier version is in force again");
    scene.change(Change::Case(Box::new(Case { rules: version(1).into(), ..case(1) })));
    for n in 3..40 {
        scene.store().save_config(&version(n), &pack_files(&files(n)).unwrap(), at(n)).unwrap();
    }
    let kept = |store: &mut SqliteStore| -> Vec<u64> {
        (0..40).filter(|n| store.config(&version(*n)).unwrap() == Some(files(*n))).collect()
    };
    let expected: Vec<u64> = [1].into_iter().chain(24..40).collect();
    assert_eq!(both(&mut scene, kept), expected, "the one that a case names, and the last 16");
    let packed = pack_files(&files(1)).unwrap();
    assert_eq!(unpack(&packed.0, 2000).unwrap(), files(1));
    assert!(unpack(&packed.0, 1000).is_err(), "what is larger than any that is kept is not unpacked");
}
