use cdn_origin::{CdnOriginConnector, adapt};
use reqwest::Response;
use tower::BoxError;

/// The host of the URL is the SNI name, and the Host a default header.
pub async fn get(connector: CdnOriginConnector) -> Result<Response, BoxError> {
    let client = adapt::reqwest::client_builder(&connector)?.build()?;
    let url = adapt::reqwest::base_url(&connector)?.join("/items?page=2")?;
    let response = adapt::check(&connector, client.get(url).send().await);
    Ok(response.inspect_err(|error| eprintln!("{}", error.report()))?)
}
