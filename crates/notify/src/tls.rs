//! The TLS that both HTTP and SMTP use: rustls, trusting what the system trusts.

use std::sync::Arc;

use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::SettingsError;

/// What to trust: the system's authorities, and the certificates in `authority` (PEM) besides.
pub(crate) fn client(authority: Option<&str>) -> Result<Arc<ClientConfig>, SettingsError> {
    let mut roots = RootCertStore::empty();
    // One that cannot be read is not trusted; a connection that needs it says so.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(pem) = authority {
        let unreadable = || {
            SettingsError::new(
                "the certificate authority is not PEM with at least one certificate; give a file \
                 that begins with -----BEGIN CERTIFICATE-----",
            )
        };
        let mut added = 0;
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate = certificate.map_err(|_| unreadable())?;
            roots.add(certificate).map_err(|_| unreadable())?;
            added += 1;
        }
        if added == 0 {
            return Err(unreadable());
        }
    }
    // Named here, since more than one provider is built in and none of them is the default.
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config =
        config.map_err(|error| SettingsError::new(format!("TLS is not usable: {error}")))?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}
