//! Clients that are slow, and clients that are many.

use std::sync::Mutex;

use axum::routing::{get, post};
use identity::Proxies;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::*;

/// Long enough for a machine that is busy with other tests, in everything that must happen.
const MINUTE: Duration = Duration::from_secs(60);
const HALF_A_FORM: &str =
    "POST /form HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 50\r\n\r\nlogin=a";

struct World {
    address: SocketAddr,
    told: Arc<Mutex<Vec<String>>>,
    stop: CancellationToken,
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn world(bounds: Arc<Bounds>, patience: Patience) -> World {
    let router = Router::new()
        .route("/healthz", get(async || "ok"))
        .route("/form", post(async |text: String| text))
        .route("/large", get(async || vec![b'x'; 64 << 20]));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell: Box<dyn Fn(String) + Send + Sync> = {
        let told = Arc::clone(&told);
        Box::new(move |message| told.lock().unwrap().push(message))
    };
    let stop = CancellationToken::new();
    let listen = Listen { router, tls: None, bounds, patience, tell };
    tokio::spawn(listen.serve(vec![listener], stop.clone()));
    World { address, told, stop }
}

impl World {
    async fn open(&self, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // A server that has turned it away already may have closed it.
        let _ = stream.write_all(text.as_bytes()).await;
        stream
    }

    /// Everything the server says until it closes.
    async fn rest(mut stream: TcpStream) -> String {
        let mut answer = Vec::new();
        let read = tokio::time::timeout(MINUTE, stream.read_to_end(&mut answer)).await.unwrap();
        // A reset is an end as well.
        let _ = read;
        String::from_utf8_lossy(&answer).into_owned()
    }

    async fn is_healthy(&self) -> bool {
        let stream = self.open("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
        Self::rest(stream).await.starts_with("HTTP/1.1 200")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_sent_forms_hold_the_server_for_a_while_only() {
    let patience = Patience { idle: Duration::from_secs(2), ..Patience::default() };
    let world = world(Bounds::new(8, 2, Proxies::default()), patience).await;
    let mut held = Vec::new();
    for _ in 0..24 {
        held.push(world.open(HALF_A_FORM).await);
    }
    let until = Instant::now() + MINUTE;
    while !world.is_healthy().await {
        assert!(Instant::now() < until, "it does not answer any more");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for stream in held {
        let answer = World::rest(stream).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
    // Once a minute.
    let told = world.told.lock().unwrap().clone();
    assert_eq!(told[0], "there are too many connections; one from 127.0.0.1 was turned away");
    assert!(told.len() < 16, "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_trickles_is_not_waited_for() {
    let patience = Patience { idle: Duration::from_secs(2), ..Patience::default() };
    let world = world(Bounds::new(8, 2, Proxies::default()), patience).await;
    let (mut from, mut to) = world.open(HALF_A_FORM).await.into_split();
    let trickling = tokio::spawn(async move {
        // Each byte comes in good time, all of them would take minutes.
        for _ in 0..43 {
            tokio::time::sleep(Duration::from_millis(1500)).await;
            if to.write_all(b"a").await.is_err() {
                return;
            }
        }
    });
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(MINUTE, from.read_to_end(&mut answer)).await.unwrap();
    trickling.abort();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_nobody_takes_is_given_up() {
    let patience = Patience { idle: Duration::from_secs(1), ..Patience::default() };
    let bounds = Bounds::new(1, 1, Proxies::default());
    let world = world(Arc::clone(&bounds), patience).await;
    let idle = world.open("GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let until = Instant::now() + MINUTE;
    while !world.is_healthy().await {
        assert!(Instant::now() < until, "the one place is still taken");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop(idle);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_sends_all_is_answered() {
    let world = world(Bounds::new(8, 2, Proxies::default()), Patience::default()).await;
    let whole = HALF_A_FORM.replace("Host: x", "Host: x\r\nConnection: close") + &"b".repeat(43);
    assert!(World::rest(world.open(&whole).await).await.ends_with(&"b".repeat(43)));
}
