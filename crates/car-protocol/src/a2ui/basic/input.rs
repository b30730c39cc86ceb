use serde_json::Number;

use crate::a2ui::action::ComponentAction;
use crate::a2ui::function::CheckRule;
use crate::a2ui::record::{record, words};
use crate::a2ui::{ComponentId, Dynamic};

record! {
    /// Something to press.
    Button {
        /// What stands on it.
        child: ComponentId,
        /// What happens.
        action: ComponentAction,
    } maybe {
        /// How it looks; `default` when left out.
        variant: ButtonVariant,
        /// While one of them fails, the button is disabled.
        checks: Vec<CheckRule>,
        /// The share of the room in a row or column, relative to its siblings.
        weight: Number,
    }
}

words! {
    /// How a button looks.
    ButtonVariant {
        /// As usual.
        Default,
        /// As what is to be pressed.
        Primary,
        /// As a text.
        Borderless,
    }
}

record! {
    /// A field for text.
    TextField {
        /// What it is called.
        label: Dynamic<String>,
    } maybe {
        /// What is in it; bound to a path, it is written there.
        value: Dynamic<String>,
        /// What stands in it while it is empty. v1.0 only.
        placeholder: Dynamic<String>,
        /// What kind of text; `shortText` when left out.
        variant: TextFieldVariant,
        /// A regular expression that the text must match. v0.9 only: v1.0 has checks for it.
        validation_regexp: String,
        /// What must hold for it.
        checks: Vec<CheckRule>,
        /// The share of the room in a row or column, relative to its siblings.
        weight: Number,
    }
}

words! {
    /// What kind of text.
    TextFieldVariant {
        /// Several lines.
        LongText,
        /// A number.
        Number,
        /// One line.
        ShortText,
        /// One line that is not shown.
        Obscured,
    }
}

record! {
    /// Something to tick.
    CheckBox {
        /// What it is called.
        label: Dynamic<String>,
        /// Whether it is ticked.
        value: Dynamic<bool>,
    } maybe {
        /// What must hold for it.
        checks: Vec<CheckRule>,
        /// The share of the room in a row or column, relative to its siblings.
        weight: Number,
    }
}

record! {
    /// A choice of one or several.
    ChoicePicker {
        /// What there is to choose from.
        options: Vec<ChoiceOption>,
        /// The values of those chosen.
        value: Dynamic<Vec<String>>,
    } maybe {
        /// What it is called.
        label: Dynamic<String>,
        /// One or several; `mutuallyExclusive` when left out.
        variant: ChoiceVariant,
        /// How it looks; `checkbox` when left out.
        display_style: DisplayStyle,
        /// Whether there is a field to search in; `false` when left out.
        filterable: bool,
        /// What must hold for it.
        checks: Vec<CheckRule>,
        /// The share of the room in a row or column, relative to its siblings.
        weight: Number,
    }
}

record! {
    /// Something to choose.
    ChoiceOption {
        /// What it is called.
        label: Dynamic<String>,
        /// What is written when it is chosen.
        value: String,
    }
}

words! {
    /// How many may be chosen.
    ChoiceVariant {
        /// Several.
        MultipleSelection,
        /// One.
        MutuallyExclusive,
    }
}

words! {
    /// How a choice looks.
    DisplayStyle {
        /// Boxes to tick.
        Checkbox,
        /// Small buttons.
        Chips,
    }
}

record! {
    /// A number between two others.
    Slider {
        /// The number.
        value: Dynamic<Number>,
        /// The largest.
        max: Number,
    } maybe {
        /// What it is called.
        label: Dynamic<String>,
        /// The smallest; 0 when left out.
        min: Number,
        /// In how many steps; at least 1. v1.0 only.
        steps: u64,
        /// What must hold for it.
        checks: Vec<CheckRule>,
        /// The share of the room in a row or column, relative to its siblings.
        weight: Number,
    }
}

record! {
    /// A date, a time, or both, in ISO 8601.
    DateTimeInput {
        /// The moment.
        value: Dynamic<String>,
    } maybe {
        /// Whether a date can be chosen; `false` when left out.
        enable_date: bool,
        /// Whether a time can be chosen; `false` when left out.
        enable_time: bool,
        /// The earliest.
        min: Dynamic<String>,
        /// The latest.
        max: Dynamic<String>,
        /// What it is called.
        label: Dynamic<String>,
        /// What must hold for it.
        checks: Vec<CheckRule>,
        /// The share of the room in a row or column, relative to its siblings.
        weight: Number,
    }
}
