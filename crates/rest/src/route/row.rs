use std::future::Future;
use std::pin::Pin;

use axum::http::Method;
use identity::{Level, Need, Permission, Role};

use super::schema::{Field, Param};
use crate::{Answer, Api, Call, Problem};

/// What answers a request whose route, caller, access and body have been checked.
pub type Handler =
    for<'a> fn(&'a Api, &'a mut Call) -> Pin<Box<dyn Future<Output = Result<Answer, Problem>> + Send + 'a>>;

/// An async function `(&Api, &mut Call) -> Result` as a [`Handler`].
#[macro_export]
macro_rules! handler {
    ($function:path) => {
        |api, call| ::std::boxed::Box::pin($function(api, call))
    };
}

/// A row of the table.
#[derive(Clone, Copy)]
pub struct Route {
    pub method: &'static str,
    /// `/repos/{owner}/{repo}/contents/{path*}`: a `*` takes the rest of the path, slashes and all.
    pub path: &'static str,
    pub access: Access,
    pub handler: Handler,
    /// A sentence for the description and the reference page.
    pub summary: &'static str,
    pub params: &'static [Param],
    /// The fields of the JSON body; `None` when the route takes none.
    pub body: Option<&'static [Field]>,
    /// The body is not JSON and is left to the handler.
    pub raw: bool,
    /// The largest JSON body, in bytes.
    pub limit: usize,
    pub gives: Gives,
    /// The status of success.
    pub status: u16,
    pub paginated: bool,
}

/// Who gets to the handler. Where more depends on what is asked for, the handler asks again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody, logged in or not, even on a server that shows nothing without.
    Anybody,
    /// Everybody who is logged in, and everybody at all on a server that is open.
    Reader,
    /// Users, for what is their own; by a token with the scope, if there is one.
    User(&'static str),
    /// Users by their password or in a session: no token is enough.
    Login,
    /// In the repository of `{owner}/{repo}`, which the handler gets.
    Repo(Need),
    /// In the organisation of `{org}`, which the handler gets.
    Org(Permission, Level),
    /// Who administers the server.
    SiteAdmin,
}

impl Access {
    /// By the permission and the role that belongs to it.
    #[must_use]
    pub const fn repo(permission: Permission, level: Level, role: Role) -> Self {
        Self::Repo(Need { permission, or: None, level, role })
    }

    /// For what may be a pull request or another issue; the handler asks again once it knows which.
    #[must_use]
    pub const fn issue_or_pull(level: Level, role: Role) -> Self {
        Self::Repo(Need { permission: Permission::Issues, or: Some(Permission::PullRequests), level, role })
    }
}

/// The kinds of credentials that can get to a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenKinds {
    pub anonymous: bool,
    pub personal: bool,
    pub fine_grained: bool,
    pub job: bool,
}

/// What a success has in its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gives {
    Nothing,
    Object(&'static [Field]),
    /// An array at the top.
    List(&'static [Field]),
    /// `{"total_count": 1, "<name>": []}`
    Wrapped(&'static str, &'static [Field]),
    /// Something that is not JSON, or sometimes is not.
    Bytes,
    /// Elsewhere, by `Location`.
    Redirect,
}

impl Route {
    const fn new(
        method: &'static str,
        path: &'static str,
        access: Access,
        handler: Handler,
        summary: &'static str,
    ) -> Self {
        Self {
            method,
            path,
            access,
            handler,
            summary,
            params: &[],
            body: None,
            raw: false,
            limit: 1024 * 1024,
            gives: Gives::Object(&[]),
            status: 200,
            paginated: false,
        }
    }

    #[must_use]
    pub const fn get(path: &'static str, access: Access, handler: Handler, summary: &'static str) -> Self {
        Self::new("GET", path, access, handler, summary)
    }

    /// Makes something: 201.
    #[must_use]
    pub const fn post(path: &'static str, access: Access, handler: Handler, summary: &'static str) -> Self {
        Self { status: 201, ..Self::new("POST", path, access, handler, summary) }
    }

    #[must_use]
    pub const fn put(path: &'static str, access: Access, handler: Handler, summary: &'static str) -> Self {
        Self::new("PUT", path, access, handler, summary)
    }

    #[must_use]
    pub const fn patch(path: &'static str, access: Access, handler: Handler, summary: &'static str) -> Self {
        Self::new("PATCH", path, access, handler, summary)
    }

    /// Deletes something: 204.
    #[must_use]
    pub const fn delete(path: &'static str, access: Access, handler: Handler, summary: &'static str) -> Self {
        Self { status: 204, gives: Gives::Nothing, ..Self::new("DELETE", path, access, handler, summary) }
    }

    #[must_use]
    pub const fn params(self, params: &'static [Param]) -> Self {
        Self { params, ..self }
    }

    /// Takes a JSON object with these fields, which are checked before the handler sees them.
    #[must_use]
    pub const fn body(self, fields: &'static [Field]) -> Self {
        Self { body: Some(fields), ..self }
    }

    /// The body is taken as it comes, by [`Call::take_body`].
    #[must_use]
    pub const fn raw(self) -> Self {
        Self { raw: true, ..self }
    }

    #[must_use]
    pub const fn limit(self, bytes: usize) -> Self {
        Self { limit: bytes, ..self }
    }

    #[must_use]
    pub const fn gives(self, status: u16, gives: Gives) -> Self {
        Self { status, gives, ..self }
    }

    /// Another status of success.
    #[must_use]
    pub const fn status(self, status: u16) -> Self {
        Self { status, gives: Gives::Object(&[]), ..self }
    }

    /// An array in pages.
    #[must_use]
    pub const fn list(self, fields: &'static [Field]) -> Self {
        Self { gives: Gives::List(fields), paginated: true, ..self }
    }

    /// `{"total_count", "<name>": []}` in pages.
    #[must_use]
    pub const fn wrapped(self, name: &'static str, fields: &'static [Field]) -> Self {
        Self { gives: Gives::Wrapped(name, fields), paginated: true, ..self }
    }

    #[must_use]
    pub fn method(&self) -> Method {
        Method::from_bytes(self.method.as_bytes()).unwrap_or(Method::GET)
    }

    /// Whether a success changes something.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.method != "GET"
    }

    /// The names in the path, in order: `owner`, `repo`, `path`.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')).map(|name| name.trim_end_matches(['}', '*']))
    }

    /// What can get here at all; the rest is up to permissions.
    #[must_use]
    pub fn tokens(&self) -> TokenKinds {
        let users = TokenKinds { anonymous: false, personal: true, fine_grained: true, job: false };
        match self.access {
            Access::Anybody => TokenKinds { anonymous: true, job: true, ..users },
            Access::Reader => TokenKinds { anonymous: true, job: true, ..users },
            Access::User(scope) => TokenKinds { fine_grained: scope.is_empty(), ..users },
            Access::Login => TokenKinds { personal: false, fine_grained: false, ..users },
            Access::Repo(need) => TokenKinds {
                anonymous: need.level == Level::Read && need.role <= Role::Read,
                job: need.permission.is_of_workflows() && need.role <= identity::access::MOST_OF_A_JOB,
                ..users
            },
            Access::Org(..) => users,
            Access::SiteAdmin => TokenKinds { fine_grained: false, ..users },
        }
    }
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}
