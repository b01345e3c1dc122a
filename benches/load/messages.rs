//! Messages of many members in many groups, as signed requests ready to be written to a socket.

use qunwei::adapters::bridge::sign::{Secret, header_seconds, sign};
use qunwei::domain::time::Timestamp;

/// The secret of the bridge in benches.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Milliseconds between the `time` of one message and the next. With 20,000 members each says something every 40 s, so
/// that nobody floods, however fast the requests are sent: windows go by the platform's times.
const APART_MS: i64 = 2;

/// From one speaker to the next: in `members` messages every member speaks once, neighbours in time far apart.
const STRIDE: u64 = 7919;

/// The first message is this much older than the run.
pub const SINCE_MS: i64 = 40 * 60 * 1000;

const WHEN: [&str; 24] = [
    "今早",
    "昨天傍晚",
    "刚才路过时",
    "上个周末",
    "午饭以后",
    "这几天",
    "前天下班",
    "天亮之前",
    "放学那会儿",
    "周二晚上",
    "下雨那天",
    "月初",
    "吃完早饭",
    "临睡前",
    "散步的时候",
    "出门买菜",
    "去年冬天",
    "节假日里",
    "接孩子回来",
    "傍晚七点多",
    "搬家那阵",
    "端午前后",
    "刚下飞机",
    "开会中间",
];
const WHERE: [&str; 24] = [
    "楼下的面包房",
    "小区南门",
    "图书馆二楼",
    "公园的湖边",
    "三号线地铁",
    "街角那家面馆",
    "社区活动室",
    "学校操场",
    "菜市场里头",
    "医院门诊",
    "河边步道",
    "单位食堂",
    "老城墙根",
    "火车站广场",
    "幼儿园门口",
    "篮球场旁边",
    "健身房前台",
    "电影院三厅",
    "山脚的茶馆",
    "花鸟市集",
    "快递柜附近",
    "游泳馆",
    "音乐教室",
    "桥头的报亭",
];
const WHAT: [&str; 24] = [
    "排着很长的队",
    "换了新招牌",
    "正在铺地砖",
    "来了一群小学生",
    "桂花香得很",
    "停电半个钟头",
    "有人弹吉他",
    "修好了路灯",
    "有热豆浆喝",
    "多了几张长椅",
    "猫在晒太阳",
    "贴了张通知",
    "放着老歌",
    "特别安静",
    "地上全是落叶",
    "在教太极拳",
    "种上了月季",
    "挂满了灯笼",
    "飘着饺子味",
    "刷了白墙",
    "搭起个凉棚",
    "有只鹦鹉说话",
    "热闹得像过年",
    "门锁换成新的",
];
const END: [&str; 24] = [
    "，大家看到没？",
    "，挺有意思。",
    "～",
    "，改天再去！",
    "，谢谢提醒。",
    "，辛苦各位啦",
    "，你们那边呢？",
    "，哈哈哈",
    "，拍照没拍好。",
    "，下回早点来",
    "，心情不错！",
    "，孩子很喜欢。",
    "，记得多穿点",
    "，我觉得还行",
    "，有点意外。",
    "，明天再看看",
    "，老人们都在夸",
    "，差点没认出来。",
    "，真让人惊喜",
    "，先记下来。",
    "，值得走一趟",
    "，回头细讲",
    "，天气也好。",
    "，就是有点远",
];
const VIOLATION: [&str; 4] = ["加微信 abc{} 领红包", "有意加V：wang_{}", "加 薇 信 lily{} 免费送", "加我qq 1{}8"];

/// Which messages there are.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    /// Groups.
    pub groups: u64,
    /// Members of all groups together.
    pub members: u64,
    /// Every so many-th message breaks a rule; 0 for none.
    pub violation_every: u64,
    /// When the run began: two runs on one data directory need different ids.
    pub began: i64,
}

impl Crowd {
    /// The JSON of message number `n`.
    pub fn event(&self, n: u64) -> String {
        self.event_of(n, &self.text(n))
    }

    /// The same with so many characters of text, at most 30.
    pub fn event_of_length(&self, n: u64, characters: usize) -> String {
        let text = self.text(n) + &self.text(n ^ 1 << 40);
        self.event_of(n, &text.chars().take(characters).collect::<String>())
    }

    fn event_of(&self, n: u64, text: &str) -> String {
        let member = n * STRIDE % self.members;
        let group = member % self.groups;
        let time = Timestamp(self.began - SINCE_MS + n.cast_signed() * APART_MS);
        format!(
            r#"{{"id":"m-{}-{n}","type":"message","group":"wrOgQhDgAA{group:06}","time":"{time}","sender":{{"id":"wmXk{member:08}","name":"邻居{}","role":"member"}},"content":[{{"type":"text","text":"{text}"}}]}}"#,
            self.began % 1_000_000_007,
            member % 9973,
        )
    }

    fn text(&self, n: u64) -> String {
        let draw = mix(n ^ 0x5eed);
        let pick = |list: &[&'static str], shift: u32| list[(draw >> shift) as usize % list.len()];
        if self.violation_every > 0 && n.is_multiple_of(self.violation_every) {
            return pick(&VIOLATION, 0).replace("{}", &(1000 + draw % 1_000_000).to_string());
        }
        // Of the parts of two messages hardly ever two are the same: nearly the same text again and again breaks a rule.
        format!("{}{}{}{}", pick(&WHEN, 8), pick(&WHERE, 20), pick(&WHAT, 32), pick(&END, 44))
    }
}

/// A fixed mixing of a number's bits: texts come in no order, and always in the same one.
fn mix(n: u64) -> u64 {
    let mut z = n.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x632b_e59b_d9b4_e019);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// One HTTP/1.1 request: headers, signature and body. The bytes of the whole are what the client writes.
pub fn request(secret: &Secret, id: &str, now: Timestamp, body: &str) -> Vec<u8> {
    let signature = sign(secret, id, now, body.as_bytes());
    format!(
        "POST /hooks/bridge/example HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\nwebhook-id: {id}\r\n\
         webhook-timestamp: {}\r\nwebhook-signature: {signature}\r\ncontent-length: {}\r\n\r\n{body}",
        header_seconds(now),
        body.len()
    )
    .into_bytes()
}

/// Requests `from..from + count`, each with `events` messages.
pub fn requests(crowd: &Crowd, from: u64, count: u64, events: u64, now: Timestamp) -> Vec<Vec<u8>> {
    let secret = Secret::parse(SECRET).unwrap();
    let one = |n: u64| {
        let body = if events == 1 {
            crowd.event(n)
        } else {
            let all: Vec<String> = (n * events..(n + 1) * events).map(|n| crowd.event(n)).collect();
            format!("[{}]", all.join(","))
        };
        request(&secret, &format!("msg_{n}"), now, &body)
    };
    (from..from + count).map(one).collect()
}
