//! Another master key, while the server runs.

use std::sync::{Arc, PoisonError};

use store::Query;
use store::sealed::SEALED_COLUMNS;

use super::{AUDIT_KEY, Identity};
use crate::secrets::{MasterKeys, envelope};
use crate::{Error, Result};

/// Envelopes written again in one transaction.
const BATCH: i64 = 200;

impl Identity {
    /// Takes other master keys into use: the new one first, the old one beside it. What is sealed from here on is under the
    /// new one; [`Identity::rewrap`] brings over what was there before.
    pub fn replace_keys(&self, keys: MasterKeys) {
        *self.0.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    /// Wraps every envelope's key under the current master key; how many there were to do. The values themselves are not
    /// written again. When this is done the old master key is of no more use.
    pub async fn rewrap(&self) -> Result<u64> {
        let mut done = u64::from(self.rewrap_audit_key().await?);
        for column in SEALED_COLUMNS {
            let mut after = i64::MIN;
            loop {
                let mut tx = self.0.store.begin().await?;
                let rows = column.after(&mut tx, after, BATCH).await?;
                let Some((last, _)) = rows.last() else { break };
                after = *last;
                for (key, sealed) in &rows {
                    if let Some(rewrapped) = envelope::rewrap(&self.keys(), sealed)? {
                        column.write(&mut tx, *key, &rewrapped).await?;
                        done += 1;
                    }
                }
                tx.commit().await?;
            }
        }
        Ok(done)
    }

    async fn rewrap_audit_key(&self) -> Result<bool> {
        let mut tx = self.0.store.begin().await?;
        let kept: String = tx.fetch_one("SELECT value FROM settings WHERE name = $1", store::args![AUDIT_KEY]).await?;
        let sealed = hex::decode(kept).map_err(|_| Error::Envelope("the audit log's key is no hexadecimal"))?;
        let Some(rewrapped) = envelope::rewrap(&self.keys(), &sealed)? else {
            return Ok(false);
        };
        let now = tx.now();
        let sql = "UPDATE settings SET value = $1, updated_at = $2 WHERE name = $3";
        tx.execute(sql, store::args![hex::encode(rewrapped), now, AUDIT_KEY]).await?;
        tx.commit().await?;
        Ok(true)
    }
}
