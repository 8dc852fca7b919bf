//! One server for each SQLite data directory.

use std::fs::File;
use std::path::Path;

use crate::ServerError;

/// Held as long as the server lives; the system lets go of it however that ends.
#[derive(Debug)]
pub(crate) struct DataLock(#[expect(dead_code, reason = "the lock goes with the open file")] File);

impl DataLock {
    pub(crate) fn take(data: &Path) -> Result<Self, ServerError> {
        let path = data.join("server.lock");
        let file = File::create(&path).map_err(ServerError::io(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(std::fs::TryLockError::WouldBlock) => Err(ServerError::InUse { path: data.to_owned() }),
            Err(std::fs::TryLockError::Error(error)) => Err(ServerError::io(&path)(error)),
        }
    }
}
