use super::*;

fn run(line: &str) -> Result<Asked, String> {
    let words: Vec<String> = words::split(line).unwrap();
    let env = |name: &str| (name == "HOME_GROWN").then(|| "yes".to_owned());
    let file = |path: &str| match path {
        "vars" => Ok(b"# comment\nA=1\n\nHOME_GROWN\nUNSET\nB=x y\n".to_vec()),
        _ => Err(std::io::Error::from(std::io::ErrorKind::NotFound)),
    };
    Options::from_args(&words, &Surroundings { env: &env, file: &file }).map_err(|error| error.to_string())
}

fn job(text: &str) -> Result<Options, String> {
    Options::from_job(text, JobKey::Service, &Surroundings::none()).map_err(|error| error.to_string())
}

#[test]
fn a_whole_command_line() {
    let asked =
        run("-it --rm --name web -e C=3 -e HOME_GROWN -e UNSET --env-file vars -p 8080:80 -v /a:/b --network net1 \
         --network-alias w --memory 64m --cpus 1.5 --restart no alpine:3 sh -c 'x' -e D")
        .unwrap();
    assert_eq!(asked.image.as_deref(), Some("alpine:3"));
    assert_eq!(asked.command, ["sh", "-c", "'x'", "-e", "D"]);
    let options = asked.options;
    let some = |value: &str| Some(value.to_owned());
    let env: Vec<_> = options.env.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    assert_eq!(
        env,
        [
            ("A", some("1")),
            ("HOME_GROWN", some("yes")),
            ("B", some("x y")),
            ("C", some("3")),
            ("HOME_GROWN", some("yes")),
            ("UNSET", None)
        ]
    );
    assert_eq!((options.memory, options.cpus), (Some(64 << 20), Some(1.5)));
    assert_eq!(options.network, NetworkMode::Named("net1".into()));
}

#[test]
fn health_checks_of_a_service() {
    let options =
        job("--health-cmd \"redis-cli ping\" --health-interval 10s --health-timeout 5s --health-retries 5").unwrap();
    assert_eq!(options.health.command.as_deref(), Some("redis-cli ping"));
    assert_eq!(options.health.interval, Some(Duration::from_secs(10)));
    assert_eq!(options.health.retries, Some(5));
}

#[test]
fn wrong_options_are_named() {
    let lines = [
        "--memory 1m x",
        "--device /etc/passwd x",
        "--sysctl vm.swappiness=1 x",
        "--ip 10.0.0.1 x",
        "--gpus all x",
        "--ulimit nofile x",
        "--restart always --rm x",
        "--network container:a --network-alias b x",
        "--workdir rel x",
        "--memory-swap -1 x",
        "--memory 8m --memory-swap 16m x",
        "--health-cmd true --no-healthcheck x",
        "--env-file missing x",
        "-v /a:/b -v /c:/b/ x",
        "--security-opt seccomp=p.json x",
        "--name -x x",
        "--pull sometimes x",
        "--frobnicate x",
    ];
    let told: Vec<String> = lines.iter().map(|line| run(line).unwrap_err()).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    invalid argument "1m" for "-m, --memory" flag: minimum memory limit allowed is 6MB
    invalid argument "/etc/passwd" for "--device" flag: bad format for path: /etc/passwd
    invalid argument "vm.swappiness=1" for "--sysctl" flag: sysctl 'vm.swappiness' is not allowed: it would be the host's
    user specified IP address is supported on user defined networks only
    --gpus is not supported: GPUs need a runtime of their maker
    invalid argument "nofile" for "--ulimit" flag: invalid ulimit argument: nofile
    conflicting options: cannot specify both --restart and --rm
    conflicting options: aliases and links need a network that has names
    invalid argument "rel" for "-w, --workdir" flag: the working directory 'rel' is invalid, it needs to be an absolute path
    You should always set the Memory limit when using Memoryswap limit, see usage
    --memory-swap is not supported: a container with a memory limit gets no swap, so it must be the same as --memory
    --no-healthcheck conflicts with --health-* options
    open missing: entity not found
    Duplicate mount point: /b
    invalid argument "seccomp=p.json" for "--security-opt" flag: only seccomp=unconfined, apparmor=unconfined, label=disable and no-new-privileges are known
    invalid argument "-x" for "--name" flag: Invalid container name (-x), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed
    invalid argument "sometimes" for "--pull" flag: must be one of "always", "missing" or "never"
    unknown flag: --frobnicate
    "#);
}

#[test]
fn what_github_refuses_in_options() {
    let texts = ["--network host", "image", "--health-cmd 'a b'", "--volume \"x"];
    let told: Vec<String> = texts.iter().map(|text| job(text).unwrap_err()).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    --network is not supported: GitHub gives each job a network of its own
    "image" is no option: docker would take it for the image
    "b'" is no option: docker would take it for the image (single quotes do not quote in `options`; use double quotes)
    a double quote is not closed
    "#);
    assert!(Options::from_job("--entrypoint x", JobKey::Container, &Surroundings::none()).is_err());
    assert!(job("--entrypoint x").is_ok());
}

#[test]
fn every_flag_of_docker_is_known() {
    // One that takes a value must not be taken for a switch and the other way round: each alone is either read,
    // refused by name, or asks for its value.
    for (flag, honour) in FLAGS {
        let told = run(&format!("--{}", flag.long));
        match (flag.takes, honour) {
            (crate::flags::Takes::Value, _) => {
                assert_eq!(told.unwrap_err(), format!("flag needs an argument: --{}", flag.long));
            }
            (_, Honour::Yes) => assert!(told.is_ok(), "{}", flag.long),
            (_, Honour::No(_)) => assert!(told.unwrap_err().contains(flag.long)),
        }
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[-a-z0-9=:/,\" .]{0,60}") {
        let _ = job(&text);
        let _ = Options::from_args(&words::split(&text).unwrap_or_default(), &Surroundings::none());
    }

    #[test]
    fn values_of_any_kind(value in ".{0,40}") {
        for (flag, _) in FLAGS {
            let _ = Options::from_args(&[format!("--{}={value}", flag.long)], &Surroundings::none());
        }
    }
}
