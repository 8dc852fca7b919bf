use std::fs;
use std::path::{Path, PathBuf};

use super::super::fresh;
use super::super::measure::{median, peak_memory, quiet, time};
use super::super::table::Row;
use super::sandboxes::figures;
use super::tools::{Server, free_port};
use super::{Bench, layout};

/// An archive of a directory.
fn archive(bench: &Bench, directory: &Path, path: &Path) -> Result<(), String> {
    let (directory, path) = (directory.to_string_lossy().into_owned(), path.to_string_lossy().into_owned());
    time(&mut quiet("tar", &["--sort=name", "-C", &directory, "-cf", &path, "."], &bench.place)).map(drop)
}

/// An image as distributions and languages make them: one layer of some large files, one of very many small ones.
fn typical(bench: &Bench) -> Result<PathBuf, String> {
    let directory = bench.place.join("typical");
    let mut archives = Vec::new();
    for (layer, files, len) in [(1, 60, 1_500_000), (2, 6000, 12_000)] {
        let root = directory.join(format!("files{layer}"));
        for file in 0..files {
            let parent = root.join(format!("usr/lib/d{:03}", file / 50));
            fs::create_dir_all(&parent).map_err(|error| error.to_string())?;
            let content = layout::prose((layer * 100_000 + file) as u64, len);
            fs::write(parent.join(format!("f{file}")), content).map_err(|error| error.to_string())?;
        }
        let path = directory.join(format!("layer{layer}.tar"));
        archive(bench, &root, &path)?;
        fs::remove_dir_all(&root).map_err(|error| error.to_string())?;
        archives.push(path);
    }
    let oci = directory.join("oci");
    layout::write(&oci, "1", &archives, true)?;
    Ok(oci)
}

/// All layers of an image from compressed blobs to directories.
pub(super) fn unpack(bench: &Bench) -> Result<Vec<Row>, String> {
    const NAME: &str = "bench/typical:1";
    let oci = typical(bench)?.to_string_lossy().into_owned();
    time(&mut bench.trunkline(&["image", "load", "--quiet", "--input", &oci, "--tag", NAME]))?;
    let skopeo = bench.tool("skopeo", "unpacking beside skopeo");
    let storage = bench.place.join("storage");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds {
        fresh(&Path::new(&bench.store()).join("layers"))?;
        ours.extend(figures(bench, &["unpack", &bench.store(), NAME])?);
        let Some(skopeo) = &skopeo else { continue };
        fresh(&storage)?;
        // The driver that needs nothing of the kernel, and writes a layer's files plainly, as we do.
        let root = storage.to_string_lossy().into_owned();
        let target = format!("containers-storage:[vfs@{root}/root+{root}/run]bench:1");
        let words = ["copy", "--quiet", &format!("oci:{oci}:1"), &target];
        match time(&mut quiet(skopeo, &words, &bench.place)) {
            Ok(taken) => theirs.push(taken),
            Err(error) => {
                bench.skip("unpacking beside skopeo", &error);
                break;
            }
        }
    }
    let (ours, beside) = (median(&ours), (!theirs.is_empty()).then(|| median(&theirs)));
    Ok(vec![row("unpack an image of 165 MB", ours, beside, 1.0, "skopeo to its storage")])
}

fn row(case: &str, ours: f64, beside: Option<f64>, times: f64, how: &str) -> Row {
    match beside {
        Some(theirs) => Row::at_most(case, Some(theirs), ours, "ms", theirs * times, how),
        None => Row::beside(case, ours, "ms"),
    }
}

/// Debian's registry, empty.
fn registry(bench: &Bench, what: &str) -> Result<Option<Server>, String> {
    let Some(program) = bench.tool("docker-registry", what) else { return Ok(None) };
    let data = bench.place.join("docker-registry");
    fresh(&data)?;
    let port = free_port()?;
    let config = format!(
        "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: 127.0.0.1:{port}\n",
        data.display()
    );
    let path = bench.place.join("docker-registry.yml");
    fs::write(&path, config).map_err(|error| error.to_string())?;
    Server::start(quiet(program, &["serve", &path.to_string_lossy()], &bench.place), port).map(Some)
}

/// An image of layers that do not compress, loaded into the store under a name at this registry.
fn incompressible(bench: &Bench, name: &str, layers: &[usize]) -> Result<PathBuf, String> {
    let directory = bench.place.join(name);
    let mut archives = Vec::new();
    for (number, len) in layers.iter().enumerate() {
        let root = directory.join(format!("files{number}"));
        fs::create_dir_all(&root).map_err(|error| error.to_string())?;
        fs::write(root.join("data"), layout::noise(number as u64 + 1, *len)).map_err(|error| error.to_string())?;
        let path = directory.join(format!("layer{number}.tar"));
        archive(bench, &root, &path)?;
        fs::remove_dir_all(&root).map_err(|error| error.to_string())?;
        archives.push(path);
    }
    let oci = directory.join("oci");
    layout::write(&oci, "1", &archives, false)?;
    Ok(oci)
}

/// An image into an empty registry.
pub(super) fn push(bench: &Bench) -> Result<Vec<Row>, String> {
    const LOCAL: &str = "bench/push:1";
    let oci = incompressible(bench, "push", &[200 << 20, 60 << 20, 1 << 20])?.to_string_lossy().into_owned();
    time(&mut bench.trunkline(&["image", "load", "--quiet", "--input", &oci, "--tag", LOCAL]))?;
    let skopeo = bench.tool("skopeo", "pushing beside skopeo");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds {
        let Some(server) = registry(bench, "pushing")? else { return Ok(Vec::new()) };
        let name = format!("127.0.0.1:{}/bench/push:1", server.port);
        time(&mut bench.trunkline(&["image", "tag", LOCAL, &name]))?;
        ours.push(time(&mut bench.trunkline(&["image", "push", "--quiet", &name]))?);
        drop(server);
        let Some(skopeo) = &skopeo else { continue };
        let Some(server) = registry(bench, "pushing")? else { continue };
        let target = format!("docker://127.0.0.1:{}/bench/push:1", server.port);
        let words = ["copy", "--quiet", "--dest-tls-verify=false", &format!("oci:{oci}:1"), &target];
        theirs.push(time(&mut quiet(skopeo, &words, &bench.place))?);
    }
    let (ours, beside) = (median(&ours), (!theirs.is_empty()).then(|| median(&theirs)));
    Ok(vec![row("push an image of 261 MB", ours, beside, 1.0, "skopeo, the same registry")])
}

const MEMORY_LIMIT: f64 = 60.0;

/// The largest size of the process that pushes one layer of a gigabyte.
pub(super) fn memory(bench: &Bench) -> Result<Vec<Row>, String> {
    const LOCAL: &str = "bench/large:1";
    let Some(server) = registry(bench, "memory of a push")? else { return Ok(Vec::new()) };
    let oci = incompressible(bench, "large", &[1 << 30])?.to_string_lossy().into_owned();
    time(&mut bench.trunkline(&["image", "load", "--quiet", "--input", &oci, "--tag", LOCAL]))?;
    let name = format!("127.0.0.1:{}/bench/large:1", server.port);
    time(&mut bench.trunkline(&["image", "tag", LOCAL, &name]))?;
    let peak = peak_memory(&mut bench.trunkline(&["image", "push", "--quiet", &name]))?;
    Ok(vec![Row::at_most("push of a 1 GB layer, peak memory", None, peak, "MiB", MEMORY_LIMIT, "the process itself")])
}
