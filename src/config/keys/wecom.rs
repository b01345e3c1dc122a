//! `[wecom.NAME]` and what is below it.

use super::{Key, Table, Takes};
use crate::config::bridge::{PACE, TIMEOUT};
use crate::config::wecom::{FORWARD, PER_HOUR, PER_MINUTE, POLL, REFRESH, WINDOW};

pub(super) const TABLES: &[Table] = &[
    Table::new(
        &["[wecom.NAME]"],
        "一家企业的企业微信。NAME 由您起，只用字母、数字、_ 和 -；它也是这家企业的事件里的平台名。怎么接入，见 docs/wecom.md。",
        TENANT,
    ),
    Table::new(
        &["[wecom.NAME.app.APP]"],
        "一个自建应用：给员工发私信和待办卡片、管理应用创建的群。它的回调地址是 /hooks/wecom/NAME/app/APP。",
        APP,
    ),
    Table::new(
        &["[wecom.NAME.customer]"],
        "客户联系：客户群里谁来了、谁走了、谁是群主。它的回调地址是 /hooks/wecom/NAME/customer。",
        CUSTOMER,
    ),
    Table::new(
        &["[wecom.NAME.aibot.BOT]"],
        "一个智能机器人，三种接法选一种：自己连过去（bot_id、secret_env）；收回调（token_env、aes_key_env，地址是 \
         /hooks/wecom/NAME/aibot/BOT）；已有的机器人改连群卫，由群卫转过去（listen）。",
        AIBOT,
    ),
    Table::new(
        &["[wecom.NAME.app.APP]", "[wecom.NAME.customer]", "[wecom.NAME.aibot.BOT]"],
        "收回调：后台里填的回调地址、Token 和 EncodingAESKey；已有的机器人也可以接在后面。",
        CALLBACK,
    ),
    Table::new(&["[wecom.NAME.archive]"], "会话内容存档：官方唯一能看到群里每一条消息的办法。", ARCHIVE),
    Table::new(
        &["[wecom.NAME.group.\"ID\"]"],
        "怎么到达一个群（ID 是群的编号，wr 开头）。群里的规则写在 [group.\"ID\"]，不写在这里。",
        GROUP,
    ),
];

const TENANT: &[Key] = &[
    Key::new("corp_id", Takes::Text("ww 开头的编号"), r#""ww5823bf96d3bd56c7""#, "企业 ID（管理后台 → 我的企业）"),
    Key::new(
        "api_url",
        Takes::Text("http:// 或 https:// 开头的地址"),
        r#""http://127.0.0.1:9300""#,
        "企业微信接口的地址；只有演练和私有部署才要改",
    )
    .or(r#""https://qyapi.weixin.qq.com""#),
    Key::new(
        "duty",
        Takes::Ids,
        r#"["zhangsan", "lisi"]"#,
        "值班的员工：不知道群里谁是管理员时，待办卡片发给他们，由他们按按钮",
    )
    .or("[]"),
    Key::new("bot_names", Takes::Texts("机器人的名字"), r#"["群卫"]"#, "群里 @ 哪些名字算是对群卫说话").or("[]"),
    Key::new("speaker", Takes::Text("应用的名字"), r#""guard""#, "由哪个自建应用发私信和卡片")
        .or_else("只有一个应用时就是它"),
    Key::rate(PACE, "0.5", "每秒最多送出多少个动作"),
    Key::number(TIMEOUT, "30", "一次请求最多等多久"),
];

/// Of an app, of 客户联系 and of a 智能机器人 that hears by callbacks.
const CALLBACK: &[Key] = &[
    Key::new(
        "token_env",
        Takes::Text("环境变量的名字"),
        r#""QUNWEI_WECOM_TOKEN""#,
        "回调的 Token 放在哪个环境变量里（管理后台里设置回调地址的地方）",
    )
    .or_else("不收回调"),
    Key::new("token_file", Takes::Text("文件"), r#""../secrets/wecom.token.txt""#, "Token 放在哪个文件里")
        .instead_of("token_env"),
    Key::new(
        "aes_key_env",
        Takes::Text("环境变量的名字"),
        r#""QUNWEI_WECOM_AES_KEY""#,
        "回调的 EncodingAESKey 放在哪个环境变量里：43 个字母和数字",
    )
    .or_else("不收回调"),
    Key::new("aes_key_file", Takes::Text("文件"), r#""../secrets/wecom.aes.txt""#, "EncodingAESKey 放在哪个文件里")
        .instead_of("aes_key_env"),
    Key::new(
        "previous_token_env",
        Takes::Text("环境变量的名字"),
        r#""QUNWEI_WECOM_OLD_TOKEN""#,
        "换 Token 的时候：旧的放在哪个环境变量里，新旧都认",
    )
    .or_else("只认现在的"),
    Key::new(
        "previous_token_file",
        Takes::Text("文件"),
        r#""../secrets/wecom.old-token.txt""#,
        "旧的 Token 放在哪个文件里",
    )
    .instead_of("previous_token_env"),
    Key::new(
        "previous_aes_key_env",
        Takes::Text("环境变量的名字"),
        r#""QUNWEI_WECOM_AES_KEY""#,
        "换 EncodingAESKey 的时候：旧的放在哪个环境变量里，新旧都认；只换了一个的，另一个就用现在的",
    )
    .or_else("只认现在的"),
    Key::new(
        "previous_aes_key_file",
        Takes::Text("文件"),
        r#""../secrets/wecom.old-aes.txt""#,
        "旧的 EncodingAESKey 放在哪个文件里",
    )
    .instead_of("previous_aes_key_env"),
    Key::number(
        WINDOW,
        "30",
        "回调里的 timestamp 和本机的钟最多差多少分钟，差得更多的不收；企业微信没有说重发时会不会换新的时间",
    )
    .or_else("不看"),
    Key::new(
        "forward_url",
        Takes::Text("http:// 或 https:// 开头的地址"),
        r#""http://127.0.0.1:9000/callback""#,
        "已有的机器人在哪里：每个回调照原样转给它，它的回答照原样还给企业微信",
    )
    .or_else("不转"),
    Key::new(
        "forward_url_env",
        Takes::Text("环境变量的名字"),
        r#""QUNWEI_WECOM_FORWARD_URL""#,
        "这个地址放在哪个环境变量里",
    )
    .instead_of("forward_url"),
    Key::rate(FORWARD, "3.5", "等已有的机器人回答最多多久；企业微信只等 5 秒"),
    Key::new(
        "allow_ips",
        Takes::Texts("IP 地址或网段"),
        r#"["101.91.0.0/16"]"#,
        "只收这些地址或网段来的回调（`qunwei wecom check` 会列出企业微信的）",
    )
    .or("[]"),
    Key::new(
        "proxy_header",
        Takes::Text("请求头的名字"),
        r#""x-forwarded-for""#,
        "前面有反向代理时，它把来源地址写在哪个请求头里；allow_ips 看它的最后一个地址",
    )
    .or_else("没有反向代理，看连接从哪里来"),
];

const SECRET: Key = Key::new(
    "secret_env",
    Takes::Text("环境变量的名字"),
    r#""QUNWEI_WECOM_SECRET""#,
    "Secret 放在哪个环境变量里；没有设置这个变量时，这一项是关着的",
);
const SECRET_FILE: Key =
    Key::new("secret_file", Takes::Text("文件"), r#""../secrets/wecom.txt""#, "Secret 放在哪个文件里")
        .instead_of("secret_env");

const APP: &[Key] = &[
    Key::new("agent_id", Takes::Id, "1000002", "应用的 AgentId"),
    SECRET,
    SECRET_FILE,
    Key::number(REFRESH, "10", "多少分钟读一次应用创建的群有哪些成员"),
];

const CUSTOMER: &[Key] = &[
    SECRET,
    SECRET_FILE,
    Key::new("owners", Takes::Ids, r#"["zhangsan"]"#, "只管这些群主的客户群").or_else("所有看得到的客户群"),
    Key::number(REFRESH, "10", "多少分钟把客户群和成员从头读一遍"),
];

const AIBOT: &[Key] = &[
    Key::new("bot_id", Takes::Text("编号"), r#""aib-1""#, "机器人的 BotID"),
    SECRET.or_else("不自己连"),
    SECRET_FILE,
    Key::new("listen", Takes::Text("IP 地址和端口"), r#""127.0.0.1:8090""#, "已有的机器人改连这个地址")
        .or_else("没有已有的机器人"),
    Key::new(
        "ws_url",
        Takes::Text("ws:// 或 wss:// 开头的地址"),
        r#""ws://127.0.0.1:9301""#,
        "企业微信长连接的地址；只有演练才要改",
    )
    .or(r#""wss://openws.work.weixin.qq.com""#),
    Key::number(PER_MINUTE, "20", "在一个群里每分钟最多说几句；企业微信改过这个限度，以它的文档为准"),
    Key::number(PER_HOUR, "500", "在一个群里每小时最多说几句"),
];

const ARCHIVE: &[Key] = &[
    Key::new(
        "library",
        Takes::Text("文件"),
        r#""../lib/libWeWorkFinanceSdk_C.so""#,
        "企业微信的存档库，请自己从官方下载；路径从写它的文件所在的文件夹算起",
    ),
    SECRET,
    SECRET_FILE,
    Key::number(POLL, "2", "多少秒去取一次新消息"),
    Key::new(
        "private_keys",
        Takes::Texts("公钥版本、冒号、文件"),
        r#"["1:../secrets/archive-1.pem"]"#,
        "私钥（PEM）放在哪些文件里，每个前面写公钥的版本（管理后台里看得到的数字）；换了公钥，旧的也要留着",
    ),
    Key::new(
        "proxy",
        Takes::Text("http:// 或 socks5:// 开头的地址"),
        r#""http://127.0.0.1:3128""#,
        "存档库出去要经过的代理；别的接口不经过它",
    )
    .or_else("不经过代理"),
    Key::new(
        "proxy_auth_env",
        Takes::Text("环境变量的名字"),
        r#""QUNWEI_WECOM_PROXY_AUTH""#,
        "代理的“用户名:密码”放在哪个环境变量里",
    )
    .or_else("代理不要密码"),
    Key::new("proxy_auth_file", Takes::Text("文件"), r#""../secrets/proxy.txt""#, "代理的“用户名:密码”放在哪个文件里")
        .instead_of("proxy_auth_env"),
    Key::new("private_messages", Takes::Word(PRIVATE), r#""keep""#, "一对一的私聊怎么办").or(r#""ignore""#),
    Key::new(
        "from_the_beginning",
        Takes::Flag,
        "true",
        "第一次启动时，企业微信还留着的（最多 5 天）旧消息也读、也判断；只在第一次启动时看",
    )
    .or("false"),
];

const GROUP: &[Key] = &[
    Key::new("kind", Takes::Word(KINDS), r#""internal""#, "这是什么群；能做什么由它决定")
        .or_else("有客户联系时是 customer，没有时是 internal"),
    Key::new(
        "robot_env",
        Takes::Text("环境变量的名字"),
        r#""QUNWEI_ROBOT_SHOP1""#,
        "群里的群机器人（消息推送）的 Webhook 地址放在哪个环境变量里；有了它才能在群里说话、@ 人",
    )
    .or_else("没有群机器人"),
    Key::new("robot_file", Takes::Text("文件"), r#""../secrets/robot.txt""#, "Webhook 地址放在哪个文件里")
        .instead_of("robot_env"),
    Key::new("aibot", Takes::Text("机器人的名字"), r#""guard""#, "群里的智能机器人是哪一个").or_else("没有"),
    Key::new("aibot_chat", Takes::Id, r#""wrOther""#, "智能机器人那边，这个群的编号").or_else("和群的编号一样"),
];

const PRIVATE: &[(&str, &str)] = &[("ignore", "不收，跳过去"), ("keep", "原样存下来，不判断；先问过法务")];

const KINDS: &[(&str, &str)] = &[
    ("customer", "客户群：有外部联系人"),
    ("internal", "内部群：员工自己建的"),
    ("app", "应用群聊：由应用用接口创建的内部群"),
];
