//! A fake WeCom on this machine, to rehearse a whole deployment with: `cargo run --example fake-wecom`.
//!
//! Point `api_url` of `[wecom.NAME]` at the address it prints, then play the people through `POST /fake/…`
//! (`GET /fake/help` says what there is).

#![allow(clippy::print_stdout, reason = "its addresses are for people")]

mod aibot;
mod archive;
mod fake;
mod rehearse;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use self::aibot::Openws;
use self::archive::Folder;
use self::fake::model::{Kind, Model, Permission};
use self::fake::{Fake, machine};

const USAGE: &str =
    "usage: fake-wecom [--listen 127.0.0.1:8790] [--aibot-listen 127.0.0.1:8791] [--archive FOLDER] [--empty]";

/// The smart robot whose long connection is there.
const AIBOT: (&str, &str) = ("fake-aibot", "fake-aibot-secret");

/// What the corp that it begins with is made of.
const KEY: &str = "fake-robot-key-1";
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

/// What it was started with.
struct Arguments {
    listen: SocketAddr,
    aibot_listen: SocketAddr,
    archive: Option<PathBuf>,
    empty: bool,
}

fn arguments() -> Result<Arguments, String> {
    let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let mut told = Arguments { listen: at(8790), aibot_listen: at(8791), archive: None, empty: false };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--listen" | "--aibot-listen" => {
                let address: Option<SocketAddr> = arguments.next().and_then(|text| text.parse().ok());
                let address = address.ok_or(format!("`{argument}` needs an address such as 127.0.0.1:8790"))?;
                if !address.ip().is_loopback() {
                    return Err("only a loopback address: whoever reaches it can do anything".to_owned());
                }
                *(if argument == "--listen" { &mut told.listen } else { &mut told.aibot_listen }) = address;
            }
            "--archive" => told.archive = Some(arguments.next().ok_or("`--archive` needs a folder")?.into()),
            "--empty" => told.empty = true,
            _ => return Err(format!("there is no `{argument}`")),
        }
    }
    Ok(told)
}

/// Starts what is read elsewhere, and says where it is.
async fn elsewhere(fake: &Fake, told: &Arguments) -> Result<(), String> {
    let openws = Openws::start(told.aibot_listen).await;
    let openws = openws.map_err(|error| format!("{} cannot be listened on: {error}", told.aibot_listen))?;
    openws.model().bots.insert(AIBOT.0.to_owned(), AIBOT.1.to_owned());
    println!("ws_url   {} (bot id {}, secret {})", openws.url(), AIBOT.0, AIBOT.1);
    tokio::spawn(rehearse::robots(fake.clone(), openws));
    if let Some(folder) = &told.archive {
        let folder = Folder::open(folder)?;
        println!("archive  secret {}, private key of version 1 {}", folder.secret(), folder.key().display());
        println!("         library: cc -shared -fPIC -O1 -o libmock.so examples/fake-wecom/archive/mock.c");
        tokio::spawn(rehearse::archive(fake.clone(), folder));
    }
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    let told = match arguments() {
        Ok(told) => told,
        Err(why) => {
            println!("{why}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let (listen, empty) = (told.listen, told.empty);
    let fake = match Fake::start(listen, machine()).await {
        Ok(fake) => fake,
        Err(error) => {
            println!("{listen} cannot be listened on: {error}");
            return ExitCode::FAILURE;
        }
    };
    if !empty {
        scene(&mut fake.model());
    }
    println!("api_url  {}", fake.url());
    println!("control  {0}/fake/help", fake.url());
    let corp = fake.model().corp.clone();
    println!("corp_id  {corp}");
    if !empty {
        println!("webhook  {}", fake.webhook(KEY));
        for (agent, secret, permission) in SECRETS {
            println!("secret   {secret} ({permission:?}, agent id {agent})");
        }
    }
    if let Err(why) = elsewhere(&fake, &told).await {
        println!("{why}");
        return ExitCode::FAILURE;
    }
    std::future::pending().await
}
