use super::Route;
use crate::actions::{
    deployments, environments, gates, jobs, logs, pending, permissions, runner_groups, runner_labels, runners, runs,
    secrets, selected, variables, workflows,
};
use crate::{
    audit_log, checks, collaborators, commits, connections, contents, git_data, hooks, issues, meta, organizations,
    pulls, releases, repos, reviews, statuses, teams, users,
};

/// Every route, group by group.
pub(crate) fn all() -> Vec<Route> {
    let groups: &[&[Route]] = &[
        meta::ROUTES,
        users::ROUTES,
        organizations::ROUTES,
        teams::ROUTES,
        collaborators::ROUTES,
        workflows::ROUTES,
        runs::ROUTES,
        jobs::ROUTES,
        logs::ROUTES,
        pending::ROUTES,
        environments::ROUTES,
        gates::ROUTES,
        deployments::ROUTES,
        permissions::ROUTES,
        secrets::REPOSITORY,
        secrets::ENVIRONMENT,
        secrets::ORGANIZATION,
        secrets::DEPENDABOT,
        secrets::OTHERS,
        selected::OF_SECRETS,
        variables::REPOSITORY,
        variables::ENVIRONMENT,
        variables::ORGANIZATION,
        variables::OTHERS,
        selected::OF_VARIABLES,
        runners::REPOSITORY,
        runners::ORGANIZATION,
        runners::SERVER,
        runner_labels::REPOSITORY,
        runner_labels::ORGANIZATION,
        runner_groups::ROUTES,
        audit_log::ROUTES,
        repos::ROUTES,
        repos::LISTS,
        repos::FORKS,
        repos::BRANCHES,
        repos::PROTECTION,
        contents::ROUTES,
        git_data::ROUTES,
        commits::ROUTES,
        statuses::ROUTES,
        checks::ROUTES,
        issues::ROUTES,
        pulls::ROUTES,
        reviews::ROUTES,
        releases::ROUTES,
        hooks::ROUTES,
        connections::ROUTES,
    ];
    groups.concat()
}
