//! A day of a customer group on WeCom, through the whole daemon: members from the interface, messages from the session archive,
//! a robot that speaks, cards that ask people, and their buttons.

use std::time::Duration;

use serde_json::json;

use crate::support::archive::{self, Vault};
use crate::support::fake_wecom::Fake;
use crate::support::fake_wecom::callbacks::{Address, Format};
use crate::support::fake_wecom::model::{Kind, Member, Permission, To};
use crate::support::{MORNING, World, until};
use qunwei::domain::time::Timestamp;
use qunwei::ports::Clock;

const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
const SPAMMER: &str = "wmSpammerSpammerSpammerSpammer00";
const NEWCOMER: &str = "wmNewcomerNewcomerNewcomerNewc00";
const GROUP: &str = "wrShop1";

const AD: &str = "加微信 abc123 领红包";

struct Day {
    world: World,
    fake: Fake,
    vault: Vault,
    messages: u64,
    /// The machine's time that its fake of WeCom shows.
    shown: std::sync::Arc<std::sync::atomic::AtomicI64>,
}

impl Day {
    async fn begin() -> Self {
        let shown = std::sync::Arc::new(std::sync::atomic::AtomicI64::new(MORNING.0));
        let clock = shown.clone();
        let now = std::sync::Arc::new(move || clock.load(std::sync::atomic::Ordering::SeqCst));
        let fake = Fake::start(([127, 0, 0, 1], 0).into(), now).await.unwrap();
        {
            let mut model = fake.model();
            model.hire("zhangsan", "张三");
            model.hire("lisi", "李四");
            model.externals.insert(SPAMMER.to_owned(), "小王".to_owned());
            model.app(1_000_002, "app-secret", Permission::App);
            model.app(0, "customer-secret", Permission::Customer);
            model.group(GROUP, Kind::Customer, "一号店", &["zhangsan", "lisi", SPAMMER]);
            model.robot("fake-robot-key", GROUP);
        }
        let vault = Vault::new();
        vault.write();
        std::fs::write(vault.folder.path().join("key-1.pem"), archive::pem(1)).unwrap();
        let library = vault.library();
        let key = vault.folder.path().join("key-1.pem");
        let toml = format!(
            r#"
[wecom.corp]
corp_id = "{corp}"
api_url = "{api}"
duty = ["zhangsan"]
bot_names = ["群卫"]
[wecom.corp.app.guard]
agent_id = 1000002
secret_env = "APP"
token_env = "TOKEN"
aes_key_env = "AES"
[wecom.corp.customer]
secret_env = "CUSTOMER"
token_env = "TOKEN"
aes_key_env = "AES"
[wecom.corp.archive]
library = "{library}"
secret_env = "ARCHIVE"
private_keys = ["1:{key}"]
poll_seconds = 1
[wecom.corp.group.{GROUP}]
robot_env = "ROBOT"
"#,
            corp = fake.model().corp,
            api = fake.url(),
            library = library.display(),
            key = key.display(),
        );
        let archive = format!("dir:{}", vault.folder.path().display());
        fake.model().app(0, &archive, Permission::Archive);
        fake.model().archived = vec!["zhangsan".to_owned()];
        let env = [
            ("APP", "app-secret"),
            ("CUSTOMER", "customer-secret"),
            ("TOKEN", "callback-token"),
            ("AES", KEY),
            ("ARCHIVE", archive.as_str()),
            ("ROBOT", "fake-robot-key"),
        ];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let world = World::with_env(&toml, env).await;
        let day = Self { world, fake, vault, messages: 0, shown };
        day.hook();
        day
    }

    /// Callbacks go to the daemon as it listens now.
    fn hook(&self) {
        let corp = self.fake.model().corp.clone();
        let listen = self.world.running().listen;
        for (to, path) in [("app:1000002", "app/guard"), ("customer", "customer")] {
            let address = Address {
                url: format!("http://{listen}/hooks/wecom/corp/{path}"),
                token: "callback-token".to_owned(),
                aes_key: KEY.to_owned(),
                receiveid: corp.clone(),
                format: Format::Xml,
            };
            self.fake.hook(to, address);
        }
    }

    fn turn(&self, by: Duration) {
        self.world.turn(by);
        self.shown.store(self.world.clock_now().0, std::sync::atomic::Ordering::SeqCst);
    }

    /// Somebody says something in the group, as the archive has it.
    fn say(&mut self, user: &str, text: &str) -> String {
        self.messages += 1;
        let id = format!("archive-{}_external", self.messages);
        self.vault.say(&json!({
            "msgid": id, "action": "send", "from": user, "tolist": ["zhangsan"], "roomid": GROUP,
            "msgtime": self.world.clock_now().0, "msgtype": "text", "text": {"content": text},
        }));
        self.turn(Duration::from_secs(2)); // it is asked for now and then
        id
    }

    async fn said(&self, count: usize) -> Vec<String> {
        until("the group hears it", || {
            let texts = self.fake.model().texts_in(GROUP);
            (texts.len() >= count).then_some(texts)
        })
        .await
    }

    async fn cards(&self, count: usize) -> Vec<(String, Vec<String>, String, Vec<String>)> {
        until("a card is there", || {
            let model = self.fake.model();
            let card = |card: &crate::support::fake_wecom::model::Card| {
                let keys = card.buttons.iter().map(|(key, _)| key.clone()).collect();
                (card.task.clone(), card.users.clone(), card.body.to_string(), keys)
            };
            (model.cards.len() >= count).then(|| model.cards.iter().map(card).collect())
        })
        .await
    }

    fn press(&self, task: &str, user: &str, key: &str) {
        self.fake.model().press(task, user, key).unwrap();
        self.fake.make_callbacks();
    }

    async fn closed(&self, task: &str) -> Vec<String> {
        until("the card is closed for all", || {
            let model = self.fake.model();
            let card = model.cards.iter().find(|card| card.task == task)?;
            (card.closed.len() >= card.users.len()).then(|| card.closed.values().cloned().collect())
        })
        .await
    }

    async fn finish(self) {
        assert_eq!(self.fake.model().unexpected, Vec::<String>::new());
        self.world.finish().await;
    }
}

/// The members are known: their names come from the interface, for the archive tells ids only.
async fn members_known(day: &Day) {
    until("the members are known", || {
        let mut store = rusqlite::Connection::open(day.world.data.path().join("qunwei.db")).ok()?;
        let tx = store.transaction().ok()?;
        let known: i64 = tx.query_row("SELECT count(*) FROM members WHERE name = '小王'", [], |row| row.get(0)).ok()?;
        (known > 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_ad_in_a_customer_group_is_answered_by_what_wecom_allows() {
    let mut day = Day::begin().await;
    members_known(&day).await;
    day.say(SPAMMER, AD);
    // An outsider cannot be written to: a neutral word in the group, and somebody is asked.
    let said = day.said(1).await;
    assert!(said[0].contains("小王") && !said[0].contains("广告"), "{said:?}");
    let cards = day.cards(1).await;
    let (task, users, body, keys) = &cards[0];
    assert_eq!(users, &["zhangsan"], "the owner, who is an employee");
    assert!(body.contains("小王") && keys.contains(&"told".to_owned()), "{body} {keys:?}");
    day.press(task, "zhangsan", "told");
    let closed = day.closed(task).await;
    assert!(closed.iter().all(|words| words.contains("已提醒")), "{closed:?}");
    // The fourth violation wants somebody out; WeCom lets no program do that.
    for more in 2..=3 {
        day.world.settled().await;
        day.turn(Duration::from_secs(600));
        day.say(SPAMMER, AD);
        day.said(more).await;
        day.world.settled().await;
    }
    day.turn(Duration::from_secs(600));
    day.say(SPAMMER, AD);
    let task = until("somebody is asked to remove", || {
        let model = day.fake.model();
        let card = model.cards.iter().rev().find(|card| card.buttons.iter().any(|(key, _)| key == "removed"))?;
        Some(card.task.clone())
    })
    .await;
    // Somebody does it in the client: WeCom tells, and nobody has to press anything.
    day.fake.model().leave(GROUP, SPAMMER, true).unwrap();
    day.fake.make_callbacks();
    let closed = day.closed(&task).await;
    assert!(closed.iter().all(|words| words.contains("移出")), "{closed:?}");
    day.world.settled().await;
    day.finish().await;
}

#[tokio::test]
async fn a_newcomer_is_welcomed_by_name_after_a_token_was_revoked() {
    let day = Day::begin().await;
    members_known(&day).await;
    day.fake.model().revoke();
    {
        let mut model = day.fake.model();
        model.externals.insert(NEWCOMER.to_owned(), "小新".to_owned());
        let since = model.seconds();
        let member = Member {
            id: NEWCOMER.to_owned(),
            nickname: String::new(),
            since,
            scene: 3,
            invitor: Some("zhangsan".to_owned()),
            state: Some("shop".to_owned()),
        };
        model.join(GROUP, member).unwrap();
    }
    day.fake.make_callbacks();
    until("the newcomer is known by name", || {
        let store = rusqlite::Connection::open(day.world.data.path().join("qunwei.db")).ok()?;
        let known: i64 =
            store.query_row("SELECT count(*) FROM members WHERE name = '小新'", [], |row| row.get(0)).ok()?;
        (known > 0).then_some(())
    })
    .await;
    day.world.quiet().await;
    day.turn(Duration::from_secs(61));
    let said = day.said(1).await;
    assert!(said[0].contains("小新"), "{said:?}");
    day.world.settled().await;
    day.finish().await;
}

#[tokio::test]
async fn commands_are_obeyed_and_nothing_is_judged_twice_after_a_restart() {
    let mut day = Day::begin().await;
    members_known(&day).await;
    day.say(SPAMMER, AD);
    day.said(1).await;
    day.world.settled().await;
    day.world.restart().await;
    day.hook();
    day.say("zhangsan", "/案件 1");
    let told = until("the owner is answered", || {
        let texts = day.fake.model().texts_to("zhangsan");
        let groups = day.fake.model().texts_in(GROUP);
        texts.iter().chain(&groups).find(|text| text.contains("案件 1") && text.contains("小王")).cloned()
    })
    .await;
    assert!(told.contains('1'));
    day.world.settled().await;
    let cases: i64 = {
        let store = rusqlite::Connection::open(day.world.data.path().join("qunwei.db")).unwrap();
        store.query_row("SELECT count(*) FROM cases", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(cases, 1, "the archive is read on from where it was");
    until("whose messages are archived is known", || {
        let notes = day.world.running().health.notes();
        notes.iter().any(|note| note.starts_with("wecom.corp.consent: ")).then_some(())
    })
    .await;
    let (status, ready) = day.world.admin("/readyz").await;
    assert!(status == 200 && ready.contains("1 employee is archived"), "{ready}");
    let to = To::Group(GROUP.to_owned());
    assert!(day.fake.model().said.iter().filter(|said| said.to == to).count() <= 2);
    day.finish().await;
}

#[tokio::test]
async fn an_admin_names_a_member_as_wecom_writes_it() {
    let mut day = Day::begin().await;
    members_known(&day).await;
    day.say("zhangsan", "/警告 @小王\u{2005}在群里卖东西");
    let said = day.said(1).await;
    assert!(said[0].contains("小王"), "{said:?}");
    day.world.settled().await;
    let case: String = {
        let store = rusqlite::Connection::open(day.world.data.path().join("qunwei.db")).unwrap();
        store.query_row("SELECT body FROM cases", [], |row| row.get(0)).unwrap()
    };
    assert!(case.contains(SPAMMER), "{case}");
    day.finish().await;
}

#[tokio::test]
async fn no_innocent_is_punished_for_a_name_that_others_took() {
    let mut day = Day::begin().await;
    {
        let mut model = day.fake.model();
        for (id, name) in
            [("wmTwinTwinTwinTwinTwinTwinTwin01", "黑@小王"), ("wmTwinTwinTwinTwinTwinTwinTwin02", "黑@小王")]
        {
            model.externals.insert(id.to_owned(), name.to_owned());
            let (nickname, since) = (String::new(), model.seconds());
            let member = Member { id: id.to_owned(), nickname, since, scene: 1, invitor: None, state: None };
            model.join(GROUP, member).unwrap();
        }
    }
    day.fake.make_callbacks();
    members_known(&day).await;
    until("both are known", || {
        let store = rusqlite::Connection::open(day.world.data.path().join("qunwei.db")).ok()?;
        let sql = "SELECT count(*) FROM members WHERE name = '黑@小王'";
        let known: i64 = store.query_row(sql, [], |row| row.get(0)).ok()?;
        (known == 2).then_some(())
    })
    .await;
    for text in ["/警告 @黑@小王\u{2005}广告", "/警告 @谁也不是 @小王\u{2005}吵架"] {
        let before = day.fake.model().texts_in(GROUP).len();
        day.say("zhangsan", text);
        let told = day.said(before + 1).await;
        assert!(told.last().is_some_and(|told| told.contains("没有说是谁")), "{told:?}");
    }
    let cases: i64 = {
        let store = rusqlite::Connection::open(day.world.data.path().join("qunwei.db")).unwrap();
        store.query_row("SELECT count(*) FROM cases", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(cases, 0, "nobody was touched");
    day.turn(Duration::from_secs(61));
    day.world.settled().await;
    day.finish().await;
}

#[tokio::test]
async fn what_is_wrong_with_the_archive_is_said_where_operators_look() {
    let mut day = Day::begin().await;
    members_known(&day).await;
    day.vault.version = 2; // sealed for a key that is not configured
    day.say(SPAMMER, AD);
    let why = until("it is not ready", || {
        let now = day.world.clock.now();
        day.turn(Duration::from_millis(100));
        let _: Timestamp = now;
        day.world.running().health.ready().err()
    })
    .await;
    assert!(format!("{why:?}").contains("no private key of version 2"), "{why:?}");
    assert!(day.fake.model().texts_in(GROUP).is_empty());
    std::fs::write(day.vault.folder.path().join("key-2.pem"), archive::pem(2)).unwrap();
    let path = day.vault.folder.path().join("key-2.pem");
    let file = "config/zz-test.toml";
    let text = std::fs::read_to_string(day.world.file(file)).unwrap();
    let text = text.replace("private_keys = [", &format!("private_keys = [\"2:{}\", ", path.display()));
    day.world.write(file, &text);
    day.world.running().reloader.reload().await.unwrap();
    let said = until("the message that waited is judged", || {
        day.turn(Duration::from_millis(100));
        let texts = day.fake.model().texts_in(GROUP);
        (!texts.is_empty()).then_some(texts)
    })
    .await;
    assert!(said[0].contains("小王"), "{said:?}");
    day.world.settled().await;
    day.finish().await;
}
