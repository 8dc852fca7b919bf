//! Every route, asked by callers of every role with credentials of every kind: who gets through, and who is refused.
//!
//! What is expected is written down here once more, by rules of its own, so that the decision is not checked with itself; that
//! the table asks for enough is checked with `access.txt`. A request that gets through never reaches its effect: a body that is no JSON stops it, or the thing it names is
//! not there.

use std::collections::BTreeMap;

use identity::{FineGrained, Grant, JobGrant, Level, Permission, Role};
use rest::{Access, Route};

use crate::fixture::Server;

/// Who asks.
struct Asker {
    name: String,
    token: String,
    /// In the organisation's repositories.
    role: Role,
    /// `none`, `member`, `owner`
    in_org: &'static str,
    site_admin: bool,
    kind: Kind,
}

enum Kind {
    Nobody,
    Password,
    Classic(Vec<&'static str>),
    Fine(Permission, Level),
    Job(Permission, Level),
    /// Of another repository.
    ForeignJob,
}

/// Which scopes reach a permission in a private repository, and in a public one; GitHub's documentation, in short.
fn scopes(permission: Permission, level: Level, public: bool) -> &'static [&'static str] {
    use Permission as P;
    let read = level == Level::Read;
    match permission {
        P::RepositoryHooks if read => &["read:repo_hook", "write:repo_hook", "admin:repo_hook", "repo"],
        P::RepositoryHooks => &["write:repo_hook", "admin:repo_hook", "repo"],
        P::Statuses if public && !read => &["repo:status", "public_repo", "repo"],
        P::Statuses if !public => &["repo:status", "repo"],
        P::Deployments if public && !read => &["repo_deployment", "public_repo", "repo"],
        P::Deployments if !public => &["repo_deployment", "repo"],
        P::Members if read => &["read:org", "write:org", "admin:org"],
        P::Members => &["write:org", "admin:org"],
        P::OrganizationRunners => &["manage_runners:org", "admin:org"],
        P::OrganizationAdministration | P::OrganizationSecrets | P::OrganizationVariables => &["admin:org"],
        P::OrganizationHooks => &["admin:org_hook"],
        P::Secrets | P::Variables | P::Administration | P::SecurityEvents => &["repo"],
        P::Contents | P::Issues | P::PullRequests | P::Metadata if public && !read => &["public_repo", "repo"],
        _ if public && read => &["any"],
        _ => &["repo"],
    }
}

/// The names that `permissions:` of a workflow takes.
fn of_workflows(permission: Permission) -> bool {
    let names = "actions attestations checks contents deployments discussions id_token issues metadata models packages pages \
                 pull_requests security_events statuses";
    names.split(' ').any(|name| name == permission.name())
}

fn holds(own: &[&'static str], wanted: &[&str]) -> bool {
    wanted.contains(&"any") || own.iter().any(|scope| wanted.contains(scope))
}

/// Whether the asker gets to the handler of the route, in a private or a public repository of the organisation.
fn expected(route: &Route, asker: &Asker, public: bool) -> bool {
    let user = !matches!(asker.kind, Kind::Nobody | Kind::Job(..) | Kind::ForeignJob);
    match route.access {
        Access::Anybody => true,
        Access::Reader => !matches!(asker.kind, Kind::Nobody),
        Access::User(scope) => {
            user && match &asker.kind {
                Kind::Classic(own) => {
                    scope.is_empty()
                        || own.contains(&scope)
                        || own.contains(&"user") && scope == "user:email"
                        || own.contains(&"admin:org") && scope == "read:org"
                }
                Kind::Fine(..) => scope.is_empty(),
                _ => true,
            }
        }
        Access::Login => matches!(asker.kind, Kind::Password),
        Access::SiteAdmin => {
            asker.site_admin
                && match &asker.kind {
                    Kind::Password => true,
                    Kind::Classic(own) => own.contains(&"site_admin"),
                    _ => false,
                }
        }
        Access::Org(permission, level) => {
            let seen = permission == Permission::Metadata && level == Level::Read;
            let membership = seen || (permission == Permission::Members && level == Level::Read);
            let standing = asker.site_admin || asker.in_org == "owner" || (membership && asker.in_org == "member");
            user && standing
                && match &asker.kind {
                    Kind::Classic(own) => holds(own, scopes(permission, level, false)),
                    Kind::Fine(given, at) => seen || (*given == permission && *at >= level),
                    _ => true,
                }
        }
        Access::Repo(need) => {
            let is_one = |given: Permission| given == need.permission || need.or == Some(given);
            match &asker.kind {
                Kind::Nobody => false,
                Kind::ForeignJob => public && need.level == Level::Read && need.role <= Role::Read,
                // A job stands for a writer at most, and has what workflows can ask for.
                Kind::Job(given, at) => {
                    need.role <= Role::Write
                        && (of_workflows(*given) && is_one(*given) && *at >= need.level
                            || need.permission == Permission::Metadata && need.level == Level::Read)
                }
                kind => {
                    let role = if asker.site_admin { Role::Admin } else { asker.role };
                    // Everybody reads what is public.
                    let role = if public { role.max(Role::Read) } else { role };
                    role >= need.role.max(Role::Read)
                        && match kind {
                            Kind::Classic(own) => {
                                let sees = public
                                    || ["repo", "repo:status", "repo_deployment"]
                                        .iter()
                                        .any(|scope| own.contains(scope));
                                sees && holds(own, scopes(need.permission, need.level, public))
                            }
                            Kind::Fine(given, at) => {
                                (is_one(*given) && *at >= need.level)
                                    || (need.permission == Permission::Metadata && need.level == Level::Read)
                            }
                            _ => true,
                        }
                }
            }
        }
    }
}

/// The path with names put in place: of what the path is about those that are there, of everything else none.
fn path(route: &Route, repo: &str) -> String {
    let mut path = route.path.replace("*}", "}");
    for name in route.names() {
        let value = match name {
            "owner" | "org" => "acme",
            "repo" => repo,
            "username" => "nobody-at-all",
            name if name.ends_with("_id") || name.ends_with("number") || name == "sha" => "999999999",
            _ => "none-such",
        };
        path = path.replace(&format!("{{{name}}}"), value);
    }
    path
}

async fn askers(server: &Server, private: i64, public: i64, org: i64) -> Vec<Asker> {
    let mut askers = Vec::new();
    let mut add = |name: String, token: String, role: Role, in_org: &'static str, site_admin: bool, kind: Kind| {
        askers.push(Asker { name, token, role, in_org, site_admin, kind });
    };
    add("nobody".into(), String::new(), Role::None, "none", false, Kind::Nobody);
    for role in Role::ALL {
        let login = format!("r-{role}");
        let id = server.user(&login, false).await;
        if role != Role::None {
            let mut tx = server.store().begin().await.unwrap();
            for repo in [private, public] {
                store::roles::set_collaborator(&mut tx, repo, id, role.name()).await.unwrap();
            }
            tx.commit().await.unwrap();
        }
        // A token with every scope stands for the password: the API counts wrong passwords, and argon2 is slow.
        add(format!("role {role}"), server.token(&login, ALL).await, role, "none", false, Kind::Classic(all_scopes()));
    }
    let member = server.user("member", false).await;
    let mut tx = server.store().begin().await.unwrap();
    store::users::set_membership(&mut tx, org, member, "member").await.unwrap();
    tx.commit().await.unwrap();
    add("member".into(), server.token("member", ALL).await, Role::Read, "member", false, Kind::Classic(all_scopes()));
    server.user("root", true).await;
    add("site admin".into(), server.token("root", ALL).await, Role::Admin, "none", true, Kind::Classic(all_scopes()));
    add(
        "site admin, repo".into(),
        server.token("root", "repo").await,
        Role::Admin,
        "none",
        true,
        Kind::Classic(vec!["repo"]),
    );
    for scope in [
        "",
        "repo",
        "public_repo",
        "repo:status",
        "repo_deployment",
        "read:org",
        "write:org",
        "admin:org",
        "user",
        "workflow",
        "manage_runners:org",
        "admin:org_hook",
        "read:repo_hook",
        "admin:repo_hook",
        "site_admin",
        "delete_repo",
    ] {
        let kind = Kind::Classic(included(scope));
        add(format!("owner, scope `{scope}`"), server.token("owner", scope).await, Role::Admin, "owner", false, kind);
    }
    let owner = server.caller("owner").await;
    let owner_id = owner.user().unwrap().id;
    for permission in Permission::all() {
        for level in [Level::Read, Level::Write] {
            let grant = Grant::new([(permission, level)]);
            let what = FineGrained { owner_id: org, grant: grant.clone(), repository_ids: None };
            let token =
                server.identity.create_fine_grained_token(&owner, owner_id, "matrix", &what, None).await.unwrap().1;
            let name = format!("owner, fine-grained {permission}: {}", level.name());
            add(name, token.text.to_string(), Role::Admin, "owner", false, Kind::Fine(permission, level));
            let mut tx = server.store().begin().await.unwrap();
            for repo_id in [private, public] {
                let expires_at = tx.now() + 3_600_000_000;
                let job =
                    JobGrant { job_id: repo_id, run_id: 1, repo_id, grant: grant.clone(), fork: false, expires_at };
                let token = server.identity.issue_job_token(&mut tx, &job).await.unwrap();
                let name = format!("job of {repo_id}, {permission}: {}", level.name());
                add(name, token.text.to_string(), Role::None, "none", false, Kind::Job(permission, level));
            }
            tx.commit().await.unwrap();
        }
    }
    let mut tx = server.store().begin().await.unwrap();
    let grant = Grant::new(Permission::all().map(|permission| (permission, Level::Write)));
    let expires_at = tx.now() + 3_600_000_000;
    let job = JobGrant { job_id: 7, run_id: 7, repo_id: 999, grant, fork: false, expires_at };
    let token = server.identity.issue_job_token(&mut tx, &job).await.unwrap();
    tx.commit().await.unwrap();
    add("job of another repository".into(), token.text.to_string(), Role::None, "none", false, Kind::ForeignJob);
    let with_password = Kind::Password;
    add("owner by password".into(), "password".into(), Role::Admin, "owner", false, with_password);
    askers
}

const ALL: &str = "repo admin:org admin:org_hook admin:repo_hook delete_repo site_admin user workflow write:packages";

fn all_scopes() -> Vec<&'static str> {
    identity::access::SCOPES.iter().map(|(name, _)| *name).collect()
}

/// A scope with those that it includes.
fn included(scope: &'static str) -> Vec<&'static str> {
    let row = identity::access::SCOPES.iter().find(|(name, _)| *name == scope);
    row.map_or_else(Vec::new, |(name, more)| std::iter::once(*name).chain(more.iter().copied()).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_by_every_caller() {
    let server = Server::start().await;
    let owner = server.user("owner", false).await;
    let org = server.identity.create_org(identity::Actor::server(), "acme", None, owner).await.unwrap();
    let private = server.repository("owner", org, "private", "private").await.id;
    let public = server.repository("owner", org, "public", "public").await.id;
    let askers = askers(&server, private, public, org).await;
    let mut wrong = Vec::new();
    let mut passed: BTreeMap<&str, usize> = BTreeMap::new();
    let mut asked = 0;
    for route in server.api.routes() {
        for (repo, repo_id) in [("private", private), ("public", public)] {
            if repo == "public" && !route.path.contains("{repo}") {
                continue;
            }
            let path = path(route, repo);
            for asker in &askers {
                // A job is of one repository; in the other it is a foreign one.
                let foreign =
                    asker.name.starts_with("job of ") && !asker.name.starts_with(&format!("job of {repo_id},"));
                let expects = if foreign && matches!(asker.kind, Kind::Job(..)) {
                    let strange = Asker { kind: Kind::ForeignJob, name: String::new(), token: String::new(), ..*asker };
                    expected(route, &strange, repo == "public")
                } else {
                    expected(route, asker, repo == "public")
                };
                let through = gets_through(&server, route, &path, asker).await;
                asked += 1;
                if through {
                    *passed.entry(&asker.name).or_default() += 1;
                }
                if through != expects {
                    wrong.push(format!("{} {path} by {}: {through}", route.method, asker.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {asked} are wrong:\n{}", wrong.len(), wrong[..wrong.len().min(60)].join("\n"));
    assert!(asked > 10_000, "{asked}");
    // Nobody reaches nothing but what is for everybody.
    let everybody = server.api.routes().iter().filter(|route| route.access == Access::Anybody).count();
    assert_eq!(passed["nobody"], everybody);
}

/// Whether a request got past the checks: the answer is not a refusal, or the refusal was of the handler.
async fn gets_through(server: &Server, route: &Route, path: &str, asker: &Asker) -> bool {
    let mut request = axum::extract::Request::builder().method(route.method).uri(path);
    match asker.token.as_str() {
        "" => {}
        "password" => {
            use base64::Engine as _;
            let text = format!("owner:{}", crate::fixture::PASSWORD);
            request =
                request.header("authorization", format!("Basic {}", base64::prelude::BASE64_STANDARD.encode(text)));
        }
        token => request = request.header("authorization", format!("Bearer {token}")),
    }
    // Stops every change before it is made.
    let request = request.header("x-trunkline-probe", "1").body(axum::body::Body::from("{")).unwrap();
    let response = server.api.admits(request).await;
    match response {
        Ok(()) => true,
        Err(problem) => {
            assert!(
                matches!(problem.status.as_u16(), 401 | 403 | 404),
                "{} {path} by {}: {problem:?}",
                route.method,
                asker.name
            );
            false
        }
    }
}
