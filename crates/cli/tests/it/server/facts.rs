//! What a server knows of a repository, for `lint` and `why secret`.

use testkit::{Finished, TestRepository};

use super::instance::Instance;
use crate::places::binary;

const WORKFLOW: &str = "on:
  pull_request:
    paths: ['src/**']
permissions: {}
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: echo ${{ secrets.NPM_TOKEN }} ${{ secrets.NPM_TOKN }} ${{ vars.REGION }} ${{ vars.REGIO }}
  deploy:
    runs-on: ubuntu-latest
    environment: production
    steps:
      - run: echo ${{ secrets.DEPLOY_KEY }} ${{ vars.HOST }}
";

/// A server with a repository that has secrets, variables, an environment, and a protected branch.
struct Served {
    server: Instance,
    repository: TestRepository,
    token: String,
}

impl Served {
    fn new() -> Self {
        let server = Instance::start(&["--runners", "0"]);
        let repository = TestRepository::from_files(&[(".github/workflows/ci.yml", WORKFLOW)]).expect("a repository");
        server.push(&repository, "main");
        let token = server.feed(&["admin", "token", "ann"], "");
        let served = Self { server, repository, token };
        served.secret("actions/secrets", "NPM_TOKEN");
        served.api("PUT", "environments/production", "{}");
        served.secret("environments/production/secrets", "DEPLOY_KEY");
        served.api("POST", "actions/variables", r#"{"name": "REGION", "value": "eu"}"#);
        served.api("POST", "environments/production/variables", r#"{"name": "HOST", "value": "example"}"#);
        let rules = r#"{"required_status_checks": {"strict": false, "contexts": ["test", "nothing"]},
            "enforce_admins": null, "required_pull_request_reviews": null, "restrictions": null}"#;
        served.api("PUT", "branches/main/protection", rules);
        served
    }

    fn api(&self, method: &str, path: &str, body: &str) -> serde_json::Value {
        let who = format!("Bearer {}", self.token);
        let answer = self.server.api(method, &format!("/repos/ann/app/{path}"), &who, body);
        assert!((200..300).contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.body);
        serde_json::from_str(&answer.body).unwrap_or_default()
    }

    fn secret(&self, path: &str, name: &str) {
        let key = self.api("GET", &format!("{path}/public-key"), "");
        let public = from_base64(key["key"].as_str().expect("a key"));
        let public: [u8; 32] = public.try_into().expect("32 bytes");
        let sealed = identity::seal_for(&public, b"a value that nobody sees").expect("a sealed box");
        let body = serde_json::json!({"encrypted_value": base64(&sealed), "key_id": key["key_id"]});
        self.api("PUT", &format!("{path}/{name}"), &body.to_string());
    }

    fn run(&self, words: &[&str], token: &str) -> Finished {
        let url = self.server.url();
        let mut all: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        all.extend(["--server".to_owned(), url, "--repository".to_owned(), "ann/app".to_owned()]);
        binary()
            .run(&self.repository, &all, &[("TRUNKLINE_TOKEN".to_owned(), token.to_owned())], None)
            .expect("it runs")
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let number = chunk.iter().fold(0u32, |sum, byte| (sum << 8) | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for at in 0..4 {
            let index = ((number >> (18 - 6 * at)) & 63) as usize;
            out.push(if at <= chunk.len() { char::from(ALPHABET[index]) } else { '=' });
        }
    }
    out
}

fn from_base64(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let digits: Vec<u32> = text
        .bytes()
        .filter_map(|byte| ALPHABET.iter().position(|known| *known == byte))
        .map(|index| u32::try_from(index).unwrap_or_default())
        .collect();
    for chunk in digits.chunks(4) {
        let number = chunk.iter().fold(0, |sum, digit| (sum << 6) | digit) << (6 * (4 - chunk.len()));
        out.extend_from_slice(&number.to_be_bytes()[1..chunk.len()]);
    }
    out
}

#[test]
fn lint_and_why_secret_ask_the_server() {
    let served = Served::new();
    let words = ["lint", "--external", "never", "--profile", "correctness", "--rule", "store/*", "--rule", "checks/*"];
    let found = served.run(&words, &served.token);
    let told: Vec<&str> = found.stdout.lines().filter(|line| line.starts_with(['e', 'w'])).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    error[checks/unknown-required-check]: `main` waits for the check `nothing`, which no job reports: it stays pending for ever
    error[checks/required-check-hangs]: the required check `test` stays pending when a pull request changes none of these paths
    error[store/unknown-secret]: there is no secret `NPM_TOKN`: this is empty
    error[store/unknown-variable]: there is no variable `REGIO`: this is empty
    "#);
    assert!(
        found.stdout.contains(&format!("names are those of ann/app on {}", served.server.url())),
        "{}",
        found.stdout
    );

    let secret = |name: &str| served.run(&["why", "secret", name], &served.token).stdout;
    let url = served.server.url();
    assert!(secret("DEPLOY_KEY").contains(&format!("ann/app on {url}")), "{}", secret("DEPLOY_KEY"));
    assert!(secret("DEPLOY_KEY").contains("environment production"), "{}", secret("DEPLOY_KEY"));
    assert!(secret("NPM_TOKN").contains("defined nowhere") && secret("NPM_TOKN").contains("did you mean NPM_TOKEN?"));
    for text in [found.stdout, secret("NPM_TOKEN")] {
        assert!(!text.contains("a value that nobody sees"));
    }

    for (token, why) in [("", "asks for a token"), ("trl_wrong", "does not accept the token")] {
        let refused = served.run(&["lint", "--external", "never"], token);
        assert_eq!(refused.code, Some(4), "{}", refused.stderr);
        assert!(refused.stderr.contains(why) && refused.stderr.contains("trunkline admin token"), "{}", refused.stderr);
    }
    let mut words = ["lint", "--server", "ci.example.com"].map(str::to_owned).to_vec();
    let wrong = |words: &[String]| binary().run(&served.repository, words, &[], None).expect("it runs");
    assert_eq!(wrong(&words).code, Some(2));
    words.extend(["--repository".to_owned(), "app".to_owned()]);
    assert!(wrong(&words).stderr.contains("OWNER/NAME"));
}
