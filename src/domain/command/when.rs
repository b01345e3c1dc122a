//! Durations and points in time as people write them: 3天, 半小时, 一个半小时, 2h, 到明天早上8点, 到周五18:30.

use std::time::Duration;

use jiff::civil::{Date, Time, Weekday};
use jiff::{ToSpan, Zoned};

use super::number;

/// For how long, or until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// For so long from now on.
    For(Duration),
    /// Until this point.
    Until(crate::domain::time::Timestamp),
}

const UNTIL: &[&str] = &["直到", "到", "至", "until "];

/// What stands at the beginning of a text: a duration or a point in time, and the rest of the text. `now` is the time and
/// the place of the clock that people mean. Full-width signs are of half width already.
pub fn when<'a>(text: &'a str, now: &Zoned) -> Option<(When, &'a str)> {
    let text = text.trim_start();
    if let Some(rest) = prefix(text, UNTIL) {
        let (until, rest) = point(rest.trim_start(), now)?;
        return Some((until, prefix(rest, &["为止"]).unwrap_or(rest)));
    }
    if let Some((duration, rest)) = duration(text) {
        return Some((When::For(duration), rest));
    }
    let (part, rest) = period(text);
    if part.is_some() && clock(rest.trim_start()).is_none() {
        return None; // 半夜吵人 says when it happened
    }
    point(text, now)
}

const UNITS: &[(&[&str], u64)] = &[
    (&["秒钟", "秒", "seconds", "second", "secs", "sec", "s"], 1),
    (&["刻钟"], 900),
    (&["分钟", "分", "minutes", "minute", "mins", "min", "m"], 60),
    (&["小时", "钟头", "hours", "hour", "hrs", "hr", "h"], 3600),
    (&["天", "日", "days", "day", "d"], 86_400),
    (&["星期", "礼拜", "周", "weeks", "week", "w"], 7 * 86_400),
    (&["月", "months", "month"], 30 * 86_400),
    (&["年", "years", "year"], 365 * 86_400),
];

/// Words for an end that never comes: no mute is so long.
const FOR_EVER: &[&str] =
    &["永久", "永远", "永久禁言", "终身", "无限期", "长期", "forever", "permanent", "permanently", "always"];

/// What can stand between a length and a reason, and behind either.
pub(super) fn is_mark(c: char) -> bool {
    c.is_whitespace() || matches!(c, ',' | '，' | '、' | ';' | '；' | ':' | '：' | '.' | '。' | '!' | '！' | '?' | '？')
}

/// A length or an end at the end of a text, behind a space or a sign: 刷屏 2小时; 刷屏，禁言到明早. Gives what stands before it.
pub(super) fn when_at_end<'a>(text: &'a str, now: &Zoned) -> Option<(When, &'a str)> {
    let begins = text.char_indices().filter(|(_, c)| is_mark(*c)).map(|(at, c)| at + c.len_utf8());
    begins.into_iter().find_map(|at| {
        let tail = text.get(at..)?.trim_start_matches(is_mark);
        let tail = tail.strip_prefix("禁言").unwrap_or(tail).trim_start();
        let (when, rest) = when(tail, now)?;
        // A point in time without 到 may be when it happened: 刷屏 昨晚8点.
        let meant = matches!(when, When::For(_)) || prefix(tail, UNTIL).is_some();
        (meant && rest.trim_matches(is_mark).is_empty()).then(|| (when, text.get(..at).unwrap_or_default()))
    })
}

/// The first word of a text, where it reads like a length or an end that [`when`] does not understand: 几天, 一会儿, 到月底, 10.
pub(super) fn unclear(text: &str) -> Option<&str> {
    let word = text.split(is_mark).next().unwrap_or_default();
    if let Some(rest) = prefix(word, &["直到", "到"]) {
        return (!rest.starts_with(['处', '底', '了'])).then_some(word);
    }
    let digits = word.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
    let rest = match number::whole(word) {
        Some((_, bytes)) => word.get(bytes..)?,
        None => prefix(word, &["好几", "几", "数", "半", "若干"]).unwrap_or(word),
    };
    let ends = ["会儿", "一会", "阵子", "段时间", "夜", "钟"];
    let length = rest.len() < word.len()
        && (rest.is_empty()
            || ends.iter().chain(UNITS.iter().flat_map(|(names, _)| *names)).any(|end| rest.ends_with(end)));
    (digits || length).then_some(word)
}

/// Whether a text begins with a word for an end that never comes.
pub(super) fn for_ever(text: &str) -> bool {
    let word = text.split(is_mark).next().unwrap_or_default();
    FOR_EVER.iter().any(|name| name.eq_ignore_ascii_case(word))
}

/// One or more of 3天, 半小时, 一个半小时, 2天半, 1.5h.
pub(super) fn duration(text: &str) -> Option<(Duration, &str)> {
    let (mut total, mut rest) = (None, text);
    while let Some((seconds, after)) = item(rest.trim_start()) {
        total = Some(total.unwrap_or(0_u64).saturating_add(seconds));
        rest = after;
    }
    Some((Duration::from_secs(total?), rest))
}

/// Counted in half units, so that 半 is whole.
fn item(text: &str) -> Option<(u64, &str)> {
    let (halves, rest) = if let Some(rest) = text.strip_prefix('半') {
        (1, rest.strip_prefix('个').unwrap_or(rest))
    } else {
        let (whole, bytes) = number::whole(text)?;
        let rest = text.get(bytes..)?;
        // 12月1日 is a day, 2026年 a year; 三五天 is three to five.
        if rest.starts_with('月') || (rest.starts_with('年') && whole > 999) || is_row(text.get(..bytes)?) {
            return None;
        }
        let whole = whole.saturating_mul(2);
        if let Some(rest) = rest.strip_prefix("个半") {
            (whole.saturating_add(1), rest)
        } else if let Some(rest) = rest.strip_prefix(".5") {
            (whole.saturating_add(1), rest)
        } else {
            (whole, rest.strip_prefix('个').unwrap_or(rest))
        }
    };
    let (seconds, rest) = unit(rest.trim_start())?;
    // 两天半
    let (halves, rest) = match rest.strip_prefix('半') {
        Some(after) if unit(after).is_none() && halves % 2 == 0 => (halves.saturating_add(1), after),
        _ => (halves, rest),
    };
    Some((halves.saturating_mul(seconds) / 2, rest))
}

/// Chinese digits one behind the other, without 十 or 百: a year's or two guesses, no number of hours or days.
fn is_row(number: &str) -> bool {
    let mut signs = number.chars();
    signs.clone().count() > 1 && signs.all(|c| !c.is_ascii_digit() && !"十拾百佰千仟零〇".contains(c))
}

fn unit(text: &str) -> Option<(u64, &str)> {
    let (name, rest, seconds) = UNITS
        .iter()
        .flat_map(|(names, seconds)| names.iter().map(move |name| (*name, *seconds)))
        .find_map(|(name, seconds)| Some((name, prefix(text, &[name])?, seconds)))?;
    // `3 months` is no 3 m; `3d` before a letter is something else.
    let cut_off = name.is_ascii() && rest.starts_with(|c: char| c.is_ascii_alphabetic());
    (!cut_off).then_some((seconds, rest))
}

/// 明天早上8点, 今晚十点半, 18:30, 周五, 12月1日 9:00, 2026-12-01. A day alone is its beginning; an hour alone that has passed
/// today is tomorrow's.
fn point<'a>(text: &'a str, now: &Zoned) -> Option<(When, &'a str)> {
    let day = day(text, now);
    let (date, rest) = day.map_or((None, text), |(date, rest)| (Some(date), rest));
    let (period, rest) = period(rest.trim_start());
    let clock = clock(rest.trim_start());
    let (time, rest) = match clock {
        Some((hour, minute, rest)) => (time(hour, minute, period)?, rest),
        None => (period.map_or_else(|| date.map(|_| Time::midnight()), |period| time(period.usual, 0, None))?, rest),
    };
    let at = |date: Date| date.to_datetime(time).to_zoned(now.time_zone().clone()).ok();
    let mut at_date = at(date.unwrap_or_else(|| now.date()))?;
    if date.is_none() && at_date <= *now {
        at_date = at(now.date().tomorrow().ok()?)?;
    }
    let until = crate::domain::time::Timestamp(at_date.timestamp().as_millisecond());
    Some((When::Until(until), rest))
}

pub(super) fn day<'a>(text: &'a str, now: &Zoned) -> Option<(Date, &'a str)> {
    let today = now.date();
    // 今晚 and 明早 are a day and a period: only the day's character is taken.
    for (name, days) in [("tomorrow", 1), ("today", 0)] {
        if let Some(rest) = prefix(text, &[name]) {
            return Some((today.checked_add(days.days()).ok()?, rest));
        }
    }
    for (name, days) in [("大后天", 3), ("今天", 0), ("明天", 1), ("后天", 2), ("今", 0), ("明", 1)] {
        if let Some(rest) = text.strip_prefix(name) {
            if name.chars().count() == 1 && !rest.starts_with(['早', '晚']) {
                continue;
            }
            return Some((today.checked_add(days.days()).ok()?, rest));
        }
    }
    weekday(text, today).or_else(|| calendar(text, today))
}

/// 周五 is the next Friday, today included; 下周五 the Friday of next week.
fn weekday(text: &str, today: Date) -> Option<(Date, &str)> {
    let (next, rest) = text.strip_prefix('下').map_or((false, text), |rest| (true, rest));
    let rest = prefix(rest, &["星期", "礼拜", "周"])?;
    let mut after = rest.chars();
    let weekday = match after.next()? {
        '末' => Weekday::Sunday,
        sign => weekday_of(sign)?,
    };
    let date = if next {
        let monday = today.nth_weekday(1, Weekday::Monday).ok()?;
        monday.checked_add(i64::from(weekday.to_monday_zero_offset()).days()).ok()?
    } else {
        today.yesterday().ok()?.nth_weekday(1, weekday).ok()?
    };
    Some((date, after.as_str()))
}

/// 一 to 六, 日 and 天, 1 to 7.
pub(super) fn weekday_of(sign: char) -> Option<Weekday> {
    Some(match sign {
        '一' | '1' => Weekday::Monday,
        '二' | '2' => Weekday::Tuesday,
        '三' | '3' => Weekday::Wednesday,
        '四' | '4' => Weekday::Thursday,
        '五' | '5' => Weekday::Friday,
        '六' | '6' => Weekday::Saturday,
        '日' | '天' | '7' => Weekday::Sunday,
        _ => return None,
    })
}

/// 2026-12-01, 12月1日, 12-01, 5号: the next such day from today on.
fn calendar(text: &str, today: Date) -> Option<(Date, &str)> {
    let (first, bytes) = number::whole(text)?;
    let rest = text.get(bytes..)?;
    let small = |n: u64| i8::try_from(n).ok();
    if let Some(rest) = prefix(rest, &["号", "日"]) {
        let date = Date::new(today.year(), today.month(), small(first)?).ok();
        let date = date.filter(|date| *date >= today);
        let next = || today.first_of_month().checked_add(1.month()).ok()?.with().day(small(first)?).build().ok();
        return Some((date.or_else(next)?, rest));
    }
    let (second, rest) = after(rest, &["月", "-", "/", "年"])?;
    if let Some((third, rest)) = after(rest, &["月", "-", "/"]) {
        let year = i16::try_from(first).ok()?;
        return Some((
            Date::new(year, small(second)?, small(third)?).ok()?,
            prefix(rest, &["日", "号"]).unwrap_or(rest),
        ));
    }
    let date = Date::new(today.year(), small(first)?, small(second)?).ok()?;
    let date = if date < today { date.checked_add(1.year()).ok()? } else { date };
    Some((date, prefix(rest, &["日", "号"]).unwrap_or(rest)))
}

/// A number after one of these signs.
fn after<'a>(text: &'a str, signs: &[&str]) -> Option<(u64, &'a str)> {
    let rest = prefix(text, signs)?;
    let (number, bytes) = number::whole(rest)?;
    Some((number, rest.get(bytes..)?))
}

/// A part of the day.
#[derive(Clone, Copy)]
pub(super) struct Period {
    /// What is meant without an hour.
    pub(super) usual: u64,
    /// Hours of the clock's first half are those of its second.
    afternoon: bool,
}

pub(super) fn period(text: &str) -> (Option<Period>, &str) {
    let rows = [
        (&["凌晨", "半夜"][..], 3, false),
        (&["早上", "早晨", "上午", "早"], 8, false),
        (&["中午"], 12, true),
        (&["下午", "傍晚"], 17, true),
        (&["晚上", "夜里", "晚"], 20, true),
    ];
    for (names, usual, afternoon) in rows {
        if let Some(rest) = prefix(text, names) {
            return (Some(Period { usual, afternoon }), rest);
        }
    }
    (None, text)
}

/// 8点, 八点半, 8点一刻, 8点20分, 18:30, 9am.
pub(super) fn clock(text: &str) -> Option<(u64, u64, &str)> {
    let (hour, bytes) = number::whole(text)?;
    let rest = text.get(bytes..)?;
    let (minute, behind) = after(rest, &[":"]).map_or((None, rest), |(minute, rest)| (Some(minute), rest));
    if let Some((later, rest)) = half_of_day(behind.trim_start()).filter(|_| (1..=12).contains(&hour)) {
        return Some((hour % 12 + later, minute.unwrap_or(0), rest));
    }
    if let Some(minute) = minute {
        return Some((hour, minute, behind));
    }
    let rest = prefix(rest, &["点钟", "点", "时"])?;
    for (name, minute) in [("半", 30), ("一刻", 15), ("三刻", 45), ("整", 0)] {
        if let Some(rest) = rest.strip_prefix(name) {
            return Some((hour, minute, rest));
        }
    }
    if let Some((minute, bytes)) = number::whole(rest) {
        let rest = rest.get(bytes..)?;
        return Some((hour, minute, prefix(rest, &["分钟", "分"]).unwrap_or(rest)));
    }
    Some((hour, 0, rest))
}

/// am and pm: how many hours they add.
fn half_of_day(text: &str) -> Option<(u64, &str)> {
    let half = [("am", 0), ("pm", 12)].into_iter().find_map(|(name, hours)| Some((hours, prefix(text, &[name])?)))?;
    (!half.1.starts_with(|c: char| c.is_ascii_alphanumeric())).then_some(half)
}

pub(super) fn time(hour: u64, minute: u64, period: Option<Period>) -> Option<Time> {
    let later = period.is_some_and(|period| period.afternoon) && (1..12).contains(&hour);
    let hour = if later { hour + 12 } else { hour };
    Time::new(i8::try_from(hour % 24).ok()?, i8::try_from(minute).ok()?, 0, 0).ok().filter(|_| hour <= 24)
}

pub(super) fn prefix<'a>(text: &'a str, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| {
        let head = text.get(..name.len())?;
        head.eq_ignore_ascii_case(name).then(|| text.get(name.len()..).unwrap_or_default())
    })
}
