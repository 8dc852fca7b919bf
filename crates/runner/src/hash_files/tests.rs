use std::os::unix::fs::symlink;

use sha2::{Digest as _, Sha256};

use super::*;

fn plainly(path: &Path) -> std::io::Result<std::fs::File> {
    std::fs::File::open(path)
}

/// A workspace in a directory of its own, with these files; each holds its own name.
fn workspace(files: &[&str]) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let workspace = directory.path().canonicalize().unwrap().join("work[1]");
    std::fs::create_dir(&workspace).unwrap();
    for file in files {
        let path = workspace.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, file).unwrap();
    }
    (directory, workspace)
}

fn found(workspace: &Path, arguments: &[&str]) -> Result<String, HashError> {
    let home = workspace.join("home");
    let hashed = hash_files(workspace, Some(&home), arguments, &plainly)?;
    let names: Vec<&str> =
        hashed.files.iter().map(|file| file.strip_prefix(workspace).unwrap().to_str().unwrap()).collect();
    Ok(names.join(" "))
}

#[test]
fn which_files_in_which_order() {
    let (_directory, workspace) = workspace(&[
        "Cargo.lock",
        "a/Cargo.lock",
        "a/b/Cargo.lock",
        "a/b/x.txt",
        "a-b/y.txt",
        ".hidden/z.txt",
        "B.txt",
        "home/h.txt",
    ]);
    let table: &[(&[&str], &str)] = &[
        (&["Cargo.lock"], "Cargo.lock"),
        (&["./Cargo.lock"], "Cargo.lock"),
        (&["**/Cargo.lock"], "Cargo.lock a/Cargo.lock a/b/Cargo.lock"),
        (&["**/*.txt"], ".hidden/z.txt B.txt a/b/x.txt a-b/y.txt home/h.txt"),
        (&["*"], ".hidden/z.txt B.txt Cargo.lock a/Cargo.lock a/b/Cargo.lock a/b/x.txt a-b/y.txt home/h.txt"),
        (&["*.txt"], "B.txt"),
        (&["a"], "a/Cargo.lock a/b/Cargo.lock a/b/x.txt"),
        (&["a/"], "a/Cargo.lock a/b/Cargo.lock a/b/x.txt"),
        (&["a/**"], "a/Cargo.lock a/b/Cargo.lock a/b/x.txt"),
        (&["B.txt/"], ""),
        (&["a\n!a/b"], "a/Cargo.lock"),
        (&["a", "!a/b/*.txt"], "a/Cargo.lock a/b/Cargo.lock"),
        (&["!a/b", "a"], "a/Cargo.lock a/b/Cargo.lock a/b/x.txt"),
        (&["!!B.txt"], "B.txt"),
        (&["home/h.txt", "B.txt"], "home/h.txt B.txt"),
        (&["~/h.txt"], "home/h.txt"),
        (&["[AB].txt"], "B.txt"),
        (&["?.txt"], "B.txt"),
        (&["# B.txt\n\n  Cargo.lock  "], "Cargo.lock"),
        (&["b.txt"], ""),
        (&["/etc/hostname"], ""),
        (&["nothing/**"], ""),
        (&[""], ""),
        (&[], ""),
    ];
    for (arguments, expected) in table {
        assert_eq!(found(&workspace, arguments).unwrap(), *expected, "{arguments:?}");
    }
}

#[test]
fn the_digest_is_over_the_digests() {
    let (_directory, workspace) = workspace(&["a", "b"]);
    let expected = Sha256::digest([Sha256::digest("a"), Sha256::digest("b")].concat());
    assert_eq!(hash_files(&workspace, None, &["*"], &plainly).unwrap().digest, hex::encode(expected));
    assert_eq!(hash_files(&workspace, None, &["c"], &plainly).unwrap().digest, "");
}

#[test]
fn many_files_in_threads_give_the_same() {
    let names: Vec<String> = (0..200).map(|index| format!("d/{index:03}")).collect();
    let (_directory, workspace) = workspace(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let sums: Vec<u8> = names.iter().flat_map(Sha256::digest).collect();
    assert_eq!(hash_files(&workspace, None, &["d"], &plainly).unwrap().digest, hex::encode(Sha256::digest(sums)));
}

#[test]
fn links() {
    let (directory, workspace) = workspace(&["d/f", "e"]);
    std::fs::write(directory.path().join("outside"), "").unwrap();
    symlink("d", workspace.join("link")).unwrap();
    symlink("..", workspace.join("d/circle")).unwrap();
    symlink("../e", workspace.join("d/file")).unwrap();
    assert_eq!(found(&workspace, &["**"]).unwrap(), "d/f d/file e");
    assert_eq!(found(&workspace, &["--follow-symbolic-links", "**"]).unwrap(), "d/f d/file e link/f link/file");
    assert_eq!(found(&workspace, &["--Follow-Symbolic-Links", "link/f"]).unwrap(), "link/f");
    symlink("nowhere", workspace.join("broken")).unwrap();
    assert!(matches!(found(&workspace, &["*"]), Err(HashError::Io { .. })));
    assert_eq!(found(&workspace, &["--follow-symbolic-links", "broken", "e"]).unwrap(), "e");
}

#[test]
fn errors() {
    let (_directory, workspace) = workspace(&["a"]);
    let table: &[(&[&str], &str)] = &[
        (&["--nope", "a"], "Invalid glob option '--nope', available option: '--follow-symbolic-links'"),
        (&["../a"], "Invalid pattern '../a': relative pathing '.' and '..' is not allowed"),
        (&["a/./b"], "Invalid pattern 'a/./b': relative pathing '.' and '..' is not allowed"),
        (&["!"], "Invalid pattern '!': it is empty"),
    ];
    for (arguments, expected) in table {
        assert_eq!(found(&workspace, arguments).unwrap_err().to_string(), *expected);
    }
    let many = "a/".repeat(200);
    assert!(found(&workspace, &[&many]).unwrap_err().to_string().ends_with("it has too many parts"));
    let late = hash_files_within(&workspace, None, &["a"], &plainly, Duration::ZERO).unwrap_err();
    assert_eq!(late.to_string(), "hashing did not finish within 0 seconds");
}

proptest::proptest! {
    #[test]
    fn any_pattern(pattern in "[a-c*?!\\[\\]/\\\\.~{}-]{0,12}") {
        let (_directory, workspace) = workspace(&["a/b", "c"]);
        let _ = found(&workspace, &[&pattern]);
    }
}
