//! `TlsParameters`: cipher suites, groups, signature schemes and other details of the handshake.

use std::sync::Arc;

use rustls::{ClientConfig, KeyLog, KeyLogFile, crypto::CryptoProvider};

use crate::error::{BuildProblem, BuildProblemKind};

/// Details of the TLS handshake. Few programs need to set one.
///
/// | call | default |
/// |---|---|
/// | [`crypto_provider`](Self::crypto_provider) | the process's, else aws-lc-rs, else ring |
/// | [`cipher_suites`](Self::cipher_suites) | those of the crypto provider |
/// | [`key_exchange_groups`](Self::key_exchange_groups) | those of the crypto provider |
/// | [`signature_schemes`](Self::signature_schemes) | those of the crypto provider |
/// | [`max_record_size`](Self::max_record_size) | 16 KiB of data, the limit of TLS |
/// | [`key_log`](Self::key_log) | none |
/// | [`key_log_from_environment`](Self::key_log_from_environment) | none |
/// | [`require_fips`](Self::require_fips) | not required |
/// | [`require_extended_master_secret`][ems] | not required |
/// | `compressed_certificates`, feature `certificate-compression` | not offered |
///
/// The [guide](crate::guide::tls_knobs) compares them with those of nginx, HAProxy and Envoy.
///
/// [ems]: Self::require_extended_master_secret
///
/// ```
/// use cdn_origin::{CdnOriginConnector, tls::TlsParameters};
///
/// let parameters = TlsParameters::default()
///     .key_exchange_groups(["X25519MLKEM768", "x25519"])
///     .require_extended_master_secret();
/// # let policy = cdn_origin::VerifyPolicy::pinned(cdn_origin::SpkiPin::sha256([0; 32]));
/// let connector = CdnOriginConnector::builder("https://www.example.com")
///     .tls_parameters(parameters)
/// #   .verify(policy)
///     .build()?;
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "these parameters do nothing until a builder is given them"]
pub struct TlsParameters {
    pub(super) provider: Option<Arc<CryptoProvider>>,
    pub(crate) cipher_suites: Option<Vec<String>>,
    pub(crate) groups: Option<Vec<String>>,
    pub(crate) signature_schemes: Option<Vec<String>>,
    pub(crate) record_size: Option<usize>,
    pub(super) key_log: Option<Arc<dyn KeyLog>>,
    pub(super) fips: Fips,
    master_secret: MasterSecret,
    #[cfg(feature = "certificate-compression")]
    compression: Compression,
    /// The setters that were called, each once.
    called: Vec<&'static str>,
}

/// Whether a connector that is not in FIPS mode is refused.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Fips {
    #[default]
    NotRequired,
    Required,
}

/// Whether TLS 1.2 without an extended master secret (RFC 7627) is refused.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum MasterSecret {
    #[default]
    Either,
    Extended,
}

/// Whether certificates may come compressed (RFC 8879).
#[cfg(feature = "certificate-compression")]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Compression {
    #[default]
    Plain,
    Offered,
}

impl TlsParameters {
    /// Sets the crypto provider.
    ///
    /// The default is the process's default provider (`CryptoProvider::install_default`), else
    /// aws-lc-rs, else ring, if the crate's features include them. `build()` fails if there is
    /// none.
    ///
    /// ```
    /// # #[cfg(feature = "aws-lc-rs")] {
    /// use cdn_origin::tls::{TlsParameters, rustls::crypto::aws_lc_rs};
    ///
    /// let parameters = TlsParameters::default().crypto_provider(aws_lc_rs::default_provider());
    /// # }
    /// ```
    pub fn crypto_provider(mut self, provider: impl Into<Arc<CryptoProvider>>) -> Self {
        self.provider = Some(provider.into());
        self.called("TlsParameters::crypto_provider")
    }

    /// Offers these cipher suites, in this order, by their [IANA names].
    ///
    /// The default is the crypto provider's list. One list holds for all versions: each offered
    /// version needs a suite of its own, or `build()` fails. It also fails for an empty list and
    /// for a name that the provider does not have.
    ///
    /// ```
    /// use cdn_origin::tls::TlsParameters;
    ///
    /// let parameters = TlsParameters::default()
    ///     .cipher_suites(["TLS_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"]);
    /// ```
    ///
    /// [IANA names]: https://www.iana.org/assignments/tls-parameters#tls-parameters-4
    pub fn cipher_suites<S>(mut self, names: impl IntoIterator<Item = S>) -> Self
    where
        S: Into<String>,
    {
        self.cipher_suites = Some(names.into_iter().map(Into::into).collect());
        self.called("TlsParameters::cipher_suites")
    }

    /// Offers these key exchange groups, in this order, by their [IANA names].
    ///
    /// The default is the crypto provider's list. The ClientHello carries a key share for the first
    /// group; an origin that wants another one asks for it, which costs a round trip ([RFC 8446
    /// section 4.2.8]). `build()` fails as for [`cipher_suites`](Self::cipher_suites).
    ///
    /// ```
    /// use cdn_origin::tls::TlsParameters;
    ///
    /// let parameters = TlsParameters::default().key_exchange_groups(["secp256r1", "x25519"]);
    /// ```
    ///
    /// [IANA names]: https://www.iana.org/assignments/tls-parameters#tls-parameters-8
    /// [RFC 8446 section 4.2.8]: https://www.rfc-editor.org/rfc/rfc8446#section-4.2.8
    pub fn key_exchange_groups<S>(mut self, names: impl IntoIterator<Item = S>) -> Self
    where
        S: Into<String>,
    {
        self.groups = Some(names.into_iter().map(Into::into).collect());
        self.called("TlsParameters::key_exchange_groups")
    }

    /// Offers these signature schemes, in this order, by their [IANA names].
    ///
    /// The default is the crypto provider's list. A handshake that is signed with another scheme
    /// fails. Signatures inside certificates may use any scheme of the provider. `build()` fails as
    /// for [`cipher_suites`](Self::cipher_suites).
    ///
    /// ```
    /// use cdn_origin::tls::TlsParameters;
    ///
    /// let parameters = TlsParameters::default()
    ///     .signature_schemes(["ecdsa_secp256r1_sha256", "rsa_pss_rsae_sha256"]);
    /// ```
    ///
    /// [IANA names]: https://www.iana.org/assignments/tls-parameters#tls-signaturescheme
    pub fn signature_schemes<S>(mut self, names: impl IntoIterator<Item = S>) -> Self
    where
        S: Into<String>,
    {
        self.signature_schemes = Some(names.into_iter().map(Into::into).collect());
        self.called("TlsParameters::signature_schemes")
    }

    /// Sets the maximum size of a record that is sent, in bytes, its header of 5 bytes included.
    ///
    /// The default is the limit of TLS ([RFC 8446 section 5.1]). `build()` fails outside of 32 to
    /// 16,389 bytes.
    ///
    /// ```
    /// use cdn_origin::tls::TlsParameters;
    ///
    /// // One record fits into one TCP segment.
    /// let parameters = TlsParameters::default().max_record_size(1400);
    /// ```
    ///
    /// [RFC 8446 section 5.1]: https://www.rfc-editor.org/rfc/rfc8446#section-5.1
    pub fn max_record_size(mut self, bytes: usize) -> Self {
        self.record_size = Some(bytes);
        self.called("TlsParameters::max_record_size")
    }

    /// Writes the secrets of every connection to this log.
    ///
    /// The default is none. **A reader of the log can decrypt the traffic.** The connector's
    /// [advice](crate::CdnOriginConnector::advice) reports that secrets are logged.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use cdn_origin::tls::{TlsParameters, rustls::KeyLogFile};
    ///
    /// let parameters = TlsParameters::default().key_log(Arc::new(KeyLogFile::new()));
    /// ```
    pub fn key_log(mut self, log: Arc<dyn KeyLog>) -> Self {
        self.key_log = Some(log);
        self.called("TlsParameters::key_log")
    }

    /// [Logs the secrets](Self::key_log) to the file that `SSLKEYLOGFILE` names.
    ///
    /// The file has the format that Wireshark reads ([RFC 9850]). If the environment variable is
    /// not set, nothing is logged. Without this call, the variable has no effect.
    ///
    /// ```
    /// use cdn_origin::tls::TlsParameters;
    ///
    /// let parameters = TlsParameters::default().key_log_from_environment();
    /// ```
    ///
    /// [RFC 9850]: https://www.rfc-editor.org/rfc/rfc9850
    pub fn key_log_from_environment(mut self) -> Self {
        self.key_log = std::env::var_os("SSLKEYLOGFILE")
            .map(|_| -> Arc<dyn KeyLog> { Arc::new(KeyLogFile::new()) });
        self.called("TlsParameters::key_log_from_environment")
    }

    /// Requires that everything in use is FIPS-approved; otherwise `build()` fails.
    ///
    /// rustls' feature `fips` makes the default provider an approved one. A
    /// [provider of your own](Self::crypto_provider) may be approved, too.
    ///
    /// ```
    /// use cdn_origin::tls::TlsParameters;
    ///
    /// let parameters = TlsParameters::default().require_fips();
    /// ```
    pub fn require_fips(mut self) -> Self {
        self.fips = Fips::Required;
        self.called("TlsParameters::require_fips")
    }

    /// Refuses TLS 1.2 without an extended master secret ([RFC 7627]).
    ///
    /// By default, the extension is offered, and an origin without it is accepted. TLS 1.3 always
    /// has the same protection.
    ///
    /// ```
    /// use cdn_origin::tls::TlsParameters;
    ///
    /// let parameters = TlsParameters::default().require_extended_master_secret();
    /// ```
    ///
    /// [RFC 7627]: https://www.rfc-editor.org/rfc/rfc7627
    pub fn require_extended_master_secret(mut self) -> Self {
        self.master_secret = MasterSecret::Extended;
        self.called("TlsParameters::require_extended_master_secret")
    }

    /// Offers certificate compression ([RFC 8879]) with brotli and zlib.
    ///
    /// By default, none is offered. It saves a round trip where an origin's chain is long.
    ///
    /// ```
    /// use cdn_origin::tls::TlsParameters;
    ///
    /// let parameters = TlsParameters::default().compressed_certificates();
    /// ```
    ///
    /// [RFC 8879]: https://www.rfc-editor.org/rfc/rfc8879
    #[cfg(feature = "certificate-compression")]
    #[cfg_attr(cdn_origin_docsrs, doc(cfg(feature = "certificate-compression")))]
    pub fn compressed_certificates(mut self) -> Self {
        self.compression = Compression::Offered;
        self.called("TlsParameters::compressed_certificates")
    }

    fn called(mut self, setter: &'static str) -> Self {
        if !self.called.contains(&setter) {
            self.called.push(setter);
        }
        self
    }

    /// The setters that were called, each once, in the order of their first call.
    pub(crate) fn setters(&self) -> &[&'static str] {
        &self.called
    }

    /// Sets everything except the selected cryptography in the configuration.
    pub(super) fn apply(&self, config: &mut ClientConfig, problems: &mut Vec<BuildProblem>) {
        /// The bounds of rustls, which counts the five bytes of the record's header.
        const RECORD_SIZES: std::ops::RangeInclusive<usize> = 32..=16_389;
        if let Some(size) = self.record_size {
            config.max_fragment_size = Some(size);
            if !RECORD_SIZES.contains(&size) {
                let why = format!("a record of {size} bytes is out of range: it takes 32 to 16389");
                problems.push(BuildProblem::new(
                    "TlsParameters::max_record_size",
                    BuildProblemKind::OutOfRange,
                    why,
                ));
            }
        }
        if let Some(key_log) = &self.key_log {
            config.key_log = key_log.clone();
        }
        if self.master_secret == MasterSecret::Extended {
            config.require_ems = true;
        }
        self.apply_compression(config);
        if self.fips == Fips::Required && !config.fips() {
            let why = "the crypto provider, or the selection from it, is not FIPS-approved: the \
                       feature `fips` of rustls brings an approved provider";
            problems.push(BuildProblem::new(
                "TlsParameters::require_fips",
                BuildProblemKind::Unsupported,
                why,
            ));
        }
    }

    /// Offers compression only on request.
    ///
    /// rustls offers it whenever any crate of the program enables its feature for it.
    fn apply_compression(&self, config: &mut ClientConfig) {
        #[cfg(feature = "certificate-compression")]
        if self.compression == Compression::Offered {
            return;
        }
        config.cert_decompressors = Vec::new();
    }
}
