//! Runs one setup of the tour: prints its builder, sends a request and prints the result.

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

/// A builder together with its code.
pub(crate) struct Demo {
    pub(crate) code: String,
    pub(crate) builder: CdnOriginBuilder,
}

/// Calls methods of a [`base`] builder and records the calls as code.
#[macro_export]
macro_rules! demo {
    ($base:expr; $( .$call:ident( $($argument:tt)* ) )*) => {{
        let mut demo: $crate::demo::Demo = $base;
        $(
            demo.code.push_str(concat!(
                "\n    .", stringify!($call), "(", stringify!($($argument)*), ")"
            ));
        )*
        demo.builder = demo.builder$( .$call( $($argument)* ) )*;
        demo
    }};
}

/// A builder for this URL. Its code does not show that it dials the local server and trusts its CA.
pub(crate) fn base(url: &str, dial: SocketAddr, authority: &Authority) -> Demo {
    let builder = CdnOriginConnector::builder(url).dial(dial.to_string());
    Demo {
        code: format!("CdnOriginConnector::builder({url:?})"),
        builder: match url.starts_with("https:") {
            true => builder.verify(VerifyPolicy::roots(Roots::pem(authority.root_pem()))),
            // A plain http origin takes no policy.
            false => builder,
        },
    }
}

pub(crate) fn heading(title: &str) {
    let line = "=".repeat(COLUMNS - title.len() - 6);
    println!("\n=== {title} {line}");
}

pub(crate) fn paragraph(text: &str) {
    println!();
    print_wrapped(text, "");
}

pub(crate) fn print_code(code: &str) {
    println!();
    for line in code.lines() {
        println!("    {line}");
    }
    println!();
}

/// Sends a client's GET to the proxy behind an axum router.
pub(crate) async fn send_request(
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

/// Prints a builder, sends a request that fails, and prints the full report.
pub(crate) async fn fails(demo: Demo, host: &str, status: u16) -> Result<(), Box<dyn Error>> {
    print_code(&demo.code);
    let response = send_request(OriginProxy::new(demo.builder.build()?), host).await?;
    expect(response.status(), status)?;
    println!("The client receives {}.", response.status());
    if let Some(error) = response.extensions().get::<cdn_origin::Error>() {
        print!("error.report() prints:\n\n{}", error.report());
    }
    if let Some(diagnosis) = response.extensions().get::<Diagnosis>() {
        println!("The response's extensions contain this diagnosis:\n");
        print_causes(diagnosis, "");
    }
    Ok(())
}

/// Prints a builder, sends a request that works, and prints what the edge received.
pub(crate) async fn works(
    code: &str,
    proxy: OriginProxy,
    host: &str,
) -> Result<(), Box<dyn Error>> {
    print_code(code);
    let response = send_request(proxy, host).await?;
    expect(response.status(), 200)?;
    println!("The client receives 200 OK. The edge received this request:\n");
    let body = response.into_body().collect().await?.to_bytes();
    for line in String::from_utf8_lossy(&body).lines() {
        println!("    {line}");
    }
    Ok(())
}

/// Ends the tour if the status is not the expected one.
pub(crate) fn expect(status: StatusCode, expected: u16) -> Result<(), Box<dyn Error>> {
    match status.as_u16() == expected {
        true => Ok(()),
        false => Err(format!("the status was {status} instead of {expected}").into()),
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

/// Prints the report of a failed request, for the proxy that keeps running.
pub(crate) async fn print_diagnosis(response: Response<Body>) -> Response<Body> {
    if let Some(error) = response.extensions().get::<cdn_origin::Error>() {
        println!("{}", error.report());
    }
    if let Some(diagnosis) = response.extensions().get::<Diagnosis>() {
        print_causes(diagnosis, "");
    }
    response
}
