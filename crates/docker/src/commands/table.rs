//! The table of commands.

use container::flags::{Flag, Order};
use container::options::flag_table;

use super::inspect::Kind;
use super::{
    Command, archives, build, buildx, containers, copy, exec, images, info, inspect, logs, networks, prune, ps,
    registry, run, volumes,
};

const MANY: usize = usize::MAX;

const FORMAT: Flag = Flag::value("format");
const FILTER: Flag = Flag::value("filter").short('f');
const QUIET: Flag = Flag::switch("quiet").short('q');
const FORCE: Flag = Flag::switch("force").short('f');
const NO_TRUNC: Flag = Flag::switch("no-trunc");
const SIGNAL: Flag = Flag::value("signal").short('s');
const TIME: Flag = Flag::value("time").short('t');
const TIMEOUT: Flag = Flag::value("timeout");
const LABEL: Flag = Flag::value("label");
const ALL: Flag = Flag::switch("all").short('a');

/// Flags of the commands that only list or inspect.
const INSPECT: &[Flag] = &[
    FORMAT.short('f'),
    Flag::switch("size").short('s'),
    Flag::value("type"),
    Flag::switch("verbose").short('v'),
    Flag::value("platform"),
];
const STOP: &[Flag] = &[SIGNAL, TIME, TIMEOUT];
const PRUNE: &[Flag] = &[ALL, Flag::value("filter"), FORCE, Flag::switch("volumes")];
const BUILDER: &[Flag] = &[
    Flag::value("builder"),
    Flag::switch("bootstrap"),
    Flag::switch("default"),
    Flag::switch("global"),
    FORCE,
    Flag::switch("all-inactive"),
    Flag::switch("keep-state"),
    Flag::switch("keep-daemon"),
    FORMAT,
    ALL,
    FILTER,
    Flag::switch("verbose"),
    Flag::value("max-used-space"),
    Flag::value("reserved-space"),
    Flag::value("min-free-space"),
];

const BUILD: &[Flag] = &[
    Flag::value("add-host"),
    Flag::value("allow"),
    Flag::value("annotation"),
    Flag::value("attest"),
    Flag::value("build-arg"),
    Flag::value("build-context"),
    Flag::value("builder"),
    Flag::value("cache-from"),
    Flag::value("cache-to"),
    Flag::value("call"),
    Flag::value("cgroup-parent"),
    Flag::switch("check"),
    Flag::switch("compress"),
    Flag::value("cpu-period"),
    Flag::value("cpu-quota"),
    Flag::value("cpu-shares").short('c'),
    Flag::value("cpuset-cpus"),
    Flag::value("cpuset-mems"),
    Flag::switch("debug").short('D'),
    Flag::value("file").short('f'),
    Flag::switch("force-rm"),
    Flag::value("iidfile"),
    Flag::value("isolation"),
    LABEL,
    Flag::switch("load"),
    Flag::value("memory").short('m'),
    Flag::value("memory-swap"),
    Flag::value("metadata-file"),
    Flag::value("network"),
    Flag::switch("no-cache"),
    Flag::value("no-cache-filter"),
    Flag::value("output").short('o'),
    Flag::value("platform"),
    Flag::value("policy"),
    Flag::value("progress"),
    Flag::value("provenance"),
    Flag::switch("pull"),
    Flag::switch("push"),
    QUIET,
    Flag::switch("rm"),
    Flag::value("sbom"),
    Flag::value("secret"),
    Flag::value("security-opt"),
    Flag::value("shm-size"),
    Flag::switch("squash"),
    Flag::value("ssh"),
    Flag::value("tag").short('t'),
    Flag::value("target"),
    Flag::value("ulimit"),
];

const NETWORK_CREATE: &[Flag] = &[
    Flag::switch("attachable"),
    Flag::value("aux-address"),
    Flag::value("config-from"),
    Flag::switch("config-only"),
    Flag::value("driver").short('d'),
    Flag::value("gateway"),
    Flag::switch("ingress"),
    Flag::switch("internal"),
    Flag::value("ip-range"),
    Flag::value("ipam-driver"),
    Flag::value("ipam-opt"),
    Flag::switch("ipv6"),
    LABEL,
    Flag::value("opt").short('o'),
    Flag::value("scope"),
    Flag::value("subnet"),
];

const EXEC: &[Flag] = &[
    Flag::switch("detach").short('d'),
    Flag::value("detach-keys"),
    Flag::value("env").short('e'),
    Flag::value("env-file"),
    Flag::switch("interactive").short('i'),
    Flag::switch("privileged"),
    Flag::switch("tty").short('t'),
    Flag::value("user").short('u'),
    Flag::value("workdir").short('w'),
];

const PS: &[Flag] = &[
    ALL,
    FILTER,
    FORMAT,
    Flag::value("last").short('n'),
    Flag::switch("latest").short('l'),
    NO_TRUNC,
    QUIET,
    Flag::switch("size").short('s'),
];

macro_rules! command {
    ($names:expr, $usage:expr, $flags:expr, $order:ident, $arguments:expr, $signals:expr, $work:expr) => {
        Command {
            names: &$names,
            usage: $usage,
            flags: $flags,
            order: Order::$order,
            arguments: $arguments,
            takes_signals: $signals,
            work: |session, parsed| Box::pin($work(session, parsed)),
        }
    };
}

/// Everything there is.
pub(super) static COMMANDS: &[Command] = &[
    command!(
        ["run", "container run"],
        "[OPTIONS] IMAGE [COMMAND] [ARG...]",
        &[],
        FlagsFirst,
        (1, MANY),
        true,
        run::run
    ),
    command!(
        ["create", "container create"],
        "[OPTIONS] IMAGE [COMMAND] [ARG...]",
        &[],
        FlagsFirst,
        (1, MANY),
        false,
        run::create
    ),
    command!(
        ["start", "container start"],
        "[OPTIONS] CONTAINER [CONTAINER...]",
        &[Flag::switch("attach").short('a'), Flag::switch("interactive").short('i')],
        Mixed,
        (1, MANY),
        true,
        run::start
    ),
    command!(
        ["attach", "container attach"],
        "[OPTIONS] CONTAINER",
        &[Flag::switch("no-stdin"), Flag::switch("sig-proxy")],
        Mixed,
        (1, 1),
        true,
        run::attach
    ),
    command!(
        ["exec", "container exec"],
        "[OPTIONS] CONTAINER COMMAND [ARG...]",
        EXEC,
        FlagsFirst,
        (2, MANY),
        true,
        exec::exec
    ),
    command!(["ps", "container ls", "container list", "container ps"], "[OPTIONS]", PS, Mixed, (0, 0), false, ps::ps),
    command!(
        ["logs", "container logs"],
        "[OPTIONS] CONTAINER",
        &[
            Flag::switch("details"),
            Flag::switch("follow").short('f'),
            Flag::value("since"),
            Flag::value("tail").short('n'),
            Flag::switch("timestamps").short('t'),
            Flag::value("until")
        ],
        Mixed,
        (1, 1),
        false,
        logs::logs
    ),
    command!(
        ["stop", "container stop"],
        "[OPTIONS] CONTAINER [CONTAINER...]",
        STOP,
        Mixed,
        (1, MANY),
        false,
        containers::stop
    ),
    command!(
        ["restart", "container restart"],
        "[OPTIONS] CONTAINER [CONTAINER...]",
        STOP,
        Mixed,
        (1, MANY),
        false,
        containers::restart
    ),
    command!(
        ["kill", "container kill"],
        "[OPTIONS] CONTAINER [CONTAINER...]",
        &[SIGNAL],
        Mixed,
        (1, MANY),
        false,
        containers::kill
    ),
    command!(
        ["rm", "container rm", "container remove"],
        "[OPTIONS] CONTAINER [CONTAINER...]",
        &[FORCE, Flag::switch("link").short('l'), Flag::switch("volumes").short('v')],
        Mixed,
        (1, MANY),
        false,
        containers::rm
    ),
    command!(["rename", "container rename"], "CONTAINER NEW_NAME", &[], Mixed, (2, 2), false, containers::rename),
    command!(["wait", "container wait"], "CONTAINER [CONTAINER...]", &[], Mixed, (1, MANY), false, containers::wait),
    command!(
        ["port", "container port"],
        "CONTAINER [PRIVATE_PORT[/PROTO]]",
        &[],
        Mixed,
        (1, 2),
        false,
        containers::port
    ),
    command!(["top", "container top"], "CONTAINER", &[], Mixed, (1, MANY), false, containers::top),
    command!(
        ["cp", "container cp"],
        "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH",
        &[Flag::switch("archive").short('a'), Flag::switch("follow-link").short('L'), QUIET],
        Mixed,
        (2, 2),
        false,
        copy::cp
    ),
    command!(["container prune"], "[OPTIONS]", PRUNE, Mixed, (0, 0), false, prune::stopped),
    command!(["inspect"], "[OPTIONS] NAME|ID [NAME|ID...]", INSPECT, Mixed, (1, MANY), false, inspect::any),
    command!(
        ["container inspect"],
        "[OPTIONS] CONTAINER [CONTAINER...]",
        INSPECT,
        Mixed,
        (1, MANY),
        false,
        |session, parsed| inspect::inspect(session, parsed, Kind::Container)
    ),
    command!(["image inspect"], "[OPTIONS] IMAGE [IMAGE...]", INSPECT, Mixed, (1, MANY), false, |session, parsed| {
        inspect::inspect(session, parsed, Kind::Image)
    }),
    command!(
        ["network inspect"],
        "[OPTIONS] NETWORK [NETWORK...]",
        INSPECT,
        Mixed,
        (1, MANY),
        false,
        |session, parsed| inspect::inspect(session, parsed, Kind::Network)
    ),
    command!(
        ["volume inspect"],
        "[OPTIONS] VOLUME [VOLUME...]",
        INSPECT,
        Mixed,
        (1, MANY),
        false,
        |session, parsed| inspect::inspect(session, parsed, Kind::Volume)
    ),
    command!(
        ["images", "image ls", "image list"],
        "[OPTIONS] [REPOSITORY[:TAG]]",
        &[ALL, Flag::switch("digests"), FILTER, FORMAT, NO_TRUNC, QUIET, Flag::switch("tree")],
        Mixed,
        (0, 1),
        false,
        images::ls
    ),
    command!(
        ["rmi", "image rm", "image remove"],
        "[OPTIONS] IMAGE [IMAGE...]",
        &[FORCE, Flag::switch("no-prune"), Flag::value("platform")],
        Mixed,
        (1, MANY),
        false,
        images::rm
    ),
    command!(["tag", "image tag"], "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]", &[], Mixed, (2, 2), false, images::tag),
    command!(
        ["history", "image history"],
        "[OPTIONS] IMAGE",
        &[FORMAT, Flag::switch("human").short('H'), NO_TRUNC, QUIET, Flag::value("platform")],
        Mixed,
        (1, 1),
        false,
        images::history
    ),
    command!(["image prune"], "[OPTIONS]", PRUNE, Mixed, (0, 0), false, prune::images),
    command!(
        ["save", "image save"],
        "[OPTIONS] IMAGE [IMAGE...]",
        &[Flag::value("output").short('o'), Flag::value("platform")],
        Mixed,
        (1, MANY),
        false,
        archives::save
    ),
    command!(
        ["load", "image load"],
        "[OPTIONS]",
        &[Flag::value("input").short('i'), QUIET, Flag::value("platform")],
        Mixed,
        (0, 0),
        false,
        archives::load
    ),
    command!(
        ["import", "image import"],
        "[OPTIONS] file|- [REPOSITORY[:TAG]]",
        &[Flag::value("change").short('c'), Flag::value("message").short('m'), Flag::value("platform")],
        Mixed,
        (1, 2),
        false,
        archives::import
    ),
    command!(
        ["login"],
        "[OPTIONS] [SERVER]",
        &[Flag::value("username").short('u'), Flag::value("password").short('p'), Flag::switch("password-stdin")],
        Mixed,
        (0, 1),
        false,
        registry::login
    ),
    command!(["logout"], "[SERVER]", &[], Mixed, (0, 1), false, registry::logout),
    command!(
        ["pull", "image pull"],
        "[OPTIONS] NAME[:TAG|@DIGEST]",
        &[Flag::switch("all-tags").short('a'), Flag::switch("disable-content-trust"), Flag::value("platform"), QUIET],
        Mixed,
        (1, 1),
        false,
        registry::pull
    ),
    command!(
        ["push", "image push"],
        "[OPTIONS] NAME[:TAG]",
        &[Flag::switch("all-tags").short('a'), Flag::switch("disable-content-trust"), Flag::value("platform"), QUIET],
        Mixed,
        (1, 1),
        false,
        registry::push
    ),
    command!(
        ["build", "image build", "builder build", "buildx build", "buildx b"],
        "[OPTIONS] PATH | URL | -",
        BUILD,
        Mixed,
        (1, 1),
        false,
        build::build
    ),
    command!(["buildx version"], "", &[], Mixed, (0, 0), false, buildx::version),
    command!(["buildx ls"], "", BUILDER, Mixed, (0, 0), false, buildx::ls),
    command!(["buildx inspect"], "[NAME]", BUILDER, Mixed, (0, 1), false, buildx::inspect),
    command!(
        ["buildx create"],
        "[OPTIONS] [CONTEXT|ENDPOINT]",
        &[
            Flag::switch("append"),
            Flag::switch("bootstrap"),
            Flag::value("buildkitd-config"),
            Flag::value("buildkitd-flags"),
            Flag::value("config"),
            Flag::value("driver"),
            Flag::value("driver-opt"),
            Flag::value("flags"),
            Flag::switch("leave"),
            Flag::value("name"),
            Flag::value("node"),
            Flag::value("platform"),
            Flag::switch("use")
        ],
        Mixed,
        (0, 1),
        false,
        buildx::create
    ),
    command!(
        ["buildx use", "buildx rm", "buildx stop"],
        "[OPTIONS] [NAME]",
        BUILDER,
        Mixed,
        (0, MANY),
        false,
        buildx::nothing
    ),
    command!(
        ["buildx imagetools inspect"],
        "[OPTIONS] NAME",
        &[FORMAT, Flag::switch("raw"), Flag::value("builder")],
        Mixed,
        (1, 1),
        false,
        buildx::imagetools_inspect
    ),
    command!(["buildx prune", "builder prune"], "[OPTIONS]", BUILDER, Mixed, (0, 0), false, prune::builder),
    command!(["network create"], "[OPTIONS] NETWORK", NETWORK_CREATE, Mixed, (1, 1), false, networks::create),
    command!(
        ["network ls", "network list"],
        "[OPTIONS]",
        &[FILTER, FORMAT, NO_TRUNC, QUIET],
        Mixed,
        (0, 0),
        false,
        networks::ls
    ),
    command!(["network rm", "network remove"], "NETWORK [NETWORK...]", &[FORCE], Mixed, (1, MANY), false, networks::rm),
    command!(
        ["network connect"],
        "[OPTIONS] NETWORK CONTAINER",
        &[
            Flag::value("alias"),
            Flag::value("ip"),
            Flag::value("ip6"),
            Flag::value("link"),
            Flag::value("link-local-ip"),
            Flag::value("driver-opt"),
            Flag::value("gw-priority")
        ],
        Mixed,
        (2, 2),
        false,
        networks::connect
    ),
    command!(["network prune"], "[OPTIONS]", PRUNE, Mixed, (0, 0), false, networks::prune),
    command!(
        ["volume create"],
        "[OPTIONS] [VOLUME]",
        &[Flag::value("driver").short('d'), LABEL, Flag::value("name"), Flag::value("opt").short('o')],
        Mixed,
        (0, 1),
        false,
        volumes::create
    ),
    command!(["volume ls", "volume list"], "[OPTIONS]", &[FILTER, FORMAT, QUIET], Mixed, (0, 0), false, volumes::ls),
    command!(
        ["volume rm", "volume remove"],
        "[OPTIONS] VOLUME [VOLUME...]",
        &[FORCE],
        Mixed,
        (1, MANY),
        false,
        volumes::rm
    ),
    command!(["volume prune"], "[OPTIONS]", PRUNE, Mixed, (0, 0), false, volumes::prune),
    command!(["version"], "[OPTIONS]", &[FORMAT.short('f')], Mixed, (0, 0), false, info::version),
    command!(["info", "system info"], "[OPTIONS]", &[FORMAT.short('f')], Mixed, (0, 0), false, info::info),
    command!(["system prune"], "[OPTIONS]", PRUNE, Mixed, (0, 0), false, prune::system),
    command!(
        ["system df"],
        "[OPTIONS]",
        &[FORMAT, Flag::switch("verbose").short('v')],
        Mixed,
        (0, 0),
        false,
        prune::df
    ),
];

/// What docker has and this has not, with the reason.
pub(super) const NOT_HERE: &[(&str, &str)] = &[
    ("compose", "start the containers of the file by docker run, or as services of the job"),
    ("swarm", "there are no clusters of docker"),
    ("service", "there are no clusters of docker"),
    ("stack", "there are no clusters of docker"),
    ("node", "there are no clusters of docker"),
    ("secret", "there are no clusters of docker"),
    ("config", "there are no clusters of docker"),
    ("commit", "build images from a Dockerfile"),
    ("diff", "changes of containers are not listed"),
    ("export", "copy files out by docker cp"),
    ("pause", "containers cannot be paused"),
    ("unpause", "containers cannot be paused"),
    ("update", "limits are set when a container is created"),
    ("stats", "figures of containers are not collected"),
    ("events", "there is no stream of events"),
    ("search", "registries cannot be searched"),
    ("manifest", "use docker buildx build --platform for images of several platforms"),
    ("context", "there is one place where containers run"),
    ("plugin", "there are no plugins"),
    ("trust", "images are not signed here"),
    ("scout", "images are not scanned here"),
    ("buildx bake", "call docker buildx build for each target"),
    ("buildx imagetools", "of imagetools only inspect is carried out"),
    ("buildx du", "the builder's cache is this machine's"),
    ("network disconnect", "a container stays in the network it was created with"),
];

/// What `docker --help` says.
pub(super) fn overview() -> String {
    let mut names: Vec<&str> = COMMANDS.iter().map(|command| command.names[0]).collect();
    names.sort_unstable();
    format!(
        "Usage:  docker [OPTIONS] COMMAND\n\nTrunkline's docker command: containers, images and builds without a daemon\n\nCommands:\n  {}\n",
        names.join("\n  ")
    )
}

fn lines(flags: &[Flag]) -> String {
    let line = |flag: &Flag| {
        let short = flag.short.map_or_else(|| "    ".to_owned(), |letter| format!("-{letter}, "));
        let value = if flag.takes == container::flags::Takes::Value { " value" } else { "" };
        format!("  {short}--{}{value}\n", flag.long)
    };
    flags.iter().map(line).collect()
}

/// What `docker NAME --help` says.
pub(super) fn help(name: &str, command: &Command) -> String {
    if command.order == Order::FlagsFirst && command.flags.is_empty() {
        return run_help(name);
    }
    format!("Usage:  docker {name} {}\n\nOptions:\n{}", command.usage, lines(command.flags))
}

/// The same for `run` and `create`.
pub(super) fn run_help(name: &str) -> String {
    format!("Usage:  docker {name} [OPTIONS] IMAGE [COMMAND] [ARG...]\n\nOptions:\n{}", lines(&flag_table::flags()))
}
