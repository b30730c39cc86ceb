use super::{A2aError, Version};

/// What a request asks of an agent, whatever the version.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Operation {
    /// Say something, get one answer.
    SendMessage,
    /// Say something, get a stream of events.
    SendStreamingMessage,
    /// The task as it stands.
    GetTask,
    /// Tasks, by pages. 0.3 has it over HTTP only; the name there is the one of the [`dialect`](super::dialect).
    ListTasks,
    /// End a task.
    CancelTask,
    /// A stream of what happens to a task.
    SubscribeToTask,
    /// Have a webhook told what happens to a task.
    CreateTaskPushNotificationConfig,
    /// One push configuration of a task.
    GetTaskPushNotificationConfig,
    /// The push configurations of a task.
    ListTaskPushNotificationConfigs,
    /// No more calls to a webhook.
    DeleteTaskPushNotificationConfig,
    /// The card that those see who authenticate.
    GetExtendedAgentCard,
}

impl Operation {
    /// All of them, in the order of the specification.
    pub const ALL: &'static [Self] = &[
        Self::SendMessage,
        Self::SendStreamingMessage,
        Self::GetTask,
        Self::ListTasks,
        Self::CancelTask,
        Self::SubscribeToTask,
        Self::CreateTaskPushNotificationConfig,
        Self::GetTaskPushNotificationConfig,
        Self::ListTaskPushNotificationConfigs,
        Self::DeleteTaskPushNotificationConfig,
        Self::GetExtendedAgentCard,
    ];

    /// The name of the JSON-RPC method.
    #[must_use]
    pub const fn method(self, version: Version) -> &'static str {
        let (v0_3, v1_0) = self.names();
        match version {
            Version::V0_3 => v0_3,
            Version::V1_0 => v1_0,
        }
    }

    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::SendMessage => ("message/send", "SendMessage"),
            Self::SendStreamingMessage => ("message/stream", "SendStreamingMessage"),
            Self::GetTask => ("tasks/get", "GetTask"),
            Self::ListTasks => ("tasks/list", "ListTasks"),
            Self::CancelTask => ("tasks/cancel", "CancelTask"),
            Self::SubscribeToTask => ("tasks/resubscribe", "SubscribeToTask"),
            Self::CreateTaskPushNotificationConfig => (
                "tasks/pushNotificationConfig/set",
                "CreateTaskPushNotificationConfig",
            ),
            Self::GetTaskPushNotificationConfig => (
                "tasks/pushNotificationConfig/get",
                "GetTaskPushNotificationConfig",
            ),
            Self::ListTaskPushNotificationConfigs => (
                "tasks/pushNotificationConfig/list",
                "ListTaskPushNotificationConfigs",
            ),
            Self::DeleteTaskPushNotificationConfig => (
                "tasks/pushNotificationConfig/delete",
                "DeleteTaskPushNotificationConfig",
            ),
            Self::GetExtendedAgentCard => {
                ("agent/getAuthenticatedExtendedCard", "GetExtendedAgentCard")
            }
        }
    }

    /// The operation that a method's name means, and the version that has this name.
    #[must_use]
    pub fn find(method: &str) -> Option<(Version, Self)> {
        Self::ALL.iter().find_map(|&operation| {
            let (v0_3, v1_0) = operation.names();
            if method == v1_0 {
                Some((Version::V1_0, operation))
            } else {
                (method == v0_3).then_some((Version::V0_3, operation))
            }
        })
    }

    /// The operation that a method's name means in a version.
    ///
    /// # Errors
    /// [`ErrorKind::MethodNotFound`](super::ErrorKind::MethodNotFound) when this version has no such name.
    pub fn parse(version: Version, method: &str) -> Result<Self, A2aError> {
        match Self::find(method) {
            Some((of, operation)) if of == version => Ok(operation),
            _ => Err(A2aError::method_not_found(method)),
        }
    }

    /// Whether the answer is a stream.
    #[must_use]
    pub const fn streams(self) -> bool {
        matches!(self, Self::SendStreamingMessage | Self::SubscribeToTask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_both_versions_is_found_again() {
        for &operation in Operation::ALL {
            for &version in Version::ALL {
                let method = operation.method(version);
                assert_eq!(Operation::find(method), Some((version, operation)));
                assert_eq!(Operation::parse(version, method).ok(), Some(operation));
            }
        }
    }

    #[test]
    fn a_name_of_the_other_version_is_no_method_of_this_one() {
        let error = Operation::parse(Version::V1_0, "message/send").unwrap_err();
        assert_eq!(error.code(), -32601);
        assert!(Operation::parse(Version::V0_3, "SendMessage").is_err());
        assert!(Operation::parse(Version::V1_0, "sendmessage").is_err());
    }
}
