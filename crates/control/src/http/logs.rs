//! A job's log, piece by piece: acknowledged when it is stored.

use api::wire::{ErrorCode, LOG_PIECE, LogStored};
use axum::Json;
use axum::extract::{Path, Query as Parameters, State};
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use serde::Deserialize;
use store::logs::Appended;

use super::{Answer, Refused, runner_of};
use crate::Control;

#[derive(Deserialize)]
pub(super) struct Offset {
    offset: u64,
}

pub(super) async fn append(
    State(control): State<Control>,
    Path((id, fence)): Path<(i64, i64)>,
    Parameters(Offset { offset }): Parameters<Offset>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer<Json<LogStored>> {
    let runner = runner_of(&control, &headers).await?;
    let offset = i64::try_from(offset).map_err(|_| Refused::invalid("the offset is too large"))?;
    let (bytes, packed) = unpacked(&headers, body)?;
    let mut tx = control.store().begin().await?;
    if !store::queue::holds(&mut tx, id, fence, runner).await? {
        return Err(Refused::fenced(id, fence));
    }
    match store::logs::append(&mut tx, id, fence, offset, &bytes, packed).await? {
        Appended::Stored(length) => {
            tx.commit().await?;
            Ok(Json(LogStored { stored: u64::try_from(length).unwrap_or_default() }))
        }
        Appended::Gap(length) => {
            let detail = format!("{length} bytes are stored");
            Err(Refused::new(416, ErrorCode::Gap, "the piece begins beyond the end", detail))
        }
    }
}

/// The piece in clear, and as it came where that is how it is kept.
fn unpacked(headers: &HeaderMap, body: Bytes) -> Answer<(Bytes, Option<Vec<u8>>)> {
    let encoding = headers.get(header::CONTENT_ENCODING).and_then(|value| value.to_str().ok());
    match encoding {
        None | Some("identity") if body.len() <= LOG_PIECE => Ok((body, None)),
        None | Some("identity") => Err(Refused::invalid(format!("a piece has at most {LOG_PIECE} bytes"))),
        Some("zstd") => {
            let packed = body.to_vec();
            let plain = zstd::bulk::decompress(&packed, LOG_PIECE).map_err(|error| {
                Refused::invalid(format!("the piece is no zstd frame of at most {LOG_PIECE} bytes: {error}"))
            })?;
            Ok((plain.into(), Some(packed)))
        }
        Some(other) => Err(Refused::invalid(format!("pieces come plain or with zstd, not with `{other}`"))),
    }
}
