//! Archives, checksums and signatures of what was downloaded.

use super::super::entry::{Entry, Scope};

pub(in super::super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "archive-not-gzip",
        title: "a downloaded file is not a gzip archive",
        hints: &["not in gzip format"],
        patterns: &[r"gzip: (?P<file>\S+): not in gzip format"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "what was to be unpacked is something else, most often the error page of a download that failed.",
        remedy: &[
            "let the download fail by itself: `curl -fL --retry 3 -o FILE URL`",
            "look at what came: `file FILE; head -c 300 FILE`",
            "for another format let tar find out: `tar xf FILE`",
        ],
    },
    Entry {
        id: "archive-not-zip",
        title: "a downloaded file is not a zip archive",
        hints: &["End-of-central-directory signature not found"],
        patterns: &[r"End-of-central-directory signature not found"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the file is cut off or no zip archive at all, most often the error page of a download that failed.",
        remedy: &[
            "let the download fail by itself: `curl -fL --retry 3 -o FILE URL`",
            "look at what came: `file FILE; head -c 300 FILE`",
        ],
    },
    Entry {
        id: "checksum-mismatch",
        title: "a file has another checksum than expected",
        hints: &["computed checksum did NOT match", "computed checksums did NOT match"],
        patterns: &[r"^\S*sum: WARNING: \d+ computed checksums? did NOT match"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the file differs from the one that the checksum was made of: another version, a broken download, or a file that was tampered with.",
        remedy: &[
            "compare version and platform of the file with those of the checksum list",
            "download again; if it differs again, find out why before you change the checksum",
        ],
    },
    Entry {
        id: "gpg-no-public-key",
        title: "the key of a signature is not known",
        hints: &["Can't check signature: No public key", "NO_PUBKEY"],
        patterns: &[r"gpg: Can't check signature: No public key", r"NO_PUBKEY [0-9A-F]+"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "there is a signature, and the public key that it was made with is not in the key ring.",
        remedy: &[
            "import the key of the publisher first: `gpg --import KEY.asc` (keep the key in the repository)",
            "for apt put the key into `/etc/apt/keyrings` and name it with `signed-by=`",
        ],
    },
];
