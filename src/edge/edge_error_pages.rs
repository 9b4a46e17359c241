//! The table of error responses that the edges of CDNs and platforms generate themselves.
//!
//! `diagnosis/response_rules/edge_pages.rs` matches responses with it.

use super::{
    Edge,
    EdgeErrorKind::{
        self, BehindTheEdge, Blocked, ForwardingFields, HeadTooLarge, HostIsAddress, HostNotServed,
        LengthRequired, MethodNotAllowed, NoRoute, RefusedRequest, RequestGrown, RequestLoop,
        SignedForAnotherHost, SniAndHostDisagree, WebsiteOff, WrongRegion,
    },
    ErrorPage,
    EvidenceStrength::{Strong, Weak},
    error_page::Fields,
    server_error_pages::SERVER_PAGES,
};

const CLOUDFLARE: Fields = &[("server", "cloudflare")];
const CLOUDFRONT: Fields = &[("server", "CloudFront")];
const CLOUDFRONT_ERROR: Fields = &[
    ("server", "CloudFront"),
    ("x-cache", "Error from cloudfront"),
];
const FASTLY: Fields = &[("x-served-by", "cache-")];
const AKAMAI: Fields = &[("server", "AkamaiGHost")];
const AZURE: Fields = &[("x-azure-ref", "")];
const S3: Fields = &[("server", "AmazonS3")];

const CLOUDFLARE_1XXX: &str = "cloudflare/cloudflare-docs, support/troubleshooting/\
    http-status-codes/cloudflare-1xxx-errors, read 2026";
const CLOUDFLARE_5XX: &str = "cloudflare/cloudflare-docs, support/troubleshooting/\
    http-status-codes/cloudflare-5xx-errors, read 2026";
const CLOUDFRONT_GUIDE: &str = "awsdocs/amazon-cloudfront-developer-guide (2023); the page: \
    stackoverflow.com question 20664018";
const S3_CODES: &str = "Amazon S3 API reference, list of error codes, read 2026";
const TAKEOVERS: &str = "EdOverflow/can-i-take-over-xyz and others, read 2026";

/// One of Cloudflare's numbered errors, with any status: the documentation does not list them.
///
/// Responses that Cloudflare relays carry its `Server` too. Only its own pages carry
/// `cf-error-type`.
const fn cloudflare_1xxx(texts: &'static [&'static str], kind: EdgeErrorKind) -> ErrorPage {
    ErrorPage::of(Edge::Cloudflare, 400, kind)
        .to_status(599)
        .fields(CLOUDFLARE)
        .texts(texts)
        .strength(Strong)
        .conclusive_with("cf-error-type")
        .read_in(CLOUDFLARE_1XXX)
}

/// All known error responses, in the order in which they are tried.
///
/// The first entry that fits decides: an entry with more marks stands before one with fewer.
pub(crate) fn known_error_pages() -> impl Iterator<Item = &'static ErrorPage> {
    PAGES.iter().chain(SERVER_PAGES)
}

const PAGES: &[ErrorPage] = &[
    // Cloudflare
    cloudflare_1xxx(&["error code: 1000", "Error 1000"], ForwardingFields),
    cloudflare_1xxx(&["error code: 1001", "Error 1001"], HostNotServed),
    cloudflare_1xxx(
        &[
            "error code: 1003",
            "Error 1003",
            "Direct IP access not allowed",
        ],
        HostIsAddress,
    ),
    cloudflare_1xxx(&["error code: 1013", "Error 1013"], SniAndHostDisagree),
    cloudflare_1xxx(&["error code: 1014", "Error 1014"], HostNotServed),
    cloudflare_1xxx(
        &[
            "error code: 1016",
            "Error 1016",
            "error code: 1033",
            "Error 1033",
        ],
        BehindTheEdge,
    ),
    cloudflare_1xxx(&["error code: 1018", "Error 1018"], HostNotServed),
    cloudflare_1xxx(&["error code: 1019", "Error 1019"], RequestLoop),
    cloudflare_1xxx(&["error code: 1034", "Error 1034"], HostNotServed),
    cloudflare_1xxx(
        &["error code: 1010", "error code: 1015", "error code: 1020"],
        Blocked,
    ),
    // An application may send these statuses too. Only Cloudflare's own pages carry the field.
    ErrorPage::of(Edge::Cloudflare, 520, BehindTheEdge)
        .to_status(526)
        .fields(CLOUDFLARE)
        .strength(Strong)
        .conclusive_with("cf-error-type")
        .read_in(CLOUDFLARE_5XX),
    ErrorPage::of(Edge::Cloudflare, 530, BehindTheEdge)
        .fields(CLOUDFLARE)
        .strength(Strong)
        .conclusive_with("cf-error-type")
        .read_in(CLOUDFLARE_5XX),
    // CloudFront
    ErrorPage::of(Edge::CloudFront, 403, Blocked)
        .fields(CLOUDFRONT_ERROR)
        .texts(&["Request blocked."])
        .signed_by_cloudfront()
        .read_in(CLOUDFRONT_GUIDE),
    ErrorPage::of(Edge::CloudFront, 403, Blocked)
        .fields(CLOUDFRONT_ERROR)
        .texts(&["configured to block access from your country"])
        .signed_by_cloudfront()
        .read_in(CLOUDFRONT_GUIDE),
    ErrorPage::of(Edge::CloudFront, 403, MethodNotAllowed)
        .fields(CLOUDFRONT_ERROR)
        .texts(&["is not configured to allow the HTTP request method"])
        .signed_by_cloudfront()
        .read_in(CLOUDFRONT_GUIDE),
    ErrorPage::of(Edge::CloudFront, 403, RefusedRequest)
        .fields(CLOUDFRONT_ERROR)
        .texts(&["Bad request."])
        .signed_by_cloudfront()
        .read_in(CLOUDFRONT_GUIDE),
    ErrorPage::of(Edge::CloudFront, 413, HeadTooLarge)
        .fields(CLOUDFRONT)
        .signed_by_cloudfront()
        .read_in(CLOUDFRONT_GUIDE),
    ErrorPage::of(Edge::CloudFront, 413, HeadTooLarge)
        .fields(CLOUDFRONT)
        .strength(Strong)
        .read_in(CLOUDFRONT_GUIDE),
    ErrorPage::of(Edge::CloudFront, 421, SniAndHostDisagree)
        .fields(CLOUDFRONT)
        .signed_by_cloudfront()
        .read_in(CLOUDFRONT_GUIDE),
    ErrorPage::of(Edge::CloudFront, 502, BehindTheEdge)
        .to_status(504)
        .fields(CLOUDFRONT_ERROR)
        .signed_by_cloudfront()
        .read_in(CLOUDFRONT_GUIDE),
    ErrorPage::of(Edge::CloudFront, 502, BehindTheEdge)
        .to_status(504)
        .fields(CLOUDFRONT_ERROR)
        .strength(Strong)
        .read_in(CLOUDFRONT_GUIDE),
    // Fastly
    ErrorPage::of(Edge::Fastly, 503, RequestLoop)
        .fields(&[("error-reason", "loop detected")])
        .read_in("docs.fastly.com/en/guides/loop-detection, read 2026"),
    ErrorPage::of(Edge::Fastly, 421, SniAndHostDisagree)
        .fields(FASTLY)
        .texts(&["Requested host does not match any Subject Alternative Names"])
        .read_in("http-kit/http-kit issue 525, read 2026"),
    ErrorPage::of(Edge::Fastly, 500, HostNotServed)
        .fields(FASTLY)
        .texts(&["Fastly error: unknown domain"])
        .secondary()
        .read_in(TAKEOVERS),
    ErrorPage::of(Edge::Fastly, 503, BehindTheEdge)
        .fields(FASTLY)
        .texts(&[
            "backend read error",
            "first byte timeout",
            "Backend unavailable",
            "hostname doesn't match against certificate",
            "unable to get local issuer certificate",
        ])
        .strength(Strong)
        .read_in("fastly.com/documentation/guides/vcl/errors, read 2026"),
    // Akamai
    // An invalid target has the same page.
    ErrorPage::of(Edge::Akamai, 400, HostNotServed)
        .fields(AKAMAI)
        .texts(&["Reference&#32;&#35;9&#46;", "Reference #9."])
        .strength(Strong)
        .read_in("a capture of the page, read 2026"),
    ErrorPage::of(Edge::Akamai, 403, Blocked)
        .fields(AKAMAI)
        .texts(&["Reference&#32;&#35;18&#46;", "Reference #18."])
        .read_in("captures of the page, read 2026"),
    ErrorPage::of(Edge::Akamai, 503, BehindTheEdge)
        .fields(AKAMAI)
        .texts(&["Reference&#32;&#35;30&#46;", "Reference #30."])
        .secondary()
        .read_in("IBM Cloud CDN, troubleshooting, read 2026"),
    // Google
    ErrorPage::of(Edge::Google, 404, HostNotServed)
        .texts(&["Error 404 (Not Found)!!1"])
        .strength(Strong)
        .read_in("EdOverflow/can-i-take-over-xyz, Google Sites; captures, read 2026"),
    ErrorPage::of(Edge::Google, 413, RequestGrown)
        .texts(&["Error 413 (Request Entity Too Large)!!1"])
        .secondary()
        .read_in("reports of loops through Google's front end"),
    ErrorPage::of(Edge::Google, 404, NoRoute)
        .texts(&["response 404 (backend NotFound)"])
        .secondary()
        .read_in("kubernetes/ingress-gce, default backend, read 2026"),
    // GoogleStorage
    ErrorPage::of(Edge::GoogleStorage, 404, HostNotServed)
        .fields(&[("server", "UploadServer")])
        .texts(&["<Code>NoSuchBucket</Code>"])
        .secondary()
        .read_in("Cloud Storage, XML API, status and error codes, read 2026"),
    // Firebase
    ErrorPage::of(Edge::Firebase, 404, HostNotServed)
        .texts(&["<title>Site Not Found</title>", "<h1>Site Not Found</h1>"])
        .secondary()
        .read_in("reports of the page"),
    // AzureStorage
    ErrorPage::of(Edge::AzureStorage, 400, HostNotServed)
        .fields(&[("x-ms-request-id", "")])
        .texts(&["<Code>InvalidUri</Code>"])
        .secondary()
        .read_in("Azure Storage REST API, common error codes"),
    // AzureFrontDoor
    ErrorPage::of(Edge::AzureFrontDoor, 411, LengthRequired)
        .fields(AZURE)
        .strength(Strong)
        .read_in("MicrosoftDocs/azure-docs, articles/frontdoor, troubleshoot-issues.md, read 2026"),
    ErrorPage::of(Edge::AzureFrontDoor, 400, HostNotServed)
        .to_status(599)
        .fields(AZURE)
        .texts(&["Our services aren't available right now"])
        .strength(Strong)
        .read_in("MicrosoftDocs/azure-docs, Azure AD B2C custom domains, read 2026"),
    ErrorPage::of(Edge::AzureFrontDoor, 400, HostNotServed)
        .fields(AZURE)
        .strength(Weak)
        .read_in("MicrosoftDocs/azure-docs, articles/frontdoor, troubleshoot-issues.md, read 2026"),
    // AzureAppService
    ErrorPage::of(Edge::AzureAppService, 404, HostNotServed)
        .texts(&["404 Web Site not found"])
        .secondary()
        .read_in(TAKEOVERS),
    // Vercel
    ErrorPage::of(Edge::Vercel, 494, HeadTooLarge)
        .fields(&[("x-vercel-error", "REQUEST_HEADER_TOO_LARGE")])
        .read_in("vercel.com/docs/errors/REQUEST_HEADER_TOO_LARGE, read 2026"),
    ErrorPage::of(Edge::Vercel, 404, HostNotServed)
        .fields(&[("x-vercel-error", "DEPLOYMENT_NOT_FOUND")])
        .secondary()
        .read_in(TAKEOVERS),
    ErrorPage::of(Edge::Vercel, 508, RequestLoop)
        .fields(&[("x-vercel-error", "INFINITE_LOOP_DETECTED")])
        .secondary()
        .read_in(TAKEOVERS),
    // Netlify
    ErrorPage::of(Edge::Netlify, 404, HostNotServed)
        .fields(&[("server", "Netlify"), ("x-nf-request-id", "")])
        .texts(&["Not Found - Request ID"])
        .secondary()
        .read_in(TAKEOVERS),
    // GitHubPages
    ErrorPage::of(Edge::GitHubPages, 404, HostNotServed)
        .fields(&[("x-github-request-id", "")])
        .texts(&["There isn't a GitHub Pages site here"])
        .secondary()
        .read_in(TAKEOVERS),
    // Heroku
    ErrorPage::of(Edge::Heroku, 404, HostNotServed)
        .texts(&["herokucdn.com/error-pages/no-such-app.html"])
        .strength(Strong)
        .read_in("captures of the page, read 2026"),
    // Bunny
    ErrorPage::of(Edge::Bunny, 403, HostNotServed)
        .texts(&["Domain suspended or not configured"])
        .secondary()
        .read_in(TAKEOVERS),
    // Railway
    ErrorPage::of(Edge::Railway, 404, HostNotServed)
        .fields(&[("x-railway-fallback", "true")])
        .secondary()
        .read_in(TAKEOVERS),
    // Render
    ErrorPage::of(Edge::Render, 404, HostNotServed)
        .fields(&[("x-render-routing", "no-server")])
        .secondary()
        .read_in("reports of the page"),
    // S3
    ErrorPage::of(Edge::S3, 501, LengthRequired)
        .fields(S3)
        .texts(&["<Header>Transfer-Encoding</Header>"])
        .read_in("Automattic/knox issue 43, chilts/awssum issue 30, read 2026"),
    ErrorPage::of(Edge::S3, 404, HostNotServed)
        .fields(S3)
        .texts(&["<Code>NoSuchBucket</Code>", "Code: NoSuchBucket"])
        .read_in(S3_CODES),
    ErrorPage::of(Edge::S3, 404, WebsiteOff)
        .fields(S3)
        .texts(&[
            "<Code>NoSuchWebsiteConfiguration</Code>",
            "Code: NoSuchWebsiteConfiguration",
        ])
        .read_in(S3_CODES),
    ErrorPage::of(Edge::S3, 301, WrongRegion)
        .fields(S3)
        .texts(&["<Code>PermanentRedirect</Code>"])
        .read_in(S3_CODES),
    ErrorPage::of(Edge::S3, 403, SignedForAnotherHost)
        .fields(S3)
        .texts(&["<Code>SignatureDoesNotMatch</Code>"])
        .strength(Weak)
        .secondary()
        .read_in("a report, without a source"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_names_its_source() {
        assert!(known_error_pages().all(|page| !page.documentation().is_empty()));
    }
}
