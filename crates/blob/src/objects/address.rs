use std::fmt;
use std::path::PathBuf;

use super::ObjectError;

/// Where objects are: a directory, or `s3://BUCKET/PREFIX?endpoint=URL&region=NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    Directory(PathBuf),
    Bucket(BucketAddress),
}

/// A bucket. Credentials come from the environment, as the service's own tools read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BucketAddress {
    pub bucket: String,
    /// Without slashes at its ends; may be empty.
    pub prefix: String,
    pub endpoint: Option<String>,
    pub region: Option<String>,
}

impl Address {
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, ObjectError> {
        let wrong = |reason: &str| ObjectError::Address { address: text.to_owned(), reason: reason.to_owned() };
        let Some(rest) = text.strip_prefix("s3://") else {
            return match text {
                "" => Err(wrong("expected a directory, or s3://BUCKET/PREFIX?endpoint=URL&region=NAME")),
                _ if text.contains("://") => Err(wrong("only directories and s3:// are known")),
                _ => Ok(Self::Directory(PathBuf::from(text))),
            };
        };
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        if bucket.is_empty() {
            return Err(wrong("the bucket has no name"));
        }
        if bucket.contains('@') {
            return Err(wrong("credentials do not belong here; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"));
        }
        let mut address = BucketAddress {
            bucket: bucket.to_owned(),
            prefix: prefix.trim_matches('/').to_owned(),
            ..BucketAddress::default()
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match name {
                "endpoint" => address.endpoint = Some(value.trim_end_matches('/').to_owned()),
                "region" => address.region = Some(value.to_owned()),
                _ => return Err(wrong(&format!("`{name}` is not known; there are endpoint and region"))),
            }
        }
        Ok(Self::Bucket(address))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => path.display().fmt(f),
            Self::Bucket(bucket) if bucket.prefix.is_empty() => write!(f, "s3://{}", bucket.bucket),
            Self::Bucket(bucket) => write!(f, "s3://{}/{}", bucket.bucket, bucket.prefix),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let bucket = |bucket: &str, prefix: &str, endpoint: Option<&str>, region: Option<&str>| {
            Address::Bucket(BucketAddress {
                bucket: bucket.into(),
                prefix: prefix.into(),
                endpoint: endpoint.map(str::to_owned),
                region: region.map(str::to_owned),
            })
        };
        for (text, expected) in [
            ("/var/lib/trunkline/blobs", Ok(Address::Directory("/var/lib/trunkline/blobs".into()))),
            ("s3://ci", Ok(bucket("ci", "", None, None))),
            (
                "s3://ci/team/blobs/?endpoint=http://localhost:9000/&region=eu-1",
                Ok(bucket("ci", "team/blobs", Some("http://localhost:9000"), Some("eu-1"))),
            ),
            ("s3:///x", Err("s3:///x: the bucket has no name")),
            ("s3://b?zone=1", Err("s3://b?zone=1: `zone` is not known; there are endpoint and region")),
            ("gs://b", Err("gs://b: only directories and s3:// are known")),
        ] {
            let expected = expected.map_err(str::to_owned);
            assert_eq!(Address::parse(text).map_err(|error| error.to_string()), expected, "{text}");
        }
        assert!(Address::parse("s3://key:secret@b").is_err());
    }
}
