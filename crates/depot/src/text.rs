//! A log as text: `2026-01-31T12:00:00.0000000Z line`, as GitHub hands logs out.

use std::fmt::Write as _;

use api::wire::{LogDecoder, LogEntry};
use bytes::Bytes;
use futures_util::{Stream, stream};

use crate::{Depot, Error, Result};

impl Depot {
    /// The whole text of a log, as GitHub's API has it: each line with its time before it. It comes piece by piece, however
    /// long it is.
    pub fn log_text(&self, job: i64, fence: i64) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
        let state = (self.log(job, fence, 0), LogDecoder::default());
        stream::try_unfold(state, move |(mut pieces, mut decoder)| async move {
            loop {
                let Some(piece) = pieces.next_piece().await? else { return Ok(None) };
                // A megabyte takes milliseconds, which belong to nobody's request but this one.
                let made = tokio::task::spawn_blocking(move || {
                    let text = text_of(job, &mut decoder, &piece, |_, _, _| true);
                    (decoder, text)
                });
                let text;
                (decoder, text) = made.await.map_err(std::io::Error::other)?;
                let text = text?;
                if !text.is_empty() {
                    return Ok(Some((Bytes::from(text), (pieces, decoder))));
                }
            }
        })
    }
}

/// The text of the entries that end in a piece of the stream, of those that are wanted. Who decides is told where an entry
/// begins, as [`LogDecoder::position`] says it, and where it ends.
pub(crate) fn text_of(
    job: i64,
    decoder: &mut LogDecoder,
    piece: &[u8],
    mut wanted: impl FnMut(&LogEntry, (u64, Option<i64>), u64) -> bool,
) -> Result<String> {
    let mut text = String::with_capacity(piece.len() + piece.len() / 2);
    decoder.feed(piece);
    loop {
        let begin = decoder.position();
        let entry = decoder.next_entry().map_err(|error| Error::Log { job, reason: error.to_string() })?;
        let Some(entry) = entry else { return Ok(text) };
        if wanted(&entry, begin, decoder.position().0) {
            write_entry(&entry, &mut text);
        }
    }
}

fn write_entry(entry: &LogEntry, out: &mut String) {
    if entry.text.is_empty() {
        return;
    }
    let time = jiff::Timestamp::from_microsecond(entry.time).unwrap_or_default();
    let time = time.strftime("%Y-%m-%dT%H:%M:%S.%6f0Z").to_string();
    for line in String::from_utf8_lossy(&entry.text).lines() {
        let _ = writeln!(out, "{time} {line}");
    }
}
