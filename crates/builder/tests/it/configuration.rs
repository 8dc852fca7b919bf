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
    let image = world.open(&built);
    let text = serde_json::to_string(&image.config.config).expect("json");
    let expected = [
        r#"{"User":"1000:1000","ExposedPorts":{"53/udp":{},"80/tcp":{}},"#,
        r#""Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","A=9","B=two words","C=none"],"#,
        r#""Entrypoint":["/bin/bash","-c","run $A"],"Cmd":["a","b"],"#,
        r#""Healthcheck":{"Test":["CMD-SHELL","test -e /x"],"Interval":5000000000,"Retries":2},"ArgsEscaped":true,"#,
        r#""Volumes":{"/d2":{},"/data":{}},"WorkingDir":"/app/sub","OnBuild":["RUN echo"],"#,
        r#""Labels":{"l":"given","m":"x y"},"StopSignal":"SIGUSR1","Shell":["/bin/bash","-c"]}"#,
    ];
    assert_eq!(text, expected.concat());
    let history: Vec<String> =
        image.config.history.iter().map(|entry| entry.created_by.clone().unwrap_or_default()).collect();
    insta::assert_snapshot!(history.join("\n"), @r#"
    ARG V=9
    ARG TARGETARCH=amd64
    ENV A=9 B=two words C=none
    LABEL l=9 m=x y
    EXPOSE map[80/tcp:{} 53/udp:{}]
    VOLUME [/data /d2]
    WORKDIR /app
    WORKDIR /app/sub
    USER 1000:1000
    STOPSIGNAL SIGUSR1
    HEALTHCHECK {Test:[CMD-SHELL test -e /x]}
    SHELL [/bin/bash -c]
    ENTRYPOINT ["/bin/bash" "-c" "run $A"]
    CMD ["a" "b"]
    MAINTAINER me
    COPY f /f # buildkit
    "#);
    assert_eq!(image.config.author.as_deref(), Some("me"));
    assert_eq!(image.layers.len(), 3);
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
