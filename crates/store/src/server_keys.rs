//! Keys that all servers of one database share.

use crate::{Query, Result, Tx, args};

/// The envelope of a key.
pub async fn find(db: &mut impl Query, name: &str) -> Result<Option<Vec<u8>>> {
    db.fetch_optional("SELECT sealed FROM server_keys WHERE name = $1", args![name]).await
}

/// Keeps a key unless another server was first; what is kept then.
pub async fn keep(tx: &mut Tx, name: &str, sealed: &[u8]) -> Result<Vec<u8>> {
    let now = tx.now();
    let insert = "INSERT INTO server_keys (name, sealed, created_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING";
    tx.execute(insert, args![name, sealed, now]).await?;
    tx.fetch_one("SELECT sealed FROM server_keys WHERE name = $1", args![name]).await
}
