//! `RUN --mount`.

use dockerfile::{Expander, InstructionKind, MountKind, NoVariables, Sharing};

use super::{only, told};

fn mount_with(option: &str, variables: &[(&str, &str)]) -> MountKind {
    let InstructionKind::Run(run) = only(&format!("RUN --mount={option} true")).kind else { panic!("not a RUN") };
    let variables: std::collections::BTreeMap<String, String> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    run.mounts[0].resolve(&mut Expander::new('\\', &variables)).unwrap_or_else(|why| panic!("{option}: {why:?}")).kind
}

fn mount(option: &str) -> MountKind {
    mount_with(option, &[])
}

fn text(text: &str) -> String {
    text.to_owned()
}

#[test]
fn every_type() {
    let bind = |from: Option<&str>, source: &str, target: &str, read_only| MountKind::Bind {
        from: from.map(text),
        source: text(source),
        target: text(target),
        read_only,
    };
    assert_eq!(mount("target=/x"), bind(None, "", "/x", true));
    assert_eq!(mount("type=bind,src=a,dst=/x,rw"), bind(None, "a", "/x", false));
    assert_eq!(
        mount("TYPE=Bind,from=stage,source=/a,destination=x,readonly=false"),
        bind(Some("stage"), "/a", "x", false)
    );
    assert_eq!(
        mount("type=cache,target=/c,id=x,sharing=Locked,mode=0700,uid=1,gid=2,ro"),
        MountKind::Cache {
            id: Some(text("x")),
            from: None,
            source: text(""),
            target: text("/c"),
            sharing: Sharing::Locked,
            read_only: true,
            mode: Some(0o700),
            uid: Some(1),
            gid: Some(2),
        }
    );
    assert_eq!(
        mount("type=tmpfs,target=/t,size=64m"),
        MountKind::Tmpfs { target: text("/t"), size: Some(64 << 20), read_only: false }
    );
    let secret = |id: &str, target: Option<&str>, env: Option<&str>, required, mode| MountKind::Secret {
        id: text(id),
        target: target.map(text),
        env: env.map(text),
        required,
        mode,
        uid: 0,
        gid: 0,
    };
    assert_eq!(mount("type=secret,id=token"), secret("token", Some("/run/secrets/token"), None, false, 0o400));
    assert_eq!(mount("required,type=secret,id=token"), secret("token", Some("/run/secrets/token"), None, true, 0o400));
    assert_eq!(mount("type=secret,target=/root/aws"), secret("aws", Some("/root/aws"), None, false, 0o400));
    assert_eq!(mount("type=secret,id=a,env=TOKEN"), secret("a", None, Some("TOKEN"), false, 0o400));
    assert_eq!(mount("type=secret,src=a,env=T,target=/a,mode=440"), secret("a", Some("/a"), Some("T"), false, 0o440));
    assert_eq!(
        mount("type=ssh,required=true,uid=5"),
        MountKind::Ssh { id: text("default"), target: None, required: true, mode: 0o600, uid: 5, gid: 0 }
    );
}

#[test]
fn values_take_variables_and_quotes() {
    let MountKind::Cache { target, id, .. } =
        mount_with("type=$KIND,target=/c/${DIR:-d},id=$DIR", &[("KIND", "cache"), ("DIR", "e")])
    else {
        panic!("not a cache")
    };
    assert_eq!((target.as_str(), id.as_deref()), ("/c/e", Some("e")));
    // In the file the outer quotes are the flag's, the escaped ones those of the field.
    let MountKind::Bind { target, .. } = mount(r#""type=bind,\"target=/a,b\"""#) else { panic!("not a bind") };
    assert_eq!(target, "/a,b");
}

#[test]
fn a_value_that_turns_out_wrong() {
    let InstructionKind::Run(run) = only("RUN --mount=type=$KIND,target=/x true").kind else { panic!("not a RUN") };
    let problems = run.mounts[0].resolve(&mut Expander::new('\\', &NoVariables)).expect_err("no type");
    assert_eq!(problems[0].message, "there is no mount type ``");
}

#[test]
fn broken_mounts() {
    insta::assert_snapshot!(told(
        "FROM a\nRUN --mount=type=chache,target=/x --mount=tpye=bind --mount=type=tmpfs,size=big,target=/t \\\n  --mount=type=cache,target=/,sharing=lock true\n"
    ), @r#"
    error[dockerfile/mount]: there is no mount type `chache`
     --> Dockerfile:2:18
      |
    2 | RUN --mount=type=chache,target=/x --mount=tpye=bind --mount=type=tmpfs,size=big,target=/t \
      |                  ^^^^^^
      |
      = help: did you mean `cache`?

    error[dockerfile/mount]: a mount has no option `tpye`
     --> Dockerfile:2:43
      |
    2 | RUN --mount=type=chache,target=/x --mount=tpye=bind --mount=type=tmpfs,size=big,target=/t \
      |                                           ^^^^
      |
      = help: did you mean `type`?

    error[dockerfile/mount]: `big` is no size
     --> Dockerfile:2:77
      |
    2 | RUN --mount=type=chache,target=/x --mount=tpye=bind --mount=type=tmpfs,size=big,target=/t \
      |                                                                             ^^^
      |
      = help: a size is `64m`, `1.5g` or a number of bytes

    error[dockerfile/mount]: a mount cannot take the place of `/`
     --> Dockerfile:3:11
      |
    3 |   --mount=type=cache,target=/,sharing=lock true
      |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

    error[dockerfile/mount]: there is no sharing `lock`
     --> Dockerfile:3:39
      |
    3 |   --mount=type=cache,target=/,sharing=lock true
      |                                       ^^^^
      |
      = help: it is one of `shared`, `private`, `locked`
    "#);
    insta::assert_snapshot!(told(
        "FROM a\nRUN --mount=type=secret true\nRUN --mount=type=bind,required,target=/x,uid=1 true\nRUN --mount=type=secret,id=a,source=b,mode=9 true\n"
    ), @r#"
    error[dockerfile/mount]: a secret mount needs an `id`
     --> Dockerfile:2:13
      |
    2 | RUN --mount=type=secret true
      |             ^^^^^^^^^^^
      |
      = help: as in `--mount=type=secret,id=token`

    error[dockerfile/mount]: `required` means nothing to a mount of type `bind`
     --> Dockerfile:3:23
      |
    3 | RUN --mount=type=bind,required,target=/x,uid=1 true
      |                       ^^^^^^^^
      |
      = help: it belongs to `secret`, `ssh`

    error[dockerfile/mount]: `uid` means nothing to a mount of type `bind`
     --> Dockerfile:3:42
      |
    3 | RUN --mount=type=bind,required,target=/x,uid=1 true
      |                                          ^^^
      |
      = help: it belongs to `secret`, `ssh`, `cache`

    error[dockerfile/mount]: a secret has `id` or `source`, not both
     --> Dockerfile:4:13
      |
    4 | RUN --mount=type=secret,id=a,source=b,mode=9 true
      |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

    error[dockerfile/mount]: `mode` is an octal mode, not `9`
     --> Dockerfile:4:44
      |
    4 | RUN --mount=type=secret,id=a,source=b,mode=9 true
      |                                            ^
    "#);
    insta::assert_snapshot!(told(
        "FROM a\nRUN --mount=type=bind,from=$STAGE,target=/x true\nRUN --mount=type=cache,target true\nRUN --mount=type=${KIND,unknown=1 true\nRUN --mount= true\n"
    ), @r#"
    error[dockerfile/from-variable]: `from` of a mount takes no variables
     --> Dockerfile:2:28
      |
    2 | RUN --mount=type=bind,from=$STAGE,target=/x true
      |                            ^^^^^^
      |
      = help: make it a stage: `ARG` before the first `FROM`, then `FROM $NAME AS source`

    error[dockerfile/mount]: `target` needs a value
     --> Dockerfile:3:24
      |
    3 | RUN --mount=type=cache,target true
      |                        ^^^^^^
      |
      = help: write `target=…`

    error[dockerfile/substitution]: `}` is missing
     --> Dockerfile:4:18
      |
    4 | RUN --mount=type=${KIND,unknown=1 true
      |                  ^^^^^^

    error[dockerfile/mount]: a mount has no option `unknown`
     --> Dockerfile:4:25
      |
    4 | RUN --mount=type=${KIND,unknown=1 true
      |                         ^^^^^^^
      |
      = help: options are `type`, `from`, `source`, `src`, `target`, `dst`, `destination`, `readonly`, `ro`, `readwrite`, `rw`, `id`, `sharing`, `required`, `size`, `mode`, `uid`, `gid` and `env`

    error[dockerfile/mount]: an option is empty
     --> Dockerfile:5:13
      |
    5 | RUN --mount= true
      |             ^
      |
      = help: options are `type`, `from`, `source`, `src`, `target`, `dst`, `destination`, `readonly`, `ro`, `readwrite`, `rw`, `id`, `sharing`, `required`, `size`, `mode`, `uid`, `gid` and `env`
    "#);
}
