use std::sync::Arc;

use serde_json::{Map, Value};
use store::issues::Issue;
use store::pulls::Pull;
use store::repositories::Repository;
use store::users::User;

/// An object of the answer: its type, the values that are at hand, and what the functions of its other fields work on.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) kind: &'static str,
    pub(crate) data: Map<String, Value>,
    pub(crate) subject: Subject,
}

#[derive(Clone, Debug)]
pub(crate) enum Subject {
    None,
    Account(Arc<User>),
    Repository(Arc<Repository>),
    Pull(Arc<PullSubject>),
    Issue(Arc<Repository>, Arc<Issue>),
    Commit(Arc<Repository>, String),
    CheckRun(Arc<Repository>, Arc<store::checks::CheckRun>),
    /// Account and repository of a comment or review, and the id of its author.
    Authored(i64),
    Team(Arc<store::teams::Team>),
    /// What a mutation answers about.
    Within(Box<Node>),
    /// Comments on a line, the first of which began it.
    Conversation {
        comments: Vec<Node>,
        resolved_by: Option<i64>,
    },
}

#[derive(Clone, Debug)]
pub(crate) struct PullSubject {
    pub(crate) repo: Arc<Repository>,
    pub(crate) issue: Issue,
    pub(crate) pull: Pull,
    /// Three fields ask for them, and git takes long.
    pub(crate) numbers: tokio::sync::OnceCell<forge::shape::PullNumbers>,
}

impl Node {
    /// The repository that it is in, or is.
    pub(crate) fn repository(&self) -> Option<&Arc<Repository>> {
        match &self.subject {
            Subject::Repository(repo)
            | Subject::Issue(repo, _)
            | Subject::Commit(repo, _)
            | Subject::CheckRun(repo, _) => Some(repo),
            Subject::Pull(pull) => Some(&pull.repo),
            // What needs more than that its parent was seen is none of the rest.
            _ => None,
        }
    }

    /// From a JSON object.
    pub(crate) fn new(kind: &'static str, data: Value, subject: Subject) -> Self {
        let data = match data {
            Value::Object(data) => data,
            _ => Map::new(),
        };
        Self { kind, data, subject }
    }

    /// All there is to it is at hand.
    pub(crate) fn plain(kind: &'static str, data: Value) -> Self {
        Self::new(kind, data, Subject::None)
    }
}

/// What a field gives.
#[derive(Clone, Debug)]
pub(crate) enum Out {
    /// A scalar, a list of scalars, or null.
    Value(Value),
    Node(Node),
    Nodes(Vec<Node>),
    Connection(Connection),
}

impl From<Option<Node>> for Out {
    fn from(node: Option<Node>) -> Self {
        node.map_or(Out::Value(Value::Null), Out::Node)
    }
}

/// A page of nodes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connection {
    pub(crate) nodes: Vec<Node>,
    /// The place of the first node in the whole list.
    pub(crate) offset: usize,
    pub(crate) total: usize,
}
