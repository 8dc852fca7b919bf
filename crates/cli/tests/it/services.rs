//! Real servers under `services:`, and a deployment's image at the desk.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use api::Conclusion;
use testkit::{Finished, Observed, TestRepository, bring_in, skip};

use crate::places;

const DATABASE: &str = "FROM busybox
COPY root/ /
RUN echo 'postgres:x:999:999::/tmp:/bin/sh' >> /etc/passwd
USER postgres
EXPOSE 5432
HEALTHCHECK --interval=200ms --retries=150 CMD [\"/db/bin/pg_isready\", \"-h\", \"127.0.0.1\"]
ENTRYPOINT [\"/bin/sh\", \"/start.sh\"]
";

/// Databases do not start as root, and what the package asks for at run time stands beside it.
const PREPARE: &str = r#"
pg=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1); pg=${pg%/bin}; version=${pg##*/}
mkdir -p image/root/db image/root/usr/share/postgresql image/root/usr/lib/postgresql
cp -a "$pg" "image/root$pg"
ln -s "$pg/bin" image/root/db/bin
cp -a "/usr/share/postgresql/$version" image/root/usr/share/postgresql/
mkdir -p image/root/usr/share/zoneinfo && cp -aL /usr/share/zoneinfo/UTC image/root/usr/share/zoneinfo/
mkdir -p image/root/etc/postgresql-common && touch image/root/etc/postgresql-common/user_clusters
ldd "$pg"/bin/{postgres,initdb,pg_isready,pg_ctl} "$pg"/lib/*.so | grep -o '/[^ ]*' | grep -v ':$' | sort -u | while read -r file; do
  [ -f "$file" ] && mkdir -p "image/root$(dirname "$file")" && cp -L "$file" "image/root$file" || true
done
cat > image/root/start.sh <<'END'
set -e
/db/bin/initdb -D /tmp/data -U postgres -A trust --no-locale -E UTF8 >/dev/null
echo "host all all all trust" >> /tmp/data/pg_hba.conf
exec /db/bin/postgres -D /tmp/data -c listen_addresses='*' -c unix_socket_directories=/tmp
END
"$TRUNKLINE" build -q -t database:1 image
rm -rf image
"#;

const WORKFLOW: &str = r#"
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    services:
      db:
        image: database:1
        ports: [5432]
      cache:
        image: redis-server
        entrypoint: redis-server
        command: --save "" --protected-mode no --bind 0.0.0.0
        ports: [6379]
        options: --health-cmd "redis-cli ping" --health-interval 200ms --health-timeout 5s --health-retries 100
    steps:
      - env:
          PGHOST: localhost
          PGPORT: ${{ job.services.db.ports[5432] }}
          PGUSER: postgres
        run: |
          PATH=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1):$PATH
          psql -qc 'create table t (a int); insert into t values (20), (22)'
          echo "sum $(psql -Atc 'select sum(a) from t')"
      - run: |
          redis-cli -h localhost -p ${{ job.services.cache.ports[6379] }} set key kept
          echo "value $(redis-cli -h localhost -p ${{ job.services.cache.ports[6379] }} get key)"
  inside:
    runs-on: ubuntu-latest
    container: redis-server
    services:
      cache:
        image: redis-server
        entrypoint: redis-server
        command: --save "" --protected-mode no --bind 0.0.0.0
        options: --health-cmd "redis-cli ping" --health-interval 200ms --health-retries 100
    steps:
      - run: redis-cli -h cache set key there; echo "by name $(redis-cli -h cache get key)"
"#;

fn run(repository: &TestRepository, arguments: &[&str]) -> Finished {
    let arguments: Vec<String> = ["run", "push", "--json"].iter().chain(arguments).map(|&one| one.to_owned()).collect();
    places::binary().run(repository, &arguments, &[], None).expect("it runs")
}

/// Brings images in; tells why that is not possible.
fn missing(repository: &TestRepository, images: &[&str]) -> Option<String> {
    images.iter().find_map(|image| bring_in(&places::binary(), repository, image).expect("an image"))
}

#[test]
fn postgresql_and_redis() {
    let name = "services::postgresql_and_redis";
    if !std::path::Path::new("/usr/lib/postgresql").is_dir() {
        return skip(name, "PostgreSQL is not installed");
    }
    let repository = TestRepository::from_files(&[(".github/workflows/ci.yml", WORKFLOW)]).expect("a repository");
    if let Some(why) = missing(&repository, &["busybox", "busybox+redis-server+redis-cli"]) {
        return skip(name, &why);
    }
    repository.write("image/Dockerfile", DATABASE).expect("written");
    repository.script_with(PREPARE, &places::binary().variables(&repository)).expect("the database's image");
    let finished = run(&repository, &[]);
    let observed = Observed::read(&finished.stdout);
    let log = observed.log.join("\n");
    assert_eq!(finished.code, Some(0), "{}\n{log}", finished.stderr);
    for said in ["db service is healthy.", "cache service is healthy.", "sum 42", "value kept", "by name there"] {
        assert!(log.contains(said), "no `{said}` in\n{log}");
    }
}

/// A registry that serves what the run's own one kept.
pub(crate) struct Serving {
    child: Child,
    address: String,
}

impl Serving {
    /// `127.0.0.1:PORT`
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn start(repository: &TestRepository) -> Self {
        let arguments = ["registry", "serve", "--listen", "127.0.0.1:0"].map(str::to_owned);
        Self::of(places::binary().command(repository, &arguments))
    }

    /// What `trunkline registry serve` with its arguments serves.
    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let line = stdout.lines().map_while(Result::ok).find(|line| line.contains("127.0.0.1:")).expect("its address");
        let rest = &line[line.find("127.0.0.1:").expect("found")..];
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':').unwrap_or(rest.len());
        Self { address: rest[..end].trim_end_matches(['.', ':']).to_owned(), child }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The `build` job of a workflow made for GitHub: logs in to GHCR, builds and pushes there.
#[test]
fn build_job_of_a_deployment() {
    let name = "services::build_job_of_a_deployment";
    let Some(path) = places::acceptance().map(|dir| dir.join("workflows/deploy.yml")) else {
        return skip(name, "the acceptance files are not there");
    };
    let workflow = std::fs::read_to_string(path).expect("the workflow");
    let pull = "on: push\njobs:\n  pull:\n    runs-on: ubuntu-latest\n    container: ghcr.io/${{ github.repository }}:main\n    \
                steps:\n      - run: cat /app/content\n";
    let files = [
        (".github/workflows/deploy.yml", workflow.as_str()),
        (".github/workflows/pull.yml", pull),
        ("Dockerfile", "FROM busybox\nCOPY content /app/\nRUN test -f /app/content\n"),
        ("content", "what was built\n"),
    ];
    let repository = TestRepository::from_files(&files).expect("a repository");
    if let Some(why) = missing(&repository, &["busybox"]) {
        return skip(name, &why);
    }
    let finished = run(&repository, &["-W", ".github/workflows/deploy.yml", "-j", "build"]);
    let observed = Observed::read(&finished.stdout);
    assert_eq!(finished.code, Some(0), "{}\n{}", finished.stderr, observed.log.join("\n"));
    let job = &observed.jobs_named("build")[0];
    assert_eq!(job.conclusion, Some(Conclusion::Success));
    assert_eq!(job.outputs.get("image-tag").map(String::as_str), Some("main"));

    // Another run has nothing but the registry.
    let forget = r#""$TRUNKLINE" image rm --force $("$TRUNKLINE" image ls -q) >/dev/null"#;
    repository.script_with(forget, &places::binary().variables(&repository)).expect("forgotten");
    let finished = run(&repository, &["-W", ".github/workflows/pull.yml"]);
    let log = Observed::read(&finished.stdout).log.join("\n");
    assert_eq!(finished.code, Some(0), "{}\n{log}", finished.stderr);
    assert!(log.contains("what was built"), "{log}");

    if !places::on_path("skopeo") {
        return skip(&format!("{name}, by skopeo"), "skopeo is not on PATH");
    }
    let serving = Serving::start(&repository);
    let image = format!("docker://{}/ghcr.io/local/project:main", serving.address);
    let output = Command::new("skopeo").args(["inspect", "--tls-verify=false", &image]).output().expect("skopeo");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("org.opencontainers.image.revision"), "{said}");
}

const PRIVATE: &str = "on: push
jobs:
  inside:
    runs-on: ubuntu-latest
    container:
      image: ADDRESS/team/app:1
      credentials:
        username: ann
        password: ${{ secrets.PASSWORD }}
    steps:
      - run: echo \"in a private image\"
";

#[test]
fn a_private_image_is_pulled_with_a_secret() {
    let name = "services::a_private_image_is_pulled_with_a_secret";
    let repository = TestRepository::from_files(&[("file", "")]).expect("a repository");
    if let Some(why) = missing(&repository, &["busybox"]) {
        return skip(name, &why);
    }
    let script = |text: &str, serving: Option<&Serving>| {
        let mut variables = places::binary().variables(&repository).to_vec();
        variables.extend(serving.map(|serving| ("ADDRESS".to_owned(), serving.address().to_owned())));
        repository.script_with(text, &variables).expect("a script");
    };
    script(r#"echo apple | "$TRUNKLINE" registry user add ann"#, None);
    let serving = Serving::start(&repository);
    let push = r#"
        export DOCKER_CONFIG=$(mktemp -d)
        printf '{"auths":{"%s":{"auth":"%s"}}}' "$ADDRESS" "$(printf ann:apple | base64)" > "$DOCKER_CONFIG/config.json"
        "$TRUNKLINE" image tag busybox "$ADDRESS/team/app:1"
        "$TRUNKLINE" image push -q "$ADDRESS/team/app:1"
        "$TRUNKLINE" image rm "$ADDRESS/team/app:1"
        rm -r "$DOCKER_CONFIG""#;
    script(push, Some(&serving));
    repository.write(".github/workflows/ci.yml", &PRIVATE.replace("ADDRESS", serving.address())).expect("written");
    repository.commit_all("A private image").expect("a commit");
    for (password, code, told) in [("pear", 1, "the credentials of `ann`"), ("apple", 0, "in a private image")] {
        let finished = run(&repository, &["-s", &format!("PASSWORD={password}")]);
        let log = Observed::read(&finished.stdout).log.join("\n");
        assert_eq!(finished.code, Some(code), "{}\n{log}", finished.stderr);
        assert!(log.contains(told) && !log.contains(password), "{log}");
    }
}
