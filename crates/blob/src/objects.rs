//! Named objects, in a directory or in a bucket of an S3 service: what a server keeps beside its database.
//!
//! Names are made by the server and say what an object is: `logs/7-1`, `artifacts/12`. An object is written once, becomes
//! visible as a whole, and is there for every server that shares the place. Everything here is asynchronous.

mod address;
mod bucket;
mod directory;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use thiserror::Error;

pub use address::Address;
use bucket::Bucket;
use directory::Directory;

/// Why an object could not be stored or had.
#[derive(Debug, Error)]
pub enum ObjectError {
    #[error("{address}: {reason}")]
    Address { address: String, reason: String },
    #[error("there is no object {0}")]
    Missing(String),
    #[error("`{0}` is no name of an object")]
    Name(String),
    /// The disk or the bucket's quota is full.
    #[error("no room for the object {name}: {reason}")]
    NoSpace { name: String, reason: String },
    #[error("the object {name}: {reason}")]
    Failed { name: String, reason: String },
}

/// What is known of an object without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectInfo {
    pub name: String,
    pub size: u64,
    /// Seconds since 1970.
    pub modified: i64,
}

/// A place for objects. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Objects(Arc<Place>);

#[derive(Debug)]
enum Place {
    Directory(Directory),
    Bucket(Bucket),
}

macro_rules! both {
    ($self:expr, $place:ident => $work:expr) => {
        match &*$self.0 {
            Place::Directory($place) => $work,
            Place::Bucket($place) => $work,
        }
    };
}

impl Objects {
    /// Opens a directory, which is made, or a bucket, of which nothing is asked yet.
    ///
    /// # Errors
    /// A directory that cannot be made, or an address without what it needs.
    pub fn open(address: &Address) -> Result<Self, ObjectError> {
        let place = match address {
            Address::Directory(path) => Place::Directory(Directory::open(path)?),
            Address::Bucket(bucket) => Place::Bucket(Bucket::open(bucket)?),
        };
        Ok(Self(Arc::new(place)))
    }

    /// Stores bytes under a name; an object that has it is replaced.
    pub async fn put(&self, name: &str, bytes: Bytes) -> Result<(), ObjectError> {
        check(name)?;
        both!(self, place => place.put(name, bytes).await)
    }

    /// Stores a file's content, in parts if it is large. Only whole objects become visible.
    pub async fn put_file(&self, name: &str, file: &Path) -> Result<(), ObjectError> {
        check(name)?;
        both!(self, place => place.put_file(name, file).await)
    }

    /// As [`Objects::put_file`], of a file that nobody needs any more: it is gone afterwards.
    pub async fn take_file(&self, name: &str, file: &Path) -> Result<(), ObjectError> {
        check(name)?;
        both!(self, place => place.take_file(name, file).await)
    }

    /// The whole object. For those that fit into memory.
    pub async fn get(&self, name: &str) -> Result<Bytes, ObjectError> {
        check(name)?;
        both!(self, place => place.get(name).await)
    }

    /// Bytes of an object; fewer where it ends.
    pub async fn range(&self, name: &str, range: Range<u64>) -> Result<Bytes, ObjectError> {
        check(name)?;
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        both!(self, place => place.range(name, range).await)
    }

    /// Bytes of an object, a piece at a time.
    pub async fn stream(
        &self,
        name: &str,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Bytes, ObjectError>>, ObjectError> {
        check(name)?;
        both!(self, place => place.stream(name, range).await)
    }

    /// What is known of an object; `None` when it is not there.
    pub async fn info(&self, name: &str) -> Result<Option<ObjectInfo>, ObjectError> {
        check(name)?;
        both!(self, place => place.info(name).await)
    }

    /// Removes an object; one that is not there counts as removed.
    pub async fn delete(&self, name: &str) -> Result<(), ObjectError> {
        check(name)?;
        both!(self, place => place.delete(name).await)
    }

    /// All objects whose names begin with `prefix` and a slash; with an empty one, all.
    pub async fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, ObjectError> {
        both!(self, place => place.list(prefix).await)
    }

    /// Writes and removes an object, to see that it can be done.
    pub async fn check(&self) -> Result<(), ObjectError> {
        let name = "probe/write";
        self.put(name, Bytes::from_static(b"ok")).await?;
        self.delete(name).await
    }
}

/// Names are parts of paths: a part is made of letters, digits, `.`, `_` and `-`, and begins with no dot.
fn check(name: &str) -> Result<(), ObjectError> {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    if name.split('/').all(plain) { Ok(()) } else { Err(ObjectError::Name(name.to_owned())) }
}
