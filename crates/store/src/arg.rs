//! Values bound to placeholders.

/// One bound value. Null keeps its type: PostgreSQL wants to know it.
#[derive(Clone, PartialEq)]
pub enum Arg {
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
    Bool(bool),
    Float(f64),
    Null(Kind),
}

/// The type of a value in SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Int,
    Text,
    Bytes,
    Bool,
    Float,
}

/// Only the type: values may be secrets.
impl std::fmt::Debug for Arg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self {
            Self::Int(_) => Kind::Int,
            Self::Text(_) => Kind::Text,
            Self::Bytes(_) => Kind::Bytes,
            Self::Bool(_) => Kind::Bool,
            Self::Float(_) => Kind::Float,
            Self::Null(kind) => *kind,
        };
        write!(f, "{kind:?}")
    }
}

/// Rust types with a place in SQL, so that a `None` of theirs is a typed null.
pub trait Typed {
    const KIND: Kind;
}

macro_rules! arg {
    ($($type:ty => $kind:ident, $value:ident -> $make:expr;)*) => {$(
        impl From<$type> for Arg {
            fn from($value: $type) -> Self {
                Self::$kind($make)
            }
        }
        impl Typed for $type {
            const KIND: Kind = Kind::$kind;
        }
    )*};
}

arg! {
    i64 => Int, value -> value;
    i32 => Int, value -> i64::from(value);
    u32 => Int, value -> i64::from(value);
    // Sizes and counts; beyond 2^63 there is none.
    u64 => Int, value -> i64::try_from(value).unwrap_or(i64::MAX);
    usize => Int, value -> i64::try_from(value).unwrap_or(i64::MAX);
    bool => Bool, value -> value;
    f64 => Float, value -> value;
    String => Text, value -> value;
    &String => Text, value -> value.clone();
    &str => Text, value -> value.to_owned();
    &serde_json::Value => Text, value -> value.to_string();
    serde_json::Value => Text, value -> value.to_string();
    Vec<u8> => Bytes, value -> value;
    &[u8] => Bytes, value -> value.to_vec();
    &Vec<u8> => Bytes, value -> value.clone();
}

/// For values that are at hand as `&i64`, as loops over rows give them.
impl From<&i64> for Arg {
    fn from(value: &i64) -> Self {
        Self::Int(*value)
    }
}

impl<T: Typed + Into<Arg>> From<Option<T>> for Arg {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null(T::KIND), Into::into)
    }
}

/// A borrowed `Option<String>`, as the fields of records are.
impl From<&Option<String>> for Arg {
    fn from(value: &Option<String>) -> Self {
        value.as_deref().into()
    }
}

/// The values of a statement's placeholders, `$1` first: `args![id, &name, None::<i64>]`.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { ::std::vec![$($crate::Arg::from($value)),*] };
}
