//! What a task's card is called. A card is put before people one by one, so a click on it does not say what group it is about:
//! its name does.

/// The `task_id` of the card of an action about a group (letters, digits, `_`, `-` and `@`, document 101032; ids of actions and
/// of groups have no `@`).
pub fn name(action: &str, group: &str) -> String {
    format!("{action}@{group}")
}

/// The action and the group that a `task_id` names; `None` for a card that is none of ours.
pub fn parts(name: &str) -> Option<(&str, &str)> {
    name.split_once('@').filter(|(action, group)| !action.is_empty() && !group.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_it_was_made_of() {
        for (action, group) in [("a-2x", "wrOgQhDgAA_-1"), ("a-2x", "g@1")] {
            assert_eq!(parts(&name(action, group)), Some((action, group)));
        }
        for foreign in ["", "a-2x", "@", "a-2x@", "@wr1"] {
            assert_eq!(parts(foreign), None, "{foreign}");
        }
    }
}
