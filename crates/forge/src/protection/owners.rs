//! CODEOWNERS: whose approval a changed file needs.

use std::collections::HashMap;

use store::pulls::Pull;
use store::repositories::Repository;

use crate::{Forge, Result};

/// Where the file may be, in the order it is looked for.
const PLACES: &[&str] = &[".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];
const LARGEST: u64 = 3 << 20;

/// The lines of a CODEOWNERS file: a pattern and its owners.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Owners(Vec<(String, Vec<String>)>);

impl Owners {
    pub(super) fn parse(text: &str) -> Owners {
        let mut lines = Vec::new();
        for line in text.lines() {
            let mut words = line.split_whitespace().take_while(|word| !word.starts_with('#'));
            if let Some(pattern) = words.next() {
                lines.push((pattern.to_owned(), words.map(str::to_owned).collect()));
            }
        }
        Owners(lines)
    }

    /// The owners of a path: of the last line that takes it.
    pub(super) fn of(&self, path: &str) -> &[String] {
        self.0.iter().rev().find(|(pattern, _)| takes(pattern, path)).map_or(&[], |(_, owners)| owners)
    }
}

/// Patterns as in `.gitignore`, without negation and sets: one with a slash inside starts at the top, one that ends with a
/// slash (or names a directory) takes everything below.
fn takes(pattern: &str, path: &str) -> bool {
    let (body, only_dir) = pattern.strip_suffix('/').map_or((pattern, false), |body| (body, true));
    let rooted = body.contains('/');
    let body = body.strip_prefix('/').unwrap_or(body);
    // `docs/*` owns files directly in docs only.
    let flat = body.ends_with("/*");
    let ends: Vec<usize> = path.match_indices('/').map(|(at, _)| at).collect();
    let fits = |candidate: &str| {
        super::pattern_matches(body, candidate) || (!rooted && super::pattern_matches(&format!("**/{body}"), candidate))
    };
    let below = !flat && ends.iter().any(|end| fits(&path[..*end]));
    below || (!only_dir && fits(path))
}

impl Forge {
    /// Changed files with owners of whom none has approved: a path and its owners.
    pub(super) async fn unapproved_owners(
        &self,
        repository: &Repository,
        pull: &Pull,
        approvers: &[i64],
    ) -> Result<Vec<(String, String)>> {
        let repo = self.git(repository.id);
        let mut text = None;
        for place in PLACES {
            text = repo.file(&pull.base_sha, place, LARGEST).await?;
            if text.is_some() {
                break;
            }
        }
        let Some(text) = text else { return Ok(Vec::new()) };
        let owners = Owners::parse(&String::from_utf8_lossy(&text));
        let mut approved: HashMap<String, bool> = HashMap::new();
        let mut wanting = Vec::new();
        for file in repo.changes_since_merge_base(&pull.base_sha, &pull.head_sha).await? {
            // Moving a file away is a change of where it was, too.
            for path in std::iter::once(file.path).chain(file.old_path) {
                let names = owners.of(&path);
                let mut has = names.is_empty();
                for name in names {
                    let known = match approved.get(name) {
                        Some(known) => *known,
                        None => {
                            let found = self.has_approved(repository, name, approvers).await?;
                            approved.insert(name.clone(), found);
                            found
                        }
                    };
                    has |= known;
                }
                if !has && !wanting.iter().any(|(_, owners): &(String, String)| *owners == names.join(" or ")) {
                    wanting.push((path, names.join(" or ")));
                }
            }
        }
        Ok(wanting)
    }

    /// Whether an owner (`@login`, `@org/team`) is among those who approved. Addresses are what their users say they are:
    /// nobody owns anything by one but the `noreply` address of their account.
    async fn has_approved(&self, repository: &Repository, owner: &str, approvers: &[i64]) -> Result<bool> {
        let mut query = self.store().read();
        match owner.strip_prefix('@') {
            Some(name) => match name.split_once('/') {
                Some((_, slug)) => {
                    let Some(team) = store::teams::by_slug(&mut query, repository.owner_id, slug).await? else {
                        return Ok(false);
                    };
                    let members = store::teams::member_ids(&mut query, team.id).await?;
                    Ok(approvers.iter().any(|id| members.contains(id)))
                }
                None => {
                    let user = store::users::by_login(&mut query, name).await?;
                    Ok(user.is_some_and(|user| approvers.contains(&user.id)))
                }
            },
            None => Ok(crate::people::by_noreply(owner).is_some_and(|id| approvers.contains(&id))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Owners;

    #[test]
    fn the_last_line_that_takes_a_path_names_its_owners() {
        let owners = Owners::parse(
            "# comment\n* @all\n*.js @js # behind\n/build/ @build\ndocs/* docs@example.com\napps/ @apps\n/apps/github\n**/logs @logs\n",
        );
        let table: &[(&str, &[&str])] = &[
            ("README.md", &["@all"]),
            ("a/b.js", &["@js"]),
            ("build/x/y.js", &["@build"]),
            ("sub/build/y", &["@all"]),
            ("docs/a.md", &["docs@example.com"]),
            ("docs/sub/a.md", &["@all"]),
            ("x/apps/y", &["@apps"]),
            ("apps/github", &[]),
            ("deep/logs/x", &["@logs"]),
        ];
        for (path, expected) in table {
            assert_eq!(owners.of(path), *expected, "{path}");
        }
    }
}
