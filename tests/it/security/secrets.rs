//! Secrets and what people write are in no output of the program, whatever goes wrong.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use qunwei::adapters::bridge::sign::{Secret, header_seconds, sign};
use qunwei::ports::Clock;
use qunwei::serve::SystemClock;
use serde_json::json;

use crate::support::daemon::{Daemon, Home, client, qunwei};
use crate::support::fake_wecom::aibot::Openws;
use crate::support::fake_wecom::callbacks::{Address, Format, Manner};
use crate::support::fake_wecom::faults::{Fault, Wrong};
use crate::support::fake_wecom::model::{Kind, Permission};
use crate::support::fake_wecom::{Fake, machine};
use crate::support::{archive, until};

/// What is secret, by the variable that holds it. None is like anything that the program says by itself.
const SECRETS: [(&str, &str); 14] = [
    ("S_BRIDGE", "whsec_QnJpZGdlU2VjcmV0Wlp6enoxMTExMTEx"),
    ("S_BRIDGE_OLD", "whsec_T2xkQnJpZGdlU2VjcmV0UVFxcXEyMjIy"),
    ("S_PULL_TOKEN", "PullTokenXyzzy3333333333"),
    ("S_PULL_TOKEN_OLD", "OldPullTokenXyzzy4444444"),
    ("S_APP", "AppSecretXyzzy5555555555"),
    ("S_CALLBACK_TOKEN", "CallbackTokenXyzzy666666"),
    ("S_AES", "AesKeyXyzzy77777777777777777777777777777777"),
    ("S_CUSTOMER", "CustomerSecretXyzzy88888"),
    ("S_ARCHIVE", "ArchiveSecretXyzzy999999"),
    ("S_ROBOT", "robot-key-xyzzy-00000000"),
    ("S_AIBOT", "AibotSecretXyzzyaaaaaaaa"),
    ("S_BAD_ONE", "whsec_NotBase64Xyzzy!!bb"),
    ("S_BAD_TWO", "short-Xyzzycc"),
    ("S_BAD_THREE", "has spaces Xyzzydd"),
];

/// In addresses.
const IN_URLS: [&str; 4] = ["UrlUserXyzzy", "UrlPasswordXyzzy", "UrlPathXyzzy", "UrlKeyXyzzy"];

/// What people write, and are called.
const TEXTS: [&str; 5] = ["加薇信 abc12345xyzzy", "abc12345xyzzy", "小王曦曦", "引用的话曦曦", "原因曦曦"];

/// Every piece that no output may have.
fn forbidden() -> Vec<String> {
    let mut all: Vec<String> = SECRETS.iter().map(|(_, value)| value.to_string()).collect();
    // Of a secret of the convention what stands behind its prefix, and what that is.
    all.extend(SECRETS.iter().filter_map(|(_, value)| value.strip_prefix("whsec_").map(str::to_owned)));
    all.extend(["BridgeSecretZZzz", "OldBridgeSecretQQqq", "Xyzzy", "xyzzy-0000"].map(str::to_owned));
    all.extend(IN_URLS.iter().chain(&TEXTS).map(|text| text.to_string()));
    let key = archive::pem(1);
    all.extend(key.lines().filter(|line| line.len() > 40).take(3).map(str::to_owned));
    all
}

fn silent(what: &str, output: &str) {
    assert!(!output.is_empty() || what.ends_with('?'), "{what}: nothing to look at");
    for piece in forbidden() {
        if let Some(at) = output.find(&piece) {
            let line = output[..at].rfind('\n').map_or(0, |at| at + 1);
            panic!("{what} shows {piece}: {}", output[line..].lines().next().unwrap_or_default());
        }
    }
}

fn shown(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &*String::from_utf8_lossy(&output.stderr)
}

/// Without the shipped rules, which say nothing of secrets and take their time.
fn bare() -> Home {
    let home = Home::new();
    std::fs::remove_dir_all(home.config()).unwrap();
    std::fs::create_dir(home.config()).unwrap();
    home
}

/// A configuration with everything secret that there can be.
fn configuration(home: &Home, api: &str, ws: &str, bot: &str, library: &Path) {
    let key = home.folder.path().join("key.pem");
    std::fs::write(&key, archive::pem(1)).unwrap();
    let file = home.folder.path().join("forward.txt");
    std::fs::write(&file, "unused").unwrap();
    let (key, library) = (key.display(), library.display());
    home.write(
        "config/secret.toml",
        &format!(
            r#"
[bridge.sent]
secret_env = "S_BRIDGE"
previous_secret_env = "S_BRIDGE_OLD"
actions_url_env = "U_ACTIONS"
capabilities = ["send", "private", "task", "idempotent"]
[bridge.fetched]
secret_env = "S_BRIDGE"
token_env = "S_PULL_TOKEN"
previous_token_env = "S_PULL_TOKEN_OLD"
capabilities = ["send", "private"]
[wecom.corp]
corp_id = "ww5823bf96d3bd56c7"
api_url = "{api}"
duty = ["zhangsan"]
speaker = "guard"
timeout_seconds = 1
[wecom.corp.app.guard]
agent_id = 1000002
secret_env = "S_APP"
token_env = "S_CALLBACK_TOKEN"
aes_key_env = "S_AES"
forward_url_env = "U_FORWARD"
[wecom.corp.customer]
secret_env = "S_CUSTOMER"
token_env = "S_CALLBACK_TOKEN"
aes_key_env = "S_AES"
[wecom.corp.aibot.one]
bot_id = "aib-1"
secret_env = "S_AIBOT"
ws_url = "{ws}"
[wecom.corp.archive]
library = "{library}"
secret_env = "S_ARCHIVE"
private_keys = ["1:{key}"]
[wecom.corp.group.wrShop1]
robot_env = "S_ROBOT"
[group.g1]
admins = ["boss"]
[group.wrShop1]
admins = ["zhangsan"]
"#
        ),
    );
    assert!(bot.starts_with("http://"));
}

fn with_secrets(command: &mut Command, bot: &str) {
    for (name, value) in SECRETS {
        command.env(name, value);
    }
    let host = bot.trim_start_matches("http://");
    command.env("U_ACTIONS", format!("http://{host}/UrlPathXyzzy?key=UrlKeyXyzzy"));
    command.env("U_FORWARD", format!("http://{host}/UrlPathXyzzy?key=UrlKeyXyzzy"));
    command.env("RUST_LOG", "trace,hyper=trace,reqwest=trace,tungstenite=trace,tokio_tungstenite=trace,rustls=trace");
}

/// A bot that answers as badly as can be: each request another way.
async fn bad_bot() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let turn = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let router = axum::Router::new().fallback(move |body: String| {
        let turn = turn.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        async move {
            let status = [500, 404, 429, 302, 400, 200, 401][turn % 7];
            let headers = [("location", format!("http://127.0.0.1:9/{}", IN_URLS[2]))];
            (
                axum::http::StatusCode::from_u16(status).unwrap(),
                headers,
                format!("{{\"error\":\"UrlKeyXyzzy 小王曦曦 {body}\"}}"),
            )
        }
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

#[tokio::test]
async fn a_daemon_that_everything_goes_wrong_for_shows_no_secret_and_no_text() {
    for format in ["text", "json"] {
        let fake = Fake::start(([127, 0, 0, 1], 0).into(), machine()).await.unwrap();
        {
            let mut model = fake.model();
            model.corp = "ww5823bf96d3bd56c7".to_owned();
            model.hire("zhangsan", "小王曦曦");
            model.externals.insert("wmSpammer".to_owned(), "小王曦曦".to_owned());
            model.app(1_000_002, "AppSecretXyzzy5555555555", Permission::App);
            model.app(0, "CustomerSecretXyzzy88888", Permission::Customer);
            model.group("wrShop1", Kind::Customer, "小王曦曦", &["zhangsan", "wmSpammer"]);
            model.robot("robot-key-xyzzy-00000000", "wrShop1");
            // What WeCom says of a mistake repeats what it was asked with.
            let says =
                r#"{"errcode":40001,"errmsg":"invalid credential CustomerSecretXyzzy88888 AppSecretXyzzy5555555555"}"#;
            model.faults.push(Fault::next("externalcontact/groupchat/list", Wrong::Says(says.to_owned()), 3));
            model.faults.push(Fault::next(
                "webhook/send",
                Wrong::Says(r#"{"errcode":93000,"errmsg":"invalid webhook key robot-key-xyzzy-00000000"}"#.to_owned()),
                1,
            ));
            model.faults.push(Fault::next("webhook/send", Wrong::Cut, 2));
        }
        let openws = Openws::start(([127, 0, 0, 1], 0).into()).await.unwrap();
        openws.model().bots.insert("aib-1".to_owned(), "AibotSecretXyzzyaaaaaaaa".to_owned());
        let bot = bad_bot().await;
        let mut home = Home::new();
        home.actions_url = format!("{bot}/UrlPathXyzzy?key=UrlKeyXyzzy");
        home.edit("config/qunwei.toml", "log_format = \"text\"", &format!("log_format = \"{format}\""));
        let vault = archive::Vault::new();
        configuration(&home, &fake.url(), &openws.url(), &bot, &vault.library());
        let mut serve = home.serve();
        with_secrets(&mut serve, &bot);
        let daemon = Daemon::start(serve, &home.folder.path().join("stderr")).await;
        until("the aibot is connected", || openws.is_connected("aib-1").then_some(())).await;
        let message = json!({"msgid": "M1", "aibotid": "aib-1", "chatid": "wr1", "chattype": "group", "from": {"userid": "9"}, "msgtype": "text", "text": {"content": "@群卫 群规 abc12345xyzzy 小王曦曦"}});
        assert!(openws.tell("aib-1", "aibot_msg_callback", "r1", &message));
        openws.tell_raw("aib-1", "{\"小王曦曦\":");
        let mut heard = provoke(&daemon, &fake).await;
        openws.cut("aib-1");
        // A reload that is sound, and one that is broken with a secret where it must not be.
        home.write("config/zz.toml", "[group.g2]\nadmins = [\"boss\"]\n");
        until("it is reloaded", || daemon.log().contains("the configuration was reloaded").then_some(())).await;
        if format == "text" {
            asked_of_a_running_daemon(&home, &daemon, &bot).await;
        }
        home.write(
            "config/zz.toml",
            "[bridge.bad]\nsecret_env = \"S_BAD_ONE\"\ntoken_env = \"S_BAD_TWO\"\nstrike_dayz = 1\n",
        );
        until("it is refused", || daemon.log().contains("S_BAD_ONE").then_some(())).await;
        for path in ["/readyz", "/metrics", "/healthz", "/nothing"] {
            heard += &daemon.admin(path).await.1;
        }
        until("WeCom was asked", || {
            fake.model().calls.iter().any(|call| call.contains("groupchat/list")).then_some(())
        })
        .await;
        let log = daemon.log();
        daemon.stop().await;
        silent("an answer", &heard);
        silent("the log", &log);
        home.write("config/zz.toml", "# empty\n");
        if format == "text" {
            asked_of_what_is_stored(&home, &bot).await;
        }
        assert!(log.contains("DEBUG") || log.contains("\"level\":\"DEBUG\""), "it was told to say everything: {log}");
    }
}

/// What a command says when everything is to be logged, all secrets at hand.
async fn said(home: &Home, bot: &str, args: &[&str]) -> String {
    let mut command = qunwei();
    command.args(args).current_dir(home.folder.path()).stdin(Stdio::null());
    with_secrets(&mut command, bot);
    let mut command = tokio::process::Command::from(command);
    let output = tokio::time::timeout(Duration::from_secs(120), command.kill_on_drop(true).output()).await;
    shown(&output.unwrap_or_else(|_| panic!("{args:?} does not end")).unwrap())
}

async fn asked_of_a_running_daemon(home: &Home, daemon: &Daemon, bot: &str) {
    let admin = format!("http://{}", daemon.admin);
    let ready = format!("{admin}/readyz");
    for args in [
        &["health", "--url", &ready][..],
        &["pause", "--url", &admin],
        &["resume", "--url", &admin],
        &["wecom", "check"],
        &["backup", "one.backup"],
        &["verify", "one.backup"],
        &["verify"],
        &["export", "--to", "chat"],
        &["export", "--state", "one.jsonl", "--with-messages"],
        &["member", "export", "--platform", "sent", "--user", "u9", "--to", "9.json"],
        &["member", "erase", "--platform", "sent", "--user", "nobody", "--url", &admin],
        &["member", "erase", "--platform", "sent", "--user", "u9"], // nobody listens there
        &["support-bundle", "--url", &admin, "bundle.tar.gz"],
    ] {
        silent(&format!("{args:?}?"), &said(home, bot, args).await);
    }
    for made in ["one.backup", "one.jsonl", "9.json", "bundle.tar.gz"] {
        assert!(home.folder.path().join(made).exists(), "{made} was made");
    }
    let packed = std::fs::File::open(home.folder.path().join("bundle.tar.gz")).unwrap();
    let mut files = tar::Archive::new(flate2::read::GzDecoder::new(packed));
    for file in files.entries().unwrap() {
        let (mut file, mut text) = (file.unwrap(), String::new());
        let name = file.path().unwrap().display().to_string();
        file.read_to_string(&mut text).unwrap();
        silent(&format!("{name} of the bundle?"), &text);
    }
}

async fn asked_of_what_is_stored(home: &Home, bot: &str) {
    for args in [
        &["verify"][..],
        &["member", "erase", "--platform", "sent", "--user", "u9", "--data", "data"],
        &["seal"],
        &["seal", "--open"],
        &["restore", "one.backup", "--data", "restored"],
        &["import", "one.jsonl", "--data", "imported"],
        &["verify", "restored"],
    ] {
        silent(&format!("{args:?}?"), &said(home, bot, args).await);
    }
    for made in ["restored", "imported"] {
        assert!(home.folder.path().join(made).join("qunwei.db").exists(), "{made}");
    }
}

/// Good and bad requests at every door; what was answered.
async fn provoke(daemon: &Daemon, fake: &Fake) -> String {
    let http = client();
    let mut heard = String::new();
    let spam = |no: usize| {
        json!({"id": format!("m-{no}"), "type": "message", "group": "g1", "sender": {"id": "u9", "name": "小王曦曦"}, "text": "兼职刷单日结，加薇信 abc12345xyzzy",
        "quote": {"text": "引用的话曦曦", "sender": "u8"}})
        .to_string()
    };
    let command = json!({"id": "c-1", "type": "message", "group": "g1", "sender": {"id": "boss", "name": "小王曦曦"}, "content": [{"type": "text", "text": "/警告 "}, {"type": "mention", "user": "u9", "name": "小王曦曦"}, {"type": "text", "text": "原因曦曦"}]}).to_string();
    let broken = [
        r#"{"id":"x","type":"message","group":"g1","sender":{"id":"u9","name":"小王曦曦"},"text":7}"#.to_owned(),
        "{\"小王曦曦\":".to_owned(),
        "小王曦曦".to_owned(),
    ];
    let bodies: Vec<String> = (0..6).map(spam).chain([command]).chain(broken).collect();
    for (no, body) in bodies.iter().enumerate() {
        for secret in ["S_BRIDGE", "S_BRIDGE_OLD", "wrong"] {
            let secret = SECRETS
                .iter()
                .find(|(name, _)| *name == secret)
                .map_or("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX", |(_, value)| value);
            let (now, id) = (SystemClock.now(), format!("msg-{no}"));
            let signature = sign(&Secret::parse(secret).unwrap(), &id, now, body.as_bytes());
            for bridge in ["sent", "fetched", "nobody"] {
                let request = http.post(format!("http://{}/hooks/bridge/{bridge}", daemon.listen)).body(body.clone());
                let request = request
                    .header("webhook-id", &id)
                    .header("webhook-timestamp", header_seconds(now))
                    .header("webhook-signature", &signature);
                heard += &request.send().await.unwrap().text().await.unwrap();
            }
        }
    }
    for token in ["PullTokenXyzzy3333333333", "OldPullTokenXyzzy4444444", "guess"] {
        for path in ["fetched/actions?wait=0", "sent/actions?wait=0"] {
            let request = http.get(format!("http://{}/hooks/bridge/{path}", daemon.listen)).bearer_auth(token);
            let (status, text) = answered(request).await;
            // Actions themselves are for the bot.
            heard += if status == 200 { "" } else { &text };
        }
        let body = r#"{"failed":[{"id":"a-x","error":"小王曦曦 PullTokenXyzzy3333333333","final":true}],"done":[{"小王曦曦":1}]}"#;
        heard += &answered(
            http.post(format!("http://{}/hooks/bridge/fetched/actions/ack", daemon.listen))
                .bearer_auth(token)
                .body(body),
        )
        .await
        .1;
    }
    let address = |token: &str, key: &str, corp: &str| Address {
        url: format!("http://{}/hooks/wecom/corp/app/guard", daemon.listen),
        token: token.to_owned(),
        aes_key: key.to_owned(),
        receiveid: corp.to_owned(),
        format: Format::Xml,
    };
    let written = "<xml><ToUserName>ww5823bf96d3bd56c7</ToUserName><FromUserName>zhangsan</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType><Content>abc12345xyzzy 小王曦曦</Content><MsgId>1</MsgId><AgentID>1000002</AgentID></xml>";
    let (token, key) = (SECRETS[5].1, SECRETS[6].1);
    for address in [
        address(token, key, "ww5823bf96d3bd56c7"),
        address("guess", key, "ww5823bf96d3bd56c7"),
        address(token, "kWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "ww5823bf96d3bd56c7"),
        address(token, key, "wwOther"),
    ] {
        let manner = Manner { tries: 1, ..Manner::default() };
        address.post(&http, manner, written).await;
        address.post(&http, manner, "小王曦曦 no XML").await;
        address.verify(&http).await.ok();
    }
    assert!(!fake.url().is_empty());
    // What is to be sent is tried at least once, and fails in several ways.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    heard
}

async fn answered(request: reqwest::RequestBuilder) -> (u16, String) {
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test]
async fn check_and_the_other_commands_show_no_secret() {
    let bot = bad_bot().await;
    let home = bare();
    let vault = archive::Vault::new();
    configuration(&home, "http://127.0.0.1:9", "ws://127.0.0.1:9", &bot, &vault.library());
    for args in [&["check"][..], &["check", "--format", "json"], &["wecom", "check"], &["words", "explain", "加微信"]]
    {
        let output = said(&home, &bot, args).await;
        silent(&format!("{args:?}"), &output);
        assert!(!output.contains("secret.toml:"), "the configuration is sound: {output}");
    }
    // Now each in the wrong form, in the wrong place, and pasted where a name belongs.
    let wrong = r#"
[bridge.one]
secret_env = "S_BAD_ONE"
token_env = "S_BAD_TWO"
[bridge.two]
secret = "whsec_QnJpZGdlU2VjcmV0Wlp6enoxMTExMTEx"
token = "PullTokenXyzzy3333333333"
[bridge.three]
secret_env = "whsec_QnJpZGdlU2VjcmV0Wlp6enoxMTExMTEx"
actions_url = "http://UrlUserXyzzy:UrlPasswordXyzzy@[bad/UrlPathXyzzy?key=UrlKeyXyzzy"
[bridge.four]
secret_env = "S_BAD_THREE"
actions_url_env = "S_BAD_THREE"
[wecom.two]
corp_id = "ww5823bf96d3bd56c8"
api_url = "ftp://UrlUserXyzzy:UrlPasswordXyzzy@x/"
[wecom.two.app.a]
agent_id = 1
secret_env = "AppSecretXyzzy5555555555aaaaaaa"
secret = "AppSecretXyzzy5555555555"
aes_key_env = "S_BAD_TWO"
token_env = "S_BAD_THREE"
aes_key = "AesKeyXyzzy77777777777777777777777777777777"
[wecom.two.group.wr1]
robot_env = "S_BAD_THREE"
robot = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=robot-key-xyzzy-00000000"
[wecom.two.archive]
library = "x"
secret_env = "S_BAD_THREE"
private_keys = ["1:key.txt"]
"#;
    home.write("config/zz.toml", wrong);
    home.write("config/key.txt", "ArchiveSecretXyzzy999999 is no key");
    for args in [
        &["check"][..],
        &["check", "--format", "json"],
        &["scan"],
        &["replay"],
        &["wecom", "check"],
        &["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data", "data"],
    ] {
        let output = said(&home, &bot, args).await;
        assert!(output.contains("zz.toml"), "{args:?}: {output}");
        silent(&format!("{args:?} of a broken one"), &output);
    }
    // On the command line.
    let output = said(&home, &bot, &["demo", "--listen", "0.0.0.0:0", "--token", "Xyzzycc"]).await;
    silent("demo", &output);
    assert!(output.contains("token"), "{output}");
}

/// What a person may print when looking for a fault.
#[test]
fn no_debug_output_of_a_configuration_holds_a_secret() {
    let home = bare();
    let vault = archive::Vault::new();
    configuration(&home, "http://127.0.0.1:9", "ws://127.0.0.1:9", "http://127.0.0.1:9", &vault.library());
    let env = |name: &str| match name {
        "U_ACTIONS" => Some("http://127.0.0.1:9/UrlPathXyzzy?key=UrlKeyXyzzy".to_owned()),
        "U_FORWARD" => Some("http://127.0.0.1:9/UrlPathXyzzy?key=UrlKeyXyzzy".to_owned()),
        name => SECRETS.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string()),
    };
    let config = qunwei::config::load(&home.config(), &env).unwrap_or_else(|faults| panic!("{faults:#?}"));
    assert!(config.notes.is_empty() || config.daemon.bridges.len() >= 3, "{:?}", config.notes);
    assert_eq!(config.daemon.wecom.len(), 1);
    for output in [
        format!("{config:?}"),
        format!("{config:#?}"),
        format!("{:?}", config.daemon),
        format!("{:?}", config.daemon.wecom),
        format!("{:?}", config.daemon.bridges),
    ] {
        silent("Debug", &output);
    }
    // What the store keeps of a configuration has names of variables, and no secret.
    let kept: String = config.files.iter().map(|(_, text)| text.as_str()).collect();
    silent("what is kept", &kept);
}
