//! What is shipped for operators is true: the dashboard and the alert rules speak of metrics and labels that the daemon has,
//! the files parse, and systemd is told what its unit says.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use regex::Regex;
use serde_json::{Value, json};

use crate::support::archive::{self, Vault};
use crate::support::daemon::Home;
use crate::support::fake_wecom::Fake;
use crate::support::foreign::needed;
use crate::support::{World, root, signed};

/// Labels that Prometheus itself adds.
const ADDED: [&str; 3] = ["instance", "job", "le"];

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

fn yaml(path: &str) -> Value {
    serde_saphyr::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A daemon in which everything that is counted has happened, and what its metrics are called, with their labels.
async fn metrics() -> BTreeMap<String, BTreeSet<String>> {
    let vault = Vault::new();
    vault.tell("fail", "GetChatData 10001");
    let key = vault.folder.path().join("key-1.pem");
    std::fs::write(&key, archive::pem(1)).unwrap();
    let wecom = Fake::start(([127, 0, 0, 1], 0).into(), Arc::new(|| 0)).await.unwrap(); // it knows no such company
    let company = format!(
        "[wecom.corp]\ncorp_id = \"ww1\"\napi_url = \"{}\"\n[wecom.corp.archive]\nlibrary = \"{}\"\n\
         secret_env = \"ARCHIVE\"\nprivate_keys = [\"1:{}\"]\n[wecom.corp.aibot.guard]\nbot_id = \"aib-1\"\nsecret_env = \"BOT\"\n\
         ws_url = \"ws://127.0.0.1:9\"\n[wecom.corp.aibot.beside]\nbot_id = \"aib-2\"\ntoken_env = \"TOKEN\"\naes_key_env = \"AES\"\n\
         forward_url = \"{}\"\n",
        wecom.url(),
        vault.library().display(),
        key.display(),
        wecom.url(), // a bot that answers something
    );
    let archive = format!("dir:{}", vault.folder.path().display());
    let env = [
        ("ARCHIVE", archive),
        ("BOT", "bot-secret".to_owned()),
        ("TOKEN", "callback-token".to_owned()),
        ("AES", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C".to_owned()),
    ];
    let env = env.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let bridge = "[bridge.slow]\nsecret_env = \"QUNWEI_EXAMPLE_SECRET\"\nactions_url = \"http://127.0.0.1:9/\"\n\
         requests_per_minute = 1\ncapabilities = [\"send\"]\n[daemon.backup]\nfolders = [\"/nowhere\"]\n";
    let mut world = World::with_env(&format!("{bridge}{company}"), env).await;
    world.say("u1", "加微信 abc12345").await;
    world.say("u1", "/群规").await;
    for at in 0..2 {
        let body = json!([]).to_string().into_bytes();
        let headers = signed(&format!("slow-{at}"), world.clock_now(), &body);
        world.post_to("slow", &headers, body).await;
    }
    // Signed by nobody: it goes on to the bot behind, unjudged.
    world
        .post_to("../wecom/corp/aibot/beside?msg_signature=x&timestamp=1&nonce=1", &[], b"{\"encrypt\":\"x\"}".to_vec())
        .await;
    world.settled().await;
    while world.bot.read().is_some() {}
    world.turn(Duration::from_secs(600)); // who is silent is looked at now and then
    let late =
        ["archive_library_errors_total{", "aibot_unacknowledged_total{", "silent_groups{", "wecom_errors_total{"];
    let mut text = String::new();
    let begun = Instant::now();
    while !late.iter().all(|name| text.contains(name)) {
        assert!(begun.elapsed() < Duration::from_secs(60), "{text}");
        tokio::time::sleep(Duration::from_millis(10)).await;
        text = world.admin("/metrics").await.1;
    }
    for line in [
        r#"qunwei_archive_library_errors_total{platform="corp",code="10001"}"#,
        r#"qunwei_aibot_connected{platform="corp",aibot="guard"} 0"#,
        r#"qunwei_unjudged_total{door="corp/aibot/beside",why="signature"} 1"#,
    ] {
        assert!(text.contains(line), "{text}");
    }
    world.down().await;
    let sample = Regex::new(r"(?m)^(\w+)(?:\{(.*)\})? ").unwrap();
    let label = Regex::new(r#"(\w+)=""#).unwrap();
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for found in sample.captures_iter(&text) {
        let labels = found.get(2).map_or("", |labels| labels.as_str());
        let labels = label.captures_iter(labels).map(|name| name[1].to_owned());
        known.entry(found[1].to_owned()).or_default().extend(labels);
    }
    known
}

/// What is wrong with the names in an expression, and in the words beside it that name labels.
fn unknown(expression: &str, words: &str, known: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let name = Regex::new(r"\bqunwei_\w+").unwrap();
    let matcher = Regex::new(r#"(qunwei_\w+)\{([^}]*)\}"#).unwrap();
    let label = Regex::new(r#"(\w+)\s*(?:=~|!~|!=|=)\s*""#).unwrap();
    let by = Regex::new(r"\b(?:by|without|on)\s*\(([^)]*)\)").unwrap();
    let shown = Regex::new(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}").unwrap();
    let mut faults = Vec::new();
    let mut labels: BTreeSet<&str> = ADDED.into();
    for metric in name.find_iter(expression).map(|found| found.as_str()) {
        match known.get(metric) {
            Some(own) => labels.extend(own.iter().map(String::as_str)),
            None => faults.push(format!("there is no metric {metric}")),
        }
    }
    for found in matcher.captures_iter(expression) {
        let own = known.get(&found[1]);
        for word in label.captures_iter(&found[2]).map(|word| word[1].to_owned()) {
            if !ADDED.contains(&word.as_str()) && !own.is_some_and(|own| own.contains(&word)) {
                faults.push(format!("{} has no label {word}", &found[1]));
            }
        }
    }
    let grouped = by
        .captures_iter(expression)
        .flat_map(|found| found[1].split(',').map(|word| word.trim().to_owned()).collect::<Vec<_>>());
    let named = shown.captures_iter(words).map(|found| found[1].to_owned());
    for word in grouped.chain(named).filter(|word| word != "value" && !labels.contains(word.as_str())) {
        faults.push(format!("no metric here has a label {word}"));
    }
    faults
}

#[tokio::test]
async fn the_dashboard_and_the_alerts_name_what_there_is() {
    let known = metrics().await;
    let mut faults = Vec::new();
    let mut look = |place: &str, expression: &str, words: &str| {
        assert!(expression.contains("qunwei"), "{place} speaks of something else: {expression}");
        faults.extend(unknown(expression, words, &known).into_iter().map(|fault| format!("{place}: {fault}")));
    };
    let dashboard: Value = serde_json::from_str(&read("packaging/grafana.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    for panel in panels {
        for target in panel["targets"].as_array().unwrap() {
            let legend = target["legendFormat"].as_str().unwrap();
            look(panel["title"].as_str().unwrap(), target["expr"].as_str().unwrap(), legend);
        }
    }
    let ids: BTreeSet<i64> = panels.iter().map(|panel| panel["id"].as_i64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "each panel has an id of its own");
    let rules = yaml("packaging/alerts.yaml");
    let rules = rules["groups"][0]["rules"].as_array().unwrap();
    for rule in rules {
        let words = rule["annotations"].to_string();
        look(rule["alert"].as_str().unwrap(), rule["expr"].as_str().unwrap(), &words);
        assert!(rule["annotations"]["summary"].is_string() && rule["labels"]["severity"].is_string(), "{rule}");
    }
    assert_eq!(faults, Vec::<String>::new());
    let wrong = unknown("sum by (bot) (qunwei_event_total) + qunwei_requests_total{code=\"4\"}", "{{ who }}", &known);
    assert_eq!(wrong.len(), 4, "the test itself finds what is wrong: {wrong:?}");
}

/// Prometheus' own tool, where it is installed; what it said and whether it was content.
fn promtool(args: &[&str]) -> Option<(bool, String)> {
    let output = Command::new("promtool").args(args).current_dir(root().join("packaging")).output();
    let output = needed("promtool (Debian: prometheus)", output.map_err(|error| error.to_string()))?;
    let said = [output.stdout, output.stderr].concat();
    Some((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
}

#[test]
fn prometheus_takes_the_rules_and_every_expression_of_the_dashboard() {
    for args in [["check", "rules", "alerts.yaml"], ["test", "rules", "alerts.test.yaml"]] {
        let Some((content, said)) = promtool(&args) else { return };
        assert!(content, "{args:?}: {said}");
    }
    let dashboard: Value = serde_json::from_str(&read("packaging/grafana.json")).unwrap();
    let targets = dashboard["panels"].as_array().unwrap().iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let started = &dashboard["annotations"]["list"][0];
    let record = |target: &Value| {
        let expr = target["expr"].as_str().unwrap().replace("$__rate_interval", "5m").replace("$instance", ".+");
        json!({"record": "dashboard", "expr": expr, "labels": {"of": expr}})
    };
    let rules: Vec<Value> = targets.chain([started]).map(record).collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    let groups = json!({"groups": [{"name": "dashboard", "rules": rules}]});
    std::fs::write(file.path(), groups.to_string()).unwrap();
    let (content, said) = promtool(&["check", "rules", file.path().to_str().unwrap()]).unwrap();
    assert!(content, "{said}");
}

#[test]
fn compose_and_image_agree() {
    let compose = yaml("compose.yaml");
    let service = &compose["services"]["qunwei"];
    let image = read("Dockerfile");
    let health = service["healthcheck"]["test"].as_array().unwrap().iter().skip(1).cloned().collect::<Vec<_>>();
    let health = serde_json::to_string(&health).unwrap().replace(',', ", ");
    assert!(image.contains(&format!("CMD {health}")), "{health} is the HEALTHCHECK of the Dockerfile");
    for volume in service["volumes"].as_array().unwrap() {
        let inside = volume.as_str().unwrap().split(':').nth(1).unwrap();
        assert!(
            image.contains(inside) || ["/config", "/wordlists"].iter().any(|end| inside.ends_with(end)),
            "{inside}"
        );
    }
    assert_eq!((&service["read_only"], &service["cap_drop"]), (&json!(true), &json!(["ALL"])));
    let tests = yaml("packaging/alerts.test.yaml");
    assert_eq!(tests["rule_files"], json!(["alerts.yaml"]));
}

/// What the daemon says to whoever started it, until it says this.
fn told(socket: &UnixDatagram, word: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut buffer = [0; 256];
    while all.last().is_none_or(|last| last != word) {
        let length = socket.recv(&mut buffer).unwrap_or_else(|error| panic!("{word} was not said: {error}: {all:?}"));
        all.push(String::from_utf8_lossy(&buffer[..length]).trim().to_owned());
    }
    all
}

#[tokio::test]
async fn systemd_is_told_that_it_is_ready_alive_and_stopping() {
    let home = Home::new();
    let path = home.folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut command = home.serve();
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "100000");
    let daemon = crate::support::daemon::Daemon::start(command, &home.folder.path().join("stderr")).await;
    assert_eq!(told(&socket, "READY=1"), ["READY=1"]);
    for _ in 0..3 {
        assert_eq!(told(&socket, "WATCHDOG=1"), ["WATCHDOG=1"]);
    }
    daemon.stop().await;
    assert!(told(&socket, "STOPPING=1").iter().rev().skip(1).all(|word| word == "WATCHDOG=1"));
    let unit = read("packaging/qunwei.service");
    assert!(unit.contains("Type=notify\n") && unit.contains("WatchdogSec="));
}
