use super::*;

#[test]
fn an_import_that_is_wrong_anywhere_changes_nothing() {
    let one = engine();
    let old = add(&one, "port", "80");
    one.supersede(&old, fact("port", "443"), Details::default())
        .unwrap();
    let good = one.export().unwrap();
    for (from, to, why) in [
        (
            "\"car_memory\":1",
            "\"car_memory\":2",
            "form 2 is not known",
        ),
        (
            "\"id\":\"m-2\"",
            "\"id\":\"m-9\"",
            "line 3: \"m-9\" is no id",
        ),
        (
            "\"id\":\"m-2\"",
            "\"id\":\"m-1\"",
            "line 3: the id was there before",
        ),
        (
            "\"superseded_by\":\"m-2\"",
            "\"superseded_by\":\"m-1\"",
            "superseded it does not say so",
        ),
        (
            "\"outdated\":true",
            "\"outdated\":false",
            "line 2: it was superseded",
        ),
        (
            "\"confidence\":0.5",
            "\"confidence\":7",
            "line 2: the confidence",
        ),
    ] {
        let empty = engine();
        let said = empty
            .import(&good.replace(from, to))
            .unwrap_err()
            .to_string();
        assert!(said.contains(why), "{said}");
        assert_eq!(all(&empty), []);
    }
    let copy = engine();
    let imported = copy.import(&good).unwrap();
    assert_eq!((imported.facts, imported.outdated), (2, 1));
    assert_eq!(copy.export().unwrap(), good);
}

proptest! {
    #[test]
    fn no_import_panics(text in "(\\{\"car_memory\":1,\"next\":[0-9]{1,3}\\}\n)?(\\PC|\n){0,80}") {
        let _ = engine().import(&text);
    }
}
