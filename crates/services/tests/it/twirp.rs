//! Twirp over real HTTP: what is refused, and how it is said.

use crate::fixture::{Fixture, job, variable};
use crate::http::{authorization, backend_ids, request, twirp};
use serde_json::{Value, json};
use services::JobEnvironment;

const ARTIFACTS: &str = "twirp/github.actions.results.api.v1.ArtifactService";

fn with_ids(environment: &JobEnvironment, mut body: Value) -> Value {
    let (run, job) = backend_ids(environment);
    body["workflow_run_backend_id"] = json!(run);
    body["workflow_job_run_backend_id"] = json!(job);
    body
}

#[test]
fn refusals() {
    let fixture = Fixture::start();
    let environment = fixture.environment(&job("a"));
    let url = fixture.services.url();
    let json_type = || "content-type: application/json".to_owned();
    let token = || authorization(&environment);
    let request_token = variable(&environment, "ACTIONS_ID_TOKEN_REQUEST_TOKEN");
    let unsigned = "authorization: Bearer eyJhbGciOiJub25lIn0.eyJleHAiOjk5OTk5OTk5OTksIm5iZiI6MH0.".to_owned();
    let list = format!("{ARTIFACTS}/ListArtifacts");
    let huge = vec![b' '; 300 * 1024];
    type Case<'a> = (&'a str, Vec<String>, &'a [u8], u16, &'a str);
    let table: &[Case<'_>] = &[
        (&list, vec![json_type()], b"{}", 401, "unauthenticated"),
        (&list, vec![json_type(), "authorization: Bearer x".into()], b"{}", 401, "unauthenticated"),
        (&list, vec![json_type(), unsigned], b"{}", 401, "unauthenticated"),
        (&list, vec![json_type(), format!("{}x", token())], b"{}", 401, "unauthenticated"),
        (&list, vec![json_type(), format!("authorization: Bearer {request_token}")], b"{}", 401, "unauthenticated"),
        (&list, vec![json_type(), token()], b"{", 400, "malformed"),
        (&list, vec![json_type(), token()], b"[]", 400, "malformed"),
        (&list, vec![json_type(), token()], b"\xff\xfe", 400, "malformed"),
        (&list, vec![json_type(), token()], &huge, 400, "malformed"),
        (&list, vec![token()], b"{}", 404, "bad_route"),
        (&list, vec![json_type(), token()], b"{}", 403, "permission_denied"),
        (&list, vec![json_type(), token()], b"{\"workflow_run_backend_id\": 1}", 400, "invalid_argument"),
        ("twirp/other.Service/Method", vec![json_type(), token()], b"{}", 404, "bad_route"),
        ("nowhere", vec![token()], b"", 404, "bad_route"),
    ];
    for (path, headers, body, status, code) in table {
        let answer = request("POST", &format!("{url}{path}"), headers, body);
        assert_eq!(answer.status, *status, "{path} {headers:?} {answer:?}");
        assert_eq!(answer.json()["code"], *code, "{path}");
        assert!(answer.json()["msg"].is_string());
    }
}

#[test]
fn artifact_requests() {
    let fixture = Fixture::start();
    let environment = fixture.environment(&job("a"));
    let call = |method: &str, body: Value| {
        let answer = twirp(&fixture, &environment, &format!("ArtifactService/{method}"), &with_ids(&environment, body));
        (answer.status, answer.json())
    };
    let code = |(status, json): (u16, Value)| (status, json["code"].as_str().unwrap_or("ok").to_owned());
    for name in ["", "..", "a/b", "a\\b", "../../etc/passwd", "a\nb", "a:b", "a*"] {
        let answer = code(call("CreateArtifact", json!({"name": name, "version": 7})));
        assert_eq!(answer, (400, "invalid_argument".into()), "{name:?}");
    }
    let upload = |name: &str, content: &[u8]| {
        let (status, created) = call("CreateArtifact", json!({"name": name, "version": 4}));
        assert_eq!((status, &created["ok"]), (200, &json!(true)), "{created}");
        let put = request("PUT", created["signed_upload_url"].as_str().unwrap(), &[], content);
        assert_eq!(put.status, 201);
    };
    assert_eq!(code(call("FinalizeArtifact", json!({"name": "a", "size": "3"}))), (412, "failed_precondition".into()));
    upload("a", b"abc");
    assert_eq!(code(call("FinalizeArtifact", json!({"name": "a", "size": "4"}))), (400, "invalid_argument".into()));
    // A failed end drops the upload: the client starts over.
    upload("a", b"abc");
    let hash = format!("sha256:{}", "0".repeat(64));
    assert_eq!(
        code(call("FinalizeArtifact", json!({"name": "a", "size": "3", "hash": hash}))),
        (400, "invalid_argument".into())
    );
    upload("a", b"abc");
    let hash = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    // lowerCamelCase and a number: other clients' JSON.
    let ended = call("FinalizeArtifact", json!({"name": "a", "size": 3, "hash": hash}));
    assert_eq!(ended, (200, json!({"ok": true, "artifact_id": "1"})));
    let again = call("FinalizeArtifact", json!({"name": "a", "size": "3", "hash": hash}));
    assert_eq!(again, ended, "a repeated request gets the same answer");
    assert_eq!(code(call("CreateArtifact", json!({"name": "a"}))), (409, "already_exists".into()));

    let (_, listed) = call("ListArtifacts", json!({"name_filter": "a"}));
    let row = &listed["artifacts"][0];
    assert_eq!((row["size"].as_str(), row["digest"].as_str()), (Some("3"), Some(hash)));
    let (_, listed) = call("ListArtifacts", json!({"idFilter": "2"}));
    assert_eq!(listed, json!({"artifacts": []}));
    assert_eq!(code(call("GetSignedArtifactURL", json!({"name": "b"}))), (404, "not_found".into()));
    assert_eq!(code(call("DeleteArtifact", json!({"name": "b"}))), (404, "not_found".into()));
    assert_eq!(call("DeleteArtifact", json!({"name": "a"})), (200, json!({"ok": true, "artifact_id": "1"})));
    assert_eq!(code(call("Nothing", json!({}))), (404, "bad_route".into()));
}

#[test]
fn artifacts_are_seen_by_every_job_of_the_run() {
    let fixture = Fixture::start();
    let (first, second) = (fixture.environment(&job("a")), fixture.environment(&job("b")));
    let create = with_ids(&first, json!({"name": "x"}));
    let created = twirp(&fixture, &first, "ArtifactService/CreateArtifact", &create).json();
    let taken = twirp(&fixture, &second, "ArtifactService/CreateArtifact", &with_ids(&second, json!({"name": "x"})));
    assert_eq!(taken.status, 409, "another job is uploading under this name");
    request("PUT", created["signed_upload_url"].as_str().unwrap(), &[], b"data");
    let list = |environment| {
        let body = with_ids(environment, json!({}));
        twirp(&fixture, environment, "ArtifactService/ListArtifacts", &body).json()["artifacts"].clone()
    };
    assert_eq!(list(&second), json!([]), "not before its end");
    twirp(&fixture, &first, "ArtifactService/FinalizeArtifact", &create);
    let row = list(&second)[0].clone();
    assert_eq!(row["workflow_job_run_backend_id"], json!(backend_ids(&first).1));
    // The download asks with the ids of the artifact.
    let ask = json!({
        "workflow_run_backend_id": row["workflow_run_backend_id"],
        "workflow_job_run_backend_id": row["workflow_job_run_backend_id"],
        "name": "x",
    });
    let url = twirp(&fixture, &second, "ArtifactService/GetSignedArtifactURL", &ask).json();
    let got = request("GET", url["signed_url"].as_str().unwrap(), &[], b"");
    assert_eq!((got.status, got.body.as_slice()), (200, b"data".as_slice()));
    assert!(got.head.contains("content-type: application/zip"), "{}", got.head);
}

#[test]
fn cache_requests() {
    let fixture = Fixture::start();
    let environment = fixture.environment(&job("a"));
    let call = |method: &str, body: Value| {
        let answer = twirp(&fixture, &environment, &format!("CacheService/{method}"), &body);
        (answer.status, answer.json())
    };
    let long = "k".repeat(513);
    for bad in [
        json!({"key": "", "version": "v"}),
        json!({"key": "a,b", "version": "v"}),
        json!({"key": long, "version": "v"}),
        json!({"key": "a"}),
    ] {
        assert_eq!(call("CreateCacheEntry", bad.clone()).0, 400, "{bad}");
    }
    let (_, created) = call("CreateCacheEntry", json!({"key": "k-1", "version": "v"}));
    assert_eq!(created["ok"], true);
    let restore = |key: &str, more: Value| {
        call("GetCacheEntryDownloadURL", json!({"key": key, "restore_keys": more, "version": "v"}))
    };
    assert_eq!(restore("k-1", json!([])).1["ok"], false, "not before its end");
    assert_eq!(call("FinalizeCacheEntryUpload", json!({"key": "k-1", "version": "v"})).0, 412);
    let put = request(
        "PUT",
        created["signed_upload_url"].as_str().unwrap(),
        &["x-ms-blob-type: BlockBlob".into()],
        b"cached",
    );
    assert_eq!(put.status, 201);
    let (_, second) = call("CreateCacheEntry", json!({"key": "k-1", "version": "v"}));
    assert_eq!(second["ok"], false, "being saved");
    let ended = call("FinalizeCacheEntryUpload", json!({"key": "k-1", "version": "v", "size_bytes": "6"}));
    assert_eq!(ended, (200, json!({"ok": true, "entry_id": "1", "message": ""})));
    assert_eq!(call("CreateCacheEntry", json!({"key": "k-1", "version": "v"})).1["ok"], false, "immutable");
    let (status, hit) = restore("k-9", json!(["x-", "k-"]));
    assert_eq!((status, hit["matched_key"].as_str()), (200, Some("k-1")));
    let got = request("GET", hit["signed_download_url"].as_str().unwrap(), &["range: bytes=2-3".into()], b"");
    assert_eq!((got.status, got.body.as_slice()), (206, b"ch".as_slice()));
    let keys: Vec<String> = (0..10).map(|key| format!("r{key}")).collect();
    assert_eq!(restore("k", json!(keys)).0, 400, "eleven keys");
    assert_eq!(restore("k", json!("r")).0, 400, "not a list");
}

#[test]
fn tokens_end_with_the_job_and_with_time() {
    let fixture = Fixture::start();
    let environment = fixture.environment(&job("a"));
    let list =
        || twirp(&fixture, &environment, "ArtifactService/ListArtifacts", &with_ids(&environment, json!({}))).status;
    let create =
        twirp(&fixture, &environment, "ArtifactService/CreateArtifact", &with_ids(&environment, json!({"name": "x"})));
    let upload = create.json()["signed_upload_url"].as_str().unwrap().to_owned();
    assert_eq!(list(), 200);
    fixture.services.end_job("other");
    assert_eq!(list(), 200);
    fixture.services.end_job("a");
    assert_eq!(list(), 401);
    assert_eq!(request("PUT", &upload, &[], b"late").status, 404, "its uploads went with it");
    // The same leg again has a token of its own; the old one stays dead.
    let again = fixture.environment(&job("a"));
    assert_eq!(list(), 401);
    assert_eq!(twirp(&fixture, &again, "ArtifactService/ListArtifacts", &with_ids(&again, json!({}))).status, 200);
    fixture.now.advance(8 * 24 * 3600);
    assert_eq!(twirp(&fixture, &again, "ArtifactService/ListArtifacts", &with_ids(&again, json!({}))).status, 401);
}

#[test]
fn identity_requests() {
    let fixture = Fixture::start();
    let mut without = job("b");
    without.id_token = false;
    let environment = fixture.environment(&without);
    assert!(environment.run_env.is_empty());
    assert!(environment.action_env.iter().all(|(name, _)| !name.contains("ID_TOKEN")));
    let url = format!("{}oidc/token?api-version=2.0&audience=x", fixture.services.url());
    assert_eq!(request("GET", &url, &[authorization(&environment)], b"").status, 401, "a runtime token is not enough");
    assert_eq!(request("GET", &url, &[], b"").status, 401);
    assert!(!fixture.dir.path().join("data/oidc").exists(), "no key before one is needed");
    let permitted = fixture.environment(&job("a"));
    let token = format!("authorization: Bearer {}", variable(&permitted, "ACTIONS_ID_TOKEN_REQUEST_TOKEN"));
    let long = format!("{url}{}", "x".repeat(2000));
    assert_eq!(request("GET", &long, &[token], b"").status, 400);
    assert_eq!(permitted.secrets_to_mask.len(), 2);
    assert!(!format!("{permitted:?}").contains(&permitted.secrets_to_mask[0]));
}
