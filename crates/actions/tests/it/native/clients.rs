//! Caches and artifacts handed between native actions and GitHub's own npm clients.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::job::{Job, in_both, output};

fn modules() -> Option<PathBuf> {
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/node/node_modules");
    if ["/tmp", "/var/tmp"].iter().any(|covered| modules.starts_with(covered)) {
        println!("skipped: this clone lies in a directory that jobs see empty, so they cannot see its node_modules");
        return None;
    }
    let node = Command::new("node").arg("--version").output();
    if !modules.join("@actions/cache").is_dir() || node.is_err() {
        println!("skipped: node or tests/node/node_modules (npm ci) is missing");
        return None;
    }
    modules.canonicalize().ok()
}

/// Runs a script in the job with the services' environment.
async fn node(job: &Job, modules: &Path, script: &str) {
    let import = |name: &str| format!("{}/{name}", modules.display());
    let text = format!(
        "import {{ createRequire }} from 'node:module'\nimport fs from 'node:fs'\nimport assert from 'node:assert/strict'\n\
         const cache = await import('{}')\nconst {{ DefaultArtifactClient }} = await import('{}')\nconst client = new DefaultArtifactClient()\n{script}\n",
        import("@actions/cache/lib/cache.js"),
        import("@actions/artifact/lib/artifact.js"),
    );
    let path = job.place.temp.join("script.mjs");
    std::fs::write(job.host(&path), text).unwrap();
    let environment = job.place.services.job_environment(&job.place.identity);
    let mut command = sandbox::Command::new(["node".into(), path.into_os_string()]);
    let given = job.env.iter().map(|(name, value)| (name.clone(), value.clone()));
    command.env = given.chain(environment.action_env).map(|(name, value)| (name.into(), value.into())).collect();
    command.cwd = job.place.workspace.clone();
    let log = job.dir.path().join("node.log");
    let file = std::fs::File::create(&log).unwrap();
    command.stdout = Some(file.try_clone().unwrap().into());
    command.stderr = Some(file.into());
    let status = job.place.sandbox.spawn(command).await.unwrap().wait().await.unwrap();
    assert!(status.success(), "{}\n{}", std::fs::read_to_string(log).unwrap(), job.said());
}

#[test]
fn caches_are_shared() {
    let Some(modules) = modules() else { return };
    in_both(|job| {
        let modules = modules.clone();
        async move {
            job.write("deps/a.txt", "native");
            let home = job.host(job.place.home.join(".cache/x"));
            std::fs::create_dir_all(&home).unwrap();
            std::fs::write(home.join("y"), "home").unwrap();
            let paths = "deps\n~/.cache/x";
            job.good("cache/save", &[("path", paths), ("key", "native")]).await;
            node(
                &job,
                &modules,
                "fs.rmSync('deps', { recursive: true }); fs.rmSync(process.env.HOME + '/.cache', { recursive: true })
                 assert.equal(await cache.restoreCache(['deps', '~/.cache/x'], 'native'), 'native')
                 assert.equal(fs.readFileSync('deps/a.txt', 'utf8'), 'native')
                 assert.equal(fs.readFileSync(process.env.HOME + '/.cache/x/y', 'utf8'), 'home')
                 fs.writeFileSync('deps/a.txt', 'client')
                 await cache.saveCache(['deps', '~/.cache/x'], 'client')
                 fs.rmSync('deps', { recursive: true })",
            )
            .await;
            let outcome = job.good("cache/restore", &[("path", paths), ("key", "client")]).await;
            assert_eq!(output(&outcome, "cache-hit"), Some("true"));
            assert_eq!(job.read("deps/a.txt"), "client");
        }
    });
}

#[test]
fn artifacts_are_shared() {
    let Some(modules) = modules() else { return };
    in_both(|job| {
        let modules = modules.clone();
        async move {
            job.write("deep/a.txt", "native");
            job.good("upload-artifact", &[("name", "native"), ("path", "deep")]).await;
            node(
                &job,
                &modules,
                "const { artifact } = await client.getArtifact('native')
                 await client.downloadArtifact(artifact.id, { path: 'down' })
                 assert.equal(fs.readFileSync('down/a.txt', 'utf8'), 'native')
                 fs.writeFileSync('c.txt', 'client')
                 await client.uploadArtifact('client', [process.cwd() + '/c.txt'], process.cwd())",
            )
            .await;
            job.good("download-artifact", &[("name", "client"), ("path", "theirs")]).await;
            assert_eq!(job.read("theirs/c.txt"), "client");
        }
    });
}
