//! The certificate and the handshake, as a phone sees them.
//!
//! The handshake accepts any certificate, and no secret is sent over it; the chain is then verified against
//! the roots of browsers, so that the finding can name the fault.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, ProtocolVersion, RootCertStore,
    SignatureScheme,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::Finding;

/// Time-out of connecting, of the handshake, and of the request.
const PATIENCE: Duration = Duration::from_secs(5);
/// Remaining days at which a certificate should have been renewed.
const RENEW_DAYS: i64 = 14;
/// Maximum length of an answer in bytes.
const LONGEST: u64 = 16 * 1024;

pub(super) async fn look(host: &str, address: SocketAddr, ca: Option<&Path>) -> Vec<Finding> {
    let Some(witness) = Witness::new(ca) else {
        let file = ca.map(|file| file.display().to_string()).unwrap_or_default();
        let to_do = "name a file of certificates in PEM";
        return vec![Finding::error("certificate", format!("--ca {file} can't be read"), to_do)];
    };
    let witness = Arc::new(witness);
    let stream = match shake_hands(host, address, Arc::clone(&witness)).await {
        Ok(stream) => stream,
        Err(finding) => return vec![finding],
    };
    let mut findings = witness.testimony(host);
    findings.extend(protocol(&stream));
    findings.push(first_proof(host, stream).await);
    findings
}

async fn shake_hands(
    host: &str,
    address: SocketAddr,
    witness: Arc<Witness>,
) -> Result<TlsStream<TcpStream>, Finding> {
    let connected = tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await;
    let Ok(Ok(tcp)) = connected else {
        return Err(Finding::error(
            "tls",
            format!("nobody answers at {address}"),
            "is nginx running, and does the firewall or security group let 443 in? A machine that can't reach \
             its own public address may be asked with --at 127.0.0.1:443",
        ));
    };
    let config =
        ClientConfig::builder().dangerous().with_custom_certificate_verifier(witness).with_no_client_auth();
    let name = ServerName::try_from(host.to_owned());
    let Ok(name) = name else {
        return Err(Finding::error(
            "tls",
            format!("{host} is no name for TLS"),
            "see the line of the domain",
        ));
    };
    let shaken = tokio::time::timeout(PATIENCE, TlsConnector::from(Arc::new(config)).connect(name, tcp));
    match shaken.await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(Finding::error(
            "tls",
            format!("no handshake with {address} ({error})"),
            "serve TLS there with ssl_protocols TLSv1.2 TLSv1.3 and a certificate",
        )),
        Err(_) => Err(Finding::error(
            "tls",
            format!("{address} does not shake hands"),
            "is it nginx that listens there, with `listen 443 ssl`?",
        )),
    }
}

fn protocol(stream: &TlsStream<TcpStream>) -> Option<Finding> {
    let version = stream.get_ref().1.protocol_version()?;
    let shown = if version == ProtocolVersion::TLSv1_3 { "1.3" } else { "1.2" };
    Some(Finding::ok("tls", format!("speaks TLS {shown}; WeChat asks for 1.2 at least")))
}

/// Requests `/`, whose answer contains this program's name.
async fn first_proof(host: &str, mut stream: TlsStream<TcpStream>) -> Finding {
    let asked = async {
        let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAccept: */*\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        // A peer that closes without a TLS close_notify has still sent its answer.
        let _ = (&mut stream).take(LONGEST).read_to_end(&mut answer).await;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&answer).into_owned())
    };
    let answer = match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) | Err(_) => String::new(),
    };
    let status = answer.split_whitespace().nth(1).unwrap_or("nothing").to_owned();
    if answer.contains("\"name\":\"yibi\"") {
        Finding::ok("nginx", format!("https://{host}/ is answered by yibi"))
    } else if matches!(status.as_str(), "502" | "503" | "504") {
        Finding::warning("nginx", format!("https://{host}/ answers {status}"), "start the server behind it")
    } else {
        Finding::error(
            "nginx",
            format!("https://{host}/ answers {status}, and not as yibi"),
            "pass /, /api/, /applet/ and /wx/ on to http.listen",
        )
    }
}

/// Records the server's chain and the error of its verification.
struct Witness {
    verifier: Arc<WebPkiServerVerifier>,
    extra_roots: bool,
    seen: Mutex<Option<Seen>>,
}

struct Seen {
    chain: Vec<CertificateDer<'static>>,
    fault: Option<Error>,
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Witness").finish_non_exhaustive()
    }
}

impl Witness {
    fn new(ca: Option<&Path>) -> Option<Self> {
        let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        if let Some(ca) = ca {
            let further: Vec<_> = CertificateDer::pem_file_iter(ca).ok()?.collect::<Result<_, _>>().ok()?;
            let (added, _) = roots.add_parsable_certificates(further);
            if added == 0 {
                return None;
            }
        }
        let verifier = WebPkiServerVerifier::builder(Arc::new(roots)).build().ok()?;
        Some(Self { verifier, extra_roots: ca.is_some(), seen: Mutex::new(None) })
    }

    fn testimony(&self, host: &str) -> Vec<Finding> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Seen { chain, fault }) = seen else { return Vec::new() };
        let ends = chain.first().and_then(ends_at);
        let until = ends.map(|at| at.to_string()).unwrap_or_default();
        if let Some(fault) = fault {
            return vec![fault_of(host, &fault, &until, chain.len())];
        }
        let days = ends.map_or(0, |at| (at.as_second() - jiff::Timestamp::now().as_second()) / 86_400);
        let whose =
            if self.extra_roots { "a root that browsers or --ca have" } else { "a root that browsers have" };
        let text =
            format!("good for {host} until {until} ({days} days), {} in the chain, {whose}", chain.len());
        vec![if days < RENEW_DAYS {
            Finding::warning("certificate", text, "renew it now, and see why it was not renewed by itself")
        } else {
            Finding::ok("certificate", text)
        }]
    }
}

fn ends_at(certificate: &CertificateDer<'_>) -> Option<jiff::Timestamp> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    jiff::Timestamp::from_second(parsed.validity().not_after.timestamp()).ok()
}

fn fault_of(host: &str, fault: &Error, until: &str, chain: usize) -> Finding {
    let error = |text: String, to_do: &str| Finding::error("certificate", text, to_do);
    let Error::InvalidCertificate(fault) = fault else {
        return error(format!("can't be verified ({fault})"), "get one from a public authority");
    };
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are told in rustls' words")]
    let known = match fault {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Some(error(
            format!("ended at {until}"),
            "renew it (certbot renew, or the console of the cloud) and reload nginx",
        )),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            Some(error("is not valid yet".to_owned(), "is the clock of this machine right?"))
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Some(error(
            format!("is not for {host}"),
            "get one that names this domain; *.example.com covers one level alone",
        )),
        CertificateError::UnknownIssuer if chain < 2 => Some(error(
            "comes alone or from nobody that phones know".to_owned(),
            "have ssl_certificate name the full chain (fullchain.pem): Android fetches no missing links; \
             WeChat takes no self-signed ones",
        )),
        CertificateError::UnknownIssuer => Some(error(
            format!("{chain} in the chain, and none leads to a root that phones know"),
            "put the intermediate certificates behind your own in their order, or get one from a public authority",
        )),
        _ => None,
    };
    known.unwrap_or_else(|| error(format!("can't be verified ({fault})"), "get one from a public authority"))
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified =
            self.verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let chain = std::iter::once(end_entity).chain(intermediates);
        let seen = Seen { chain: chain.map(|one| one.clone().into_owned()).collect(), fault: verified.err() };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}
