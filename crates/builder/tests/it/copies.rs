//! `COPY` and `ADD`: which files, where, with which attributes.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use crate::machine::{World, has_base};

fn tree(world: &World) {
    for (path, text) in
        [("a.txt", "a"), ("b.txt", "b"), ("dir/c.txt", "c"), ("dir/sub/d.md", "d"), ("other/e.txt", "e")]
    {
        world.write(path, text);
    }
    symlink("a.txt", world.context().join("link")).expect("link");
    symlink("dir", world.context().join("dirlink")).expect("link");
    for path in ["a.txt", "b.txt", "dir/c.txt", "dir/sub/d.md", "other/e.txt"] {
        fs::set_permissions(world.context().join(path), fs::Permissions::from_mode(0o644)).expect("mode");
    }
    for path in ["dir", "dir/sub", "other"] {
        fs::set_permissions(world.context().join(path), fs::Permissions::from_mode(0o755)).expect("mode");
    }
}

#[test]
fn files_and_directories_end_up_as_in_buildkit() {
    let world = World::new();
    tree(&world);
    for (instruction, expected) in [
        ("COPY a.txt /x", "x 644 0:0 a\n"),
        ("COPY a.txt /x/", "x 755 0:0 d\nx/a.txt 644 0:0 a\n"),
        ("COPY a.txt b.txt /x/", "x 755 0:0 d\nx/a.txt 644 0:0 a\nx/b.txt 644 0:0 b\n"),
        ("COPY dir /x", "x 755 0:0 d\nx/c.txt 644 0:0 c\nx/sub 755 0:0 d\nx/sub/d.md 644 0:0 d\n"),
        (
            "COPY dir/ /x/y/",
            "x 755 0:0 d\nx/y 755 0:0 d\nx/y/c.txt 644 0:0 c\nx/y/sub 755 0:0 d\nx/y/sub/d.md 644 0:0 d\n",
        ),
        ("COPY *.txt /x/", "x 755 0:0 d\nx/a.txt 644 0:0 a\nx/b.txt 644 0:0 b\n"),
        ("COPY d?r/*.txt /x/", "x 755 0:0 d\nx/c.txt 644 0:0 c\n"),
        ("COPY link /x", "x 644 0:0 a\n"),
        ("COPY dirlink /x", "x 755 0:0 d\nx/c.txt 644 0:0 c\nx/sub 755 0:0 d\nx/sub/d.md 644 0:0 d\n"),
        ("COPY --exclude=*.txt dir /x", "x 755 0:0 d\nx/sub 755 0:0 d\nx/sub/d.md 644 0:0 d\n"),
        (
            "COPY --parents dir/sub/d.md /x/",
            "x 755 0:0 d\nx/dir 755 0:0 d\nx/dir/sub 755 0:0 d\nx/dir/sub/d.md 644 0:0 d\n",
        ),
        ("COPY --parents ./dir/./sub/d.md /x/", "x 755 0:0 d\nx/sub 755 0:0 d\nx/sub/d.md 644 0:0 d\n"),
        ("COPY --parents **/*.md /x/", "x 755 0:0 d\nx/dir 755 0:0 d\nx/dir/sub 755 0:0 d\nx/dir/sub/d.md 644 0:0 d\n"),
        ("COPY --chmod=600 a.txt /x", "x 600 0:0 a\n"),
        ("COPY --chmod=u=rwX,go=rX a.txt /x", "x 644 0:0 a\n"),
        ("COPY --chown=7:8 a.txt /x/", "x 755 7:8 d\nx/a.txt 644 7:8 a\n"),
        ("COPY --link a.txt /x", "x 644 0:0 a\n"),
        ("WORKDIR /w\nCOPY a.txt .", "w 755 0:0 d\nw/a.txt 644 0:0 a\n"),
        ("WORKDIR /w\nCOPY a.txt y", "w 755 0:0 d\nw/y 644 0:0 a\n"),
        ("ENV D=/x\nCOPY a.txt $D/y", "x 755 0:0 d\nx/y 644 0:0 a\n"),
        ("COPY <<EOF /x\nhello\nEOF", "x 644 0:0 hello\n"),
        (
            "ENV V=1\nCOPY <<EOF <<\"RAW\" /x/\nv=$V\nEOF\nv=$V\nRAW",
            "x 755 0:0 d\nx/EOF 644 0:0 v=1\nx/RAW 644 0:0 v=$V\n",
        ),
    ] {
        let image = world.build(&format!("FROM scratch\n{instruction}\n"));
        assert_eq!(world.own_files(&image), expected, "{instruction}");
    }
}

#[test]
fn the_whole_context_keeps_links() {
    let world = World::new();
    tree(&world);
    world.write(".dockerignore", "Dockerfile\n.dockerignore\nother\n*.txt\n!b.txt\n");
    let image = world.build("FROM scratch\nCOPY . /\n");
    insta::assert_snapshot!(world.own_files(&image), @r"
    b.txt 644 0:0 b
    dir 755 0:0 d
    dir/c.txt 644 0:0 c
    dir/sub 755 0:0 d
    dir/sub/d.md 644 0:0 d
    dirlink 777 0:0 -> dir
    link 777 0:0 -> a.txt
    ");
}

#[test]
fn what_is_ignored_is_said_to_be() {
    let world = World::new();
    tree(&world);
    world.write(".dockerignore", "a.txt\n");
    let error = world.fail("FROM scratch\nCOPY a.txt /\n");
    assert!(error.contains("/a.txt: not found (it is there, but .dockerignore leaves it out)"), "{error}");
    let error = world.fail("FROM scratch\nCOPY nothing /\n");
    assert!(error.contains("/nothing: not found") && error.contains("Dockerfile:2"), "{error}");
    // The one beside the Dockerfile comes first.
    world.write("Dockerfile.dockerignore", "b.txt\n");
    world.build("FROM scratch\nCOPY a.txt /\n");
}

#[test]
fn names_of_owners_are_the_image_s() {
    if !has_base("names_of_owners_are_the_image_s") {
        return;
    }
    let world = World::new();
    tree(&world);
    let image = world.build(
        "FROM busybox\nCOPY --chown=app:extra a.txt /x\nCOPY --chown=app a.txt /y\nCOPY --chown=1000 a.txt /z\n",
    );
    assert_eq!(world.own_files(&image), "x 644 1000:1002 a\ny 644 1000:1001 a\nz 644 1000:1000 a\n");
    let error = world.fail("FROM busybox\nCOPY --chown=nobody a.txt /x\n");
    assert!(error.contains("there is no user nobody in /etc/passwd of the image"), "{error}");
}

#[test]
fn links_on_the_way_are_followed_inside_the_image() {
    let world = World::new();
    world.write("f", "f");
    symlink("/real/deep", world.context().join("to")).expect("link");
    symlink("../../../../../../etc", world.context().join("out")).expect("link");
    world.write("real/deep/keep", "k");
    let image = world.build(
        "FROM scratch AS base\nCOPY . /\nRUN [\"x\"]\nFROM scratch\nCOPY --from=0 /f /f\n"
            .replace("RUN [\"x\"]\n", "")
            .as_str(),
    );
    assert_eq!(world.own_files(&image), "f 644 0:0 f\n");
    let image = world.build("FROM scratch\nCOPY . /\nCOPY f /to/g\nCOPY f /out/passwd\n");
    let files = world.own_files(&image);
    assert!(files.contains("real/deep/g 644 0:0 f\n") && files.contains("\netc/passwd 644 0:0 f\n"), "{files}");
}

#[test]
fn archives_are_unpacked_by_add() {
    let world = World::new();
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(2);
    header.set_mode(0o640);
    header.set_uid(5);
    header.set_gid(6);
    archive.append_data(&mut header, "in/file", &b"hi"[..]).expect("member");
    let bytes = archive.into_inner().expect("archive");
    fs::write(world.context().join("a.tar"), &bytes).expect("archive");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &bytes).expect("gzip");
    fs::write(world.context().join("a.tgz"), gzip.finish().expect("gzip")).expect("archive");
    fs::write(world.context().join("a.tar.zst"), zstd::encode_all(&bytes[..], 1).expect("zstd")).expect("archive");
    let mut bzip = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    std::io::Write::write_all(&mut bzip, &bytes).expect("bzip2");
    fs::write(world.context().join("a.tar.bz2"), bzip.finish().expect("bzip2")).expect("archive");
    for name in ["a.tar", "a.tgz", "a.tar.zst", "a.tar.bz2"] {
        let image = world.build(&format!("FROM scratch\nADD {name} /x\n"));
        assert_eq!(world.own_files(&image), "x 755 0:0 d\nx/in 755 0:0 d\nx/in/file 640 5:6 hi\n", "{name}");
    }
    let image = world.build("FROM scratch\nADD --chown=1:2 a.tar /\n");
    assert_eq!(world.own_files(&image), "in 755 1:2 d\nin/file 640 1:2 hi\n");
    let image = world.build("FROM scratch\nCOPY a.tar /\n");
    assert!(world.own_files(&image).starts_with("a.tar 644 "));
    let image = world.build("FROM scratch\nADD --unpack=false a.tar /\n");
    assert!(world.own_files(&image).starts_with("a.tar 644 "));
}

/// A tar archive: a name and a content, or with `= ` or `-> ` before it the target of a hard link or a link; a name with a
/// slash at its end is a directory.
fn archive(members: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in members {
        let mut header = tar::Header::new_gnu();
        header.set_mode(if name.ends_with('/') { 0o755 } else { 0o644 });
        header.set_size(0);
        let link = [("= ", tar::EntryType::Link), ("-> ", tar::EntryType::Symlink)]
            .into_iter()
            .find_map(|(mark, kind)| Some((content.strip_prefix(mark)?, kind)));
        match link {
            Some((target, kind)) => {
                header.set_entry_type(kind);
                archive.append_link(&mut header, name, target).expect("member");
            }
            None if name.ends_with('/') => {
                header.set_entry_type(tar::EntryType::Directory);
                archive.append_data(&mut header, name, &b""[..]).expect("member");
            }
            None => {
                header.set_size(content.len() as u64);
                archive.append_data(&mut header, name, content.as_bytes()).expect("member");
            }
        }
    }
    archive.into_inner().expect("archive")
}

/// Whatever an archive has in which order, its layer can be unpacked, or there is no layer.
#[test]
fn archives_with_links_and_replaced_members() {
    if !has_base("copies::archives_with_links_and_replaced_members") {
        return;
    }
    let world = World::new();
    type Members = &'static [(&'static str, &'static str)];
    let table: [(Members, &str); 10] = [
        // `/lib` is a link in the image, as where everything lies below `/usr`.
        (&[("lib/x", "x"), ("lib/y", "= lib/x")], "lib -> usr/lib|usr d|usr/lib d|usr/lib/x x|usr/lib/y = usr/lib/x"),
        (&[("z/x", "x"), ("a", "= z/x"), ("0", "= a")], "0 = z/x|a = z/x|z d|z/x x"),
        (&[("d/", ""), ("s", "-> d"), ("s/x", "x"), ("s/y", "= s/x")], "d d|d/x x|d/y = d/x|s -> d"),
        // An archive that something was appended to: the names of what was there before keep it.
        (&[("x", "one"), ("z", "= x"), ("y", "= x"), ("x", "two")], "x two|y one|z = y"),
        (&[("x", "one"), ("y", "= x"), ("y", "two")], "x one|y two"),
        (&[("x", "one"), ("y", "= x"), ("x", "two"), ("y", "= x")], "x two|y = x"),
        (&[("d/x", "x"), ("d/e/y", "y"), ("d", "file")], "d file"),
        (&[("d/x", "x"), ("y", "= d/x"), ("d", "-> usr")], "d -> usr|y x"),
        (&[("x", "file"), ("x/", "")], "x d"),
        (&[("x", "= x")], "!x is a hard link to x, which is no file that comes before it in the archive"),
    ];
    for (members, expected) in table {
        fs::write(world.context().join("a.tar"), archive(members)).expect("archive");
        let dockerfile = "FROM busybox\nCOPY --from=links / /\nADD a.tar /\n";
        fs::create_dir_all(world.context().join("links/usr/lib")).expect("directory");
        let _ = symlink("usr/lib", world.context().join("links/lib"));
        let mut build = world.request(dockerfile);
        build.contexts.insert("links".to_owned(), builder::Context::Directory(world.context().join("links")));
        let outcome = world.run(&build).map(|built| {
            let image = world.open(&built);
            world.ground.store.unpack(&image).unwrap_or_else(|error| panic!("{members:?}: {error}"));
            let own = world.own_files(&image);
            let shown = own.lines().map(|line| {
                let words: Vec<&str> = line.splitn(4, ' ').collect();
                format!("{} {}", words[0], words[3])
            });
            let with_lib = expected.contains("lib");
            shown
                .filter(|line| with_lib || !(line.starts_with("lib ") || line.starts_with("usr")))
                .collect::<Vec<_>>()
                .join("|")
        });
        match (outcome, expected.strip_prefix('!')) {
            (Ok(files), None) => assert_eq!(files, *expected, "{members:?}"),
            (Err(error), Some(why)) => {
                let error = error.to_string();
                assert!(error.contains(why) && error.contains("Dockerfile:3:1"), "{error}");
            }
            (outcome, _) => panic!("{members:?}: {outcome:?}"),
        }
    }
    for members in [[("x", "= nothing")].as_slice(), &[("d/", ""), ("x", "= d")], &[("x", "= bin/busybox")]] {
        fs::write(world.context().join("a.tar"), archive(members)).expect("archive");
        let error = world.fail("FROM busybox\nADD a.tar /\n");
        assert!(error.contains("which is no file that comes before it") && error.contains("Dockerfile:2:1"), "{error}");
    }
}

#[test]
fn names_of_a_file_outlive_what_another_source_replaces() {
    let world = World::new();
    fs::write(world.context().join("a.tar"), archive(&[("x", "one"), ("y", "= x"), ("z", "= x")])).expect("archive");
    fs::write(world.context().join("b.tar"), archive(&[("x", "two"), ("y/", "")])).expect("archive");
    fs::write(world.context().join("x"), "three").expect("file");
    fs::create_dir_all(world.context().join("linked")).expect("directory");
    fs::write(world.context().join("linked/x"), "four").expect("file");
    fs::hard_link(world.context().join("linked/x"), world.context().join("linked/y")).expect("link");
    for (sources, expected) in [
        ("a.tar b.tar", "x 644 0:0 two|y 755 0:0 d|z 644 0:0 one"),
        ("a.tar x", "x 644 0:0 three|y 644 0:0 one|z 644 0:0 = y"),
        ("linked x", "x 644 0:0 three|y 644 0:0 four"),
    ] {
        let image = world.build(&format!("FROM scratch\nADD {sources} /\n"));
        world.ground.store.unpack(&image).unwrap_or_else(|error| panic!("{sources}: {error}"));
        assert_eq!(world.own_files(&image).trim_end().replace('\n', "|"), expected, "{sources}");
    }
}

#[test]
fn directories_that_are_there_keep_what_they_have() {
    let world = World::new();
    tree(&world);
    let image = world.build(
        "FROM scratch\nCOPY --chmod=700 --chown=3:3 dir /x\nCOPY a.txt /x/a.txt\nCOPY other /x\nCOPY dir /y/x/\n",
    );
    insta::assert_snapshot!(world.own_files(&image), @r"
    x 700 3:3 d
    x/a.txt 644 0:0 a
    x/c.txt 700 3:3 c
    x/e.txt 644 0:0 e
    x/sub 700 3:3 d
    x/sub/d.md 700 3:3 d
    y 755 0:0 d
    y/x 755 0:0 d
    y/x/c.txt 644 0:0 c
    y/x/sub 755 0:0 d
    y/x/sub/d.md 644 0:0 d
    ");
    let error = world.fail("FROM scratch\nCOPY dir /x\nCOPY a.txt /x/sub/\nCOPY other/e.txt /x/c.txt/y\n");
    assert!(error.contains("/x/c.txt: something else than a directory is there"), "{error}");
}

#[test]
fn files_of_stages_keep_owners_and_links() {
    let world = World::new();
    tree(&world);
    let image = world.build(
        "FROM scratch AS one\nCOPY --chown=4:5 dir /d\nCOPY link /l\nFROM scratch\nCOPY --from=one /d /out\nCOPY --from=one --chmod=400 /l /l\n",
    );
    insta::assert_snapshot!(world.own_files(&image), @r"
    l 400 0:0 a
    out 755 4:5 d
    out/c.txt 644 4:5 c
    out/sub 755 4:5 d
    out/sub/d.md 644 4:5 d
    ");
}
