//! Randomness from the operating system, and the ids made of it.

/// Random bytes of cryptographic quality.
///
/// # Panics
/// When the operating system provides none: no secret could be generated safely.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(clippy::expect_used, reason = "a server without randomness must not go on")]
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// A public id: 80 random bits in lower-case base32, 16 characters.
#[must_use]
pub fn public_id() -> String {
    data_encoding::BASE32_NOPAD.encode(&bytes::<10>()).to_ascii_lowercase()
}

/// An id of a request or of a lease holder: 64 random bits in hexadecimal.
#[must_use]
pub fn short_id() -> String {
    data_encoding::HEXLOWER.encode(&bytes::<8>())
}
