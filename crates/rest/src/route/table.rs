use super::Route;
use crate::{audit_log, collaborators, meta, organizations, teams, users};

/// Every route, group by group.
pub(crate) fn all() -> Vec<Route> {
    let groups: &[&[Route]] = &[
        meta::ROUTES,
        users::ROUTES,
        organizations::ROUTES,
        teams::ROUTES,
        collaborators::ROUTES,
        audit_log::ROUTES,
    ];
    groups.concat()
}
