//! The words with which commands are answered: templates like all notices.

use super::notices::NoticeKind;

const fn reply(name: &'static str, about: &'static str, default: &'static str) -> NoticeKind {
    NoticeKind { name, about, default }
}

/// Every answer there is.
pub(super) const REPLIES: &[NoticeKind] = &[
    reply(
        "reply_help",
        "the commands that the asker may use",
        "您可以用这些命令：\n{{ list }}\n发“/帮助 命令”看一个命令怎么用。",
    ),
    reply("reply_help_topic", "how one command is used", "{{ text }}\n{{ why }}。也可以写：{{ list }}"),
    reply("reply_rules", "the rules of the group", "本群群规：\n{{ list }}"),
    reply("reply_refused", "the asker may not use this command", "{{ list }}能用 {{ text }}。"),
    reply("reply_misused", "a command whose words are not understood", "{{ why }}。\n用法：{{ text }}"),
    reply(
        "reply_misspelt",
        "no command is called so, but one nearly",
        "没有这个命令，是不是想用 {{ text }}？发“/帮助”看全部命令。",
    ),
    reply(
        "reply_talk",
        "the bot was spoken to, and not in commands",
        "我是群卫，照看本群的机器人。发“/帮助”看我会做什么。",
    ),
    reply("reply_record_clean", "nothing is held against the asker", "您没有违规记录。"),
    reply(
        "reply_record",
        "what is held against the asker",
        "{% if more %}您有 {{ more }} 次违规记着：{{ list }}。{% endif %}{% if until %}禁言到 {{ until }}。{% endif %}再次违规，将{{ next }}。{{ appeal }}",
    ),
    reply(
        "reply_reported",
        "a message was put before the admins: told to the reporter alone",
        "收到，已请管理员看您举报的消息（案件 {{ case }}）。群里不会说是谁举报的。",
    ),
    reply(
        "reply_report_heard",
        "the same where the platform has no private messages: said in the group, so it says nothing of it",
        "收到，谢谢。",
    ),
    reply(
        "reply_report_what",
        "a report without a quoted message",
        "请先引用要举报的那条消息，再发 /举报（或者 @我）。",
    ),
    reply(
        "reply_report_own",
        "the bot's own message was reported",
        "这条是我发的。如果觉得判错了，请引用它回复“误判”，管理员会看。",
    ),
    reply(
        "reply_report_limit",
        "a member reports too much: {{ more }} an hour are the most",
        "每人每小时最多举报 {{ more }} 条。急的话请直接找管理员。",
    ),
    reply(
        "reply_in_group",
        "a command that needs a group was written to the bot alone",
        "这个命令请在群里用：{{ text }}",
    ),
    reply(
        "reply_record_of",
        "what is held against the asker in one of several groups",
        "{{ text }}：{% if more %}{{ more }} 次违规记着：{{ list }}。{% endif %}{% if until %}禁言到 {{ until }}。{% endif %}再次违规，将{{ next }}。",
    ),
    reply(
        "reply_punished",
        "members were warned, muted or removed by a command",
        "已处理 {{ name }}：{{ done }}（案件 {{ case }}）。要撤销请发：/撤销 {{ list }}",
    ),
    reply(
        "reply_protected",
        "owner, admins and bots are not punished by a command",
        "没有处理 {{ list }}：群主、管理员和机器人不受处罚。",
    ),
    reply(
        "reply_remove_unconfirmed",
        "a removal cannot be taken back, so it wants a word of confirmation",
        "移出 {{ list }} 以后我不能把人请回来，只能请管理员重新邀请。确定的话，请再发一次，最后空一格写上“确认”：/移出 {{ text }}",
    ),
    reply("reply_mute_over", "the end of a mute has passed already", "这个时间已经过了，没有禁言。"),
    reply(
        "reply_unmuted",
        "mutes were ended by a command",
        "已解除 {{ list }} 的禁言；违规仍然记着，要一并撤销请发：/撤销 {{ case }}",
    ),
    reply(
        "reply_not_muted",
        "mutes were to be ended of members who are not muted",
        "{{ list }} 没有被我禁言{% if done %}；如果有人在平台上另外禁了言，也已一并解除{% endif %}。",
    ),
    reply("reply_no_case", "there is no such case in this group", "本群没有案件 {{ case }}。"),
    reply(
        "reply_case",
        "a case, for the admins",
        "案件 {{ case }}{{ why }}\n成员：{{ name }}，{{ time }}\n原因：{{ rule }}\n判定：{{ by }}，{{ next }}{% if more %}\n另有 {{ more }} 条消息归入此案{% endif %}{% if list %}\n{{ list }}{% endif %}",
    ),
    reply("reply_undone", "a case was undone", "已撤销案件 {{ case }}（{{ name }}）：{{ list }}。"),
    reply("reply_undone_already", "the case was undone before", "案件 {{ case }} 已撤销过（{{ by }}，{{ time }}）。"),
    reply(
        "undone",
        "told to the member whose case was undone",
        "{{ name }}，案件 {{ case }} 已撤销，不再记为违规。给您添麻烦了。",
    ),
    reply(
        "task_invite",
        "task for the admins: a removed member is to be invited again",
        "{{ name }} 的移出已撤销或取消（案件 {{ case }}），但人已经移出本群，我不能把人请回来。请重新邀请。",
    ),
    reply(
        "appealed",
        "alert to the admins: a member says that a case is a false alarm",
        "{{ name }} 认为案件 {{ case }} 是误判。请看一下：/案件 {{ case }}，要撤销请发：/撤销 {{ case }}",
    ),
    reply("appealed_kind", "what that alert is called when several were held", "成员说是误判"),
    reply(
        "reply_which_case",
        "a notice of several cases was quoted and said to be a false alarm",
        "这条通知里有几个案件：{{ list }}。要撤销哪一个，请发：/撤销 {{ case }}",
    ),
    reply(
        "reply_taught",
        "an admin quoted a message that has no case and said it is a false alarm: what learns has learnt it",
        "记下了：这样的消息不算违规。",
    ),
    reply("reply_appealed", "told to the member who said so", "已转告管理员，请等管理员看案件 {{ case }}。"),
    reply(
        "reply_words_added",
        "words were added in the chat",
        "已生效（改{{ case }}）：{{ list }} 在本群算违规，共加了 {{ more }} 个词。最近 {{ looked }} 条消息里有 {{ hits }} 条会命中。要撤销请发：/撤销 改{{ case }}",
    ),
    reply(
        "reply_words_usual",
        "words that were added are everyday words",
        "注意：{{ list }}，很多正常消息会被误伤；不要的话请发：/撤销 改{{ case }}",
    ),
    reply("reply_words_refused", "words that were not added, and why", "没有加：{{ list }}。"),
    reply(
        "reply_words_dropped",
        "words no longer count in this group",
        "已生效（改{{ case }}）：{{ list }} 在本群不再算违规。最近 {{ looked }} 条消息里有 {{ hits }} 条含有它。要撤销请发：/撤销 改{{ case }}",
    ),
    reply("reply_word_dropped_already", "the word does not count here already", "{{ list }} 在本群本来就不算违规了。"),
    reply("reply_word_unknown", "no list has this word", "词表里没有 {{ list }}，不用删。"),
    reply("reply_no_change", "there is no such change in this group", "本群没有改动 改{{ case }}。"),
    reply(
        "reply_change_undone_already",
        "the change was undone before",
        "改{{ case }} 已撤销过（{{ by }}，{{ time }}）。",
    ),
    reply("reply_addition_undone", "added words no longer count", "已撤销改{{ case }}：{{ list }} 在本群不再算违规。"),
    reply(
        "reply_drop_undone",
        "words that were taken out count again",
        "已撤销改{{ case }}：{{ list }} 在本群重新算违规。",
    ),
    reply(
        "reply_words",
        "the words changed in this group, and the lists",
        "群里的改动：{{ list }}\n词表：\n{{ text }}",
    ),
    reply("reply_word", "where a word comes from", "{{ text }}：{{ list }}"),
    reply("reply_try_pass", "the text would pass", "不会判为违规。（只是试，什么都没有发生）"),
    reply(
        "reply_try_review",
        "the text would be put before the admins",
        "会请管理员看一下，因为{{ list }}。（只是试，什么都没有发生）",
    ),
    reply(
        "reply_try_observed",
        "the text would only be observed",
        "会判为违规，因为{{ list }}；但这里只看不做。（只是试，什么都没有发生）",
    ),
    reply(
        "reply_try_violation",
        "the text would be a violation",
        "会判为违规，因为{{ list }}；第一次的话，{{ next }}。（只是试，什么都没有发生）",
    ),
    reply(
        "reply_reminder_read",
        "a reminder is read back before it is set: {{ time }} is when it is said",
        "提醒 {{ case }}，还没有定下：\n时间：{{ time }}\n内容：{{ text }}\n对的话，请在 10 分钟内发：/确认 {{ case }}。不对就重新写一条。",
    ),
    reply(
        "reply_reminder_set",
        "a reminder is set",
        "提醒 {{ case }} 定下了：{{ time }}。\n内容：{{ text }}\n不要了请发：/提醒 删除 {{ case }}",
    ),
    reply("reply_reminder_set_already", "a reminder was confirmed before", "提醒 {{ case }} 已经定下了，不用再确认。"),
    reply(
        "reply_reminder_stale",
        "a reminder was confirmed too late",
        "提醒 {{ case }} 没有及时确认，或者时间已经过了，没有定下。请重新写一条。",
    ),
    reply("reply_nothing_to_confirm", "there is no reminder to confirm", "没有等您确认的提醒。"),
    reply(
        "reply_no_reminder",
        "there is no reminder of this number",
        "本群没有提醒 {{ case }}。发“/提醒 列表”看有哪些。",
    ),
    reply(
        "reply_reminder_deleted",
        "a reminder was deleted; {{ list }} sets it again",
        "已删除提醒 {{ case }}。要恢复请发：/提醒 {{ list }}",
    ),
    reply(
        "reply_reminders",
        "the reminders of the group",
        "{% if list %}本群的提醒：\n{{ list }}{% if more %}\n另有 {{ more }} 条{% endif %}\n不要哪条请发：/提醒 删除 编号（标“文件”的请改设置文件）{% else %}本群没有提醒。要设一条请发：/提醒 明天9点 开会{% endif %}",
    ),
    reply(
        "reply_reminders_full",
        "there are too many reminders; {{ more }} may be set in a group",
        "提醒太多了（一个群最多 {{ more }} 条），请先删掉不要的：/提醒 列表",
    ),
    reply("reply_reminder_never", "a reminder would never be said", "这样的时间永远不会到，请换一个时间。"),
    reply(
        "reply_status",
        "how the group is looked after",
        "本群：{{ text }}。{% if more %}\n停手以来本来会处理 {{ more }} 次：{{ done }}{% endif %}\n{{ list }}。\n处罚：{{ next }}\n设置版本：{{ why }}",
    ),
    reply(
        "reply_status_archive",
        "in the status: whose messages of the group the archive keeps: {{ count }} employees in the company, {{ more }} of {{ hits }} outsiders have not agreed",
        "{% if count %}存档：公司里 {{ count }} 名员工开了存档{% if hits %}，本群 {{ hits }} 位外部联系人{% if more %}里有 {{ more }} 位还没有同意，他们的话可能看不到{% else %}都同意了{% endif %}{% endif %}{% else %}存档：还没有一名员工开了存档，群里的话看不到{% endif %}",
    ),
    reply(
        "reply_stopped",
        "the group was stopped",
        "已停手：照常判断和记录，不再处罚，已给的禁言照旧{% if more %}，还没送出的 {{ more }} 个动作已取消{% endif %}。重新开始请发：/恢复",
    ),
    reply(
        "reply_stopped_already",
        "the group was stopped before",
        "已经停手了（{{ by }}，{{ time }}）。重新开始请发：/恢复",
    ),
    reply(
        "reply_resumed",
        "the group acts again",
        "已恢复：{% if text %}{{ text }}{% else %}从现在起照规则处理{% endif %}。{% if more %}停手期间有 {{ more }} 次违规只作了记录：{{ list }}。{% endif %}",
    ),
    reply(
        "reply_still_stopped",
        "an operator stopped everything",
        "运维停了全部群，恢复要由运维来做（qunwei resume）。",
    ),
    reply("reply_not_stopped", "the group was not stopped", "本群没有停手。"),
    reply(
        "reply_decided",
        "somebody pressed a button of a task",
        "已记下：{{ by }} 选了“{{ text }}”{% if case %}（案件 {{ case }}）{% endif %}。",
    ),
    reply("reply_later", "a task has to wait", "好的，{{ time }} 再提醒。"),
    reply(
        "reply_later_refused",
        "a task has waited often enough, or is not waited for any more",
        "这件事不能再推后了，请现在处理，或者选别的按钮。",
    ),
    reply("reply_decided_already", "the task was answered before", "已处理过：{{ by }}，{{ time }}，“{{ text }}”。"),
    reply(
        "upheld",
        "told to a member who said that a case is a false alarm: an admin has looked, and it stands",
        "{{ name }}，管理员看过了，案件 {{ case }} 维持原来的处理。",
    ),
    reply("reply_reloading", "the configuration is read again", "正在重新读取设置，结果马上告诉您。"),
    reply(
        "reloaded",
        "the configuration in the files is in force: told to who asked, else at the company's place",
        "设置已重新读取：{{ text }}。",
    ),
    reply("not_reloaded", "the configuration in the files is not in force, and why", "设置没有换：{{ text }}。"),
];
