//! What git writes for a client that reads it at its own pace.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStdout};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How patient the server is with a client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// How long it may take nothing of what is ready.
    pub(crate) idle: Duration,
    /// How long all of it may take.
    pub(crate) longest: Duration,
    /// Whether a failure of git breaks the answer off. Where it is off, git says itself what is wrong.
    pub(crate) strict: bool,
}

/// Bytes in one piece, and pieces that are ready before the client takes them.
const PIECE: usize = 64 * 1024;
const READY: usize = 4;

/// The output of a git as the body of an answer. `held` is let go with the process: at its end, when the client goes away,
/// and when it is too slow, whether or not anybody looks at the body meanwhile.
pub(crate) fn stream(child: Child, stdout: ChildStdout, pace: Pace, held: impl Send + 'static) -> Body {
    let (send, receive) = mpsc::channel::<Option<Bytes>>(READY);
    tokio::spawn(async move {
        let _held = held;
        let until = Instant::now() + pace.longest;
        // Dropped with the future where the time is over; git ends with it.
        let _ = tokio::time::timeout_at(until, pump(child, stdout, pace, &send)).await;
    });
    Body::from_stream(futures_util::stream::unfold(Some(receive), async |receive| {
        let mut receive = receive?;
        match receive.recv().await {
            Some(Some(piece)) => Some((Ok(piece), Some(receive))),
            Some(None) => None,
            // Whoever reads must not take a part for the whole.
            None => Some((Err(std::io::Error::other("git was ended before its end")), None)),
        }
    }))
}

/// Passes pieces on; a `None` after the last says that it was the last.
async fn pump(mut child: Child, mut stdout: ChildStdout, pace: Pace, send: &mpsc::Sender<Option<Bytes>>) {
    loop {
        let mut buffer = Vec::with_capacity(PIECE);
        let Ok(read) = stdout.read_buf(&mut buffer).await else { return };
        if read == 0 {
            // Seen to its end, so that no zombie is left until the runtime looks.
            let good = child.wait().await.is_ok_and(|status| status.success());
            if good || !pace.strict {
                let _ = tokio::time::timeout(pace.idle, send.send(None)).await;
            }
            return;
        }
        match tokio::time::timeout(pace.idle, send.send(Some(buffer.into()))).await {
            Ok(Ok(())) => {}
            // Gone, or asleep.
            Ok(Err(_)) | Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use http_body_util::BodyExt as _;

    use super::*;

    fn shell(text: &str) -> (Child, ChildStdout) {
        let mut command = tokio::process::Command::new("sh");
        command.args(["-c", text]).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        (child, stdout)
    }

    fn pace(idle: u64, strict: bool) -> Pace {
        Pace { idle: Duration::from_millis(idle), longest: Duration::from_secs(600), strict }
    }

    #[tokio::test]
    async fn a_failure_breaks_the_answer_off() {
        for (text, strict, expected) in
            [("echo a", true, Some("a\n")), ("echo a; exit 3", true, None), ("echo a; exit 3", false, Some("a\n"))]
        {
            let (child, stdout) = shell(text);
            let read = stream(child, stdout, pace(60_000, strict), ()).collect().await.ok();
            let read = read.map(|read| String::from_utf8(read.to_bytes().to_vec()).unwrap());
            assert_eq!(read.as_deref(), expected, "{text} {strict}");
        }
    }

    /// Nobody looks at the body, which is how a client looks that reads nothing.
    #[tokio::test]
    async fn who_takes_nothing_holds_nothing() {
        let (child, stdout) = shell("cat /dev/zero");
        let (held, mut let_go) = mpsc::channel::<()>(1);
        let body = stream(child, stdout, pace(50, true), held);
        assert!(tokio::time::timeout(Duration::from_secs(60), let_go.recv()).await.unwrap().is_none());
        body.collect().await.unwrap_err();
    }
}
