use span::Span;

use crate::Scalar;

/// A value or key of a YAML file, with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The bytes it was written with: for scalars with their quotes, for flow collections with
    /// their brackets, for block collections from the first key or dash to the last value's end.
    /// A value that is not there has an empty span where it would stand.
    pub span: Span,
    /// The `*alias` that brought this here, on every node of the repeated content. With aliases
    /// in aliases it is the outermost: the one in the place where the content is used.
    pub alias: Option<Span>,
    pub kind: Kind,
    pub(crate) scalar: Option<Scalar>,
}

/// What a node is by GitHub's rules. Scalars of every kind also have [`Node::as_scalar`].
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    Null,
    Bool(bool),
    Number(f64),
    String,
    Seq(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// The value under a key of a mapping, by exact spelling.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, value)| value)
    }

    /// Key and value of a mapping's entry, by exact spelling.
    pub fn entry(&self, key: &str) -> Option<(&Node, &Node)> {
        let found = self.entries().iter().find(|(name, _)| name.text() == Some(key));
        found.map(|(name, value)| (name, value))
    }

    /// The entries of a mapping in the file's order; none for anything else.
    pub fn entries(&self) -> &[(Node, Node)] {
        self.as_map().unwrap_or_default()
    }

    /// The items of a sequence; none for anything else.
    pub fn items(&self) -> &[Node] {
        self.as_seq().unwrap_or_default()
    }

    pub fn as_map(&self) -> Option<&[(Node, Node)]> {
        match &self.kind {
            Kind::Map(entries) => Some(entries),
            _ => None,
        }
    }

    pub fn as_seq(&self) -> Option<&[Node]> {
        match &self.kind {
            Kind::Seq(items) => Some(items),
            _ => None,
        }
    }

    /// Text, style and source map of any scalar: null, boolean, number or string.
    pub fn as_scalar(&self) -> Option<&Scalar> {
        self.scalar.as_ref()
    }

    /// The text of a string; `None` for other scalars too.
    pub fn as_str(&self) -> Option<&str> {
        match self.kind {
            Kind::String => self.text(),
            _ => None,
        }
    }

    /// The text of any scalar as written, decoded: `1.10` stays `1.10`.
    pub fn text(&self) -> Option<&str> {
        self.scalar.as_ref().map(|scalar| &*scalar.text)
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self.kind {
            Kind::Bool(value) => Some(value),
            _ => None,
        }
    }

    pub fn as_number(&self) -> Option<f64> {
        match self.kind {
            Kind::Number(value) => Some(value),
            _ => None,
        }
    }

    pub fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    /// What it is, for messages: `a mapping`, `a string`, `nothing`.
    pub fn describe_kind(&self) -> &'static str {
        match self.kind {
            Kind::Null => "nothing",
            Kind::Bool(_) => "a boolean",
            Kind::Number(_) => "a number",
            Kind::String => "a string",
            Kind::Seq(_) => "a sequence",
            Kind::Map(_) => "a mapping",
        }
    }
}
