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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
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

/// By a token with one permission, whatever way leads to the thing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fields_take_what_their_routes_take() {
    let server = Server::start().await;
    let ann = server.user("ann", false).await;
    let repo = server.repository("ann", ann, "app", "private").await;
    let directory = tempfile::tempdir().unwrap();
    server.push_workflow(directory.path(), "ann/app", "ann");
    let caller = server.caller("ann").await;
    let actor = forge::Actor::of(&caller).unwrap();
    server.forge.create_issue(&repo, &actor, "a hidden issue", "", &[], &[]).await.unwrap();
    let fine = async |permission: &str| {
        let grant = identity::Grant::from_names([(permission, "read")]).unwrap();
        let what = identity::FineGrained { owner_id: ann, grant, repository_ids: None };
        server.identity.create_fine_grained_token(&caller, ann, "t", &what, None).await.unwrap().1.text.to_string()
    };
    let (pulls, issues, contents, metadata) =
        (fine("pull_requests").await, fine("issues").await, fine("contents").await, fine("metadata").await);
    let search =
        "query($q: String!) { search(query: $q, type: ISSUE, first: 10) { nodes { ... on Issue { title } } } }";
    let found = async |token: &str, words: &str| {
        let answer = ask(&server, token, search, json!({ "q": format!("repo:ann/app {words}") })).await;
        let refused = !messages(&answer).is_empty();
        (refused, answer.to_string().contains("a hidden issue"))
    };
    assert_eq!(found(&pulls, "is:issue").await, (true, false));
    assert_eq!(found(&pulls, "hidden").await, (false, false), "what it may not read is not found");
    assert_eq!(found(&issues, "is:issue").await, (false, true));
    assert_eq!(found(&issues, "hidden").await, (false, true));
    assert_eq!(found(&metadata, "hidden").await, (true, false));
    for (field, of, others) in [
        ("defaultBranchRef { name target { oid } }", &contents, [&issues, &metadata]),
        ("ref(qualifiedName: \"main\") { name }", &contents, [&pulls, &metadata]),
        ("refs(first: 1, refPrefix: \"refs/heads/\") { nodes { name } }", &contents, [&issues, &metadata]),
        ("object(expression: \"main\") { oid }", &contents, [&pulls, &metadata]),
        ("issues(first: 1) { nodes { title } }", &issues, [&pulls, &metadata]),
        ("issueOrPullRequest(number: 1) { ... on Issue { title } }", &issues, [&pulls, &metadata]),
        ("pullRequests(first: 1) { nodes { title } }", &pulls, [&issues, &metadata]),
        ("labels(first: 1) { nodes { name } }", &issues, [&contents, &metadata]),
        ("releases(first: 1) { nodes { name } }", &contents, [&issues, &metadata]),
    ] {
        let query = format!("{{ repository(owner: \"ann\", name: \"app\") {{ name {field} }} }}");
        let answer = ask(&server, of, &query, json!({})).await;
        assert!(messages(&answer).is_empty(), "{field}: {answer}");
        for other in others {
            let answer = ask(&server, other, &query, json!({})).await;
            assert_eq!(messages(&answer), ["Resource not accessible by personal access token"], "{field}: {answer}");
        }
    }
}

/// A repository of ann's with a pull request of hers.
async fn with_pull(visibility: &str) -> (Server, store::repositories::Repository, forge::Actor, store::issues::Issue) {
    let server = Server::start().await;
    let ann = server.user("ann", false).await;
    let repo = server.repository("ann", ann, "app", visibility).await;
    let directory = tempfile::tempdir().unwrap();
    let clone = server.push_workflow(directory.path(), "ann/app", "ann");
    server.git(&clone, &["checkout", "-q", "-b", "topic"]);
    server.git(&clone, &["commit", "-q", "--allow-empty", "-m", "more"]);
    server.git(&clone, &["push", "-q", "origin", "topic"]);
    let caller = server.caller("ann").await;
    let actor = forge::Actor::of(&caller).unwrap();
    let new = forge::pulls::NewPull { title: "ann's", head: "topic", base: "main", ..Default::default() };
    let (pull, _) = server.forge.create_pull(&repo, &caller, &actor, &new).await.unwrap();
    (server, repo, actor, pull)
}

/// Mutations ask what their routes ask.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mutations_take_what_their_routes_take() {
    let (server, repo, actor, pull) = with_pull("public").await;
    let locked = server.forge.create_issue(&repo, &actor, "locked", "", &[], &[]).await.unwrap();
    let lock = forge::issues::ChangeIssue { locked: Some(true), ..Default::default() };
    server.forge.change_issue(&repo, &actor, locked.number, lock).await.unwrap();
    let mut tokens = Vec::new();
    for role in ["read", "triage", "write"] {
        let id = server.user(role, false).await;
        let mut tx = server.store().begin().await.unwrap();
        store::roles::set_collaborator(&mut tx, repo.id, id, role).await.unwrap();
        tx.commit().await.unwrap();
        tokens.push((role, server.token(role, "repo").await));
    }
    let (issue_id, pull_id) = (forge::ids::node_id("Issue", locked.id), forge::ids::node_id("PullRequest", pull.id));
    let number = pull.number;
    // The mutation with its input, the route with its body, and who gets through either.
    let table = [
        (
            "addComment(input: $i) { clientMutationId }",
            json!({ "subjectId": issue_id, "body": "x" }),
            ("POST", format!("/issues/{}/comments", locked.number), json!({ "body": "x" })),
            ["write"].as_slice(),
        ),
        (
            "updatePullRequest(input: $i) { clientMutationId }",
            json!({ "pullRequestId": pull_id, "title": "theirs" }),
            ("PATCH", format!("/pulls/{number}"), json!({ "title": "theirs" })),
            &["write"],
        ),
        (
            "closePullRequest(input: $i) { clientMutationId }",
            json!({ "pullRequestId": pull_id }),
            ("PATCH", format!("/pulls/{number}"), json!({ "state": "open" })),
            &["triage", "write"],
        ),
        (
            "requestReviews(input: $i) { clientMutationId }",
            json!({ "pullRequestId": pull_id, "userIds": [], "union": true }),
            ("POST", format!("/pulls/{number}/requested_reviewers"), json!({ "reviewers": [] })),
            &["write"],
        ),
    ];
    for (mutation, input, (method, path, body), expected) in table {
        for (role, token) in &tokens {
            let query = format!("mutation($i: Input!) {{ {mutation} }}");
            let answer = ask(&server, token, &query, json!({ "i": input })).await;
            let through = messages(&answer).is_empty();
            assert_eq!(through, expected.contains(role), "{mutation} by {role}: {answer}");
            let answer = server.call(method, &format!("/repos/ann/app{path}"), token, body.clone()).await;
            assert_eq!(answer.status < 300, expected.contains(role), "{method} {path} by {role}: {}", answer.text);
        }
    }
}

/// A query costs a point for each hundred nodes that it may give; one that is too dear is not begun.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_queries_cost_more() {
    let server = Server::limited(rest::Limits { known: 20, anonymous: 0 }).await;
    let ann = server.user("ann", false).await;
    server.repository("ann", ann, "app", "private").await;
    let token = server.token("ann", "repo").await;
    let query = |first: u32| {
        format!(
            "{{ repository(owner: \"ann\", name: \"app\") {{ pullRequests(first: {first}) {{ nodes {{ comments(first: 10) {{ \
             totalCount }} }} }} }} }}"
        )
    };
    // 10 + 10 × 10 nodes: the request and one more.
    assert!(messages(&ask(&server, &token, &query(10), json!({})).await).is_empty());
    let left = server.get("/rate_limit", &token).await;
    assert_eq!(left.header("x-ratelimit-used"), "2");
    // 100 + 1000 nodes are eleven, which leaves six; the same again is refused.
    assert!(messages(&ask(&server, &token, &query(100), json!({})).await).is_empty());
    let refused = ask(&server, &token, &query(100), json!({})).await;
    assert_eq!(messages(&refused), ["API rate limit exceeded: this query costs 12 points."]);
}

/// A pull request is an issue too: for its comments and labels either permission of a job is enough, whichever way it asks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_comment_on_pull_requests_with_either_permission() {
    let (server, repo, actor, pull) = with_pull("private").await;
    let issue = server.forge.create_issue(&repo, &actor, "an issue", "", &[], &[]).await.unwrap();
    for (permission, job_id, of_issue) in [("pull_requests", 1, false), ("issues", 2, true)] {
        let mut tx = server.store().begin().await.unwrap();
        let job = identity::JobGrant {
            job_id,
            run_id: 1,
            repo_id: repo.id,
            grant: identity::Grant::from_names([("pull_requests", "read"), (permission, "write")]).unwrap(),
            fork: false,
            expires_at: tx.now() + 60_000_000,
        };
        let token = server.identity.issue_job_token(&mut tx, &job).await.unwrap().text.to_string();
        tx.commit().await.unwrap();
        for (kind, subject, expected) in [("Issue", &issue, of_issue), ("PullRequest", &pull, true)] {
            let base = format!("/repos/ann/app/issues/{}", subject.number);
            let comments = format!("{base}/comments");
            let made = server.call("POST", &comments, &token, json!({ "body": "by a job" })).await;
            assert_eq!(made.status, if expected { 201 } else { 403 }, "{permission} on {kind}: {}", made.text);
            let mut calls = vec![
                ("GET", comments, Value::Null),
                ("POST", format!("{base}/labels"), json!({ "labels": ["seen"] })),
                ("PATCH", base, json!({ "body": "changed" })),
            ];
            if expected {
                let id = &made.json()["id"];
                calls.push(("PATCH", format!("/repos/ann/app/issues/comments/{id}"), json!({ "body": "again" })));
            }
            for (method, path, body) in calls {
                let answer = server.call(method, &path, &token, body).await;
                assert_eq!(answer.status < 300, expected, "{permission}: {method} {path}: {}", answer.text);
            }
            let query = "mutation($i: Input!) { addComment(input: $i) { clientMutationId } }";
            let input = json!({ "subjectId": forge::ids::node_id(kind, subject.id), "body": "x" });
            let answer = ask(&server, &token, query, json!({ "i": input })).await;
            assert_eq!(messages(&answer).is_empty(), expected, "{permission} on {kind}: {answer}");
        }
        // What is of pull requests alone takes their permission.
        let query = "mutation($i: Input!) { convertPullRequestToDraft(input: $i) { clientMutationId } }";
        let input = json!({ "pullRequestId": forge::ids::node_id("PullRequest", pull.id) });
        let answer = ask(&server, &token, query, json!({ "i": input })).await;
        assert_eq!(messages(&answer).is_empty(), permission == "pull_requests", "{permission}: {answer}");
    }
}
