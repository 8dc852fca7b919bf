//! The input `cache`: packages of pip, pipenv or poetry.

use std::sync::Arc;

use crate::native::error::{Fault, Result};
use crate::native::hash_files::hash_files;
use crate::native::setup::{self, Dependencies};
use crate::native::{NativeCall, NativeOutcome, blocking, tool};

pub(super) async fn restore(
    call: &Arc<NativeCall>,
    outcome: &mut NativeOutcome,
    manager: &str,
    version: &str,
) -> Result<()> {
    let (title, pattern) = match manager {
        "pip" => ("pip", "**/requirements.txt"),
        "pipenv" => ("pipenv", "**/Pipfile.lock"),
        "poetry" => ("poetry", "**/poetry.lock"),
        other => {
            return Err(Fault::Text(format!(
                "Caching for '{other}' is not supported; it can be pip, pipenv or poetry"
            )));
        }
    };
    let pattern = call.inputs().text_or("cache-dependency-path", pattern).to_owned();
    let hash = {
        let (worker, pattern) = (Arc::clone(call), pattern.clone());
        blocking(move || match hash_files(&worker, &pattern)? {
            None if title == "pip" => hash_files(&worker, "**/pyproject.toml"),
            found => Ok(found),
        })
    };
    let Some(hash) = hash.await? else {
        let workspace = call.place.workspace.display();
        return Err(Fault::Text(format!(
            "No file in {workspace} matched to [{pattern}], make sure you have checked out the target repository"
        )));
    };
    let prefix =
        format!("setup-python-{}-{}{}-python-{version}-{title}", setup::runner_os(call), tool::machine(), system(call));
    let (key, restore_keys) = match title {
        "pip" => (format!("{prefix}-{hash}"), vec![prefix]),
        "poetry" => (format!("{prefix}-v2-{hash}"), Vec::new()),
        _ => (format!("{prefix}-{hash}"), Vec::new()),
    };
    let paths = directories(call, outcome, title).await?;
    let dependencies = Dependencies { title, paths, key: key.clone(), restore_keys };
    let matched = setup::restore(call, outcome, dependencies).await?;
    outcome.outputs.insert("cache-hit".to_owned(), (matched.as_ref() == Some(&key)).to_string());
    Ok(())
}

async fn directories(call: &NativeCall, outcome: &NativeOutcome, manager: &str) -> Result<Vec<String>> {
    match manager {
        "pipenv" => Ok(vec!["~/.local/share/virtualenvs".to_owned()]),
        "poetry" => {
            let said = tool::says(call, outcome, &["poetry", "config", "virtualenvs.path"]).await;
            Ok(vec![said.ok_or_else(|| Fault::text("Could not get cache folder path for poetry package manager"))?])
        }
        _ => {
            let argv = ["python", "-m", "pip", "cache", "dir"];
            let said = tool::says(call, outcome, &argv).await;
            Ok(vec![said.ok_or_else(|| Fault::text("Could not get cache folder path for pip package manager"))?])
        }
    }
}

/// `-24.04-Ubuntu`: upstream keys by the distribution.
fn system(call: &NativeCall) -> String {
    let text = setup::workspace_file(call, "/etc/os-release").ok().flatten().unwrap_or_default();
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.map(|value| value.trim_matches('"').to_owned())
    };
    match (value("VERSION_ID"), value("ID")) {
        (Some(version), Some(id)) => format!("-{version}-{id}"),
        _ => String::new(),
    }
}
