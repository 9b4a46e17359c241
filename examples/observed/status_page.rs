//! The status page: one column that a phone can show, without scripts.

use std::{
    fmt::{Display, Write},
    time::SystemTime,
};

use cdn_origin::{OriginProxy, observe::CloseReason, origin::Origin};

use super::last_failures::Failure;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:0 auto;padding:1rem}\
h1{font-size:1.3rem}h2{font-size:1.1rem;margin:1.5rem 0 .5rem}\
dl{display:grid;grid-template-columns:auto minmax(0,1fr);gap:.2rem 1rem;margin:0}\
dd{margin:0;text-align:right;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}\
details{border-top:1px solid #8888;padding:.5rem 0}\
summary{cursor:pointer;overflow-wrap:anywhere}\
pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:.85rem}";

/// The page as HTML.
pub(crate) fn status_page(
    origin: Option<&Origin>,
    proxy: &OriginProxy,
    failures: &[Failure],
) -> String {
    let pool = proxy.snapshot().pool;
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>cdn-origin</title><style>{STYLE}</style><h1>Origin</h1>"
    );
    let names: Vec<(&str, String)> = origin.map_or_else(Vec::new, |origin| {
        vec![
            ("dialled", origin.dial().to_string()),
            ("SNI", origin.sni().to_string()),
            ("expected name", origin.expected_name().to_string()),
            ("Host", origin.host().to_string()),
        ]
    });
    push_list(&mut page, names);
    page.push_str("<h2>Pool</h2>");
    push_list(
        &mut page,
        [
            ("requests in flight", pool.in_flight as u64),
            ("requests that wait", pool.waiting as u64),
            ("connections open", pool.open as u64),
            ("connections idle", pool.idle as u64),
            ("tunnels", pool.tunnels as u64),
            ("connections opened", pool.opened),
            ("requests on a reused connection", pool.reused),
            ("requests retried", pool.retried),
        ],
    );
    page.push_str("<h2>Closed connections</h2>");
    push_list(
        &mut page,
        [
            CloseReason::Origin,
            CloseReason::Idle,
            CloseReason::Surplus,
            CloseReason::Age,
            CloseReason::Uses,
            CloseReason::Error,
            CloseReason::Cancelled,
            CloseReason::Retired,
            CloseReason::Vanished,
            CloseReason::Upgrade,
        ]
        .map(|reason| (reason, pool.closed(reason))),
    );
    page.push_str("<h2>Last failures</h2>");
    if failures.is_empty() {
        page.push_str("<p>None.</p>");
    }
    for failure in failures {
        let age = SystemTime::now().duration_since(failure.at);
        let seconds = age.unwrap_or_default().as_secs();
        let (title, report) = (escaped(&failure.title), escaped(&failure.report));
        let _ = write!(
            page,
            "<details><summary>{seconds} s ago: {title}</summary><pre>{report}</pre></details>"
        );
    }
    page.push_str("</html>");
    page
}

fn push_list<K: Display, V: Display>(page: &mut String, rows: impl IntoIterator<Item = (K, V)>) {
    page.push_str("<dl>");
    for (key, value) in rows {
        let (key, value) = (escaped(&key.to_string()), escaped(&value.to_string()));
        let _ = write!(page, "<dt>{key}</dt><dd>{value}</dd>");
    }
    page.push_str("</dl>");
}

/// Text for HTML, in and out of attributes.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            char => escaped.push(char),
        }
    }
    escaped
}
