//! `OriginCalls`: the calls that make an origin, and those that it shares with others.

use crate::{
    CdnOriginConnector, OriginProxy,
    connector::CdnOriginBuilder,
    error::BuildError,
    observe::Observers,
    origin::{ChosenNames, OriginUrl},
    tenants::Tenant,
};

use super::{calls::Calls, key_tables::KeyTables};

/// The calls of an origin, or those that several origins share.
#[derive(Clone, Default)]
pub(super) struct OriginCalls {
    pub(super) url: Option<OriginUrl>,
    /// The four names, the URL aside.
    pub(super) names: Calls<CdnOriginBuilder>,
    /// The other calls of the builder.
    pub(super) connector: Calls<CdnOriginBuilder>,
    pub(super) proxy: Calls<OriginProxy>,
    pub(super) observers: Observers,
    /// Where those that several origins share are written.
    pub(super) tables: KeyTables,
}

impl OriginCalls {
    /// The calls, and then those of `others`.
    pub(super) fn then(self, others: &Self) -> Self {
        Self {
            url: others.url.clone().or(self.url),
            names: self.names.then(&others.names),
            connector: self.connector.then(&others.connector),
            proxy: self.proxy.then(&others.proxy),
            observers: self.observers,
            tables: self.tables.then(&others.tables),
        }
    }

    /// The builder. The shared calls come first.
    pub(super) fn builder(&self, shared: &Self) -> CdnOriginBuilder {
        let builder = shared.connector.make(CdnOriginConnector::any_origin());
        let builder = match &self.url {
            // The shared calls may be about TLS, and this origin a plain `http` one.
            Some(url) => builder.with_origin(url.clone(), ChosenNames::default()),
            None => builder,
        };
        let builder = builder.written_in_file();
        let builder = self.names.make(shared.names.make(builder));
        self.connector.make(builder)
    }

    /// The connector, with the shared observers.
    pub(super) fn connector(&self, shared: &Self) -> Result<CdnOriginConnector, BuildError> {
        let connector = self.builder(shared).build()?;
        Ok(connector.with_observers(shared.observers.clone()))
    }

    /// The proxy. The shared calls come first.
    pub(super) fn proxy(&self, connector: CdnOriginConnector, shared: &Self) -> OriginProxy {
        let proxy = shared.proxy.make(OriginProxy::new(connector));
        self.proxy.make(proxy)
    }

    /// The tenant. The template of the service makes its calls, except those for the names.
    pub(super) fn tenant(self, template: &Self) -> Tenant {
        let names = CdnOriginConnector::any_origin();
        let names = match self.url {
            Some(url) => names.with_origin(url, ChosenNames::default()),
            None => names,
        };
        let names = names.written_in_file();
        let (connector, proxy) = (self.connector, self.proxy);
        let mut tenant = Tenant::of(self.names.make(template.names.make(names)));
        // A function would give the tenant a DNS cache of its own.
        if !connector.is_empty() {
            tenant = tenant.connector(move |builder| connector.make(builder));
        }
        if !proxy.is_empty() {
            tenant = tenant.proxy(move |built| proxy.make(built));
        }
        tenant
    }
}
