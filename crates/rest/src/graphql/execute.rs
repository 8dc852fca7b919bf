//! Executes a checked operation.

use std::pin::Pin;

use graphql_parser::query::{Field, SelectionSet};
use serde_json::{Map, Value};

use super::connection::cursor;
use super::context::Context;
use super::document::Operation;
use super::fault::Fault;
use super::node::{Connection, Node, Out, Subject};
use super::schema::{Field as Row, Gives, named};

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
type Sets<'d> = Vec<&'d SelectionSet<'static, String>>;

/// The answer under way: what went wrong is collected beside it.
pub(crate) struct Execution<'e, 'd> {
    pub(crate) context: &'e Context<'e>,
    pub(crate) operation: &'e Operation<'d>,
    pub(crate) faults: Vec<Fault>,
    path: Vec<Value>,
}

impl<'e, 'd> Execution<'e, 'd> {
    pub(crate) fn new(context: &'e Context<'e>, operation: &'e Operation<'d>) -> Self {
        Self { context, operation, faults: Vec::new(), path: Vec::new() }
    }

    /// The whole `data`. Fields are executed one after the other: mutations must be, and queries of one client need no more.
    pub(crate) async fn run(&mut self) -> Value {
        let root = if self.operation.mutation { "Mutation" } else { "Query" };
        let node = Node::plain(root, Value::Null);
        self.object(node, vec![self.operation.selection]).await
    }

    fn object<'a>(&'a mut self, node: Node, sets: Sets<'d>) -> Boxed<'a, Value>
    where
        'd: 'a,
    {
        Box::pin(async move {
            let mut object = Map::new();
            for (key, fields) in self.operation.fields(&sets, node.kind) {
                self.path.push(key.into());
                let value = self.field(&node, &fields).await;
                self.path.pop();
                object.insert(key.to_owned(), value);
            }
            Value::Object(object)
        })
    }

    async fn field(&mut self, node: &Node, fields: &[&'d Field<'static, String>]) -> Value {
        let Some(first) = fields.first() else { return Value::Null };
        if first.name == "__typename" {
            return node.kind.into();
        }
        let Some(row) = named(node.kind).and_then(|kind| kind.field(&first.name)) else {
            // An interface's field that this member does not have.
            return Value::Null;
        };
        let sets: Sets<'d> = fields.iter().map(|field| &field.selection_set).collect();
        let out = match (self.admit(node, row).await, row.resolve) {
            (Err(fault), _) => Err(fault),
            (Ok(()), Some(resolve)) => {
                let args = self.operation.args(first);
                resolve(self.context, node, &args).await
            }
            (Ok(()), None) => Ok(at_hand(node.data.get(row.name), row.gives)),
        };
        match out {
            Ok(Out::Value(value)) => value,
            Ok(Out::Node(node)) => self.object(node, sets).await,
            Ok(Out::Nodes(nodes)) => self.list(nodes, sets).await,
            Ok(Out::Connection(connection)) => self.connection(connection, sets).await,
            Err(fault) => {
                self.faults.push(fault.at(first.position).path(&self.path));
                Value::Null
            }
        }
    }

    /// Whether the caller may read what the row gives.
    async fn admit(&self, node: &Node, row: &Row) -> Result<(), Fault> {
        match (row.needs, node.repository()) {
            (None, _) => Ok(()),
            (Some(permission), Some(repo)) => self.context.read(repo, permission).await,
            (Some(_), None) => Err(Fault::new("INTERNAL", "Something went wrong")),
        }
    }

    async fn list(&mut self, nodes: Vec<Node>, sets: Sets<'d>) -> Value {
        let mut items = Vec::new();
        for (index, node) in nodes.into_iter().enumerate() {
            self.path.push(index.into());
            items.push(self.object(node, sets.clone()).await);
            self.path.pop();
        }
        Value::Array(items)
    }

    async fn connection(&mut self, connection: Connection, sets: Sets<'d>) -> Value {
        let mut object = Map::new();
        for (key, fields) in self.operation.fields(&sets, "Connection") {
            let name = fields.first().map_or("", |field| field.name.as_str());
            let inner: Sets<'d> = fields.iter().map(|field| &field.selection_set).collect();
            self.path.push(key.into());
            let value = match name {
                "nodes" => self.list(connection.nodes.clone(), inner).await,
                "edges" => self.edges(&connection, &inner).await,
                "pageInfo" => self.object(Node::plain("PageInfo", connection.page_info()), inner).await,
                "__typename" => "Connection".into(),
                _ => connection.total.into(),
            };
            self.path.pop();
            object.insert(key.to_owned(), value);
        }
        Value::Object(object)
    }

    async fn edges(&mut self, connection: &Connection, sets: &Sets<'d>) -> Value {
        let mut edges = Vec::new();
        for (index, node) in connection.nodes.iter().enumerate() {
            let mut edge = Map::new();
            for (key, fields) in self.operation.fields(sets, "Edge") {
                let name = fields.first().map_or("", |field| field.name.as_str());
                let value = match name {
                    "cursor" => cursor(connection.offset + index).into(),
                    "node" => {
                        let inner: Sets<'d> = fields.iter().map(|field| &field.selection_set).collect();
                        self.path.push(index.into());
                        let value = self.object(node.clone(), inner).await;
                        self.path.pop();
                        value
                    }
                    _ => "Edge".into(),
                };
                edge.insert(key.to_owned(), value);
            }
            edges.push(Value::Object(edge));
        }
        Value::Array(edges)
    }
}

/// A value that its node has.
fn at_hand(value: Option<&Value>, gives: Gives) -> Out {
    let value = value.cloned().unwrap_or(Value::Null);
    match (gives, value) {
        (Gives::One(kind), value @ Value::Object(_)) => Out::Node(Node::new(kind, value, Subject::None)),
        (Gives::Many(kind), Value::Array(items)) => {
            Out::Nodes(items.into_iter().map(|item| Node::new(kind, item, Subject::None)).collect())
        }
        (_, value) => Out::Value(value),
    }
}
