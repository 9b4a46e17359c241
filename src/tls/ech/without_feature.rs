//! Stand-ins for Encrypted ClientHello without the feature `ech`. None of them has a value.

use rustls::{ClientConfig, Error};

use crate::{
    error::{BuildProblem, ErrorKind},
    name::Sni,
    tls::{VerifyPolicy, parameters::Fips, versions::Versions},
};

use super::{ClearConfig, HelloPlan};

/// The builder's setting. There is no call that makes one.
#[derive(Clone, Debug)]
pub(crate) enum Ech {}

impl Ech {
    pub(in crate::tls) fn encrypts(&self) -> bool {
        match *self {}
    }

    pub(in crate::tls) fn reads_dns(&self) -> bool {
        match *self {}
    }

    pub(in crate::tls) fn versions(&self, _: Versions) -> Result<Versions, BuildProblem> {
        match *self {}
    }

    pub(in crate::tls) fn plan(&self, _: Fips, _: &VerifyPolicy) -> Result<EchPlan, BuildProblem> {
        match *self {}
    }
}

/// What a connector does for each ClientHello.
#[derive(Debug)]
pub(in crate::tls) enum EchPlan {}

impl EchPlan {
    pub(in crate::tls) fn check(&self, _: ClearConfig<'_>) -> Result<(), BuildProblem> {
        match *self {}
    }

    pub(in crate::tls) fn first_hello(
        &self,
        _: &Sni,
        _: Option<&[u8]>,
        _: ClearConfig<'_>,
    ) -> Result<HelloPlan, ErrorKind> {
        match *self {}
    }

    pub(in crate::tls) fn second_hello(
        &self,
        _: &EchRejection,
        _: ClearConfig<'_>,
    ) -> Option<HelloPlan> {
        match *self {}
    }
}

/// How a ClientHello is encrypted.
#[derive(Clone, Debug)]
pub(in crate::tls) enum HelloEncryption {}

impl HelloEncryption {
    pub(in crate::tls) fn configure(&self, _: ClearConfig<'_>) -> Result<ClientConfig, Error> {
        match *self {}
    }
}

/// The origin's rejection of an encrypted ClientHello.
pub(in crate::tls) enum EchRejection {}

impl EchRejection {
    pub(in crate::tls) fn in_error(_: &Error) -> Option<Self> {
        None
    }
}
