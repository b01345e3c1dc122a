//! The playground over HTTP: what a page is told and may do, and what keeps others out.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::clock::HandClock;
use crate::support::daemon::{qunwei, stderr};
use crate::support::playground::Play;
use crate::support::{MORNING, until};

const SPAM: &str = "兼职刷单，加 薇 信 abc12345 领红包";

#[tokio::test]
async fn a_verdict_is_explained_with_the_characters_it_rests_on() {
    let play = Play::start().await;
    let mut feed = play.feed().await;
    let id = play.say("ad01", SPAM).await;
    let verdict = feed.verdict(&id).await;
    assert_eq!(
        (&verdict["verdict"], &verdict["user"], &verdict["text"]),
        (&json!("violation"), &json!("ad01"), &json!(SPAM))
    );
    let findings = verdict["findings"].as_array().unwrap();
    let word = findings.iter().find(|one| one["kind"] == "keywords" && one["dropped"] != 0).unwrap();
    let (start, end) = (word["start"].as_u64().unwrap() as usize, word["end"].as_u64().unwrap() as usize);
    let marked: String = SPAM.chars().skip(start).take(end - start).collect();
    assert_eq!(word["matched"], json!(marked));
    assert!(word["title"].as_str().is_some_and(|title| !title.is_empty()) && word["why_not"].is_null(), "{word}");
    let case = &verdict["case"];
    assert_eq!(
        (&case["no"], &case["strikes"], &case["step"], &case["next"]),
        (&json!(1), &json!(1), &json!(0), &json!(1))
    );
    let rung = json!({"step": "mute", "seconds": 86400});
    assert_eq!((case["ladder"].as_array().unwrap().len(), &case["ladder"][2]), (4, &rung));
    let mut done: Vec<_> =
        verdict["actions"].as_array().unwrap().iter().map(|one| one["what"].as_str().unwrap()).collect();
    done.sort_unstable();
    assert_eq!(done, ["delete", "private"]);
    assert!(verdict["actions"].as_array().unwrap().iter().all(|one| one["state"] == "done"), "{verdict}");
    play.stop().await;
}

#[tokio::test]
async fn what_is_passed_over_says_why() {
    let play = Play::start().await;
    let mut feed = play.feed().await;
    let id = play.say("li", SPAM).await;
    let verdict = feed.verdict(&id).await;
    assert_eq!(
        (&verdict["verdict"], &verdict["role"], &verdict["case"]),
        (&json!("pass"), &json!("owner"), &Value::Null)
    );
    let findings = verdict["findings"].as_array().unwrap();
    let passed_over = |one: &Value| one["why_not"] == "exempt" || one["why_not"] == "rule_off";
    assert!(findings.iter().any(|one| one["why_not"] == "exempt") && findings.iter().all(passed_over), "{verdict}");
    let id = play.say("wang", "楼下路口交通真是大麻烦").await;
    let verdict = feed.verdict(&id).await;
    assert_eq!(
        (&verdict["verdict"], &verdict["findings"], &verdict["actions"]),
        (&json!("pass"), &json!([]), &json!([]))
    );
    let id = play.say("wang", "我是他的脑残粉").await;
    let verdict = feed.verdict(&id).await;
    let spared = &verdict["findings"][0];
    assert_eq!(
        (&verdict["verdict"], &spared["why_not"], &spared["exception"]),
        (&json!("pass"), &json!("exception"), &json!("脑残粉"))
    );
    play.say("chen", "/加词 新盘开售").await;
    let id = play.say("wang", "新 盘 开 售啦").await;
    let verdict = feed.verdict(&id).await;
    let own = &verdict["findings"][0];
    assert_eq!((&own["title"], &own["word"], &own["kind"]), (&json!("本群的违规词"), &json!("新盘开售"), &json!("")));
    let (first, second) = (play.say("ad01", SPAM).await, play.say("ad01", SPAM).await);
    assert_eq!(feed.verdict(&first).await["case"]["joins"], json!(false));
    let joined = &feed.verdict(&second).await["case"];
    assert_eq!((&joined["joins"], &joined["strikes"]), (&json!(true), &Value::Null));
    play.stop().await;
}

#[tokio::test]
async fn a_mute_holds_until_the_clock_is_moved_past_its_end() {
    let play = Play::start().await;
    let mut feed = play.feed().await;
    for _ in 0..3 {
        let id = play.say("ad01", SPAM).await;
        feed.verdict(&id).await;
        play.forward(600).await;
    }
    let say = json!({"do": "say", "user": "ad01", "text": "怎么不能说话了", "quote": null});
    let (status, refused) = play.call("act", say.clone()).await;
    assert_eq!((status, &refused["code"]), (409, &json!("muted")));
    // The third time at 9:20; its mute ends a day later, and the word of it comes at that hour, not when the clock stops.
    play.forward(2 * 86_400).await;
    let over =
        feed.until("the end of the mute", |item| item["kind"] == "line" && item["data"]["what"] == "unmuted").await;
    let ended = over["data"]["at"].as_i64().unwrap();
    assert_eq!(ended, refused["until"].as_i64().unwrap());
    assert_eq!(ended, MORNING.0 + (1200 + 86_400) * 1000);
    assert_eq!(play.call("act", say).await.0, 200);
    assert_eq!(play.call("clock", json!("next_timer")).await, (409, json!({"code": "no_timer"})));
    play.stop().await;
}

#[tokio::test]
async fn a_button_of_a_card_does_what_it_says() {
    let play = Play::start().await;
    let mut feed = play.feed().await;
    for _ in 0..2 {
        let id = play.say("ad01", SPAM).await;
        feed.verdict(&id).await;
        play.forward(600).await;
    }
    let named = |item: &Value| item["kind"] == "message" && item["data"]["case"] == "2";
    let notice = play.feed().await.until("the notice", named).await;
    let appeal = json!({"do": "say", "user": "ad01", "text": "误判", "quote": notice["id"]});
    assert_eq!(play.call("act", appeal).await.0, 200);
    let card = play.feed().await.until("the card", |item| item["kind"] == "task").await;
    let press = |user: &str| json!({"do": "press", "user": user, "task": card["id"], "choice": "undo"});
    assert_eq!(play.call("act", press("ad01")).await.0, 409, "who runs the group presses");
    assert_eq!(play.call("act", press("chen")).await.0, 200);
    let undone = |item: &Value| {
        let told = item["kind"] == "private" && item["data"]["user"] == "chen";
        told && item["data"]["text"].as_str().unwrap_or_default().contains("已撤销案件 2")
    };
    play.feed().await.until("the case is undone", undone).await;
    play.stop().await;
}

#[tokio::test]
async fn a_page_that_was_cut_off_catches_up_and_a_fresh_group_makes_it_forget() {
    let play = Play::start().await;
    let mut feed = play.feed().await;
    let first = play.say("wang", "一").await;
    feed.verdict(&first).await;
    let seen = feed.last.clone();
    drop(feed);
    let second = play.say("wang", "二").await;
    let mut feed = play.feed_since(Some(&seen)).await;
    let said = feed.until("what was said meanwhile", |item| item["kind"] == "message").await;
    assert_eq!((&said["id"], &feed.hello["fresh"]), (&json!(second), &json!(false)));
    assert_eq!(play.call("reset", json!({})).await.0, 200);
    feed.until("the fresh group", |item| item["kind"] == "member").await;
    assert_eq!(feed.hello["fresh"], json!(true));
    // The daemon knows nothing of the new group's members either.
    for _ in 0..2 {
        let id = play.say("ad01", SPAM).await;
        assert_eq!(feed.verdict(&id).await["case"]["strikes"], json!(1));
        play.call("reset", json!({})).await;
    }
    play.stop().await;
}

#[tokio::test]
async fn where_the_platform_can_only_speak_the_nearest_means_are_seen() {
    let play = Play::start().await;
    let mut feed = play.feed().await;
    assert_eq!(play.call("reset", json!({"kind": "modest"})).await.0, 200);
    feed.until("the platform", |item| item["kind"] == "platform" && item["data"] == "modest").await;
    let mut steps = Vec::new();
    for _ in 0..3 {
        let id = play.say("ad01", SPAM).await;
        let verdict = feed.verdict(&id).await;
        let done = verdict["actions"].as_array().unwrap().iter().map(|one| one["what"].as_str().unwrap().to_owned());
        steps.push(done.collect::<Vec<_>>());
        play.forward(600).await;
    }
    assert_eq!(steps, [vec!["delete", "send", "send"], vec!["delete", "send"], vec!["delete", "send", "send"]]);
    // The mute is a record only: the member can speak, and that counts.
    let id = play.say("ad01", "怎么了").await;
    let verdict = feed.verdict(&id).await;
    assert_eq!((&verdict["findings"][0]["rule"], &verdict["case"]["strikes"]), (&json!("mute.speaking"), &json!(4)));
    play.stop().await;
}

#[tokio::test]
async fn streams_end_with_the_daemon() {
    let play = Play::start().await;
    let mut feed = play.feed().await;
    feed.until("somebody", |item| item["kind"] == "member").await;
    play.stop().await;
    assert!(feed.ends().await);
}

#[tokio::test]
async fn scenes_are_played_and_can_be_stopped() {
    let play = Play::start().await;
    let mut feed = play.feed().await;
    let playing = |item: &Value| item["kind"] == "scene" && item["data"]["name"] == "ladder";
    assert_eq!(play.call("scene", json!({"name": "ladder", "pace": 50_000})).await.0, 200);
    feed.until("the scene begins", playing).await;
    assert_eq!(play.call("stop", json!({})).await.0, 200);
    feed.until("the scene is over", |item| item["kind"] == "scene" && item["data"]["name"].is_null()).await;
    assert_eq!(play.call("scene", json!({"name": "ladder", "pace": 0})).await.0, 200);
    let steps = ["warn_private", "warn_public", "mute", "remove"];
    for (at, step) in steps.iter().enumerate() {
        let opened = |item: &Value| item["kind"] == "verdict" && item["data"]["case"]["step"] == json!(at);
        let verdict = feed.until(step, opened).await;
        assert_eq!(verdict["data"]["case"]["ladder"][at]["step"], json!(step));
    }
    feed.until("the scene is over", |item| item["kind"] == "scene" && item["data"]["name"].is_null()).await;
    assert_eq!(play.call("scene", json!({"name": "../ladder"})).await.0, 404);
    play.stop().await;
}

#[tokio::test]
async fn faults_are_shown_at_their_lines_and_nothing_else_than_the_configuration_is_reached() {
    let play = Play::start().await;
    let (_, listed) = play.call("config", json!({})).await;
    let files: Vec<&str> = listed["files"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert!(files.contains(&"groups.toml") && files.contains(&"../wordlists/ads.txt"), "{files:?}");
    let (_, read) = play.call("config-read", json!({"name": "groups.toml"})).await;
    let text = read["text"].as_str().unwrap().to_owned();
    assert_eq!(
        play.call("config-check", json!({"name": "groups.toml", "text": text})).await,
        (200, json!({"faults": []}))
    );

    let wrong = text.replace("burst_seconds = 60", "burst_secondz = 60");
    let line = 1 + wrong.lines().position(|line| line.starts_with("burst_secondz")).unwrap();
    let (status, checked) = play.call("config-check", json!({"name": "groups.toml", "text": wrong})).await;
    let fault = &checked["faults"][0];
    assert_eq!(
        (status, &fault["file"], &fault["line"], &fault["column"]),
        (200, &json!("groups.toml"), &json!(line), &json!(1))
    );
    assert!(fault["help"].as_str().unwrap().contains("burst_seconds"), "{fault}");
    let (status, refused) = play.call("config-save", json!({"name": "groups.toml", "text": wrong})).await;
    assert_eq!((status, &refused["code"]), (422, &json!("faults")));
    let on_disk = || std::fs::read_to_string(play.home.config().join("groups.toml")).unwrap();
    assert_eq!(on_disk(), text, "what has errors is not written");

    for name in
        ["../data/qunwei.db", "../../etc/passwd", "/etc/passwd", "groups.toml/../qunwei.toml", "./groups.toml", ""]
    {
        for what in ["config-read", "config-check", "config-save"] {
            let answer = play.call(what, json!({"name": name, "text": ""})).await;
            assert_eq!(answer, (422, json!({"code": "not_ours"})), "{what} {name}");
        }
    }
    // Nor by naming another file in one that may be changed.
    let sly = "[[rule]]\nname = \"x.y\"\nkind = \"keywords\"\ntitle = \"x\"\nlists = [\"/etc/passwd\"]\n";
    let (status, refused) = play.call("config-save", json!({"name": "rules/abuse.toml", "text": sly})).await;
    assert_eq!((status, &refused["code"]), (422, &json!("faults")));
    assert!(!refused.to_string().contains("root:"), "{refused}");
    play.stop().await;
}

#[tokio::test]
async fn other_pages_and_other_names_are_kept_out() {
    let play = Play::start().await;
    let page = play.http.get(play.url("/")).send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(page.headers()["x-content-type-options"], "nosniff");
    let html = page.text().await.unwrap();
    assert!(
        !html.contains("<style") && !html.contains(" style=") && !html.contains(" onclick"),
        "nothing that the policy refuses"
    );

    let rebound = play.http.get(play.url("/api/feed")).header("host", "evil.example").send().await.unwrap();
    assert_eq!(rebound.status(), 403);
    let act = |headers: Vec<(&'static str, String)>| {
        let mut request = play.http.post(play.url("/api/reset")).body("{}");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        async { request.send().await.unwrap().status().as_u16() }
    };
    let ours = ("x-qunwei", "1".to_owned());
    assert_eq!(act(vec![]).await, 403);
    assert_eq!(act(vec![("content-type", "text/plain".to_owned())]).await, 403);
    assert_eq!(act(vec![ours.clone(), ("origin", "http://evil.example".to_owned())]).await, 403);
    assert_eq!(act(vec![ours.clone(), ("origin", format!("http://{}", play.demo.listen))]).await, 200);
    let (status, _) = play.call("act", json!({"do": "fly", "user": "wang"})).await;
    assert_eq!(status, 400);
    assert_eq!(play.call("nothing", json!({})).await.0, 404);
    play.stop().await;
}

#[tokio::test]
async fn with_a_token_nobody_comes_in_without_it() {
    let play = Play::start_with(Some("a token of some length"), Arc::new(HandClock::new(MORNING))).await;
    let get = |path: &str, cookie: Option<String>| {
        let mut request = play.http.get(play.url(path)).header("host", "playground.example");
        if let Some(cookie) = cookie {
            request = request.header("cookie", cookie);
        }
        async { request.send().await.unwrap() }
    };
    let asked = get("/", None).await;
    assert_eq!(asked.status(), 401);
    assert!(asked.text().await.unwrap().contains("id=\"token\""));
    assert_eq!(get("/api/feed", None).await.status(), 401);
    assert_eq!(get("/page.js", None).await.status(), 401);
    assert_eq!(play.call("config", json!({})).await.0, 401);
    let login = |token: &str| {
        let body = json!({ "token": token }).to_string();
        let request = play.http.post(play.url("/login")).header("x-qunwei", "1").body(body);
        async { request.send().await.unwrap() }
    };
    assert_eq!(login("a token of some lengtx").await.status(), 401);
    let given = login("a token of some length").await;
    let cookie = given.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains("a token"),
        "{cookie}"
    );
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let page = get("/en", Some(cookie)).await;
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("Sunny Garden"));
    let mut last = 0;
    for _ in 0..40 {
        last = login("guess").await.status().as_u16();
    }
    assert_eq!(last, 429, "guessing is slow");
    play.stop().await;
}

/// A `qunwei demo` that has said where its page is.
fn demo(command: &mut Command) -> (Child, String) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let url = line.split_whitespace().find(|word| word.starts_with("http://")).map(str::to_owned);
    (child, url.unwrap_or_else(|| panic!("no address in {line:?}")))
}

/// Ends it as Ctrl-C does; what it wrote on stderr.
async fn interrupt(mut child: Child) -> String {
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let status = until("it ends", || child.try_wait().unwrap()).await;
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert_eq!(status.code(), Some(0), "{errors}");
    errors
}

#[tokio::test]
async fn the_command_needs_nothing_and_leaves_nothing() {
    let temporary = tempfile::tempdir().unwrap();
    let mut command = qunwei();
    command.args(["demo", "--listen", "127.0.0.1:0"]).env("TMPDIR", temporary.path()).current_dir(temporary.path());
    let (child, url) = demo(&mut command);
    let page = crate::support::daemon::client().get(&url).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("阳光花园邻里群"));
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 1, "its folder");
    let port = url.trim_end_matches('/').rsplit(':').next().unwrap().to_owned();
    let taken = qunwei().args(["demo", "--listen", &format!("127.0.0.1:{port}")]).output().unwrap();
    let why = stderr(&taken);
    assert!(
        taken.status.code() == Some(1) && why.contains("cannot listen on 127.0.0.1:") && why.contains("--listen"),
        "{why}"
    );
    assert_eq!(interrupt(child).await, "", "nothing to worry about on stderr");
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0, "its folder is gone");
}

#[tokio::test]
async fn a_folder_that_is_named_is_kept_and_what_was_changed_in_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("demo");
    let start = || demo(qunwei().args(["demo", "--listen", "127.0.0.1:0", "--data"]).arg(&data));
    interrupt(start().0).await;
    let groups = data.join("config/groups.toml");
    let changed = std::fs::read_to_string(&groups).unwrap().replace("strike_days = 30", "strike_days = 7");
    std::fs::write(&groups, &changed).unwrap();
    std::fs::remove_file(data.join("config/notices.toml")).unwrap();
    interrupt(start().0).await;
    assert_eq!(std::fs::read_to_string(&groups).unwrap(), changed);
    assert!(data.join("config/notices.toml").is_file() && data.join("data/qunwei.db").is_file());
}

#[test]
fn other_machines_need_a_token() {
    let refused = qunwei().args(["demo", "--listen", "0.0.0.0:0"]).output().unwrap();
    let why = stderr(&refused);
    assert!(refused.status.code() == Some(2) && why.contains("--token"), "{why}");
    assert!(refused.stdout.is_empty());
    let short = qunwei().args(["demo", "--listen", "0.0.0.0:0"]).env("QUNWEI_DEMO_TOKEN", "123").output().unwrap();
    assert_eq!(short.status.code(), Some(2), "{}", stderr(&short));
}
