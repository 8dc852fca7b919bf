//! Making, changing and removing repositories.

use identity::{Action, Caller};
use serde_json::{Value, json};
use store::Tx;
use store::repositories::{NewRepository, Repository};

use crate::git::Repo;
use crate::names::{check_branch, check_repository_name};
use crate::{Actor, Error, Forge, Result};

/// A repository to be made.
#[derive(Clone, Debug)]
pub struct CreateRepository<'a> {
    pub name: &'a str,
    pub description: &'a str,
    pub homepage: &'a str,
    /// `public`, `internal`, `private`
    pub visibility: &'a str,
    pub default_branch: &'a str,
    pub settings: Value,
    /// With a first commit that has a README.
    pub auto_init: bool,
}

impl Default for CreateRepository<'_> {
    fn default() -> Self {
        CreateRepository {
            name: "",
            description: "",
            homepage: "",
            visibility: "private",
            default_branch: "main",
            settings: json!({}),
            auto_init: false,
        }
    }
}

/// What is to be changed of a repository; `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ChangeRepository {
    pub name: Option<String>,
    pub description: Option<String>,
    pub homepage: Option<String>,
    pub visibility: Option<String>,
    pub default_branch: Option<String>,
    pub archived: Option<bool>,
    pub actions_enabled: Option<bool>,
    pub topics: Option<Vec<String>>,
    /// Settings for pull requests, by GitHub's names.
    pub settings: serde_json::Map<String, Value>,
}

const VISIBILITIES: &[&str] = &["public", "internal", "private"];

impl Forge {
    /// Makes a repository of an account. Whether the caller may is checked before.
    ///
    /// # Errors
    /// When the name is taken or none.
    pub async fn create_repository(
        &self,
        caller: &Caller,
        actor: &Actor,
        owner_id: i64,
        new: &CreateRepository<'_>,
    ) -> Result<Repository> {
        check_repository_name(new.name)?;
        check_branch(new.default_branch)?;
        check_visibility(new.visibility)?;
        let mut tx = self.store().begin().await?;
        let row = NewRepository {
            owner_id,
            name: new.name,
            description: new.description,
            homepage: new.homepage,
            visibility: new.visibility,
            default_branch: new.default_branch,
            fork_of: None,
            settings: &new.settings,
        };
        let repository = self.insert_repository(&mut tx, &row).await?;
        // Before the row is seen: a repository is never without its directory.
        self.git(repository.id).init(new.default_branch).await?;
        self.tell_made(tx, caller, actor, &repository).await?;
        if new.auto_init {
            self.first_commit(&repository, actor).await?;
        }
        self.repository_by_id(repository.id).await
    }

    pub(crate) async fn insert_repository(&self, tx: &mut Tx, row: &NewRepository<'_>) -> Result<Repository> {
        let id = store::repositories::insert(tx, row).await.map_err(|error| taken(error, row.name))?;
        let found = store::repositories::by_id(tx, id).await?;
        let found = found.ok_or_else(|| Error::not_found("the repository's owner"))?;
        self.git(id).clear_leftover().await?;
        Ok(found)
    }

    pub(crate) async fn tell_made(
        &self,
        mut tx: Tx,
        caller: &Caller,
        actor: &Actor,
        repository: &Repository,
    ) -> Result<()> {
        let told = self.tell_repository(repository, actor, "created", None).await?;
        self.append_events(&mut tx, vec![told]).await?;
        let full_name = repository.full_name();
        let action = Action::new("repository.create", &full_name).repo(repository.id);
        let action = action.details(json!({ "visibility": repository.visibility }));
        self.identity().audit(&mut tx, caller, action).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn first_commit(&self, repository: &Repository, actor: &Actor) -> Result<()> {
        let text = match repository.description.as_str() {
            "" => format!("# {}\n", repository.name),
            description => format!("# {}\n\n{description}\n", repository.name),
        };
        let change = crate::contents::FileChange {
            path: "README.md".to_owned(),
            content: Some(text.into_bytes()),
            sha: None,
            branch: None,
            message: "Initial commit".to_owned(),
            author: None,
            committer: None,
        };
        self.change_file(repository, actor, &change).await.map(drop)
    }

    /// Changes a repository's settings.
    pub async fn change_repository(
        &self,
        caller: &Caller,
        actor: &Actor,
        repository: &Repository,
        change: ChangeRepository,
    ) -> Result<Repository> {
        let mut changed = repository.clone();
        if let Some(text) = change.description {
            changed.description = text;
        }
        if let Some(text) = change.homepage {
            changed.homepage = text;
        }
        if let Some(visibility) = change.visibility {
            check_visibility(&visibility)?;
            changed.visibility = visibility;
        }
        if let Some(branch) = change.default_branch {
            check_branch(&branch)?;
            if self.git(repository.id).ref_oid(&format!("refs/heads/{branch}")).await?.is_none() {
                let message = format!("there is no branch `{branch}`");
                return Err(Error::invalid("Repository", "default_branch", message));
            }
            changed.default_branch = branch;
        }
        if let Some(archived) = change.archived {
            changed.archived = archived;
        }
        if let Some(enabled) = change.actions_enabled {
            changed.actions_enabled = enabled;
        }
        if let Some(topics) = change.topics {
            changed.topics = json!(topics);
        }
        if let Some(settings) = changed.settings.as_object_mut() {
            settings.extend(change.settings);
        }
        let new_name = change.name.filter(|name| *name != repository.name);
        if let Some(name) = &new_name {
            check_repository_name(name)?;
        }
        let mut tx = self.store().begin().await?;
        store::repositories::update(&mut tx, repository, &changed).await?;
        if let Some(name) = &new_name {
            store::repositories::rename(&mut tx, repository, repository.owner_id, name)
                .await
                .map_err(|error| taken(error, name))?;
            changed.name.clone_from(name);
        }
        let mut told = Vec::new();
        if let Some(name) = &new_name {
            let from = json!({ "repository": { "name": { "from": repository.name } } });
            debug_assert!(*name == changed.name);
            told.push(self.tell_repository(&changed, actor, "renamed", Some(from)).await?);
        }
        if changed.archived != repository.archived {
            let action = if changed.archived { "archived" } else { "unarchived" };
            told.push(self.tell_repository(&changed, actor, action, None).await?);
        }
        if changed.visibility != repository.visibility {
            let action = if changed.visibility == "public" { "publicized" } else { "privatized" };
            told.push(self.tell_repository(&changed, actor, action, None).await?);
        }
        let moved = changed.default_branch != repository.default_branch;
        if moved || told.is_empty() {
            let from = json!({ "default_branch": { "from": repository.default_branch } });
            told.push(self.tell_repository(&changed, actor, "edited", moved.then_some(from)).await?);
        }
        self.append_events(&mut tx, told).await?;
        let full_name = changed.full_name();
        let details = json!({
            "name": changed.name, "visibility": changed.visibility, "archived": changed.archived,
            "default_branch": changed.default_branch,
        });
        let action = Action::new("repository.change", &full_name).repo(repository.id).details(details);
        self.identity().audit(&mut tx, caller, action).await?;
        tx.commit().await?;
        if moved {
            self.git(repository.id).set_head(&changed.default_branch).await?;
        }
        self.repository_by_id(repository.id).await
    }

    /// Gives a repository to another account; its old address leads to it.
    pub async fn transfer_repository(
        &self,
        caller: &Caller,
        actor: &Actor,
        repository: &Repository,
        new_owner: i64,
        new_name: Option<&str>,
    ) -> Result<Repository> {
        let name = new_name.unwrap_or(&repository.name);
        check_repository_name(name)?;
        let mut tx = self.store().begin().await?;
        store::repositories::rename(&mut tx, repository, new_owner, name).await.map_err(|error| taken(error, name))?;
        if new_owner != repository.owner_id {
            store::roles::leave_owner(&mut tx, repository.id).await?;
            crate::protection::forget_teams(&mut tx, repository.id).await?;
        }
        let moved = store::repositories::by_id(&mut tx, repository.id).await?;
        let moved = moved.ok_or_else(|| Error::not_found("the new owner"))?;
        let from = json!({ "owner": { "from": { "user": { "login": repository.owner } } } });
        let told = self.tell_repository(&moved, actor, "transferred", Some(from)).await?;
        self.append_events(&mut tx, vec![told]).await?;
        let full_name = moved.full_name();
        let action = Action::new("repository.transfer", &full_name).repo(repository.id);
        let action = action.details(json!({ "from": repository.full_name() }));
        self.identity().audit(&mut tx, caller, action).await?;
        tx.commit().await?;
        Ok(moved)
    }

    /// Removes a repository: at once for everybody, from the disk soon after.
    pub async fn delete_repository(&self, caller: &Caller, actor: &Actor, repository: &Repository) -> Result<()> {
        let told = self.tell_repository(repository, actor, "deleted", None).await?;
        let mut tx = self.store().begin().await?;
        self.append_events(&mut tx, vec![told]).await?;
        store::repositories::mark_deleted(&mut tx, repository.id).await?;
        store::roles::forget_repository(&mut tx, repository.id).await?;
        let full_name = repository.full_name();
        let action = Action::new("repository.delete", &full_name).repo(repository.id);
        self.identity().audit(&mut tx, caller, action).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Makes a fork for an account; one that it has already is that.
    pub async fn fork_repository(
        &self,
        caller: &Caller,
        actor: &Actor,
        parent: &Repository,
        owner_id: i64,
        name: Option<&str>,
        only_default: bool,
    ) -> Result<Repository> {
        if let Some(there) = store::repositories::fork_of_owner(&mut self.store().read(), parent.id, owner_id).await? {
            return Ok(there);
        }
        let name = name.unwrap_or(&parent.name);
        check_repository_name(name)?;
        // Copied before the transaction: it may take long, and on SQLite everybody would wait.
        let copy = Repo::at(self.git_dir().join(format!(".fork-{}.git", uuid::Uuid::now_v7().simple())));
        let copied = copy.fork_from(&self.git(parent.id), &parent.default_branch, only_default).await;
        let fork = match copied {
            Ok(()) => self.insert_fork(caller, actor, parent, owner_id, name, &copy).await,
            Err(error) => Err(error.into()),
        };
        if fork.is_err() {
            // It may never have been made, or be in its place.
            let _ = std::fs::remove_dir_all(copy.dir());
        }
        fork
    }

    async fn insert_fork(
        &self,
        caller: &Caller,
        actor: &Actor,
        parent: &Repository,
        owner_id: i64,
        name: &str,
        copy: &Repo,
    ) -> Result<Repository> {
        let mut tx = self.store().begin().await?;
        let row = NewRepository {
            owner_id,
            name,
            description: &parent.description,
            homepage: &parent.homepage,
            visibility: &parent.visibility,
            default_branch: &parent.default_branch,
            fork_of: Some(parent),
            settings: &json!({}),
        };
        let fork = self.insert_repository(&mut tx, &row).await?;
        // Workflows do not run on forks until their owner says so.
        let made = fork;
        let fork = Repository { actions_enabled: false, ..made.clone() };
        store::repositories::update(&mut tx, &made, &fork).await?;
        store::repositories::set_pushed(&mut tx, fork.id).await?;
        store::lfs::copy(&mut tx, parent.id, fork.id).await?;
        let place = self.git(fork.id);
        std::fs::rename(copy.dir(), place.dir()).map_err(Error::io(place.dir().display().to_string()))?;
        let told = self.tell_fork(parent, actor, &fork).await?;
        self.append_events(&mut tx, vec![told]).await?;
        self.tell_made(tx, caller, actor, &fork).await?;
        Ok(fork)
    }
}

fn check_visibility(visibility: &str) -> Result<()> {
    if VISIBILITIES.contains(&visibility) {
        return Ok(());
    }
    Err(Error::invalid("Repository", "visibility", format!("visibility is one of {}", VISIBILITIES.join(", "))))
}

fn taken(error: store::Error, name: &str) -> Error {
    if error.is_taken() {
        return Error::exists("Repository", "name", format!("name already exists on this account: {name}"));
    }
    error.into()
}
