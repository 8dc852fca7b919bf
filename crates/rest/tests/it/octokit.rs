//! Octokit, as npm has it, through the forge's part of the API.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use forge::Forge;
use identity::{Caller, Identity, MasterKeys, NewAccount, Scopes, UserCaller, Via};
use rest::{Api, Parts, Settings};
use store::testing::on_both;

#[tokio::test(flavor = "multi_thread")]
async fn octokit_finds_what_it_knows_from_github() {
    let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/octokit");
    if !client.join("node_modules/@octokit/rest").is_dir() {
        testkit::skip("octokit", "tests/octokit has no node_modules (npm ci)");
        return;
    }
    on_both("octokit", async |database| {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let store = database.open().await;
        let identity =
            Identity::start(store.clone(), MasterKeys::from_bytes([7; 32], &[]), identity::Settings::default());
        let identity = identity.await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let objects =
            blob::objects::Objects::open(&blob::objects::Address::Directory(database.directory().join("blobs")))
                .unwrap();
        let mut settings = forge::Settings::new(database.directory(), &url);
        settings.outgoing.allow_private = true;
        let kept = blob::objects::Address::Directory(database.directory().join("objects"));
        let depot = depot::Depot::new(store.clone(), blob::objects::Objects::open(&kept).unwrap());
        let forge = Forge::start(store, identity.clone(), objects, settings).unwrap();
        let (octocat, reviewer) = (token(&identity, "octocat").await, token(&identity, "reviewer").await);
        let admission = Arc::new(services::Admission::new(&[7; 32], &url));
        let control = control::Control::new(identity.clone(), forge.clone(), admission, control::Settings::default());
        let app = Api::new(Parts { identity, forge, control, depot, settings: Settings::default() }).router();
        let service = app.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        let output = tokio::process::Command::new("node")
            .arg(client.join("rest.mjs"))
            .env("API", format!("{url}/api/v3"))
            .env("TOKEN", octocat)
            .env("REVIEWER", reviewer)
            .env("LOGIN", "octocat")
            .output()
            .await
            .unwrap();
        let (said, failed) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{said}\n{failed}");
        assert_eq!(said.lines().count(), 10, "{said}");
    })
    .await;
}

async fn token(identity: &Identity, login: &str) -> String {
    let email = format!("{login}@example.com");
    let account = NewAccount { login, email: Some(&email), ..NewAccount::default() };
    let id = identity.create_user(identity::Actor::server(), &account, false).await.unwrap();
    let caller = Caller::User(UserCaller { id, login: login.to_owned(), admin: false, via: Via::Password });
    let scopes = Scopes::parse(["repo", "workflow", "delete_repo", "admin:repo_hook"]).unwrap();
    let (_, token) = identity.create_token(&caller, id, "test", &scopes, None).await.unwrap();
    token.text.to_string()
}
