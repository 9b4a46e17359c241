//! `JsonSpans`: writes each span that closes as one line of JSON, in the shape of OTLP's `Span`.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Map, Value, json};
use tracing::{
    Subscriber,
    field::{Field, Visit},
    span,
};
use tracing_subscriber::{
    layer::{Context, Layer},
    registry::LookupSpan,
};

/// OTLP's number of the kind "client", and of "internal".
const CLIENT: u8 = 3;
const INTERNAL: u8 = 1;

/// OTLP's number of the status "error".
const ERROR: u8 = 2;

/// A layer that passes each span that closes to a function.
pub(crate) struct JsonSpans<F> {
    sink: F,
    seed: RandomState,
}

/// What is kept of a span while it is open.
struct Open {
    trace_id: u128,
    span_id: u64,
    parent_id: Option<u64>,
    began: u64,
    fields: Map<String, Value>,
}

impl<F: Fn(&str)> JsonSpans<F> {
    pub(crate) fn new(sink: F) -> Self {
        Self {
            sink,
            seed: RandomState::new(),
        }
    }
}

impl<S, F> Layer<S> for JsonSpans<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    F: Fn(&str) + 'static,
{
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, cx: Context<'_, S>) {
        let Some(span) = cx.span(id) else { return };
        let parent = span.parent().and_then(|parent| {
            let extensions = parent.extensions();
            let open = extensions.get::<Open>()?;
            Some((open.trace_id, open.span_id))
        });
        // An id is used again once its span has closed: the time makes it unique.
        let now = nanos();
        let chance = |salt: u8| self.seed.hash_one((salt, id.into_u64(), now));
        let trace_id = u128::from(chance(1)) << 64 | u128::from(chance(2));
        let mut open = Open {
            trace_id: parent.map_or(trace_id, |(trace_id, _)| trace_id),
            span_id: chance(3),
            parent_id: parent.map(|(_, span_id)| span_id),
            began: now,
            fields: Map::new(),
        };
        attributes.record(&mut open);
        span.extensions_mut().insert(open);
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, cx: Context<'_, S>) {
        if let Some(span) = cx.span(id)
            && let Some(open) = span.extensions_mut().get_mut::<Open>()
        {
            values.record(open);
        }
    }

    fn on_close(&self, id: span::Id, cx: Context<'_, S>) {
        let Some(span) = cx.span(&id) else { return };
        let Some(open) = span.extensions_mut().remove::<Open>() else {
            return;
        };
        (self.sink)(&open.into_json(span.name()).to_string());
    }
}

impl Open {
    fn into_json(mut self, name: &str) -> Value {
        let name = self
            .fields
            .remove("otel.name")
            .unwrap_or_else(|| name.into());
        let kind = match self.fields.remove("otel.kind") {
            Some(Value::String(kind)) if kind == "client" => CLIENT,
            _ => INTERNAL,
        };
        let has_failed = self.fields.contains_key("error.type");
        let attribute = |(key, value): (String, Value)| {
            let value = match value {
                Value::Number(number) => json!({ "intValue": number.to_string() }),
                Value::Bool(value) => json!({ "boolValue": value }),
                value => json!({ "stringValue": value }),
            };
            json!({ "key": key, "value": value })
        };
        let attributes: Vec<_> = self.fields.into_iter().map(attribute).collect();
        let mut span = json!({
            "traceId": format!("{:032x}", self.trace_id),
            "spanId": format!("{:016x}", self.span_id),
            "name": name,
            "kind": kind,
            "startTimeUnixNano": self.began.to_string(),
            "endTimeUnixNano": nanos().to_string(),
            "attributes": attributes,
        });
        if let Some(parent_id) = self.parent_id {
            span["parentSpanId"] = format!("{parent_id:016x}").into();
        }
        if has_failed {
            span["status"] = json!({ "code": ERROR });
        }
        span
    }
}

impl Visit for Open {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.insert(field.name().into(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.fields.insert(field.name().into(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.fields.insert(field.name().into(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let value = format!("{value:?}");
        self.fields.insert(field.name().into(), value.into());
    }
}

fn nanos() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_nanos()).unwrap_or(u64::MAX)
}
