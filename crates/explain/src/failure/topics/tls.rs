//! Certificates.

use super::super::entry::{Entry, Scope};

pub(in super::super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "tls-self-signed",
        title: "a certificate is not trusted",
        hints: &[
            "self-signed certificate",
            "self signed certificate",
            "unable to get local issuer certificate",
            "certificate signed by unknown authority",
            "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
        ],
        patterns: &[
            r"self-signed certificate|self signed certificate|unable to get local issuer certificate|certificate signed by unknown authority|UNABLE_TO_VERIFY_LEAF_SIGNATURE",
        ],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the server shows a certificate whose issuer the job does not know: one of your own, or that of a proxy.",
        remedy: &[
            "trust that issuer: add it to `/usr/local/share/ca-certificates` and run `update-ca-certificates`",
            "for single tools: `SSL_CERT_FILE`, `NODE_EXTRA_CA_CERTS`, `REQUESTS_CA_BUNDLE`, `GIT_SSL_CAINFO`",
            "in small images install `ca-certificates`",
        ],
    },
    Entry {
        id: "tls-expired",
        title: "a certificate has expired",
        hints: &["certificate has expired", "CERT_HAS_EXPIRED"],
        patterns: &[r"certificate has expired|CERT_HAS_EXPIRED"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the certificate of the server is past its date, or the clock of the machine is wrong.",
        remedy: &["renew it on the server", "compare the clock: `date -u`"],
    },
    Entry {
        id: "tls-wrong-host",
        title: "a certificate is for another name",
        hints: &[
            "no alternative certificate subject name matches",
            "ERR_TLS_CERT_ALTNAME_INVALID",
            "certificate is valid for",
        ],
        patterns: &[r"no alternative certificate subject name matches target host name '(?P<host>[^']+)'"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the certificate of the server does not name `{host}`.",
        remedy: &["use the name that it was made for; with an address of its own add it to the certificate"],
    },
];
