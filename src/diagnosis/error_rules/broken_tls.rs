//! Peers that break the TLS protocol, in the handshake or after it.
//!
//! Both rules are last resorts in their tables: all other causes of a TLS failure are named more
//! precisely elsewhere. The flood of handshake messages is rustls' own limit against peers that
//! would fill memory.

use crate::{
    diagnosis::{
        CauseId,
        Certainty::{Certain, Likely},
        Clue, Confirmation, FixKind,
    },
    error::ErrorKind,
};

use super::rule::{Rule, broken_tls, nothing};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: CauseId::BrokenTls,
        certainty: Certain,
        when: |e| e.handshake_flood,
        text: |_| {
            String::from(
                "the origin sends more than 64 KiB of TLS handshake messages at once, such as a \
                 thousand session tickets",
            )
        },
        clues: &[Clue::Ending],
        confirmation: Confirmation::Origin,
        fixes: |_| {
            vec![FixKind::Advice(
                "configure the origin to send fewer session tickets: two are usual",
            )]
        },
    },
    Rule {
        id: CauseId::BrokenTls,
        certainty: Likely,
        when: |e| e.is(ErrorKind::TlsProtocol) && !e.handshake_flood,
        text: broken_tls,
        clues: &[Clue::Ending],
        confirmation: Confirmation::AnotherNetwork,
        fixes: nothing,
    },
];
