//! Connections that take their time.

use axum::Router;
use axum::routing::get;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;

use super::*;

/// Long enough for a request that comes at once, and short enough to be waited for.
const SHORT: Duration = Duration::from_millis(200);

async fn connect(head: Duration, shutdown: impl Future<Output = ()> + Send + 'static) -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let pages = TowerToHyperService::new(Router::new().route("/", get(|| async { "here" })));
    let limits = Limits { head, hurried: SHORT, room: 4 };
    tokio::spawn(async move { serve_within(&limits, listener, pages, Looks::default(), shutdown).await });
    TcpStream::connect(address).await.expect("it listens")
}

async fn another(beside: &TcpStream) -> TcpStream {
    TcpStream::connect(beside.peer_addr().expect("it is connected")).await.expect("it listens")
}

/// What comes until the connection is closed.
async fn rest(stream: &mut TcpStream) -> String {
    let mut rest = String::new();
    tokio::time::timeout(GRACE, stream.read_to_string(&mut rest)).await.expect("it is closed").expect("text");
    rest
}

#[tokio::test]
async fn a_head_that_does_not_arrive_is_given_up() {
    for part in ["", "GET / HTTP/1.1\r\nhost: x\r\nx: "] {
        let mut stream = connect(SHORT, std::future::pending()).await;
        stream.write_all(part.as_bytes()).await.expect("it is open");
        assert_eq!(rest(&mut stream).await, "", "{part:?}");
    }
}

#[tokio::test]
async fn a_connection_that_idles_after_an_answer_is_closed() {
    let mut stream = connect(SHORT, std::future::pending()).await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("it is open");
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("here"), "{answer}");
}

#[tokio::test]
async fn idle_connections_are_closed_when_the_daemon_stops() {
    let (stop, stopped) = oneshot::channel::<()>();
    let mut stream = connect(HEAD, async { drop(stopped.await) }).await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("it is open");
    let mut first = [0; 12];
    stream.read_exact(&mut first).await.expect("an answer");
    assert_eq!(&first, b"HTTP/1.1 200");
    stop.send(()).expect("it serves");
    assert!(rest(&mut stream).await.ends_with("here"));
}

#[tokio::test]
async fn who_opens_many_connections_and_asks_nothing_is_done_with_soon() {
    let mut first = connect(HEAD, std::future::pending()).await;
    let mut second = another(&first).await;
    let mut hurried = [another(&first).await, another(&first).await];
    let mut one_too_many = another(&first).await;
    assert_eq!(rest(&mut one_too_many).await, "", "closed at once");
    for stream in &mut hurried {
        assert_eq!(rest(stream).await, "", "closed long before those that came first");
    }
    // There is room again, and those that came first are still there.
    let mut later = another(&first).await;
    for stream in [&mut later, &mut first, &mut second] {
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.expect("it is open");
        assert!(rest(stream).await.ends_with("here"));
    }
}

#[tokio::test]
async fn it_is_seen_when_a_client_that_waits_hangs_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let (seen, mut is_seen) = tokio::sync::mpsc::unbounded_channel();
    let waits = get(move |request: axum::extract::Request| async move {
        let line = request.extensions().get::<Line>().cloned().expect("it is watched");
        seen.send("waits").expect("the test listens");
        line.gone().await;
        seen.send("gone").expect("the test listens");
    });
    let pages = TowerToHyperService::new(Router::new().route("/", waits));
    let looks = Looks { lines: Arc::new(AtomicBool::new(true)), ..Looks::default() };
    tokio::spawn(serve_looking(listener, pages, looks, std::future::pending()));
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("it is open");
    assert_eq!(is_seen.recv().await, Some("waits"));
    drop(stream);
    assert_eq!(tokio::time::timeout(GRACE, is_seen.recv()).await, Ok(Some("gone")));
}
