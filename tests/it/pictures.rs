//! Pictures that members send: fetched from where a file says and from nowhere else, looked at for QR codes and texts, and judged like
//! what their senders write.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Response, StatusCode};
use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::journal::run_again;
use crate::support::{World, dump, until};

/// What the picture server has at a path.
#[derive(Clone)]
enum Has {
    Bytes(Vec<u8>),
    /// It sends people elsewhere.
    Moved(String),
    /// Bytes that do not come before the test says so.
    Later(Vec<u8>),
    /// Zeros without end and without a length.
    Endless,
}

/// A server of pictures on an internal address.
#[derive(Clone)]
struct Pictures {
    address: String,
    has: Arc<Mutex<HashMap<String, Has>>>,
    asked: Arc<Mutex<Vec<String>>>,
    open: Arc<watch::Sender<bool>>,
}

impl Pictures {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (open, _) = watch::channel(false);
        let server = Self { address, has: Arc::default(), asked: Arc::default(), open: Arc::new(open) };
        let shared = server.clone();
        let router = Router::new().fallback(move |request: Request| {
            let shared = shared.clone();
            async move { shared.answer(request.uri().path()).await }
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    async fn answer(&self, path: &str) -> Response<Body> {
        self.asked.lock().unwrap().push(path.to_owned());
        let has = self.has.lock().unwrap().get(path).cloned();
        let answer = Response::builder();
        match has {
            None => answer.status(StatusCode::NOT_FOUND).body(Body::empty()).unwrap(),
            Some(Has::Bytes(bytes)) => answer.body(Body::from(bytes)).unwrap(),
            Some(Has::Moved(to)) => answer.status(302).header("location", to).body(Body::empty()).unwrap(),
            Some(Has::Later(bytes)) => {
                let mut open = self.open.subscribe();
                open.wait_for(|open| *open).await.unwrap();
                answer.body(Body::from(bytes)).unwrap()
            }
            Some(Has::Endless) => {
                let pieces = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![0_u8; 65_536]));
                answer.body(Body::from_stream(pieces)).unwrap()
            }
        }
    }

    fn put(&self, path: &str, has: Has) -> String {
        self.has.lock().unwrap().insert(path.to_owned(), has);
        format!("http://{}{path}", self.address)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// A picture of a QR code.
fn code(text: &str) -> Vec<u8> {
    let code = qrcode::QrCode::new(text).unwrap();
    let (width, colors) = (code.width() as u32, code.to_colors());
    let side = (width + 8) * 4;
    png(GrayImage::from_fn(side, side, |x, y| {
        let (x, y) = ((x / 4).wrapping_sub(4), (y / 4).wrapping_sub(4));
        let dark = x < width && y < width && colors[(y * width + x) as usize] == qrcode::Color::Dark;
        Luma([if dark { 0 } else { 255 }])
    }))
}

fn png(picture: GrayImage) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    DynamicImage::ImageLuma8(picture).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

const RULES: &str = r#"
[daemon]
watch = false
[bridge.example]
secret_env = "QUNWEI_EXAMPLE_SECRET"
actions_url_env = "QUNWEI_EXAMPLE_ACTIONS_URL"
capabilities = ["send", "private", "mute", "remove", "delete", "task", "idempotent"]
[profile.default]
burst_seconds = 0
[[rule]]
name = "ads.links"
kind = "links"
title = "站外链接"
allow = ["good.example.com"]
[[rule]]
name = "ads.words"
kind = "keywords"
title = "广告"
words = ["刷单日结"]
[[rule]]
name = "leaks.cards"
kind = "personal_data"
title = "个人信息"
kinds = ["id_card"]
[[rule]]
name = "new.codes"
kind = "newcomers"
title = "新人发二维码"
verdict = "review"
hours = 24
forbid = ["qr_code"]
"#;

fn world(pictures: &str) -> impl Future<Output = World> {
    let toml = format!("{RULES}[daemon.pictures]\n{pictures}\n[group.g1]\nadmins = [\"boss\"]\n");
    async move { World::with_only(&toml).await }
}

/// A member sends these pictures, behind a word; the message's id.
async fn send(world: &mut World, user: &str, urls: &[&str]) -> String {
    let id = format!("m-{}", world.sent() + 1);
    let mut event = world.message(&id, user, "");
    event.as_object_mut().unwrap().remove("text");
    let images = urls.iter().map(|url| json!({"type": "image", "url": url}));
    event["content"] = [json!({"type": "text", "text": "看图"})].into_iter().chain(images).collect();
    let (status, answer) = world.post(event.to_string()).await;
    assert_eq!((status, &answer["accepted"]), (200, &json!(1)));
    id
}

/// What the bot was asked to do: type, step and rule.
fn got(world: &World) -> Vec<String> {
    let word = |action: &Value, key: &str| action["cause"][key].as_str().unwrap_or_default().to_owned();
    let one = |action: Value| {
        format!("{} {} {}", action["type"].as_str().unwrap(), word(&action, "step"), word(&action, "rule"))
    };
    let mut all: Vec<_> = std::iter::from_fn(|| world.bot.read()).map(one).collect();
    all.sort();
    all
}

fn rows(world: &World, sql: &str) -> Vec<String> {
    let store = Connection::open(world.data.path().join("qunwei.db")).unwrap();
    let mut read = store.prepare(sql).unwrap();
    read.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap).collect()
}

async fn counted(world: &World, outcome: &str) -> u64 {
    let (_, text) = world.admin("/metrics").await;
    let line = format!("qunwei_pictures_total{{outcome=\"{outcome}\"}} ");
    text.lines().find_map(|found| found.strip_prefix(&line)).unwrap().parse().unwrap()
}

const WARNED: [&str; 2] = ["delete warn_private ads.links", "private warn_private ads.links"];

#[tokio::test]
async fn a_code_in_a_picture_is_judged_like_what_its_sender_wrote() {
    let server = Pictures::start().await;
    let mut world = world(&format!("hosts = []\ninternal = [\"http://{}/chat/\"]", server.address)).await;
    let bad = server.put("/chat/bad.png", Has::Bytes(code("https://bad.example.com/join")));
    let good = server.put("/chat/good.png", Has::Bytes(code("https://good.example.com/a")));
    let blank = server.put("/chat/blank.png", Has::Bytes(png(GrayImage::from_pixel(60, 60, Luma([255])))));
    let id = send(&mut world, "5", &[&blank, &bad]).await;
    send(&mut world, "6", &[&good, &blank]).await;
    world.settled().await;
    assert_eq!(got(&world), WARNED);
    let [case] = &rows(&world, "SELECT body FROM cases")[..] else { panic!("one case") };
    let case: Value = serde_json::from_str(case).unwrap();
    assert_eq!(
        (&case["message"], &case["user"], &case["text"]),
        (&json!(id), &json!("5"), &json!("https://bad.example.com/join"))
    );
    let finding = &case["findings"][0];
    assert_eq!((&finding["part"], &finding["rule"]), (&json!("content[2].picture"), &json!("ads.links")));
    assert_eq!(finding["matched"], "https://bad.example.com/join");

    // Who asks is told that it was in a picture; nothing of it is repeated.
    let command = world.message("ask", "boss", "/案件 1");
    assert_eq!(world.post(command.to_string()).await.0, 200);
    world.settled().await;
    let answer = std::iter::from_fn(|| world.bot.read()).map(|action| action.to_string()).collect::<String>();
    assert!(answer.contains("图片里的") && !answer.contains("bad.example"), "{answer}");

    // What a picture says is no command, and the admins' pictures are not fetched.
    let order = server.put("/chat/order.png", Has::Bytes(code("/撤销 1")));
    let mut event = world.message("boss-1", "boss", "");
    event.as_object_mut().unwrap().remove("text");
    event["sender"]["role"] = json!("admin");
    event["content"] = json!([{"type": "image", "url": order}]);
    assert_eq!(world.post(event.to_string()).await.0, 200);
    world.settled().await;
    assert_eq!(got(&world), [""; 0]);
    assert!(!server.asked().contains(&"/chat/order.png".to_owned()));

    // A fresh run of the journal comes to the same without a request.
    world.down().await;
    let asked = server.asked().len();
    let again = tempfile::tempdir().unwrap();
    run_again(&world.config().settings, world.data.path(), again.path());
    dump::assert_same(&dump::state(world.data.path()), &dump::state(again.path()));
    assert_eq!(server.asked().len(), asked);
    assert_eq!(rows(&world, "SELECT id FROM pictures"), [""; 0]);
    assert_eq!(world.bot.faults(), Vec::<String>::new());
}

#[tokio::test]
async fn what_a_picture_says_adds_to_the_case_of_its_message() {
    let server = Pictures::start().await;
    let mut world = world(&format!("hosts = []\ninternal = [\"http://{}/\"]", server.address)).await;
    let url = server.put("/bad.png", Has::Bytes(code("https://bad.example.com/join")));
    let mut event = world.message("m-x", "5", "");
    event.as_object_mut().unwrap().remove("text");
    event["content"] = json!([{"type": "text", "text": "刷单日结"}, {"type": "image", "url": url}]);
    assert_eq!(world.post(event.to_string()).await.0, 200);
    world.settled().await;
    got(&world);
    assert_eq!(rows(&world, "SELECT body FROM cases").len(), 1);
    let [evidence] = &rows(&world, "SELECT body FROM evidence")[..] else { panic!("one piece") };
    let evidence: Value = serde_json::from_str(evidence).unwrap();
    assert_eq!((&evidence["message"], &evidence["findings"][0]["part"]), (&json!("m-x"), &json!("content[1].picture")));
    let strikes: Value = serde_json::from_str(&rows(&world, "SELECT standing FROM standings")[0]).unwrap();
    assert_eq!(strikes["strikes"].as_array().unwrap().len(), 1);

    // A number that is nobody else's business is in the case masked, as one that is typed.
    let card = server.put("/card.png", Has::Bytes(code("我的身份证 11010519491231002X")));
    send(&mut world, "7", &[&card]).await;
    world.settled().await;
    got(&world);
    let kept = rows(&world, "SELECT body FROM cases WHERE no = 2");
    assert!(kept[0].contains("leaks.cards") && !kept[0].contains("19491231"), "{kept:?}");

    // Somebody new shows a code that says nothing bad: a person looks.
    let joined = json!({"id": "j-1", "type": "member_joined", "group": "g1", "time": world.clock_now().to_string(),
                        "members": [{"id": "8", "name": "新人"}]});
    assert_eq!(world.post(joined.to_string()).await.0, 200);
    let code = server.put("/code.png", Has::Bytes(code("wxp://f2f0abc")));
    send(&mut world, "8", &[&code]).await;
    send(&mut world, "9", &[&code]).await;
    world.settled().await;
    let asked: Vec<_> = got(&world).into_iter().filter(|action| action.contains("new.codes")).collect();
    assert_eq!(asked, ["task review new.codes"]);
    world.turn(Duration::from_secs(600));
    world.settled().await;
    got(&world);
    world.finish().await;
}

#[tokio::test]
async fn the_same_picture_is_fetched_once() {
    let server = Pictures::start().await;
    let mut world = world(&format!("hosts = []\ninternal = [\"http://{}/\"]", server.address)).await;
    let url = server.put("/bad.png", Has::Later(code("https://bad.example.com/join")));
    for user in ["5", "6", "7"] {
        send(&mut world, user, &[&url, &url]).await;
    }
    until("it is asked for", || (!server.asked().is_empty()).then_some(())).await;
    // What members write meanwhile waits for no picture.
    world.say("9", "刷单日结").await;
    let first = [world.next().await, world.next().await];
    assert!(first.iter().all(|action| action["cause"]["rule"] == "ads.words"), "{first:?}");
    server.open.send_replace(true);
    world.settled().await;
    assert_eq!(got(&world).len(), 6, "each of the three is warned");
    assert_eq!(server.asked(), ["/bad.png"]);
    send(&mut world, "8", &[&url]).await;
    world.settled().await;
    assert_eq!(got(&world), WARNED);
    assert_eq!(server.asked(), ["/bad.png"]);
    assert_eq!((counted(&world, "read").await, rows(&world, "SELECT id FROM pictures").len()), (7, 0));
    world.finish().await;
}

#[tokio::test]
async fn what_is_asked_for_when_the_daemon_stops_is_read_when_it_is_back() {
    let server = Pictures::start().await;
    let mut world = world(&format!("hosts = []\ninternal = [\"http://{}/\"]\nat_once = 1", server.address)).await;
    let url = server.put("/bad.png", Has::Later(code("https://bad.example.com/join")));
    let other = server.put("/other.png", Has::Bytes(code("https://bad.example.com/other")));
    send(&mut world, "5", &[&url]).await;
    send(&mut world, "6", &[&other]).await;
    until("it is asked for", || (!server.asked().is_empty()).then_some(())).await;
    world.down().await;
    assert_eq!(rows(&world, "SELECT user FROM pictures ORDER BY place"), ["5", "6"]);
    server.open.send_replace(true);
    world.up().await;
    world.settled().await;
    assert_eq!(got(&world), [WARNED[0], WARNED[0], WARNED[1], WARNED[1]]);
    assert_eq!(rows(&world, "SELECT user FROM pictures"), [""; 0]);

    // After hours nobody is told of it any more; that is counted.
    server.open.send_replace(false);
    server.put("/late.png", Has::Later(code("https://bad.example.com/late")));
    send(&mut world, "7", &[&format!("http://{}/late.png", server.address)]).await;
    until("it is asked for", || server.asked().contains(&"/late.png".to_owned()).then_some(())).await;
    world.down().await;
    world.turn(Duration::from_secs(2 * 3600));
    world.up().await;
    world.settled().await;
    assert_eq!((got(&world), counted(&world, "late").await), (Vec::new(), 1));
    assert_eq!(rows(&world, "SELECT user FROM pictures"), [""; 0]);
    world.finish().await;
}

#[tokio::test]
async fn nothing_is_fetched_or_unpacked_that_may_not_be() {
    let server = Pictures::start().await;
    let inside = Pictures::start().await;
    let bad = || Has::Bytes(code("https://bad.example.com/join"));
    let port = server.address.rsplit_once(':').unwrap().1.to_owned();
    let mut world = world(&format!(
        "hosts = [\"*\", \"localhost:{port}\", \"127.0.0.1:{port}\"]\ninternal = [\"http://{}/chat/\"]\n\
         max_kib = 64\nmax_megapixels = 1\ntimeout_seconds = 1",
        server.address
    ))
    .await;
    inside.put("/bad.png", bad());
    server.put("/bad.png", bad());
    server.put("/secret/bad.png", bad());
    let side = 2000;
    let rows = [
        // An address inside, however it is written, and a name that leads there.
        ("address", format!("http://localhost:{port}/bad.png")),
        ("address", format!("http://127.0.0.1:{port}/bad.png")),
        ("address", "http://169.254.169.254/latest/meta-data/".to_owned()),
        ("address", "http://[::ffff:10.0.0.1]/x.png".to_owned()),
        ("address", "http://2130706433/x.png".to_owned()),
        // What no file names.
        ("host", format!("http://{}/bad.png", inside.address)),
        ("host", format!("https://{}/chat/bad.png", inside.address)),
        ("url", format!("http://user:pw@{}/chat/bad.png", server.address)),
        // What leads elsewhere.
        ("redirect", server.put("/chat/moved", Has::Moved(format!("http://{}/bad.png", inside.address)))),
        ("redirect", server.put("/chat/home", Has::Moved("/chat/x.png".to_owned()))),
        ("status", format!("http://{}/chat/none", server.address)),
        ("too_large", server.put("/chat/large", Has::Bytes(vec![0; 70_000]))),
        ("too_large", server.put("/chat/endless", Has::Endless)),
        ("too_slow", server.put("/chat/slow", Has::Later(Vec::new()))),
        ("type", server.put("/chat/page.png", Has::Bytes(b"<html>https://bad.example.com</html>".to_vec()))),
        ("type", server.put("/chat/a.svg", Has::Bytes(b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec()))),
        ("too_many_pixels", server.put("/chat/bomb", Has::Bytes(png(GrayImage::new(side, side))))),
        ("damaged", server.put("/chat/half", Has::Bytes(code("https://bad.example.com/join")[..100].to_vec()))),
    ];
    let mut expected: HashMap<&str, u64> = HashMap::new();
    for (user, (outcome, url)) in rows.iter().enumerate() {
        send(&mut world, &format!("u{user}"), &[url]).await;
        world.settled().await;
        *expected.entry(outcome).or_default() += 1;
        assert_eq!(counted(&world, outcome).await, expected[outcome], "{outcome} for {url}");
    }
    assert_eq!(got(&world), [""; 0]);
    assert_eq!(inside.asked(), [""; 0]);
    assert!(
        server.asked().iter().all(|path| path.starts_with("/chat/") && path != "/chat/x.png"),
        "{:?}",
        server.asked()
    );
    // The good ones still come through.
    let url = server.put("/chat/bad.png", bad());
    send(&mut world, "5", &[&url]).await;
    world.settled().await;
    assert_eq!(got(&world), WARNED);
    let (_, metrics) = world.admin("/metrics").await;
    assert!(!metrics.contains("bad.example") && !metrics.contains(&server.address), "{metrics}");
    world.finish().await;
}

#[tokio::test]
async fn texts_in_pictures_are_read_by_the_operators_program() {
    let server = Pictures::start().await;
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("reads");
    // What it writes is what stands in the picture behind its pixels.
    std::fs::write(&program, "#!/bin/sh\ntail -c 60 | grep -a '^TEXT' | cut -c 5- | tr -d '\\000'\n").unwrap();
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let toml = |program: &std::path::Path, seconds: u32| {
        format!(
            "hosts = []\ninternal = [\"http://{}/\"]\ntext_command = [\"{}\"]\ntext_seconds = {seconds}",
            server.address,
            program.display()
        )
    };
    let mut world = world(&toml(&program, 20)).await;
    let with = |text: &str| {
        let mut bytes = png(GrayImage::from_pixel(60, 60, Luma([255])));
        bytes.extend_from_slice(format!("\nTEXT{text}\n").as_bytes());
        Has::Bytes(bytes)
    };
    let bad = server.put("/bad.png", with("招人 刷单日结"));
    let fine = server.put("/fine.png", with("今天天气真好"));
    let id = send(&mut world, "5", &[&bad]).await;
    send(&mut world, "6", &[&fine]).await;
    world.settled().await;
    assert_eq!(got(&world), ["delete warn_private ads.words", "private warn_private ads.words"]);
    let case: Value = serde_json::from_str(&rows(&world, "SELECT body FROM cases")[0]).unwrap();
    assert_eq!((&case["message"], &case["text"]), (&json!(id), &json!("招人 刷单日结")));
    assert_eq!(case["findings"][0]["part"], "content[1].picture");

    // One that never ends is killed, and what is in codes is still read.
    std::fs::write(&program, "#!/bin/sh\nexec sleep 600\n").unwrap();
    world.write("config/test.toml", &format!("{RULES}[daemon.pictures]\n{}\n", toml(&program, 1)));
    world.running().reloader.reload().await.unwrap();
    let url = server.put("/code.png", Has::Bytes(code("https://bad.example.com/join")));
    send(&mut world, "7", &[&url]).await;
    world.settled().await;
    assert_eq!(got(&world), WARNED);
    let (_, metrics) = world.admin("/metrics").await;
    assert!(metrics.contains(r#"qunwei_picture_texts_total{outcome="too_slow"} 1"#), "{metrics}");
    world.finish().await;
}

#[tokio::test]
async fn a_bot_that_reads_pictures_itself_may_say_what_is_in_them() {
    let mut world = World::with_only(RULES).await;
    world.say("5", "看图").await;
    let event = json!({"id": "r-1", "type": "picture", "group": "g1", "time": world.clock_now().to_string(), "message": "m-1",
                       "sender": {"id": "5", "name": "小5"}, "content": [{"type": "qr", "text": "https://bad.example.com/join"}]});
    assert_eq!(world.post(event.to_string()).await.0, 200);
    world.settled().await;
    assert_eq!(got(&world), WARNED);
    // In a message there is no such segment.
    let mut event = world.message("m-2", "6", "");
    event["content"] = json!([{"type": "qr", "text": "https://bad.example.com/join"}]);
    assert_eq!(world.post(event.to_string()).await.0, 200);
    world.settled().await;
    assert_eq!(got(&world), [""; 0]);
    world.finish().await;
}
