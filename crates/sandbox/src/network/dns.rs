//! Names within a network: its own are answered here, others by the host's name servers.

mod message;
mod upstream;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::names::Names;
use message::{Outcome, Query};

/// How long a client may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(10);
/// Questions under way at once.
const MOST: usize = 256;

/// What both servers share.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) names: Arc<Mutex<Names>>,
    /// Empty: whatever the host asks at the moment.
    pub(super) resolvers: Vec<IpAddr>,
    /// Names of others are not looked for.
    pub(super) internal: bool,
}

impl Server {
    /// The answer to a message, or `None` where silence is the answer.
    async fn answer(&self, asked: &[u8], stream: bool) -> Option<Vec<u8>> {
        let query = match Query::parse(asked) {
            Ok(query) => query,
            Err(refusal) => return refusal,
        };
        let outcome = {
            let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
            query.look_up(&names)
        };
        match outcome {
            Outcome::Own(answer) => Some(answer),
            Outcome::Foreign if self.internal => Some(query.failure()),
            Outcome::Foreign => {
                let answer = upstream::ask(&self.resolvers, asked, stream).await;
                Some(answer.unwrap_or_else(|| query.failure()))
            }
        }
    }
}

/// Serves datagrams until dropped.
pub(super) async fn serve_datagrams(server: Arc<Server>, socket: UdpSocket) {
    const LARGEST: usize = 4096;
    let socket = Arc::new(socket);
    let room = Arc::new(Semaphore::new(MOST));
    let mut under_way = JoinSet::new();
    let mut buffer = vec![0; LARGEST];
    loop {
        // Errors are those of earlier answers that did not arrive.
        let Ok((count, from)) = socket.recv_from(&mut buffer).await else {
            tokio::task::yield_now().await;
            continue;
        };
        while under_way.try_join_next().is_some() {}
        // More than that is not worth an answer; clients ask again.
        let Ok(permit) = Arc::clone(&room).try_acquire_owned() else { continue };
        let (server, socket, asked) = (Arc::clone(&server), Arc::clone(&socket), buffer[..count].to_vec());
        under_way.spawn(async move {
            if let Some(answer) = server.answer(&asked, false).await {
                let _ = socket.send_to(&answer, from).await;
            }
            drop(permit);
        });
    }
}

/// Serves connections until dropped.
pub(super) async fn serve_streams(server: Arc<Server>, listener: TcpListener) {
    let room = Arc::new(Semaphore::new(MOST));
    let mut under_way = JoinSet::new();
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        while under_way.try_join_next().is_some() {}
        let server = Arc::clone(&server);
        under_way.spawn(async move {
            serve_stream(&server, stream).await;
            drop(permit);
        });
    }
}

async fn serve_stream(server: &Server, mut stream: TcpStream) -> Option<()> {
    loop {
        let asked = tokio::time::timeout(PATIENCE, read_message(&mut stream)).await.ok()??;
        let answer = server.answer(&asked, true).await?;
        write_message(&mut stream, &answer).await?;
    }
}

/// On a stream each message has its length before it.
async fn read_message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let length = stream.read_u16().await.ok()?;
    let mut message = vec![0; usize::from(length)];
    stream.read_exact(&mut message).await.ok()?;
    Some(message)
}

async fn write_message(stream: &mut TcpStream, message: &[u8]) -> Option<()> {
    let mut whole = u16::try_from(message.len()).ok()?.to_be_bytes().to_vec();
    whole.extend_from_slice(message);
    stream.write_all(&whole).await.ok()
}
