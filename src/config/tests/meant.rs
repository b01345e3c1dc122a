//! What is written is not what was probably meant: time zones, ids, a configuration that nobody delivers to.

use super::*;

#[test]
fn who_means_the_time_of_china_is_told_its_name() {
    let meant = [
        "GMT+8",
        "UTC+8",
        "utc+08:00",
        "GMT+0800",
        "UTC8",
        "+08:00",
        "+8",
        "＋8：00",
        "CST",
        "CST-8",
        "Asia/Beijing",
        "Beijing",
        "beijing time",
        "China",
        "China Standard Time",
        "Asia/Shenzhen",
        "Asia/Shanghia",
        "北京时间",
        "北京",
        "东八区",
    ];
    for zone in meant {
        let faults = faults_of(&format!("[daemon]\ntimezone = \"{zone}\""));
        assert_eq!(told(&faults), [format!("a.toml:2:12 there is no time zone `{zone}`")]);
        assert_eq!(faults[0].help.as_deref(), Some("did you mean `Asia/Shanghai`?"), "{zone}");
    }
    for zone in ["Asia/Shanghai", "PRC", "UTC", "Etc/GMT", "Etc/GMT+0", "Asia/Urumqi"] {
        assert!(faults_of(&format!("[daemon]\ntimezone = \"{zone}\"")).is_empty(), "{zone}");
    }
}
