//! The table of commands.

use container::flags::{Flag, Order};

use super::flag_lists::{
    ALL, BUILD, BUILDER, EXEC, FILTER, FORCE, FORMAT, INSPECT, LABEL, NETWORK_CREATE, NO_TRUNC, PRUNE, PS, QUIET,
    SIGNAL, STOP,
};
use super::inspect::Kind;
use super::{
    Command, archives, build, buildx, containers, contexts, copy, exec, images, info, inspect, logs, networks, prune,
    ps, registry, run, volumes,
};

const MANY: usize = usize::MAX;

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
    command!(["context show"], "", &[], Mixed, (0, 0), false, contexts::which),
    command!(["context use"], "CONTEXT", &[], Mixed, (1, 1), false, contexts::switch),
    command!(["context ls", "context list"], "[OPTIONS]", &[FORMAT, QUIET], Mixed, (0, 0), false, contexts::ls),
    command!(
        ["context inspect"],
        "[OPTIONS] [CONTEXT] [CONTEXT...]",
        &[FORMAT.short('f')],
        Mixed,
        (0, MANY),
        false,
        contexts::inspect
    ),
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
