//! An HTTP server of a few lines that does what no good server does: cuts connections, hangs, lies.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

#[derive(Clone, Debug, Default)]
pub(super) struct Request {
    pub(super) method: String,
    /// With the query.
    pub(super) target: String,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// The body was not read to its end.
    pub(super) is_torn: bool,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }

    /// A parameter of the query, decoded.
    pub(super) fn query(&self, name: &str) -> Option<String> {
        let url = reqwest::Url::parse(&format!("http://x{}", self.target)).unwrap();
        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// `GET /v2/`
    pub(super) fn line(&self) -> String {
        format!("{} {}", self.method, self.path())
    }
}

#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// Close the connection after so many bytes of the body.
    pub(super) cut: Option<usize>,
}

impl Reply {
    pub(super) fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), cut: None }
    }

    pub(super) fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    pub(super) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(super) fn cut(mut self, after: usize) -> Self {
        self.cut = Some(after);
        self
    }

    /// An error in the form of the distribution specification.
    pub(super) fn error(status: u16, code: &str, message: &str) -> Self {
        Self::new(status).body(format!(r#"{{"errors":[{{"code":"{code}","message":"{message}"}}]}}"#))
    }
}

/// What a server does.
pub(super) trait Answer: Send + Sync + 'static {
    fn answer(&self, request: &Request) -> Reply;

    /// How many bytes of a request's body are read before the connection is cut.
    fn patience(&self, _head: &Request) -> Option<usize> {
        None
    }
}

impl<F: Fn(&Request) -> Reply + Send + Sync + 'static> Answer for F {
    fn answer(&self, request: &Request) -> Reply {
        self(request)
    }
}

/// Runs until the tests end.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub(super) fn start(answer: impl Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let (seen, answer) = (Arc::clone(&server.seen), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                std::thread::spawn(move || serve(stream, &seen, answer.as_ref()));
            }
        });
        server
    }

    /// `127.0.0.1:PORT`
    pub(super) fn host(&self) -> String {
        self.address.to_string()
    }

    /// Every request so far, without the question whether TLS is spoken.
    pub(super) fn seen(&self) -> Vec<Request> {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|request| request.target != "/v2/").cloned().collect()
    }

    /// Their methods and paths.
    pub(super) fn lines(&self) -> Vec<String> {
        self.seen().iter().map(Request::line).collect()
    }
}

fn serve(stream: TcpStream, seen: &Mutex<Vec<Request>>, answer: &dyn Answer) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(mut request) = head(&mut reader) {
        let length: usize = request.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        let patience = answer.patience(&request).filter(|patience| *patience < length);
        let mut body = vec![0; patience.unwrap_or(length)];
        request.is_torn = patience.is_some() || reader.read_exact(&mut body).is_err();
        if patience.is_some() && reader.read_exact(&mut body).is_err() {
            return;
        }
        request.body = body;
        let reply = answer.answer(&request);
        seen.lock().unwrap().push(request.clone());
        if request.is_torn || write(&stream, &request, &reply).is_none() {
            let _ = stream.shutdown(std::net::Shutdown::Both);
            return;
        }
    }
}

fn head(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split_whitespace();
    let mut request =
        Request { method: words.next()?.to_owned(), target: words.next()?.to_owned(), ..Request::default() };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => request.headers.push((name.to_ascii_lowercase(), value.trim().to_owned())),
            None => return Some(request),
        }
    }
}

/// `None` when the connection is to be cut.
fn write(mut stream: &TcpStream, request: &Request, reply: &Reply) -> Option<()> {
    let mut head = format!("HTTP/1.1 {} X\r\n", reply.status);
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !reply.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length")) {
        head.push_str(&format!("content-length: {}\r\n", reply.body.len()));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).ok()?;
    if request.method == "HEAD" {
        return Some(());
    }
    let end = reply.cut.unwrap_or(reply.body.len()).min(reply.body.len());
    stream.write_all(&reply.body[..end]).ok()?;
    if reply.cut.is_some() { None } else { Some(()) }
}
