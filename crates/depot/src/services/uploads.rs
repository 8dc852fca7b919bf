//! Content on its way: each part an object, so that any server can take the next one.

use std::io::Read as _;

use futures_util::TryStreamExt as _;

use services::backend::{Blob, BlobWriter, Receiver, Staging};
use services::{Error, Result};
use std::sync::Arc;
use store::uploads::{self, Part, Upload};

use super::ServerServices;
use crate::Depot;

/// Blocks and ranges of one upload, as many as Azure takes.
const MAX_PARTS: usize = 50_000;

pub(super) fn open(services: &ServerServices, id: u64) -> Result<Option<Box<dyn Receiver>>> {
    let id = i64::try_from(id).unwrap_or(i64::MAX);
    let depot = &services.depot;
    let upload = services.wait(async { Ok(uploads::by_id(&mut depot.store.read(), id).await?) })?;
    Ok(upload.map(|upload| {
        let limit = services.settings.largest;
        let receiver = OpenUpload { depot: depot.clone(), staging: Arc::clone(&services.staging), upload, limit };
        Box::new(receiver) as Box<dyn Receiver>
    }))
}

struct OpenUpload {
    depot: Depot,
    staging: Arc<Staging>,
    upload: Upload,
    limit: u64,
}

impl OpenUpload {
    fn wait<T>(&self, work: impl Future<Output = crate::Result<T>>) -> Result<T> {
        tokio::runtime::Handle::current().block_on(work).map_err(super::told)
    }

    fn put_part(&self, part: &str, blob: Blob) -> Result<()> {
        let object = format!("uploads/{}-{}", self.upload.id, uuid::Uuid::new_v4().simple());
        self.wait(async {
            let parts = uploads::parts(&mut self.depot.store.read(), self.upload.id).await?;
            let others = parts.iter().filter(|other| other.part != part);
            let staged: i64 = others.map(|other| other.size).sum();
            Ok((parts.len(), super::number(staged)))
        })
        .and_then(|(count, staged)| {
            match (count < MAX_PARTS, staged.saturating_add(blob.size) <= self.limit) {
                (false, _) => Err(Error::BlockList(format!("more than {MAX_PARTS} blocks"))),
                (true, false) => Err(Error::TooLarge { limit: self.limit }),
                (true, true) => Ok(()),
            }
        })?;
        self.wait(async {
            self.depot.objects.put_file(&object, blob.path()).await?;
            let row = Part { part: part.to_owned(), object, size: i64::try_from(blob.size).unwrap_or(i64::MAX) };
            let mut tx = self.depot.store.begin().await?;
            let replaced = uploads::put_part(&mut tx, self.upload.id, &row).await?;
            tx.commit().await?;
            if let Some(replaced) = replaced {
                self.depot.objects.delete(&replaced).await?;
            }
            Ok(())
        })
    }

    /// Joins parts, in this order, to one object.
    fn join(&self, parts: &[Part], blocks: Option<&str>) -> Result<()> {
        let mut joined = self.writer()?;
        for part in parts {
            // Piece by piece: a block may be larger than the memory.
            let whole = 0..super::number(part.size);
            let mut pieces = self.wait(async { Ok(self.depot.objects.stream(&part.object, whole).await?) })?;
            while let Some(piece) = self.wait(async { Ok(pieces.try_next().await?) })? {
                joined.copy_from(&mut piece.as_ref().take(u64::MAX), std::path::Path::new("upload"))?;
            }
        }
        self.keep(joined.finish(), blocks)
    }

    fn keep(&self, blob: Blob, blocks: Option<&str>) -> Result<()> {
        let object = format!("content/{}", uuid::Uuid::new_v4().simple());
        self.wait(async {
            self.depot.objects.put_file(&object, blob.path()).await?;
            let mut tx = self.depot.store.begin().await?;
            let size = i64::try_from(blob.size).unwrap_or(i64::MAX);
            let Some(known) = uploads::lock(&mut tx, self.upload.id).await? else {
                // It was given up, or became an artifact, while this came in.
                self.depot.objects.delete(&object).await?;
                return Ok(false);
            };
            let parts = uploads::commit(&mut tx, self.upload.id, &object, size, &blob.sha256, blocks).await?;
            tx.commit().await?;
            for part in parts.iter().chain(&known.object) {
                self.depot.objects.delete(part).await?;
            }
            Ok(true)
        })
        .and_then(|kept| if kept { Ok(()) } else { Err(Error::NotUploaded { name: self.upload.name.clone() }) })
    }
}

impl Receiver for OpenUpload {
    fn job(&self) -> &str {
        &self.upload.backend_id
    }

    fn limit(&self) -> u64 {
        self.limit
    }

    fn writer(&self) -> Result<BlobWriter> {
        BlobWriter::create(&self.staging, self.limit)
    }

    fn add_block(&self, id: &str, block: Blob) -> Result<()> {
        self.put_part(id, block)
    }

    fn set_whole(&self, whole: Blob) -> Result<()> {
        self.keep(whole, None)
    }

    fn add_range(&self, start: u64, range: Blob) -> Result<()> {
        // Offsets in the order of their numbers.
        self.put_part(&format!("{start:020}"), range)
    }

    fn commit_blocks(&self, ids: &[String]) -> Result<()> {
        let list = serde_json::to_string(ids).unwrap_or_default();
        if self.upload.blocks.as_deref() == Some(&list) {
            // The client lost our answer.
            return Ok(());
        }
        let known = self.wait(async { Ok(uploads::parts(&mut self.depot.store.read(), self.upload.id).await?) })?;
        let mut wanted = Vec::with_capacity(ids.len());
        for (index, id) in ids.iter().enumerate() {
            if ids[..index].contains(id) {
                return Err(Error::BlockList(format!("block {id:?} is listed twice")));
            }
            let part = known.iter().find(|part| part.part == *id);
            wanted.push(part.ok_or_else(|| Error::BlockList(format!("block {id:?} was not uploaded")))?.clone());
        }
        self.join(&wanted, Some(&list))
    }
}

/// Joins the ranges of an upload: every byte below `size` must have been sent once, and none above.
pub(super) fn commit_ranges(services: &ServerServices, upload: &Upload, size: u64) -> Result<()> {
    let open = OpenUpload {
        depot: services.depot.clone(),
        staging: Arc::clone(&services.staging),
        upload: upload.clone(),
        limit: services.settings.largest,
    };
    let mut parts = open.wait(async { Ok(uploads::parts(&mut open.depot.store.read(), upload.id).await?) })?;
    parts.sort_by(|a, b| a.part.cmp(&b.part));
    let mut end = 0;
    for part in &parts {
        if part.part.parse() != Ok(end) {
            return Err(Error::BlockList("some byte ranges were not uploaded".to_owned()));
        }
        end += super::number(part.size);
    }
    if end != size {
        return Err(Error::Size { expected: size, actual: end });
    }
    open.join(&parts, None)
}
