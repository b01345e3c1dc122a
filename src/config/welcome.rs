//! Reads `[profile.X.welcome]` and `[profile.X.rules_text]`: how newcomers are welcomed, and the rules that they read.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::faults::Faults;
use super::section::{Number, Placed, Section};
use crate::domain::policy::{RulesText, Welcome};

pub(super) const WINDOW: Number = Number { key: "window_seconds", range: 5..=300, unit: "seconds", default: 60 };
pub(super) const RAID: Number = Number { key: "raid_joins", range: 1..=500, unit: "joins", default: 20 };
pub(super) const NAMES: Number = Number { key: "names", range: 1..=50, unit: "names", default: 10 };

/// The short rules as shipped; the numbers are those of `clause` in `config/rules/`.
const SHORT: &str = "1 不发广告、不拉人加好友；2 不骗人；3 不赌博；4 不发色情内容；5 不骂人；6 不刷屏；7 不威胁人、不卖违禁品；8 不拉人集资。";

/// The full rules as shipped.
const FULL: &str = "\
本群群规
1. 不发广告和不明链接，不在群里拉人加好友、进别的群。
2. 不发骗人的消息（假兼职、假中奖、假客服……）；谁要您转账、报验证码，先问群主。
3. 不赌博，不发赌博网站。
4. 不发色情低俗的文字、图片和链接。
5. 有话好好说，不骂人，不揭别人隐私；发别人的照片、电话，先问本人。
6. 不刷屏；同一件事说一遍就够了。
7. 不威胁人，不约架，不买卖违禁品（枪、管制刀具、毒品……）。
8. 不拉人投钱（没上市的股份、说是包赚的理财、拉人返利……）。
群里的消息由程序先看一遍，违规会先提醒，再犯才加重。判错了，请告诉群主或管理员，由人来定。";

/// What holds where nobody says otherwise.
pub(super) fn default_welcome() -> Welcome {
    Welcome {
        on: true,
        window: Duration::from_secs(WINDOW.default.into()),
        raid_joins: RAID.default,
        names: NAMES.default,
        channels: Arc::default(),
    }
}

/// What holds where nobody says otherwise.
pub(super) fn default_rules() -> RulesText {
    RulesText { short: SHORT.into(), full: FULL.into() }
}

/// The section `welcome` over what holds so far.
pub(super) fn welcome(mut section: Section<'_>, welcome: &mut Welcome, faults: &Faults) {
    welcome.on = section.flag("on").unwrap_or(welcome.on);
    if let Some(n) = section.number(&WINDOW) {
        welcome.window = Duration::from_secs(n.into());
    }
    welcome.raid_joins = section.number(&RAID).unwrap_or(welcome.raid_joins);
    welcome.names = section.number(&NAMES).unwrap_or(welcome.names);
    let heading = format!("{}.channels]", section.name.trim_end_matches(']'));
    if let Some(channels) = section.section("channels", heading) {
        let mut all: BTreeMap<Box<str>, Arc<str>> = BTreeMap::clone(&welcome.channels);
        for (name, text) in channels.into_texts() {
            warn_of_template(&name, &text, faults);
            all.insert(name.into_boxed_str(), text.value.trim().into());
        }
        welcome.channels = Arc::new(all);
    }
    section.finish();
}

/// The section `rules_text` over what holds so far.
pub(super) fn rules_text(mut section: Section<'_>, rules: &mut RulesText, faults: &Faults) {
    let parts = [
        ("short", 100, &mut rules.short, "newcomers read them in the welcome; put the rest into `full`"),
        ("full", 500, &mut rules.full, "longer rules are not read; say it shorter"),
    ];
    for (key, most, text, help) in parts {
        let Some(written) = section.text(key) else { continue };
        let trimmed = written.value.trim();
        let length = trimmed.chars().count();
        if length > most {
            let fault = faults.at(&written.at, format!("`{key}` has {length} characters, more than {most}"));
            faults.add(fault.help(help).warning());
        }
        warn_of_template(key, &written, faults);
        *text = trimmed.into();
    }
    section.finish();
}

/// Unlike notices, these texts are said as they are.
fn warn_of_template(key: &str, text: &Placed<String>, faults: &Faults) {
    if text.value.contains("{{") || text.value.contains("{%") {
        let fault = faults.at(&text.at, format!("`{key}` is no template: members will read the braces"));
        faults.add(fault.help("what a welcome says with variables is the notice `welcome`").warning());
    }
}
