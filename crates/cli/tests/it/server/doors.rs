//! The server's doors, each asked by people with different keys, through the front as clients come.

use super::instance::{Instance, PASSWORD, exchange};

/// Nobody, and a token of the repository's owner for statuses only, and one for everything.
const KEYS: [&str; 3] = ["nobody", "weak", "full"];

/// A request and what it is answered with, in the order of [`KEYS`].
const DOORS: &[(&str, &str, [u16; 3])] = &[
    ("GET", "/ann/secret.git/info/refs?service=git-upload-pack", [401, 403, 200]),
    ("GET", "/ann/secret/info/refs?service=git-upload-pack", [401, 403, 200]),
    ("GET", "/ann/secret.git/info/refs?service=git-receive-pack", [401, 403, 200]),
    ("POST", "/ann/secret.git/info/lfs/objects/batch", [401, 403, 422]),
    ("GET", "/ann/secret.git/info/lfs/locks", [401, 403, 200]),
    ("GET", "/ann/secret/releases/download/v1/x", [401, 403, 404]),
    ("GET", "/v2/", [401, 200, 200]),
    ("GET", "/v2/ann/secret/tags/list", [401, 401, 404]),
    ("POST", "/_trunkline/runner/v1/claim", [415, 415, 415]),
    ("POST", "/_trunkline/hooks/1", [403, 403, 403]),
    ("GET", "/metrics", [404, 404, 200]),
    ("POST", "/api/graphql", [401, 400, 400]),
    ("GET", "/api/v3/repos/ann/secret", [401, 403, 200]),
    ("GET", "/api/v3/repos/ann/secret/contents", [401, 403, 404]),
    ("GET", "/api/v3/repos/ann/secret/actions/runs", [401, 403, 200]),
];

#[test]
fn every_door_asks_who_is_there() {
    let server = Instance::start(&["--runners", "0"]);
    let token = |scopes: &[&str]| {
        let arguments: Vec<&str> = ["admin", "token", "ann"].into_iter().chain(scopes.iter().copied()).collect();
        format!("Bearer {}", server.feed(&arguments, "").lines().last().expect("a token"))
    };
    let (weak, full) = (token(&["--scope", "repo:status"]), token(&[]));
    let made = server.knock("POST", "/api/v3/user/repos", Some(&full), "{\"name\":\"secret\",\"private\":true}");
    assert_eq!(made.status, 201, "{}", made.body);
    let mut wrong = Vec::new();
    for (method, path, expected) in DOORS {
        let keys = [None, Some(&weak), Some(&full)];
        for ((key, name), expected) in keys.iter().zip(KEYS).zip(expected) {
            let answer = server.knock(method, path, key.map(String::as_str), "");
            if answer.status != *expected {
                wrong.push(format!("{method} {path} by {name}: {} instead of {expected}", answer.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_set_up_link_ends_with_the_first_user() {
    let server = Instance::start_empty(&["--runners", "0"]);
    let link = server.set_up_link();
    let path = link.split_once("/setup").map(|(_, query)| format!("/setup{query}")).expect("a path");
    assert_eq!(server.get(&path, None).status, 200);
    let form = |token: &str| {
        let form = format!("token={token}&login=eve&password={PASSWORD}&again={PASSWORD}");
        server.post("/setup", &form, None).status
    };
    assert_eq!(form("tlu_nonsense"), 403, "not as if the server were broken");
    server.feed(&["admin", "user", "add", "root1", "--admin"], PASSWORD);
    assert_eq!(server.get(&path, None).status, 403);
    assert_eq!(form(path.rsplit('=').next().expect("a token")), 403);
    let users = server.feed(&["admin", "user", "list"], "");
    assert!(!users.contains("eve"), "{users}");
}

#[test]
fn what_users_may_not_make_they_make_in_no_way() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("settings.toml");
    std::fs::write(&file, "users_create = false\nmetrics = \"127.0.0.1:0\"\n").expect("a file");
    let server = Instance::start(&["--runners", "0", "--config", &file.to_string_lossy()]);
    server.feed(&["admin", "user", "add", "bob"], PASSWORD);
    let token = |login: &str| format!("Bearer {}", server.feed(&["admin", "token", login], "").trim());
    let (ann, bob) = (token("ann"), token("bob"));
    for (name, private) in [("open", false), ("given", false)] {
        let new = format!("{{\"name\":\"{name}\",\"private\":{private},\"auto_init\":true}}");
        assert_eq!(server.knock("POST", "/api/v3/user/repos", Some(&ann), &new).status, 201);
    }
    for (method, path, body) in
        [("POST", "/api/v3/user/repos", "{\"name\":\"mine\"}"), ("POST", "/api/v3/repos/ann/open/forks", "{}")]
    {
        let answer = server.knock(method, path, Some(&bob), body);
        assert_eq!(answer.status, 403, "{method} {path}: {}", answer.body);
        assert!(answer.body.contains("only its administrators make repositories"), "{}", answer.body);
    }
    let made = "/bob/by-push.git/info/refs?service=git-receive-pack";
    assert_eq!(server.knock("GET", made, Some(&bob), "").status, 404);
    assert_eq!(server.knock("GET", "/api/v3/repos/bob/by-push", Some(&bob), "").status, 404);
    // Figures have a place of their own, where everybody who gets there reads them; not on the server's own port.
    assert_eq!(server.get("/metrics", None).status, 404);
    let figures =
        server.said().split_whitespace().find_map(|word| word.strip_prefix("http://")?.strip_suffix("/metrics"));
    let figures = exchange(figures.expect("where figures are"), "GET", "/metrics", "", "").body;
    assert!(figures.contains("trunkline_jobs_queued 0"), "{figures}");
}
