//! What is written when a build has ended: the id, `--iidfile`, `--metadata-file`.

use std::io::Write as _;
use std::path::Path;

use builder::Built;

use super::BuildArgs;
use crate::failure::Failure;

pub(super) fn write(args: &BuildArgs, built: &Built) -> Result<(), Failure> {
    if let Some(path) = &args.iidfile {
        whole(path, built.image_id.to_string().as_bytes())?;
    }
    if let Some(path) = &args.metadata_file {
        let text = serde_json::to_string_pretty(&built.metadata).map_err(Failure::broken)?;
        whole(path, text.as_bytes())?;
    }
    let to_stdout = args.output.iter().any(|output| output == "-" || output.contains("dest=-"));
    if args.quiet && !to_stdout {
        let _ = writeln!(std::io::stdout(), "{}", built.image_id);
    }
    Ok(())
}

fn whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::broken(format!("{}: {error}", path.display()));
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(parent).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    use std::os::unix::fs::PermissionsExt as _;
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644)).map_err(failed)?;
    file.persist(path).map(drop).map_err(|error| failed(error.error))
}
