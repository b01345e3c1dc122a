//! The words of notices: templates that an admin can change, checked when they are read.
//!
//! No notice repeats matched characters or a matching nickname except masked (product.md C); the masking is done by the
//! caller, who knows what matched. Names are made harmless here: [`plain_name`].

use std::fmt;

use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::replies::REPLIES;

/// One notice: its key in TOML, its shipped text, and what it is for.
#[derive(Debug)]
pub struct NoticeKind {
    /// The key below `[notices]`.
    pub name: &'static str,
    /// When it is sent.
    pub about: &'static str,
    /// The shipped text.
    pub default: &'static str,
}

/// Every text there is; a key below `[notices]` that is not among them is a fault.
pub fn all() -> impl Iterator<Item = &'static NoticeKind> {
    NOTICES.iter().chain(REPLIES)
}

/// What is said without being asked.
const NOTICES: &[NoticeKind] = &[
    NoticeKind {
        name: "warn_private",
        about: "the first violation, told to the member alone",
        default: "{{ name }}，您好。您在群里的一条消息被判为「{{ rule }}」（案件 {{ case }}{% if matched %}，命中“{{ matched }}”{% endif %}）。这次只作提醒；{{ days }} 天内再次违规，将{{ next }}。{{ appeal }}",
    },
    NoticeKind {
        name: "warn_private_name",
        about: "the same when it is about what the member calls themselves",
        default: "{{ name }}，您好。您的群昵称不合群规：「{{ rule }}」（案件 {{ case }}），请改一下群昵称。这次只作提醒；{{ days }} 天内再次违规，将{{ next }}。{{ appeal }}",
    },
    NoticeKind {
        name: "warn_neutral",
        about: "the first violation where the platform has no private messages: names no offence",
        default: "@{{ name }} 请看一下群规{% if clause %}第 {{ clause }} 条{% endif %}（编号 {{ case }}）。{{ appeal }}",
    },
    NoticeKind {
        name: "warn_public",
        about: "named in the group",
        default: "@{{ name }} 您的消息被判为「{{ rule }}」（案件 {{ case }}），请遵守群规。{{ days }} 天内再次违规，将{{ next }}。{{ appeal }}",
    },
    NoticeKind {
        name: "warn_public_name",
        about: "the same when it is about what the member calls themselves",
        default: "@{{ name }} 您的群昵称不合群规：「{{ rule }}」（案件 {{ case }}），请改一下群昵称。{{ days }} 天内再次违规，将{{ next }}。{{ appeal }}",
    },
    NoticeKind {
        name: "mute",
        about: "muted by the platform",
        default: "@{{ name }} 因「{{ rule }}」被禁言至 {{ until }}（案件 {{ case }}）。{{ days }} 天内再次违规，将{{ next }}。{{ appeal }}",
    },
    NoticeKind {
        name: "mute_recorded",
        about: "muted where the platform cannot mute: the member is asked to be silent",
        default: "@{{ name }} 因「{{ rule }}」请在 {{ until }} 之前不要发言（案件 {{ case }}）；在此之前发言，按再次违规处理（{{ next }}）。{{ appeal }}",
    },
    NoticeKind {
        name: "remove",
        about: "removed, told in the group",
        default: "{{ name }} 因「{{ rule }}」被移出本群（案件 {{ case }}）。{{ appeal }}",
    },
    NoticeKind {
        name: "remove_private",
        about: "removed, told to the member alone just before",
        default: "{{ name }}，您因「{{ rule }}」将被移出群聊（案件 {{ case }}）。{{ appeal }}",
    },
    NoticeKind {
        name: "merged",
        about: "several notices in one, when there are too many in a minute",
        default: "以下成员的消息违反群规：{{ list }}{% if more %}；另有 {{ more }} 人{% endif %}。{{ appeal }}",
    },
    NoticeKind {
        name: "merged_item",
        about: "one member in a merged notice; {{ next }} is what happens at the next violation",
        default: "@{{ name }}（{{ rule }}，案件 {{ case }}，{{ done }}，再次违规将{{ next }}）",
    },
    NoticeKind {
        name: "merged_neutral",
        about: "several first warnings in one, where the platform has no private messages: names no offence",
        default: "{{ list }}{% if more %} 等另 {{ more }} 人{% endif %} 请看一下群规。{{ appeal }}",
    },
    NoticeKind {
        name: "merged_neutral_item",
        about: "one member in that notice",
        default: "@{{ name }}（编号 {{ case }}）",
    },
    NoticeKind {
        name: "task",
        about: "put before the admins: the platform cannot do it, or the hourly limit is reached",
        default: "请处理：{{ name }} 因「{{ rule }}」应当{{ wanted }}（案件 {{ case }}）。原因：{{ why }}。",
    },
    NoticeKind {
        name: "task_in_group",
        about: "a task or alert where the platform has neither task cards nor private messages: said in the group, so it names nobody",
        default: "请管理员{% if case %}处理编号 {{ case }} 的事项{% else %}看一下最近的消息{% endif %}{% if more %}，另有 {{ more }} 项{% endif %}。",
    },
    NoticeKind {
        name: "task_alone",
        about: "a task or alert told to somebody who runs the group alone, where the platform has no task cards: {{ text }} is what it says, {{ name }} and {{ original }} the member and their words as they are",
        default: "{% if group %}【{{ group }}】{% endif %}{{ text }}{% if name %}\n成员：{{ name }}{% endif %}{% if original %}\n原话：“{{ original }}”{% endif %}",
    },
    NoticeKind {
        name: "task_again",
        about: "a task that nobody acted on is sent again, or one that somebody put off ({{ by }}); {{ text }} is what it says, {{ time }} since when",
        default: "{% if by %}{{ by }} 说稍后处理的事，现在请看一下{% else %}还没有人处理（第 {{ count }} 次提醒）{% endif %}，{{ time }} 起{% if case %}，案件 {{ case }}{% endif %}：{{ text }}",
    },
    NoticeKind {
        name: "task_escalated",
        about: "a task that nobody acted on within its deadline, told at the company's place, or else to the owner",
        default: "{{ time }} 起一直没有人处理{% if case %}（案件 {{ case }}）{% endif %}，请您看一下：{{ text }}",
    },
    NoticeKind {
        name: "task_escalated_kind",
        about: "what that is called when several were held",
        default: "一直没有人处理的任务",
    },
    NoticeKind {
        name: "task_done",
        about: "what the card of a task says once it is decided: {{ text }} is the button, or what the platform said",
        default: "{{ text }}（{{ by }} {{ time }}）",
    },
    NoticeKind {
        name: "join_request",
        about: "task for the admins: somebody asks to be let in; {{ text }} is their answer, {{ by }} who invited them",
        default: "{{ name }} 申请入群{% if by %}，邀请人 {{ by }}{% endif %}{% if text %}，回答：{{ text }}{% endif %}。我不能代为通过，请在群里处理，再按一下按钮。",
    },
    NoticeKind {
        name: "join_request_kind",
        about: "what that is called when several were held",
        default: "有人申请入群",
    },
    NoticeKind {
        name: "reported",
        about: "alert to the admins: a member ({{ by }}) reports a message; {{ rule }} is what the rules find in its text, {{ why }} what the member says, {{ wanted }} what must be done by hand",
        default: "{{ by }} 举报了 {{ name }} 的消息（案件 {{ case }}）：“{{ text }}”。{% if why %}理由：{{ why }}。{% endif %}{% if rule %}照规则看，像「{{ rule }}」。{% else %}照规则没看出问题。{% endif %}{% if wanted %}平台没有说是谁发的，请先在群里{{ wanted }}。{% endif %}未作任何处理；要处理请用 /警告、/禁言 或 /移出。",
    },
    NoticeKind {
        name: "reported_kind", about: "what that is called when several were held", default: "有人举报消息"
    },
    NoticeKind {
        name: "review",
        about: "alert to the admins: a message that a person should look at",
        default: "请看一下 {{ name }} {{ time }} 的消息：可能是「{{ rule }}」{% if matched %}（“{{ matched }}”）{% endif %}。未作任何处理。",
    },
    NoticeKind {
        name: "review_name",
        about: "alert to the admins: a name that a person should look at",
        default: "请看一下 {{ name }} 的群昵称：可能是「{{ rule }}」。未作任何处理。",
    },
    NoticeKind {
        name: "alert",
        about: "alert to the admins: something could not be done",
        default: "未能完成：{{ wanted }}{% if name %} {{ name }}{% endif %}{% if case %}（案件 {{ case }}）{% endif %}。原因：{{ why }}。请人工处理。",
    },
    NoticeKind {
        name: "raid",
        about: "alert to the admins: so many joined at once that nobody is welcomed",
        default: "{{ time }} 前后 {{ seconds }} 秒内有 {{ count }} 人入群，超过了设定的人数，可能有人在批量拉人。这批人不发欢迎，请留意群里的消息。",
    },
    NoticeKind {
        name: "alerts_held",
        about: "which alerts to the admins were not sent one by one, because there were too many in a minute or one said the same",
        default: "刚才一分钟内另有 {{ more }} 条提示没有单独发送：{{ list }}。请看一下最近的消息。",
    },
    NoticeKind {
        name: "alerts_held_item",
        about: "one kind of alert in that list",
        default: "{{ what }} ×{{ count }}{% if case %}（案件 {{ case }}）{% endif %}",
    },
    NoticeKind {
        name: "review_kind",
        about: "what the alert `review` is called in such a list",
        default: "可能是「{{ rule }}」",
    },
    NoticeKind {
        name: "review_name_kind",
        about: "what the alert `review_name` is called in such a list",
        default: "群昵称可能是「{{ rule }}」",
    },
    NoticeKind {
        name: "alert_kind",
        about: "what the alert `alert` is called in such a list",
        default: "未能完成{{ wanted }}（{{ why }}）",
    },
    NoticeKind {
        name: "raid_kind",
        about: "what the alert `raid` is called in such a list",
        default: "很多人同时入群",
    },
    NoticeKind {
        name: "company_alert",
        about: "an alert of any group, told at the company's place",
        default: "【{{ group }}】{{ what }}",
    },
    NoticeKind {
        name: "company_held",
        about: "which alerts were not told one by one at the company's place",
        default: "刚才一分钟内另有 {{ more }} 条提示没有单独发送：{{ list }}",
    },
    NoticeKind {
        name: "company_held_item",
        about: "those of one group in that list",
        default: "【{{ group }}】{{ list }}",
    },
    NoticeKind {
        name: "bridge_silent",
        about: "alarm, told at the company's place: nothing comes from a bot any more",
        default: "【急】机器人 {{ name }} 已经 {{ text }}没有送来任何消息，远远超过平时。多半是机器人停了或掉线了，请马上看一下。",
    },
    NoticeKind {
        name: "bridge_speaks",
        about: "that alarm is over",
        default: "机器人 {{ name }} 又有消息了，前后安静了 {{ text }}。",
    },
    NoticeKind {
        name: "groups_silent",
        about: "alarm, told at the company's place: nothing comes from some groups any more",
        default: "这些群安静得远远超过平时：{{ list }}{% if more %}，等 {{ count }} 个群{% endif %}。机器人 {{ name }} 可能被移出了群，也可能群里真的没人说话了，请看一下。",
    },
    NoticeKind {
        name: "groups_speak",
        about: "that alarm is over",
        default: "这些群又有消息了：{{ list }}{% if more %}，等 {{ count }} 个群{% endif %}。括号里是安静了多久。",
    },
    NoticeKind {
        name: "disk_filling",
        about: "alarm, told at the company's place: the disk with the data will be full",
        default: "【急】存数据的磁盘照现在的速度大约 {{ text }}后写满，还剩 {{ what }}。写满后新消息会被拒收，请尽快腾出空间。",
    },
    NoticeKind {
        name: "disk_low",
        about: "alarm, told at the company's place: little is free on the disk with the data",
        default: "【急】存数据的磁盘只剩 {{ what }}。写满后新消息会被拒收，请尽快腾出空间。",
    },
    NoticeKind {
        name: "disk_well", about: "that alarm is over", default: "存数据的磁盘空间够了，还剩 {{ what }}。"
    },
    NoticeKind {
        name: "backup_failed",
        about: "alarm, told at the company's place: no backup could be made in a folder",
        default: "【急】没能备份到 {{ what }}，会自动再试。原因见 /readyz 或日志。",
    },
    NoticeKind { name: "backup_well", about: "that alarm is over", default: "备份好了，放在 {{ what }}。" },
    NoticeKind {
        name: "welcome",
        about: "the welcome of everybody who came within the window, with the short rules",
        default: "欢迎 {{ list }} {% if more %}等 {{ count }} 位{% endif %}加入本群！{% if channel %}{{ channel }} {% endif %}请先看一眼群规：{{ short_rules }} 发“群规”可以看全文。",
    },
    NoticeKind { name: "welcome_item", about: "one newcomer in the welcome", default: "@{{ name }}" },
    NoticeKind {
        name: "welcome_channel",
        about: "what is said besides to those who came by a join channel; {{ list }} is empty when all did",
        default: "{% if list %}{{ list }}{% if more %} 等 {{ count }} 位{% endif %}：{% endif %}{{ channel }}",
    },
    NoticeKind {
        name: "welcome_private",
        about: "the welcome told to each newcomer alone, where the platform cannot speak in the group",
        default: "{{ name }}，欢迎入群！{% if channel %}{{ channel }} {% endif %}请先看一眼群规：{{ short_rules }} 发“群规”可以看全文。",
    },
    NoticeKind { name: "reminder", about: "a reminder that was set in the chat", default: "提醒：{{ text }}" },
    NoticeKind {
        name: "reminder_late",
        about: "a reminder that is sent late: {{ text }} is all of it, {{ time }} when it was to be sent",
        default: "{{ text }}（原定 {{ time }}，发晚了）",
    },
    NoticeKind {
        name: "reminder_task",
        about: "a reminder where the platform cannot speak in the group: a person is asked to say it",
        default: "请把这条提醒发到群里：{{ text }}",
    },
    NoticeKind {
        name: "reminder_image",
        about: "a reminder's image ({{ what }}) where nobody can send images: a person is asked to; {{ text }} is the reminder's name",
        default: "这个群的机器人不会发图片，请把提醒「{{ text }}」的图片（{{ what }}）发到群里。",
    },
    NoticeKind {
        name: "appeal",
        about: "how to appeal; is {{ appeal }} in the others",
        default: "如有异议，请联系群主或管理员，并说明案件编号。",
    },
];

/// Everything a template may name. What does not apply to a notice is empty.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Vars {
    /// The member's name, made harmless and masked where it matches a rule.
    pub name: String,
    /// The rule in plain words.
    pub rule: String,
    /// The number of the group rule that the rule stands for, if the admin gave one.
    pub clause: Option<u32>,
    /// The case's number.
    pub case: String,
    /// The matched characters, masked: the first and ＊ for each of the others.
    pub matched: String,
    /// What the next violation brings.
    pub next: String,
    /// How to appeal.
    pub appeal: String,
    /// Until when, in the group's time zone.
    pub until: String,
    /// When the message was sent, in the group's time zone.
    pub time: String,
    /// How many days a strike lives.
    pub days: u64,
    /// Items of a merged notice.
    pub list: String,
    /// What was done, in a merged notice.
    pub done: String,
    /// What a person is asked to do.
    pub wanted: String,
    /// Why a person is asked.
    pub why: String,
    /// How many alerts were not sent one by one; how many newcomers are not in `list`; else a number
    /// that the notice is about.
    pub more: u32,
    /// How many there are in all.
    pub count: u32,
    /// In how many seconds.
    pub seconds: u64,
    /// The group's name, for the company's place.
    pub group: String,
    /// What an alert says.
    pub what: String,
    /// The words that it is about, not masked: for those alone who run the group.
    pub original: String,
    /// What is said besides to those who came by a join channel.
    pub channel: String,
    /// The group's short rules.
    pub short_rules: String,
    /// A command as it is written, or another text that an answer is about.
    pub text: String,
    /// Who did it.
    pub by: String,
    /// In how many of the last messages added words are.
    pub hits: u32,
    /// How many of the last messages were looked at.
    pub looked: u32,
}

/// The names in [`Vars`], for faults about an unknown variable.
pub const VARIABLES: &[&str] = &[
    "name",
    "rule",
    "clause",
    "case",
    "matched",
    "next",
    "appeal",
    "until",
    "time",
    "days",
    "list",
    "done",
    "wanted",
    "why",
    "more",
    "count",
    "seconds",
    "group",
    "what",
    "original",
    "channel",
    "short_rules",
    "text",
    "by",
    "hits",
    "looked",
];

/// Compiled templates, one for each of [`all`].
pub struct Notices {
    templates: Environment<'static>,
}

impl PartialEq for Notices {
    fn eq(&self, other: &Self) -> bool {
        all().all(|kind| self.source(kind.name) == other.source(kind.name))
    }
}

impl fmt::Debug for Notices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notices").finish_non_exhaustive()
    }
}

impl Default for Notices {
    fn default() -> Self {
        Self::new([]).unwrap_or_else(|(name, error)| unreachable!("the shipped notice {name} is sound: {error}"))
    }
}

impl Notices {
    /// The shipped texts with some replaced.
    ///
    /// # Errors
    /// The notice's name and what is wrong with its template: syntax, or an unknown variable.
    pub fn new<'a>(texts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, (String, String)> {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        templates.set_fuel(Some(10_000));
        let shipped = all().map(|kind| (kind.name, kind.default));
        for (name, text) in shipped.chain(texts) {
            check_template(text).map_err(|error| (name.to_owned(), error))?;
            templates
                .add_template_owned(name.to_owned(), text.to_owned())
                .map_err(|error| (name.to_owned(), error.to_string()))?;
        }
        Ok(Self { templates })
    }

    /// The text of a notice. A template that fails while it is rendered (it ran out of fuel) gives its name and case, so that
    /// the member is told at least that much.
    pub fn render(&self, name: &str, vars: &Vars) -> String {
        let rendered = self.templates.get_template(name).and_then(|template| template.render(Serde(vars)));
        rendered.unwrap_or_else(|_| format!("{}：{}（案件 {}）", vars.name, vars.rule, vars.case))
    }

    fn source(&self, name: &str) -> Option<String> {
        self.templates.get_template(name).ok().map(|template| template.source().to_owned())
    }
}

/// Whether a text is a sound template that names only [`VARIABLES`].
///
/// # Errors
/// What is wrong, with the nearest variable where one is misspelt.
pub fn check_template(text: &str) -> Result<(), String> {
    check(text, VARIABLES, &Vars::default())
}

/// The same for a template that may name these.
pub(super) fn check(text: &str, names: &[&str], vars: &impl Serialize) -> Result<(), String> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_fuel(Some(10_000));
    let template = env.template_from_str(text).map_err(|error| match error.detail() {
        Some(detail) => detail.to_owned(),
        None => error.kind().to_string(),
    })?;
    let mut unknown: Vec<String> =
        template.undeclared_variables(false).into_iter().filter(|name| !names.contains(&name.as_str())).collect();
    unknown.sort();
    if let Some(name) = unknown.first() {
        let near = crate::fault::nearest(name, names.iter().copied());
        let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        return Err(format!("unknown variable `{name}`{hint} (known: {})", names.join(", ")));
    }
    template.render(Serde(vars)).map_err(|error| error.to_string())?;
    Ok(())
}

/// The longest name shown in a notice, in code points; WeCom's own limit is 64.
const LONGEST_NAME: usize = 32;

/// What calls everybody when a notice puts `@` before a nickname of it: these at the beginning, however it goes on, since no
/// space has to stand behind Chinese words …
const EVERYBODY: [&str; 3] = ["所有人", "全体", "全员"];
/// … and these as words.
const EVERYBODY_WORDS: [&str; 4] = ["all", "everyone", "here", "channel"];

/// A nickname that can do no harm in a notice: no control, invisible or bidirectional characters, no `@`, at most 32 code
/// points, masked when it means everybody or reads like the number of a case: notices say those themselves, and what is
/// quoted of a notice undoes the case that it names. An empty one becomes the id.
pub fn plain_name(name: &str, id: &str) -> String {
    let shown = |text: &str| -> String {
        let kept = text.chars().filter(|c| {
            !c.is_control() && !super::text::is_invisible(*c) && !matches!(c, '@' | '＠' | '\u{2028}' | '\u{2029}')
        });
        let mut shown: String = kept.take(LONGEST_NAME + 1).collect();
        if shown.chars().count() > LONGEST_NAME {
            shown = shown.chars().take(LONGEST_NAME - 1).chain(['…']).collect();
        }
        shown.trim().to_owned()
    };
    let name = Some(shown(name)).filter(|name| !name.is_empty()).unwrap_or_else(|| shown(id));
    if calls_everybody(&name) || numbers_a_case(&name) { mask(&name) } else { name }
}

/// Whether `@` before this would call everybody, for those who read it and for programs that are forgiving in what they read:
/// 所 有 人, ａｌｌ, ⓐll.
fn calls_everybody(name: &str) -> bool {
    let plain: String = name.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect();
    let joined: String = plain.chars().filter(|c| !c.is_whitespace()).take(8).collect();
    let first = plain.split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty()).unwrap_or_default();
    EVERYBODY.iter().any(|word| joined.starts_with(word)) || EVERYBODY_WORDS.contains(&first)
}

/// 案件 12, 编号：３.
fn numbers_a_case(name: &str) -> bool {
    ["案件", "编号"].iter().any(|sign| {
        let after = name.split(sign).skip(1);
        after
            .map(|rest| rest.trim_start_matches(|c: char| !c.is_alphanumeric()))
            .any(|rest| rest.starts_with(char::is_numeric))
    })
}

/// The first character and ＊ for each of the others, at most 8 in all.
pub fn mask(text: &str) -> String {
    text.chars().take(8).enumerate().map(|(at, c)| if at == 0 { c } else { '＊' }).collect()
}
