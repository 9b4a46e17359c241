use cdn_origin::{
    CdnOriginConnector,
    connector::CdnOriginBuilder,
    dial::{Dns, HickoryResolver, hickory_resolver},
};
use hickory_resolver::{
    TokioResolver,
    config::{NameServerConfig, ResolverConfig},
    net::runtime::TokioRuntimeProvider,
};

/// Asks one name server, over TLS (RFC 7858).
pub fn origin(server: NameServerConfig) -> Result<CdnOriginBuilder, Box<dyn std::error::Error>> {
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
    let provider = TokioRuntimeProvider::default();
    let resolver = TokioResolver::builder_with_config(config, provider).build()?;
    let dns = Dns::default().resolver(HickoryResolver::from(resolver));
    Ok(CdnOriginConnector::builder("https://www.example.com").dns(dns))
}
