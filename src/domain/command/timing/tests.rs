use proptest::prelude::*;

use super::*;
use crate::domain::schedule::Times;

/// Wednesday, 2026-11-25 14:00 in Shanghai.
fn now() -> Zoned {
    "2026-11-25T14:00:00+08:00[Asia/Shanghai]".parse().unwrap()
}

/// What is understood, in words, and what is left.
fn read(text: &str) -> Result<(String, String), String> {
    timing(text, &now()).map(|(timing, front, rest)| (timing.words, format!("{front}{}", rest.trim_start())))
}

#[test]
fn times_are_read_as_people_write_them() {
    let rows = [
        ("明天9点 开会", "2026-11-26 09:00", "开会"),
        ("明天早上8点半开会", "2026-11-26 08:30", "开会"),
        ("今晚十点 收被子", "2026-11-25 22:00", "收被子"),
        ("半小时后 关火", "2026-11-25 14:30", "关火"),
        ("1小时30分钟后关火", "2026-11-25 15:30", "关火"),
        ("30分钟 关火", "2026-11-25 14:30", "关火"),
        ("in 30 min tea", "2026-11-25 14:30", "tea"),
        ("三天后上午9点 交房租", "2026-11-28 09:00", "交房租"),
        ("两天后 交房租", "2026-11-27 14:00", "交房租"),
        ("12月1日下午3点 团课", "2026-12-01 15:00", "团课"),
        ("2026-12-01 15:00:30 团课", "2026-12-01 15:00:30", "团课"),
        ("周五 18:30 聚餐", "2026-11-27 18:30", "聚餐"),
        ("下周一9点例会", "2026-11-30 09:00", "例会"),
        ("18:30 吃饭", "2026-11-25 18:30", "吃饭"),
        ("3点 开会", "2026-11-25 15:00", "开会"),
        ("9点 开会", "2026-11-26 09:00", "开会"),
        ("凌晨3点 起床", "2026-11-26 03:00", "起床"),
        ("3am wake up", "2026-11-26 03:00", "wake up"),
        ("tomorrow 9am stand-up", "2026-11-26 09:00", "stand-up"),
        ("today 5:30 pm tea", "2026-11-25 17:30", "tea"),
        ("到明天9点 开会", "2026-11-26 09:00", "开会"),
        ("明天早上 开会", "2026-11-26 08:00", "开会"),
        ("开会，明天9点", "2026-11-26 09:00", "开会，"),
        ("例会 每周一 9:00", "每周一 09:00", "例会 "),
        ("每天早上8点 打卡", "每天 08:00", "打卡"),
        ("每日20:30打卡", "每天 20:30", "打卡"),
        ("每周一 9:00 例会", "每周一 09:00", "例会"),
        ("每周一9点例会", "每周一 09:00", "例会"),
        ("每周一十点 例会", "每周一 10:00", "例会"),
        ("每周一三五 9:00 打卡", "每周一、三、五 09:00", "打卡"),
        ("每周二、周四 9点 打卡", "每周二、四 09:00", "打卡"),
        ("每周一到周五 9点 打卡", "工作日 09:00", "打卡"),
        ("周一到周五 9点 打卡", "工作日 09:00", "打卡"),
        ("每周六日 9点 打卡", "每周六、日 09:00", "打卡"),
        ("工作日 18:00 下班", "工作日 18:00", "下班"),
        ("每星期天晚上8点 读书", "每周日 20:00", "读书"),
        ("每月第一个周一 10点 交房租", "每月第1个周一 10:00", "交房租"),
        ("每月最后一个周五下午5点 复盘", "每月最后一个周五 17:00", "复盘"),
        ("每月1号9点 交房租", "每月1号 09:00", "交房租"),
        ("每月底 9点 对账", "每月最后一天 09:00", "对账"),
        ("每年12月1日9点 续费", "每年12月1日 09:00", "续费"),
        ("每小时 喝水", "每小时", "喝水"),
        ("每两小时 喝水", "每2小时", "喝水"),
        ("每半小时 喝水", "每30分钟", "喝水"),
        ("every day 8:00 run", "每天 08:00", "run"),
        ("every monday 9am sync", "每周一 09:00", "sync"),
        ("weekdays 18:00 home", "工作日 18:00", "home"),
    ];
    for (text, words, rest) in rows {
        assert_eq!(read(text), Ok((words.to_owned(), rest.to_owned())), "{text}");
    }
}

#[test]
fn what_is_no_time_or_cannot_be_is_said() {
    let rows = [
        ("开会", "没看懂"),
        ("", "没看懂"),
        ("每个人都来", "没看懂"),
        ("明天 开会", "没有写几点"),
        ("晚上 聚餐", "没有写几点"),
        ("每周 9点 例会", "星期几"),
        ("每月 9点 例会", "每月的哪一天"),
        ("每月第六个周一 9点", "每月的哪一天"),
        ("每年2月30日 9点", "每年的哪一天"),
        ("每7小时 喝水", "隔这么久"),
        ("每三天 9点 浇花", "隔这么久"),
        ("今天8点 开会", "已经过了"),
        ("三年后 开会", "两年"),
        ("99999999999999999999天后 x", "没看懂"),
    ];
    for (text, part) in rows {
        let why = read(text).unwrap_err();
        assert!(why.contains(part), "{text}: {why}");
    }
}

/// The words of what was understood mean the same when they are typed.
fn means_the_same(text: &str) {
    let (first, ..) = timing(text, &now()).unwrap();
    let (again, _, rest) = timing(&first.words, &now()).unwrap_or_else(|why| panic!("{}: {why}", first.words));
    assert_eq!((&again, rest), (&first, ""), "{text}");
    if let Rule::Cron(cron) = &first.rule {
        let zone = now().time_zone().clone();
        assert!(Times::cron(cron).unwrap().after(stamp(&now()), &zone).is_some(), "{text}: {cron}");
    }
}

proptest! {
    #[test]
    fn words_can_be_typed_again(hour in 0_u8..24, minute in 0_u8..60, day in 1_u8..29, month in 1_u8..13, nth in 1_u8..6, at in 0_usize..7) {
        let weekday = WEEK[at];
        let front = [
            "明天".to_owned(),
            "每天".to_owned(),
            "工作日".to_owned(),
            "周末".to_owned(),
            format!("每周{weekday}"),
            format!("每周一{weekday}"),
            format!("每月{day}号"),
            format!("每月第{nth}个周{weekday}"),
            format!("每月最后一个周{weekday}"),
            format!("每年{month}月{day}日"),
            format!("2027-{month}-{day}"),
        ];
        for front in front {
            means_the_same(&format!("{front} {hour}:{minute:02}"));
        }
        for text in ["每小时", "每15分钟", "每6小时", "每月底 9点", "90秒后"] {
            means_the_same(text);
        }
    }

    #[test]
    fn nothing_that_is_typed_is_a_mishap(text in "[每天周月年第一二三个最后末到至、明今早晚上下午点半分钟小时后的0-9: /a-z\u{fffc}]{0,24}") {
        let _ = timing(&text, &now());
    }
}
