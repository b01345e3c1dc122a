//! The closed sets of words that are labels of metrics.

use super::table::Closed;

/// A set of words that are labels.
macro_rules! words {
    ($(#[$doc:meta])* $visible:vis $set:ident { $($(#[$about:meta])* $word:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $visible enum $set { $($(#[$about])* $word),+ }
        impl Closed for $set {
            const WORDS: &'static [&'static str] = &[$($text),+];
            fn at(self) -> usize {
                self as usize
            }
        }
    };
}

words!(
    /// What became of an event.
    pub EventOutcome {
        /// New, and durable.
        Accepted = "accepted",
        /// There already.
        Duplicate = "duplicate",
        /// There already, with another body.
        DuplicateOtherBody = "duplicate_other_body",
        /// Stored, and too old to act on.
        TooOld = "too_old",
        /// Not an event; counted once for each request that held one.
        Rejected = "rejected",
    }
);

words!(
    /// Whether something is acted on.
    pub Mode {
        /// It is.
        Act = "act",
        /// It is only recorded.
        Observe = "observe",
    }
);

words!(
    /// How a bridge is.
    pub BridgeState {
        /// It takes events and actions.
        On = "on",
        /// The environment does not define it.
        Off = "off",
        /// It answers in a way that an operator must look at.
        Broken = "broken",
        /// It wants no more actions.
        Disabled = "disabled",
        /// Actions wait, and its bot does not fetch them.
        Unpolled = "unpolled",
    }
);

words!(
    /// What was shed to stay within bounds.
    pub Shed {
        /// A request for which the queue had no room.
        Intake = "intake",
        /// A request over a bridge's rate.
        Rate = "rate",
        /// Windows of members that were quiet longest.
        Windows = "windows",
        /// Members whose standing was not needed longest.
        Members = "members",
        /// Notices that were merged into one.
        Notices = "notices",
    }
);

words!(
    /// Why a callback went on to the bot behind us and was not judged.
    pub Unjudged {
        /// The callback address is off.
        Off = "off",
        /// It was not signed with our token, or too long ago.
        Signature = "signature",
        /// It cannot be opened, or what is in it cannot be read.
        Unreadable = "unreadable",
        /// The queue has no room.
        Queue = "queue",
        /// The store cannot be written.
        Store = "store",
        /// It was not durable in time; it may have become so later.
        Late = "late",
    }
);

words!(
    /// What came of asking the bot behind a callback address.
    pub Forwarded {
        /// It answered.
        Answered = "answered",
        /// It cannot be reached, or hung up.
        Unreachable = "unreachable",
        /// It took too long.
        Late = "late",
        /// Its answer is larger than is relayed.
        TooLarge = "too_large",
    }
);

words!(
    /// What came of a reload of the configuration.
    pub Reload {
        /// Another one is in force.
        Changed = "changed",
        /// Nothing had changed.
        Unchanged = "unchanged",
        /// The files have faults; the old one stays in force.
        Broken = "broken",
        /// It is sound, but could not be put in force.
        Failed = "failed",
    }
);

words!(
    /// What became of a reminder.
    pub Reminded {
        /// It was decided to be sent, or, where that is all that is done, only recorded.
        Sent = "sent",
        /// Its grace was over before it could be.
        Missed = "missed",
        /// Its grace was over before the platform took it.
        Expired = "expired",
    }
);

words!(pub(super) Answered { Reply200 = "200", Reply400 = "400", Reply401 = "401", Reply408 = "408", Reply413 = "413", Reply429 = "429", Reply503 = "503", Other = "other" });
words!(pub(super) Ended { Done = "done", Failed = "failed", Expired = "expired", Cancelled = "cancelled", Uncertain = "uncertain" });
words!(pub(super) Replied { Done = "done", Retry = "retry", Unknown = "unknown", Refused = "refused", Broken = "broken", Disabled = "disabled" });
