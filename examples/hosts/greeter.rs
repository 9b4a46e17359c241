//! A client as `tonic-prost-build` generates it. Each message is a string.

use http::uri::PathAndQuery;
use tonic::{
    IntoRequest, Response, Status,
    body::Body,
    client::{Grpc, GrpcService},
    codegen::{Body as HttpBody, Bytes, StdError},
};
use tonic_prost::ProstCodec;

pub type HelloRequest = String;
pub type HelloReply = String;

pub struct GreeterClient<T>(Grpc<T>);

impl<T> GreeterClient<T>
where
    T: GrpcService<Body>,
    T::Error: Into<StdError>,
    T::ResponseBody: HttpBody<Data = Bytes> + Send + 'static,
    <T::ResponseBody as HttpBody>::Error: Into<StdError> + Send,
{
    pub fn new(inner: T) -> Self {
        Self(Grpc::new(inner))
    }

    pub async fn say_hello(
        &mut self,
        request: impl IntoRequest<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        self.0.ready().await.map_err(|error| {
            let error: StdError = error.into();
            Status::unknown(format!("service was not ready: {error}"))
        })?;
        let path = PathAndQuery::from_static("/greeter.Greeter/SayHello");
        let codec = ProstCodec::default();
        self.0.unary(request.into_request(), path, codec).await
    }
}
