//! The services of a server, seen from a runner: the same stores, whose content lies on the server.
//!
//! What GitHub's clients do over HTTP, native actions do here, with the same tokens.

mod client;

pub(crate) use client::Client;

use serde_json::{Value, json};
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::artifact::Content;
use crate::disk::blob::Blob;
use crate::disk::staging::Staging;
use crate::{
    Artifact, ArtifactOwner, CacheEntry, CacheOwner, CacheQuery, Error, Explanation, Outcome, Result, UploadOptions,
};

const ARTIFACTS: &str = "ArtifactService";
const CACHES: &str = "CacheService";

/// One job's access to a server.
#[derive(Debug)]
pub(crate) struct Remote {
    client: Client,
    /// Where content lies on its way.
    dir: PathBuf,
    staging: Mutex<Option<Arc<Staging>>>,
}

impl Remote {
    pub(crate) fn new(client: Client, dir: PathBuf) -> Remote {
        Remote { client, dir, staging: Mutex::default() }
    }

    pub(crate) fn staging(&self) -> Result<Arc<Staging>> {
        let mut staging = self.staging.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(staging) = &*staging {
            return Ok(Arc::clone(staging));
        }
        let opened = Arc::new(Staging::open(&self.dir)?);
        *staging = Some(Arc::clone(&opened));
        Ok(opened)
    }

    fn artifact_call(&self, method: &str, mut request: Value) -> Result<Value> {
        request["workflow_run_backend_id"] = json!(self.client.run_backend_id);
        request["workflow_job_run_backend_id"] = json!(self.client.job_backend_id);
        self.client.call(ARTIFACTS, method, &request)
    }

    pub(crate) fn artifacts(&self) -> Result<Vec<Artifact>> {
        let answer = self.artifact_call("ListArtifacts", json!({}))?;
        answer["artifacts"].as_array().into_iter().flatten().map(artifact).collect()
    }

    pub(crate) fn publish_artifact(
        &self,
        name: &str,
        content: &Content,
        blob: &Blob,
        options: &UploadOptions,
    ) -> Result<Artifact> {
        if options.overwrite {
            match self.delete_artifact(name) {
                Ok(()) | Err(Error::NoArtifact { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let mut request = json!({"name": name, "version": 7, "mime_type": content.mime_type()});
        if let Some(expires_at) = options.expires_at {
            request["expires_at"] = json!(expires_at.to_string());
        }
        let answer = self.artifact_call("CreateArtifact", request).map_err(named(name))?;
        self.client.upload(text(&answer, "signed_upload_url")?, blob)?;
        let digest = format!("sha256:{}", blob.sha256);
        let request = json!({"name": name, "size": blob.size.to_string(), "hash": digest});
        let answer = self.artifact_call("FinalizeArtifact", request).map_err(named(name))?;
        Ok(Artifact {
            id: text(&answer, "artifact_id")?.parse().unwrap_or_default(),
            name: name.to_owned(),
            owner: ArtifactOwner {
                run_id: self.client.run_backend_id.clone(),
                job_id: self.client.job_backend_id.clone(),
            },
            content: content.clone(),
            size: blob.size,
            digest,
            created_at: jiff::Timestamp::now(),
            expires_at: options.expires_at,
            inherited: false,
        })
    }

    pub(crate) fn delete_artifact(&self, name: &str) -> Result<()> {
        self.artifact_call("DeleteArtifact", json!({"name": name})).map(drop).map_err(named(name))
    }

    pub(crate) fn open_artifact(&self, artifact: &Artifact) -> Result<File> {
        let request = json!({"name": artifact.name});
        let answer = self.artifact_call("GetSignedArtifactURL", request).map_err(named(&artifact.name))?;
        self.download(text(&answer, "signed_url")?)
    }

    pub(crate) fn find_cache(&self, query: &CacheQuery) -> Result<(Option<(CacheEntry, String)>, Explanation)> {
        let request = json!({"key": query.key, "restore_keys": query.restore_keys, "version": query.version});
        let answer = self.client.call(CACHES, "GetCacheEntryDownloadURL", &request)?;
        let explanation = |outcome| Explanation {
            key: query.key.clone(),
            restore_keys: query.restore_keys.clone(),
            version: query.version.clone(),
            scopes: query.scopes.clone(),
            outcome,
            considered: Vec::new(),
            omitted: 0,
        };
        // Our own server says why; another one only says what.
        let told = serde_json::from_value(answer["explanation"].clone()).ok();
        if answer["ok"] != true {
            return Ok((None, told.unwrap_or_else(|| explanation(Outcome::Miss))));
        }
        let key = text(&answer, "matched_key")?.to_owned();
        let url = text(&answer, "signed_download_url")?.to_owned();
        let scope = query.scopes.first().cloned().unwrap_or_default();
        let outcome = match key == query.key {
            true => Outcome::Hit { key: key.clone(), scope: scope.clone() },
            false => Outcome::PartialHit { key: key.clone(), scope: scope.clone(), prefix: String::new() },
        };
        let entry = CacheEntry {
            id: 0,
            repository: query.repository.clone(),
            scope,
            key,
            version: query.version.clone(),
            size: answer["size"].as_str().and_then(|size| size.parse().ok()).unwrap_or_default(),
            sha256: String::new(),
            created_at: jiff::Timestamp::UNIX_EPOCH,
            created_by: CacheOwner { run_id: String::new(), job_id: String::new() },
        };
        Ok((Some((entry, url)), told.unwrap_or_else(|| explanation(outcome))))
    }

    /// Content behind an address, in a file that is gone once it is closed.
    pub(crate) fn download(&self, url: &str) -> Result<File> {
        let path = self.staging()?.fresh_path();
        let file = File::options().read(true).write(true).create_new(true).open(&path).map_err(Error::io(&path))?;
        std::fs::remove_file(&path).map_err(Error::io(&path))?;
        self.client.download(url, &file)?;
        std::io::Seek::rewind(&mut &file).map_err(Error::io(&path))?;
        Ok(file)
    }

    /// The address for the content of a new cache.
    pub(crate) fn reserve_cache(&self, key: &str, version: &str, scope: &str) -> Result<String> {
        let answer = self.client.call(CACHES, "CreateCacheEntry", &json!({"key": key, "version": version}));
        let answer = answer.map_err(read_only)?;
        if answer["ok"] != true {
            return Err(Error::CacheExists { key: key.to_owned(), scope: scope.to_owned() });
        }
        Ok(text(&answer, "signed_upload_url")?.to_owned())
    }

    pub(crate) fn publish_cache(
        &self,
        url: &str,
        claim: &[String; 4],
        owner: &CacheOwner,
        blob: &Blob,
    ) -> Result<CacheEntry> {
        self.client.upload(url, blob)?;
        let [repository, scope, key, version] = claim.clone();
        let request = json!({"key": key, "version": version, "size_bytes": blob.size.to_string()});
        let answer = self.client.call(CACHES, "FinalizeCacheEntryUpload", &request)?;
        if answer["ok"] != true {
            return Err(Error::CacheExists { key, scope });
        }
        Ok(CacheEntry {
            id: text(&answer, "entry_id")?.parse().unwrap_or_default(),
            repository,
            scope,
            key,
            version,
            size: blob.size,
            sha256: blob.sha256.clone(),
            created_at: jiff::Timestamp::now(),
            created_by: owner.clone(),
        })
    }
}

fn text<'a>(answer: &'a Value, name: &str) -> Result<&'a str> {
    answer[name].as_str().ok_or_else(|| Error::Server(format!("the server's answer has no {name}")))
}

fn artifact(row: &Value) -> Result<Artifact> {
    let text = |name: &str| text(row, name).map(str::to_owned);
    let mime_type = row["mime_type"].as_str().unwrap_or_default();
    Ok(Artifact {
        id: text("database_id")?.parse().unwrap_or_default(),
        name: text("name")?,
        owner: ArtifactOwner { run_id: text("workflow_run_backend_id")?, job_id: text("workflow_job_run_backend_id")? },
        content: Content::from_mime_type(mime_type),
        size: text("size")?.parse().unwrap_or_default(),
        digest: row["digest"].as_str().unwrap_or_default().to_owned(),
        created_at: text("created_at")?.parse().unwrap_or(jiff::Timestamp::UNIX_EPOCH),
        expires_at: None,
        inherited: false,
    })
}

/// What the server's codes mean for an artifact of this name.
fn named(name: &str) -> impl FnOnce(Error) -> Error {
    move |error| match error {
        Error::Refused { code, .. } if code == "already_exists" => Error::ArtifactExists { name: name.to_owned() },
        Error::Refused { code, .. } if code == "not_found" => Error::NoArtifact { what: format!("named {name:?}") },
        other => other,
    }
}

fn read_only(error: Error) -> Error {
    match error {
        Error::Refused { code, .. } if code == "permission_denied" => Error::ReadOnly,
        other => other,
    }
}
