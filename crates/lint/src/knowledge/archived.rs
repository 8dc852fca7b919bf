//! Repositories of actions whose owners have archived them: nobody mends what is found in them.
//!
//! Facts: the state of each repository on GitHub.

/// `owner/repo` in lower case, with what takes its place where there is one.
const ARCHIVED: &[(&str, &str)] = &[
    ("8398a7/action-slack", "slackapi/slack-github-action"),
    ("actions-rs/audit-check", "rustsec/audit-check"),
    ("actions-rs/cargo", "a `run:` step with cargo"),
    ("actions-rs/clippy-check", "a `run:` step with cargo clippy"),
    ("actions-rs/components-nightly", "dtolnay/rust-toolchain"),
    ("actions-rs/grcov", ""),
    ("actions-rs/install", "taiki-e/install-action"),
    ("actions-rs/tarpaulin", "a `run:` step with cargo tarpaulin"),
    ("actions-rs/toolchain", "dtolnay/rust-toolchain"),
    ("actions/create-release", "gh release create"),
    ("actions/setup-elixir", "erlef/setup-beam"),
    ("actions/setup-haskell", "haskell-actions/setup"),
    ("actions/setup-ruby", "ruby/setup-ruby"),
    ("actions/upload-release-asset", "gh release upload"),
    ("actionstoolbox/gem-build-and-release-action", ""),
    ("artichoke/setup-rust", "dtolnay/rust-toolchain"),
    ("aslafy-z/conventional-pr-title-action", "amannn/action-semantic-pull-request"),
    ("azure/appconfiguration-sync", ""),
    ("azure/appservice-actions", ""),
    ("azure/container-actions", ""),
    ("azure/container-scan", "aquasecurity/trivy-action"),
    ("azure/get-keyvault-secrets", "az keyvault secret show"),
    ("azure/k8s-actions", ""),
    ("azure/manage-azure-policy", ""),
    ("azure/run-sqlpackage-action", "azure/sql-action"),
    ("azure/spring-cloud-deploy", ""),
    ("azure/webapps-container-deploy", "azure/webapps-deploy"),
    ("cedrickring/golang-action", "actions/setup-go"),
    ("cirrus-actions/rebase", ""),
    ("contributor-assistant/github-action", ""),
    ("convictional/trigger-workflow-and-wait", ""),
    ("crazy-max/ghaction-docker-buildx", "docker/setup-buildx-action"),
    ("crazy-max/ghaction-hugo", "peaceiris/actions-hugo"),
    ("decathlon/pull-request-labeler-action", "actions/labeler"),
    ("delaguardo/setup-graalvm", "graalvm/setup-graalvm"),
    ("expo/expo-preview-action", "expo/expo-github-action"),
    ("facebook/pysa-action", ""),
    ("gradle/gradle-build-action", "gradle/actions/setup-gradle"),
    ("grafana/k6-action", "grafana/setup-k6-action"),
    ("hashicorp/terraform-cdk-action", ""),
    ("ilshidur/action-slack", "slackapi/slack-github-action"),
    ("jakejarvis/firebase-deploy-action", ""),
    ("jakejarvis/hugo-build-action", "peaceiris/actions-hugo"),
    ("jakejarvis/lighthouse-action", ""),
    ("jakejarvis/s3-sync-action", "aws s3 sync"),
    ("justinribeiro/lighthouse-action", ""),
    ("machine-learning-apps/wandb-action", ""),
    ("mansagroup/gcs-cache-action", ""),
    ("marvinpinto/action-automatic-releases", "gh release create"),
    ("marvinpinto/actions", "gh release create"),
    ("maxheld83/ghpages", "peaceiris/actions-gh-pages"),
    ("meilcli/danger-action", ""),
    ("orf/cargo-bloat-action", ""),
    ("paambaati/codeclimate-action", ""),
    ("philips-software/docker-ci-scripts", ""),
    ("reasonsoftware/action-pylint", ""),
    ("repo-sync/pull-request", "gh pr create"),
    ("repo-sync/repo-sync", ""),
    ("scottbrenner/generate-changelog-action", ""),
    ("secrethub/actions", "1password/load-secrets-action"),
    ("semgrep/semgrep-action", "a `run:` step with semgrep"),
    ("sonarsource/sonarcloud-github-action", "sonarsource/sonarqube-scan-action"),
    ("stefanprodan/kube-tools", ""),
    ("svenstaro/upx-action", ""),
    ("tachiyomiorg/issue-moderator-action", ""),
    ("technote-space/auto-cancel-redundant-workflow", "`concurrency:`"),
    ("technote-space/get-diff-action", "dorny/paths-filter"),
    ("tencentcloudbase/cloudbase-action", ""),
    ("tibdex/github-app-token", "actions/create-github-app-token"),
    ("verygoodopensource/very_good_coverage", ""),
    ("whelk-io/maven-settings-xml-action", ""),
    ("youyo/aws-cdk-github-actions", ""),
    ("yumemi-inc/clean-cache-action", "gh cache delete"),
    ("z0al/dependent-issues", ""),
];

/// What takes the place of an archived repository, empty where nothing does. `None` where it is not archived.
pub(crate) fn replacement(repository: &str) -> Option<&'static str> {
    let found = ARCHIVED.binary_search_by_key(&repository.to_ascii_lowercase().as_str(), |(name, _)| name);
    found.ok().map(|index| ARCHIVED[index].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_in_lower_case() {
        assert!(ARCHIVED.windows(2).all(|pair| pair[0].0 < pair[1].0), "sort it");
        assert!(ARCHIVED.iter().all(|(name, _)| *name == name.to_ascii_lowercase()));
        assert_eq!(replacement("Actions/Setup-Ruby"), Some("ruby/setup-ruby"));
        assert_eq!(replacement("actions/setup-go"), None);
    }
}
