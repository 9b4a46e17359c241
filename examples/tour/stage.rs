//! Where the tour happens: sends a request through an axum fallback and shows what came of it.

use std::{error::Error, net::SocketAddr};

use axum::{Router, body::Body, extract::ConnectInfo};
use cdn_origin::{
    CdnOriginConnector, OriginProxy, VerifyPolicy, connector::CdnOriginBuilder,
    diagnosis::Diagnosis, tls::Roots,
};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use textwrap::{Options, WordSplitter};
use tower::ServiceExt;

use crate::support::Authority;

const COLUMNS: usize = 80;

/// Code for the audience, and the builder that it makes.
pub(crate) struct Shown {
    pub(crate) code: String,
    pub(crate) builder: CdnOriginBuilder,
}

/// Makes a builder by calls on a [`base`] one, and keeps the calls as text.
#[macro_export]
macro_rules! shown {
    ($base:expr; $( .$call:ident( $($argument:tt)* ) )*) => {{
        let mut shown: $crate::stage::Shown = $base;
        $( shown.code.push_str(concat!("\n    .", stringify!($call), "(", stringify!($($argument)*), ")")); )*
        shown.builder = shown.builder$( .$call( $($argument)* ) )*;
        shown
    }};
}

/// A builder for this URL. That it dials the stage's server and trusts the stage's authority is not shown each time.
pub(crate) fn base(url: &str, dial: SocketAddr, authority: &Authority) -> Shown {
    let builder = CdnOriginConnector::builder(url).dial(dial.to_string());
    Shown {
        code: format!("CdnOriginConnector::builder({url:?})"),
        builder: match url.starts_with("https:") {
            true => builder.verify(VerifyPolicy::roots(Roots::pem(authority.root_pem()))),
            // Only TLS verifies.
            false => builder,
        },
    }
}

pub(crate) fn heading(title: &str) {
    let line = "=".repeat(COLUMNS - title.len() - 6);
    println!("\n=== {title} {line}");
}

pub(crate) fn say(text: &str) {
    println!();
    print_wrapped(text, "");
}

pub(crate) fn show(code: &str) {
    println!();
    for line in code.lines() {
        println!("    {line}");
    }
    println!();
}

/// A client's GET to the proxy behind an axum router.
pub(crate) async fn visit(
    proxy: OriginProxy,
    host: &str,
) -> Result<Response<Body>, Box<dyn Error>> {
    let router: Router = Router::new().fallback_service(proxy);
    let mut request = Request::get("/hello")
        .header("host", host)
        .header("authorization", "Basic dmlzaXRvcjpzZWNyZXQ=")
        .body(Body::empty())?;
    let client = SocketAddr::from(([192, 0, 2, 33], 50_000));
    request.extensions_mut().insert(ConnectInfo(client));
    Ok(router.oneshot(request).await?)
}

/// Shows a builder, visits its proxy, and shows the full report of what went wrong.
pub(crate) async fn fails(shown: Shown, host: &str, status: u16) -> Result<(), Box<dyn Error>> {
    show(&shown.code);
    let response = visit(OriginProxy::new(shown.builder.build()?), host).await?;
    expect(response.status(), status)?;
    println!("The client sees {}.", response.status());
    if let Some(error) = response.extensions().get::<cdn_origin::Error>() {
        print!("What error.report() says:\n\n{}", error.report());
    }
    if let Some(diagnosis) = response.extensions().get::<Diagnosis>() {
        println!("The diagnosis in the response's extensions:\n");
        print_causes(diagnosis, "");
    }
    Ok(())
}

/// Shows a builder, visits its proxy, and shows what arrived at the edge.
pub(crate) async fn works(
    code: &str,
    proxy: OriginProxy,
    host: &str,
) -> Result<(), Box<dyn Error>> {
    show(code);
    let response = visit(proxy, host).await?;
    expect(response.status(), 200)?;
    println!("The client sees 200 OK. What arrived at the edge:\n");
    let body = response.into_body().collect().await?.to_bytes();
    for line in String::from_utf8_lossy(&body).lines() {
        println!("    {line}");
    }
    Ok(())
}

/// The tour vouches for what it tells: anything else than the promised status ends it.
pub(crate) fn expect(status: StatusCode, promised: u16) -> Result<(), Box<dyn Error>> {
    match status.as_u16() == promised {
        true => Ok(()),
        false => Err(format!("{promised} was promised and {status} came").into()),
    }
}

pub(crate) fn print_causes(diagnosis: &Diagnosis, indent: &str) {
    for cause in diagnosis.causes() {
        print_wrapped(&format!("{}: {}", cause.certainty(), cause.text()), indent);
        if let Some(fix) = cause.fixes().first() {
            print_wrapped(&format!("fix: {fix}"), &format!("{indent}  "));
        }
    }
}

pub(crate) fn print_wrapped(text: &str, indent: &str) {
    let options = Options::new(COLUMNS)
        .initial_indent(indent)
        .subsequent_indent(indent)
        .break_words(false)
        .word_splitter(WordSplitter::NoHyphenation);
    for line in textwrap::wrap(text, options) {
        println!("{line}");
    }
}

/// Prints what went wrong with a request, while the last proxy is up.
pub(crate) async fn print_diagnosis(response: Response<Body>) -> Response<Body> {
    if let Some(error) = response.extensions().get::<cdn_origin::Error>() {
        println!("{}", error.report());
    }
    if let Some(diagnosis) = response.extensions().get::<Diagnosis>() {
        print_causes(diagnosis, "");
    }
    response
}
