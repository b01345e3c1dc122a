//! The archive and the long connection in a whole daemon, as a configuration puts them there.

use std::time::{Duration, SystemTime};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use crate::support::archive::{Vault, accused, ids, pem, text};
use crate::support::daemon::{Daemon, Home};
use crate::support::dice::Dice;
use crate::support::{World, until};
use crate::wecom_aibot::openws::Openws;
use crate::wecom_aibot::{BOT, SECRET, said};

const SPAM: &str = "兼职刷单日结，加薇信 abc12345";

/// A daemon that reads a vault; what it needs to know.
fn home(vault: &Vault) -> Home {
    let home = Home::new();
    home.write("key.pem", &pem(1));
    let (library, key) = (vault.library(), home.folder.path().join("key.pem"));
    let toml = format!(
        "[wecom.acme]\ncorp_id = \"ww1\"\n[wecom.acme.archive]\nlibrary = \"{}\"\nsecret_env = \"QUNWEI_TEST_ARCHIVE\"\n\
         private_keys = [\"1:{}\"]\npoll_seconds = 1\n",
        library.display(),
        key.display(),
    );
    home.write("config/zz-wecom.toml", &toml);
    home
}

async fn start(home: &Home, vault: &Vault) -> Daemon {
    let mut command = home.serve();
    command.env("QUNWEI_TEST_ARCHIVE", vault.access().secret);
    Daemon::start(command, &home.folder.path().join("stderr")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_that_is_killed_while_it_reads_the_archive_loses_and_doubles_nothing() {
    let seed = std::env::var("QUNWEI_SOAK_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_126);
    println!("QUNWEI_SOAK_SEED={seed}");
    let mut dice = Dice::new(seed);
    let mut vault = Vault::new();
    let home = home(&vault);
    // Said after the first start: what was said before it is passed over.
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis() as u64 + 120_000;
    let mut expected = Vec::new();
    let mut say = |vault: &mut Vault, count: usize| {
        for _ in 0..count {
            let at = expected.len();
            let mut message = text(&format!("m{at:03}"), &format!("wm{at}"), if at % 50 == 7 { SPAM } else { "好的" });
            message["msgtime"] = json!(now);
            vault.put(&message);
            expected.push(format!("m{at:03}"));
        }
        vault.write();
    };
    for _ in 0..6 {
        say(&mut vault, 60);
        let daemon = start(&home, &vault).await;
        tokio::time::sleep(Duration::from_millis(dice.below(1500))).await; // not a wait for anything: the moment itself
        daemon.kill();
    }
    let daemon = start(&home, &vault).await;
    until("all is read", || (ids(&home.data()).len() >= 360).then_some(())).await;
    let (status, body) = daemon.admin("/readyz").await;
    assert!(status == 200 && body.contains("note: wecom.acme.archive: read up to 20"), "{status} {body}");
    daemon.stop().await;
    assert_eq!(ids(&home.data()), expected, "each once, in order");
    let spam: Vec<String> = expected.iter().skip(7).step_by(50).cloned().collect();
    assert_eq!(accused(&home.data()), spam, "and judged");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_says_what_it_waits_for_when_it_cannot_read_the_archive() {
    let mut vault = Vault::new();
    vault.version = 2;
    vault.say(&text("m1", "wmA", "好"));
    let home = home(&vault);
    let daemon = start(&home, &vault).await;
    let ready = async || {
        loop {
            let (status, body) = daemon.admin("/readyz").await;
            if status == 503 {
                return body;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let body = tokio::time::timeout(Duration::from_secs(60), ready()).await.expect("it says so");
    assert!(body.contains("private key of version 2"), "{body}");
    assert!(!body.contains("dir:"), "the secret is not shown: {body}");
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_in_the_middle_judges_what_the_bot_hears_and_speaks_through_its_connection() {
    let openws = Openws::start(([127, 0, 0, 1], 0).into()).await.unwrap();
    openws.model().bots.insert(BOT.to_owned(), SECRET.to_owned());
    let [port, other] = {
        let free = [(), ()].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
        free.map(|free| free.local_addr().unwrap().port())
    };
    let world = World::with(&format!(
        "[wecom.acme]\ncorp_id = \"ww1\"\nbot_names = [\"群卫\"]\n[wecom.acme.aibot.guard]\nbot_id = \"{BOT}\"\n\
         listen = \"127.0.0.1:{port}\"\nws_url = \"{}\"\n[wecom.acme.group.wrG]\nkind = \"internal\"\naibot = \"guard\"\n\
         [wecom.acme.aibot.desk]\nbot_id = \"aib-desk\"\nlisten = \"127.0.0.1:{other}\"\n",
        openws.url()
    ))
    .await;
    let standing = async |guard: u8, connects: u8| {
        let (_, metrics) = world.admin("/metrics").await;
        [
            format!("qunwei_aibot_connected{{platform=\"acme\",aibot=\"guard\"}} {guard}"),
            format!("qunwei_aibot_connects_total{{platform=\"acme\",aibot=\"guard\"}} {connects}"),
            "qunwei_aibot_connected{platform=\"acme\",aibot=\"desk\"} 0".to_owned(),
        ]
        .iter()
        .all(|line| metrics.lines().any(|other| other == line))
    };
    let alone = "wecom.acme.aibot.guard: the bot that is there already is not connected through";
    let is_noted = || world.running().health.notes().iter().any(|note| note.starts_with(alone));
    until("it is there to be alarmed about from the start", || is_noted().then_some(())).await;
    assert!(standing(0, 0).await);
    // What another configuration begins anew is there as well.
    let text = std::fs::read_to_string(world.file("config/zz-test.toml")).unwrap();
    world.write("config/zz-test.toml", &text.replace("bot_names", "duty = [\"lisi\"]\nbot_names"));
    world.running().reloader.reload().await.unwrap();
    until("it is known that no bot is connected", || is_noted().then_some(())).await;
    assert!(standing(0, 0).await);
    let connecting = async || {
        loop {
            match connect_async(format!("ws://127.0.0.1:{port}")).await {
                Ok((bot, _)) => return bot,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await, // it listens in a moment
            }
        }
    };
    let mut bot = tokio::time::timeout(Duration::from_secs(60), connecting()).await.expect("it listens");
    let subscribe =
        json!({"cmd": "aibot_subscribe", "headers": {"req_id": "s-1"}, "body": {"bot_id": BOT, "secret": SECRET}});
    bot.send(Message::text(subscribe.to_string())).await.unwrap();
    let mut heard = async || match bot.next().await {
        Some(Ok(Message::Text(text))) => serde_json::from_str::<Value>(&text).unwrap(),
        other => panic!("{other:?}"),
    };
    assert_eq!(heard().await["errcode"], 0);
    assert!(standing(1, 1).await && !is_noted(), "the other bot is another matter");
    openws.tell(BOT, "aibot_msg_callback", "r1", &said("m1", "zhangsan", &format!("@群卫 {SPAM}")));
    assert_eq!(heard().await["body"]["msgid"], "m1", "the bot hears it as ever");
    let notice = || {
        let model = openws.model();
        let sent = model.frames.iter().find(|frame| frame["cmd"] == "aibot_send_msg")?;
        Some((
            sent["body"]["chatid"].clone(),
            sent["body"]["markdown"]["content"].as_str().unwrap_or_default().to_owned(),
        ))
    };
    let (chat, words) = until("the group is told", notice).await;
    assert_eq!(chat, "wrG");
    assert!(!words.is_empty());
    // The bot hears no acknowledgement of what it has not said.
    openws.tell_raw(BOT, "{\"headers\":{\"req_id\":\"of the bot\"},\"errcode\":0}");
    assert_eq!(heard().await["headers"]["req_id"], "of the bot");
    assert_eq!(openws.model().unexpected, [""; 0]);
    drop(bot);
    until("it is known that the bot has gone", || is_noted().then_some(())).await;
    assert!(standing(0, 1).await);
    drop(world);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_writes_to_a_connected_bot_alone_is_answered_there_without_any_app() {
    let openws = Openws::start(([127, 0, 0, 1], 0).into()).await.unwrap();
    openws.model().bots.insert(BOT.to_owned(), SECRET.to_owned());
    let toml = format!(
        "[wecom.acme]\ncorp_id = \"ww1\"\n[wecom.acme.aibot.guard]\nbot_id = \"{BOT}\"\nsecret_env = \"BOT\"\nws_url = \"{}\"\n",
        openws.url()
    );
    let world = World::with_env(&toml, vec![("BOT".to_owned(), SECRET.to_owned())]).await;
    until("it is connected", || openws.is_connected(BOT).then_some(())).await;
    let mut alone = said("m1", "zhangsan", "群规");
    alone["chattype"] = json!("single");
    alone.as_object_mut().unwrap().remove("chatid");
    openws.tell(BOT, "aibot_msg_callback", "r1", &alone);
    let answer = until("he is answered", || {
        let model = openws.model();
        let sent = model.frames.iter().find(|frame| frame["cmd"] == "aibot_send_msg")?;
        Some(sent["body"].clone())
    })
    .await;
    assert_eq!(answer["chatid"], "zhangsan");
    assert!(answer["markdown"]["content"].as_str().unwrap().chars().count() > 20, "the rules: {answer}");
    world.settled().await;
    assert_eq!(openws.model().unexpected, [""; 0]);
    world.finish().await;
}
