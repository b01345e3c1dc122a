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
const SINCE_MS: i64 = 40 * 60 * 1000;

const BEGIN: [&str; 16] = [
    "早上好呀",
    "请问一下",
    "大家晚上好",
    "收到了谢谢",
    "刚刚下班",
    "周末愉快",
    "昨天的课我看了",
    "群主辛苦了",
    "我觉得可以",
    "孩子今天很开心",
    "下雨了记得带伞",
    "这个我试过",
    "报名表交了",
    "明天我请假",
    "有人一起吗",
    "今天人真多",
];
const MIDDLE: [&str; 16] = [
    "楼下的快递已经到了",
    "物业说下午停水检修",
    "这周的读书会改到周六",
    "新买的锅挺好用的",
    "地铁有点挤要早点出门",
    "晚饭吃的西红柿炒鸡蛋",
    "老师布置的作业写完了",
    "公园里的花开得正好",
    "电梯修好了可以用了",
    "跑步打卡第十二天",
    "面包烤得有点焦不过好吃",
    "图书馆九点才开门",
    "小区门口换了新的路灯",
    "昨晚的球赛太精彩了",
    "奶奶做的饺子真香",
    "窗外的桂花香飘进来了",
];
const END: [&str; 8] =
    ["，大家怎么看？", "，先这样吧。", "～", "，改天再聊！", "，谢谢各位邻居。", "，辛苦啦", "，你们呢？", "，哈哈"];
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
        let member = n * STRIDE % self.members;
        let group = member % self.groups;
        let time = Timestamp(self.began - SINCE_MS + n.cast_signed() * APART_MS);
        let text = self.text(n);
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
        // Two characters that make it unlike every other: the same text again and again would break a rule.
        let unlike = |part: u64| char::from_u32(0x4e00 + (part % 5000) as u32).unwrap_or('好');
        let (one, two) = (unlike(n), unlike(n / 5000));
        format!("{}，{}第{one}{two}号{}", pick(&BEGIN, 8), pick(&MIDDLE, 24), pick(&END, 40))
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
