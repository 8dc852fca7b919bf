//! Asking the host's name servers, with the host's own network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpStream, UdpSocket};

use super::{read_message, write_message};

const PORT: u16 = 53;
/// For each server. Clients wait five seconds before they ask again.
const PATIENCE: Duration = Duration::from_millis(2500);
const LARGEST: usize = 65_535;

/// The first answer of a server, in their order.
pub(super) async fn ask(resolvers: &[IpAddr], question: &[u8], stream: bool) -> Option<Vec<u8>> {
    let own;
    let resolvers = if resolvers.is_empty() {
        // Read each time: a laptop changes networks.
        own = servers(&tokio::fs::read_to_string("/etc/resolv.conf").await.unwrap_or_default());
        &own[..]
    } else {
        resolvers
    };
    for resolver in resolvers {
        let server = SocketAddr::new(*resolver, PORT);
        let asked =
            async { if stream { by_stream(server, question).await } else { by_datagram(server, question).await } };
        if let Ok(Some(answer)) = tokio::time::timeout(PATIENCE, asked).await {
            return Some(answer);
        }
    }
    None
}

async fn by_datagram(server: SocketAddr, question: &[u8]) -> Option<Vec<u8>> {
    let any = if server.is_ipv4() { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
    // A port of its own for each question, chosen by the kernel: whoever guesses an answer must guess it too.
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).await.ok()?;
    socket.connect(server).await.ok()?;
    socket.send(question).await.ok()?;
    let mut buffer = vec![0; LARGEST];
    loop {
        let count = socket.recv(&mut buffer).await.ok()?;
        if buffer[..count].first_chunk::<2>() == question.first_chunk::<2>() {
            buffer.truncate(count);
            return Some(buffer);
        }
    }
}

async fn by_stream(server: SocketAddr, question: &[u8]) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await.ok()?;
    write_message(&mut stream, question).await?;
    read_message(&mut stream).await
}

/// The servers of a `resolv.conf`.
fn servers(text: &str) -> Vec<IpAddr> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            (words.next()? == "nameserver").then(|| words.next())??.parse().ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_of_a_file() {
        let text = "# nameserver 9.9.9.9\nsearch a b\nnameserver 10.0.0.1\nnameserver  ::1 \nnameserver fe80::1%eth0\nnameserver\n";
        assert_eq!(servers(text), ["10.0.0.1".parse::<IpAddr>().expect("v4"), "::1".parse().expect("v6")]);
    }
}
