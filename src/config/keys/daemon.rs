//! `[daemon]` and the tables below it.

use super::{Key, Table, Takes};
use crate::config::alarms::{AHEAD, FACTOR, LOW};
use crate::config::backup::KEEP;
use crate::config::daemon::{ALERTS, CASES, DEDUPE, EVIDENCE, MESSAGES, QUEUE};
use crate::config::pictures::{AT_ONCE, BYTES, PIXELS, TEXT_TIME, TIME};

pub(super) const TABLES: &[Table] = &[
    Table::new(&["[daemon]"], "程序自己的设置，以及对所有群都算数的设置。", DAEMON),
    Table::new(
        &["[daemon.retention]"],
        "存下来的东西留多久。到期的每小时删一次，删了就找不回来；磁盘上的痕迹也会盖掉。",
        RETENTION,
    ),
    Table::new(
        &["[daemon.alerts]"],
        "给各群管理员的提示，公司里也想看一份时写。整段不写，就只告诉各群的管理员。",
        COMPANY,
    ),
    Table::new(
        &["[daemon.silence]"],
        "一个机器人或一个群安静得远远超过平时就报警，写进日志和 /metrics，也送到 [daemon.alerts] 里的群。“平时”是自己学的，头两周不报。",
        SILENCE,
    ),
    Table::new(
        &["[daemon.disk]"],
        "存数据的磁盘快写满时报警，写进日志和 /metrics，也送到 [daemon.alerts] 里的群。",
        DISK,
    ),
    Table::new(
        &["[daemon.seal]"],
        "把存下来的群友原话加密：消息、案件里的原话、通知、命令、昵称，数据库、每天的消息文件和备份里都是密文。没有钥匙就读不出来，也启动不了，所以钥匙要另外保存一份，不要和备份放在一起。以前存的用 qunwei seal 加密。整段不写就不加密。",
        SEAL,
    ),
    Table::new(
        &["[daemon.backup]"],
        "定时备份：把 data 里的全部东西（数据库和每天的消息）压成一个文件，核对过才算数，最好放到两个地方。做不成就报警，写进日志、/readyz 和 /metrics，也送到 [daemon.alerts] 里的群。整段不写就不备份。",
        BACKUP,
    ),
    Table::new(
        &["[daemon.pictures]"],
        "读群友发的图片：取来图片，认出里面的二维码（和文字），读到的当作这个人说的话再判断一次，算在原来那条消息上。整段不写就什么图片都不取。先按文字判断，图片慢慢读，不会耽误。",
        PICTURES,
    ),
];

const PICTURES: &[Key] = &[
    Key::new(
        "hosts",
        Takes::Texts("主机名"),
        r#"["img.example.com", "pics.example.cn:8443"]"#,
        "只取这些主机上的图片，下级域名也算；写了端口就只取那个端口，没写只取 80 和 443。“*”是外网的任何主机。内网地址一律不取：名字解析到内网的、转到别处的也不取。只取公司自己的就写 []",
    ),
    Key::new(
        "internal",
        Takes::Texts("网址的开头"),
        r#"["http://images.corp.example:8080/chat/"]"#,
        "公司自己的图片服务器：网址这样开头的图片在内网也取。要写到文件夹为止，以 / 结尾；群友能让我们去取这个文件夹里的任何东西，所以里面只放图片",
    )
    .or("[]"),
    Key::number(BYTES, "2048", "再大的图片不取"),
    Key::number(PIXELS, "8", "像素再多的图片不解开（小文件也可能解开成极大的图）。一百万像素大约要 4 MB 内存"),
    Key::number(TIME, "5", "取一张图片最多等多久"),
    Key::number(AT_ONCE, "1", "最多同时读几张"),
    Key::new(
        "text_command",
        Takes::Texts("程序和参数"),
        r#"["/usr/bin/tesseract", "-", "-", "-l", "chi_sim+eng"]"#,
        "认图片里文字的程序，要写完整路径，不经过 shell。图片从标准输入给它，它把文字写到标准输出。环境变量（里面有密钥）不给它",
    )
    .or("[]"),
    Key::number(TEXT_TIME, "10", "这个程序最多跑多久，到时就杀掉"),
];

const BACKUP: &[Key] = &[
    Key::new(
        "folders",
        Takes::Texts("文件夹的完整路径"),
        r#"["/mnt/nas/qunwei", "/backup/qunwei"]"#,
        "放到哪些文件夹，每个都各备一份。要先建好；最好有一个在别的机器或别的磁盘上",
    ),
    Key::new(
        "cron",
        Takes::Text("分 时 日 月 星期"),
        r#""30 3 * * 1""#,
        "什么时候备份，按 [daemon] timezone 的钟点。错过了（比如没开机）一启动就补",
    )
    .or(r#""10 4 * * *""#),
    Key::number(KEEP, "30", "每个文件夹里留最近几份；更早的在有了新的以后删掉"),
];

const SEAL: &[Key] = &[
    Key::new(
        "key_env",
        Takes::Text("环境变量的名字"),
        r#""QUNWEI_SEAL_KEY""#,
        "钥匙放在哪个环境变量里：qwkey_ 开头，用 echo qwkey_$(openssl rand -base64 32) 生成",
    )
    .at_start(),
    Key::new(
        "key_file",
        Takes::Text("文件的路径"),
        r#""../secrets/seal.key""#,
        "或者放在哪个文件里；相对路径从写它的 TOML 文件算起",
    )
    .instead_of("key_env")
    .at_start(),
    Key::new(
        "previous_key_env",
        Takes::Text("环境变量的名字"),
        r#""QUNWEI_SEAL_KEY_OLD""#,
        "换钥匙时写：旧钥匙放在哪个环境变量里，用它加密的还读得出来。qunwei seal 做完以后删掉",
    )
    .or_else("没有旧钥匙")
    .at_start(),
    Key::new("previous_key_file", Takes::Text("文件的路径"), r#""../secrets/seal.key.old""#, "或者放在哪个文件里")
        .instead_of("previous_key_env")
        .at_start(),
];

const DAEMON: &[Key] = &[
    Key::new(
        "listen",
        Takes::Text("IP 地址:端口"),
        r#""0.0.0.0:8080""#,
        "机器人把消息送到这个地址。127.0.0.1 只给本机用，0.0.0.0 让别的机器也能访问",
    )
    .or(r#""127.0.0.1:8080""#)
    .at_start(),
    Key::new(
        "admin_listen",
        Takes::Text("IP 地址:端口"),
        r#""127.0.0.1:9081""#,
        "运维看状态用的地址（/healthz、/readyz、/metrics）。不要对外开放",
    )
    .or(r#""127.0.0.1:8081""#)
    .at_start(),
    Key::new(
        "data",
        Takes::Text("文件夹"),
        r#""/var/lib/qunwei""#,
        "数据放在哪里。相对路径从启动程序时所在的文件夹算起",
    )
    .or(r#""./data""#)
    .at_start(),
    Key::new(
        "mode",
        Takes::Word(&[("on", "照规则处理"), ("observe", "所有群都只判断、只记录，什么都不做")]),
        r#""observe""#,
        "刚装好时可以先写 observe 看几天",
    )
    .or(r#""on""#),
    Key::new("timezone", Takes::Text("时区的名字"), r#""Asia/Urumqi""#, "通知里的时间按它来写；个别群可以另写")
        .or(r#""Asia/Shanghai""#),
    Key::new(
        "unknown_groups",
        Takes::Word(&[("default", "按 default 档案管理"), ("ignore", "不管")]),
        r#""ignore""#,
        "没有写到的群怎么办",
    )
    .or(r#""default""#),
    Key::number(DEDUPE, "48", "同一条消息这么久以内重复送来都只算一次；比这更早的消息只存档，不处理"),
    Key::number(QUEUE, "65536", "最多让多少条消息排队等候；长的每 8 KiB 多算一条。一般不用改").at_start(),
    Key::new("watch", Takes::Flag, "false", "文件一改就自动重新读取；false 就要执行 kill -HUP 进程号 才生效")
        .or("true"),
    Key::new(
        "log_format",
        Takes::Word(&[("text", "给人看"), ("json", "给日志系统收集")]),
        r#""json""#,
        "日志的写法。日志里不会有群消息的内容",
    )
    .or(r#""text""#)
    .at_start(),
];

const RETENTION: &[Key] = &[
    Key::number(MESSAGES, "90", "群里的每一条消息，还有机器人的回答、欢迎、提示"),
    Key::number(EVIDENCE, "365", "案件里的原话和发出的通知、管理员发过的命令、退群的人的资料"),
    Key::number(CASES, "1095", "案件本身：谁、什么时候、违反哪一条、怎么处理的；还剩的原话跟着一起删"),
];

const SILENCE: &[Key] = &[
    Key::new("on", Takes::Flag, "false", "要不要报").or("true"),
    Key::number(FACTOR, "8", "比平时最长的安静还要长几倍才报。嫌报得多就调大"),
];

const DISK: &[Key] = &[
    Key::number(AHEAD, "120", "照最近半小时的速度，这么久以内会写满就报；0 表示不看"),
    Key::number(LOW, "2048", "剩下不到这么多就报；0 表示不看"),
];

const COMPANY: &[Key] = &[
    Key::new("platform", Takes::Text("桥的名字"), r#""example""#, "送到哪个机器人，就是 [bridge.NAME] 的 NAME"),
    Key::new("group", Takes::Id, r#""wrCompanyOperators""#, "送到哪个群"),
    Key::new("users", Takes::Ids, r#"["zhangsan"]"#, "另外私下告诉谁，最多 20 人").or("[]"),
    Key::number(ALERTS, "12", "每分钟最多几条；再多的过了这一分钟合成一条，说明每个群各有什么、几次"),
];
