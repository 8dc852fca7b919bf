//! Images made here run under other runtimes, and images made by other builders run here.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output as Finished};

use builder::{Build, DockerfileSource, Output, OutputKind};

use super::world::World;

fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

fn run(command: &mut Command) -> Finished {
    let shown = format!("{command:?}");
    let finished = command.output().unwrap_or_else(|error| panic!("{shown}: {error}"));
    let (out, err) = (String::from_utf8_lossy(&finished.stdout), String::from_utf8_lossy(&finished.stderr));
    assert!(finished.status.success(), "{shown}: {}\n{out}{err}", finished.status);
    finished
}

fn text(text: &str, kind: OutputKind) -> Build {
    Build {
        dockerfile: DockerfileSource::Text { name: "Dockerfile".to_owned(), text: text.to_owned() },
        outputs: vec![Output { kind, options: BTreeMap::new() }],
        tags: vec!["local/app:1".parse().unwrap()],
        offline: true,
        ..Build::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_made_here_runs_under_runc() {
    const TEST: &str = "an_image_made_here_runs_under_runc";
    let Some(world) = World::new(TEST) else { return };
    if let Some(missing) = ["umoci", "runc"].into_iter().find(|program| !has(program)) {
        return testkit::skip(TEST, &format!("there is no {missing}"));
    }
    if !rustix::process::geteuid().is_root() {
        return testkit::skip(TEST, "runc wants root here");
    }
    let layout = world.path("layout");
    let build = text(
        "FROM busybox\nRUN rm /data/one && echo made > /data/three && chown app:staff /data/three\nENV WHO=world\nWORKDIR /home/app\nUSER app\nENTRYPOINT [\"/bin/sh\", \"-c\"]\nCMD [\"echo hello $WHO from $(pwd) as $(id -un); ls /data; stat -c '%U:%G' /data/three\"]\n",
        OutputKind::Oci { dest: Some(layout.clone()), tar: false },
    );
    world.build(&build).await.built();
    let index: serde_json::Value = serde_json::from_slice(&std::fs::read(layout.join("index.json")).unwrap()).unwrap();
    let tag =
        index["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"].as_str().unwrap_or("1").to_owned();
    let bundle = world.path("bundle");
    run(Command::new("umoci").args(["unpack", "--image"]).arg(format!("{}:{tag}", layout.display())).arg(&bundle));
    without_terminal(&bundle.join("config.json"));
    let name = format!("trunkline-{}", std::process::id());
    let finished = run(Command::new("runc")
        .arg("--root")
        .arg(world.path("runc"))
        .args(["run", "--bundle"])
        .arg(&bundle)
        .arg(&name));
    assert_eq!(String::from_utf8_lossy(&finished.stdout), "hello world from /home/app as app\nthree\ntwo\napp:staff\n");
}

/// There is none here; and what this machine's limits do not allow is not asked for.
fn without_terminal(path: &Path) {
    let mut config: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    config["process"]["terminal"] = false.into();
    if let Some(process) = config["process"].as_object_mut() {
        process.remove("rlimits");
    }
    std::fs::write(path, serde_json::to_vec(&config).unwrap()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_made_by_buildah_is_built_upon_here() {
    const TEST: &str = "an_image_made_by_buildah_is_built_upon_here";
    let Some(world) = World::new(TEST) else { return };
    if !has("buildah") {
        return testkit::skip(TEST, "there is no buildah");
    }
    // From here to there: the base image as an archive.
    let base = world.path("base.tar");
    world.build(&text("FROM busybox\n", OutputKind::Oci { dest: Some(base.clone()), tar: true })).await.built();
    let (context, made) = (world.path("buildah-context"), world.path("made.tar"));
    std::fs::create_dir_all(&context).unwrap();
    std::fs::write(context.join("file"), "copied by buildah\n").unwrap();
    std::fs::write(
        context.join("Dockerfile"),
        format!("FROM oci-archive:{}\nCOPY --chown=1000:50 file /by-buildah\nENV MADE_BY=buildah\nLABEL l=b\nVOLUME /v\nUSER app\nCMD [\"cat\", \"/by-buildah\"]\n", base.display()),
    )
    .unwrap();
    let buildah = |arguments: &[&str]| {
        let mut command = Command::new("buildah");
        command.args(["--storage-driver", "vfs", "--root"]).arg(world.path("buildah/root"));
        command.arg("--runroot").arg(world.path("buildah/run")).args(arguments);
        command
    };
    let probe = buildah(&["images"]).output().unwrap();
    if !probe.status.success() {
        let why = String::from_utf8_lossy(&probe.stderr);
        return testkit::skip(TEST, &format!("buildah does not run here: {}", why.lines().last().unwrap_or_default()));
    }
    run(&mut buildah(&["bud", "--isolation", "chroot", "-t", "made", &context.to_string_lossy()]));
    run(&mut buildah(&["push", "made", &format!("oci-archive:{}:made", made.display())]));
    let name = "from-buildah:1".parse().unwrap();
    let archive = std::fs::File::open(&made).unwrap();
    image::archive::load(&world.ground.store, "made.tar", archive, Some(&name)).unwrap();
    let build = text(
        "FROM from-buildah:1\nRUN cat /by-buildah > /tmp/out; echo \"$MADE_BY $(id -un)\" >> /tmp/out; stat -c %u:%g /by-buildah >> /tmp/out\n",
        OutputKind::Local { dest: world.path("out") },
    );
    world.build(&build).await.built();
    let out = std::fs::read_to_string(world.path("out/tmp/out")).unwrap();
    assert_eq!(out, "copied by buildah\nbuildah app\n1000:50\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tool_reads_the_layout_and_the_archive() {
    const TEST: &str = "another_tool_reads_the_layout_and_the_archive";
    let Some(world) = World::new(TEST) else { return };
    if !has("skopeo") {
        return testkit::skip(TEST, "there is no skopeo");
    }
    let (oci, docker) = (world.path("image.oci.tar"), world.path("image.docker.tar"));
    let dockerfile = "FROM busybox\nRUN echo x > /x\nLABEL l=b\nEXPOSE 80\n";
    world.build(&text(dockerfile, OutputKind::Oci { dest: Some(oci.clone()), tar: true })).await.built();
    world.build(&text(dockerfile, OutputKind::Docker { dest: Some(docker.clone()) })).await.built();
    let mut layers = Vec::new();
    for source in [format!("oci-archive:{}", oci.display()), format!("docker-archive:{}", docker.display())] {
        let copied = world.path(&format!("copied-{}", layers.len()));
        run(Command::new("skopeo")
            .args(["--insecure-policy", "copy", &source])
            .arg(format!("dir:{}", copied.display())));
        let finished = run(Command::new("skopeo").args(["inspect", "--config", &source]));
        let config: serde_json::Value = serde_json::from_slice(&finished.stdout).unwrap();
        assert_eq!(config["config"]["Labels"]["l"], "b", "{source}");
        layers.push(config["rootfs"]["diff_ids"].clone());
    }
    assert_eq!(layers[0], layers[1]);
    assert_eq!(layers[0].as_array().map(Vec::len), Some(2));
}
