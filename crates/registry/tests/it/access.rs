use std::time::Duration;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use registry::{Action, Anonymous, Challenge, Grant, Rule, UsersFile};
use serde_json::{Value, json};

use crate::server::Server;

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// Two users: `ann`, who may do everything in `team/**`, and `bob`, who may pull there; everybody may pull from `open/*`.
fn guarded(change: impl FnOnce(&mut registry::Config)) -> Server {
    Server::with(|config| {
        let path = config.root.join("users");
        let mut users = UsersFile::default();
        for (name, password) in [("ann", "apple"), ("bob", "banana")] {
            // The cheapest hash: what it is worth is bcrypt's business.
            users.set(name, bcrypt::hash(password, 4).unwrap()).unwrap();
        }
        users.write(&path).unwrap();
        config.access.users = Some(path);
        config.access.anonymous = Anonymous::Nothing;
        let rule = |repositories: &str, users: &str, actions: &[Action]| Rule {
            repositories: vec![repositories.to_owned()],
            users: vec![users.to_owned()],
            actions: actions.to_vec(),
        };
        config.access.rules = vec![
            rule("team/**", "ann", &Action::ALL),
            rule("team/**", "bob", &[Action::Pull]),
            rule("open/*", "anonymous", &[Action::Pull]),
            rule("open/*", "ann", &[Action::Push]),
        ];
        change(config);
    })
}

fn upload(server: &Server, name: &str, authorization: &str) -> crate::http::Answer {
    server.send("POST", &format!("/v2/{name}/blobs/uploads/"), &[("Authorization", authorization)], b"")
}

fn token(server: &Server, query: &str, authorization: &str) -> String {
    let answer =
        server.send("GET", &format!("/token?service=trunkline&{query}"), &[("Authorization", authorization)], b"");
    answer.expect(200).json()["token"].as_str().unwrap().to_owned()
}

fn access_of(token: &str) -> Value {
    let claims = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice::<Value>(&claims).unwrap()["access"].clone()
}

#[test]
fn passwords_and_rules() {
    let server = guarded(|_| {});
    let refused = server.get("/v2/").refused(401, "UNAUTHORIZED");
    let realm = format!("Bearer realm=\"http://{}/token\",service=\"trunkline\"", server.address);
    assert_eq!(refused.header("www-authenticate"), Some(realm.as_str()));
    let (ann, bob) = (basic("ann", "apple"), basic("bob", "banana"));
    for _ in 0..2 {
        server.send("GET", "/v2/", &[("Authorization", &ann)], b"").expect(200);
    }
    for wrong in
        [basic("ann", "banana"), basic("ann", ""), basic("eve", "apple"), "Basic !".to_owned(), "Digest x".to_owned()]
    {
        server.send("GET", "/v2/", &[("Authorization", &wrong)], b"").refused(401, "UNAUTHORIZED");
    }
    upload(&server, "team/app", &ann).expect(202);
    upload(&server, "team/app", &bob).refused(403, "DENIED");
    upload(&server, "other", &ann).refused(403, "DENIED");
    upload(&server, "team", &ann).refused(403, "DENIED");
    let push = server.send("POST", "/v2/team/app/blobs/uploads/", &[], b"").refused(401, "UNAUTHORIZED");
    assert!(push.header("www-authenticate").unwrap().ends_with(",scope=\"repository:team/app:pull,push\""), "{push:?}");
    // What is open needs no password, what is not there is not told.
    server.get("/v2/open/app/manifests/x").refused(404, "MANIFEST_UNKNOWN");
    server.get("/v2/team/app/manifests/x").refused(401, "UNAUTHORIZED");
    server.send("POST", "/v2/open/app/blobs/uploads/", &[], b"").refused(401, "UNAUTHORIZED");
    server.get("/v2/no/such/path").refused(401, "UNAUTHORIZED");
}

#[test]
fn a_changed_users_file_counts_at_once() {
    let server = guarded(|_| {});
    let ann = basic("ann", "apple");
    server.send("GET", "/v2/", &[("Authorization", &ann)], b"").expect(200);
    let path = server.registry.config().access.users.clone().unwrap();
    let mut users = UsersFile::read(&path).unwrap();
    users.remove("ann");
    users.write(&path).unwrap();
    server.send("GET", "/v2/", &[("Authorization", &ann)], b"").refused(401, "UNAUTHORIZED");
}

#[test]
fn tokens_have_what_their_owner_may() {
    let server = guarded(|_| {});
    let (ann, bob) = (basic("ann", "apple"), basic("bob", "banana"));
    let wanted = "scope=repository:team/app:pull,push&scope=repository:other:pull";
    let of_ann = token(&server, wanted, &ann);
    assert_eq!(access_of(&of_ann), json!([{ "type": "repository", "name": "team/app", "actions": ["pull", "push"] }]));
    let of_bob = token(&server, wanted, &bob);
    assert_eq!(access_of(&of_bob), json!([{ "type": "repository", "name": "team/app", "actions": ["pull"] }]));
    upload(&server, "team/app", &bearer(&of_ann)).expect(202);
    let refused = upload(&server, "team/app", &bearer(&of_bob)).refused(401, "UNAUTHORIZED");
    assert!(refused.header("www-authenticate").unwrap().contains("error=\"insufficient_scope\""));
    // Ann may push elsewhere in the team, her token may not.
    upload(&server, "team/other", &bearer(&of_ann)).refused(401, "UNAUTHORIZED");
    let tampered = format!("{of_ann}x");
    let refused = upload(&server, "team/app", &bearer(&tampered)).refused(401, "UNAUTHORIZED");
    assert!(refused.header("www-authenticate").unwrap().contains("error=\"invalid_token\""));
    // Without a password, what everybody may.
    let anonymous = server.get("/token?scope=repository:open/x:pull,push&scope=repository:team/app:pull").expect(200);
    let anonymous = anonymous.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(access_of(&anonymous), json!([{ "type": "repository", "name": "open/x", "actions": ["pull"] }]));
    server.send("GET", "/token", &[("Authorization", &basic("ann", "wrong"))], b"").refused(401, "UNAUTHORIZED");
}

#[test]
fn the_form_of_oauth() {
    let server = guarded(|_| {});
    let form = "grant_type=password&username=ann&password=apple&service=trunkline&access_type=offline&scope=repository%3Ateam%2Fapp%3Apush";
    let post = |form: &str| {
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        server.send("POST", "/token", &headers, form.as_bytes())
    };
    let answer = post(form).expect(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let answer = answer.json();
    upload(&server, "team/app", &bearer(answer["access_token"].as_str().unwrap())).expect(202);
    let refresh = answer["refresh_token"].as_str().unwrap();
    let again = format!("grant_type=refresh_token&refresh_token={refresh}&scope=repository:team/x:pull");
    assert_eq!(access_of(post(&again).expect(200).json()["access_token"].as_str().unwrap())[0]["name"], "team/x");
    // It is for getting tokens and nothing else.
    upload(&server, "team/app", &bearer(refresh)).refused(401, "UNAUTHORIZED");
    post("grant_type=refresh_token&refresh_token=x").refused(401, "UNAUTHORIZED");
    post("grant_type=password&username=ann&password=x").refused(401, "UNAUTHORIZED");
    post("grant_type=magic").refused(400, "UNSUPPORTED");
}

#[test]
fn a_secret_of_a_job_works_under_any_name() {
    let server = guarded(|_| {});
    server.registry.accept_secret("ghs_job", "job", vec![Grant::repository("owner/**", &[Action::Pull, Action::Push])]);
    for user in ["octocat", "x", ""] {
        upload(&server, "owner/app", &basic(user, "ghs_job")).expect(202);
        upload(&server, "team/app", &basic(user, "ghs_job")).refused(401, "UNAUTHORIZED");
    }
    let of_job = token(&server, "scope=repository:owner/app:pull,push,delete", &basic("octocat", "ghs_job"));
    assert_eq!(access_of(&of_job), json!([{ "type": "repository", "name": "owner/app", "actions": ["pull", "push"] }]));
    upload(&server, "owner/app", &bearer(&of_job)).expect(202);
    server.registry.forget_secret("ghs_job");
    upload(&server, "owner/app", &basic("octocat", "ghs_job")).refused(401, "UNAUTHORIZED");

    let minted = server.registry.mint("job 7", vec![Grant::repository("**", &[Action::Push])], Duration::from_secs(60));
    upload(&server, "anything", &basic("x", &minted)).expect(202);
    upload(&server, "anything", &bearer(&minted)).expect(202);
}

#[test]
fn mounts_need_the_right_to_pull() {
    let server = guarded(|_| {});
    let push = server.registry.mint("", vec![Grant::repository("**", &[Action::Push])], Duration::from_secs(60));
    let digest = blob::Digest::of(b"secret");
    let path = format!("/v2/team/app/blobs/uploads/?digest={digest}");
    server.send("POST", &path, &[("Authorization", &bearer(&push))], b"secret").expect(201);
    let mine = server.registry.mint(
        "",
        vec![Grant::repository("mine", &[Action::Pull, Action::Push])],
        Duration::from_secs(60),
    );
    for from in ["&from=team/app", ""] {
        let path = format!("/v2/mine/blobs/uploads/?mount={digest}{from}");
        server.send("POST", &path, &[("Authorization", &bearer(&mine))], b"").expect(202);
    }
    let read = server.send("GET", &format!("/v2/mine/blobs/{digest}"), &[("Authorization", &bearer(&mine))], b"");
    read.refused(404, "BLOB_UNKNOWN");
}

#[test]
fn the_catalog_shows_what_may_be_pulled() {
    let server = guarded(|_| {});
    let all = server.registry.mint("", vec![Grant::repository("**", &Action::ALL)], Duration::from_secs(60));
    let empty = json!({ "schemaVersion": 2, "manifests": [] }).to_string();
    for name in ["team/app", "open/app", "other"] {
        let headers = [("Authorization", bearer(&all)), ("Content-Type", crate::server::INDEX.to_owned())];
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        server.send("PUT", &format!("/v2/{name}/manifests/x"), &headers, empty.as_bytes()).expect(201);
    }
    server.get("/v2/_catalog").refused(401, "UNAUTHORIZED");
    let list = |authorization: &str| {
        let answer = server.send("GET", "/v2/_catalog", &[("Authorization", authorization)], b"").expect(200);
        answer.json()["repositories"].clone()
    };
    assert_eq!(list(&basic("bob", "banana")), json!(["open/app", "team/app"]));
    assert_eq!(
        list(&bearer(&token(&server, "scope=registry:catalog:*", &basic("bob", "banana")))),
        json!(["open/app", "team/app"])
    );
}

/// Clients ask at `/v2/` whether they need a token, and whether a password is right.
#[test]
fn anonymous_pulls_by_token() {
    let server = guarded(|config| {
        config.access.anonymous = Anonymous::Pull;
        config.access.rules.clear();
    });
    let refused = server.get("/v2/").refused(401, "UNAUTHORIZED");
    assert!(refused.header("www-authenticate").unwrap().starts_with("Bearer realm="), "{refused:?}");
    let nobody = server.get("/token?service=trunkline&scope=repository:team/app:pull,push").expect(200).json();
    let nobody = nobody["token"].as_str().unwrap().to_owned();
    assert_eq!(access_of(&nobody), json!([{ "type": "repository", "name": "team/app", "actions": ["pull"] }]));
    server.send("GET", "/v2/", &[("Authorization", &bearer(&nobody))], b"").expect(200);
    let read = server.send("GET", "/v2/team/app/manifests/x", &[("Authorization", &bearer(&nobody))], b"");
    read.refused(404, "MANIFEST_UNKNOWN");
    upload(&server, "team/app", &bearer(&nobody)).refused(401, "UNAUTHORIZED");
    // Those who ask for nothing but the image need no token.
    server.get("/v2/team/app/manifests/x").refused(404, "MANIFEST_UNKNOWN");
}

#[test]
fn anonymous_pulls_and_basic_challenges() {
    let server = guarded(|config| {
        config.access.anonymous = Anonymous::Pull;
        config.access.challenge = Challenge::Basic;
        config.access.rules.clear();
    });
    server.get("/v2/").expect(200);
    server.get("/v2/team/app/manifests/x").refused(404, "MANIFEST_UNKNOWN");
    let refused = server.send("POST", "/v2/team/app/blobs/uploads/", &[], b"").refused(401, "UNAUTHORIZED");
    assert!(refused.header("www-authenticate").unwrap().starts_with("Basic realm="));
    upload(&server, "anything", &basic("bob", "banana")).expect(202);
}
