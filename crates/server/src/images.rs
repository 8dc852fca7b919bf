//! The registry behind the server's own users, tokens and roles.
//!
//! Images of a repository are named after it: `owner/name` and all below it. Whoever may read its packages pulls them, whoever
//! may write them pushes; a job's token may what the job's `permissions` say of `packages`.

use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use identity::{Caller, Credentials, Level, Need, Permission, Role};
use registry::{Action, Grant, Registry};

use crate::Server;

/// For how long the registry believes what was decided for one request; an upload may take that long.
const LIFE: Duration = Duration::from_secs(3600);

/// Words that end the name of an image in a path.
const ENDS: [&str; 4] = ["manifests", "blobs", "tags", "referrers"];

pub(crate) fn router(server: &Server, registry: &Registry) -> Router {
    registry.router().layer(middleware::from_fn_with_state(server.clone(), admit))
}

/// Puts what the registry understands in place of the server's credentials. Everything else it judges itself.
async fn admit(State(server): State<Server>, mut request: Request, next: Next) -> Response {
    let from = forge::client_address(server.identity(), request.extensions(), request.headers());
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let credentials = Credentials::from_headers(given, None).unwrap_or_default();
    // A token of the registry's own says for itself what it is good for.
    let is_stranger = matches!(credentials, Credentials::None | Credentials::Session(_));
    // Who asks for a token shows a name and a password, and so does who has none on an open server.
    let is_basic = match credentials {
        Credentials::Basic { .. } => true,
        Credentials::None => request.uri().path() == "/token",
        _ => false,
    };
    let caller = match credentials {
        Credentials::None | Credentials::Session(_) => Caller::Anonymous,
        // A token of the registry's own is none of ours.
        known => match server.identity().authenticate(&known, &from).await {
            Ok(caller) => caller,
            // Not known and not to be asked are two things: the client tries again.
            Err(identity::Error::Store(error)) if error.is_passing() => {
                return (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response();
            }
            Err(_) => Caller::Anonymous,
        },
    };
    let is_heard = !caller.is_anonymous() || (is_stranger && server.identity().settings().open);
    let grants = if is_heard { grants(&server, &caller, request.uri()).await } else { Vec::new() };
    // A stranger who may nothing is asked to log in.
    if !(caller.is_anonymous() && grants.is_empty())
        && let Some(registry) = server.registry()
    {
        let token = registry.mint(&subject(&caller), grants, LIFE);
        let value = match is_basic {
            true => format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{token}", subject(&caller)))),
            false => format!("Bearer {token}"),
        };
        if let Ok(value) = HeaderValue::from_str(&value) {
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
    }
    next.run(request).await
}

fn subject(caller: &Caller) -> String {
    match caller {
        Caller::User(user) => user.login.clone(),
        Caller::Job(job) => format!("job-{}", job.job_id),
        Caller::Runner(runner) => format!("runner-{}", runner.id),
        Caller::Anonymous => "anonymous".to_owned(),
    }
}

/// What the caller may do with the images that the request names.
async fn grants(server: &Server, caller: &Caller, uri: &Uri) -> Vec<Grant> {
    let mut grants = Vec::new();
    for image in images(uri) {
        let mut parts = image.splitn(3, '/');
        let (Some(owner), Some(name)) = (parts.next(), parts.next()) else { continue };
        let found = store::repositories::by_name(&mut server.store().read(), owner, name).await;
        // A database that is away lets nobody in.
        let Ok(Some(repository)) = found else { continue };
        let repo = forge::repo_ref(&repository);
        let needs = [
            (Action::Pull, Need::new(Permission::Packages, Level::Read)),
            (Action::Push, Need::new(Permission::Packages, Level::Write)),
            (Action::Delete, Need::new(Permission::Packages, Level::Write).role(Role::Admin)),
        ];
        let mut actions = Vec::new();
        for (action, need) in needs {
            if matches!(server.identity().decide(caller, &repo, need).await, Ok(Ok(()))) {
                actions.push(action);
            }
        }
        if !actions.is_empty() {
            grants.push(Grant::repository(&image, &actions));
        }
    }
    grants
}

/// Names of images in a path of the protocol, in a mount, or in the scopes that a token is asked for.
fn images(uri: &Uri) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(path) = uri.path().strip_prefix("/v2/") {
        let words: Vec<&str> = path.split('/').collect();
        if let Some(end) = words.iter().rposition(|word| ENDS.contains(word)) {
            found.push(words[..end].join("/"));
        }
    }
    for (key, value) in uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('=')) {
        let value =
            value.replace("%3A", ":").replace("%2F", "/").replace("%2C", ",").replace("%3a", ":").replace("%2f", "/");
        match key {
            "from" => found.push(value),
            // Scopes may stand in one parameter, with spaces between.
            "scope" => found.extend(value.split(['+', ' ']).filter_map(|scope| {
                let (name, _) = scope.strip_prefix("repository:")?.rsplit_once(':')?;
                Some(name.to_owned())
            })),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::images;

    #[test]
    fn names_of_images() {
        for (uri, expected) in [
            ("/v2/", &[][..]),
            ("/v2/team/app/manifests/1", &["team/app"]),
            ("/v2/team/app/web/blobs/uploads/?mount=sha256:1&from=team/base", &["team/app/web", "team/base"]),
            ("/v2/team/tags/tags/list", &["team/tags"]),
            (
                "/token?service=x&scope=repository%3Ateam%2Fapp%3Apull%2Cpush&scope=repository:team/base:pull",
                &["team/app", "team/base"],
            ),
        ] {
            assert_eq!(images(&uri.parse().expect("a path")), expected, "{uri}");
        }
    }
}
