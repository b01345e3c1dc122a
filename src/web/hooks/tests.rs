use std::io::{Read, Write};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;
use std::time::Duration;

use tokio::net::TcpListener;

use super::*;
use crate::adapters::http;
use crate::app::intake::Job;
use crate::app::outbox::Outbox;
use crate::domain::time::Timestamp;

const NOW: i64 = 1_795_312_800_000;
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

/// The hooks on a port of their own.
struct Served {
    state: Arc<HooksState>,
    intake: Intake,
    clock: Arc<Hand>,
    base: String,
}

fn bridge(limits: Limits) -> BridgeIn {
    BridgeIn { secrets: vec![Secret::parse(SECRET).expect("a secret")], tokens: None, limits, state: Switch::On }
}

async fn serve(capacity: usize, bridges: impl IntoIterator<Item = (&'static str, BridgeIn)>) -> Served {
    let intake = Intake::new(capacity);
    let clock = Arc::new(Hand(AtomicI64::new(NOW)));
    let bridges = bridges.into_iter().map(|(name, bridge)| (name.to_owned(), bridge)).collect();
    let outbox = SharedOutbox::new(Outbox::new([], 10, Timestamp(NOW)));
    let metrics = Arc::new(Metrics::new());
    let state = HooksState::new(intake.clone(), outbox, clock.clone(), metrics, CancellationToken::new());
    state.replace(bridges);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("it is bound"));
    tokio::spawn(crate::web::serve_by(listener, service(state.clone()), std::future::pending()));
    Served { state, intake, clock, base }
}

async fn example(limits: Limits) -> Served {
    let served = serve(10_000, [("example", bridge(limits))]).await;
    consume(&served.intake);
    served
}

/// A consumer: an id says what becomes of its request. Ends with the process.
fn consume(intake: &Intake) {
    let intake = intake.clone();
    thread::spawn(move || {
        loop {
            for job in intake.take(100, Duration::from_secs(1)) {
                let Job::Events { events, answer } = job else { panic!("no other job was handed in") };
                assert!(events.iter().all(|one| &*one.event.platform == "example" && one.event.time.is_some()));
                let told = |word| events.iter().filter(|one| one.event.id.contains(word)).count();
                let duplicates = told("again");
                if told("lost") > 0 {
                    continue;
                }
                let said = if told("full") > 0 {
                    Answer::Unavailable { reason: "the disk is full".to_owned() }
                } else {
                    Answer::Durable { accepted: events.len() - duplicates, duplicates }
                };
                answer.send(said).expect("the request waits");
            }
        }
    });
}

fn event(id: &str) -> String {
    format!(r#"{{"id":"{id}","type":"message","group":"g","sender":{{"id":"u"}},"text":"t"}}"#)
}

impl Served {
    fn request(&self, name: &str, body: &str, at: Timestamp) -> reqwest::RequestBuilder {
        let url = http::url(&format!("{}/hooks/bridge/{name}", self.base)).expect("an address");
        let signature = sign::sign(&Secret::parse(SECRET).expect("a secret"), "w-1", at, body.as_bytes());
        let client = http::client(&url, Duration::from_secs(20)).expect("a client");
        client
            .post(url)
            .header("webhook-id", "w-1")
            .header("webhook-timestamp", sign::header_seconds(at))
            .header("webhook-signature", signature)
            .body(body.to_owned())
    }

    async fn post(&self, body: &str) -> (u16, String, String) {
        answer(self.request("example", body, self.clock.now())).await
    }

    /// Sends bytes as they are; gives what comes back until the connection ends.
    async fn raw(&self, request: String) -> String {
        let address = self.base.trim_start_matches("http://").to_owned();
        let talk = move || {
            let mut stream = std::net::TcpStream::connect(address).expect("it listens");
            stream.write_all(request.as_bytes()).expect("it reads");
            let mut answer = Vec::new();
            let mut piece = [0; 4096];
            while let Ok(read @ 1..) = stream.read(&mut piece) {
                answer.extend_from_slice(piece.get(..read).expect("what was read"));
            }
            String::from_utf8(answer).expect("text")
        };
        tokio::task::spawn_blocking(talk).await.expect("no panic")
    }
}

/// Status, Retry-After and body.
async fn answer(request: reqwest::RequestBuilder) -> (u16, String, String) {
    let response = request.send().await.expect("an answer");
    let after = response.headers().get(RETRY_AFTER).map(|value| value.to_str().expect("ASCII").to_owned());
    assert_eq!(response.headers().get(CONTENT_TYPE).expect("a type"), "application/json");
    (response.status().as_u16(), after.unwrap_or_default(), response.text().await.expect("a body"))
}

fn says(status: u16, after: &str, body: &str) -> (u16, String, String) {
    (status, after.to_owned(), body.to_owned())
}

#[tokio::test]
async fn events_are_answered_by_their_commit() {
    let served = example(Limits::default()).await;
    let (new, again) = (event("m-1"), event("m-again"));
    let rows = [
        (new.clone(), says(200, "", r#"{"accepted":1,"duplicates":0}"#)),
        (again.clone(), says(200, "", r#"{"accepted":0,"duplicates":1}"#)),
        (format!("[{new},{again},{new}]"), says(200, "", r#"{"accepted":2,"duplicates":1}"#)),
        (event("full"), says(503, "10", r#"{"error":"the events could not be made durable"}"#)),
        (event("lost"), says(503, "10", r#"{"error":"the events could not be made durable"}"#)),
    ];
    for (body, expected) in rows {
        assert_eq!(served.post(&body).await, expected, "{body}");
    }
    let text = served.state.metrics.text();
    assert!(text.contains("qunwei_requests_total{bridge=\"example\",status=\"200\"} 3\n"), "{text}");
    assert!(text.contains("qunwei_requests_total{bridge=\"example\",status=\"503\"} 2\n"), "{text}");
    assert!(text.contains("qunwei_event_times_missing_total 7\n"), "{text}");
}

#[tokio::test]
async fn what_cannot_be_read_is_said() {
    let served = example(Limits { max_events: 2, ..Limits::default() }).await;
    let good = event("m");
    let bad = r#"{"id":"m","type":"message","group":"g","sender":{"name":"n"},"text":"t"}"#;
    let rows = [
        (String::new(), r#"{"error":"the body is neither an event nor an array of events"}"#),
        ("[]".to_owned(), r#"{"error":"the array holds no event"}"#),
        (bad.to_owned(), r#"{"error":"sender.id: is missing","field":"sender.id"}"#),
        (format!("[{good},{bad}]"), r#"{"error":"sender.id: is missing","field":"sender.id","index":1}"#),
        (format!("[{good},{good},{good}]"), r#"{"error":"more than 2 events in one request"}"#),
    ];
    for (body, expected) in rows {
        assert_eq!(served.post(&body).await, says(400, "", expected), "{body}");
    }
    let text = served.state.metrics.text();
    assert!(text.contains("qunwei_events_total{platform=\"example\",outcome=\"rejected\"} 5\n"), "{text}");
}

#[tokio::test]
async fn only_who_knows_the_secret_comes_in_and_only_now() {
    let served = example(Limits::default()).await;
    let body = event("m");
    let now = Timestamp(NOW);
    let old = served.request("example", &body, now.minus(Duration::from_secs(301)));
    let ahead = served.request("example", &body, now.plus(Duration::from_secs(301)));
    let tampered = served.request("example", &body, now).body(event("n"));
    let url = format!("{}/hooks/bridge/example", served.base);
    let bare = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("a client");
    let unsigned = bare.post(&url).body(body.clone());
    let both_wrong = bare.post(&url).body("{");
    let rows = [
        (old, "the header `webhook-timestamp` is more than 5 minutes old"),
        (ahead, "the header `webhook-timestamp` is more than 5 minutes ahead; are both clocks right?"),
        (tampered, "no `v1` signature in the header `webhook-signature` is valid"),
        (unsigned, "the header `webhook-id` is missing"),
        (both_wrong, "the header `webhook-id` is missing"),
    ];
    for (request, error) in rows {
        assert_eq!(answer(request).await, says(401, "", &format!(r#"{{"error":"{error}"}}"#)));
    }
    assert_eq!(served.intake.depth(), 0);
}

#[tokio::test]
async fn unknown_and_switched_off_bridges_are_told_apart() {
    let off =
        BridgeIn { state: Switch::Off("QUNWEI_EXAMPLE_SECRET is not set".to_owned()), ..bridge(Limits::default()) };
    let served = serve(100, [("example", off)]).await;
    let body = event("m");
    let unknown = says(404, "", r#"{"error":"no bridge of this name is configured"}"#);
    for name in ["other", "%E7%BE%A4", "%ff", "..%2Fexample"] {
        assert_eq!(answer(served.request(name, &body, Timestamp(NOW))).await, unknown, "{name}");
    }
    let switched_off = says(503, "10", r#"{"error":"this bridge is off: QUNWEI_EXAMPLE_SECRET is not set"}"#);
    assert_eq!(served.post(&body).await, switched_off);
    consume(&served.intake);
    served.state.replace(HashMap::from([("example".to_owned(), bridge(Limits::default()))]));
    assert_eq!(served.post(&body).await.0, 200);
    let text = served.state.metrics.text();
    assert!(!text.contains("other\",status"), "unknown names are no labels: {text}");
}

#[tokio::test]
async fn only_post_is_answered() {
    let served = example(Limits::default()).await;
    let got = served.raw("GET /hooks/bridge/example HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_owned()).await;
    assert!(got.starts_with("HTTP/1.1 405 ") && got.contains("\r\nallow: POST\r\n"), "{got}");
    assert!(got.ends_with(r#"{"error":"events are sent by POST"}"#), "{got}");
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_before_it_is_read() {
    let exact = event("m");
    let served = example(Limits { max_bytes: exact.len(), ..Limits::default() }).await;
    assert_eq!(served.post(&exact).await.0, 200);
    let error = format!(r#"{{"error":"the body is larger than {} bytes"}}"#, exact.len());
    assert_eq!(served.post(&format!("{exact} ")).await, says(413, "", &error));
    let head = "POST /hooks/bridge/example HTTP/1.1\r\nhost: x\r\nconnection: close\r\n";
    let told = served.raw(format!("{head}content-length: 99999999\r\n\r\n{{")).await;
    assert!(told.starts_with("HTTP/1.1 413 ") && told.ends_with(&error), "{told}");
    let chunk = format!("40\r\n{}\r\n", "x".repeat(64));
    let streamed = served.raw(format!("{head}transfer-encoding: chunked\r\n\r\n{chunk}{chunk}")).await;
    assert!(streamed.starts_with("HTTP/1.1 413 ") && streamed.ends_with(&error), "{streamed}");
}

#[tokio::test]
async fn a_body_in_pieces_is_put_together() {
    let served = example(Limits::default()).await;
    let body = event("m");
    let signature = sign::sign(&Secret::parse(SECRET).expect("a secret"), "w", Timestamp(NOW), body.as_bytes());
    let chunks: String = body.chars().map(|one| format!("1\r\n{one}\r\n")).collect();
    let request = format!(
        "POST /hooks/bridge/example HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\
         webhook-id: w\r\nwebhook-timestamp: {}\r\nwebhook-signature: {signature}\r\n\r\n{chunks}0\r\n\r\n",
        NOW / 1000
    );
    let got = served.raw(request).await;
    assert!(got.starts_with("HTTP/1.1 200 ") && got.ends_with(r#"{"accepted":1,"duplicates":0}"#), "{got}");
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_given_up() {
    let served = example(Limits { body_timeout: Duration::from_millis(50), ..Limits::default() }).await;
    let head = "POST /hooks/bridge/example HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{";
    let got = served.raw(head.to_owned()).await;
    assert!(got.starts_with("HTTP/1.1 408 "), "{got}");
    assert!(got.ends_with(r#"{"error":"the body did not arrive in time"}"#), "{got}");
}

#[tokio::test]
async fn the_rate_is_by_the_clock() {
    let number = |number| NonZeroU32::new(number).expect("not zero");
    let rate = Some(Rate { per_minute: number(2) });
    let served = example(Limits { rate, ..Limits::default() }).await;
    let too_many = says(429, "30", r#"{"error":"too many requests"}"#);
    for round in 0..2 {
        assert_eq!(served.post(&event("a")).await.0, 200, "{round}");
        assert_eq!(served.post(&event("b")).await.0, 200, "{round}");
        assert_eq!(served.post(&event("c")).await, too_many, "{round}");
        served.clock.0.fetch_add(60_000, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn a_full_queue_is_said_at_once() {
    let served = serve(10, [("example", bridge(Limits::default()))]).await;
    let nine = format!("[{}]", vec![event("m"); 9].join(","));
    let first = tokio::spawn(answer(served.request("example", &nine, Timestamp(NOW))));
    while served.intake.depth() < 9 {
        tokio::task::yield_now().await;
    }
    let full = says(503, "1", r#"{"error":"too many events are waiting"}"#);
    assert_eq!(served.post(&event("m")).await, full);
    consume(&served.intake);
    assert_eq!(first.await.expect("no panic"), says(200, "", r#"{"accepted":9,"duplicates":0}"#));
    served.intake.close();
    assert_eq!(served.post(&event("m")).await, full);
    assert!(served.state.metrics.text().contains("qunwei_shed_total{what=\"intake\"} 2\n"));
}
