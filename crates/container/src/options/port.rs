//! `--publish` and `--expose`.

use std::net::IpAddr;

/// A port's protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    Tcp,
    Udp,
}

impl Protocol {
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// A port of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Port {
    pub number: u16,
    pub protocol: Protocol,
}

impl std::fmt::Display for Port {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", self.number, self.protocol.name())
    }
}

/// One published port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publish {
    /// The host's address to listen on; all of them when `None`.
    pub address: Option<IpAddr>,
    /// `0`: any free port.
    pub host: u16,
    pub port: Port,
}

/// Reads `[[address:][host[-host]]:]port[-port][/protocol]`.
pub fn publish(text: &str) -> Result<Vec<Publish>, String> {
    let (rest, protocol) = protocol(text)?;
    let (front, inside) = match rest.rsplit_once(':') {
        Some((front, inside)) => (Some(front), inside),
        None => (None, rest),
    };
    let (address, outside) = match front {
        None => (None, ""),
        Some(front) => match front.rsplit_once(':') {
            Some((address, outside)) => (Some(address), outside),
            None => (None, front),
        },
    };
    let address = match address {
        None | Some("") => None,
        Some(address) => {
            let bare = address.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(address);
            Some(bare.parse().map_err(|_| format!("invalid IP address: {address}"))?)
        }
    };
    if inside.is_empty() {
        return Err(format!("no port specified: {text}<empty>"));
    }
    let inside = range(inside).map_err(|_| format!("invalid containerPort: {inside}"))?;
    let outside = match outside {
        "" => None,
        outside => Some(range(outside).map_err(|_| format!("invalid hostPort: {outside}"))?),
    };
    let count = inside.1 - inside.0;
    let outside = match outside {
        None => None,
        Some((from, to)) if to - from == count => Some(from),
        // One port of a range: docker takes the first free one. The first is asked for here.
        Some((from, _)) if count == 0 => Some(from),
        Some(_) => return Err(format!("invalid ranges specified for container and host Ports: {text}")),
    };
    let port = |index| Publish {
        address,
        host: outside.map_or(0, |from| from + index),
        port: Port { number: inside.0 + index, protocol },
    };
    Ok((0..=count).map(port).collect())
}

/// Reads `port[-port][/protocol]`, as in `--expose` and an image's `ExposedPorts`.
pub fn expose(text: &str) -> Result<Vec<Port>, String> {
    let (rest, protocol) = protocol(text)?;
    let (from, to) = range(rest).map_err(|_| format!("invalid range format for --expose: {text}"))?;
    Ok((from..=to).map(|number| Port { number, protocol }).collect())
}

fn protocol(text: &str) -> Result<(&str, Protocol), String> {
    let (rest, name) = text.split_once('/').unwrap_or((text, "tcp"));
    match name.to_ascii_lowercase().as_str() {
        "tcp" => Ok((rest, Protocol::Tcp)),
        "udp" => Ok((rest, Protocol::Udp)),
        "sctp" => Err(format!("{text}: SCTP is not supported, only tcp and udp")),
        _ => Err(format!("invalid proto: {name}")),
    }
}

fn range(text: &str) -> Result<(u16, u16), ()> {
    let number = |text: &str| match text.parse::<u16>() {
        Ok(number) if !text.starts_with('+') => Ok(number),
        _ => Err(()),
    };
    let (from, to) = match text.split_once('-') {
        Some((from, to)) => (number(from)?, number(to)?),
        None => (number(text)?, number(text)?),
    };
    if from <= to { Ok((from, to)) } else { Err(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read() {
        let shown = |text: &str| {
            publish(text).map(|ports| {
                let one = |p: &Publish| {
                    format!("{}:{}:{}", p.address.map(|a| a.to_string()).unwrap_or_default(), p.host, p.port)
                };
                ports.iter().map(one).collect::<Vec<_>>().join(" ")
            })
        };
        let cases = [
            ("80", ":0:80/tcp"),
            ("8080:80", ":8080:80/tcp"),
            ("127.0.0.1:8080:80/udp", "127.0.0.1:8080:80/udp"),
            ("127.0.0.1::80", "127.0.0.1:0:80/tcp"),
            ("[::1]:5000:5000", "::1:5000:5000/tcp"),
            ("9000-9001:80-81", ":9000:80/tcp :9001:81/tcp"),
            ("80-81", ":0:80/tcp :0:81/tcp"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text).as_deref(), Ok(expected), "{text}");
        }
        let wrong =
            ["", "x", "80:", "70000", "1:2:3:4:5", "9-8", "80/foo", "80/sctp", "1-3:1-2", "+80", "a:80", "1.2.3:8:8"];
        for text in wrong {
            assert!(publish(text).is_err(), "{text}");
        }
    }
}
