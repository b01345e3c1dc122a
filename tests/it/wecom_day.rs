//! A day of a customer group on WeCom, through the whole daemon: members from the interface, messages from the session archive,
//! a robot that speaks, cards that ask people, and their buttons.

use std::time::Duration;

use serde_json::json;

use crate::support::archive::{self, Vault};
use crate::support::fake_wecom::Fake;
use crate::support::fake_wecom::callbacks::{Address, Format};
use crate::support::fake_wecom::faults::{Fault, Wrong};
use crate::support::fake_wecom::model::{Kind, Member, Permission, RobotState, To};
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
            model.disagree.insert(SPAMMER.to_owned());
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
previous_token_env = "OLD"
[wecom.corp.archive]
library = "{library}"
secret_env = "ARCHIVE"
private_keys = ["1:{key}"]
poll_seconds = 1
proxy = "http://127.0.0.1:3128"
proxy_auth_env = "PROXY"
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
            ("PROXY", "guard:hush"),
            ("OLD", "callback-token-of-before"),
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
                // The console was not changed yet where customer contact is set.
                token: if to == "customer" { "callback-token-of-before" } else { "callback-token" }.to_owned(),
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
        self.say_in(GROUP, user, text)
    }

    fn say_in(&mut self, group: &str, user: &str, text: &str) -> String {
        self.messages += 1;
        let id = format!("archive-{}_external", self.messages);
        self.vault.say(&json!({
            "msgid": id, "action": "send", "from": user, "tolist": ["zhangsan"], "roomid": group,
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
    assert!(
        body.contains("一号店") && body.contains(AD),
        "the group's name and the words, for whoever is to act: {body}"
    );
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
async fn what_could_not_be_said_is_told_with_the_name_of_the_outsider() {
    let mut day = Day::begin().await;
    members_known(&day).await;
    day.fake.model().faults.push(Fault::next("webhook/send", Wrong::Code(40008), 1));
    day.say(SPAMMER, AD);
    let card = until("somebody is told that it failed", || {
        let model = day.fake.model();
        let card = model.cards.iter().find(|card| card.body.to_string().contains("未能完成"))?;
        Some(card.body.to_string())
    })
    .await;
    assert!(card.contains("群内通知 小王") && card.contains("一号店") && card.contains(AD), "{card}");
    assert!(!card.contains(SPAMMER), "{card}");
    day.world.settled().await;
    day.finish().await;
}

#[tokio::test]
async fn a_group_is_called_what_it_is_called_now() {
    let mut day = Day::begin().await;
    members_known(&day).await;
    day.fake.model().rename(GROUP, "二号店").unwrap();
    day.fake.make_callbacks();
    until("the name is known", || {
        let store = rusqlite::Connection::open(day.world.data.path().join("qunwei.db")).ok()?;
        let sql = "SELECT count(*) FROM ledgers WHERE ledger LIKE '%二号店%'";
        let known: i64 = store.query_row(sql, [], |row| row.get(0)).ok()?;
        (known == 1).then_some(())
    })
    .await;
    day.say(SPAMMER, AD);
    let cards = day.cards(1).await;
    assert!(cards[0].2.contains("二号店"), "{}", cards[0].2);
    day.world.settled().await;
    day.finish().await;
}

/// A robot that was removed is one group's trouble: which, is said by its name, once, and the others go on.
#[tokio::test]
async fn one_robot_that_was_removed_is_told_by_its_group_alone() {
    let mut day = Day::begin().await;
    members_known(&day).await;
    day.fake.model().robots.get_mut("fake-robot-key").unwrap().state = RobotState::Out;
    day.say(SPAMMER, AD);
    let why = until("it is not ready", || {
        day.turn(Duration::from_millis(100));
        day.world.running().health.ready().err()
    })
    .await;
    let [why] = &why[..] else { panic!("one reason: {why:?}") };
    assert!(why.starts_with("bridge.corp.group.wrShop1: broken (一号店): errcode 93008"), "{why}");
    // The app goes on, and says nothing of the robot.
    day.cards(1).await;
    assert!(day.world.running().health.ready().is_err());
    let (_, metrics) = day.world.admin("/metrics").await;
    assert!(metrics.contains("qunwei_bridge_state{bridge=\"corp\",state=\"broken\"} 1"), "{metrics}");
    let through = std::fs::read_to_string(day.vault.folder.path().join("proxy")).unwrap();
    assert_eq!(through, "http://127.0.0.1:3128 guard:hush", "the library goes through the proxy");
    day.fake.model().robots.get_mut("fake-robot-key").unwrap().state = RobotState::In;
    until("it is well again", || {
        day.turn(Duration::from_secs(5));
        day.world.running().health.ready().ok()
    })
    .await;
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
async fn the_status_says_whose_messages_are_archived_and_the_metrics_how_far() {
    let mut day = Day::begin().await;
    members_known(&day).await;
    until("who has not agreed is known", || {
        let notes = day.world.running().health.notes();
        notes.iter().any(|note| note.contains("1 of 1 outsiders have not agreed")).then_some(())
    })
    .await;
    day.say("zhangsan", "/状态");
    let said = day.said(1).await;
    let expected = "存档：公司里 1 名员工开了存档，本群 1 位外部联系人里有 1 位还没有同意";
    assert!(said[0].contains(expected), "{said:?}");
    day.fake.model().robots.get_mut("fake-robot-key").unwrap().state = RobotState::Disabled;
    day.say("zhangsan", "/状态");
    until("it is not ready", || {
        day.turn(Duration::from_millis(100));
        day.world.running().health.ready().err()
    })
    .await;
    let (_, metrics) = day.world.admin("/metrics").await;
    for line in [
        "qunwei_wecom_errors_total{platform=\"corp\",code=\"93004\"} ",
        "qunwei_wecom_tokens_total{platform=\"corp\",outcome=\"given\"} ",
        "qunwei_archive_position{platform=\"corp\"} ",
        "qunwei_archive_behind_seconds{platform=\"corp\"} ",
        "qunwei_archive_last_poll_timestamp_seconds{platform=\"corp\"} ",
    ] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }
    day.fake.model().robots.get_mut("fake-robot-key").unwrap().state = RobotState::In;
    until("the answer that waited is said", || {
        day.turn(Duration::from_secs(5));
        (day.fake.model().texts_in(GROUP).len() >= 2).then_some(())
    })
    .await;
    day.world.settled().await;
    day.finish().await;
}

/// Groups that no file names are known by what is said in them.
#[tokio::test]
async fn who_has_agreed_is_known_of_groups_that_only_the_archive_tells_of() {
    let mut day = Day::begin().await;
    members_known(&day).await;
    {
        let mut model = day.fake.model();
        model.externals.insert(NEWCOMER.to_owned(), "小新".to_owned());
        model.disagree.insert(NEWCOMER.to_owned());
        model.group("wrShop2", Kind::Customer, "", &["zhangsan", SPAMMER, NEWCOMER]);
        model.group("wrTeam", Kind::Internal, "三组", &["zhangsan", "lisi"]);
    }
    let team = json!({
        "msgid": "archive-team", "action": "send", "from": "lisi", "tolist": ["zhangsan"], "roomid": "wrTeam",
        "msgtime": day.world.clock_now().0, "msgtype": "text", "text": {"content": "早"},
    });
    day.vault.put(&team);
    // WeCom knows no such group: this one alone cannot be asked about.
    day.say_in("wrGone", SPAMMER, "有人吗");
    day.say_in("wrShop2", "zhangsan", "有人吗"); // an employee; the message's id says that outsiders hear it
    let note = until("they are known", || {
        let notes = day.world.running().health.notes();
        let note = notes.into_iter().find(|note| note.starts_with("wecom.corp.consent: "))?;
        ["in group wrShop2 2 of 2 outsiders", "cannot be asked about group wrGone: "]
            .iter()
            .all(|part| note.contains(part))
            .then_some(note)
    })
    .await;
    let named =
        "1 employee is archived; in group wrShop1 (一号店) 1 of 1 outsiders have not agreed; in group wrShop2 2";
    assert!(note.contains(named), "those that files name come first: {note}");
    let ledger = |group: &str| {
        let store = rusqlite::Connection::open(day.world.data.path().join("qunwei.db")).ok()?;
        let sql = "SELECT l.ledger FROM ledgers l JOIN groups g ON g.id = l.group_id WHERE g.name = ?1";
        let ledger: String = store.query_row(sql, [group], |row| row.get(0)).ok()?;
        Some(serde_json::from_str::<serde_json::Value>(&ledger).ok()?["archive"].clone())
    };
    let status = until("the status would say it", || ledger("wrShop2")).await;
    assert_eq!(status, json!({"employees": 1, "outsiders": 2, "missing": 2}));
    let status = until("so it would among employees", || ledger("wrTeam")).await;
    assert_eq!(status, json!({"employees": 1, "outsiders": 0, "missing": 0}));
    let asked = day.fake.model().calls.iter().filter(|call| call.contains("check_room_agree")).count();
    assert_eq!(asked, 3, "wrShop1, wrGone and wrShop2 once each; where employees are alone nobody need agree");
    day.world.settled().await;
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

/// What was broken in another configuration is not shown any more.
#[tokio::test]
async fn a_robot_that_is_taken_out_of_the_files_is_nobodys_trouble() {
    let mut day = Day::begin().await;
    members_known(&day).await;
    day.fake.model().robots.get_mut("fake-robot-key").unwrap().state = RobotState::Out;
    day.say(SPAMMER, AD);
    until("it is not ready", || {
        day.turn(Duration::from_millis(100));
        day.world.running().health.ready().err()
    })
    .await;
    let file = "config/zz-test.toml";
    let text = std::fs::read_to_string(day.world.file(file)).unwrap();
    day.world.write(file, &text.replace("robot_env = \"ROBOT\"", ""));
    day.world.running().reloader.reload().await.unwrap();
    until("it is ready", || day.world.running().health.ready().ok()).await;
    day.turn(Duration::from_secs(120));
    day.world.settled().await;
    day.finish().await;
}

/// In groups of employees no interface tells names: commands take ids there.
#[tokio::test]
async fn where_no_names_are_known_a_typed_userid_is_obeyed() {
    let mut day = Day::begin().await;
    {
        let mut model = day.fake.model();
        model.group("wrTeam", Kind::Internal, "三组", &["zhangsan", "lisi"]);
    }
    day.world.write("config/zz-team.toml", "[group.wrTeam]\nadmins = [\"zhangsan\"]\n");
    day.world.running().reloader.reload().await.unwrap();
    for (text, why) in [("/警告 @李四\u{2005}广告", "不知道谁叫“李四”"), ("/警告 @lisi 广告", "")]
    {
        day.say_in("wrTeam", "zhangsan", text);
        if !why.is_empty() {
            let told = until("the admin is answered", || day.fake.model().texts_to("zhangsan").pop()).await;
            assert!(told.contains(why) && told.contains("@zhangsan") || told.contains("zhangsan"), "{told}");
        }
    }
    let case = until("there is a case", || {
        let store = rusqlite::Connection::open(day.world.data.path().join("qunwei.db")).ok()?;
        store.query_row("SELECT body FROM cases", [], |row| row.get::<_, String>(0)).ok()
    })
    .await;
    assert!(case.contains(r#""user":"lisi""#), "{case}");
    day.turn(Duration::from_secs(61));
    day.world.settled().await;
    day.finish().await;
}

#[tokio::test]
async fn no_innocent_is_punished_for_a_name_that_others_took() {
    let mut day = Day::begin().await;
    {
        let mut model = day.fake.model();
        for (id, name) in [
            ("wmTwinTwinTwinTwinTwinTwinTwin01", "黑@小王"),
            ("wmTwinTwinTwinTwinTwinTwinTwin02", "黑@小王"),
            ("wmGoneGoneGoneGoneGoneGoneGone01", "走了的人"),
        ] {
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
    day.fake.model().leave(GROUP, "wmGoneGoneGoneGoneGoneGoneGone01", false).unwrap();
    day.fake.make_callbacks();
    until("one has left", || {
        let store = rusqlite::Connection::open(day.world.data.path().join("qunwei.db")).ok()?;
        let sql = "SELECT count(*) FROM members WHERE name = '走了的人' AND gone IS NOT NULL";
        let gone: i64 = store.query_row(sql, [], |row| row.get(0)).ok()?;
        (gone == 1).then_some(())
    })
    .await;
    // Each is told why nobody was touched, and what can be done.
    for (text, why) in [
        ("/警告 @黑@小王\u{2005}广告", "群里有 2 个人叫“黑小王”，分不清是哪一个"),
        ("/警告 @黑@小王\u{2005}广告", "wmTwinTwinTwinTwinTwinTwinTwin01、wmTwin"),
        ("/警告 @谁也不是 @小王\u{2005}吵架", "群里没有叫“谁也不是”的人"),
        ("/警告 @走了的人\u{2005}广告", "“走了的人”已经不在群里了"),
        ("/警告 广告", "没有说是谁：请写 @ 和他在群里的名字"),
    ] {
        let before = day.fake.model().texts_in(GROUP).len();
        day.turn(Duration::from_secs(20));
        day.say("zhangsan", text);
        let told = until("the admin is told", || {
            let texts = day.fake.model().texts_in(GROUP);
            let told: Vec<String> =
                texts.get(before..)?.iter().filter(|text| !text.contains("欢迎")).cloned().collect();
            (!told.is_empty()).then_some(told)
        })
        .await;
        assert!(told.concat().contains(why), "{text}: {told:?}");
    }
    let cases: i64 = {
        let store = rusqlite::Connection::open(day.world.data.path().join("qunwei.db")).unwrap();
        store.query_row("SELECT count(*) FROM cases", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(cases, 0, "nobody was touched");
    // One of the namesakes is meant by the id.
    let before = day.fake.model().texts_in(GROUP).len();
    day.say("zhangsan", "/警告 @wmTwinTwinTwinTwinTwinTwinTwin02 广告");
    day.said(before + 1).await;
    day.world.settled().await;
    let case: String = {
        let store = rusqlite::Connection::open(day.world.data.path().join("qunwei.db")).unwrap();
        store.query_row("SELECT body FROM cases", [], |row| row.get(0)).unwrap()
    };
    assert!(case.contains("wmTwinTwinTwinTwinTwinTwinTwin02"), "{case}");
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
