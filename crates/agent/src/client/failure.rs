use api::wire::{ErrorCode, Problem};

/// What became of a request that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The server is away, or has a bad moment: the same request may succeed later.
    Away(String),
    /// It said no.
    Refused(Problem),
    /// It said something that this version does not understand.
    Strange(String),
}

impl Failure {
    /// The innermost reason says the most.
    pub(super) fn away(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let mut reason: &dyn std::error::Error = &error;
        while let Some(source) = reason.source() {
            reason = source;
        }
        Self::Away(reason.to_string())
    }

    pub(super) async fn of(answer: reqwest::Response) -> Self {
        let status = answer.status();
        let body = answer.bytes().await.unwrap_or_default();
        match serde_json::from_slice::<Problem>(&body) {
            Ok(problem)
                if matches!(problem.code, ErrorCode::Unavailable | ErrorCode::NoSpace | ErrorCode::Internal) =>
            {
                Self::Away(problem.to_string())
            }
            Ok(problem) => Self::Refused(problem),
            // A proxy speaks when its server does not.
            Err(_) if status.is_server_error() || status.as_u16() == 429 => Self::Away(status.to_string()),
            // Also a proxy that takes no body of this size: the same again would be refused again.
            Err(_) if matches!(status.as_u16(), 400 | 413 | 415 | 422) => Self::Refused(Problem {
                status: status.as_u16(),
                title: format!("the server, or what is before it, answered {status}"),
                detail: String::new(),
                code: ErrorCode::Invalid,
            }),
            Err(_) => Self::Strange(format!("the server answered {status}; is it Trunkline's?")),
        }
    }

    pub(crate) fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused(problem) => Some(problem.code),
            Self::Away(_) | Self::Strange(_) => None,
        }
    }

    /// Another claim holds the job, or it is over.
    pub(crate) fn is_fenced(&self) -> bool {
        matches!(self.code(), Some(ErrorCode::Fenced | ErrorCode::NotFound))
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Away(reason) => write!(f, "the server cannot be reached: {reason}"),
            Self::Refused(problem) => problem.fmt(f),
            Self::Strange(what) => f.write_str(what),
        }
    }
}
