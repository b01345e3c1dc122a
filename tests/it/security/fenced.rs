//! Requests of our own go where the configuration says, and nowhere that a message says.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::commands::give;
use crate::support::corp::{Corp, ROBOT};
use crate::support::{World, root};

/// A service on an internal address that counts who calls.
async fn internal() -> (String, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, calls) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let counted = calls.clone();
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    (address.to_string(), calls)
}

#[tokio::test]
async fn links_and_pictures_are_never_fetched() {
    let (address, calls) = internal().await;
    let mut world = World::with("[group.g1]\nadmins = [\"boss\"]\n").await;
    let urls =
        ["http://", "https://", "ftp://", "file://", "ws://", "//", "http://user:pw@", "http://[::ffff:127.0.0.1]:80@"]
            .map(|scheme| format!("{scheme}{address}/latest/meta-data/"));
    for (no, url) in urls.iter().enumerate() {
        let mut event = world.message(&format!("p-{no}"), &format!("u{no}"), "");
        event.as_object_mut().unwrap().remove("text");
        event["content"] = json!([
            {"type": "text", "text": format!("看 {url} ")},
            {"type": "image", "url": url}, {"type": "link", "url": url, "title": url}, {"type": "voice", "url": url, "text": url},
            {"type": "video", "url": url}, {"type": "file", "url": url, "name": url}, {"type": "card", "title": url, "url": url},
        ]);
        event["quote"] = json!({"message": "m-0", "text": url, "url": url});
        event["sender"]["name"] = json!(url);
        event["sender"]["avatar"] = json!(url);
        assert_eq!(world.post(event.to_string()).await.0, 200);
    }
    // Nor by a command.
    for text in ["/试 ", "/词表 ", "/加词 ", "/提醒 明天9点 "] {
        give(&mut world, "boss", &format!("{text}http://{address}/x"), &[], None).await;
    }
    world.settled().await;
    while world.bot.read().is_some() {}
    assert_eq!(calls.load(Ordering::SeqCst), 0);
    world.finish().await;

    // WeCom's callbacks bring addresses too, one that answers are posted to among them.
    let corp = Corp::new().await;
    let url = format!("http://{address}/x");
    let message = json!({"msgid": "M1", "aibotid": "AIB", "chatid": "g1", "chattype": "group", "from": {"userid": "9"}, "response_url": url, "msgtype": "mixed",
        "mixed": {"msg_item": [{"msgtype": "text", "text": {"content": format!("@群卫 群规 {url}")}}, {"msgtype": "image", "image": {"url": url}}]},
        "quote": {"msgtype": "image", "image": {"url": url}}});
    assert_eq!(corp.post(ROBOT, &message.to_string()).await.0, 200);
    corp.world.settled().await;
    while corp.world.bot.read().is_some() {}
    assert_eq!(calls.load(Ordering::SeqCst), 0);
    corp.world.finish().await;
}

/// Where connections are made, and programs started. Each takes its address from the configuration, but for pictures, whose addresses
/// members write: those go through `adapters/pictures/fence.rs`, and only where a file asks for it. What is new here is looked at by a
/// person.
const WAYS_OUT: [(&str, &str); 4] = [
    ("src/adapters/http.rs", "Client::builder()"),
    ("src/adapters/wecom/aibot/link.rs", "connect_async_with_config("),
    ("src/adapters/pictures/fetch.rs", "lookup_host("),
    ("src/adapters/pictures/command.rs", "Command::new("),
];

#[test]
fn connections_are_made_in_known_places_alone() {
    let mut found = Vec::new();
    for (path, text) in super::structure::sources() {
        let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
        for line in super::structure::code(&text) {
            for way in [
                "Client::builder()",
                "Client::new()",
                "reqwest::get(",
                "blocking::",
                "connect_async",
                "TcpStream::connect(",
                "UnixStream::connect",
                "UdpSocket",
                "lookup_host",
                "ToSocketAddrs",
                "Command::new(",
            ] {
                if line.contains(way) && !line.trim_start().starts_with("use ") {
                    found.push((name.clone(), line.trim().to_owned()));
                }
            }
        }
    }
    found.dedup();
    assert_eq!(found.len(), WAYS_OUT.len(), "{found:#?}");
    for (file, way) in WAYS_OUT {
        assert!(found.iter().any(|(name, line)| name == file && line.contains(way)), "{file} {way}: {found:#?}");
    }
    let http = std::fs::read_to_string(root().join("src/adapters/http.rs")).unwrap();
    for fence in ["redirect(redirect::Policy::none())", ".no_proxy()", "retry(retry::never())"] {
        assert!(http.contains(fence), "{fence}");
    }
}
