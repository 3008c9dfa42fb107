//! RSA keys of version 3: the merchant's, which signs, and WeChat's, which verify.

use std::collections::HashMap;
use std::path::Path;

use data_encoding::{BASE64, HEXUPPER};
use ring::rand::SystemRandom;
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, SubjectPublicKeyInfoDer};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::x509::SubjectPublicKeyInfo;

use super::PayError;

/// Why a key or a directory of keys can't be used. The text names no content.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("{path} can't be read: {cause}")]
    Unreadable { path: String, cause: std::io::Error },
    /// The file has another content than its setting requires.
    #[error("{path} is not {expected}")]
    Content { path: String, expected: &'static str },
    /// The key is not the 32 characters that the merchant's console requires.
    #[error("{0} has not 32 characters")]
    Length(&'static str),
    /// A file is the merchant's own certificate or public key, which signs nothing that WeChat sends.
    #[error(
        "the key of {0} is the merchant's own: set WeChat Pay's public key (微信支付公钥) or platform certificate"
    )]
    OwnKey(String),
    /// Neither a public key nor a certificate of WeChat Pay is configured.
    #[error("there is no key of WeChat Pay: set pay.public_key_id and pay.public_key_file")]
    NoPlatformKey,
}

/// The private key of the merchant's API certificate.
pub(super) struct MerchantKey {
    pair: RsaKeyPair,
    random: SystemRandom,
}

impl MerchantKey {
    /// Reads a private key in PEM, in PKCS#8 as WeChat's tool writes it, or in PKCS#1.
    ///
    /// # Errors
    /// [`KeyError`].
    pub(super) fn read(path: &Path) -> Result<Self, KeyError> {
        let expected = "an RSA private key in PEM (apiclient_key.pem)";
        let wrong = || KeyError::Content { path: path.display().to_string(), expected };
        let pair = Self::decode(&read(path)?).ok_or_else(wrong)?;
        Ok(Self { pair, random: SystemRandom::new() })
    }

    fn decode(pem: &[u8]) -> Option<RsaKeyPair> {
        match PrivateKeyDer::from_pem_slice(pem).ok()? {
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).ok(),
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()).ok(),
            PrivateKeyDer::Sec1(_) | _ => None,
        }
    }

    /// The public half in DER (PKCS#1).
    pub(super) fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// Signs a text by RSA-SHA256, in base64.
    ///
    /// # Errors
    /// [`PayError::Refused`]: the call is not made.
    pub(super) fn sign(&self, text: &str) -> Result<String, PayError> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &self.random, text.as_bytes(), &mut signature)
            .map_err(|_| PayError::refused("LOCAL_KEY", "the private key does not sign"))?;
        Ok(BASE64.encode(&signature))
    }
}

/// WeChat's keys by their serials: a public key under its whole id (`PUB_KEY_ID_…`), platform certificates under the
/// upper-case hexadecimal serial. While a merchant changes from one to the other, notifications come with either.
pub(super) struct PlatformKeys {
    keys: HashMap<String, Vec<u8>>,
    preferred: String,
}

impl PlatformKeys {
    /// Reads the public key, if one is named, and each `*.pem` of the directory, if there is one.
    ///
    /// # Errors
    /// [`KeyError`].
    pub(super) fn read(
        public_key: Option<(&str, &Path)>,
        certificates: Option<&Path>,
    ) -> Result<Self, KeyError> {
        let mut keys = HashMap::new();
        let mut newest: Option<(i64, String)> = None;
        if let Some(directory) = certificates {
            for path in pem_files(directory)? {
                let (serial, ends, key) = read_certificate(&path)?;
                if newest.as_ref().is_none_or(|(end, _)| *end < ends) {
                    newest = Some((ends, serial.clone()));
                }
                keys.insert(serial, key);
            }
        }
        let mut preferred = newest.map(|(_, serial)| serial);
        if let Some((id, path)) = public_key {
            let expected = "a public key in PEM (pub_key.pem)";
            let wrong = || KeyError::Content { path: path.display().to_string(), expected };
            keys.insert(id.to_owned(), public_key_of_pem(&read(path)?).ok_or_else(wrong)?);
            preferred = Some(id.to_owned());
        }
        Ok(Self { keys, preferred: preferred.ok_or(KeyError::NoPlatformKey)? })
    }

    /// The serial that requests name: WeChat signs its replies with that key.
    pub(super) fn preferred(&self) -> &str {
        &self.preferred
    }

    /// The serial of a public key, if it is among these.
    pub(super) fn serial_of(&self, public: &[u8]) -> Option<&str> {
        self.keys.iter().find(|(_, key)| key.as_slice() == public).map(|(serial, _)| serial.as_str())
    }

    /// Whether the key of that serial made the signature of these parts.
    ///
    /// # Errors
    /// [`PayError::Signature`].
    pub(super) fn verify(&self, serial: &str, signature: &[u8], signed: &[u8]) -> Result<(), PayError> {
        let key = self.keys.get(serial).ok_or(PayError::Signature("its serial is unknown"))?;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key)
            .verify(signed, signature)
            .map_err(|_| PayError::Signature("it does not match"))
    }
}

/// The merchant's API certificate, compared with the private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MerchantCertificate {
    pub serial: String,
    /// Whether certificate and private key belong together.
    pub is_of_key: bool,
    /// End of the validity, in seconds since 1970.
    pub ends: i64,
}

impl MerchantCertificate {
    /// Reads the certificate at that path and compares it with the private key.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn read(certificate: &Path, private_key: &Path) -> Result<Self, KeyError> {
        let (serial, ends, public) = read_certificate(certificate)?;
        let is_of_key = MerchantKey::read(private_key)?.public() == public;
        Ok(Self { serial, is_of_key, ends })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, KeyError> {
    std::fs::read(path).map_err(|cause| KeyError::Unreadable { path: path.display().to_string(), cause })
}

/// The files of a directory whose names end in `.pem`, in order.
fn pem_files(directory: &Path) -> Result<Vec<std::path::PathBuf>, KeyError> {
    let failed = |cause| KeyError::Unreadable { path: directory.display().to_string(), cause };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "pem") {
            files.push(path);
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// Serial, end of validity (seconds since 1970) and public key of a certificate.
fn read_certificate(path: &Path) -> Result<(String, i64, Vec<u8>), KeyError> {
    let expected = "a certificate in PEM";
    let wrong = || KeyError::Content { path: path.display().to_string(), expected };
    let der = CertificateDer::from_pem_slice(&read(path)?).map_err(|_| wrong())?;
    let (_, certificate) = X509Certificate::from_der(&der).map_err(|_| wrong())?;
    // The sign byte of DER is no part of a serial.
    let bytes = certificate.raw_serial();
    let serial = HEXUPPER.encode(bytes.strip_prefix(&[0]).unwrap_or(bytes));
    let ends = certificate.validity().not_after.timestamp();
    Ok((serial, ends, certificate.public_key().subject_public_key.data.to_vec()))
}

/// The RSA key (PKCS#1) within a public key in PEM.
fn public_key_of_pem(pem: &[u8]) -> Option<Vec<u8>> {
    let der = SubjectPublicKeyInfoDer::from_pem_slice(pem).ok()?;
    let (_, info) = SubjectPublicKeyInfo::from_der(&der).ok()?;
    Some(info.subject_public_key.data.to_vec())
}
