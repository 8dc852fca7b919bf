//! What the configuration of an image says.

use crate::machine::World;

#[test]
fn instructions_make_the_configuration() {
    let world = World::new();
    world.write("f", "f");
    let mut build = world.request(
        "ARG BASE=scratch\nFROM $BASE AS one\nARG V=1\nARG TARGETARCH\nENV A=${V} B=\"two words\" C=${A:-none}\nLABEL l=$A m='x y'\n\
         EXPOSE 80 53/udp\nVOLUME /data [\"/d 2\"]\nWORKDIR /app\nWORKDIR sub\nUSER 1000:1000\nSTOPSIGNAL SIGUSR1\n\
         HEALTHCHECK --interval=5s --retries=2 CMD test -e /x\nSHELL [\"/bin/bash\", \"-c\"]\nENTRYPOINT run $A\nCMD [\"a\", \"b\"]\n\
         MAINTAINER me\nONBUILD RUN echo\nCOPY f /f\n"
            .replace("VOLUME /data [\"/d 2\"]", "VOLUME /data /d2")
            .as_str(),
    );
    build.labels.insert("l".to_owned(), "given".to_owned());
    build.args.insert("V".to_owned(), "9".to_owned());
    build.platforms = vec!["linux/amd64".parse().expect("platform")];
    let built = world.run(&build).unwrap_or_else(|error| panic!("{error}"));
    let mut image = world.open(&built);
    image.config.rootfs.diff_ids.clear();
    let text = serde_json::to_string_pretty(&image.config).expect("json");
    insta::assert_snapshot!(text, @"");
}

#[test]
fn only_stages_that_are_needed_are_built() {
    let world = World::new();
    world.write("f", "f");
    let dockerfile = "FROM scratch AS a\nCOPY missing /\nFROM scratch AS b\nCOPY f /b\nFROM scratch AS c\nCOPY --from=b /b /c\nFROM a AS d\n";
    let mut build = world.request(dockerfile);
    build.target = Some("c".to_owned());
    world.run(&build).unwrap_or_else(|error| panic!("{error}"));
    assert!(world.fail(dockerfile).contains("/missing: not found"));
}

#[test]
fn platforms_make_an_index() {
    let world = World::new();
    let mut build = world.request("FROM scratch\nARG TARGETPLATFORM\nCOPY <<EOF /platform\n$TARGETPLATFORM\nEOF\n");
    build.platforms = ["linux/amd64", "linux/arm64"].iter().map(|text| text.parse().expect("platform")).collect();
    let built = world.run(&build).unwrap_or_else(|error| panic!("{error}"));
    let store = &world.ground.store;
    for platform in &build.platforms {
        let image = store.image(&built.descriptor, platform).expect("image");
        assert_eq!(image.platform(), *platform);
        assert_eq!(world.files(&image)["platform"], format!("644 0:0 {platform}"));
    }
    assert!(image::media_type::is_index(&built.descriptor.media_type));
}
