//! The facts of a request that another library has sent.

use crate::{
    CdnOriginConnector,
    connector::ConnectionInfo,
    error::{Facts, HostKnowledge},
};

/// What is known without a connection: the names.
pub(super) fn facts(connector: &CdnOriginConnector) -> Facts {
    let origin = connector.shared_origin().cloned();
    Facts {
        host: origin.as_ref().map(|origin| origin.host().clone()),
        origin,
        ..Facts::default()
    }
}

/// What is known without a connection, if another library chose the Host.
pub(super) fn supposed_facts(connector: &CdnOriginConnector) -> Facts {
    Facts {
        host_knowledge: HostKnowledge::Configured,
        ..facts(connector)
    }
}

/// What is known of the request of another library: the names, and the connection, if that is
/// reported.
///
/// A client connects to the authority of the URL, and sends that as Host.
pub(super) fn facts_of_response(
    connector: &CdnOriginConnector,
    connection: Option<&ConnectionInfo>,
) -> Facts {
    let supposed = supposed_facts(connector);
    let Some(facts) = connection.map(ConnectionInfo::facts) else {
        return supposed;
    };
    let of_url = facts.called_with().cloned();
    let host_knowledge = match of_url {
        Some(_) => HostKnowledge::OfUrl,
        None => HostKnowledge::Configured,
    };
    Facts {
        origin: supposed.origin,
        host: of_url.or(supposed.host),
        host_knowledge,
        ..facts.clone()
    }
}
