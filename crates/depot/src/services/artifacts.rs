//! Artifacts: rows, and objects that hold their content.

use jiff::Timestamp;
use services::backend::{Job, Stored};
use services::{Artifact, ArtifactOwner, Content, Error, Result, validate_artifact_name};
use store::artifacts::{self, Artifact as Row};
use store::uploads::{self, Upload};

use super::{ServerServices, claim, content, number, time};

const ARTIFACT: &str = "artifact";

pub(super) fn create(
    services: &ServerServices,
    job: &Job,
    name: &str,
    kind: &Content,
    expires_at: Option<Timestamp>,
) -> Result<u64> {
    validate_artifact_name(name)?;
    let claim = claim(job)?;
    let depot = &services.depot;
    let exists = || Error::ArtifactExists { name: name.to_owned() };
    let made = services.wait(async {
        let mut tx = depot.store.begin().await?;
        let attempt = i64::from(job.identity.attempt.max(1));
        let known = artifacts::of_run(&mut tx, claim.run).await?;
        let under_way = uploads::named(&mut tx, claim.repository, ARTIFACT, name).await?;
        let of_run = || under_way.iter().filter(|upload| upload.run_id == claim.run);
        // What an earlier claim of this very job uploaded gives way: the job was queued again, and executes anew.
        let superseded = |row: &Row| row.job_id == claim.job && row.fence < claim.fence;
        let taken = known.iter().any(|row| row.name == name && row.attempt == attempt && !superseded(row));
        let mut held = taken;
        for other in of_run().filter(|upload| upload.job_id != claim.job) {
            held |= uploads::is_alive(&mut tx, other).await?;
        }
        if held {
            return Ok(None);
        }
        // A job that asks again lost our answer; it starts over. What a lost job began is given up.
        let mut objects = Vec::new();
        for upload in of_run() {
            objects.extend(uploads::delete(&mut tx, upload.id).await?);
        }
        let upload = Upload {
            id: 0,
            repo_id: claim.repository,
            run_id: claim.run,
            attempt,
            job_id: claim.job,
            fence: claim.fence,
            backend_id: job.backend_id.clone(),
            kind: ARTIFACT.to_owned(),
            name: name.to_owned(),
            version: String::new(),
            detail: kind.mime_type().to_owned(),
            expires_at: expires_at.map(Timestamp::as_microsecond),
            object: None,
            size: 0,
            sha256: String::new(),
            blocks: None,
            created_at: tx.now(),
        };
        let id = uploads::insert(&mut tx, &upload).await?;
        tx.commit().await?;
        for object in objects {
            depot.objects.delete(&object).await?;
        }
        Ok(Some(id))
    })?;
    made.map(number).ok_or_else(exists)
}

pub(super) fn finalize(
    services: &ServerServices,
    job: &Job,
    name: &str,
    size: Option<u64>,
    hash: &str,
) -> Result<Artifact> {
    let claim = claim(job)?;
    let depot = &services.depot;
    let missing = || Error::NotUploaded { name: name.to_owned() };
    let found = services.wait(async {
        let found = uploads::named(&mut depot.store.read(), claim.repository, ARTIFACT, name).await?;
        Ok(found.into_iter().find(|upload| upload.job_id == claim.job && upload.fence == claim.fence))
    })?;
    let Some(upload) = found else {
        // Finished already: the first answer was lost and the client tries again.
        let done = list(services, job)?.into_iter().find(|artifact| artifact.name == name);
        let same = |done: &Artifact| done.owner == job.artifact_owner() && (hash.is_empty() || hash == done.digest);
        return done.filter(same).ok_or_else(missing);
    };
    if upload.object.is_none() {
        return Err(missing());
    }
    if let Some(expected) = size.filter(|size| *size != number(upload.size)) {
        return Err(Error::Size { expected, actual: number(upload.size) });
    }
    if !hash.is_empty() && !hash.eq_ignore_ascii_case(&format!("sha256:{}", upload.sha256)) {
        return Err(Error::Digest { expected: hash.to_owned(), actual: upload.sha256.clone() });
    }
    let row = services.wait(async {
        let mut tx = depot.store.begin().await?;
        // As it was looked at: content that was replaced since, or given up, is not what the client means.
        let known = uploads::lock(&mut tx, upload.id).await?.filter(|known| known.object == upload.object);
        let Some(upload) = known else { return Ok(Err(missing())) };
        let object = upload.object.clone().unwrap_or_default();
        let now = tx.now();
        let longest = now.saturating_add(services.settings.retention);
        let mut row = Row {
            id: 0,
            repo_id: upload.repo_id,
            run_id: upload.run_id,
            attempt: upload.attempt,
            job_id: upload.job_id,
            fence: upload.fence,
            leg: job.identity.job_id.clone(),
            name: upload.name.clone(),
            mime_type: upload.detail.clone(),
            size: upload.size,
            digest: format!("sha256:{}", upload.sha256),
            object: Some(object),
            created_at: now,
            expires_at: upload.expires_at.unwrap_or(longest).min(longest),
        };
        let known = artifacts::of_run(&mut tx, row.run_id).await?;
        let superseded = known.iter().find(|other| {
            (other.attempt, &other.name, other.job_id) == (row.attempt, &row.name, row.job_id)
                && other.fence < row.fence
        });
        let replaced = match superseded {
            Some(other) => artifacts::delete(&mut tx, other.id).await?,
            None => None,
        };
        row.id = match artifacts::insert(&mut tx, &row).await {
            // Another job was faster.
            Err(error) if error.is_taken() => return Ok(Err(Error::ArtifactExists { name: row.name })),
            inserted => inserted?,
        };
        // The object is the artifact's from here on.
        uploads::delete(&mut tx, upload.id).await?;
        tx.commit().await?;
        if let Some(replaced) = replaced {
            depot.objects.delete(&replaced).await?;
        }
        Ok(Ok(row))
    })?;
    row.map(told)
}

pub(super) fn list(services: &ServerServices, job: &Job) -> Result<Vec<Artifact>> {
    let claim = claim(job)?;
    let rows = services.wait(async { Ok(artifacts::of_run(&mut services.depot.store.read(), claim.run).await?) })?;
    Ok(rows.into_iter().filter(|row| !row.is_expired()).map(told).collect())
}

pub(super) fn delete(services: &ServerServices, job: &Job, name: &str) -> Result<Artifact> {
    let found = list(services, job)?.into_iter().find(|artifact| artifact.name == name);
    let artifact = found.ok_or_else(|| Error::NoArtifact { what: format!("named {name:?}") })?;
    let id = i64::try_from(artifact.id).unwrap_or(i64::MAX);
    services.wait(async { services.depot.delete_artifact(id).await })?;
    Ok(artifact)
}

pub(super) fn content(services: &ServerServices, id: u64) -> Result<(Artifact, Stored)> {
    let missing = || Error::NoArtifact { what: format!("with id {id}") };
    let wanted = i64::try_from(id).unwrap_or(i64::MAX);
    let row = services.wait(async { Ok(artifacts::by_id(&mut services.depot.store.read(), wanted).await?) })?;
    let row = row.ok_or_else(missing)?;
    let object = row.object.clone().ok_or_else(missing)?;
    let stored = content::stored(&services.depot.objects, &object, row.size);
    Ok((told(row), stored))
}

fn told(row: Row) -> Artifact {
    Artifact {
        id: number(row.id),
        owner: ArtifactOwner { run_id: row.run_id.to_string(), job_id: row.leg },
        content: Content::from_mime_type(&row.mime_type),
        size: number(row.size),
        digest: row.digest,
        created_at: time(row.created_at),
        expires_at: Some(time(row.expires_at)),
        name: row.name,
        inherited: false,
    }
}
