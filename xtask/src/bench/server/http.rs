//! As much HTTP/1.1 as a client needs that measures another program.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// One connection that is kept.
pub(super) struct Client {
    address: String,
    token: String,
    /// Of a session: what pages go by.
    cookie: String,
    connection: Option<BufReader<TcpStream>>,
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The first value of a name: a number, or the text between quotes.
    pub(super) fn value(&self, name: &str) -> Option<String> {
        let text = self.text();
        let rest = text.split_once(&format!("\"{name}\":"))?.1.trim_start();
        Some(match rest.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next()?.to_owned(),
            None => rest.split([',', '}', ']']).next()?.trim().to_owned(),
        })
    }
}

/// A body without the marks of its chunks.
pub(super) struct Chunks {
    reader: BufReader<TcpStream>,
    left: usize,
}

impl std::io::Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 {
            let mut line = String::new();
            // The end of the chunk before leaves an empty line.
            while line.trim().is_empty() {
                line.clear();
                if self.reader.read_line(&mut line)? == 0 {
                    return Ok(0);
                }
            }
            self.left = usize::from_str_radix(line.trim(), 16).unwrap_or_default();
            if self.left == 0 {
                return Ok(0);
            }
        }
        let most = buffer.len().min(self.left);
        let read = self.reader.read(&mut buffer[..most])?;
        self.left -= read;
        Ok(read)
    }
}

impl Client {
    pub(super) fn new(address: &str, token: &str) -> Self {
        Self { address: address.to_owned(), token: token.to_owned(), cookie: String::new(), connection: None }
    }

    pub(super) fn with_cookie(self, cookie: &str) -> Self {
        Self { cookie: cookie.to_owned(), ..self }
    }

    pub(super) fn ask(&mut self, method: &str, path: &str, body: &[u8]) -> Result<Answer, String> {
        // A connection that was kept may have been closed meanwhile.
        for _ in 0..2 {
            match self.once(method, path, body) {
                Ok(answer) => return Ok(answer),
                Err(_) if self.connection.take().is_some() => {}
                Err(error) => return Err(format!("{method} {path}: {error}")),
            }
        }
        Err(format!("{method} {path}: the connection breaks"))
    }

    /// Sends a request whose answer comes in chunks and does not end, and gives its content.
    pub(super) fn follow(&self, path: &str, gzip: bool) -> Result<BufReader<Chunks>, String> {
        let mut stream = self.connect().map_err(|error| error.to_string())?;
        let accept = if gzip { "gzip" } else { "identity" };
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncookie: {}\r\naccept-encoding: {accept}\r\n\r\n",
            self.address, self.token, self.cookie
        );
        stream.write_all(head.as_bytes()).map_err(|error| error.to_string())?;
        let mut reader = BufReader::with_capacity(1 << 16, stream);
        let mut line = String::new();
        reader.read_line(&mut line).map_err(|error| error.to_string())?;
        if line.split(' ').nth(1) != Some("200") {
            return Err(format!("{path}: {line}"));
        }
        while !line.trim().is_empty() {
            line.clear();
            reader.read_line(&mut line).map_err(|error| error.to_string())?;
        }
        Ok(BufReader::with_capacity(1 << 16, Chunks { reader, left: 0 }))
    }

    fn connect(&self) -> std::io::Result<TcpStream> {
        let stream = TcpStream::connect(&self.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(90)))?;
        Ok(stream)
    }

    fn send(&self, stream: &mut TcpStream, method: &str, path: &str, body: &[u8]) -> std::io::Result<()> {
        let kind = if body.first() == Some(&b'{') { "application/json" } else { "application/octet-stream" };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncookie: {}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
            self.address,
            self.token,
            self.cookie,
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body].concat())
    }

    fn once(&mut self, method: &str, path: &str, body: &[u8]) -> std::io::Result<Answer> {
        let mut reader = match self.connection.take() {
            Some(reader) => reader,
            None => BufReader::new(self.connect()?),
        };
        self.send(reader.get_mut(), method, path, body)?;
        let broken = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(broken)?;
        let (mut length, mut chunked) = (0_usize, false);
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Err(broken());
            }
            let header = line.trim().to_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(|_| broken())?;
            }
            chunked |= header.starts_with("transfer-encoding:") && header.ends_with("chunked");
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        while chunked {
            line.clear();
            reader.read_line(&mut line)?;
            let size = usize::from_str_radix(line.trim(), 16).map_err(|_| broken())?;
            let start = body.len();
            body.resize(start + size + 2, 0);
            reader.read_exact(&mut body[start..])?;
            body.truncate(start + size);
            chunked = size > 0;
        }
        self.connection = Some(reader);
        Ok(Answer { status, body })
    }
}

/// The cookie of a new session.
pub(super) fn log_in(address: &str, login: &str, password: &str) -> Result<String, String> {
    let form = format!("login={login}&password={}", password.replace(' ', "+"));
    let request = format!(
        "POST /login HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
        form.len()
    );
    let asked = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer = asked().map_err(|error| format!("POST /login: {error}"))?;
    let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")?.split(';').next());
    cookie.map(str::to_owned).ok_or_else(|| format!("POST /login: {answer}"))
}
