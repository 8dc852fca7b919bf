//! Where envelopes lie, so that a new master key finds them all.

use crate::{Query, Result, Tx, args};

/// A column of envelopes, and the column of whole numbers that names its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedColumn {
    pub table: &'static str,
    pub key: &'static str,
    pub column: &'static str,
}

/// Every column with envelopes. Whoever adds one to a table names it here: otherwise it cannot be opened any more once the
/// old master key is thrown away.
pub const SEALED_COLUMNS: &[SealedColumn] = &[
    SealedColumn { table: "server_keys", key: "id", column: "sealed" },
    SealedColumn { table: "secrets", key: "id", column: "sealed" },
    SealedColumn { table: "box_keys", key: "id", column: "sealed" },
    SealedColumn { table: "hooks", key: "id", column: "secret_sealed" },
    SealedColumn { table: "connections", key: "id", column: "secret_sealed" },
    SealedColumn { table: "connections", key: "id", column: "token_sealed" },
    SealedColumn { table: "run_attempts", key: "id", column: "sealed" },
    SealedColumn { table: "jobs", key: "id", column: "sealed" },
    SealedColumn { table: "environment_gates", key: "id", column: "sealed" },
    SealedColumn { table: "gate_requests", key: "id", column: "sealed_token" },
];

impl SealedColumn {
    /// Some rows after a key, by key, with their envelopes; rows without one are left out.
    pub async fn after(self, tx: &mut Tx, key: i64, limit: i64) -> Result<Vec<(i64, Vec<u8>)>> {
        let Self { table, key: name, column } = self;
        let lock = tx.lock_clause(crate::Lock::Wait);
        let sql = format!(
            "SELECT {name}, {column} FROM {table} WHERE {name} > $1 AND {column} IS NOT NULL ORDER BY {name} LIMIT $2{lock}"
        );
        tx.fetch_all(sql, args![key, limit]).await
    }

    /// Writes an envelope back.
    pub async fn write(self, tx: &mut Tx, key: i64, envelope: &[u8]) -> Result<()> {
        let Self { table, key: name, column } = self;
        tx.execute(format!("UPDATE {table} SET {column} = $1 WHERE {name} = $2"), args![envelope, key]).await?;
        Ok(())
    }
}
