//! Writing of a row only what was changed.
//!
//! Whoever changes a row has read it before its transaction began. To write the whole of it back would undo what others changed
//! meanwhile: a title given while the pull request was being merged would open it again.

use crate::{Arg, Result, Tx, args};

/// The columns in which a row is to differ from what was read.
pub(crate) struct Difference {
    columns: Vec<String>,
    args: Vec<Arg>,
}

impl Difference {
    /// Of the row with this key.
    pub(crate) fn of(key: i64) -> Difference {
        Difference { columns: Vec::new(), args: args![key] }
    }

    /// A column as it was read and as it is to be.
    pub(crate) fn column<T: PartialEq + Into<Arg>>(self, name: &str, before: T, after: T) -> Difference {
        if before == after { self } else { self.set(name, after) }
    }

    /// A column that is written in any case.
    pub(crate) fn set(mut self, name: &str, value: impl Into<Arg>) -> Difference {
        self.args.push(value.into());
        self.columns.push(format!("{name} = ${}", self.args.len()));
        self
    }

    /// Writes them; `key` names the column that [`Difference::of`] gave the value of.
    pub(crate) async fn write(self, tx: &mut Tx, table: &str, key: &str) -> Result<()> {
        if self.columns.is_empty() {
            return Ok(());
        }
        let sql = format!("UPDATE {table} SET {} WHERE {key} = $1", self.columns.join(", "));
        tx.execute(sql, self.args).await.map(drop)
    }
}
