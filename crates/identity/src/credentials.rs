use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// What a request brings to say who it is from.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Credentials {
    #[default]
    None,
    /// A user name with a password or a token.
    Basic { user: String, password: String },
    /// A token of any kind.
    Token(String),
    /// The value of the session's cookie.
    Session(String),
}

/// Never shows what it holds.
impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Credentials::None => "None",
            Credentials::Basic { .. } => "Basic",
            Credentials::Token(_) => "Token",
            Credentials::Session(_) => "Session",
        })
    }
}

/// The name of the cookie that holds a session.
pub const SESSION_COOKIE: &str = "trunkline_session";

/// `Authorization` is of no form that is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the Authorization header is neither `Basic` nor `Bearer` nor `token`")]
pub struct Malformed;

impl Credentials {
    /// From the `Authorization` and `Cookie` headers; the first wins.
    pub fn from_headers(authorization: Option<&str>, cookie: Option<&str>) -> Result<Self, Malformed> {
        if let Some(value) = authorization {
            return Self::from_authorization(value);
        }
        let session = cookie
            .into_iter()
            .flat_map(|value| value.split(';'))
            .find_map(|pair| pair.trim().strip_prefix(SESSION_COOKIE).and_then(|rest| rest.strip_prefix('=')));
        Ok(session.map_or(Credentials::None, |value| Credentials::Session(value.to_owned())))
    }

    fn from_authorization(value: &str) -> Result<Self, Malformed> {
        let (kind, rest) = value.trim().split_once(' ').ok_or(Malformed)?;
        let rest = rest.trim();
        match kind.to_ascii_lowercase().as_str() {
            "bearer" | "token" if !rest.is_empty() => Ok(Credentials::Token(rest.to_owned())),
            "basic" => {
                let bytes = BASE64_STANDARD.decode(rest).map_err(|_| Malformed)?;
                let text = String::from_utf8(bytes).map_err(|_| Malformed)?;
                let (user, password) = text.split_once(':').ok_or(Malformed)?;
                Ok(Credentials::Basic { user: user.to_owned(), password: password.to_owned() })
            }
            _ => Err(Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers() {
        let basic = |user: &str, password: &str| Credentials::Basic { user: user.into(), password: password.into() };
        let table = [
            (None, None, Ok(Credentials::None)),
            (Some("Bearer x"), Some("trunkline_session=y"), Ok(Credentials::Token("x".into()))),
            (Some("token x"), None, Ok(Credentials::Token("x".into()))),
            (Some("basic YTpiOmM="), None, Ok(basic("a", "b:c"))),
            (None, Some("a=b; trunkline_session=y; c=d"), Ok(Credentials::Session("y".into()))),
            (None, Some("trunkline_sessions=y"), Ok(Credentials::None)),
            (Some("Basic ???"), None, Err(Malformed)),
            (Some("Bearer"), None, Err(Malformed)),
            (Some("Negotiate x"), None, Err(Malformed)),
        ];
        for (authorization, cookie, expected) in table {
            assert_eq!(Credentials::from_headers(authorization, cookie), expected, "{authorization:?} {cookie:?}");
        }
        assert_eq!(format!("{:?}", basic("a", "b")), "Basic");
    }
}
