//! Objects in a bucket.

use std::ops::Range;
use std::path::Path as FilePath;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::aws::{AmazonS3, AmazonS3Builder, Checksum};
use object_store::path::Path;
use object_store::{
    Error as StoreError, GetOptions, GetRange, ObjectStore, ObjectStoreExt as _, PutPayload, WriteMultipart,
};
use tokio::io::AsyncReadExt as _;

use super::address::BucketAddress;
use super::{ObjectError, ObjectInfo};

/// Content that is larger is sent in parts of this size; services take no smaller ones than 5 MiB.
const PART: usize = 8 * 1024 * 1024;
/// Parts on their way at a time.
const PARALLEL: usize = 4;

#[derive(Debug)]
pub(super) struct Bucket {
    store: Arc<AmazonS3>,
    prefix: String,
}

impl Bucket {
    pub(super) fn open(address: &BucketAddress) -> Result<Self, ObjectError> {
        // Somebody else may have installed one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder =
            AmazonS3Builder::from_env().with_bucket_name(&address.bucket).with_checksum_algorithm(Checksum::SHA256);
        if let Some(endpoint) = &address.endpoint {
            builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
        }
        if let Some(region) = &address.region {
            builder = builder.with_region(region);
        }
        let store = builder.build().map_err(|error| ObjectError::Address {
            address: format!("s3://{}", address.bucket),
            reason: error.to_string(),
        })?;
        Ok(Self { store: Arc::new(store), prefix: address.prefix.clone() })
    }

    fn path(&self, name: &str) -> Path {
        match self.prefix.as_str() {
            "" => Path::from(name),
            prefix => Path::from(format!("{prefix}/{name}")),
        }
    }

    pub(super) async fn put(&self, name: &str, bytes: Bytes) -> Result<(), ObjectError> {
        let put = self.store.put(&self.path(name), PutPayload::from_bytes(bytes)).await;
        put.map(drop).map_err(|error| failed(name, &error))
    }

    pub(super) async fn put_file(&self, name: &str, file: &FilePath) -> Result<(), ObjectError> {
        let unreadable =
            |error: std::io::Error| ObjectError::Failed { name: name.to_owned(), reason: error.to_string() };
        let mut from = tokio::fs::File::open(file).await.map_err(unreadable)?;
        let size = from.metadata().await.map_err(unreadable)?.len();
        if size <= PART as u64 {
            let mut bytes = Vec::new();
            from.read_to_end(&mut bytes).await.map_err(unreadable)?;
            return self.put(name, bytes.into()).await;
        }
        let upload = self.store.put_multipart(&self.path(name)).await.map_err(|error| failed(name, &error))?;
        let mut parts = WriteMultipart::new_with_chunk_size(upload, PART);
        let mut buffer = vec![0; 256 * 1024];
        let sent = async {
            loop {
                let count = from.read(&mut buffer).await.map_err(unreadable)?;
                if count == 0 {
                    return Ok(());
                }
                parts.wait_for_capacity(PARALLEL).await.map_err(|error| failed(name, &error))?;
                parts.write(&buffer[..count]);
            }
        };
        match sent.await {
            Ok(()) => parts.finish().await.map(drop).map_err(|error| failed(name, &error)),
            Err(error) => {
                // The service drops what is left, sooner or later.
                let _ = parts.abort().await;
                Err(error)
            }
        }
    }

    pub(super) async fn take_file(&self, name: &str, file: &FilePath) -> Result<(), ObjectError> {
        self.put_file(name, file).await?;
        // What stays is its owner's to remove.
        let _ = tokio::fs::remove_file(file).await;
        Ok(())
    }

    pub(super) async fn get(&self, name: &str) -> Result<Bytes, ObjectError> {
        let got = self.store.get(&self.path(name)).await.map_err(|error| failed(name, &error))?;
        got.bytes().await.map_err(|error| failed(name, &error))
    }

    pub(super) async fn range(&self, name: &str, range: Range<u64>) -> Result<Bytes, ObjectError> {
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        match self.store.get_opts(&self.path(name), options).await {
            Ok(got) => got.bytes().await.map_err(|error| failed(name, &error)),
            // Beyond the end there is nothing.
            Err(error) if error.to_string().contains("416") => Ok(Bytes::new()),
            Err(error) => Err(failed(name, &error)),
        }
    }

    pub(super) async fn stream(
        &self,
        name: &str,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Bytes, ObjectError>>, ObjectError> {
        if range.is_empty() {
            return Ok(futures_util::stream::empty().boxed());
        }
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        let got = self.store.get_opts(&self.path(name), options).await.map_err(|error| failed(name, &error))?;
        let name = name.to_owned();
        Ok(got.into_stream().map_err(move |error| failed(&name, &error)).boxed())
    }

    pub(super) async fn info(&self, name: &str) -> Result<Option<ObjectInfo>, ObjectError> {
        match self.store.head(&self.path(name)).await {
            Ok(meta) => Ok(Some(ObjectInfo {
                name: name.to_owned(),
                size: meta.size,
                modified: meta.last_modified.timestamp(),
            })),
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed(name, &error)),
        }
    }

    pub(super) async fn delete(&self, name: &str) -> Result<(), ObjectError> {
        match self.store.delete(&self.path(name)).await {
            Ok(()) | Err(StoreError::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(name, &error)),
        }
    }

    pub(super) async fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, ObjectError> {
        let whole = match (self.prefix.as_str(), prefix) {
            ("", "") => None,
            (own, "") => Some(Path::from(own)),
            (_, prefix) => Some(self.path(prefix)),
        };
        let own = if self.prefix.is_empty() { 0 } else { self.prefix.len() + 1 };
        let listed = self.store.list(whole.as_ref()).map_ok(|meta| ObjectInfo {
            name: meta.location.as_ref().get(own..).unwrap_or_default().to_owned(),
            size: meta.size,
            modified: meta.last_modified.timestamp(),
        });
        let mut found: Vec<ObjectInfo> = listed.try_collect().await.map_err(|error| failed(prefix, &error))?;
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }
}

fn failed(name: &str, error: &StoreError) -> ObjectError {
    match error {
        StoreError::NotFound { .. } => ObjectError::Missing(name.to_owned()),
        _ => ObjectError::Failed { name: name.to_owned(), reason: error.to_string() },
    }
}
