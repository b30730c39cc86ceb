use super::*;

const AT: Timestamp = Timestamp::UNIX_EPOCH;

fn asked(id: &str) -> Asked {
    Asked {
        id: id.to_owned(),
        action: "ws.method:state.clear".to_owned(),
        agent_id: Some("agent-1".to_owned()),
        details: Value::Null,
        options: default_options(),
        at: AT,
        expires_at: None,
    }
}

fn who(session: &str, principal: Principal, role: Role, auth_enabled: bool) -> Identity {
    Identity {
        session: SessionId::new(session),
        principal,
        role,
        auth_enabled,
    }
}

fn host() -> Identity {
    who("h", Principal::Host, Role::Host, true)
}

fn client(session: &str) -> Identity {
    who(session, Principal::Client, Role::Client, true)
}

fn resolve(desk: &mut ApprovalDesk, id: &str, by: &Identity) -> Result<Resolved, ApprovalError> {
    desk.resolve(
        id,
        APPROVE,
        by,
        &|session| session.as_str() == "listening",
        AT,
    )
}

#[test]
fn a_host_decides_a_gated_call_exactly_once() {
    let mut desk = ApprovalDesk::default();
    let (_, mut ticket) = desk.ask_for_call(asked("a"), &client("c")).unwrap();
    assert!(matches!(
        resolve(&mut desk, "a", &host()),
        Ok(Resolved::Decided(_))
    ));
    assert_eq!(ticket.decision.try_recv().unwrap(), Decision::Approved);
    let again = resolve(&mut desk, "a", &host()).unwrap_err();
    assert_eq!(
        again,
        ApprovalError::AlreadyDecided {
            id: "a".into(),
            resolution: "approve".into()
        }
    );
}

#[test]
fn the_identity_that_asked_may_not_decide_on_any_connection() {
    let mut desk = ApprovalDesk::default();
    let _ticket = desk.ask_for_call(asked("a"), &client("c")).unwrap();
    assert_eq!(
        resolve(&mut desk, "a", &client("other")).unwrap_err(),
        ApprovalError::SelfApproval
    );
    let _ticket = desk.ask_for_call(asked("b"), &host()).unwrap();
    assert_eq!(
        resolve(&mut desk, "b", &host()).unwrap_err(),
        ApprovalError::SelfApproval
    );
    assert_eq!(
        resolve(&mut desk, "b", &client("other")).unwrap_err(),
        ApprovalError::HostRequired
    );
}

#[test]
fn a_session_that_shows_another_credential_is_still_the_one_who_asked() {
    let mut desk = ApprovalDesk::default();
    let _ticket = desk.ask_for_call(asked("a"), &client("x")).unwrap();
    let same = who("x", Principal::Host, Role::Host, true);
    assert_eq!(
        resolve(&mut desk, "a", &same).unwrap_err(),
        ApprovalError::SelfApproval
    );
}

#[test]
fn without_authentication_any_other_connection_may_decide() {
    let mut desk = ApprovalDesk::default();
    let anonymous = |id: &str| Principal::Anonymous(SessionId::new(id));
    let same = who("x", anonymous("x"), Role::Client, false);
    let _ticket = desk.ask_for_call(asked("a"), &same).unwrap();
    assert_eq!(
        resolve(&mut desk, "a", &same).unwrap_err(),
        ApprovalError::SelfApproval
    );
    let other = who("y", anonymous("y"), Role::Client, false);
    assert!(matches!(
        resolve(&mut desk, "a", &other),
        Ok(Resolved::Decided(_))
    ));
}

#[test]
fn a_clients_own_row_follows_the_ownership_table() {
    let mut desk = ApprovalDesk::default();
    for (id, owner) in [("mine", "me"), ("theirs", "listening"), ("gone", "away")] {
        desk.ask_for_client(asked(id), Some(&SessionId::new(owner)))
            .unwrap();
    }
    desk.ask_for_client(asked("anybodys"), None).unwrap();
    assert!(matches!(
        resolve(&mut desk, "mine", &client("me")),
        Ok(Resolved::Decided(_))
    ));
    assert!(matches!(
        resolve(&mut desk, "anybodys", &client("me")),
        Ok(Resolved::Decided(_))
    ));
    let Ok(Resolved::PassedOn(row, wish)) = resolve(&mut desk, "theirs", &host()) else {
        panic!("not passed on")
    };
    assert_eq!(
        (row.status, wish.owner_client_id.as_str()),
        (ApprovalStatus::Pending, "listening")
    );
    assert!(matches!(
        resolve(&mut desk, "gone", &host()),
        Err(ApprovalError::OwnerAway { .. })
    ));
}

#[test]
fn a_resolution_must_be_an_option() {
    let mut desk = ApprovalDesk::default();
    let _ticket = desk.ask_for_call(asked("a"), &client("c")).unwrap();
    let refused = desk
        .resolve("a", "maybe", &host(), &|_| false, AT)
        .unwrap_err();
    assert!(matches!(refused, ApprovalError::NotAnOption { .. }));
    assert_eq!(desk.pending(), 1);
}

#[test]
fn expiry_and_decision_exclude_each_other() {
    let mut desk = ApprovalDesk::default();
    let (_, mut ticket) = desk.ask_for_call(asked("a"), &client("c")).unwrap();
    assert!(desk.end("a", "expired", AT).is_some());
    assert!(matches!(
        resolve(&mut desk, "a", &host()),
        Err(ApprovalError::AlreadyDecided { .. })
    ));
    assert_eq!(
        ticket.decision.try_recv().unwrap(),
        Decision::Denied("expired".into())
    );
    assert!(desk.end("a", "expired", AT).is_none());
}

#[test]
fn what_a_session_raised_ends_with_it() {
    let mut desk = ApprovalDesk::default();
    desk.ask_for_client(asked("a"), Some(&SessionId::new("me")))
        .unwrap();
    desk.ask_for_client(asked("b"), Some(&SessionId::new("other")))
        .unwrap();
    assert!(
        desk.end_raised_by(&SessionId::new("me"), Some("agent-2"), "agent_gone", AT)
            .is_empty()
    );
    let ended = desk.end_raised_by(&SessionId::new("me"), None, "agent_gone", AT);
    assert_eq!(ended.len(), 1);
    assert_eq!(desk.pending(), 1);
}

#[test]
fn both_lists_are_bounded() {
    let mut desk = ApprovalDesk::default();
    for n in 0..MAX_PENDING {
        desk.ask_for_client(asked(&n.to_string()), None).unwrap();
    }
    let refused = desk.ask_for_client(asked("more"), None).unwrap_err();
    assert_eq!(refused, ApprovalError::TooMany { limit: MAX_PENDING });
    for n in 0..MAX_PENDING {
        desk.end(&n.to_string(), "expired", AT);
    }
    assert_eq!(desk.list().len(), MAX_DECIDED);
}
