//! `docker logs`.

use std::time::Duration;

use container::flags::Parsed;
use container::{Piece, Stream};
use jiff::Timestamp;

use crate::failure::{Failure, Outcome};
use crate::session::Session;

pub(super) async fn logs(session: &Session, parsed: Parsed) -> Outcome {
    let container = session.ground.table.container(&parsed.rest[0])?;
    let Some(mut reader) = container.logs() else {
        return Err(Failure::daemon("configured logging driver does not support reading"));
    };
    let last = match parsed.last("tail") {
        None | Some("all" | "") => None,
        // docker takes what is no number for everything.
        Some(text) => text.parse::<usize>().ok(),
    };
    let (since, until) = (moment(parsed.last("since"))?, moment(parsed.last("until"))?);
    let times = parsed.on("timestamps");
    let wanted =
        |piece: &Piece| since.is_none_or(|since| piece.time >= since) && until.is_none_or(|until| piece.time <= until);
    let mut open = [false; 2];
    let mut pieces = reader.read_all(last).map_err(Failure::from)?;
    loop {
        for run in pieces.chunk_by(|one, other| one.stream == other.stream) {
            let side = usize::from(run[0].stream == Stream::Err);
            let mut text = Vec::new();
            for piece in run.iter().filter(|piece| wanted(piece)) {
                if times && !open[side] {
                    text.extend(stamp(piece.time).bytes());
                }
                text.extend(&piece.bytes);
                open[side] = piece.bytes.last() != Some(&b'\n');
            }
            match run[0].stream {
                Stream::Out => session.out(text).await,
                Stream::Err => session.err(text).await,
            }
        }
        if !parsed.on("follow") || !reader.more().await {
            return Ok(0);
        }
        pieces = reader.read().map_err(Failure::from)?;
    }
}

fn stamp(time: Duration) -> String {
    let time = Timestamp::from_nanosecond(i128::try_from(time.as_nanos()).unwrap_or(0)).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%S.%9fZ ").to_string()
}

/// A time as RFC 3339, seconds since 1970, or how long ago.
fn moment(text: Option<&str>) -> Result<Option<Duration>, Failure> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let now = Duration::from_nanos(u64::try_from(Timestamp::now().as_nanosecond()).unwrap_or(0));
    if let Ok(seconds) = text.parse::<f64>() {
        return Ok(Duration::try_from_secs_f64(seconds).ok());
    }
    if let Ok(ago) = container::options::duration::parse(text) {
        return Ok(Some(now.saturating_sub(ago)));
    }
    let whole = [text.to_owned(), format!("{text}Z"), format!("{text}T00:00:00Z")];
    let time = whole.iter().find_map(|text| text.parse::<Timestamp>().ok());
    let time = time.ok_or_else(|| {
        Failure::daemon(format!("invalid value for \"since\": failed to parse value as time or duration: {text:?}"))
    })?;
    Ok(Some(Duration::from_nanos(u64::try_from(time.as_nanosecond()).unwrap_or(0))))
}
