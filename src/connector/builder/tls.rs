//! The builder's finer points of TLS.

use std::sync::Arc;

use crate::tls::{ClientIdentity, Fips, MasterSecret, Parameters, rustls::KeyLog};

use super::CdnOriginBuilder;

/// The finer points of TLS. All of them have defaults that rarely want changing; see
/// [the guide](crate::guide::tls_knobs).
impl CdnOriginBuilder {
    /// Presents this certificate to an origin that asks for one.
    pub fn client_identity(mut self, identity: ClientIdentity) -> Self {
        self.tls("client_identity").identity = Some(identity);
        self
    }

    /// Offers these cipher suites, in this order, by their [IANA names]. By default those of the
    /// crypto provider.
    ///
    /// One list holds for all versions: each version that is offered needs a suite of its own.
    ///
    /// ```
    /// use cdn_origin::CdnOriginConnector;
    ///
    /// # let policy = cdn_origin::VerifyPolicy::pinned(cdn_origin::SpkiPin::sha256([0; 32]));
    /// let connector = CdnOriginConnector::builder("https://www.example.com")
    ///     .cipher_suites(["TLS_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"])
    /// #   .verify(policy)
    ///     .build()?;
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    ///
    /// [IANA names]: https://www.iana.org/assignments/tls-parameters/tls-parameters.xhtml#tls-parameters-4
    pub fn cipher_suites<S>(mut self, names: impl IntoIterator<Item = S>) -> Self
    where
        S: Into<String>,
    {
        self.tls("cipher_suites").parameters.cipher_suites =
            Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Offers these key exchange groups, in this order, by their [IANA names] such as
    /// `X25519MLKEM768`, `x25519`, `secp256r1`. By default those of the crypto provider. A key
    /// share is sent for the first; an origin that wants another asks for it with one more round
    /// trip.
    ///
    /// [IANA names]: https://www.iana.org/assignments/tls-parameters/tls-parameters.xhtml#tls-parameters-8
    pub fn key_exchange_groups<S>(mut self, names: impl IntoIterator<Item = S>) -> Self
    where
        S: Into<String>,
    {
        self.tls("key_exchange_groups").parameters.groups =
            Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Offers these signature schemes, in this order, by their [IANA names] such as
    /// `ecdsa_secp256r1_sha256`, `rsa_pss_rsae_sha256`, and takes no other one in a handshake. By
    /// default those of the crypto provider. Signatures within certificates may be of any scheme
    /// that the provider knows.
    ///
    /// [IANA names]: https://www.iana.org/assignments/tls-parameters/tls-parameters.xhtml#tls-signaturescheme
    pub fn signature_schemes<S>(mut self, names: impl IntoIterator<Item = S>) -> Self
    where
        S: Into<String>,
    {
        self.tls("signature_schemes").parameters.signature_schemes =
            Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Sends records of this many bytes at most, from 32 to 16 389, header included. By default as
    /// large as TLS allows.
    pub fn max_record_size(mut self, bytes: usize) -> Self {
        self.tls("max_record_size").parameters.record_size = Some(bytes);
        self
    }

    /// Writes the secrets of every connection to this log: whoever has it can read the traffic. The
    /// connector's [advice](crate::CdnOriginConnector::advice) says so.
    pub fn key_log(mut self, log: Arc<dyn KeyLog>) -> Self {
        self.tls("key_log").parameters.key_log = Some(log);
        self
    }

    /// [Logs the secrets](Self::key_log) to the file that the environment variable `SSLKEYLOGFILE`
    /// names, if it names one, in the format that Wireshark reads. Without this call the variable
    /// means nothing.
    pub fn key_log_from_environment(mut self) -> Self {
        self.tls("key_log_from_environment").parameters.key_log =
            Parameters::key_log_of_environment();
        self
    }

    /// Refuses to build unless everything in use is FIPS-approved. rustls' own feature `fips` makes
    /// the default provider so; a [provider of your own](Self::crypto_provider) may be.
    pub fn require_fips(mut self) -> Self {
        self.tls("require_fips").parameters.fips = Fips::Required;
        self
    }

    /// Refuses TLS 1.2 without an extended master secret ([RFC
    /// 7627](https://www.rfc-editor.org/rfc/rfc7627)).
    pub fn require_extended_master_secret(mut self) -> Self {
        self.tls("require_extended_master_secret")
            .parameters
            .master_secret = MasterSecret::Extended;
        self
    }

    /// Encrypts the ClientHello, and with it the name in SNI, or pretends to: with a given
    /// configuration, with that of the `HTTPS` record, or with none. By default neither. The last
    /// call counts. It needs the feature `aws-lc-rs`, too.
    #[cfg(feature = "ech")]
    #[cfg_attr(cdn_origin_docsrs, doc(cfg(feature = "ech")))]
    pub fn ech(mut self, ech: crate::tls::Ech) -> Self {
        self.tls("ech").ech = Some(ech);
        self
    }

    /// Offers certificate compression ([RFC 8879](https://www.rfc-editor.org/rfc/rfc8879)) with
    /// brotli and zlib, for origins with long chains.
    #[cfg(feature = "certificate-compression")]
    #[cfg_attr(cdn_origin_docsrs, doc(cfg(feature = "certificate-compression")))]
    pub fn compressed_certificates(mut self) -> Self {
        self.tls("compressed_certificates").parameters.compression =
            crate::tls::Compression::Offered;
        self
    }
}
