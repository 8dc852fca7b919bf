//! What admits a job to the services: the tokens it is given, and what they say when they come back.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::backend::Job;
use crate::token::Signer;
use crate::{CacheScopes, JobEnvironment, JobIdentity, Result};

/// Seconds a job's tokens could last; in truth they end with the job.
const TOKEN_LIFETIME: i64 = 7 * 24 * 3600;

/// Seconds that the clock may be set back without a job's tokens being of the future.
const YOUNG: i64 = 24 * 3600;

/// A runtime token, for artifacts and caches.
pub(crate) const RUNTIME: &str = "runtime";
/// A request token, for identity tokens.
pub(crate) const ID_TOKEN: &str = "id-token";

/// Which claim of which job a server's token was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobClaim {
    pub job: i64,
    pub fence: i64,
    pub run: i64,
    pub repository: i64,
}

/// Makes and reads the tokens of a server's jobs. Every server with the same key understands them; whether the job still
/// runs is for the caller to ask its database.
#[derive(Debug)]
pub struct Admission {
    pub(crate) signer: Signer,
    /// Without a closing slash.
    pub(crate) url: String,
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    pub identity: JobIdentity,
    pub claim: JobClaim,
}

impl Admission {
    /// `key` is at least 32 random bytes that all servers share; `url` is where jobs reach the services, at the root of a
    /// host and port. It is the issuer of identity tokens, too.
    pub fn new(key: &[u8], url: &str) -> Admission {
        Admission { signer: Signer::of(key), url: url.trim_end_matches('/').to_owned() }
    }

    /// Where the services are, with a closing slash.
    pub fn url(&self) -> String {
        format!("{}/", self.url)
    }

    /// The environment of a job; `now` in seconds since 1970.
    pub fn environment(&self, identity: &JobIdentity, claim: JobClaim, now: i64) -> JobEnvironment {
        let job = Job::new(identity);
        let said = json!({"claim": claim, "identity": identity});
        environment(&self.signer, &self.url, &self.url, &job, &said, now)
    }

    /// What a runtime token of ours says, while its time has not passed; `now` in seconds since 1970.
    pub fn runtime(&self, token: &str, now: i64) -> Option<Admitted> {
        self.admitted(token, RUNTIME, now)
    }

    /// What a token of ours that asks for identity tokens says.
    pub fn id_token(&self, token: &str, now: i64) -> Option<Admitted> {
        self.admitted(token, ID_TOKEN, now)
    }

    fn admitted(&self, token: &str, use_: &str, now: i64) -> Option<Admitted> {
        let claims = self.signer.verify_jwt(token, now)?;
        if claims["use"] != use_ {
            return None;
        }
        let claim = serde_json::from_value(claims["claim"].clone()).ok()?;
        let identity = serde_json::from_value(claims["identity"].clone()).ok()?;
        Some(Admitted { identity, claim })
    }
}

/// The variables of a job, with tokens that say `more`.
pub(crate) fn environment(
    signer: &Signer,
    url: &str,
    issuer: &str,
    job: &Job,
    more: &Value,
    now: i64,
) -> JobEnvironment {
    let identity = &job.identity;
    let token = |use_: &str, own: Value| {
        let mut claims = json!({
            "iss": issuer, "iat": now, "nbf": now - YOUNG, "exp": now + TOKEN_LIFETIME,
            "use": use_, "job": job.backend_id, "nonce": job.nonce,
        });
        for more in [more, &own] {
            if let (Some(claims), Value::Object(more)) = (claims.as_object_mut(), more) {
                claims.extend(more.clone());
            }
        }
        signer.jwt(&claims)
    };
    // 1 reads, 2 writes, as the cache clients of image builders understand it.
    let CacheScopes { read, write } = &job.scopes;
    let only_written = write.iter().filter(|scope| !read.contains(scope));
    let access = read.iter().chain(only_written).map(|scope| {
        let permission = u8::from(read.contains(scope)) + 2 * u8::from(write.as_ref() == Some(scope));
        json!({"Scope": scope, "Permission": permission})
    });
    let access = Value::Array(access.collect()).to_string();
    let scope = format!("Actions.Results:{}:{}", job.run_backend_id, job.backend_id);
    let runtime_token = token(RUNTIME, json!({"scp": scope, "ac": access}));
    let url = format!("{url}/");
    let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut environment = JobEnvironment {
        action_env: vec![
            variable("ACTIONS_RUNTIME_URL", &url),
            variable("ACTIONS_RUNTIME_TOKEN", &runtime_token),
            variable("ACTIONS_RESULTS_URL", &url),
            variable("ACTIONS_CACHE_URL", &url),
            variable("ACTIONS_CACHE_SERVICE_V2", "True"),
            variable(
                "ACTIONS_CACHE_MODE",
                match (identity.cache_hidden, identity.cache_write) {
                    (false, true) => "write",
                    (false, false) => "read",
                    (true, true) => "write-only",
                    (true, false) => "none",
                },
            ),
            variable("ACTIONS_ORCHESTRATION_ID", &format!("{}.{}", job.run_backend_id, job.backend_id)),
        ],
        run_env: Vec::new(),
        secrets_to_mask: vec![signature(&runtime_token)],
    };
    if identity.id_token {
        let request_token = token(ID_TOKEN, json!({}));
        // The client appends `&audience=`, so there must be a query already.
        environment.run_env = vec![
            variable("ACTIONS_ID_TOKEN_REQUEST_URL", &format!("{url}oidc/token?api-version=2.0")),
            variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN", &request_token),
        ];
        environment.action_env.extend(environment.run_env.iter().cloned());
        environment.secrets_to_mask.push(signature(&request_token));
    }
    environment
}

/// The part of a token that makes it one. Header and claims are no secret, and searching every line of output for them
/// as well, in every encoding, costs far more than it hides.
fn signature(token: &str) -> String {
    token.rsplit('.').next().unwrap_or(token).to_owned()
}

/// The environment that a server made, as a runner hands it on.
///
/// # Errors
/// A token that is none, or no TLS to be had.
pub(crate) fn runtime_token(environment: &JobEnvironment) -> Result<&str> {
    let found = environment.action_env.iter().find(|(name, _)| name == "ACTIONS_RUNTIME_TOKEN");
    found.map(|(_, token)| token.as_str()).ok_or_else(|| crate::Error::Server("there is no runtime token".to_owned()))
}
