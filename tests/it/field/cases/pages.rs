//! Error pages of edges, and of applications that look like them.

use cdn_origin::{
    HostRewriteLayer,
    diagnosis::{CauseId::SniAndHostDisagree, Certainty::Certain},
};

use crate::field::case::{Case, Fix};

pub(super) const CASES: &[Case] = &[
    Case::of(
        "Apache httpd 2.4.64 answers 421 since the update, as the Host has another certificate",
    )
    .url("https://origin.example.test")
    .connector(|it| it.host("www.example.test"))
    .responds(421, &[("server", "Apache")], "")
    .causes(&[(
        SniAndHostDisagree,
        Certain,
        ".host(\"origin.example.test\")",
    )])
    .works_if_sent("host: origin.example.test")
    .fixed_by(Fix::Connector(|it| it.host("origin.example.test"))),
    Case::of("the same, where a layer keeps the Host of the client")
        .url("https://origin.example.test")
        .host("www.example.test")
        .proxy(|it| it.host_rewrite(HostRewriteLayer::preserve()))
        .responds(421, &[("server", "Apache")], "")
        .causes(&[(
            SniAndHostDisagree,
            Certain,
            "HostRewriteLayer::to(\"origin.example.test\")",
        )])
        .works_if_sent("host: origin.example.test")
        .fixed_by(Fix::Proxy(|it| {
            it.host_rewrite(HostRewriteLayer::to("origin.example.test").unwrap())
        })),
];
