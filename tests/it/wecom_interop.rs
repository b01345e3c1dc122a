//! What other people's libraries seal is opened here, and the other way round.

use std::process::Command;

use qunwei::adapters::wecom::crypt::{Crypt, Signed};
use serde_json::{Value, json};

use crate::fake_wecom::{self, Address};
use crate::support::corp::{APP, CORP, Corp, KEY, ONCE, ROBOT, TOKEN};
use crate::support::dice::Dice;
use crate::support::foreign::{Foreign, needed, node, python};
use crate::support::root;

/// The libraries, and what the first of them does not name itself.
const PYTHON: [&str; 3] = ["wechatpy==1.8.18", "pycryptodome==4.4.0", "xmltodict==1.0.4"];
const NODE: [&str; 1] = ["@wecom/crypto@1.0.1"];

/// Random messages each way.
const ROUNDS: usize = 200;

const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

fn text(dice: &mut Dice, signs: &str, length: u64) -> String {
    let signs: Vec<char> = signs.chars().collect();
    (0..length).map(|_| signs[dice.below(signs.len() as u64) as usize]).collect()
}

/// A message, and what both sides know.
fn asked(dice: &mut Dice) -> Value {
    let key = text(dice, LETTERS, 43);
    let receiveid = if dice.percent(30) { String::new() } else { format!("ww{}", text(dice, "0123456789abcdef", 16)) };
    let length = dice.below(300);
    let message = text(dice, "ab <>&\"'\n]中文群卫🐎\u{2005}é", length);
    let (token, nonce) = (text(dice, LETTERS, 1 + length % 32), text(dice, LETTERS, 1 + length % 20));
    json!({"token": token, "key": key, "receiveid": receiveid, "timestamp": (1_700_000_000 + length).to_string(), "nonce": nonce,
           "message": message})
}

fn word<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

fn opened(asked: &Value, sealed: &Value) -> String {
    let crypt = Crypt::new(word(asked, "token"), word(asked, "key"), word(asked, "receiveid")).unwrap();
    let signed = Signed {
        signature: word(sealed, "signature"),
        timestamp: word(asked, "timestamp"),
        nonce: word(asked, "nonce"),
        encrypted: word(sealed, "encrypted"),
    };
    String::from_utf8(crypt.open(signed).unwrap_or_else(|why| panic!("{why:?}: {asked} {sealed}"))).unwrap()
}

/// Random messages through a library and ours, each way.
fn round_trips(library: &mut Foreign, seed: u64) {
    let mut dice = Dice::new(seed);
    for _ in 0..ROUNDS {
        let mut asked = asked(&mut dice);
        let message = word(&asked, "message").to_owned();
        asked["seal"] = json!(message);
        let sealed = library.ask(&asked);
        assert_eq!(opened(&asked, &sealed), message, "{asked}");
        let crypt = Crypt::new(word(&asked, "token"), word(&asked, "key"), word(&asked, "receiveid")).unwrap();
        let ours = crypt.encrypt(message.as_bytes(), dice.roll().to_le_bytes().repeat(2).try_into().unwrap());
        let fakes = fake_wecom::encrypt(word(&asked, "key"), word(&asked, "receiveid"), message.as_bytes(), [7; 16]);
        asked.as_object_mut().unwrap().remove("seal");
        for encrypted in [ours, fakes] {
            let signature = crypt.signature(word(&asked, "timestamp"), word(&asked, "nonce"), &encrypted);
            (asked["open"], asked["signature"]) = (json!(encrypted), json!(signature));
            assert_eq!(library.ask(&asked), json!({ "text": message }), "{asked}");
        }
        asked["signature"] = json!("0".repeat(40));
        assert!(library.ask(&asked)["error"].is_string());
    }
}

/// The sample of WeCom's documents, as the library opens it too; and what it seals, posted to our addresses.
async fn over_http(library: &mut Foreign) {
    let sample = json!({"token": TOKEN, "key": KEY, "receiveid": CORP, "timestamp": "1409659589", "nonce": "263014780",
        "signature": "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3",
        "open": "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="});
    assert_eq!(library.ask(&sample), json!({"text": "1616140317555161061"}));
    let corp = Corp::new().await;
    for (door, plain) in [(APP, corp.written(7, "早")), (ROBOT, corp.spoken("M1", "早"))] {
        let Address { url, receiveid, .. } = corp.address(door);
        let (timestamp, nonce) = (corp.seconds().to_string(), "n1");
        let sealed = library.ask(&json!({"seal": plain, "token": TOKEN, "key": KEY, "receiveid": receiveid, "timestamp": timestamp, "nonce": nonce}));
        let url = format!("{url}?msg_signature={}&timestamp={timestamp}&nonce={nonce}", word(&sealed, "signature"));
        let encrypted = word(&sealed, "encrypted");
        let body = match door {
            APP => format!("<xml><ToUserName>{CORP}</ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"),
            _ => json!({ "encrypt": encrypted }).to_string(),
        };
        let answer = corp.client.post(url).body(body).timeout(ONCE.patience).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{door}");
    }
    assert_eq!(corp.ids(), ["app:7", "aibot:M1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wechatpy_of_python_and_we_understand_each_other() {
    let Some(python) = needed("wechatpy", python(&PYTHON)) else { return };
    let mut library = Foreign::start(Command::new(python).arg(root().join("tests/interop/wecom_crypt.py")));
    round_trips(&mut library, 20_261_126);
    over_http(&mut library).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wecoms_own_library_for_node_and_we_understand_each_other() {
    let Some(folder) = needed("@wecom/crypto", node(&NODE)) else { return };
    let mut library = Foreign::start(Command::new("node").arg(root().join("tests/interop/wecom_crypt.js")).arg(folder));
    round_trips(&mut library, 20_261_127);
    over_http(&mut library).await;
}
