//! Ports of `EXPOSE`.

use span::{Diagnostic, Span};

use crate::Word;

/// The ports of one `EXPOSE` in the form `80/tcp`, ranges written out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ports {
    pub ports: Vec<String>,
    /// Words whose protocol is not in lower case.
    pub casing: Vec<(Span, String)>,
    /// Words that name an address or a host's port, which means nothing here.
    pub mapped: Vec<(Span, String)>,
}

/// Reads words in which variables are already put in; a word may hold several, apart by blanks.
pub fn ports(words: &[Word]) -> Result<Ports, Vec<Diagnostic>> {
    let mut ports = Ports::default();
    let mut problems = Vec::new();
    for word in words {
        for text in word.text.split_whitespace() {
            match one(text) {
                Ok(port) => {
                    if port.protocol != port.protocol.to_ascii_lowercase() {
                        ports.casing.push((word.span, text.to_owned()));
                    }
                    if port.mapped {
                        ports.mapped.push((word.span, text.to_owned()));
                    }
                    let protocol = port.protocol.to_ascii_lowercase();
                    ports.ports.extend((port.first..=port.last).map(|number| format!("{number}/{protocol}")));
                }
                Err(why) => problems.push(
                    Diagnostic::error("dockerfile/port", format!("`{text}` is no port: {why}"))
                        .at(word.span)
                        .help("a port is `80`, `80/udp` or a range such as `8000-8010/tcp`"),
                ),
            }
        }
    }
    if problems.is_empty() { Ok(ports) } else { Err(problems) }
}

struct Port<'a> {
    first: u16,
    last: u16,
    protocol: &'a str,
    mapped: bool,
}

fn one(text: &str) -> Result<Port<'_>, String> {
    let (host, own) = match text.rsplit_once(':') {
        Some((host, own)) => (Some(host), own),
        None => (None, text),
    };
    let (range, protocol) = match own.split_once('/') {
        Some((range, "")) => (range, "tcp"),
        Some((range, protocol)) => (range, protocol),
        None => (own, "tcp"),
    };
    if !["tcp", "udp", "sctp"].iter().any(|known| known.eq_ignore_ascii_case(protocol)) {
        return Err(format!("the protocol is `tcp`, `udp` or `sctp`, not `{protocol}`"));
    }
    let (first, last) = span_of(range)?;
    if let Some(host) = host {
        host_part(host, last - first)?;
    }
    Ok(Port { first, last, protocol, mapped: host.is_some() })
}

/// `80` or `80-90`.
fn span_of(range: &str) -> Result<(u16, u16), String> {
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let (first, last) = (number(first)?, number(last)?);
    if last < first {
        return Err(format!("the range `{range}` ends before it begins"));
    }
    Ok((first, last))
}

fn number(text: &str) -> Result<u16, String> {
    if text.is_empty() {
        return Err("a number is missing".to_owned());
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("`{text}` is no number"));
    }
    text.parse().map_err(|_| format!("{text} is not within 0 to 65535"))
}

/// `[address:]port`, as `docker run -p` has it: checked, and then of no effect.
fn host_part(host: &str, width: u16) -> Result<(), String> {
    let (address, port) = match host.rsplit_once(':') {
        Some((address, port)) => (Some(address), port),
        None => (None, host),
    };
    if let Some(address) = address {
        let bare = address.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(address);
        if bare.parse::<core::net::IpAddr>().is_err() {
            return Err(format!("`{address}` is no address"));
        }
    }
    if !port.is_empty() {
        let (first, last) = span_of(port)?;
        if width != 0 && last - first != width {
            return Err("the ranges of host and container differ in length".to_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use span::FileId;

    use super::*;

    fn read(text: &str) -> Result<Ports, Vec<Diagnostic>> {
        ports(&[Word::new(text, Span::new(FileId(0), 0, text.len()))])
    }

    #[test]
    fn ports_and_ranges() {
        for (text, expected) in [
            ("80", vec!["80/tcp"]),
            ("80/udp 443", vec!["80/udp", "443/tcp"]),
            ("8000-8002", vec!["8000/tcp", "8001/tcp", "8002/tcp"]),
            ("8000-8001/sctp", vec!["8000/sctp", "8001/sctp"]),
            ("80-80", vec!["80/tcp"]),
            ("0", vec!["0/tcp"]),
            ("80/", vec!["80/tcp"]),
            ("80/TCP", vec!["80/tcp"]),
            ("127.0.0.1:8080:80", vec!["80/tcp"]),
            ("[::1]:8080:80/udp", vec!["80/udp"]),
            ("8080:80", vec!["80/tcp"]),
            ("", vec![]),
        ] {
            assert_eq!(read(text).expect(text).ports, expected, "{text}");
        }
        assert_eq!(read("80/TCP").expect("a port").casing.len(), 1);
        assert_eq!(read("8080:80").expect("a port").mapped.len(), 1);
    }

    #[test]
    fn what_is_no_port() {
        for text in ["http", "80/icmp", "90-80", "70000", "-1", "80-", "1.2.3:80:80", "80:90-95:100-101", "/tcp", "+80"]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
