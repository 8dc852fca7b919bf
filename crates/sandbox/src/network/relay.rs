//! Passing connections and datagrams on between the host and a network, in this process.

use std::collections::HashMap;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;

use super::link::Link;
use crate::sys;

/// When a client's datagrams have not been answered or followed by others for so long, it is forgotten.
const IDLE: Duration = Duration::from_secs(90);
/// Clients of one port at once whose datagrams are passed on.
const MOST_CLIENTS: usize = 1024;
const LARGEST_DATAGRAM: usize = 65_535;

/// Accepts until dropped; what `connect` leads to is the other side of each connection.
async fn accept<F, C>(listener: TcpListener, connect: C)
where
    F: Future<Output = Option<TcpStream>> + Send + 'static,
    C: Fn(&TcpStream) -> F,
{
    let mut under_way = JoinSet::new();
    loop {
        let Ok((mut near, _)) = listener.accept().await else {
            // Out of descriptors, most likely.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        while under_way.try_join_next().is_some() {}
        let connecting = connect(&near);
        under_way.spawn(async move {
            // A refusal is shown as a connection that ends at once, as docker's proxy does.
            let Some(mut far) = connecting.await else { return };
            let _ = (near.set_nodelay(true), far.set_nodelay(true));
            let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
        });
    }
}

/// From a listener of the host to a member.
pub(super) async fn into_network(link: Arc<Link>, listener: TcpListener, to: SocketAddrV4) {
    accept(listener, |_| {
        let link = Arc::clone(&link);
        async move { link.connect(to).await.ok() }
    })
    .await;
}

/// From a listener in the network to a port of the host's loopback address; `None` is the port the client meant.
pub(super) async fn to_host(listener: TcpListener, port: Option<u16>) {
    accept(listener, |near| {
        let port = port.or_else(|| sys::original_destination(near).ok().map(|meant| meant.port()));
        async move { TcpStream::connect((Ipv4Addr::LOCALHOST, port?)).await.ok() }
    })
    .await;
}

/// Datagrams from the host to a member and back, a socket in the network for each client.
pub(super) async fn datagrams(link: Arc<Link>, host: UdpSocket, to: SocketAddrV4) {
    struct Client {
        socket: Arc<UdpSocket>,
        last: Instant,
    }
    let host = Arc::new(host);
    let mut clients: HashMap<SocketAddr, Client> = HashMap::new();
    let mut answering = JoinSet::new();
    let mut buffer = vec![0; LARGEST_DATAGRAM];
    loop {
        let Ok((count, from)) = host.recv_from(&mut buffer).await else {
            tokio::task::yield_now().await;
            continue;
        };
        while answering.try_join_next().is_some() {}
        clients.retain(|_, client| client.last.elapsed() < IDLE);
        if !clients.contains_key(&from) {
            let any = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);
            let (true, Ok(socket)) = (clients.len() < MOST_CLIENTS, link.datagrams(any).await) else {
                continue;
            };
            if socket.connect(to).await.is_err() {
                continue;
            }
            let socket = Arc::new(socket);
            answering.spawn(answers(Arc::clone(&socket), Arc::clone(&host), from));
            clients.insert(from, Client { socket, last: Instant::now() });
        }
        if let Some(client) = clients.get_mut(&from) {
            client.last = Instant::now();
            // Lost, as datagrams may be.
            let _ = client.socket.send(&buffer[..count]).await;
        }
    }
}

/// Passes a member's answers on to one client, until there are none for long.
async fn answers(socket: Arc<UdpSocket>, host: Arc<UdpSocket>, client: SocketAddr) {
    let mut buffer = vec![0; LARGEST_DATAGRAM];
    while let Ok(received) = tokio::time::timeout(IDLE, socket.recv(&mut buffer)).await {
        match received {
            Ok(count) => drop(host.send_to(&buffer[..count], client).await),
            // The member does not listen yet.
            Err(_) => tokio::task::yield_now().await,
        }
    }
}
