//! The external links of the documentation: well-formed, and to the canonical page of a standard, a
//! product or a crate. Nothing is fetched.

use std::{
    fs,
    net::IpAddr,
    path::{Path, PathBuf},
};

use http::Uri;

/// A site that is linked, and what the paths of its pages look like.
type Site = (&'static str, fn(&str) -> bool);

const SITES: [Site; 17] = [
    ("caddyserver.com", |path| path.starts_with("/docs/")),
    ("developers.cloudflare.com", |path| path.ends_with('/')),
    ("docs.haproxy.org", |path| {
        let page = path.rsplit('/').next().unwrap_or_default();
        path == "/"
            || is_versioned(path) && ["configuration.html", "management.html"].contains(&page)
    }),
    ("docs.rs", |path| path.len() > 1),
    ("docs.aws.amazon.com", |path| path.ends_with(".html")),
    ("github.com", |path| path.split('/').count() >= 3),
    ("keepachangelog.com", |path| path.starts_with("/en/")),
    ("nginx.org", |path| {
        path.starts_with("/en/docs/") && path.ends_with(".html")
    }),
    ("opentelemetry.io", |path| {
        path.starts_with("/docs/specs/") && path.ends_with('/')
    }),
    ("semver.org", |path| path == "/"),
    ("spiffe.io", |path| path.starts_with("/docs/latest/")),
    ("www.envoyproxy.io", |path| path.starts_with("/docs/envoy/")),
    ("www.haproxy.org", |path| path.starts_with("/download/")),
    ("www.iana.org", |path| path.starts_with("/assignments/")),
    ("www.rfc-editor.org", |path| {
        let number = path.strip_prefix("/rfc/rfc");
        number.is_some_and(|number| number.parse::<u16>().is_ok())
    }),
    ("www.unicode.org", |path| {
        path.starts_with("/reports/") && path.ends_with('/')
    }),
    ("www.w3.org", |path| {
        path.starts_with("/TR/") && path.ends_with('/')
    }),
];

fn is_versioned(path: &str) -> bool {
    let version = path.strip_prefix('/');
    version.is_some_and(|it| it.starts_with(|first: char| first.is_ascii_digit()))
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            files(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs" || it == "md") {
            found.push(path);
        }
    }
}

/// The URLs in a text, up to the first character that is none of a URL or ends one in Markdown.
fn urls(text: &str) -> impl Iterator<Item = &str> {
    let starts = text
        .match_indices("https://")
        .chain(text.match_indices("http://"));
    starts.map(|(start, _)| {
        let rest = &text[start..];
        let is_end = |it: char| it.is_whitespace() || "\"<>()[]`{}|\\,;'".contains(it);
        let url = &rest[..rest.find(is_end).unwrap_or(rest.len())];
        url.trim_end_matches(['.', ':', '!'])
    })
}

/// Whether the host stands for one of the reader, and is no page to read.
fn is_placeholder(host: &str) -> bool {
    const SUFFIXES: [&str; 12] = [
        ".amazonaws.com",
        ".cloudfront.net",
        ".example",
        ".example.com",
        ".example.net",
        ".example.org",
        ".internal",
        ".invalid",
        ".local",
        ".localhost",
        ".test",
        ".windows.net",
    ];
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_reserved = SUFFIXES.iter().any(|suffix| {
        let domain = &suffix[1..];
        host.ends_with(suffix) || host == domain
    });
    is_reserved || !host.contains('.') || bare.parse::<IpAddr>().is_ok()
}

/// What is wrong with the link; `None` if nothing is, or if it is no link.
fn problem(url: &str) -> Option<&'static str> {
    let Ok(uri) = url.parse::<Uri>() else {
        let authority = url.split('/').nth(2).unwrap_or_default();
        // Code and texts about URLs contain incomplete ones.
        return authority.contains('.').then_some("is not a URI");
    };
    let host = uri.host()?;
    if is_placeholder(host) {
        return None;
    }
    let Some((_, is_page)) = SITES.iter().find(|(site, _)| *site == host) else {
        return Some("leads to a site that is not in the table");
    };
    // `Uri` drops the fragment.
    let section = url.split_once('#').map(|(_, section)| section);
    if uri.scheme_str() != Some("https") {
        Some("is not https")
    } else if uri.query().is_some() || uri.port().is_some() {
        Some("has a query or a port")
    } else if !is_page(uri.path()) {
        Some("has a path of another form than the site's pages")
    } else if section == Some("") {
        Some("has an empty fragment")
    } else if host == "www.rfc-editor.org" && section.is_some_and(|it| !is_section(it)) {
        Some("has a fragment that is no section")
    } else {
        None
    }
}

fn is_section(fragment: &str) -> bool {
    ["section-", "appendix-", "name-"].iter().any(|start| {
        let rest = fragment.strip_prefix(start);
        rest.is_some_and(|rest| !rest.is_empty() && !rest.ends_with('.'))
    })
}

#[test]
fn every_external_link_leads_to_the_canonical_page_of_its_site() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in ["src", "examples", ".github"] {
        files(&root.join(folder), &mut found);
    }
    found.extend(["README.md", "CHANGELOG.md"].map(|name| root.join(name)));
    let mut links = 0;
    let mut wrong = Vec::new();
    for path in found {
        let text = fs::read_to_string(&path).unwrap();
        for url in urls(&text) {
            links += usize::from(url.contains("rfc-editor.org"));
            if let Some(problem) = problem(url) {
                wrong.push(format!("{}: {url} {problem}", path.display()));
            }
        }
    }
    assert!(links > 50, "{links}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_check_of_links_finds_what_is_wrong() {
    for wrong in [
        "http://www.rfc-editor.org/rfc/rfc9110",
        "https://www.rfc-editor.org/rfc/rfc9110.html",
        "https://www.rfc-editor.org/rfc/rfc9110#",
        "https://www.rfc-editor.org/rfc/rfc9110#7.2",
        "https://tools.ietf.org/html/rfc9110",
        "https://nginx.org/docs/http.html",
        "https://nginx.org/en/docs/http/ngx_http_proxy_module.html?a=b",
    ] {
        assert!(problem(wrong).is_some(), "{wrong}");
    }
    for right in [
        "https://www.rfc-editor.org/rfc/rfc9110#section-15.5.20",
        "https://d1234567890.cloudfront.net",
        "http://origin.example:8080/a?b=c",
        "https://docs.rs/metrics",
    ] {
        assert_eq!(problem(right), None, "{right}");
    }
}
