//! Time zones by their names, and what people write instead of them.

use jiff::tz::TimeZone;

use super::faults::Faults;
use super::section::Placed;
use crate::fault::nearest;

/// The zone of China, which is mostly the one that is meant.
const CHINA: &str = "Asia/Shanghai";

/// What people write who mean it, behind a continent or not: how it begins, folded.
const CHINESE: &[&str] = &[
    "china",
    "beijing",
    "peking",
    "shanghai",
    "shenzhen",
    "guangzhou",
    "hangzhou",
    "chengdu",
    "wuhan",
    "nanjing",
    "tianjin",
    "xian",
    "北京",
    "中国",
    "上海",
    "东八",
];

/// Distances from UTC that are China's, without their sign.
const EIGHT: &[&str] = &["8", "08", "8:00", "08:00", "0800"];

/// A time zone by its name.
pub(super) fn timezone(name: &Placed<String>, faults: &Faults) -> Option<TimeZone> {
    let zone = TimeZone::get(&name.value).ok();
    if zone.is_none() {
        let fault = faults.at(&name.at, format!("there is no time zone `{}`", name.value));
        faults.add(fault.help(advice(&name.value)));
    } else if let Some(message) = other_way_round(&name.value) {
        let help = format!("write the name of a place; for the time of China: {CHINA}");
        faults.add(faults.at(&name.at, message).help(help).warning());
    }
    zone
}

/// What was probably meant by a name that no zone has.
fn advice(name: &str) -> String {
    let near = || {
        let all: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
        nearest(name, all.iter().map(String::as_str)).map(str::to_owned)
    };
    // The letters nearest to `GMT+9` or `PST` are another time.
    let is_name = name.chars().count() > 4 && !name.contains(|c: char| c.is_numeric());
    match Some(CHINA.to_owned()).filter(|_| is_chinese(name)).or_else(|| near().filter(|_| is_name)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("write the name of a place, as the time zone database has it: {CHINA}"),
    }
}

/// Whether somebody means the time of China.
fn is_chinese(name: &str) -> bool {
    let folded: String = name.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    let folded = folded.replace('＋', "+").replace('：', ":");
    let place = folded.rsplit('/').next().unwrap_or_default();
    let distance = ["utc", "gmt"].iter().find_map(|from| place.strip_prefix(from)).unwrap_or(place);
    let east = distance.strip_prefix('+').unwrap_or(distance);
    matches!(place, "cst" | "cst-8") || EIGHT.contains(&east) || CHINESE.iter().any(|begin| place.starts_with(begin))
}

/// What a zone means whose sign is not what people take it for.
fn other_way_round(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    let distance = lower.strip_prefix("etc/gmt").filter(|distance| !matches!(*distance, "" | "0" | "+0" | "-0"))?;
    let (sign, side) = if distance.starts_with('+') { ('−', "behind") } else { ('+', "before") };
    let hours = distance.get(1..)?;
    Some(format!("`{name}` is UTC{sign}{hours}, {hours} hours {side} UTC: signs in such names are the other way round"))
}
