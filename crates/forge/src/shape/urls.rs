/// Where the server is, as seen by its users. No slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Urls {
    /// Web pages and git.
    pub web: String,
    /// The REST API.
    pub api: String,
}

impl Urls {
    /// Both under one address.
    #[must_use]
    pub fn under(web: &str) -> Urls {
        let web = web.trim_end_matches('/').to_owned();
        let api = format!("{web}/api/v3");
        Urls { web, api }
    }

    /// The page of a repository; `full_name` is `owner/name`.
    #[must_use]
    pub fn page(&self, full_name: &str) -> String {
        format!("{}/{full_name}", self.web)
    }

    /// A repository in the API.
    #[must_use]
    pub fn repo(&self, full_name: &str) -> String {
        format!("{}/repos/{full_name}", self.api)
    }

    /// The page of a repository's runs.
    #[must_use]
    pub fn runs_page(&self, full_name: &str) -> String {
        format!("{}/{full_name}/actions", self.web)
    }
}
