use bytes::Bytes;
use cdn_origin::{CdnOriginConnector, adapt};
use http::Response;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use tower::BoxError;

/// The authority of the URL is the Host.
pub async fn get(connector: CdnOriginConnector) -> Result<Response<Incoming>, BoxError> {
    let client = Client::builder(TokioExecutor::new());
    let client: Client<_, Empty<Bytes>> = client.build(connector.clone());
    let response = client.get("https://shop.example.com/".parse()?).await;
    let response = adapt::check(&connector, response);
    Ok(response.inspect_err(|error| eprintln!("{}", error.report()))?)
}
