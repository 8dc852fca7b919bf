use serde_json::{Value, json};

use crate::Problem;

/// Why a field, or the whole request, has no answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fault {
    /// `NOT_FOUND`, `FORBIDDEN`, `UNPROCESSABLE`, …; none for mistakes in the document.
    pub(crate) kind: Option<&'static str>,
    pub(crate) message: String,
    pub(crate) extensions: Option<Value>,
    pub(crate) at: Option<(usize, usize)>,
    pub(crate) path: Vec<Value>,
}

impl Fault {
    pub(crate) fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self { kind: Some(kind), message: message.into(), extensions: None, at: None, path: Vec::new() }
    }

    /// A mistake in the document.
    pub(crate) fn document(code: &str, message: impl Into<String>) -> Self {
        let extensions = Some(json!({ "code": code }));
        Self { kind: None, message: message.into(), extensions, at: None, path: Vec::new() }
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new("NOT_FOUND", message)
    }

    pub(crate) fn at(self, position: graphql_parser::Pos) -> Self {
        Self { at: Some((position.line, position.column)), ..self }
    }

    pub(crate) fn path(self, path: &[Value]) -> Self {
        Self { path: path.to_vec(), ..self }
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut error = serde_json::Map::new();
        if let Some(kind) = self.kind {
            error.insert("type".to_owned(), kind.into());
        }
        if !self.path.is_empty() {
            error.insert("path".to_owned(), self.path.clone().into());
        }
        if let Some(extensions) = &self.extensions {
            error.insert("extensions".to_owned(), extensions.clone());
        }
        if let Some((line, column)) = self.at {
            error.insert("locations".to_owned(), json!([{ "line": line, "column": column }]));
        }
        error.insert("message".to_owned(), self.message.as_str().into());
        Value::Object(error)
    }
}

/// What REST would answer, in GraphQL's words.
impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        let kind = match problem.status.as_u16() {
            401 | 403 => "FORBIDDEN",
            404 => "NOT_FOUND",
            409 | 405 | 422 => "UNPROCESSABLE",
            503 => "SERVICE_UNAVAILABLE",
            _ => "INTERNAL",
        };
        let details: Vec<String> = problem.errors.iter().filter_map(|error| error.message.clone()).collect();
        let message = if details.is_empty() { problem.message } else { details.join("; ") };
        Fault::new(kind, message)
    }
}

impl From<store::Error> for Fault {
    fn from(error: store::Error) -> Self {
        Problem::from(error).into()
    }
}

impl From<identity::Error> for Fault {
    fn from(error: identity::Error) -> Self {
        Problem::from(error).into()
    }
}

impl From<forge::Error> for Fault {
    fn from(error: forge::Error) -> Self {
        Problem::from(error).into()
    }
}

impl From<forge::git::GitError> for Fault {
    fn from(error: forge::git::GitError) -> Self {
        Problem::from(forge::Error::from(error)).into()
    }
}
