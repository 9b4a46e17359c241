//! The proxy's own responses to failures: status, `Proxy-Status`, gRPC status.

mod disclosure;
mod grpc;
mod proxy_status;
mod response;
mod status;
mod structured_field;

pub(super) use disclosure::DiagnosisDisclosure;
pub(super) use grpc::GrpcCall;
pub(super) use proxy_status::{ProxyIdentity, error_type_name};
pub(super) use response::{error_response, error_response_of};
