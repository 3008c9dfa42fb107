//! A temporary certificate authority, made by `openssl`, and a TLS server with its certificates.

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::{TempDir, install_tls, unique};

#[derive(Debug)]
pub struct Authority {
    directory: TempDir,
}

/// A certificate with its key, and the files that hold them.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The certificate and its chain (PEM).
    pub chain: PathBuf,
    /// The private key (PEM).
    pub key: PathBuf,
}

impl Authority {
    #[must_use]
    pub fn new() -> Self {
        let directory = TempDir::new();
        let authority = Self { directory };
        // Authorities need distinct names: with equal names, verification reports a wrong signature instead of an
        // unknown authority.
        let subject = format!("/CN=throw-away {}", unique());
        authority.openssl(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "30",
            "-subj",
            &subject,
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
        ]);
        authority
    }

    /// The root certificate (PEM).
    #[must_use]
    pub fn root(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// Issues a certificate for a name or an IP address that expires in `days`, or has expired if negative.
    #[must_use]
    pub fn issue(&self, name: &str, days: i32) -> Certificate {
        let file = |ending: &str| format!("{name}{days}.{ending}");
        let (key, request, chain) = (file("key"), file("csr"), file("pem"));
        let kind = if name.parse::<IpAddr>().is_ok() { "IP" } else { "DNS" };
        let (subject, alternative) = (format!("/CN={name}"), format!("subjectAltName={kind}:{name}"));
        self.openssl(&[
            "req",
            "-new",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            &subject,
            "-addext",
            &alternative,
            "-keyout",
            &key,
            "-out",
            &request,
        ]);
        self.openssl(&[
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            &days.to_string(),
            "-copy_extensions",
            "copy",
            "-out",
            &chain,
        ]);
        Certificate { chain: self.directory.path().join(chain), key: self.directory.path().join(key) }
    }

    fn openssl(&self, arguments: &[&str]) {
        let made =
            Command::new("openssl").args(arguments).current_dir(self.directory.path()).output().unwrap();
        assert!(made.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&made.stderr));
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

/// Serves TLS with this certificate on a loopback port and replies `answer` to each connection, until the runtime ends.
pub async fn serve(certificate: &Certificate, answer: &'static str) -> std::net::SocketAddr {
    install_tls();
    let chain = CertificateDer::pem_file_iter(&certificate.chain).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(&certificate.key).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            // A disconnected peer is ignored.
            let Ok(mut stream) = acceptor.accept(tcp).await else { continue };
            let mut asked = [0; 1024];
            let _ = stream.read(&mut asked).await;
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    address
}
