//! Any text is read as A2UI or refused; what was read is written so that it reads the same, and converted so that it
//! can be read again.
#![no_main]

use car_protocol::a2ui::convert::convert;
use car_protocol::a2ui::validate::Validator;
use car_protocol::a2ui::{self, Body, Component, DataModel, DataPath, Message, Pointer, Version};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(pointer) = Pointer::parse(text) {
        let again = pointer
            .segments()
            .try_fold(Pointer::ROOT, |path, segment| path.join(&segment));
        assert_eq!(again.as_ref(), Ok(&pointer));
    }
    if let Ok(path) = DataPath::parse(text) {
        assert_eq!(path.as_str(), text);
    }
    let Ok(decoded) = a2ui::decode(text) else {
        return;
    };
    let mut model = DataModel::default();
    for message in decoded {
        match message {
            Ok(message) => read(message, &mut model),
            Err(fault) => {
                assert!(fault.message.len() < 512);
                let _ = fault.to_error(Version::V1_0);
            }
        }
    }
});

fn read(message: Message, model: &mut DataModel) {
    same(&message);
    let value = serde_json::to_value(&message).expect("a message is JSON");
    let _ = Validator::basic(message.version).message(&value, message.body.direction());
    match &message.body {
        Body::UpdateComponents(update) => update.components.iter().for_each(typed),
        Body::UpdateDataModel(update) => {
            let before = model.clone();
            if model.apply(update, message.version).is_err() {
                assert_eq!(*model, before);
            }
            assert!(DataModel::new(model.root().clone()).is_ok());
        }
        _ => {}
    }
    for &version in Version::ALL {
        if let Ok(converted) = convert(message.clone(), version) {
            // A conversion may add a few bytes to a component that has just as many as it may have.
            let short = value.to_string().len() < 8 * 1024;
            converted.messages.iter().filter(|_| short).for_each(same);
        }
    }
}

fn same(message: &Message) {
    let written = serde_json::to_string(message).expect("a message is JSON");
    let again = a2ui::decode(&written).expect("what is written is no longer than before");
    assert_eq!(again.first(), Some(&Ok(message.clone())));
}

fn typed(component: &Component) {
    if let Ok(Some(basic)) = component.basic() {
        let same = Component::new(component.id.clone(), basic.clone());
        assert_eq!(same.basic(), Ok(Some(basic)));
    }
}
