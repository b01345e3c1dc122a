//! When a reminder is to be said, as people write it: 明天9点, 半小时后, 12月1日下午3点, 每天早上8点, 每月第一个周一 10点.
//!
//! What is read is said again in words that can be typed: people see what was understood, and can set the same once more.

use std::time::Duration;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::{ToSpan, Zoned};

use super::number;
use super::when::{clock, day, duration, is_mark, period, prefix, time, weekday_of};
use crate::domain::reminder::Rule;
use crate::domain::schedule::instant;
use crate::domain::time::Timestamp;

/// What was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Timing {
    /// When.
    pub(super) rule: Rule,
    /// The same in words: 每天 08:00.
    pub(super) words: String,
}

/// The furthest time, from now.
const FURTHEST: Duration = Duration::from_secs(2 * 366 * 86_400);

const NO_CLOCK: &str = "没有写几点，例如：明天9点、每天早上8点、每周一 9:00";
const NOT_UNDERSTOOD: &str =
    "没看懂什么时候，例如：明天9点、半小时后、12月1日下午3点、每天早上8点、每周一 9:00、每月第一个周一 10点";

/// Reads a time at the beginning of a text, else at its end; with it the text before and behind.
pub(super) fn timing<'a>(text: &'a str, now: &Zoned) -> Result<(Timing, &'a str, &'a str), String> {
    let text = text.trim_start_matches(is_mark);
    if let Some(first) = at_beginning(text, now) {
        return first.map(|(timing, rest)| (timing, "", rest));
    }
    let begins = text.char_indices().filter(|(_, c)| is_mark(*c)).map(|(at, c)| at + c.len_utf8());
    for at in begins {
        let (front, tail) = (text.get(..at).unwrap_or_default(), text.get(at..).unwrap_or_default());
        if let Some(Ok((timing, rest))) = at_beginning(tail.trim_start(), now)
            && rest.trim_matches(is_mark).is_empty()
        {
            return Ok((timing, front, ""));
        }
    }
    Err(NOT_UNDERSTOOD.to_owned())
}

/// `None` when it is no time; an error when it is one that cannot be.
fn at_beginning<'a>(text: &'a str, now: &Zoned) -> Option<Result<(Timing, &'a str), String>> {
    let text = prefix(text, &["在", "到", "at "]).unwrap_or(text).trim_start();
    repeated(text).or_else(|| once(text, now))
}

/// 明天9点, 半小时后, 3天后上午9点, 2026-12-01 15:00.
fn once<'a>(text: &'a str, now: &Zoned) -> Option<Result<(Timing, &'a str), String>> {
    if let Some((length, rest)) = duration(prefix(text, &["in "]).unwrap_or(text)) {
        let rest = prefix(rest.trim_start(), &["以后", "之后", "过后", "后", "later"]).unwrap_or(rest);
        return Some(after(length, rest, now));
    }
    let (date, rest) = day(text, now).map_or((None, text), |(date, rest)| (Some(date), rest));
    let rest = prefix(rest, &["的"]).unwrap_or(rest);
    let (time, rest) = match shown(rest)? {
        Shown::Clock(time, rest) => (time, rest),
        Shown::Usual(time, rest) if date.is_some() => (time, rest),
        Shown::Usual(..) => return Some(Err(NO_CLOCK.to_owned())),
        Shown::Nothing if date.is_some() => return Some(Err(NO_CLOCK.to_owned())),
        Shown::Nothing => return None,
    };
    let named = text.get(..text.len() - rest.len()).unwrap_or_default();
    let half = period(text).0.is_some() || named.to_ascii_lowercase().contains("am");
    let civil = match date {
        Some(date) => date.to_datetime(time),
        None => next_shown(time, half, now)?,
    };
    Some(at(instant(civil, now.time_zone())?, now).map(|timing| (timing, rest)))
}

/// An hour without its day is the next that comes; 3点 in the early afternoon is that afternoon's.
fn next_shown(time: Time, half: bool, now: &Zoned) -> Option<DateTime> {
    let today = now.date().to_datetime(time);
    let afternoon = today.checked_add(12.hours()).ok()?;
    if today > now.datetime() {
        Some(today)
    } else if !half && (1..=7).contains(&time.hour()) && afternoon > now.datetime() {
        Some(afternoon)
    } else {
        Some(now.date().tomorrow().ok()?.to_datetime(time))
    }
}

/// So long from now; days may be followed by an hour.
fn after<'a>(length: Duration, rest: &'a str, now: &Zoned) -> Result<(Timing, &'a str), String> {
    let days = length.as_secs() / 86_400;
    if length.as_secs().is_multiple_of(86_400)
        && days > 0
        && let Some(Shown::Clock(time, rest) | Shown::Usual(time, rest)) = shown(rest)
    {
        let day = i64::try_from(days).ok().and_then(|days| now.date().checked_add(days.days()).ok());
        let then = day.and_then(|day| instant(day.to_datetime(time), now.time_zone()));
        return at(then.ok_or_else(too_far)?, now).map(|timing| (timing, rest));
    }
    if length > FURTHEST {
        return Err(too_far());
    }
    let then = stamp(now).plus(length);
    // To the second: what is said back is what will be.
    at(Timestamp(then.0 - then.0.rem_euclid(1000)), now).map(|timing| (timing, rest))
}

fn too_far() -> String {
    "最远只能设到两年以后".to_owned()
}

fn at(then: Timestamp, now: &Zoned) -> Result<Timing, String> {
    let zoned = then.zoned(now.time_zone());
    if then <= stamp(now) {
        return Err(format!("{} 已经过了", zoned.strftime("%-m月%-d日 %H:%M")));
    }
    if then > stamp(now).plus(FURTHEST) {
        return Err(too_far());
    }
    let format = if zoned.second() == 0 { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M:%S" };
    Ok(Timing { rule: Rule::At(then), words: zoned.strftime(format).to_string() })
}

fn stamp(now: &Zoned) -> Timestamp {
    Timestamp(now.timestamp().as_millisecond())
}

/// What the clock is to show.
enum Shown<'a> {
    Clock(Time, &'a str),
    /// 早上 alone.
    Usual(Time, &'a str),
    Nothing,
}

/// 早上8点, 18:30:15, 晚上; `None` when there is no such hour.
fn shown(text: &str) -> Option<Shown<'_>> {
    let (part, rest) = period(text.trim_start());
    let Some((hour, minute, rest)) = clock(rest.trim_start()) else {
        return Some(match part {
            Some(part) => Shown::Usual(time(part.usual, 0, None)?, rest),
            None => Shown::Nothing,
        });
    };
    let then = time(hour, minute, part)?;
    let second = rest.strip_prefix(':').and_then(|rest| Some((number::whole(rest)?, rest)));
    let Some(((second, bytes), rest)) = second else { return Some(Shown::Clock(then, rest)) };
    let then = then.with().second(i8::try_from(second).ok()?).build().ok()?;
    Some(Shown::Clock(then, rest.get(bytes..)?))
}

/// 每天早上8点, 每周一三五 9:00, 每月第一个周一 10点, 每小时.
fn repeated(text: &str) -> Option<Result<(Timing, &str), String>> {
    let (days, rest) = match days(text)? {
        Ok(found) => found,
        Err(why) => return Some(Err(why)),
    };
    if let Days::Every(cron, words) = days {
        return Some(Ok((Timing { rule: Rule::Cron(cron), words }, rest)));
    }
    let rest = prefix(rest.trim_start(), &["的"]).unwrap_or(rest);
    let (time, rest) = match shown(rest) {
        Some(Shown::Clock(time, rest) | Shown::Usual(time, rest)) => (time, rest),
        Some(Shown::Nothing) => return Some(Err(NO_CLOCK.to_owned())),
        None => return Some(Err(NOT_UNDERSTOOD.to_owned())),
    };
    let (dates, words) = days.cron();
    let cron = format!("{} {} {dates}", time.minute(), time.hour());
    let words = format!("{words} {}", time.strftime("%H:%M"));
    Some(Ok((Timing { rule: Rule::Cron(cron), words }, rest)))
}

/// Days that come again.
enum Days {
    Daily,
    /// Of a week, Monday first.
    Weekly([bool; 7]),
    /// Of a month; 0 is its last.
    Monthly(u64),
    /// The first to fifth such day of a month; 0 is the last.
    Nth(u64, Weekday),
    Yearly(u64, u64),
    /// Not days: a whole expression, and its words.
    Every(String, String),
}

const WEEK: [&str; 7] = ["一", "二", "三", "四", "五", "六", "日"];
const ENGLISH: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

impl Days {
    /// Day of the month, month and day of the week; and in words.
    fn cron(&self) -> (String, String) {
        match self {
            Days::Daily => ("* * *".to_owned(), "每天".to_owned()),
            Days::Weekly(days) => {
                let on = || days.iter().enumerate().filter(|(_, on)| **on).map(|(at, _)| at);
                let numbers: Vec<String> = on().map(|at| (at + 1).to_string()).collect();
                let words = match days {
                    [true, true, true, true, true, false, false] => "工作日".to_owned(),
                    _ => {
                        let names: Vec<&str> = on().filter_map(|at| WEEK.get(at).copied()).collect();
                        format!("每周{}", names.join("、"))
                    }
                };
                (format!("* * {}", numbers.join(",")), words)
            }
            Days::Monthly(0) => ("L * *".to_owned(), "每月最后一天".to_owned()),
            Days::Monthly(day) => (format!("{day} * *"), format!("每月{day}号")),
            Days::Nth(n, day) => {
                let at = day.to_monday_zero_offset();
                let name = usize::try_from(at).ok().and_then(|at| WEEK.get(at)).unwrap_or(&"");
                let nth = if *n == 0 { "L".to_owned() } else { n.to_string() };
                let words =
                    if *n == 0 { format!("每月最后一个周{name}") } else { format!("每月第{n}个周{name}") };
                (format!("* * {}#{nth}", at + 1), words)
            }
            Days::Yearly(month, day) => (format!("{day} {month} *"), format!("每年{month}月{day}日")),
            Days::Every(cron, words) => (cron.clone(), words.clone()),
        }
    }
}

fn days(text: &str) -> Option<Result<(Days, &str), String>> {
    const WORKDAYS: [bool; 7] = [true, true, true, true, true, false, false];
    const WEEKEND: [bool; 7] = [false, false, false, false, false, true, true];
    if let Some(rest) =
        prefix(text, &["每个工作日", "每工作日", "工作日", "周一到周五", "周一至周五", "every weekday", "weekdays"])
    {
        return Some(Ok((Days::Weekly(WORKDAYS), rest)));
    }
    if let Some(rest) = prefix(text, &["每个周末", "每周末", "周末", "weekends"]) {
        return Some(Ok((Days::Weekly(WEEKEND), rest)));
    }
    if let Some(rest) = prefix(text, &["每天", "每日", "天天", "every day", "everyday", "daily"]) {
        return Some(Ok((Days::Daily, rest)));
    }
    if let Some(rest) = prefix(text, &["every "]) {
        let found = ENGLISH.iter().enumerate().find_map(|(at, name)| Some((at, prefix(rest, &[name])?)));
        let (on, rest) = found?;
        return Some(Ok((Days::Weekly(std::array::from_fn(|at| at == on)), rest)));
    }
    if let Some(rest) = prefix(text, &["每个星期", "每星期", "每个礼拜", "每礼拜", "每周"]) {
        return Some(week(rest).map(|(days, rest)| (Days::Weekly(days), rest)));
    }
    if let Some(rest) = prefix(text, &["每个月", "每月"]) {
        return Some(month(rest.trim_start()));
    }
    if let Some(rest) = prefix(text, &["每年"]) {
        return Some(year(rest.trim_start()));
    }
    // 每个人 is no time.
    let rest = prefix(text, &["每隔", "每"])?;
    every(rest)
}

/// 一, 一三五, 一、三、五, 一到五.
fn week(text: &str) -> Result<([bool; 7], &str), String> {
    let (mut days, mut last, mut through, mut rest) = ([false; 7], None, false, text.trim_start());
    loop {
        let mut signs = rest.chars();
        let Some(sign) = signs.next() else { break };
        // 每周一9点: a numeral is a day only where days are written so.
        let day = weekday_of(sign).filter(|_| !sign.is_ascii_digit() || last.is_none());
        match day.and_then(|day| usize::try_from(day.to_monday_zero_offset()).ok()) {
            // 每周一十点: the hour's first sign is none of the week's.
            Some(_) if last.is_some() && clock(rest).is_some() => break,
            Some(at) => {
                let from = last.filter(|_| through).unwrap_or(at);
                days.iter_mut()
                    .enumerate()
                    .filter(|(day, _)| from.min(at) <= *day && *day <= at)
                    .for_each(|(_, on)| *on = true);
                (last, through, rest) = (Some(at), false, signs.as_str());
            }
            None if last.is_some() && matches!(sign, '、' | ',' | '和' | '及' | '到' | '至' | '-') => {
                let next = prefix(signs.as_str().trim_start(), &["星期", "礼拜", "周"]).unwrap_or(signs.as_str());
                if next.chars().next().and_then(weekday_of).is_none() {
                    break;
                }
                (through, rest) = (matches!(sign, '到' | '至' | '-'), next);
            }
            None => break,
        }
    }
    if last.is_none() {
        return Err("没有写星期几，例如：每周一 9:00".to_owned());
    }
    Ok((days, rest))
}

/// 1号, 最后一天, 第一个周一, 最后一个周五.
fn month(text: &str) -> Result<(Days, &str), String> {
    let wrong = || "没看懂是每月的哪一天，例如：每月1号 9:00、每月最后一天 9:00、每月第一个周一 10点".to_owned();
    if let Some(rest) = prefix(text, &["最后一天", "月底", "月末", "底"]) {
        return Ok((Days::Monthly(0), rest));
    }
    let last = prefix(text, &["最后一个", "最后"]);
    let (nth, rest) = match last {
        Some(rest) => (0, rest),
        None => {
            let numbered = prefix(text, &["第"]).unwrap_or(text);
            let (nth, bytes) = number::whole(numbered).ok_or_else(wrong)?;
            (nth, numbered.get(bytes..).unwrap_or_default())
        }
    };
    if last.is_none()
        && let Some(rest) = prefix(rest, &["号", "日"])
    {
        return if (1..=31).contains(&nth) { Ok((Days::Monthly(nth), rest)) } else { Err(wrong()) };
    }
    let rest = prefix(rest, &["个"]).unwrap_or(rest);
    let rest = prefix(rest, &["星期", "礼拜", "周"]).ok_or_else(wrong)?;
    let mut signs = rest.chars();
    let day = signs.next().and_then(weekday_of).filter(|_| nth <= 5).ok_or_else(wrong)?;
    Ok((Days::Nth(nth, day), signs.as_str()))
}

/// 12月1日.
fn year(text: &str) -> Result<(Days, &str), String> {
    let read = || {
        let (month, bytes) = number::whole(text)?;
        let rest = prefix(text.get(bytes..)?, &["月"])?;
        let (day, bytes) = number::whole(rest)?;
        let rest = prefix(rest.get(bytes..)?, &["日", "号"])?;
        // A day of some year: 2月29日 too.
        Date::new(2028, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
        Some((Days::Yearly(month, day), rest))
    };
    read().ok_or_else(|| "没看懂是每年的哪一天，例如：每年12月1日 9:00".to_owned())
}

/// 小时, 2小时, 半小时, 30分钟.
fn every(text: &str) -> Option<Result<(Days, &str), String>> {
    let hour =
        prefix(text, &["个小时", "小时", "一个小时", "一小时", "个钟头"]).map(|rest| (Duration::from_secs(3600), rest));
    let (length, rest) = hour.or_else(|| duration(text))?;
    let minutes = length.as_secs() / 60;
    let days = match minutes {
        60 => Days::Every("0 * * * *".to_owned(), "每小时".to_owned()),
        1..60 if 60 % minutes == 0 => Days::Every(format!("*/{minutes} * * * *"), format!("每{minutes}分钟")),
        61..1440 if minutes % 60 == 0 && 24 % (minutes / 60) == 0 => {
            Days::Every(format!("0 */{} * * *", minutes / 60), format!("每{}小时", minutes / 60))
        }
        1440 => return Some(Ok((Days::Daily, rest))),
        _ => {
            let why =
                "隔这么久重复做不到；可以写每天、每周几、每月几号、每年几月几日，或者每 1、2、3、4、6、8、12 小时";
            return Some(Err(why.to_owned()));
        }
    };
    Some(Ok((days, rest)))
}

#[cfg(test)]
mod tests;
