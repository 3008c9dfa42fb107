//! The merchant's account: its number, its keys, and those of the simulated WeChat Pay.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The merchant's number (商户号).
pub const MERCHANT_ID: &str = "1900000001";
/// Serial of the merchant's API certificate.
pub const MERCHANT_SERIAL: &str = "5157570DEAD5E55E000000000000000000000002";
/// Id of WeChat Pay's public key.
pub const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0119000000012026112800000000000001";
/// Serial of WeChat Pay's platform certificate.
pub(super) const CERTIFICATE_SERIAL: &str = "5157570DEAD5E55E000000000000000000000001";
/// The APIv3 key.
pub const API_V3_KEY: &str = "the-APIv3-key-of-the-simulator-1";
/// The key of version 2.
pub const V2_KEY: &str = "the-API-v2-key-of-the-simulator1";

pub(super) const MERCHANT_KEY: &[u8] = include_bytes!("../../keys/merchant.key.pem");
pub(super) const PLATFORM_KEY: &[u8] = include_bytes!("../../keys/platform.key.pem");
pub(super) const CERTIFICATE_KEY: &[u8] = include_bytes!("../../keys/certificate.key.pem");
pub(super) const FOREIGN_KEY: &[u8] = include_bytes!("../../keys/foreign.key.pem");
const MERCHANT_CERTIFICATE: &[u8] = include_bytes!("../../keys/merchant.pem");
const PUBLIC_KEY: &[u8] = include_bytes!("../../keys/platform.pub.pem");
const CERTIFICATE: &[u8] = include_bytes!("../../keys/certificate.pem");

/// The merchant's key files, as WeChat Pay's console and its tools give them out.
#[derive(Debug, Clone)]
pub struct KeyFiles {
    pub api_v3_key: PathBuf,
    pub private_key: PathBuf,
    pub public_key: PathBuf,
    /// The directory of platform certificates.
    pub certificates: PathBuf,
    pub v2_key: PathBuf,
}

impl KeyFiles {
    /// Writes the files into a directory, which is created if need be.
    ///
    /// # Errors
    /// When a file can't be written.
    pub fn write(directory: &Path) -> std::io::Result<Self> {
        let certificates = directory.join("certificates");
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&certificates)?;
        let write = |name: &str, content: &[u8]| -> std::io::Result<PathBuf> {
            let path = directory.join(name);
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create(true).truncate(true).mode(0o600).open(&path)?.write_all(content)?;
            Ok(path)
        };
        write("certificates/platform.pem", CERTIFICATE)?;
        write("apiclient_cert.pem", MERCHANT_CERTIFICATE)?;
        Ok(Self {
            api_v3_key: write("api-v3.key", API_V3_KEY.as_bytes())?,
            private_key: write("apiclient_key.pem", MERCHANT_KEY)?,
            public_key: write("pub_key.pem", PUBLIC_KEY)?,
            certificates,
            v2_key: write("api-v2.key", V2_KEY.as_bytes())?,
        })
    }
}
