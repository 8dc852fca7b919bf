use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// `sha256=<hex>`, as `X-Hub-Signature-256` has it.
pub(crate) fn signature(secret: &[u8], body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return String::new() };
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// `sha1=<hex>`, as `X-Hub-Signature` has it: for receivers that are older than the other.
pub(crate) fn old_signature(secret: &[u8], body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<sha1::Sha1>::new_from_slice(secret) else { return String::new() };
    mac.update(body);
    format!("sha1={}", hex::encode(mac.finalize().into_bytes()))
}

/// Whether a signature (`sha256=<hex>` as GitHub sends it, or the hex alone as Gitea and Forgejo do) is right. Takes the same
/// time whatever is wrong with it.
#[must_use]
pub fn verify_signature(secret: &[u8], body: &[u8], signature: &str) -> bool {
    let text = signature.strip_prefix("sha256=").unwrap_or(signature);
    let Ok(given) = hex::decode(text) else { return false };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return false };
    mac.update(body);
    mac.verify_slice(&given).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_githubs_documentation() {
        let (secret, body) = (b"It's a Secret to Everybody", b"Hello, World!");
        let expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert_eq!(signature(secret, body), expected);
        assert!(verify_signature(secret, body, expected));
        assert!(verify_signature(secret, body, &expected[7..]));
        for wrong in ["", "sha256=", "sha256=00", &expected.replace('7', "8"), "sha1=757107ea", &expected[..70]] {
            assert!(!verify_signature(secret, body, wrong), "{wrong}");
        }
        assert!(!verify_signature(b"other", body, expected));
    }
}
