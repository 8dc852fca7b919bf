//! GraphQL: what is refused before it is executed, and what is not to be seen.

use serde_json::{Value, json};

use crate::fixture::Server;

async fn ask(server: &Server, token: &str, query: &str, variables: Value) -> Value {
    let request = server.client.post(format!("http://{}/api/graphql", server.address)).bearer_auth(token);
    let body = json!({ "query": query, "variables": variables });
    server.send(request.body(body.to_string())).await.json()
}

fn messages(answer: &Value) -> Vec<&str> {
    answer["errors"].as_array().into_iter().flatten().filter_map(|error| error["message"].as_str()).collect()
}

#[tokio::test]
async fn documents_that_are_refused() {
    let server = Server::start().await;
    server.user("ann", false).await;
    let token = server.token("ann", "repo").await;
    let deep = format!("{{ viewer {}{{ login }} {}", "{ viewer ".repeat(25), "}".repeat(26));
    let brackets = "[".repeat(200_000);
    let loops = "query { viewer { ...a } } fragment a on User { ...b } fragment b on User { ...a }";
    let wide = "{ repository(owner: \"a\", name: \"b\") { pullRequests(first: 100) { nodes { comments(first: 100) { nodes { author { \
                ... on User { repositories(first: 100) { nodes { name } } } } } } } } } }";
    let table: &[(&str, &str)] = &[
        ("{ viewer { password } }", "Field 'password' doesn't exist on type 'User'"),
        ("{ viewer(id: 1) { login } }", "Field 'viewer' doesn't accept argument 'id'"),
        ("{ viewer }", "Field must have selections (field 'viewer' returns User)"),
        ("{ viewer { login { x } } }", "Selections can't be made on scalars (field 'login' returns a scalar)"),
        ("{ viewer { ...none } }", "Fragment none was used, but not defined"),
        ("{ viewer { ... on Nothing { x } } }", "No such type Nothing, so it can't be a fragment condition"),
        (loops, "Fragment a contains an infinite loop"),
        (&deep, "This query is deeper than 20."),
        (&brackets, "The document is nested deeper than 100 brackets"),
        (wide, "This query requests up to 1010100 possible nodes which exceeds the maximum limit of 500000."),
        ("query($a: Int!) { viewer { login } }", "Variable $a of type Int! was provided invalid value"),
        ("query a { viewer { login } } query b { viewer { login } }", "The document has several operations: name one"),
        ("subscription { x }", "Subscriptions are not supported"),
    ];
    for (query, expected) in table {
        let answer = ask(&server, &token, query, json!({})).await;
        assert!(messages(&answer).contains(expected), "{}: {answer}", &query[..query.len().min(200)]);
        assert!(answer.get("data").is_none());
    }
    let broken = ask(&server, &token, "{ viewer {", json!({})).await;
    assert!(messages(&broken)[0].contains("Unexpected end of input"), "{broken}");
    let nobody = server.client.post(format!("http://{}/api/graphql", server.address)).body("{}");
    assert_eq!(server.send(nobody).await.status, 401);
}

#[tokio::test]
async fn what_is_private_is_not_there() {
    let server = Server::start().await;
    let ann = server.user("ann", false).await;
    server.user("bob", false).await;
    let repo = server.repository("ann", ann, "app", "private").await;
    let (own, stranger) = (server.token("ann", "repo").await, server.token("bob", "repo").await);
    let query = "query($owner: String!) { repository(owner: $owner, name: \"app\") { ...r viewerPermission } viewer { login email } } \
                 fragment r on Repository { id name owner { login ... on User { databaseId } } isPrivate defaultBranchRef { name } }";
    let answer = ask(&server, &own, query, json!({ "owner": "ann" })).await;
    let data = &answer["data"];
    assert_eq!(data["repository"]["viewerPermission"], "ADMIN", "{answer}");
    assert_eq!(
        (&data["repository"]["owner"]["databaseId"], &data["viewer"]["email"]),
        (&json!(ann), &json!("ann@example.com"))
    );
    assert_eq!(data["repository"]["defaultBranchRef"], Value::Null, "it is empty");
    let answer = ask(&server, &stranger, query, json!({ "owner": "ann" })).await;
    assert_eq!(answer["data"]["repository"], Value::Null);
    assert_eq!(answer["errors"][0]["type"], "NOT_FOUND");
    assert_eq!(messages(&answer), ["Could not resolve to a Repository with the name 'ann/app'."]);
    assert_eq!(answer["data"]["viewer"]["login"], "bob", "the rest is answered");
    let node = forge::ids::node_id("Repository", repo.id);
    for (token, expected) in [(&own, json!("app")), (&stranger, Value::Null)] {
        let query = "query($id: ID!) { node(id: $id) { id ... on Repository { name } } }";
        let answer = ask(&server, token, query, json!({ "id": node })).await;
        assert_eq!(answer["data"]["node"]["name"], expected, "{answer}");
    }
    let create = "mutation($i: CreatePullRequestInput!) { createPullRequest(input: $i) { pullRequest { id } } }";
    let input = json!({ "repositoryId": node, "title": "x", "headRefName": "a", "baseRefName": "main" });
    let answer = ask(&server, &stranger, create, json!({ "i": input })).await;
    assert_eq!(answer["errors"][0]["type"], "NOT_FOUND", "{answer}");
    let fields =
        ask(&server, &own, "{ __type(name: \"PullRequest\") { fields(includeDeprecated: true) { name } } }", json!({}))
            .await;
    let fields = fields["data"]["__type"]["fields"].as_array().unwrap().clone();
    assert!(fields.iter().any(|field| field["name"] == "mergeStateStatus"));
}
