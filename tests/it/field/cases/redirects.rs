//! Redirects that lead in a circle, or past the proxy.

use cdn_origin::diagnosis::{CauseId::HttpsRequired, Certainty::Certain};

use crate::field::case::{Case, Fix};

pub(super) const CASES: &[Case] =
    &[
        Case::of("a distribution with `redirect-to-https` answers http with a 301")
            .url("http://d1234567890.cloudfront.net")
            .responds(
                301,
                &[
                    ("server", "CloudFront"),
                    ("x-cache", "Redirect from cloudfront"),
                    ("location", "https://d1234567890.cloudfront.net/page"),
                ],
                "<center>CloudFront</center>",
            )
            .causes(&[(
                HttpsRequired,
                Certain,
                "builder(\"https://d1234567890.cloudfront.net\")",
            )])
            .works_if_sent("scheme: https")
            .fixed_by(Fix::Url("https://d1234567890.cloudfront.net")),
    ];
