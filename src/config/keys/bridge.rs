//! `[bridge.NAME]`.

use super::{Key, Table, Takes};
use crate::config::bridge::{MAX_BODY, MAX_EVENTS, PACE, PER_GROUP, REQUESTS, TIMEOUT};

pub(super) const TABLES: &[Table] = &[Table::new(
    &["[bridge.NAME]"],
    "一个“桥”对应一个机器人。机器人把事件 POST 到 /hooks/bridge/NAME。NAME 由您起，只用字母、数字、_ 和 -。",
    BRIDGE,
)];

const BRIDGE: &[Key] = &[
    Key::new(
        "secret_env",
        Takes::Text("环境变量的名字"),
        r#""QUNWEI_EXAMPLE_SECRET""#,
        "密钥放在哪个环境变量里；没有设置这个变量时，桥是关着的。生成一个密钥：echo whsec_$(openssl rand -base64 32)",
    ),
    Key::new(
        "secret_file",
        Takes::Text("文件"),
        r#""../secrets/example.txt""#,
        "密钥放在哪个文件里；路径从写它的文件所在的文件夹算起",
    )
    .instead_of("secret_env"),
    Key::new(
        "previous_secret_env",
        Takes::Text("环境变量的名字"),
        r#""QUNWEI_EXAMPLE_PREVIOUS_SECRET""#,
        "换密钥的时候，旧密钥放在哪个环境变量里；新旧都能用，换完就删掉这一行",
    )
    .or_else("没有旧密钥"),
    Key::new(
        "previous_secret_file",
        Takes::Text("文件"),
        r#""../secrets/example.previous.txt""#,
        "旧密钥放在哪个文件里",
    )
    .instead_of("previous_secret_env"),
    Key::new(
        "actions_url_env",
        Takes::Text("环境变量的名字"),
        r#""QUNWEI_EXAMPLE_ACTIONS_URL""#,
        "要做的事（发通知、禁言、移出……）送到哪个地址，地址放在哪个环境变量里",
    ),
    Key::new(
        "actions_url",
        Takes::Text("http:// 或 https:// 开头的地址"),
        r#""https://bot.example.com/actions""#,
        "地址不保密的话，可以直接写在这里",
    )
    .instead_of("actions_url_env"),
    Key::new(
        "token_env",
        Takes::Text("环境变量的名字"),
        r#""QUNWEI_EXAMPLE_TOKEN""#,
        "机器人没有别人能连到的地址时，让它自己来取：它出示的令牌放在哪个环境变量里。生成一个：openssl rand -base64 32",
    )
    .instead_of("actions_url_env"),
    Key::new("token_file", Takes::Text("文件"), r#""../secrets/example.token.txt""#, "令牌放在哪个文件里")
        .instead_of("actions_url_env"),
    Key::new(
        "previous_token_env",
        Takes::Text("环境变量的名字"),
        r#""QUNWEI_EXAMPLE_PREVIOUS_TOKEN""#,
        "换令牌的时候，旧令牌放在哪个环境变量里；新旧都能用，换完就删掉这一行",
    )
    .or_else("没有旧令牌"),
    Key::new(
        "previous_token_file",
        Takes::Text("文件"),
        r#""../secrets/example.token.previous.txt""#,
        "旧令牌放在哪个文件里",
    )
    .instead_of("previous_token_env"),
    Key::new(
        "capabilities",
        Takes::Words(CAPABILITIES),
        r#"["send", "private", "mute"]"#,
        "这个机器人会做什么。不会的不要写：群卫会用最接近的办法，并请管理员处理",
    ),
    Key::new("bot_user", Takes::Id, r#""bot-1""#, "机器人自己的账号：它说的话不判断，提到它就是对它说话")
        .or_else("不知道"),
    Key::number(MAX_BODY, "2048", "一次最多送来多大的内容"),
    Key::number(MAX_EVENTS, "500", "一次最多送来多少个事件"),
    Key::number(REQUESTS, "600", "每分钟最多接受多少次请求").or_else("不限"),
    Key::rate(PACE, "0.5", "每秒最多送出多少个动作；平台有频率限制时调小"),
    Key::number(PER_GROUP, "20", "在同一个群里每分钟最多几个动作；一个群要做的事再多，也不耽误别的群").or_else("不限"),
    Key::number(TIMEOUT, "30", "送出一个动作最多等多久；机器人自己来取的不看这个"),
];

const CAPABILITIES: &[(&str, &str)] = &[
    ("send", "在群里说话"),
    ("private", "单独发给一个人"),
    ("mute", "禁言"),
    ("remove", "移出群"),
    ("delete", "撤回别人的消息"),
    ("image", "发图片"),
    ("task", "发待办卡片"),
    ("approve", "通过入群申请"),
    ("announce", "发群公告"),
    ("task_done", "任务定了以后更新它的卡片"),
    ("recall", "撤回自己发的消息（撤销案件时收回提醒）"),
    ("idempotent", "同一个编号的事重复送到时只做一次"),
];
