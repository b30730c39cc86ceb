//! What goes beside messages: parts and their metadata, capabilities, inline catalogs, render reports.

use car_protocol::a2ui::capabilities::{
    AgentCapabilities, AgentSupport, CatalogFunctions, InlineCatalog, ListedFunction,
    RendererCapabilities, RendererDataModel, RendererSupport,
};
use car_protocol::a2ui::carriage::{self, RendererMetadata};
use car_protocol::a2ui::function::ReturnType;
use car_protocol::a2ui::patch::RenderReport;
use car_protocol::a2ui::validate::Validator;
use car_protocol::a2ui::{Component, DeleteSurface, Direction, Message, UpdateComponents, Version};
use serde_json::{Map, json};

use crate::samples::object;

#[test]
fn what_a_part_and_its_message_say_about_a2ui() {
    let mut pages = Vec::new();
    for &version in Version::ALL {
        let delete = Message::new(version, DeleteSurface::new("s1"));
        let part = carriage::part(std::slice::from_ref(&delete), version).unwrap();
        let read = carriage::read_part(&part).unwrap().unwrap().remove(0);
        assert_eq!(read, Ok(delete));

        let support = RendererSupport {
            supported_catalog_ids: vec![version.basic_catalog().into()],
            inline_catalogs: Some(vec![inline_catalog(version)]),
            ..RendererSupport::default()
        };
        let agent = AgentSupport {
            supported_catalog_ids: Some(vec!["https://example.com/catalog".into()]),
            accepts_inline_catalogs: Some(true),
            ..AgentSupport::default()
        };
        let common = support.common_catalog(&agent).unwrap();
        assert_eq!(common.as_str(), "https://example.com/inline");
        let metadata = RendererMetadata {
            capabilities: Some(RendererCapabilities(
                [(version.as_str().to_owned(), support)].into(),
            )),
            data_model: Some(RendererDataModel {
                version,
                surfaces: [("s1".into(), object(json!({ "a": 1 })))].into(),
            }),
        };
        let mut written = Map::new();
        metadata.write(&mut written, version).unwrap();
        assert_eq!(RendererMetadata::read(&written), Ok(metadata));
        let validator = Validator::basic(version);
        let capabilities = &written[version.capabilities_key()];
        assert_eq!(validator.renderer_capabilities(capabilities), Ok(()));
        assert_eq!(
            validator.data_model(&written[version.data_model_key()]),
            Ok(())
        );
        let agent = AgentCapabilities([(version.as_str().to_owned(), agent)].into());
        assert_eq!(validator.agent_capabilities(&json!(agent)), Ok(()));

        let uri = version.extension_uri();
        pages.push(json!({ "uri": uri, "part": part, "metadata": written, "agent": agent }));
    }
    insta::assert_json_snapshot!(pages);
}

fn inline_catalog(version: Version) -> InlineCatalog {
    let component = json!({
        "type": "object",
        "properties": { "component": { "const": "Chart" } },
        "required": ["component"]
    });
    let functions = if version.is_v1() {
        CatalogFunctions::Named(object(json!({ "double": {
            "type": "object",
            "properties": { "call": { "const": "double" }, "args": { "type": "object" } },
            "required": ["call"],
            "returnType": "number"
        } })))
    } else {
        CatalogFunctions::Listed(vec![ListedFunction {
            name: "double".to_owned(),
            description: Some("Twice as much".to_owned()),
            parameters: json!({ "type": "object" }),
            return_type: ReturnType::Number,
        }])
    };
    assert_eq!(functions.names(), ["double"]);
    InlineCatalog {
        catalog_id: "https://example.com/inline".into(),
        components: Some(object(json!({ "Chart": component }))),
        functions: Some(functions),
        theme: (!version.is_v1()).then(|| object(json!({ "accent": { "type": "string" } }))),
        other: Map::new(),
    }
}

#[test]
fn an_inline_catalog_is_a_schema_too() {
    for &version in Version::ALL {
        let catalog = json!(inline_catalog(version));
        let validator = Validator::with_catalog(version, &catalog).unwrap();
        let check = |component: &str| {
            let update = UpdateComponents {
                surface_id: "s1".into(),
                components: vec![Component::custom("root", component, Map::new())],
            };
            validator.message(&json!(Message::new(version, update)), Direction::ToRenderer)
        };
        // What v0.9 shares among components, an inline catalog says itself; this one allows an id.
        assert_eq!(check("Chart"), Ok(()), "{version}");
        let fault = check("Text").unwrap_err().remove(0);
        assert_eq!(
            fault.path, "/updateComponents/components/0/component",
            "{version}"
        );
        assert_eq!(fault.rule.name(), "enum");
    }
    let broken =
        json!({ "catalogId": "x", "components": { "A": { "$ref": "https://example.com/" } } });
    assert!(Validator::with_catalog(Version::V1_0, &broken).is_err());
}

#[test]
fn a_render_report_is_read_with_its_older_names() {
    let full = json!({
        "surfaceId": "s1", "signature": "abc", "density": "compact", "visibleFieldCount": 3, "actionCount": 1,
        "viewport": { "width": 800, "height": 600 }, "hiddenViaOverflow": 2, "strategyId": "list",
        "timestamp": "2026-01-02T03:04:05Z", "reportId": "r1", "sequence": 4, "placeholderCount": 0,
        "signatureStableSince": 2, "metadata": { "theme": "dark" }
    });
    let report: RenderReport = serde_json::from_value(full.clone()).unwrap();
    insta::assert_json_snapshot!(report);
    assert_eq!(serde_json::to_value(&report).unwrap(), full);

    let older = json!({
        "surfaceId": "s1", "signature": "abc", "viewport": null, "timestamp": 1,
        "metadata": { "report_id": "r1", "sequence": 4, "placeholder_count": 0, "signature_stable_since": 2 }
    });
    let older: RenderReport = serde_json::from_value(older).unwrap();
    let older = older.or_from_metadata();
    assert_eq!(older.report_id, report.report_id);
    assert_eq!(older.sequence, report.sequence);
    assert_eq!(older.placeholder_count, report.placeholder_count);
    assert_eq!(older.signature_stable_since, report.signature_stable_since);
}
