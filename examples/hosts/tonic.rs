use cdn_origin::{CdnOriginConnector, Error, adapt};
use tonic::Response;
use tower::BoxError;

use super::greeter::{GreeterClient, HelloReply, HelloRequest};

/// A generated client takes the channel.
pub async fn call(connector: CdnOriginConnector) -> Result<Response<HelloReply>, BoxError> {
    let mut client = GreeterClient::new(adapt::tonic::channel(&connector)?);
    let reply = client.say_hello(HelloRequest::default()).await;
    Ok(reply.inspect_err(|status| {
        if let Some(error) = Error::find_in(status) {
            eprintln!("{}", error.report());
        }
    })?)
}
