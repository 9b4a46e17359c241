//! Origin URLs, from text and from request URIs.

use cdn_origin::origin::OriginUrl;
use http::Uri;

use super::problem::{NameProblem, problem_of};
use super::{character, refuses};

#[test]
fn origin_urls_are_a_scheme_a_host_and_a_port() {
    for text in [
        "https://example.com",
        "HTTPS://example.com",
        "Http://example.com/",
        "https://example.com.:8443/",
        "https://192.0.2.1",
        "https://[2001:db8::1]:8443",
    ] {
        assert!(text.parse::<OriginUrl>().is_ok(), "{text}");
    }
    let scheme = "it must start with \"https://\" or \"http://\"";
    for text in [
        "example.com",
        "example.com:443",
        "ftp://example.com",
        "wss://example.com",
        "https:example.com",
        "https:/example.com",
        "//example.com",
        "://example.com",
        " https://example.com",
        "https ://example.com",
    ] {
        let message = format!("origin {text:?}: {scheme}");
        refuses::<OriginUrl>(&[(text, &message, NameProblem::Scheme)]);
    }
}

#[test]
fn an_origin_url_with_a_path_or_query_is_refused_with_its_position() {
    let table = [
        ("https://example.com/base", '/', 19),
        ("https://example.com//", '/', 19),
        ("https://example.com:8443/base", '/', 24),
        ("https://example.com?token=sekret", '?', 19),
        ("https://example.com/?token=sekret", '/', 19),
        ("https://example.com#sekret", '#', 19),
    ];
    for (text, found, at) in table {
        let problem = NameProblem::PathOrQuery { found, at };
        let message = format!("origin {:?}: {problem}", &text[..at]);
        refuses::<OriginUrl>(&[(text, &message, problem)]);
    }
}

#[test]
fn an_origin_urls_authority_is_a_dial_target() {
    for (text, problem) in [
        ("https://", NameProblem::NoHost),
        ("https://:443", NameProblem::NoHost),
        ("https:///example.com", NameProblem::NoHost),
        ("https://?token=sekret", NameProblem::NoHost),
        ("https://exa mple.com", character(' ', 3)),
        ("https://example.com\\base", character('\\', 11)),
        ("https://example.com:0", NameProblem::Port { at: 12 }),
        ("https://example.com:65536", NameProblem::Port { at: 12 }),
        ("https://[::1", NameProblem::Ipv6),
        ("https://127.1", NameProblem::NumericEnd),
        ("https://-", NameProblem::HyphenAtLabelEdge { at: 0 }),
        ("https://example..com", NameProblem::EmptyLabel { at: 8 }),
    ] {
        let error = text.parse::<OriginUrl>().unwrap_err();
        assert_eq!(problem_of(&error), problem.to_string(), "{text:?}");
    }
}

#[test]
fn a_uri_is_an_origin_by_scheme_and_authority() {
    let uri = Uri::from_static("https://Example.com:8443/path?query");
    assert_eq!(
        OriginUrl::try_from(&uri).unwrap(),
        "https://example.com:8443".parse().unwrap()
    );
    for (uri, shown, problem) in [
        ("/path", "", NameProblem::NoHost),
        ("*", "", NameProblem::NoHost),
        (
            "example.com:443",
            " \"example.com:443\"",
            NameProblem::Scheme,
        ),
        (
            "ftp://example.com/",
            " \"ftp://example.com\"",
            NameProblem::Scheme,
        ),
    ] {
        let error = OriginUrl::try_from(&Uri::from_static(uri)).unwrap_err();
        assert_eq!(error.to_string(), format!("origin{shown}: {problem}"));
    }
    let uri = Uri::from_static("https://user:sekret@example.com/");
    let error = OriginUrl::try_from(&uri).unwrap_err();
    assert_eq!(
        error.to_string(),
        "origin: a user name or password has no place here"
    );
}

#[cfg(feature = "idna")]
#[test]
fn an_international_origin_url_becomes_punycode() {
    let url: OriginUrl = "https://bücher.example".parse().unwrap();
    assert_eq!(url.to_string(), "https://xn--bcher-kva.example");
}
