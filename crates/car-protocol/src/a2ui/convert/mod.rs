//! From one version to another, and what is lost on the way.
//!
//! v0.9 and v0.9.1 say the same, so nothing is lost between them. Between them and v1.0 most things have a counterpart;
//! what has none is named in a [`Loss`], with what became of it. Messages that only one version has are refused by
//! [`NoEquivalent`]. Components of catalogs other than the basic one keep their own properties: only what the protocol
//! gives to all components and calls is converted in them; [`convert_for`] is told which catalog it is.

mod calls;
mod components;
mod loss;

use serde_json::Value;

use super::event::{Action, ErrorReport};
use super::message::{Body, Message};
use super::surface::{CreateSurface, UpdateComponents, UpdateDataModel};
use super::version::{Version, is_basic_catalog};
use super::{CatalogId, Component};

use loss::Report;
pub use loss::{Fate, Loss, Lost, NoEquivalent};

/// A message in another version.
#[derive(Clone, Debug, PartialEq)]
pub struct Converted {
    /// What says the same, in this order. A surface that v1.0 opens with its components needs several of v0.9.
    pub messages: Vec<Message>,
    /// What it does not say the same, by where it stood in the message that was converted.
    pub losses: Vec<Loss>,
}

/// Brings a message into a version, for a surface of the basic catalog.
///
/// A message that is in that version already comes back as it was.
///
/// # Errors
/// Nothing in that version says anything like it: calls, their responses, errors of calls, and patches of the original
/// between v0.9 and v1.0.
pub fn convert(message: Message, to: Version) -> Result<Converted, NoEquivalent> {
    convert_for(message, to, None)
}

/// Brings a message into a version, for a surface of the given catalog; the basic one if there is none.
///
/// The wire does not say it again in every message: without it, a `Text` of another catalog would be taken for the basic
/// one.
///
/// # Errors
/// As [`convert`].
pub fn convert_for(
    message: Message,
    to: Version,
    catalog: Option<&CatalogId>,
) -> Result<Converted, NoEquivalent> {
    let from = message.version;
    if from.is_v1() == to.is_v1() {
        let messages = vec![Message {
            version: to,
            ..message
        }];
        return Ok(Converted {
            messages,
            losses: Vec::new(),
        });
    }
    let report = &mut Report::default();
    report.custom = catalog.is_some_and(|id| !is_basic_catalog(id));
    let none = NoEquivalent {
        message: message.body.name(),
        from,
        to,
    };
    let bodies: Vec<Body> = match message.body {
        Body::CreateSurface(create) if to.is_v1() => vec![create_up(create, report).into()],
        Body::CreateSurface(create) => {
            report.custom = create
                .catalog_id
                .as_ref()
                .is_some_and(|id| !is_basic_catalog(id));
            create_down(create, to, report)
        }
        Body::UpdateComponents(mut update) => {
            convert_all(&mut update.components, to, report);
            vec![update.into()]
        }
        Body::UpdateDataModel(update) => vec![update_data(update, to, report).into()],
        Body::DeleteSurface(delete) => vec![delete.into()],
        Body::Action(action) => vec![user_action(action, to, report).into()],
        Body::Error(error) => vec![error_report(error, to, report).ok_or(none)?.into()],
        Body::PatchComponents(_)
        | Body::CallRendererFunction(_)
        | Body::AgentFunctionResponse(_)
        | Body::CallAgentFunction(_)
        | Body::RendererFunctionResponse(_) => return Err(none),
    };
    let name = none.message;
    let messages = bodies.into_iter().map(|body| Message::new(to, body));
    Ok(Converted {
        messages: messages.collect(),
        losses: report.take(name),
    })
}

fn convert_all(list: &mut [Component], to: Version, report: &mut Report) {
    report.inside("components", |report| {
        for (index, component) in list.iter_mut().enumerate() {
            report.inside(&index.to_string(), |report| {
                components::convert(component, to, report);
            });
        }
    });
}

/// The basic catalog has an id in each version; other catalogs have one.
fn catalog(id: CatalogId, to: Version) -> CatalogId {
    if is_basic_catalog(&id) {
        return CatalogId::from(to.basic_catalog());
    }
    id
}

fn create_up(mut create: CreateSurface, report: &mut Report) -> CreateSurface {
    create.catalog_id = create.catalog_id.map(|id| catalog(id, Version::V1_0));
    if create.theme.take().is_some() {
        report.lose("theme", Lost::Theme, Fate::Dropped);
    }
    create
}

fn create_down(mut create: CreateSurface, to: Version, report: &mut Report) -> Vec<Body> {
    let surface_id = create.surface_id.clone();
    create.catalog_id = Some(match create.catalog_id.take() {
        Some(id) => catalog(id, to),
        None => {
            report.lose("catalogId", Lost::NoDefaultCatalog, Fate::Assumed);
            CatalogId::from(to.basic_catalog())
        }
    });
    if create.metadata.take().is_some() {
        report.lose("metadata", Lost::Metadata, Fate::Dropped);
    }
    let (components, data_model) = (create.components.take(), create.data_model.take());
    let mut bodies = vec![Body::from(create)];
    // The data first, so that nothing is shown without it.
    bodies.extend(data_model.map(|model| {
        Body::from(UpdateDataModel {
            surface_id: surface_id.clone(),
            path: None,
            value: Some(Value::Object(model)),
        })
    }));
    bodies.extend(components.map(|mut components| {
        convert_all(&mut components, to, report);
        Body::from(UpdateComponents {
            surface_id,
            components,
        })
    }));
    bodies
}

fn update_data(mut update: UpdateDataModel, to: Version, report: &mut Report) -> UpdateDataModel {
    update.value = match update.value.take() {
        None if to.is_v1() => Some(Value::Null),
        Some(Value::Null) if to.is_v1() => {
            report.lose("value", Lost::Null, Fate::Changed);
            Some(Value::Null)
        }
        Some(Value::Null) => None,
        value => value,
    };
    update
}

fn user_action(mut action: Action, to: Version, report: &mut Report) -> Action {
    if !to.is_v1() {
        if action.user_message.take().is_some() {
            report.lose("userMessage", Lost::UserMessage, Fate::Dropped);
        }
        if action.metadata.take().is_some() {
            report.lose("metadata", Lost::Metadata, Fate::Dropped);
        }
    }
    action
}

fn error_report(mut error: ErrorReport, to: Version, report: &mut Report) -> Option<ErrorReport> {
    if to.is_v1() {
        // What names a place must name it; in v0.9 these codes were free.
        if error.is_about_a_place() && error.path.is_none() {
            report.lose("path", Lost::ErrorPath, Fate::Assumed);
            error.path = Some(String::new());
        }
        return Some(error);
    }
    // A surface is required.
    error.surface_id.as_ref()?;
    if error.function_call_id.take().is_some() {
        report.lose("functionCallId", Lost::CallId, Fate::Dropped);
    }
    Some(error)
}
