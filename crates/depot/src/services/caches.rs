//! Caches: rows, and objects that hold their content.

use services::backend::{CacheUpload, Job, Stored};
use services::{
    CacheEntry, CacheOwner, CacheQuery, Error, Explanation, Result, check_cache_key, check_cache_query, search_caches,
};
use store::caches::{self, Cache};
use store::uploads::{self, Upload};

use super::{ServerServices, claim, content, number, time, uploads as receiving};

const CACHE: &str = "cache";

pub(super) fn create(services: &ServerServices, job: &Job, key: &str, version: &str) -> Result<u64> {
    let claim = claim(job)?;
    let Some(scope) = job.scopes.write.as_deref() else {
        // Later runs that are trusted would take what this one leaves.
        (services.refused)(&claim, "cache.write", key, "a run for a fork's pull request saves no caches");
        return Err(Error::ReadOnly);
    };
    check_cache_key(key, version)?;
    let depot = &services.depot;
    services
        .wait(async {
            let mut tx = depot.store.begin().await?;
            if caches::exists(&mut tx, claim.repository, scope, key, version).await? {
                return Ok(Err(Error::CacheExists { key: key.to_owned(), scope: scope.to_owned() }));
            }
            let under_way = uploads::named(&mut tx, claim.repository, CACHE, key).await?;
            let mut objects = Vec::new();
            for upload in under_way.iter().filter(|upload| upload.version == version && upload.detail == scope) {
                let parts = uploads::parts(&mut tx, upload.id).await?;
                // A job that asks again lost our answer; it starts over, unless content has come in.
                let untouched = upload.object.is_none() && parts.is_empty();
                // What a claim began that was lost is given up with it.
                let own = upload.job_id == claim.job && (untouched || upload.fence < claim.fence);
                if !own && uploads::is_alive(&mut tx, upload).await? {
                    return Ok(Err(Error::CacheReserved { key: key.to_owned(), scope: scope.to_owned() }));
                }
                objects.extend(uploads::delete(&mut tx, upload.id).await?);
            }
            let upload = Upload {
                id: 0,
                repo_id: claim.repository,
                run_id: claim.run,
                attempt: i64::from(job.identity.attempt.max(1)),
                job_id: claim.job,
                fence: claim.fence,
                backend_id: job.backend_id.clone(),
                kind: CACHE.to_owned(),
                name: key.to_owned(),
                version: version.to_owned(),
                detail: scope.to_owned(),
                expires_at: None,
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
            Ok(Ok(number(id)))
        })
        .and_then(|made| made)
}

pub(super) fn finalize(
    services: &ServerServices,
    job: &Job,
    which: CacheUpload<'_>,
    size: Option<u64>,
) -> Result<CacheEntry> {
    let claim = claim(job)?;
    let depot = &services.depot;
    let find = |id: Option<u64>, key: &str, version: &str| {
        services.wait(async {
            let mut reader = depot.store.read();
            let found = match id {
                Some(id) => {
                    let id = i64::try_from(id).unwrap_or(i64::MAX);
                    uploads::by_id(&mut reader, id).await?.into_iter().collect()
                }
                None => uploads::named(&mut reader, claim.repository, CACHE, key).await?,
            };
            let own = |upload: &Upload| upload.job_id == claim.job && upload.kind == CACHE;
            Ok(found.into_iter().find(|upload| own(upload) && (id.is_some() || upload.version == version)))
        })
    };
    let upload = match which {
        CacheUpload::Named { key, version } => find(None, key, version)?,
        CacheUpload::Ranges { id, size } => {
            let announced = find(Some(id), "", "")?.ok_or_else(|| Error::NoCache { what: format!("upload {id}") })?;
            receiving::commit_ranges(services, &announced, size)?;
            find(Some(id), "", "")?
        }
    };
    let upload = upload.ok_or_else(|| Error::NoCache { what: "upload with this key".to_owned() })?;
    let object = upload.object.clone().ok_or_else(|| Error::NotUploaded { name: upload.name.clone() })?;
    if let Some(expected) = size.filter(|size| *size != number(upload.size)) {
        return Err(Error::Size { expected, actual: number(upload.size) });
    }
    if number(upload.size) > services.settings.cache_quota {
        return Err(Error::TooLarge { limit: services.settings.cache_quota });
    }
    let exists = Error::CacheExists { key: upload.name.clone(), scope: upload.detail.clone() };
    let entry = services.wait(async {
        let mut tx = depot.store.begin().await?;
        let now = tx.now();
        let mut cache = Cache {
            id: 0,
            repo_id: claim.repository,
            repository: job.identity.repository.clone(),
            scope: upload.detail.clone(),
            cache_key: upload.name.clone(),
            version: upload.version.clone(),
            size: upload.size,
            sha256: upload.sha256.clone(),
            object,
            run_id: job.identity.run_id.clone(),
            job: job.identity.job_id.clone(),
            created_at: now,
            used_at: now,
        };
        if caches::exists(&mut tx, cache.repo_id, &cache.scope, &cache.cache_key, &cache.version).await? {
            return Ok(None);
        }
        cache.id = caches::insert(&mut tx, &cache).await?;
        // The object is the cache's from here on.
        uploads::delete(&mut tx, upload.id).await?;
        tx.commit().await?;
        depot.make_room(claim.repository, services.settings.cache_quota).await?;
        Ok(Some(told(cache)))
    })?;
    entry.ok_or(exists)
}

pub(super) fn find(
    services: &ServerServices,
    job: &Job,
    query: &CacheQuery,
) -> Result<(Option<CacheEntry>, Explanation)> {
    check_cache_query(query)?;
    let entries = all(services, job)?;
    Ok(search_caches(query, &entries))
}

pub(super) fn list(services: &ServerServices, job: &Job, prefix: &str, most: usize) -> Result<Vec<CacheEntry>> {
    let near = all(services, job)?
        .into_iter()
        .filter(|entry| job.scopes.read.contains(&entry.scope) && entry.key.starts_with(prefix));
    Ok(near.take(most).collect())
}

/// Every entry of the job's repository, under the name that it has now.
fn all(services: &ServerServices, job: &Job) -> Result<Vec<CacheEntry>> {
    let claim = claim(job)?;
    let rows =
        services.wait(async { Ok(caches::of_repo(&mut services.depot.store.read(), claim.repository).await?) })?;
    let named = |cache: Cache| CacheEntry { repository: job.identity.repository.clone(), ..told(cache) };
    Ok(rows.into_iter().map(named).collect())
}

pub(super) fn content(services: &ServerServices, id: u64) -> Result<Stored> {
    let missing = || Error::NoCache { what: format!("with id {id}") };
    let wanted = i64::try_from(id).unwrap_or(i64::MAX);
    let depot = &services.depot;
    let cache = services.wait(async {
        let mut tx = depot.store.begin().await?;
        caches::touch(&mut tx, wanted).await?;
        let cache = caches::by_id(&mut tx, wanted).await?;
        tx.commit().await?;
        Ok(cache)
    })?;
    let cache = cache.ok_or_else(missing)?;
    Ok(content::stored(&depot.objects, &cache.object, cache.size))
}

fn told(cache: Cache) -> CacheEntry {
    CacheEntry {
        id: number(cache.id),
        repository: cache.repository,
        scope: cache.scope,
        key: cache.cache_key,
        version: cache.version,
        size: number(cache.size),
        sha256: cache.sha256,
        created_at: time(cache.created_at),
        created_by: CacheOwner { run_id: cache.run_id, job_id: cache.job },
    }
}
