//! Methods whose work a connected host does: they need what only its platform has.
//!
//! The daemon knows their names, asks a person first, and passes them on; without a provider the call is
//! `unavailable` before anybody is asked.

use serde_json::{Map, Value};

crate::methods! {
    /// Runs an AppleScript.
    #[risk(NeedsApproval)] #[mutates] #[provided]
    RunApplescript = "automation.run_applescript" (Map<String, Value>) -> Value;

    /// Runs a shortcut of the platform.
    #[risk(NeedsApproval)] #[mutates] #[provided]
    RunShortcut = "automation.shortcuts.run" (Map<String, Value>) -> Value;

    /// Sends a message in the person's name.
    #[risk(NeedsApproval)] #[mutates] #[provided]
    SendMessage = "messages.send" (Map<String, Value>) -> Value;

    /// Sends mail in the person's name.
    #[risk(NeedsApproval)] #[mutates] #[provided]
    SendMail = "mail.send" (Map<String, Value>) -> Value;

    /// Reads the text of an image.
    #[risk(NeedsApproval)] #[provided]
    Ocr = "vision.ocr" (Map<String, Value>) -> Value;
}
