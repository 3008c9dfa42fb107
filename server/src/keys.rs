//! The server's own keys: one encrypts secrets such as WeChat's session keys at rest, one signs image URLs.
//!
//! A key comes from the settings, or else is generated once and stored: in a file of the data directory
//! beside the embedded store, in MongoDB where several servers share one. An old key may be configured beside
//! the current one; values made with the old key stay valid.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use crate::store::mongo::MongoGallery;
use crate::store::{OPERATION_DEADLINE, StoreError, StoreResult};
use crate::{random, settings};

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;

/// Storage of keys that the settings do not name.
#[derive(Clone)]
pub enum KeyPlace {
    /// A directory of this machine.
    Directory(PathBuf),
    /// The store that all servers share.
    Shared(MongoGallery),
}

/// Keys that are loaded at their first use: a server starts while the store that keeps them is down.
pub struct LazyKeyring {
    settings: settings::Keys,
    place: KeyPlace,
    loaded: OnceCell<Keyring>,
}

impl LazyKeyring {
    /// Creates a lazy keyring from the settings, or from `place` for keys that the settings do not name.
    #[must_use]
    pub fn new(settings: settings::Keys, place: KeyPlace) -> Self {
        Self { settings, place, loaded: OnceCell::new() }
    }

    /// Loads the keys at the first call.
    ///
    /// # Errors
    /// `StoreError` when the keys can't be read, [`OPERATION_DEADLINE`] after the call at the latest.
    pub async fn get(&self) -> StoreResult<&Keyring> {
        // Only one caller at a time loads the keys, and each load may take the full deadline while the store
        // hangs: this deadline covers the wait and the load together.
        let loading = self.loaded.get_or_try_init(|| Keyring::load(&self.settings, &self.place));
        let loaded = tokio::time::timeout(OPERATION_DEADLINE, loading).await;
        loaded.unwrap_or_else(|late| Err(StoreError::Unavailable(late.into())))
    }
}

pub struct Keyring {
    /// Seals session keys, access tokens and phone numbers.
    pub sealer: Sealer,
    pub signer: Signer,
}

impl Keyring {
    /// Takes the keys from the settings or from `place`, where missing keys are generated.
    ///
    /// # Errors
    /// `StoreError` when that place can't be read or written.
    pub async fn load(settings: &settings::Keys, place: &KeyPlace) -> StoreResult<Self> {
        let (sealing, signing) = tokio::try_join!(
            keys("sealing", &settings.sealing, &settings.sealing_old, place),
            keys("signing", &settings.signing, &settings.signing_old, place)
        )?;
        Ok(Self {
            sealer: Sealer::new(sealing.0, sealing.1),
            signer: Signer { current: signing.0, old: signing.1 },
        })
    }
}

/// Copies the keys in use from one place to another that has none: those that the settings do not name, and
/// those that serve as the old key beside a configured one. Returns the name of a key that differs in the
/// target.
///
/// # Errors
/// `StoreError` when either place can't be read or written.
pub async fn carry(
    settings: &settings::Keys,
    from: &KeyPlace,
    to: &KeyPlace,
) -> StoreResult<Option<&'static str>> {
    for (name, named, old) in [
        ("sealing", &settings.sealing, &settings.sealing_old),
        ("signing", &settings.signing, &settings.signing_old),
    ] {
        let ours = match (decode(named), decode(old)) {
            (None, _) => Some(from.kept(name, &random::bytes()).await?),
            (Some(named), None) => from.known(name).await?.filter(|kept| *kept != named),
            (Some(_), Some(_)) => None,
        };
        if let Some(ours) = ours
            && to.kept(name, &ours).await? != ours
        {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Copies the key files of one directory into another.
///
/// # Errors
/// The I/O error when an existing key can't be read or its copy can't be written.
pub fn copy_kept(from: &Path, to: &Path) -> std::io::Result<()> {
    for name in ["sealing", "signing"] {
        match std::fs::copy(file_of(from, name), file_of(to, name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}

fn file_of(directory: &Path, name: &str) -> PathBuf {
    directory.join(format!("{name}.key"))
}

impl KeyPlace {
    /// The stored key of that name; stores the proposal if there is none.
    async fn kept(&self, name: &str, proposal: &Key) -> StoreResult<Key> {
        let kept = match self {
            Self::Directory(directory) => kept_in_file(directory, name, proposal)
                .map_err(|error| StoreError::Unavailable(error.into()))?,
            Self::Shared(store) => store.shared_secret(name, proposal).await?,
        };
        kept.try_into().map_err(|_| StoreError::Damaged(format!("the kept {name} key")))
    }

    /// The stored key of that name, if there is one.
    async fn known(&self, name: &str) -> StoreResult<Option<Key>> {
        let known = match self {
            Self::Directory(directory) => {
                let path = file_of(directory, name);
                match path.try_exists().and_then(|exists| exists.then(|| read(&path)).transpose()) {
                    Ok(known) => known,
                    Err(error) => return Err(StoreError::Unavailable(error.into())),
                }
            }
            Self::Shared(store) => store.known_secret(name).await?,
        };
        let whole =
            |key: Vec<u8>| key.try_into().map_err(|_| StoreError::Damaged(format!("the kept {name} key")));
        known.map(whole).transpose()
    }
}

type Key = [u8; KEY_BYTES];

fn decode(text: &SecretString) -> Option<Key> {
    BASE64.decode(text.expose_secret().as_bytes()).ok()?.try_into().ok()
}

/// The current and the old key. When the settings name a current key but no old one, the stored key (if any)
/// serves as the old one, so that the first rotation needs no copy of it.
async fn keys(
    name: &str,
    from_settings: &SecretString,
    old: &SecretString,
    place: &KeyPlace,
) -> StoreResult<(Key, Option<Key>)> {
    let Some(key) = decode(from_settings) else {
        return Ok((place.kept(name, &random::bytes()).await?, decode(old)));
    };
    let old = match decode(old) {
        Some(old) => Some(old),
        None => place.known(name).await?,
    };
    Ok((key, old.filter(|old| *old != key)))
}

/// Content of `name.key`, created from the proposal if missing. The file is written under a temporary name
/// and linked into place, so that it is complete or absent.
fn kept_in_file(directory: &Path, name: &str, proposal: &Key) -> std::io::Result<Vec<u8>> {
    let path = file_of(directory, name);
    if !path.exists() {
        let draft = directory.join(format!("{name}.key.{}", random::short_id()));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(BASE64.encode(proposal).as_bytes())?;
        file.sync_all()?;
        match std::fs::hard_link(&draft, &path) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error),
            Ok(()) | Err(_) => std::fs::remove_file(&draft)?,
        }
        // The directory entry has to be durable as well as the content.
        std::fs::File::open(directory)?.sync_all()?;
    }
    read(&path)
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut text = String::new();
    std::fs::File::open(path)?.read_to_string(&mut text)?;
    BASE64.decode(text.trim().as_bytes()).map_err(|_| std::io::Error::other("a key file holds no base64"))
}

/// AES-256-GCM with a random nonce; the ciphertext is bound to a context and carries the id of its key.
pub struct Sealer {
    current: (String, Aes256Gcm),
    old: Option<(String, Aes256Gcm)>,
}

impl Sealer {
    fn new(current: Key, old: Option<Key>) -> Self {
        let cipher = |key: Key| (key_id(&key), Aes256Gcm::new(&key.into()));
        Self { current: cipher(current), old: old.map(cipher) }
    }

    /// For unit tests: the given key, without an old one.
    #[cfg(test)]
    pub(crate) fn for_tests(key: Key) -> Self {
        Self::new(key, None)
    }

    /// Seals a text: `key id.base64url(nonce, ciphertext, tag)`.
    #[must_use]
    pub fn seal(&self, text: &str, context: &str) -> String {
        let nonce = random::bytes::<NONCE_BYTES>();
        let payload = Payload { msg: text.as_bytes(), aad: context.as_bytes() };
        // Encryption into a vector fails only for lengths of many gigabytes.
        let sealed = self.current.1.encrypt(&Nonce::from(nonce), payload).unwrap_or_default();
        format!("{}.{}", self.current.0, BASE64URL_NOPAD.encode(&[&nonce[..], &sealed].concat()))
    }

    /// Whether an old key is configured beside the current one.
    #[must_use]
    pub fn has_old(&self) -> bool {
        self.old.is_some()
    }

    /// Whether the ciphertext names the current key.
    #[must_use]
    pub fn is_present(&self, sealed: &str) -> bool {
        sealed.split_once('.').is_some_and(|(id, _)| id == self.current.0)
    }

    /// Opens the result of [`seal`](Self::seal) under the same context. `None` when it was changed, or its
    /// key is no longer configured.
    #[must_use]
    pub fn open(&self, sealed: &str, context: &str) -> Option<SecretString> {
        let (id, body) = sealed.split_once('.')?;
        let keys = std::iter::once(&self.current).chain(self.old.as_ref());
        let (_, cipher) = keys.into_iter().find(|(known, _)| known == id)?;
        let body = BASE64URL_NOPAD.decode(body.as_bytes()).ok()?;
        let (nonce, ciphertext) = body.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload { msg: ciphertext, aad: context.as_bytes() };
        let text = cipher.decrypt(&Nonce::from(*nonce), payload).ok()?;
        String::from_utf8(text).ok().map(SecretString::from)
    }
}

fn key_id(key: &Key) -> String {
    let digest = Sha256::new().chain_update(b"yibi key id").chain_update(key).finalize();
    HEXLOWER.encode(digest.first_chunk::<4>().map_or(&[][..], |id| id))
}

pub struct Signer {
    current: Key,
    old: Option<Key>,
}

impl Signer {
    /// For unit tests: the given key, without an old one.
    #[cfg(test)]
    pub(crate) fn for_tests(key: Key) -> Self {
        Self { current: key, old: None }
    }

    /// The signature in base64url.
    #[must_use]
    pub fn sign(&self, text: &str) -> String {
        BASE64URL_NOPAD.encode(&mac(&self.current, text.as_bytes()).finalize().into_bytes())
    }

    /// The first `N` bytes of the signature.
    #[must_use]
    pub fn tag<const N: usize>(&self, bytes: &[u8]) -> [u8; N] {
        const { assert!(N <= KEY_BYTES) };
        let mut tag = [0; N];
        let signature = mac(&self.current, bytes).finalize().into_bytes();
        tag.iter_mut().zip(signature).for_each(|(to, from)| *to = from);
        tag
    }

    /// Whether `tag` is a prefix of the bytes' signature by the current or the old key; in constant time.
    #[must_use]
    pub fn is_tag(&self, bytes: &[u8], tag: &[u8]) -> bool {
        let mut keys = std::iter::once(&self.current).chain(self.old.as_ref());
        keys.any(|key| mac(key, bytes).verify_truncated_left(tag).is_ok())
    }

    /// Whether `signature` is the text's signature by the current or the old key; in constant time.
    #[must_use]
    pub fn verify(&self, text: &str, signature: &str) -> bool {
        let Ok(signature) = BASE64URL_NOPAD.decode(signature.as_bytes()) else { return false };
        let mut keys = std::iter::once(&self.current).chain(self.old.as_ref());
        keys.any(|key| mac(key, text.as_bytes()).verify_slice(&signature).is_ok())
    }
}

fn mac(key: &Key, bytes: &[u8]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("a key of any length");
    mac.update(bytes);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_under_its_context_alone() {
        let sealer = Sealer::new([1; 32], None);
        let sealed = sealer.seal("HyVFkGl5F5OQWJZZaNzBBg==", "session a");
        assert!(!sealed.contains("HyVFkGl5"));
        assert_ne!(sealed, sealer.seal("HyVFkGl5F5OQWJZZaNzBBg==", "session a"));
        assert_eq!(sealer.open(&sealed, "session a").unwrap().expose_secret(), "HyVFkGl5F5OQWJZZaNzBBg==");
        assert!(sealer.open(&sealed, "session b").is_none());
        let newer = Sealer::new([2; 32], Some([1; 32]));
        assert!(newer.open(&sealed, "session a").is_some());
        assert!(
            newer.has_old() && !newer.is_present(&sealed) && !sealer.has_old() && sealer.is_present(&sealed)
        );
        assert!(newer.is_present(&newer.seal("a", "b")) && !newer.is_present(""));
        assert!(Sealer::new([2; 32], None).open(&sealed, "session a").is_none());
        for end in 0..sealed.len() {
            assert!(sealer.open(&sealed[..end], "session a").is_none());
        }
    }

    #[test]
    fn an_old_key_still_verifies() {
        let old = Signer { current: [1; 32], old: None };
        let new = Signer { current: [2; 32], old: Some([1; 32]) };
        let signature = old.sign("/a?b=1");
        assert!(new.verify("/a?b=1", &signature));
        assert!(!new.verify("/a?b=2", &signature));
        assert!(!old.verify("/a?b=1", &new.sign("/a?b=1")));
        assert!(!old.verify("/a?b=1", "!"));
        let tag: [u8; 12] = old.tag(b"a");
        assert!(old.is_tag(b"a", &tag) && new.is_tag(b"a", &tag));
        assert!(!new.is_tag(b"b", &tag) && !old.is_tag(b"a", &new.tag::<12>(b"a")));
        assert!(!old.is_tag(b"a", b""), "that says nothing");
    }

    #[tokio::test]
    async fn a_key_of_the_settings_has_the_kept_one_beside_it() {
        let directory = std::env::temp_dir().join(format!("yibi-keys-{}", random::short_id()));
        std::fs::create_dir(&directory).unwrap();
        let place = KeyPlace::Directory(directory.clone());
        let text = |key: u8| SecretString::from(BASE64.encode(&[key; 32]));
        let none = SecretString::default;
        assert_eq!(keys("sealing", &text(1), &none(), &place).await.unwrap(), ([1; 32], None));
        let (kept, _) = keys("sealing", &none(), &none(), &place).await.unwrap();
        assert_eq!(keys("sealing", &text(1), &none(), &place).await.unwrap(), ([1; 32], Some(kept)));
        let twice = keys("sealing", &text(2), &text(1), &place).await.unwrap();
        assert_eq!(twice, ([2; 32], Some([1; 32])));
        let own = SecretString::from(BASE64.encode(&kept));
        assert_eq!(keys("sealing", &own, &none(), &place).await.unwrap(), (kept, None));
        std::fs::remove_dir_all(&directory).unwrap();
    }

    #[tokio::test]
    async fn a_key_that_opens_something_is_carried() {
        let directory = std::env::temp_dir().join(format!("yibi-keys-{}", random::short_id()));
        let place = |name: &str| {
            std::fs::create_dir_all(directory.join(name)).unwrap();
            KeyPlace::Directory(directory.join(name))
        };
        let text = |key: u8| SecretString::from(BASE64.encode(&[key; 32]));
        let from = place("from");
        from.kept("sealing", &[1; 32]).await.unwrap();
        let none = SecretString::default;
        let rotated =
            settings::Keys { sealing: text(2), sealing_old: none(), signing: text(3), signing_old: none() };

        let to = place("rotated");
        assert_eq!(carry(&rotated, &from, &to).await.unwrap(), None);
        assert_eq!(to.known("sealing").await.unwrap(), Some([1; 32]));
        assert_eq!(to.known("signing").await.unwrap(), None);
        let other = place("other");
        other.kept("sealing", &[9; 32]).await.unwrap();
        assert_eq!(carry(&rotated, &from, &other).await.unwrap(), Some("sealing"));

        // The settings name all keys in use.
        for (sealing, sealing_old) in [(text(1), none()), (text(2), text(1))] {
            let named = settings::Keys { sealing, sealing_old, ..rotated.clone() };
            assert_eq!(carry(&named, &from, &other).await.unwrap(), None);
        }
        std::fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn a_key_file_is_made_once_and_private() {
        use std::os::unix::fs::PermissionsExt;
        let directory = std::env::temp_dir().join(format!("yibi-keys-{}", random::short_id()));
        std::fs::create_dir(&directory).unwrap();
        let first = kept_in_file(&directory, "sealing", &[7; 32]).unwrap();
        let second = kept_in_file(&directory, "sealing", &[8; 32]).unwrap();
        let mode = std::fs::metadata(directory.join("sealing.key")).unwrap().permissions().mode();
        assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 1);
        std::fs::remove_dir_all(&directory).unwrap();
        assert_eq!((first, second), (vec![7; 32], vec![7; 32]));
        assert_eq!(mode & 0o777, 0o600);
    }
}
