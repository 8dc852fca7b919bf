//! From a path to its row: a tree of segments, where what is written out goes before a name.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;

use super::Route;

#[derive(Default)]
pub(crate) struct Matcher {
    root: Node,
}

#[derive(Default)]
struct Node {
    fixed: HashMap<&'static str, Node>,
    named: Option<Box<Node>>,
    /// `{path*}` ends a path.
    rest: Vec<Route>,
    routes: Vec<Route>,
}

/// What a path leads to.
pub(crate) enum Found {
    Route(Route, Vec<(&'static str, String)>),
    /// There is such a path, for other methods.
    OtherMethod,
    Nothing,
}

impl Matcher {
    pub(crate) fn new(routes: &[Route]) -> Self {
        let mut matcher = Self::default();
        for route in routes {
            matcher.add(*route);
        }
        matcher
    }

    fn add(&mut self, route: Route) {
        let mut node = &mut self.root;
        for part in route.path.split('/').skip(1) {
            if part.ends_with("*}") {
                node.rest.push(route);
                return;
            }
            node = if part.starts_with('{') {
                node.named.get_or_insert_default()
            } else {
                node.fixed.entry(part).or_default()
            };
        }
        node.routes.push(route);
    }

    /// `path` begins with a slash and is still encoded: `%2F` is no slash between parts.
    pub(crate) fn find(&self, method: &str, path: &str) -> Found {
        let method = if method == "HEAD" { "GET" } else { method };
        let path = path.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(path);
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        let mut other = false;
        let Some((route, values)) = self.root.find(method, &parts, &mut Vec::new(), &mut other) else {
            return if other { Found::OtherMethod } else { Found::Nothing };
        };
        let mut params = Vec::new();
        for (name, value) in route.names().zip(values) {
            let Ok(value) = percent_decode_str(&value).decode_utf8() else {
                return Found::Nothing;
            };
            if value.contains('\0') {
                return Found::Nothing;
            }
            params.push((name, value.into_owned()));
        }
        Found::Route(route, params)
    }
}

impl Node {
    fn find(
        &self,
        method: &str,
        parts: &[&str],
        values: &mut Vec<String>,
        other: &mut bool,
    ) -> Option<(Route, Vec<String>)> {
        let pick = |routes: &[Route], other: &mut bool| {
            let found = routes.iter().find(|route| route.method == method).copied();
            *other |= found.is_none() && !routes.is_empty();
            found
        };
        let found = match parts {
            [] => pick(&self.routes, other).map(|route| (route, values.clone())),
            [first, rest @ ..] => {
                let fixed = self.fixed.get(first).and_then(|node| node.find(method, rest, values, other));
                fixed.or_else(|| {
                    let named = self.named.as_ref().filter(|_| !first.is_empty())?;
                    values.push((*first).to_owned());
                    let found = named.find(method, rest, values, other);
                    values.pop();
                    found
                })
            }
        };
        found.or_else(|| {
            pick(&self.rest, other).map(|route| {
                let mut values = values.clone();
                values.push(parts.join("/"));
                (route, values)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::Access;

    async fn nothing(_: &crate::Api, _: &mut crate::Call) -> crate::Result {
        Ok(crate::Answer::empty())
    }

    #[test]
    fn paths() {
        let get = |path| Route::get(path, Access::Anybody, crate::handler!(nothing), "");
        let matcher = Matcher::new(&[
            get("/"),
            get("/user"),
            get("/repos/{owner}/{repo}"),
            get("/repos/{owner}/{repo}/releases/latest"),
            get("/repos/{owner}/{repo}/releases/{release_id}"),
            get("/repos/{owner}/{repo}/releases/tags/{tag*}"),
            get("/repos/{owner}/{repo}/contents/{path*}"),
            Route::post("/repos/{owner}/{repo}/releases", Access::Anybody, crate::handler!(nothing), ""),
        ]);
        let table = [
            ("GET", "/", "/ "),
            ("HEAD", "/user", "/user "),
            ("GET", "/user/", "/user "),
            ("GET", "/repos/o/r/releases/latest", "/repos/{owner}/{repo}/releases/latest o r"),
            ("GET", "/repos/o/r/releases/7", "/repos/{owner}/{repo}/releases/{release_id} o r 7"),
            ("GET", "/repos/o/r/releases/tags/a/b", "/repos/{owner}/{repo}/releases/tags/{tag*} o r a/b"),
            ("GET", "/repos/o/r/contents/a%2Fb/c%20d", "/repos/{owner}/{repo}/contents/{path*} o r a/b/c d"),
            ("GET", "/repos/o/r/contents", "/repos/{owner}/{repo}/contents/{path*} o r "),
            ("GET", "/repos/o%2Fp/r", "/repos/{owner}/{repo} o/p r"),
            ("GET", "/repos/o/r/releases", "other"),
            ("DELETE", "/user", "other"),
            ("GET", "/repos//r", "nothing"),
            ("GET", "/repos/%ff/r", "nothing"),
            ("GET", "/repos/a%00/r", "nothing"),
            ("GET", "/none", "nothing"),
        ];
        for (method, path, expected) in table {
            let found = match matcher.find(method, path) {
                Found::Route(route, params) => {
                    let values: Vec<String> = params.into_iter().map(|(_, value)| value).collect();
                    format!("{} {}", route.path, values.join(" "))
                }
                Found::OtherMethod => "other".to_owned(),
                Found::Nothing => "nothing".to_owned(),
            };
            assert_eq!(found, expected, "{method} {path}");
        }
    }
}
