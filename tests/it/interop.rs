//! The bridge with the stock Standard Webhooks library of Python on the bot's side.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::daemon::{Daemon, Home};
use crate::support::foreign::{needed, python, run};
use crate::support::{SECRET, TOKEN, root};

const LIBRARY: &str = "standardwebhooks==1.0.1";

struct Bot {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Bot {
    fn start(python: &Path) -> (Self, u64) {
        let mut command = Command::new(python);
        command.arg(root().join("tests/interop/bot.py")).env("QUNWEI_EXAMPLE_SECRET", SECRET);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut bot = Self { child, stdin, stdout };
        let port = bot.read()["port"].as_u64().unwrap();
        (bot, port)
    }

    fn read(&mut self) -> Value {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    fn ask(&mut self, command: &Value) -> Value {
        writeln!(self.stdin, "{command}").unwrap();
        self.read()
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stock_library_of_python_understands_the_bridge() {
    let Some(python) = needed(LIBRARY, python(&[LIBRARY])) else { return };
    let (mut bot, port) = Bot::start(&python);
    let mut home = Home::new();
    home.actions_url = format!("http://127.0.0.1:{port}/actions");
    let daemon = home.start().await;
    let url = format!("http://{}/hooks/bridge/example", daemon.listen);
    let message = |id: &str, user: &str| {
        json!({"id": id, "type": "message", "group": "g1", "sender": {"id": user, "name": "小王"},
               "text": "兼职刷单日结，加薇信 abc12345"})
    };
    let mut post = |events: &[Value], spoil: Option<&str>| {
        let answer = bot.ask(&json!({"post": events, "to": url, "spoil": spoil}));
        (answer["status"].as_u64().unwrap(), answer["answer"].clone())
    };
    for spoil in ["signature", "time", "body"] {
        let (status, answer) = post(&[message("m-0", "7")], Some(spoil));
        assert!(status == 401 && answer["error"].is_string(), "{spoil}: {status} {answer}");
    }
    assert_eq!(post(&[message("m-1", "9")], None), (200, json!({"accepted": 1, "duplicates": 0})));
    let array = [message("m-1", "9"), message("m-2", "8"), message("m-3", "7")];
    assert_eq!(post(&array, None), (200, json!({"accepted": 2, "duplicates": 1})));
    let (status, answer) = post(&[message("m-4", "9"), json!({"id": "m-5"})], None);
    assert_eq!((status, &answer["index"], &answer["field"]), (400, &json!(1), &json!("type")), "{answer}");

    let seen = bot.ask(&json!({"actions": 6}));
    assert_eq!(seen["refused"], json!([]), "the library refused a signature of ours");
    let actions = seen["actions"].as_array().unwrap();
    let mut kinds: Vec<String> =
        actions.iter().map(|action| format!("{} {}", action["type"], action["cause"]["event"])).collect();
    kinds.sort();
    let expected =
        ["delete", "private"].into_iter().flat_map(|kind| (1..4).map(move |at| format!("{kind:?} \"m-{at}\"")));
    assert_eq!(kinds, expected.collect::<Vec<_>>());
    daemon.stop().await;
    let message: String = home
        .database()
        .query_row("SELECT message FROM outbox WHERE state = 'done' LIMIT 1", [], |row| row.get(0))
        .unwrap();
    assert!(message.starts_with("became-a-"), "what the bot says it became: {message}");
}

/// The bot of the README that fetches its actions, which needs nothing but Python itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bot_that_fetches_its_actions_does_so() {
    let Some(()) = needed("Python", run(Command::new("python3").arg("--version"))) else { return };
    let home = Home::new();
    let (url, token) = (r#"actions_url_env = "QUNWEI_EXAMPLE_ACTIONS_URL""#, r#"token_env = "QUNWEI_EXAMPLE_TOKEN""#);
    home.edit("config/qunwei.toml", &format!("\n{url}"), &format!("\n{token}"));
    let mut command = home.serve();
    command.env("QUNWEI_EXAMPLE_TOKEN", TOKEN);
    let daemon = Daemon::start(command, &home.folder.path().join("stderr")).await;
    let mut bot = Command::new("python3");
    bot.arg(root().join("docs/pull_bot.py")).env("QUNWEI_EXAMPLE_TOKEN", TOKEN).env("NO_PROXY", "*");
    bot.env("QUNWEI_BRIDGE", format!("http://{}/hooks/bridge/example", daemon.listen));
    let mut bot = bot.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut said = BufReader::new(bot.stdout.take().unwrap());
    let message = json!({"id": "m-1", "type": "message", "group": "g1", "sender": {"id": "u1", "name": "小王"},
                         "text": "兼职刷单日结，加薇信 abc12345"});
    assert_eq!(daemon.post("msg_1", &message.to_string()).await.unwrap().0, 200);
    let lines = tokio::task::spawn_blocking(move || {
        let (mut actions, mut accepted) = (Vec::new(), 0);
        while accepted < 2 {
            let mut line = String::new();
            assert!(said.read_line(&mut line).unwrap() > 0, "the bot ended after {actions:?}");
            match line.split_once("{'accepted': ") {
                Some((_, rest)) => accepted += rest.split(',').next().unwrap().parse::<usize>().unwrap(),
                None => actions.push(line),
            }
        }
        actions
    });
    let actions = tokio::time::timeout(Duration::from_secs(60), lines).await.expect("both are done").unwrap();
    bot.kill().unwrap();
    bot.wait().unwrap();
    assert_eq!(actions.len(), 2, "a private word and a deletion, each once: {actions:?}");
    daemon.stop().await;
    let sql = "SELECT count(*) FROM outbox WHERE state = 'done'";
    let done: i64 = home.database().query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(done, 2);
}
