//! A fake WeCom on this machine, to rehearse a whole deployment with: `cargo run --example fake-wecom`.
//!
//! Point `api_url` of `[wecom.NAME]` at the address it prints, then play the people through `POST /fake/…`
//! (`GET /fake/help` says what there is).

#![allow(clippy::print_stdout, reason = "its addresses are for people")]

mod fake;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use self::fake::aibot::Openws;
use self::fake::model::{Kind, Model, Permission};
use self::fake::vault::Vault;
use self::fake::{Fake, machine};

const USAGE: &str =
    "usage: fake-wecom [--listen 127.0.0.1:8790] [--openws 127.0.0.1:8791] [--archive FOLDER] [--empty]";

/// What the corp that it begins with is made of.
const KEY: &str = "fake-robot-key-1";
const BOT: (&str, &str) = ("aibFAKE", "fake-bot-secret");
const SECRETS: [(i64, &str, Permission); 3] = [
    (1_000_002, "fake-app-secret", Permission::App),
    (0, "fake-customer-secret", Permission::Customer),
    (0, "fake-archive-secret", Permission::Archive),
];

fn scene(model: &mut Model) {
    for (user, name) in [("zhangsan", "张三"), ("lisi", "李四"), ("wangwu", "王五")] {
        model.hire(user, name);
    }
    for (agent, secret, permission) in SECRETS {
        model.app(agent, secret, permission);
    }
    model.group("wrFAKEcustomer", Kind::Customer, "客户一群", &["zhangsan", "lisi"]);
    model.group("internalchat", Kind::Internal, "内部群", &["zhangsan", "lisi", "wangwu"]);
    model.group("appchat1", Kind::App(1_000_002), "应用群", &["zhangsan", "lisi", "wangwu"]);
    model.robot(KEY, "internalchat");
    model.archived = vec!["zhangsan".to_owned(), "lisi".to_owned()];
}

/// What was asked for.
struct Arguments {
    listen: SocketAddr,
    openws: SocketAddr,
    archive: Option<PathBuf>,
    empty: bool,
}

fn arguments() -> Result<Arguments, String> {
    let (listen, openws) = ([127, 0, 0, 1], 8790_u16);
    let mut wanted =
        Arguments { listen: (listen, openws).into(), openws: (listen, openws + 1).into(), archive: None, empty: false };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("`{argument}` needs a value"));
        let address = |text: String| text.parse().map_err(|_| format!("`{text}` is no address such as 127.0.0.1:8790"));
        match argument.as_str() {
            "--listen" => wanted.listen = address(value()?)?,
            "--openws" => wanted.openws = address(value()?)?,
            "--archive" => wanted.archive = Some(value()?.into()),
            "--empty" => wanted.empty = true,
            _ => return Err(format!("there is no `{argument}`")),
        }
    }
    if !(wanted.listen.ip().is_loopback() && wanted.openws.ip().is_loopback()) {
        return Err("only loopback addresses: whoever reaches them can do anything".to_owned());
    }
    Ok(wanted)
}

/// Starts everything, says where it is, and goes on.
async fn run(wanted: &Arguments) -> Result<(), String> {
    let cannot = |address: SocketAddr| move |error| format!("{address} cannot be listened on: {error}");
    let fake = Fake::start(wanted.listen, machine()).await.map_err(cannot(wanted.listen))?;
    let openws = Openws::start(wanted.openws).await.map_err(cannot(wanted.openws))?;
    println!("api_url  {}", fake.url());
    println!("ws_url   {}", openws.url());
    println!("control  {0}/fake/help", fake.url());
    println!("corp_id  {}", fake.model().corp.clone());
    if !wanted.empty {
        scene(&mut fake.model());
        openws.model().bots.insert(BOT.0.to_owned(), BOT.1.to_owned());
        println!("webhook  {}", fake.webhook(KEY));
        println!("aibot    {} with the secret {}", BOT.0, BOT.1);
        for (agent, secret, permission) in SECRETS {
            println!("secret   {secret} ({permission:?}, agent id {agent})");
        }
    }
    if let Some(folder) = &wanted.archive {
        let vault = Vault::make(folder)?;
        println!("archive  library {}", vault.library().display());
        println!("archive  private key of version 1 {}", vault.private_key().display());
        println!("archive  secret {}", vault.secret());
        // The library is given the secret, and so is the interface that lists whose messages are kept.
        fake.model().app(0, &vault.secret(), Permission::Archive);
        fake.hooks().vault = Some(vault);
    }
    fake.hooks().openws = Some(openws);
    std::future::pending().await
}

#[tokio::main]
async fn main() -> ExitCode {
    let wanted = match arguments() {
        Ok(wanted) => wanted,
        Err(why) => {
            println!("{why}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(&wanted).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            println!("{why}");
            ExitCode::FAILURE
        }
    }
}
