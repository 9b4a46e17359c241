//! Any text as a name, a URL or a pin: what is accepted prints as text that is accepted as the same.

use std::{
    fmt::{Debug, Display},
    str::FromStr,
};

use cdn_origin::{
    CdnOriginConnector, HostRewriteLayer, SpkiPin, VerifyPolicy,
    name::{DialTarget, DnsName, ExpectedName, Host, HostAuthority, Sni},
    origin::OriginUrl,
    proxy::Via,
    response_rewrite::PathPrefix,
    tls::CertificatePin,
};
use http::{HeaderValue, Uri, uri::Authority};

use super::text::is_dangerous;

/// The input is a text.
///
/// Returns `Some` if the text is a host or a URL.
pub fn run(bytes: &[u8]) -> Option<()> {
    let text = String::from_utf8_lossy(bytes);
    let name: Option<DnsName> = round_trip(&text);
    if let Some(name) = &name {
        let name = name.as_str();
        assert!(name.len() <= 253 && !name.ends_with('.') && !name.contains(char::is_uppercase));
        assert!(matches!(Host::try_from(name), Ok(Host::Dns(_))));
    }
    let host: Option<Host> = round_trip(&text);
    round_trip::<DialTarget>(&text);
    round_trip::<Sni>(&text);
    round_trip::<ExpectedName>(&text);
    let authority: Option<HostAuthority> = round_trip(&text);
    if let Some(authority) = &authority {
        let field = HeaderValue::from(authority);
        assert_eq!(field.as_bytes(), authority.as_str().as_bytes());
        let parsed: Authority = authority.as_str().parse().expect("an authority");
        assert!(!parsed.host().is_empty() && !authority.as_str().contains('@'));
        assert!(HostRewriteLayer::to(authority).is_ok());
    }
    let url: Option<OriginUrl> = round_trip(&text);
    if let Some(url) = &url {
        build(&url.to_string());
    }
    if let Ok(uri) = text.parse::<Uri>() {
        check_refusal(OriginUrl::try_from(&uri));
    }
    round_trip::<SpkiPin>(&text);
    round_trip::<CertificatePin>(&text);
    check_refusal(Via::named(&text));
    check_refusal(text.parse::<PathPrefix>());
    (host.is_some() || url.is_some()).then_some(())
}

/// Parses the text, and what the outcome prints.
fn round_trip<T>(text: &str) -> Option<T>
where
    T: FromStr<Err: Display> + Display + Debug + PartialEq,
{
    let parsed = check_refusal(text.parse::<T>())?;
    let printed = parsed.to_string();
    assert!(!printed.contains(is_dangerous), "{printed:?}");
    if printed.contains('\\') {
        // The path of a socket, with an escaped character.
        return Some(parsed);
    }
    match printed.parse::<T>() {
        Ok(again) => assert_eq!(again, parsed),
        Err(error) => panic!("{text:?} prints as {printed:?}, which is refused: {error}"),
    }
    Some(parsed)
}

/// Fails if the text of the error would act on a terminal.
fn check_refusal<T>(outcome: Result<T, impl Display>) -> Option<T> {
    outcome
        .map_err(|error| {
            let text = error.to_string();
            assert!(!text.contains(is_dangerous), "{text:?}");
        })
        .ok()
}

/// A connector of the URL has four names, and prints no advice that would act on a terminal.
fn build(url: &str) {
    let pin = SpkiPin::sha256([0; 32]);
    let builder = CdnOriginConnector::builder(url).verify(VerifyPolicy::pinned(pin));
    let Some(connector) = check_refusal(builder.build()) else {
        return;
    };
    let origin = connector.origin().expect("a fixed origin");
    assert_eq!(origin.url().to_string(), url);
    assert!(origin.host().as_str().parse::<Authority>().is_ok());
    for advice in connector.advice() {
        assert!(!advice.to_string().contains(is_dangerous), "{advice}");
    }
}
