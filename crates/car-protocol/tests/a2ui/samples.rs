//! One full example of every A2UI message and error in each version.

use car_protocol::a2ui::function::{self, CheckRule, FunctionCall, ReturnType};
use car_protocol::a2ui::patch::PatchOperation;
use car_protocol::a2ui::{
    Accessibility, Action, AgentFunctionResponse, Body, CallAgentFunction, CallRendererFunction,
    Component, CreateSurface, DataPath, DeleteSurface, Dynamic, ErrorReport, EventAction,
    FunctionError, FunctionOutcome, FunctionResponse, Live, Message, Metadata, Pointer,
    RendererFunctionResponse, UpdateComponents, UpdateDataModel, Version, basic, codes, patch,
};
use serde_json::{Map, Number, Value, json};

pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("{other}"),
    }
}

fn path(text: &str) -> DataPath {
    DataPath::parse(text).unwrap()
}

fn bound<T>(text: &str) -> Dynamic<T> {
    path(text).into()
}

fn extensions() -> Metadata {
    Metadata {
        extensions: Some(object(json!({ "example_tag": { "a": 1 } }))),
        ..Metadata::default()
    }
}

/// Every component of the basic catalog with every member that the version has.
fn components(version: Version) -> Vec<Component> {
    let v1 = version.is_v1();
    let weight = || Some(Number::from(1));
    let returns = |returns: ReturnType| (!v1).then_some(returns);
    let checks = || {
        let condition = FunctionCall {
            return_type: returns(ReturnType::Boolean),
            ..function::Required::new(bound::<Value>("/form/name")).into()
        };
        Some(vec![CheckRule {
            message: Some("A name is required.".to_owned()),
            ..CheckRule::new(condition)
        }])
    };
    let text = FunctionCall {
        return_type: returns(ReturnType::String),
        ..function::FormatString::new("Hello, ${/user/name}!").into()
    };
    let event = EventAction {
        user_message: v1.then(|| "Send it".into()),
        context: Some([("name".to_owned(), bound("/form/name"))].into()),
        ..EventAction::new("send")
    };
    let open: FunctionCall = FunctionCall {
        return_type: returns(ReturnType::Void),
        catalog_id: v1.then(|| version.basic_catalog().into()),
        ..function::OpenUrl::new("https://example.com/").into()
    };
    let root = Component::new(
        "root",
        basic::Column {
            justify: Some(basic::Justify::Start),
            align: Some(basic::Align::Stretch),
            weight: weight(),
            ..basic::Column::new(["row", "list", "card", "tabs", "modal", "line", "form"])
        },
    );
    let accessibility = Accessibility {
        label: Some("Form".into()),
        description: Some(bound("/form/help")),
        live: v1.then_some(Live::Polite),
        hidden: v1.then(|| false.into()),
    };
    let root = root.with("accessibility", json!(accessibility));
    let root = if v1 {
        root.with("catalogId", version.basic_catalog())
            .with("metadata", json!(extensions()))
    } else {
        root
    };
    let list = basic::ChildList::Template {
        component_id: "item".into(),
        path: path("/items"),
    };
    let choice = basic::ChoiceOption::new("Red", "red");
    vec![
        root,
        Component::new(
            "row",
            basic::Row {
                justify: Some(basic::Justify::SpaceBetween),
                align: Some(basic::Align::Center),
                weight: weight(),
                ..basic::Row::new(["picture", "symbol", "drawn", "clip", "sound"])
            },
        ),
        Component::new(
            "list",
            basic::List {
                direction: Some(basic::ListDirection::Vertical),
                align: Some(basic::Align::Start),
                weight: weight(),
                ..basic::List::new(list)
            },
        ),
        Component::new(
            "item",
            basic::Text {
                variant: Some(basic::TextVariant::Caption),
                weight: weight(),
                ..basic::Text::new(bound::<String>("label"))
            },
        ),
        Component::new(
            "card",
            basic::Card {
                weight: weight(),
                ..basic::Card::new("greeting")
            },
        ),
        Component::new("greeting", basic::Text::new(text)),
        Component::new(
            "tabs",
            basic::Tabs {
                weight: weight(),
                ..basic::Tabs::new([basic::Tab::new("One", "greeting")])
            },
        ),
        Component::new(
            "modal",
            basic::Modal {
                weight: weight(),
                ..basic::Modal::new("send", "greeting")
            },
        ),
        Component::new(
            "line",
            basic::Divider {
                axis: Some(basic::Axis::Horizontal),
                weight: weight(),
            },
        ),
        Component::new(
            "picture",
            basic::Image {
                description: Some("A cat".into()),
                fit: Some(basic::ImageFit::ScaleDown),
                variant: Some(basic::ImageVariant::SmallFeature),
                weight: weight(),
                ..basic::Image::new("https://example.com/cat.png")
            },
        ),
        Component::new(
            "symbol",
            basic::Icon {
                weight: weight(),
                ..basic::Icon::new("accountCircle")
            },
        ),
        Component::new(
            "drawn",
            basic::Icon::new(basic::IconName::Drawn {
                svg_path: "M0 0L1 1".into(),
            }),
        ),
        Component::new(
            "clip",
            basic::Video {
                poster_url: v1.then(|| "https://example.com/cat.png".into()),
                weight: weight(),
                ..basic::Video::new("https://example.com/cat.mp4")
            },
        ),
        Component::new(
            "sound",
            basic::AudioPlayer {
                description: Some("Purring".into()),
                weight: weight(),
                ..basic::AudioPlayer::new("https://example.com/cat.ogg")
            },
        ),
        Component::new(
            "form",
            basic::Column::new(["name", "agree", "colour", "size", "when", "send", "more"]),
        ),
        Component::new(
            "name",
            basic::TextField {
                value: Some(bound("/form/name")),
                placeholder: v1.then(|| "Your name".into()),
                variant: Some(basic::TextFieldVariant::ShortText),
                validation_regexp: (!v1).then(|| "^[A-Z]".to_owned()),
                checks: checks(),
                weight: weight(),
                ..basic::TextField::new("Name")
            },
        ),
        Component::new(
            "agree",
            basic::CheckBox {
                checks: checks(),
                weight: weight(),
                ..basic::CheckBox::new("Agree", bound::<bool>("/form/agree"))
            },
        ),
        Component::new(
            "colour",
            basic::ChoicePicker {
                label: Some("Colour".into()),
                variant: Some(basic::ChoiceVariant::MultipleSelection),
                display_style: Some(basic::DisplayStyle::Chips),
                filterable: Some(true),
                checks: checks(),
                weight: weight(),
                ..basic::ChoicePicker::new([choice], vec!["red".to_owned()])
            },
        ),
        Component::new(
            "size",
            basic::Slider {
                label: Some("Size".into()),
                min: Some(1.into()),
                steps: v1.then_some(4),
                checks: checks(),
                weight: weight(),
                ..basic::Slider::new(3_u64, 5)
            },
        ),
        Component::new(
            "when",
            basic::DateTimeInput {
                enable_date: Some(true),
                enable_time: Some(false),
                min: Some("2026-01-02".into()),
                max: Some(bound("/form/last")),
                label: Some("When".into()),
                checks: checks(),
                weight: weight(),
                ..basic::DateTimeInput::new(bound::<String>("/form/when"))
            },
        ),
        Component::new(
            "send",
            basic::Button {
                variant: Some(basic::ButtonVariant::Primary),
                checks: checks(),
                weight: weight(),
                ..basic::Button::new("greeting", event)
            },
        ),
        Component::new("more", basic::Button::new("greeting", open)),
    ]
}

/// One full example of every message, by a name that says what it shows.
pub(crate) fn messages(version: Version) -> Vec<(&'static str, Message)> {
    let v1 = version.is_v1();
    let call = |call: &str| FunctionCall {
        catalog_id: Some(version.basic_catalog().into()),
        args: Some(object(json!({ "url": "https://example.com/" }))),
        ..FunctionCall::new(call)
    };
    let answer = |outcome| FunctionResponse {
        function_call_id: "call-1".into(),
        outcome,
    };
    let failed = || {
        FunctionOutcome::Error(FunctionError {
            code: codes::UNKNOWN_FUNCTION.to_owned(),
            message: "There is no such function.".to_owned(),
        })
    };
    let mut bodies: Vec<(&str, Body)> = vec![
        (
            "createSurface",
            CreateSurface {
                theme: (!v1).then(|| object(json!({ "primaryColor": "#00BFFF" }))),
                send_data_model: Some(true),
                components: v1.then(|| vec![Component::new("root", basic::Text::new("Hello"))]),
                data_model: v1.then(|| object(json!({ "user": { "name": "Alice" } }))),
                metadata: v1.then(extensions),
                ..CreateSurface::new("s1", version.basic_catalog())
            }
            .into(),
        ),
        (
            "updateComponents",
            UpdateComponents {
                surface_id: "s1".into(),
                components: components(version),
            }
            .into(),
        ),
        (
            "updateDataModel",
            UpdateDataModel::set("s1", path("/user"), json!({ "name": "Bob" })).into(),
        ),
        (
            "updateDataModel, removing",
            UpdateDataModel::remove("s1", path("/user/name"), version).into(),
        ),
        ("deleteSurface", DeleteSurface::new("s1").into()),
        (
            "action",
            Action {
                name: "send".to_owned(),
                user_message: v1.then(|| "Send it".to_owned()),
                surface_id: "s1".into(),
                source_component_id: "send".into(),
                timestamp: "2026-01-02T03:04:05Z".to_owned(),
                context: object(json!({ "name": "Alice" })),
                metadata: v1.then(extensions),
                other: Map::new(),
            }
            .into(),
        ),
        (
            "error, of a place",
            ErrorReport {
                surface_id: Some("s1".into()),
                path: Some("/components/0/text".to_owned()),
                ..ErrorReport::new(codes::VALIDATION_FAILED, "The text is missing.")
            }
            .into(),
        ),
        (
            "error, any other",
            ErrorReport {
                surface_id: Some("s1".into()),
                other: object(json!({ "attempt": 2 })),
                ..ErrorReport::new("RENDER_FAILED", "The picture cannot be shown.")
            }
            .into(),
        ),
    ];
    if v1 {
        bodies.extend([
            (
                "callRendererFunction",
                CallRendererFunction {
                    function_call_id: "call-1".into(),
                    call_function: call("openUrl"),
                }
                .into(),
            ),
            (
                "agentFunctionResponse",
                AgentFunctionResponse(answer(FunctionOutcome::Value(json!([1])))).into(),
            ),
            (
                "agentFunctionResponse, failed",
                AgentFunctionResponse(answer(failed())).into(),
            ),
            (
                "callAgentFunction",
                CallAgentFunction {
                    surface_id: "s1".into(),
                    function_call_id: "call-1".into(),
                    call_function: call("openUrl"),
                }
                .into(),
            ),
            (
                "rendererFunctionResponse",
                RendererFunctionResponse(answer(FunctionOutcome::Value(Value::Null))).into(),
            ),
            (
                "rendererFunctionResponse, failed",
                RendererFunctionResponse(answer(failed())).into(),
            ),
            (
                "error, of a child",
                ErrorReport {
                    surface_id: Some("s1".into()),
                    path: Some("/components/0".to_owned()),
                    ..ErrorReport::new(codes::UNALLOWED_CHILD, "A menu holds menu items only.")
                }
                .into(),
            ),
            (
                "error, of a call",
                ErrorReport {
                    function_call_id: Some("call-1".into()),
                    ..ErrorReport::new(
                        codes::INVALID_FUNCTION_CALL,
                        "The function may not be called from there.",
                    )
                }
                .into(),
            ),
        ]);
    } else {
        let at = |text| Pointer::parse(text).unwrap();
        bodies.push((
            "patchComponents",
            patch::PatchComponents {
                surface_id: "s1".into(),
                patch: vec![
                    PatchOperation::Test {
                        path: at("/title/component"),
                        value: json!("Text"),
                    },
                    PatchOperation::Add {
                        path: at("/new"),
                        value: json!({ "component": "Divider" }),
                    },
                    PatchOperation::Replace {
                        path: at("/title/text"),
                        value: json!("Hi"),
                    },
                    PatchOperation::Copy {
                        from: at("/new"),
                        path: at("/newer"),
                    },
                    PatchOperation::Move {
                        from: at("/newer"),
                        path: at("/newest"),
                    },
                    PatchOperation::Remove {
                        path: at("/newest"),
                    },
                ],
                in_response_to: Some("report-1".to_owned()),
            }
            .into(),
        ));
    }
    let named = bodies
        .into_iter()
        .map(|(name, body)| (name, Message::new(version, body)));
    named.collect()
}
