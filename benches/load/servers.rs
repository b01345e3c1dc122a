//! The servers beside the daemon, each in a process of its own: the bare handler it is compared with, and the sink that
//! takes actions.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;

use super::client::Target;

/// A server that this bench started.
pub struct Server {
    child: Child,
    /// Where it listens, and its process.
    pub target: Target,
}

impl Server {
    /// Starts `bare`, `sink` or `slow`, a sink that takes a second for each action.
    pub fn start(what: &str) -> Self {
        let mut child =
            Command::new(std::env::current_exe().unwrap()).arg(what).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let addr: SocketAddr = line.trim().parse().unwrap();
        let pid = child.id();
        Self { child, target: Target { addr, pid } }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What the server's process does: takes the whole body and answers as the daemon does, and nothing else. As many workers
/// as the daemon has.
pub fn main() {
    let slow = std::env::args().nth(1).as_deref() == Some("slow");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let answer = move |body: Bytes| async move {
            std::hint::black_box(&body);
            if slow {
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            }
            ([("content-type", "application/json")], r#"{"accepted":1,"duplicates":0}"#)
        };
        let router = Router::new().route("/hooks/bridge/{name}", post(answer)).route("/actions", post(answer));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        let listener = axum::serve::ListenerExt::tap_io(listener, |stream: &mut tokio::net::TcpStream| {
            stream.set_nodelay(true).ok();
        });
        axum::serve(listener, router).await.unwrap();
    });
}
