//! Rows, and structs read from them.

use sqlx::Row as _;

use crate::{Error, Result};

/// A row of an answer.
#[derive(Debug)]
pub enum Row {
    Sqlite(sqlx::sqlite::SqliteRow),
    Postgres(sqlx::postgres::PgRow),
}

/// A struct that is read from a row.
pub trait Record: Sized + Send + Unpin {
    /// # Errors
    /// When a column is missing or holds something else.
    fn read(row: &Row) -> Result<Self>;
}

/// A value of one column.
pub trait Column: Sized {
    /// # Errors
    /// When the column is missing or holds something else.
    fn named(row: &Row, name: &str) -> Result<Self>;

    /// By its place, from 0.
    ///
    /// # Errors
    /// When the column is missing or holds something else.
    fn at(row: &Row, index: usize) -> Result<Self>;
}

impl Row {
    /// # Errors
    /// When the column is missing or holds something else.
    pub fn get<T: Column>(&self, name: &str) -> Result<T> {
        T::named(self, name)
    }
}

macro_rules! column {
    ($($type:ty),*) => {$(
        // SQLite has types for values, not for columns: a check of the declared type would refuse expressions.
        impl Column for $type {
            fn named(row: &Row, name: &str) -> Result<Self> {
                match row {
                    Row::Sqlite(row) => row.try_get_unchecked(name),
                    Row::Postgres(row) => row.try_get(name),
                }
                .map_err(|error| Error::column(name, &error))
            }

            fn at(row: &Row, index: usize) -> Result<Self> {
                match row {
                    Row::Sqlite(row) => row.try_get_unchecked(index),
                    Row::Postgres(row) => row.try_get(index),
                }
                .map_err(|error| Error::column(&index.to_string(), &error))
            }
        }

        impl Record for $type {
            fn read(row: &Row) -> Result<Self> {
                Self::at(row, 0)
            }
        }
    )*};
}

column!(i64, String, bool, f64, Vec<u8>, Option<i64>, Option<String>, Option<bool>, Option<f64>, Option<Vec<u8>>);

/// JSON kept as text.
impl Column for serde_json::Value {
    fn named(row: &Row, name: &str) -> Result<Self> {
        json(name, &String::named(row, name)?)
    }

    fn at(row: &Row, index: usize) -> Result<Self> {
        json(&index.to_string(), &String::at(row, index)?)
    }
}

fn json(name: &str, text: &str) -> Result<serde_json::Value> {
    serde_json::from_str(text).map_err(|error| Error::Column { name: name.to_owned(), message: error.to_string() })
}

macro_rules! tuple {
    ($($type:ident $index:tt),*) => {
        impl<$($type: Column + Send + Unpin),*> Record for ($($type,)*) {
            fn read(row: &Row) -> Result<Self> {
                Ok(($($type::at(row, $index)?,)*))
            }
        }
    };
}

tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);

/// Defines a struct that is read from a row by the names of its fields; `COLUMNS` lists them for a `SELECT`.
#[macro_export]
macro_rules! record {
    ($(#[$meta:meta])* $vis:vis struct $name:ident {
        $(#[$first_meta:meta])* $first_vis:vis $first:ident: $first_type:ty
        $(, $(#[$field_meta:meta])* $field_vis:vis $field:ident: $field_type:ty)* $(,)?
    }) => {
        $(#[$meta])*
        $vis struct $name {
            $(#[$first_meta])* $first_vis $first: $first_type,
            $($(#[$field_meta])* $field_vis $field: $field_type,)*
        }

        impl $name {
            /// The columns in the order of the fields.
            $vis const COLUMNS: &'static str = concat!(stringify!($first) $(, ", ", stringify!($field))*);
        }

        impl $crate::Record for $name {
            fn read(row: &$crate::Row) -> $crate::Result<Self> {
                Ok(Self {
                    $first: row.get(stringify!($first))?,
                    $($field: row.get(stringify!($field))?,)*
                })
            }
        }
    };
}
