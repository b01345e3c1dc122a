use proptest::prelude::*;

use super::*;

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// The next times as the clocks show them.
fn next(times: &Times, from: &str, zone: &TimeZone, count: usize) -> Vec<String> {
    let all = std::iter::successors(times.after(at(from), zone), |one| times.after(*one, zone));
    all.take(count).map(|one| one.rfc3339(zone)).collect()
}

fn cron(text: &str) -> Times {
    Times::cron(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn cron_expressions_mean_what_they_say() {
    let zone = zone("Asia/Shanghai");
    let from = "2026-11-25T10:00:00+08:00"; // a Wednesday
    let rows = [
        ("0 9 * * *", ["2026-11-26T09:00:00+08:00", "2026-11-27T09:00:00+08:00"]),
        ("30 0 9 * * *", ["2026-11-26T09:00:30+08:00", "2026-11-27T09:00:30+08:00"]),
        ("0 9 * * MON#1", ["2026-12-07T09:00:00+08:00", "2027-01-04T09:00:00+08:00"]),
        ("0 9 * * FRI#L", ["2026-11-27T09:00:00+08:00", "2026-12-25T09:00:00+08:00"]),
        ("0 10 L * *", ["2026-11-30T10:00:00+08:00", "2026-12-31T10:00:00+08:00"]),
        ("0 9 29 2 *", ["2028-02-29T09:00:00+08:00", "2032-02-29T09:00:00+08:00"]),
        ("0 9,21 * * *", ["2026-11-25T21:00:00+08:00", "2026-11-26T09:00:00+08:00"]),
        ("*/30 * * * *", ["2026-11-25T10:30:00+08:00", "2026-11-25T11:00:00+08:00"]),
    ];
    for (text, expected) in rows {
        assert_eq!(next(&cron(text), from, &zone, 2), expected, "{text}");
    }
    for text in ["", "9 * *", "0 25 * * *", "0 9 * * XYZ", "每天 9 点", "0 9 * * * * * *", "61 9 * * *"] {
        let error = Times::cron(text).unwrap_err();
        assert!(!error.is_empty() && !error.contains("Cron"), "{text}: {error}");
    }
    assert_eq!(cron("0 0 30 2 *").after(at(from), &zone), None, "there is no such day");
}

#[test]
fn a_time_that_the_clocks_skip_is_the_moment_at_which_they_do() {
    let new_york = zone("America/New_York");
    // 2027-03-14: 02:00 becomes 03:00.
    let from = "2027-03-13T12:00:00-05:00";
    for text in ["30 2 * * *", "30 2,14 * * *"] {
        let expected = "2027-03-14T03:00:00-04:00";
        assert_eq!(next(&cron(text), from, &new_york, 4).iter().filter(|one| **one == expected).count(), 1, "{text}");
    }
    assert_eq!(next(&cron("30 2 * * *"), from, &new_york, 2)[1], "2027-03-15T02:30:00-04:00");
    let once = Times::Once("2027-03-14T02:30:00".parse().unwrap());
    assert_eq!(next(&once, from, &new_york, 9), ["2027-03-14T03:00:00-04:00"]);
    assert!(is_skipped("2027-03-14T02:30:00".parse().unwrap(), &new_york));
    // What is every hour goes on by the time that passes.
    let hourly = next(&cron("0 * * * *"), "2027-03-14T00:30:00-05:00", &new_york, 3);
    assert_eq!(hourly, ["2027-03-14T01:00:00-05:00", "2027-03-14T03:00:00-04:00", "2027-03-14T04:00:00-04:00"]);
}

#[test]
fn a_time_that_the_clocks_show_twice_is_the_first() {
    let berlin = zone("Europe/Berlin");
    // 2026-10-25: 03:00 becomes 02:00.
    for text in ["30 2 * * *", "30 2,14 * * *"] {
        let times = next(&cron(text), "2026-10-24T15:00:00+02:00", &berlin, 3);
        assert_eq!(times[0], "2026-10-25T02:30:00+02:00", "{text}");
        assert!(!times.contains(&"2026-10-25T02:30:00+01:00".to_owned()), "{text}");
        let between = at("2026-10-25T02:10:00+01:00"); // shown for the second time
        assert_eq!(cron(text).last(between, &berlin), Some(at("2026-10-25T02:30:00+02:00")), "{text}");
    }
    let hourly = next(&cron("0 * * * *"), "2026-10-25T01:30:00+02:00", &berlin, 3);
    assert_eq!(hourly, ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T03:00:00+01:00"]);
}

#[test]
fn a_day_that_a_zone_skips_is_the_moment_at_which_it_does() {
    let samoa = zone("Pacific/Apia"); // had no 2011-12-30
    let times = next(&cron("0 9 * * *"), "2011-12-29T00:00:00-10:00", &samoa, 3);
    assert_eq!(times, ["2011-12-29T09:00:00-10:00", "2011-12-31T00:00:00+14:00", "2011-12-31T09:00:00+14:00"]);
}

#[test]
fn quiet_hours_go_over_midnight() {
    let zone = zone("Asia/Shanghai");
    let quiet = QuietHours::parse("22:00-08:00").unwrap();
    for (time, inside) in [("21:59", false), ("22:00", true), ("00:00", true), ("07:59", true), ("08:00", false)] {
        assert_eq!(quiet.contains(at(&format!("2026-11-25T{time}:00+08:00")), &zone), inside, "{time}");
    }
    let noon = QuietHours::parse("12:00 - 13:30").unwrap();
    assert!(noon.contains(at("2026-11-25T12:30:00+08:00"), &zone));
    assert!(!noon.contains(at("2026-11-25T13:30:00+08:00"), &zone));
    assert_eq!(noon.end(at("2026-11-25T13:30:00+08:00"), &zone), at("2026-11-26T13:30:00+08:00"));
    for wrong in ["", "22:00", "22-8", "24:00-08:00", "08:00-08:00", "a:b-c:d"] {
        assert_eq!(QuietHours::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn what_waits_for_the_end_of_quiet_hours_is_kept_once() {
    let (zone, times) = (zone("Asia/Shanghai"), cron("0 * * * *"));
    let grace = Duration::from_secs(600);
    let quiet = QuietHours::parse("22:00-08:00");
    let track = |in_quiet| Track { times: &times, zone: &zone, quiet, in_quiet, grace };
    let from = at("2026-11-25T20:30:00+08:00");
    let due = |in_quiet| -> Vec<String> {
        track(in_quiet).firings(from).take(4).map(|slot| slot.due.zoned(&zone).strftime("%H:%M").to_string()).collect()
    };
    assert_eq!(due(InQuiet::Defer), ["21:00", "08:00", "09:00", "10:00"]);
    assert_eq!(due(InQuiet::Skip), ["21:00", "08:00", "09:00", "10:00"]);
    assert_eq!(due(InQuiet::Send), ["21:00", "22:00", "23:00", "00:00"]);
    let defer = track(InQuiet::Defer);
    assert_eq!(defer.last(at("2026-11-25T23:30:00+08:00")), None, "it waits");
    assert_eq!(defer.next(at("2026-11-25T23:30:00+08:00")), Some(at("2026-11-26T08:00:00+08:00")));
    let late = cron("55 21 * * *");
    let slot = Track { times: &late, ..defer }.last(at("2026-11-25T21:56:00+08:00")).unwrap();
    assert_eq!(slot.deadline, Timestamp(at("2026-11-25T22:00:00+08:00").0 - 1), "nothing is late in quiet hours");
    let night = cron("0 23 * * *");
    assert_eq!(Track { times: &night, in_quiet: InQuiet::Skip, ..defer }.next_slot(from), None);
}

const ZONES: [&str; 6] = [
    "Asia/Shanghai",
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Casablanca",
];
const CRONS: [&str; 9] = [
    "0 9 * * *",
    "30 2 * * *",
    "15,45 1-3 * * *",
    "*/20 * * * *",
    "0 */2 * * *",
    "30 0 2 * * SUN",
    "0 0 L * *",
    "59 1,2 * * SUN#L",
    "0 3 * * MON#1",
];

/// Going back and forth meets the same times, in order, each once.
fn are_of_one_row(times: &Times, now: Timestamp, zone: &TimeZone) -> Result<(), TestCaseError> {
    let (last, next) = (times.last(now, zone).unwrap(), times.after(now, zone).unwrap());
    prop_assert!(last <= now && now < next);
    prop_assert_eq!(times.after(last, zone), Some(next));
    prop_assert_eq!(times.after(last.minus(Duration::from_millis(1)), zone), Some(last));
    prop_assert_eq!(times.last(Timestamp(next.0 - 1), zone), Some(last));
    prop_assert_eq!(times.last(next, zone), Some(next));
    Ok(())
}

proptest! {
    #[test]
    fn the_last_and_the_next_are_of_one_row(hours in 0_i64..200_000, ms in 0_i64..3_600_000, z in 0..ZONES.len(), c in 0..CRONS.len()) {
        let now = Timestamp(1_700_000_000_000 + hours * 3_600_000 + ms);
        are_of_one_row(&cron(CRONS[c]), now, &zone(ZONES[z]))?;
    }

    /// Around the changes of clocks, where it could be otherwise.
    #[test]
    fn so_they_are_where_clocks_change(hours in 0_i64..200_000, minutes in -300_i64..300, z in 0..ZONES.len(), c in 0..CRONS.len()) {
        let zone = zone(ZONES[z]);
        let some = Timestamp(1_700_000_000_000 + hours * 3_600_000).zoned(&zone).timestamp();
        let change = zone.following(some).next().map_or(some, |change| change.timestamp());
        are_of_one_row(&cron(CRONS[c]), Timestamp(change.as_millisecond() + minutes * 60_000), &zone)?;
    }
}

#[test]
fn every_two_hours_is_the_same_row_there_and_back_where_an_hour_is_shown_twice() {
    let (zone, times) = (zone("Europe/Berlin"), cron("0 */2 * * *"));
    let from = at("2026-10-25T00:00:00+02:00");
    let row = |n: usize| -> Vec<Timestamp> {
        std::iter::successors(Some(from), |last| times.after(*last, &zone)).take(n).collect()
    };
    let shown: Vec<String> = row(5).iter().map(|at| at.zoned(&zone).strftime("%H:%M%:z").to_string()).collect();
    assert_eq!(shown, ["00:00+02:00", "02:00+02:00", "02:00+01:00", "04:00+01:00", "06:00+01:00"]);
    for pair in row(5).windows(2) {
        assert_eq!(times.last(Timestamp(pair[1].0 - 1), &zone), Some(pair[0]));
    }
}
