//! What the kinds of rules about contacts and personal data take.

use super::kinds::{PIECES, count};
use super::{Key, Takes};

pub(super) const CONTACTS: &[Key] = &[
    Key::new(
        "kinds",
        Takes::Words(&[
            ("phone", "手机、座机、400 电话"),
            ("wechat", "微信号：前面写明是微信的（怎么变着写都算），还有 wxid_ 开头的"),
            ("qq", "QQ 号、QQ 群号：前面写明是 QQ 的"),
            ("other_app", "别的聊天软件的账号：前面写明是电报、飞机、TG、WhatsApp……的"),
            ("account", "没写是什么，但看着像账号的：字母后面跟数字，或者“加”后面跟一串数字"),
            ("email", "邮箱"),
            ("link", "下面三样以外的网址"),
            ("short_link", "短网址：看不出通向哪里"),
            ("hidden_link", "变着写法的网址：abc 点 com、abc(dot)top、www . abc . com"),
            ("invite", "拉进群、加人、装应用的网址：企业微信群、QQ 群、电报群、应用商店……"),
            ("bank_card", "银行卡号（会核对校验位）"),
        ]),
        r#"["phone", "wechat", "short_link"]"#,
        "找哪些",
    ),
    Key::new(
        "allow",
        Takes::Texts("号码、账号、域名"),
        r#"["400-800-1234", "our_service", "example.com"]"#,
        "自己的号码、账号、网站（子域名也算），不算违规",
    )
    .or("[]"),
    Key::new("short_links", Takes::Texts("域名"), r#"["s.example.cn"]"#, "还有哪些网站也算短网址").or("[]"),
    Key::new(
        "only_disguised",
        Takes::Flag,
        "true",
        "只管换了写法的：薇❤、威芯、扣扣写成口口，号码写成一三八、①③⑧、壹叁捌或者一个一个拆开，网址的点写成别的",
    )
    .or("false"),
    Key::new(
        "with",
        Takes::Texts("词"),
        r#"["加我", "私聊"]"#,
        "同一条消息里还要有其中一个词才算；with 和 with_lists 都不写，有联系方式就算",
    )
    .or("[]"),
    Key::new(
        "with_lists",
        Takes::Texts("词表文件"),
        r#"["../../wordlists/ads.txt"]"#,
        "同上，词写在词表文件里；路径从写它的文件所在的文件夹算起",
    )
    .or("[]"),
    Key::new(
        "within",
        Takes::Number(count("within", 2, 100_000, "characters", 40)),
        "40",
        "词和联系方式之间不超过这么多个字才算；写了 with 或 with_lists 才能写",
    )
    .or_else("看整条消息"),
    Key::new("none", Takes::Texts("词"), r#"["骗子"]"#, "有其中一个，就不算；写了 with 或 with_lists 才能写").or("[]"),
    PIECES,
];

pub(super) const PERSONAL_DATA: &[Key] = &[
    Key::new(
        "kinds",
        Takes::Words(&[
            ("id_card", "身份证号（会核对省份、生日和校验位）"),
            ("bank_card", "银行卡号（会核对校验位）"),
            ("phone", "手机、座机、400 电话"),
            ("address", "写到门牌、楼栋、房间的住址"),
        ]),
        r#"["id_card", "phone"]"#,
        "找哪些",
    ),
    Key::new("allow", Takes::Texts("号码"), r#"["400-800-1234"]"#, "公开的号码，不算").or("[]"),
];
