//! The cases, in sections of the guide's page.

mod exchanges;
mod handshakes;
mod hosts;
mod pages;
mod redirects;
mod services;

use super::case::Case;

/// The sections: each has a title and cases.
pub(super) const SECTIONS: &[(&str, &[Case])] = &[
    ("TLS handshakes", handshakes::CASES),
    ("Requests without a usable response", exchanges::CASES),
    ("Redirects", redirects::CASES),
    ("Names in Host", hosts::CASES),
    ("Other refusals", pages::CASES),
    (
        "Other services, and edges that name what they miss",
        services::CASES,
    ),
];
