//! AWS-shaped identifiers, derived from names so that the same organisation always has the same ids.
//!
//! Shapes come from the service models: `ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}`, `d-[0-9a-f]{10}`,
//! `([0-9a-f]{10}-)UUID`, `ssoins-[a-zA-Z0-9-.]{16}`, `ps-[a-zA-Z0-9-./]{16}`, `\d{12}`.

use super::rng::Rng;

/// `count` lower-case hexadecimal digits that depend only on `seed`.
pub(crate) fn hex(seed: &str, count: usize) -> String {
    spell(seed, count, b"0123456789abcdef")
}

/// `count` lower-case letters and digits that depend only on `seed`.
pub(crate) fn alphanumeric(seed: &str, count: usize) -> String {
    spell(seed, count, b"0123456789abcdefghijklmnopqrstuvwxyz")
}

/// A lower-case UUID (version 4 shape) that depends only on `seed`.
pub(crate) fn uuid(seed: &str) -> String {
    let h = hex(seed, 31);
    format!(
        "{}-{}-4{}-a{}-{}",
        &h[0..8],
        &h[8..12],
        &h[12..15],
        &h[15..18],
        &h[18..30]
    )
}

/// The id of something in an identity store: ten digits of the store, then a UUID.
pub(crate) fn identity(store_id: &str, seed: &str) -> String {
    format!("{}-{}", store_id.trim_start_matches("d-"), uuid(seed))
}

/// A 12 digit account id.
pub(crate) fn account(seed: &str) -> String {
    let digits = spell(seed, 12, b"0123456789");
    // A leading zero is legal, but ids people read should not look like a mistake.
    match digits.strip_prefix('0') {
        Some(rest) => format!("4{rest}"),
        None => digits,
    }
}

/// An access key id, `AKIA…`/`ASIA…`, or a role's unique id, `AROA…`.
pub(crate) fn unique(prefix: &str, seed: &str) -> String {
    format!("{prefix}{}", spell(seed, 16, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
}

/// FNV-1a: a stable hash, unlike the standard library's, so ids survive compiler upgrades.
pub(crate) fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn spell(seed: &str, count: usize, alphabet: &[u8]) -> String {
    let mut rng = Rng::new(fingerprint(seed));
    (0..count).map(|_| char::from(*rng.pick(alphabet))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_awss() {
        let id = identity("d-976710cc5d", "alice");
        assert_eq!(id.len(), 47);
        assert!(id.starts_with("976710cc5d-"));
        let account = account("prod-payments");
        assert!(account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()));
        assert_eq!(uuid("x").len(), 36);
        assert_eq!(uuid("x"), uuid("x"));
        assert_ne!(uuid("x"), uuid("y"));
    }
}
