//! The windows: order, bounds, snapshots.

use super::*;

fn sighting(member: u128, user: u64, group: u128, seconds: i64, text: Option<u64>) -> Sighting {
    Sighting {
        group: GroupKey(group),
        member: MemberKey(member),
        user,
        time: Timestamp(seconds * 1000),
        piece: None,
        text,
        images: 0,
        videos: 0,
        links: [0; MOST_LINKS],
        sketch: None,
        things: [0; MOST_THINGS],
        heats: [None; MOST_MEASURES],
    }
}

fn needs() -> Needs {
    let mut needs = Needs::default();
    needs.times(Duration::from_secs(10));
    needs.texts(8, Duration::from_secs(600));
    needs.sketches(8, Duration::from_secs(600));
    needs.things(Duration::from_secs(600));
    needs.heats(Duration::from_secs(600));
    needs
}

/// The sketch of a text of which these numbers are the pieces.
fn sketch(pieces: std::ops::Range<u64>) -> Sketch {
    Sketch::of(pieces.map(|piece| piece.wrapping_mul(0x9e37_79b9_7f4a_7c15))).unwrap()
}

fn seconds(recent: &Recent, member: u128, around: i64, within: u64) -> Vec<i64> {
    let around = Timestamp(around * 1000);
    recent.times(MemberKey(member), around, Duration::from_secs(within)).map(|time| time.0 / 1000).collect()
}

#[test]
fn times_stand_in_order_whatever_order_they_come_in() {
    let mut recent = Recent::default();
    for at in [5, 1, 9, 3, 7, 3] {
        recent.note(&needs(), &sighting(1, 1, 1, at, None));
    }
    recent.note(&needs(), &sighting(2, 2, 1, 4, None));
    assert_eq!(seconds(&recent, 1, 9, 100), [9, 7, 5, 3, 3, 1]);
    assert_eq!(seconds(&recent, 1, 5, 2), [7, 5, 3, 3]);
    assert_eq!(seconds(&recent, 3, 5, 2), [0; 0]);
}

#[test]
fn members_who_share_a_chain_are_told_apart() {
    let mut recent = Recent::with_limits(4, 4, 4); // four chains: keys 1 and 5 share one
    for (member, at) in [(1, 1), (5, 2), (1, 3), (5, 4)] {
        recent.note(&needs(), &sighting(member, 1, 1, at, None));
    }
    assert_eq!(seconds(&recent, 1, 4, 10), [3, 1]);
    assert_eq!(seconds(&recent, 5, 4, 10), [4, 2]);
}

#[test]
fn the_first_to_come_is_shed_and_counted() {
    let mut recent = Recent::with_limits(4, 4, 4);
    for at in [10, 50, 20, 40, 30, 60] {
        recent.note(&needs(), &sighting(1, 1, 1, at, Some(7)));
    }
    assert_eq!(seconds(&recent, 1, 60, 100), [60, 40, 30, 20]);
    assert_eq!(recent.copies(7, Timestamp(60_000), Duration::from_secs(100)).count(), 4);
    assert_eq!(recent.shed(), 4);
}

#[test]
fn a_late_message_makes_nothing_vanish() {
    let mut recent = Recent::default();
    recent.note(&needs(), &sighting(1, 1, 1, 1_000_000, None));
    recent.note(&needs(), &sighting(1, 1, 1, 10, None));
    recent.note(&needs(), &sighting(1, 1, 1, 1_000_001, None));
    assert_eq!(seconds(&recent, 1, 1_000_001, 10), [1_000_001, 1_000_000]);
    assert_eq!(seconds(&recent, 1, 10, 10), [10]);
}

#[test]
fn only_what_is_needed_is_kept() {
    let mut recent = Recent::default();
    recent.note(&Needs::default(), &sighting(1, 1, 1, 1, Some(7)));
    assert_eq!(seconds(&recent, 1, 1, 10), [0; 0]);
    assert_eq!(recent.copies(7, Timestamp(1_000), Duration::from_secs(10)).count(), 0);
}

#[test]
fn a_snapshot_is_the_same_windows() {
    let mut recent = Recent::default();
    for n in 0..5_000_i64 {
        let text = (n % 3 == 0).then_some(n as u64 % 50);
        recent.note(&needs(), &sighting((n % 97) as u128, n as u64 % 97, (n % 7) as u128, n * 37 % 1_000, text));
    }
    let bytes = recent.snapshot(&needs(), Timestamp(0));
    let again = Recent::restore(&bytes).unwrap();
    assert_eq!(again.snapshot(&needs(), Timestamp(0)), bytes);
    for member in 0..97 {
        assert_eq!(seconds(&again, member, 500, 200), seconds(&recent, member, 500, 200));
    }
    let copies =
        |recent: &Recent| recent.copies(4, Timestamp(500_000), Duration::from_secs(300)).copied().collect::<Vec<_>>();
    assert_eq!(copies(&again), copies(&recent));
    assert!(!copies(&recent).is_empty());
}

#[test]
fn what_came_since_a_snapshot_is_read_behind_it() {
    // So many that the first of them are not in the windows any more when the last are written.
    let count = 2 * MOST_TIMES + 5;
    let mut recent = Recent::default();
    let (mut written, mut place) = (Vec::new(), Place::default());
    for n in 0..count {
        let text = (n % 2 == 0).then_some(n as u64 % 50_000);
        recent.note(&needs(), &sighting((n % 97) as u128, n as u64 % 97, (n % 7) as u128, n as i64, text));
        if n % 100_000 == 99_999 || n == count - 1 {
            written.push((place, recent.snapshot_since(place, &needs(), Timestamp(0))));
            place = recent.place();
        }
    }
    let all: Vec<u8> = written.iter().flat_map(|(_, piece)| piece.clone()).collect();
    let whole = recent.snapshot(&needs(), Timestamp(0));
    assert_eq!(Recent::restore(&all).unwrap().snapshot(&needs(), Timestamp(0)), whole);
    let outlived = written.iter().skip(1).filter(|(place, _)| recent.has_outlived(*place)).count();
    assert_eq!(outlived, 2, "each piece begins where the one before it ends");
    let rest: Vec<u8> = written.iter().skip(outlived).flat_map(|(_, piece)| piece.clone()).collect();
    assert_eq!(Recent::restore(&rest).unwrap().snapshot(&needs(), Timestamp(0)), whole);
    assert!(written.last().unwrap().1.len() < whole.len() / 5);
    assert!(Recent::restore(&all[..all.len() - 1]).is_none());
    // Nobody counts on from more than can ever have been shed.
    let most = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
    let damaged: Vec<u8> = [&all[..1], &most, &[0; 11][..]].concat();
    assert!(Recent::restore(&[&all[..1], &[0; 12][..]].concat()).is_some() && Recent::restore(&damaged).is_none());
}

#[test]
fn a_snapshot_leaves_out_what_nobody_can_ask_for_any_more() {
    let mut recent = Recent::default();
    let day = 86_400_000;
    recent.note(&needs(), &Sighting { time: Timestamp(0), ..sighting(1, 1, 1, 1, Some(7)) });
    recent.note(&needs(), &Sighting { time: Timestamp(day), ..sighting(1, 1, 1, 1, Some(7)) });
    let again = Recent::restore(&recent.snapshot(&needs(), Timestamp(day))).unwrap();
    let times = |recent: &Recent| recent.times(MemberKey(1), Timestamp(0), Duration::from_secs(86_400)).count();
    assert_eq!((times(&recent), times(&again)), (2, 1));
}

#[test]
fn texts_that_have_much_in_common_are_found() {
    let within = Duration::from_secs(10);
    let mut found = [0_u32; 3];
    for round in 0..200_u64 {
        let first = round * 1_000;
        let mut recent = Recent::default();
        recent.note(&needs(), &Sighting { sketch: Some(sketch(first..first + 60)), ..sighting(1, 1, 1, 1, None) });
        // Sixty pieces, of which as many are others: 100, 71 and 20 % in common.
        for (slot, others) in found.iter_mut().zip([0, 10, 40]) {
            let other = sketch(first + others..first + others + 60);
            let other = Sighting { sketch: Some(other), ..sighting(2, 2, 1, 1, None) };
            *slot += recent.alike(&other, 50, Among::Group, within).len() as u32;
        }
    }
    assert_eq!(found[0], 200);
    assert!(found[1] > 175 && found[2] <= 4, "{found:?}");
}

#[test]
fn texts_are_compared_among_those_that_are_asked_for() {
    let mut recent = Recent::default();
    let said =
        |member: u128, user, group| Sighting { sketch: Some(sketch(0..60)), ..sighting(member, user, group, 1, None) };
    for (member, user, group) in [(1, 1, 1), (2, 2, 1), (3, 1, 2), (4, 3, 3)] {
        recent.note(&needs(), &said(member, user, group));
    }
    let found = |among| {
        let mut users: Vec<(u64, u64)> = recent
            .alike(&said(1, 1, 1), 90, among, Duration::from_secs(10))
            .iter()
            .map(|left| (left.copied.user(), left.copied.group()))
            .collect();
        users.sort_unstable();
        users
    };
    assert_eq!(found(Among::Group), [(1, 1), (2, 1)]);
    assert_eq!(found(Among::User), [(1, 1), (1, 2)]);
    assert_eq!(found(Among::All), [(1, 1), (1, 2), (2, 1), (3, 3)]);
}

#[test]
fn things_and_heat_live_through_a_snapshot() {
    let mut recent = Recent::default();
    let heat = Heat { by: 9, words: 2, answers: true };
    for (member, seconds) in [(1, 1), (2, 2), (3, 3)] {
        let left = Sighting {
            things: [7, 0, 0, 0],
            sketch: Some(sketch(0..60)),
            heats: [Some(heat), None, None, None],
            ..sighting(member, member as u64, 1, seconds, None)
        };
        recent.note(&needs(), &left);
    }
    let (around, within) = (Timestamp(3_000), Duration::from_secs(1));
    let bytes = recent.snapshot(&needs(), Timestamp(0));
    let again = Recent::restore(&bytes).unwrap();
    assert_eq!(again.snapshot(&needs(), Timestamp(0)), bytes);
    for recent in [&recent, &again] {
        let left = recent.left(7, around, within);
        assert_eq!(left.iter().map(|left| left.copied.user()).collect::<Vec<_>>(), [3, 2]);
        assert!(left[0].is_by(MemberKey(3)) && recent.was_quiet(&left[0], 0, Duration::from_secs(9)));
        let this = Sighting { sketch: Some(sketch(0..60)), ..sighting(3, 3, 1, 3, None) };
        assert_eq!(recent.alike(&this, 90, Among::Group, within), left);
        assert_eq!(recent.heat(9, GroupKey(1), around, within).map(Heated::user).collect::<Vec<_>>(), [3, 2]);
        assert_eq!(recent.heat(9, GroupKey(2), around, within).count() + recent.left(8, around, within).len(), 0);
    }
}

#[test]
fn a_damaged_snapshot_is_refused() {
    let mut recent = Recent::default();
    recent.note(&needs(), &sighting(1, 1, 1, 1, Some(7)));
    let bytes = recent.snapshot(&needs(), Timestamp(0));
    assert!(Recent::restore(&bytes[..bytes.len() - 1]).is_none());
    assert!(Recent::restore(&[]).is_none());
    assert!(Recent::restore(&[99, 0, 0, 0, 0]).is_none());
    assert!(Recent::restore(&[3, 0, 0]).is_none(), "of the version before");
    assert!(Recent::restore(&[4, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f]).is_none());
}

/// The sketch of a text that is like no other but those of the same number.
fn only_like(number: u32) -> Sketch {
    Sketch {
        bands: [number.wrapping_mul(0x9e37_79b9); BANDS],
        bits: u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15),
    }
}

#[test]
fn of_texts_that_are_alike_the_latest_are_remembered() {
    let (count, within) = (2 * MOST_SKETCHES as u32 + 5, Duration::from_secs(1_000_000));
    let said = |n: u32| Sighting {
        sketch: Some(only_like(n % 50)),
        ..sighting(n.into(), u64::from(n), u128::from(n % 3), n.into(), None)
    };
    let mut recent = Recent::default();
    let (mut written, mut place) = (Vec::new(), Place::default());
    for n in 0..count {
        recent.note(&needs(), &said(n));
        if n % 10_000 == 9_999 || n == count - 1 {
            written.extend(recent.snapshot_since(place, &needs(), Timestamp(0)));
            place = recent.place();
        }
    }
    assert_eq!(recent.shed(), u64::from(count) - MOST_SKETCHES as u64);
    let again = Recent::restore(&written).unwrap();
    let whole = recent.snapshot(&needs(), Timestamp(0));
    assert_eq!(again.snapshot(&needs(), Timestamp(0)), whole);
    let found = |recent: &Recent, n: u32, among| {
        let alike = recent.alike(&said(n), 90, among, within);
        alike.iter().map(|left| left.copied.user() as u32).collect::<Vec<_>>()
    };
    let same = |step: usize, most| (0..count).rev().step_by(step).take(most).collect::<Vec<_>>();
    for recent in [&recent, &again] {
        assert_eq!(found(recent, count - 1, Among::All), same(50, 128), "no more than are looked at");
        assert_eq!(
            found(recent, count - 1, Among::Group),
            same(150, MOST_SKETCHES.div_ceil(150)),
            "as many as are left"
        );
        assert_eq!(found(recent, count - 1, Among::User), [count - 1]);
    }
}

#[test]
fn late_texts_hide_none_of_those_around_a_time() {
    let mut recent = Recent::default();
    let said = |user, seconds| Sighting { sketch: Some(only_like(7)), ..sighting(user, user as u64, 1, seconds, None) };
    // 2 and 3 come hours late, between those of now.
    for (user, seconds) in [(1, 90_000), (2, 10), (3, 50_000), (4, 90_001)] {
        recent.note(&needs(), &said(user, seconds));
    }
    let around = |user, seconds| {
        let alike = recent.alike(&said(user, seconds), 90, Among::Group, Duration::from_secs(60));
        alike.iter().map(|left| left.copied.user()).collect::<Vec<_>>()
    };
    assert_eq!(around(4, 90_001), [4, 1]);
    assert_eq!(around(2, 10), [2]);
    assert_eq!(around(3, 50_000), [3]);
}
