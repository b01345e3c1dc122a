//! A fake WeCom on this machine, to rehearse a whole deployment with: `cargo run --example fake-wecom`.
//!
//! Point `api_url` of `[wecom.NAME]` at the address it prints, then play the people through `POST /fake/…`
//! (`GET /fake/help` says what there is).

#![allow(clippy::print_stdout, reason = "its addresses are for people")]

mod fake;

use std::net::SocketAddr;
use std::process::ExitCode;

use self::fake::model::{Kind, Model, Permission};
use self::fake::{Fake, machine};

const USAGE: &str = "usage: fake-wecom [--listen 127.0.0.1:8790] [--empty]";

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

fn arguments() -> Result<(SocketAddr, bool), String> {
    let (mut listen, mut empty) = (SocketAddr::from(([127, 0, 0, 1], 8790)), false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--listen" => {
                let address = arguments.next().and_then(|text| text.parse().ok());
                listen = address.ok_or("`--listen` needs an address such as 127.0.0.1:8790")?;
            }
            "--empty" => empty = true,
            _ => return Err(format!("there is no `{argument}`")),
        }
    }
    if !listen.ip().is_loopback() {
        return Err("only a loopback address: whoever reaches it can do anything".to_owned());
    }
    Ok((listen, empty))
}

#[tokio::main]
async fn main() -> ExitCode {
    let (listen, empty) = match arguments() {
        Ok(arguments) => arguments,
        Err(why) => {
            println!("{why}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
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
    std::future::pending().await
}
