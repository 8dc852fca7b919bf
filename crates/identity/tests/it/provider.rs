//! Login at a real OpenID provider: npm's `oidc-provider`.

use std::path::Path;
use std::process::Stdio;

use identity::oidc::{Provider, ProviderSettings};
use identity::{Credentials, Error};
use store::testing::Database;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::fixture::Fixture;

/// The provider's process, with the browser in it.
struct Browser {
    _child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    issuer: String,
}

impl Browser {
    async fn start(test: &str) -> Option<Self> {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/node");
        if !dir.join("node_modules/oidc-provider").is_dir() {
            testkit::skip(test, "tests/node has no oidc-provider (npm ci)");
            return None;
        }
        let child = Command::new("node")
            .arg(dir.join("oidc_provider.mjs"))
            .env_remove("http_proxy")
            .env_remove("HTTP_PROXY")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        let Ok(mut child) = child else {
            testkit::skip(test, "node is not on PATH");
            return None;
        };
        let stdin = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut issuer = lines.next_line().await.unwrap().unwrap();
        while !issuer.starts_with("http") {
            issuer = lines.next_line().await.unwrap().unwrap();
        }
        Some(Self { _child: child, stdin, lines, issuer })
    }

    /// Logs `user` in at the provider; code and state that it sends back.
    async fn login(&mut self, user: &str, url: &str) -> (String, String) {
        self.stdin.write_all(format!("{user} {url}\n").as_bytes()).await.unwrap();
        let mut end = self.lines.next_line().await.unwrap().unwrap();
        while !end.starts_with("http://127.0.0.1:1/") {
            assert!(!end.starts_with("error"), "{end}");
            end = self.lines.next_line().await.unwrap().unwrap();
        }
        let query = end.split_once('?').unwrap().1;
        let value = |name: &str| {
            query
                .split('&')
                .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
                .unwrap_or_else(|| panic!("{end}"))
        };
        (value("code").to_owned(), value("state").to_owned())
    }
}

fn provider(issuer: &str, change: impl FnOnce(&mut ProviderSettings)) -> Provider {
    let mut settings = ProviderSettings {
        issuer: issuer.to_owned(),
        client_id: "trunkline".to_owned(),
        client_secret: Some("a-secret-of-the-test".to_owned()),
        redirect_url: "http://127.0.0.1:1/login/callback".to_owned(),
        scopes: vec!["profile".to_owned(), "email".to_owned()],
        login_claim: "preferred_username".to_owned(),
        create_users: true,
        email_domains: Vec::new(),
    };
    change(&mut settings);
    Provider::new(settings).unwrap()
}

#[tokio::test]
async fn a_user_logs_in_at_a_provider() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let Some(mut browser) = Browser::start("a_user_logs_in_at_a_provider").await else { return };
    let database = Database::sqlite();
    let fixture = Fixture::new(&database).await;
    let identity = &fixture.identity;
    let own = provider(&browser.issuer, |_| {});
    let begin = own.begin(identity, "/ann/app").await.unwrap();
    for part in ["code_challenge=", "code_challenge_method=S256", "nonce=", "state="] {
        assert!(begin.url.contains(part), "{}", begin.url);
    }
    let (code, state) = browser.login("ann", &begin.url).await;
    assert_eq!(state, begin.state);
    let other_browser = own.finish(identity, &code, &state, Some("another"), None).await;
    assert!(matches!(other_browser, Err(Error::BadCredentials { .. })), "{other_browser:?}");
    let finished = own.finish(identity, &code, &state, Some(&begin.state), Some("test")).await.unwrap();
    assert_eq!(finished.return_to, "/ann/app");
    let session = Credentials::Session(finished.session.cookie.to_string());
    assert_eq!(identity.authenticate(&session, "::1").await.unwrap().login(), Some("ann-smith"));
    let user = store::users::by_login(&mut fixture.store.read(), "ann-smith").await.unwrap().unwrap();
    assert_eq!((user.name.as_deref(), user.email.as_deref()), (Some("Ann Smith"), Some("ann@example.com")));
    let again = own.finish(identity, &code, &state, Some(&begin.state), None).await;
    assert!(matches!(again, Err(Error::BadCredentials { .. })), "a login is finished once: {again:?}");

    // The same person again is the same user.
    let begin = own.begin(identity, "//evil.example").await.unwrap();
    let (code, state) = browser.login("ann", &begin.url).await;
    let finished = own.finish(identity, &code, &state, Some(&begin.state), None).await.unwrap();
    assert_eq!((finished.session.user_id, finished.return_to.as_str()), (user.id, "/"));

    // A code of one login does not finish another: verifier and nonce are of the other.
    let (first, second) = (own.begin(identity, "/").await.unwrap(), own.begin(identity, "/").await.unwrap());
    let (code, _) = browser.login("ann", &first.url).await;
    let mixed = own.finish(identity, &code, &second.state, Some(&second.state), None).await;
    assert!(matches!(mixed, Err(Error::Provider(_))), "{mixed:?}");

    // Who is too slow begins again.
    let begin = own.begin(identity, "/").await.unwrap();
    let (code, state) = browser.login("ann", &begin.url).await;
    fixture.clock.advance(10 * 60 * 1_000_000);
    let late = own.finish(identity, &code, &state, Some(&begin.state), None).await;
    assert!(matches!(late, Err(Error::BadCredentials { .. })), "{late:?}");

    // Strangers are let in only where the settings say so, and from the domains that they name.
    for change in
        [(|settings: &mut ProviderSettings| settings.create_users = false) as fn(&mut ProviderSettings), |settings| {
            settings.email_domains = vec!["acme.example".to_owned()];
        }]
    {
        let closed = provider(&browser.issuer, change);
        let begin = closed.begin(identity, "/").await.unwrap();
        let (code, state) = browser.login("bob", &begin.url).await;
        let refused = closed.finish(identity, &code, &state, Some(&begin.state), None).await;
        assert!(matches!(refused, Err(Error::BadCredentials { .. })), "{refused:?}");
    }
    // Nobody takes over an account that was there before, by having its name at the provider.
    fixture.user("eve-smith").await;
    let begin = own.begin(identity, "/").await.unwrap();
    let (code, state) = browser.login("eve", &begin.url).await;
    let taken = own.finish(identity, &code, &state, Some(&begin.state), None).await;
    assert!(matches!(taken, Err(Error::Exists { .. })), "{taken:?}");
}

#[tokio::test]
async fn a_provider_that_is_none() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let database = Database::sqlite();
    let fixture = Fixture::new(&database).await;
    let nobody = provider("http://127.0.0.1:1", |_| {});
    let refused = nobody.begin(&fixture.identity, "/").await;
    assert!(matches!(refused, Err(Error::Provider(_))), "{refused:?}");
}
