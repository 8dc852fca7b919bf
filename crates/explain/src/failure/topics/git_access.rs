//! git: whether one may.

use super::super::entry::{Entry, Scope};

pub(in super::super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "git-credentials-missing",
        title: "git has no credentials",
        hints: &["could not read Username", "could not read Password"],
        patterns: &[r"could not read (?:Username|Password) for '(?P<url>[^']+)'"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "{url} wants a login and the job has none for it: the token of a job holds for its own repository only.",
        remedy: &[
            "give checkout a token that reaches it: `with: { repository: …, token: ${{ secrets.… }} }`",
            "for modules and submodules: `git config --global url.\"https://x-access-token:$TOKEN@HOST/\".insteadOf https://HOST/`",
            "if the name of the repository is wrong, a private server asks for a login too",
        ],
    },
    Entry {
        id: "git-authentication-failed",
        title: "the git server refuses the credentials",
        hints: &["Authentication failed for"],
        patterns: &[r"Authentication failed for '(?P<url>[^']+)'"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "credentials were sent to {url} and refused: the token has expired, was revoked, or lacks the right.",
        remedy: &[
            "renew the token and store it again",
            "`trunkline why secret NAME` says where a secret is defined, without showing it",
        ],
    },
    Entry {
        id: "git-dubious-ownership",
        title: "the repository belongs to another user",
        hints: &["detected dubious ownership in repository"],
        patterns: &[r"detected dubious ownership in repository at '(?P<directory>[^']+)'"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "git refuses to work in {directory}, since its files belong to another user than the one of the step; in container jobs this is common.",
        remedy: &[
            "trust it: `git config --global --add safe.directory {directory}`",
            "or run the container as the user that owns the workspace",
        ],
    },
    Entry {
        id: "git-index-lock",
        title: "git is locked by another process",
        hints: &["index.lock"],
        patterns: &[r"Unable to create '(?P<file>[^']+/index\.lock)': File exists"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "another git works in this repository at the same time, or one was killed and left {file}.",
        remedy: &[
            "do not run git in two background steps of one workspace",
            "on a workspace that is kept, remove the file once nothing runs",
        ],
    },
    Entry {
        id: "git-lfs-missing",
        title: "git-lfs is not installed",
        hints: &["git-lfs filter-process", "git-lfs smudge"],
        patterns: &[r"^(?:error|fatal): (?:initialization for subprocess|external filter) '?git-lfs"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "files of the repository lie in LFS, and the machine of the job has no git-lfs.",
        remedy: &[
            "install it: `apt-get install -y git-lfs && git lfs install`",
            "check out with `lfs: true` only where the files are needed",
        ],
    },
    Entry {
        id: "git-host-key",
        title: "the ssh host is not known",
        hints: &["Host key verification failed"],
        patterns: &[r"^Host key verification failed"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "ssh does not talk to a machine whose key it has never seen, and nobody is there to say yes.",
        remedy: &[
            "put the key into `~/.ssh/known_hosts` from a place that you trust, such as a repository variable; `ssh-keyscan` in the job trusts whoever answers",
        ],
    },
    Entry {
        id: "ssh-key-refused",
        title: "the server refuses the ssh key",
        hints: &["Permission denied ("],
        patterns: &[r"(?P<who>\S+): Permission denied \((?P<ways>publickey[^)]*)\)"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the machine was reached as {who} and accepts none of the keys that were offered ({ways}).",
        remedy: &[
            "load the private key in the step: `ssh-agent`, or `actions/checkout` with `ssh-key:`",
            "add the public key as deploy key of the repository; the user of git servers is `git`",
        ],
    },
];
