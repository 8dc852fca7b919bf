//! Who gets to each route, written down apart from the route table: `access.txt`. A row of the table that asks for less or for
//! something else fails here, and is changed in both places or not at all.

use identity::{Level, Permission, Role};
use rest::{Access, Route};

use crate::fixture::Server;

const WRITTEN: &str = include_str!("access.txt");

fn line(route: &Route) -> String {
    let access = match route.access {
        Access::Anybody => "everybody".to_owned(),
        Access::Reader => "reader".to_owned(),
        Access::User("") => "user".to_owned(),
        Access::User(scope) => format!("user {scope}"),
        Access::Login => "login".to_owned(),
        Access::Repo(need) => {
            let or = need.or.map(|permission| format!("|{permission}")).unwrap_or_default();
            format!("repo {}{or}:{} {}", need.permission, need.level.name(), need.role)
        }
        Access::Org(permission, level) => format!("org {permission}:{}", level.name()),
        Access::SiteAdmin => "site_admin".to_owned(),
    };
    format!("{} {} = {access}", route.method, route.path.replace("*}", "}"))
}

#[tokio::test]
async fn the_table_is_as_it_was_written_down() {
    let server = Server::start().await;
    let mut table: Vec<String> = server.api.routes().iter().map(line).collect();
    table.sort_unstable();
    let mut written: Vec<&str> =
        WRITTEN.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    written.sort_unstable();
    let only = |lines: &[String], others: &[String]| -> Vec<String> {
        lines.iter().filter(|line| !others.contains(line)).cloned().collect()
    };
    let written: Vec<String> = written.into_iter().map(str::to_owned).collect();
    let (more, less) = (only(&table, &written), only(&written, &table));
    assert!(
        more.is_empty() && less.is_empty(),
        "only in the table:\n{}\nonly in access.txt:\n{}",
        more.join("\n"),
        less.join("\n")
    );
}

#[tokio::test]
async fn what_holds_for_all_routes() {
    let server = Server::start().await;
    let mut wrong = Vec::new();
    for route in server.api.routes() {
        let mut must = |holds: bool, what: &str| {
            if !holds {
                wrong.push(format!("{}: {what}", line(route)));
            }
        };
        let tokens = route.tokens();
        match route.access {
            Access::Repo(need) => {
                must(!(tokens.job && need.role >= Role::Maintain), "a job is let to what takes more than a writer");
                must(need.role > Role::None, "a repository has a role for everything");
                must(need.level != Level::None, "nothing is asked for");
                // A fork is made in another account, which is asked for there.
                let reads = need.level == Level::Read && !route.path.ends_with("/forks");
                must(!(route.writes() && reads), "a change for who reads");
                let settings = matches!(
                    need.permission,
                    Permission::Administration
                        | Permission::Environments
                        | Permission::RepositoryHooks
                        | Permission::Secrets
                        | Permission::Variables
                );
                must(!(settings && need.level == Level::Write && need.role < Role::Admin), "settings are for admins");
            }
            Access::Anybody | Access::Reader => must(!route.writes(), "a change for everybody"),
            Access::Org(_, level) => must(!(route.writes() && level == Level::Read), "a change for who reads"),
            Access::User(_) | Access::Login | Access::SiteAdmin => must(!tokens.job, "a job is nobody's account"),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
