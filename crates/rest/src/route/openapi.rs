//! The route table as an OpenAPI 3.1 description.

use serde_json::{Map, Value, json};

use super::{Access, Field, Gives, Kind, Route};

/// The whole description; `base` is the API's address.
pub(crate) fn description(routes: &[Route], base: &str) -> Value {
    let mut paths = Map::new();
    for route in routes {
        let path = route.path.replace("*}", "}");
        let item = paths.entry(path).or_insert_with(|| json!({}));
        if let Some(item) = item.as_object_mut() {
            item.insert(route.method.to_lowercase(), operation(route));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Trunkline",
            "description": "GitHub's REST API, as far as this server speaks it.",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "servers": [{ "url": base }],
        "security": [{ "token": [] }, { "basic": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer" },
                "basic": { "type": "http", "scheme": "basic" },
            },
            "schemas": { "problem": {
                "type": "object",
                "required": ["message", "documentation_url", "status"],
                "properties": {
                    "message": { "type": "string" },
                    "documentation_url": { "type": "string" },
                    "status": { "type": "string" },
                    "reason": { "type": "string" },
                    "errors": { "type": "array", "items": { "type": "object" } },
                },
            } },
        },
    })
}

/// What may stand in a path: a number where the name says so, else a text, with slashes where it takes the rest of the path.
fn in_path(route: &Route, name: &str) -> Value {
    let number = name == "id" || name == "number" || name.ends_with("_id") || name.ends_with("_number");
    // A workflow has a file's name, too.
    if number && name != "workflow_id" {
        return json!({ "type": "integer", "minimum": 1 });
    }
    let rest = route.path.contains(&format!("{{{name}*}}"));
    json!({ "type": "string", "minLength": 1, "pattern": if rest { "^.+$" } else { "^[^/]+$" } })
}

fn operation(route: &Route) -> Value {
    let mut operation = Map::new();
    operation.insert("operationId".to_owned(), operation_id(route).into());
    operation.insert("summary".to_owned(), route.summary.into());
    operation.insert("tags".to_owned(), json!([tag(route)]));
    let mut parameters: Vec<Value> = route
        .names()
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": in_path(route, name) }))
        .collect();
    for param in route.params {
        let schema = schema(param.kind, false);
        parameters.push(json!({ "name": param.name, "in": "query", "description": param.summary, "schema": schema }));
    }
    if route.paginated {
        let page = |name: &str, most: i64, or: i64| {
            let schema = json!({ "type": "integer", "minimum": 1, "maximum": most, "default": or });
            json!({ "name": name, "in": "query", "schema": schema })
        };
        parameters.push(page("page", 1_000_000, 1));
        parameters.push(page("per_page", 100, 30));
    }
    if !parameters.is_empty() {
        operation.insert("parameters".to_owned(), Value::Array(parameters));
    }
    if let Some(fields) = route.body {
        let required = fields.iter().any(|field| field.required);
        let content = json!({ "application/json": { "schema": object(fields) } });
        operation.insert("requestBody".to_owned(), json!({ "required": required, "content": content }));
    } else if route.raw {
        let content = json!({ "application/octet-stream": { "schema": {} } });
        operation.insert("requestBody".to_owned(), json!({ "content": content }));
    }
    operation.insert("responses".to_owned(), responses(route));
    operation.insert("x-trunkline-access".to_owned(), access(route).into());
    if route.access == Access::Anybody {
        operation.insert("security".to_owned(), json!([]));
    }
    Value::Object(operation)
}

fn responses(route: &Route) -> Value {
    let mut responses = Map::new();
    let json_of = |schema: Value| json!({ "application/json": { "schema": schema } });
    let content = match route.gives {
        Gives::Nothing | Gives::Redirect => None,
        Gives::Object(fields) => Some(json_of(object(fields))),
        Gives::List(fields) => Some(json_of(json!({ "type": "array", "items": items(fields) }))),
        Gives::Wrapped(name, fields) => Some(json_of(json!({
            "type": "object",
            "required": ["total_count", name],
            "properties": { "total_count": { "type": "integer" }, name: { "type": "array", "items": items(fields) } },
        }))),
        Gives::Bytes => Some(json!({ "*/*": { "schema": {} } })),
    };
    let mut success = json!({ "description": "Success." });
    if let (Some(content), Some(object)) = (content, success.as_object_mut()) {
        object.insert("content".to_owned(), content);
    }
    responses.insert(route.status.to_string(), success);
    let problem = json_of(json!({ "$ref": "#/components/schemas/problem" }));
    let failure = json!({ "description": "A refusal or a mistake in the request.", "content": problem });
    responses.insert("4XX".to_owned(), failure.clone());
    responses.insert("5XX".to_owned(), failure);
    Value::Object(responses)
}

fn items(fields: &'static [Field]) -> Value {
    if fields.is_empty() { json!({}) } else { object(fields) }
}

fn object(fields: &[Field]) -> Value {
    let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    let properties: Map<String, Value> =
        fields.iter().map(|field| (field.name.to_owned(), schema(field.kind, field.nullable))).collect();
    let mut object = json!({ "type": "object", "properties": properties });
    if let (false, Some(map)) = (required.is_empty(), object.as_object_mut()) {
        map.insert("required".to_owned(), json!(required));
    }
    object
}

fn schema(kind: Kind, nullable: bool) -> Value {
    let value = match kind {
        Kind::Any => return json!({}),
        Kind::String => json!({ "type": "string" }),
        Kind::Choice(choices) => json!({ "type": "string", "enum": choices }),
        Kind::Integer => json!({ "type": "integer", "format": "int64" }),
        Kind::Number => json!({ "type": "number" }),
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Array(items) => json!({ "type": "array", "items": schema(*items, false) }),
        Kind::Object(fields) => object(fields),
        Kind::StringOrInteger => json!({ "anyOf": [{ "type": "string" }, { "type": "integer" }] }),
        Kind::StringOrObject(fields) => json!({ "anyOf": [{ "type": "string" }, object(fields)] }),
        Kind::StringOrStrings => {
            json!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] })
        }
    };
    if nullable { json!({ "anyOf": [value, { "type": "null" }] }) } else { value }
}

/// `get-repos-owner-repo-actions-runs`
fn operation_id(route: &Route) -> String {
    let path: String =
        route.path.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
    let parts: Vec<&str> = path.split('-').filter(|part| !part.is_empty()).collect();
    format!("{}-{}", route.method.to_lowercase(), if parts.is_empty() { "root".to_owned() } else { parts.join("-") })
}

/// The subject: the first part that is no container.
pub(crate) fn tag(route: &Route) -> &'static str {
    let parts: Vec<&'static str> = route.path.split('/').skip(1).collect();
    match parts.as_slice() {
        ["repos", _, _, subject, ..] => subject,
        ["repos", ..] => "repositories",
        ["orgs", _, subject @ ("teams" | "actions" | "audit-log" | "hooks"), ..] => subject,
        ["orgs" | "organizations", ..] | ["admin", "organizations"] => "organizations",
        ["user" | "users" | "admin", ..] => "users",
        _ => "meta",
    }
}

/// Who gets there, in words.
pub(crate) fn access(route: &Route) -> String {
    match route.access {
        Access::Anybody => "everybody".to_owned(),
        Access::Reader => "everybody who is logged in".to_owned(),
        Access::User("") => "users".to_owned(),
        Access::User(scope) => format!("users; scope `{scope}`"),
        Access::Login => "users, by their password or a session".to_owned(),
        Access::Repo(need) => {
            format!("{}, role {}", need.text(), need.role)
        }
        Access::Org(permission, level) => {
            let role = if permission.org_role(level) == identity::OrgRole::Owner { "owners" } else { "members" };
            format!("`{permission}: {}`, {role} of the organisation", level.name())
        }
        Access::SiteAdmin => "administrators of the server; scope `site_admin`".to_owned(),
    }
}
