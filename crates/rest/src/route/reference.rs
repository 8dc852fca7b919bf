//! The route table as a page of the documentation.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Route, openapi};

/// Below the heading of the page.
const INTRODUCTION: &str = "# The REST API

The API that GitHub's tools speak, at `/api/v3` and at the root of the host `api.<host>`; GraphQL, as far as `gh` asks for it, at
`/api/graphql`. `/api/v3/openapi.json` describes it in the form of OpenAPI 3.1.

- **Who calls**: `Authorization: Bearer TOKEN`, `token TOKEN`, `Basic` with a password or a token, or the cookie of a session (then
  with `X-CSRF-Token` for changes). See [users and access](../guide/users-and-access.md).
- **Access** is what a route takes: the permission of a fine-grained token or of a job's token, and the least role of a user.
- **Lists** come in pages of 30 (`per_page`, at most 100, and `page`), with GitHub's `Link` header.
- **Errors** are `{\"message\", \"errors\", \"documentation_url\", \"status\"}`; a refusal of what one may see adds `reason`. What one may
  not see is 404.
- **ETag**: `If-None-Match` is answered with 304. Requests are counted by the hour: `X-RateLimit-*`.
- Routes that GitHub does not have: `/user/tokens`, `/audit-log` (and of repositories), `/admin/actions/runners`, `bypass_deployments`
  and `verdict` of runs; custom gates take `name`, `url` and `secret`; environments `required_approvals`.

This page is made from the route table.
";

/// The whole page.
pub(crate) fn page(routes: &[Route]) -> String {
    let mut groups: BTreeMap<&str, Vec<&Route>> = BTreeMap::new();
    for route in routes {
        groups.entry(openapi::tag(route)).or_default().push(route);
    }
    let mut page = INTRODUCTION.to_owned();
    for (group, routes) in groups {
        let _ = write!(page, "\n## {group}\n\n| route | what it does | access |\n|---|---|---|\n");
        for route in routes {
            let (method, path, summary) = (route.method, route.path.replace("*}", "}"), route.summary);
            let _ = writeln!(page, "| `{method} {path}` | {summary} | {} |", openapi::access(route));
        }
    }
    page
}
