//! Types whose values are always at hand.

use crate::graphql::schema::{Field, Type};

const NAMED: &[Field] = &[Field::value("id"), Field::value("name")];

pub(crate) const TYPES: &[Type] = &[
    Type::object(
        "PageInfo",
        &[
            Field::value("hasNextPage"),
            Field::value("hasPreviousPage"),
            Field::value("startCursor"),
            Field::value("endCursor"),
        ],
    ),
    Type::object(
        "__Type",
        &[
            Field::value("name"),
            Field::value("kind"),
            Field { args: &["includeDeprecated"], ..Field::inners("fields", "__Field") },
        ],
    ),
    Type::object("__Field", &[Field::value("name"), Field::value("isDeprecated")]),
    Type::object(
        "RateLimit",
        &[
            Field::value("limit"),
            Field::value("cost"),
            Field::value("remaining"),
            Field::value("used"),
            Field::value("resetAt"),
        ],
    ),
    Type::object(
        "Label",
        &[
            Field::value("id"),
            Field::value("name"),
            Field::value("description"),
            Field::value("color"),
            Field::value("url"),
            Field::value("isDefault"),
            Field::value("createdAt"),
        ],
    ),
    Type::object(
        "Milestone",
        &[
            Field::value("id"),
            Field::value("number"),
            Field::value("title"),
            Field::value("description"),
            Field::value("dueOn"),
        ],
    ),
    Type::object("ReactionGroup", &[Field::value("content"), Field::inner("users", "Count")]),
    Type::object("Count", &[Field::value("totalCount")]),
    Type::object("ProjectCard", &[Field::inner("project", "Project"), Field::inner("column", "ProjectColumn")]),
    Type::object("ProjectColumn", NAMED),
    Type::object(
        "Project",
        &[
            Field::value("id"),
            Field::value("name"),
            Field::value("number"),
            Field::value("body"),
            Field::value("resourcePath"),
        ],
    ),
    Type::object("ProjectV2Item", &[Field::value("id"), Field::inner("project", "ProjectV2")]),
    Type::object(
        "ProjectV2",
        &[
            Field::value("id"),
            Field::value("title"),
            Field::value("number"),
            Field::value("resourcePath"),
            Field::value("closed"),
        ],
    ),
    Type::object("RepositoryTopic", &[Field::inner("topic", "Topic")]),
    Type::object("Topic", NAMED),
    Type::object("Language", NAMED),
    Type::object("CodeOfConduct", &[Field::value("key"), Field::value("name"), Field::value("url")]),
    Type::object("License", &[Field::value("key"), Field::value("name"), Field::value("nickname")]),
    Type::object("ContactLink", &[Field::value("about"), Field::value("name"), Field::value("url")]),
    Type::object("FundingLink", &[Field::value("platform"), Field::value("url")]),
    Type::object(
        "IssueTemplate",
        &[Field::value("name"), Field::value("title"), Field::value("body"), Field::value("about")],
    ),
    Type::object("PullRequestTemplate", &[Field::value("body"), Field::value("filename")]),
    Type::object(
        "BranchProtectionRule",
        &[
            Field::value("requiresStrictStatusChecks"),
            Field::value("requiredApprovingReviewCount"),
            Field::value("requiresApprovingReviews"),
            Field::value("requiresStatusChecks"),
            Field::value("requiresLinearHistory"),
            Field::value("isAdminEnforced"),
            Field::value("requiredStatusCheckContexts"),
        ],
    ),
    Type::object(
        "PullRequestChangedFile",
        &[Field::value("additions"), Field::value("deletions"), Field::value("path"), Field::value("changeType")],
    ),
    Type::object(
        "AutoMergeRequest",
        &[
            Field::value("mergeMethod"),
            Field::value("enabledAt"),
            Field::value("commitHeadline"),
            Field::value("commitBody"),
            Field::inner("enabledBy", "User"),
        ],
    ),
];
