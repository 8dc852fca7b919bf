//! Messages on standard input and output: a header with the length, then JSON.

use std::io::{self, BufRead, Read as _};
use std::thread;

use lsp_server::{Connection, Message};

use crate::error::Error;
use crate::server::serve;
use crate::workspace::Opener;

/// Bytes of the longest message; files of more than a mebibyte are not looked at anyway.
const MAX_MESSAGE: usize = 64 << 20;

/// Bytes of the longest line of a header.
const MAX_HEADER: u64 = 8 << 10;

/// Serves one client on standard input and output until it says `exit`.
///
/// # Errors
/// The client breaks the protocol or the connection.
pub fn serve_stdio(opener: Opener<'_>) -> Result<(), Error> {
    let (connection, Connection { sender, receiver }) = Connection::memory();
    let reader = thread::spawn(move || {
        let mut input = io::stdin().lock();
        while let Some(message) = read(&mut input)? {
            let is_last = matches!(&message, Message::Notification(notification) if notification.method == "exit");
            // The other side has gone: it says why.
            if sender.send(message).is_err() || is_last {
                break;
            }
        }
        Ok::<(), Error>(())
    });
    let writer = thread::spawn(move || {
        let mut output = io::stdout().lock();
        receiver.into_iter().try_for_each(|message| message.write(&mut output))
    });
    let served = serve(&connection, opener);
    drop(connection);
    let written = writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    // No more messages come when the reader has ended, and it knows why. Otherwise it may wait for more, for ever.
    if matches!(served, Err(Error::Closed)) {
        reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    }
    served?;
    Ok(written?)
}

/// The next message; `None` at the end of the input.
fn read(input: &mut impl BufRead) -> Result<Option<Message>, Error> {
    let mut length = None;
    loop {
        let mut line = Vec::new();
        let read = input.by_ref().take(MAX_HEADER).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(None);
        }
        let shown = String::from_utf8_lossy(&line).trim_end().to_owned();
        if !line.ends_with(b"\n") {
            return Err(Error::Malformed(format!("a header that does not end: `{shown}`")));
        }
        if shown.is_empty() {
            break;
        }
        let Some((name, value)) = shown.split_once(':') else {
            return Err(Error::Malformed(format!("`{shown}` is no header")));
        };
        if name.eq_ignore_ascii_case("Content-Length") {
            let value = value.trim();
            let bytes: usize =
                value.parse().map_err(|_| Error::Malformed(format!("the length `{value}` is no number")))?;
            if bytes > MAX_MESSAGE {
                return Err(Error::Malformed(format!("{bytes} bytes, and {MAX_MESSAGE} are the most")));
            }
            length = Some(bytes);
        }
    }
    let length = length.ok_or_else(|| Error::Malformed("a header without `Content-Length`".to_owned()))?;
    let mut body = vec![0; length];
    input.read_exact(&mut body).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => Error::Malformed(format!("it ends before its {length} bytes")),
        _ => Error::Io(error),
    })?;
    let message = serde_json::from_slice(&body);
    message.map(Some).map_err(|error| Error::Malformed(format!("no message of JSON-RPC: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(input: &[u8]) -> String {
        match read(&mut &*input) {
            Ok(Some(Message::Request(request))) => format!("request {}", request.method),
            Ok(Some(other)) => format!("{other:?}"),
            Ok(None) => "the end".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn messages_and_what_is_none() {
        let body = r#"{"jsonrpc":"2.0","id":1,"method":"x"}"#;
        let framed = |body: &[u8]| [format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat();
        assert_eq!(told(&framed(body.as_bytes())), "request x");
        assert_eq!(told(b""), "the end");
        for (input, part) in [
            (b"Content-Length: 3\r\n\r\n{x}".to_vec(), "malformed: no message of JSON-RPC"),
            (framed(b"[]"), "malformed: no message of JSON-RPC"),
            (framed(b"\"\xff\""), "malformed: no message of JSON-RPC"),
            (b"Content-Length: 99999999999999\r\n\r\n".to_vec(), "99999999999999 bytes, and 67108864 are the most"),
            (b"Content-Length: much\r\n\r\n".to_vec(), "the length `much` is no number"),
            (b"Content-Type: x\r\n\r\n{}".to_vec(), "a header without `Content-Length`"),
            (b"{}\r\n".to_vec(), "`{}` is no header"),
            (b"Content-Length: 9\r\n\r\n{}".to_vec(), "it ends before its 9 bytes"),
            (vec![b'x'; 100_000], "a header that does not end"),
        ] {
            assert!(told(&input).contains(part), "{part}: {}", told(&input));
        }
    }
}
