//! A member reports a message that they quote: it is judged as a text, and put before the admins. Nobody is punished by it, and
//! only the admins are told who reported.

use std::time::Duration;

use super::Desk;
use crate::domain::action::Cause;
use crate::domain::case::{Case, Finding, MACHINE};
use crate::domain::change::Change;
use crate::domain::command::Whom;
use crate::domain::core::Core;
use crate::domain::core::alerts::Alert;
use crate::domain::core::message::Here;
use crate::domain::event::{Message, Person, Quote, Role, Segment};
use crate::domain::ids;
use crate::domain::judge;
use crate::domain::notices::Vars;
use crate::domain::rules::Learned;
use crate::domain::standing::Reported;
use crate::domain::subject::Subject;
use crate::domain::time::Timestamp;

/// The name that the finding of a case carries which somebody reported.
pub(in crate::domain::core) const REPORTED: &str = "report";

/// A member's reports count for so long.
const HOUR: Duration = Duration::from_secs(3600);
/// What is reported again within this time joins the first report.
const DAY: Duration = Duration::from_secs(86_400);
/// More reported messages than this are not remembered in a group.
const MOST_REPORTED: usize = 100;
/// More of a reported message is not shown on the card …
const LONGEST_SHOWN: usize = 100;
/// … nor kept in the case.
const LONGEST_KEPT: usize = 2000;
/// More of what the reporter says is not shown.
const LONGEST_REASON: usize = 60;

impl Core {
    /// Puts the quoted message before the admins.
    pub(super) fn report(&mut self, desk: &mut Desk<'_, '_>, whom: &[Whom], reason: &str, out: &mut Vec<Change>) {
        desk.alone = true;
        let here = desk.here;
        let Some(quote) = here.message.quote.as_deref() else {
            desk.answer = desk.render("reply_report_what", &Vars::default());
            return;
        };
        let sender = quote.sender.as_deref();
        if sender.is_some() && sender == self.bot(&here.event.platform) {
            desk.answer = desk.render("reply_report_own", &Vars::default());
            return;
        }
        let known = self.reported(here, quote);
        let Some(case) = known.or_else(|| self.report_anew(desk, quote, whom, reason, out)) else {
            let more = here.policy.reports_per_hour;
            desk.answer = desk.render("reply_report_limit", &Vars { more, ..Vars::default() });
            return;
        };
        // In the group it is said to nobody what was reported.
        let notice = if here.can_answer_alone() { "reply_reported" } else { "reply_report_heard" };
        desk.answer = desk.render(notice, &Vars { case: case.to_string(), ..Vars::default() });
    }

    /// The case that a message became which somebody reported before.
    fn reported(&mut self, here: &Here<'_>, quote: &Quote) -> Option<u64> {
        let reported = &self.state.group(here.group_key()).ledger.reported;
        let same = |one: &&Reported| one.message == key(here, quote) && one.at.plus(DAY) > here.now;
        reported.iter().find(same).map(|one| one.case)
    }

    /// The first report of a message; `None` when its reporter has reported too much.
    fn report_anew(
        &mut self,
        desk: &mut Desk<'_, '_>,
        quote: &Quote,
        whom: &[Whom],
        reason: &str,
        out: &mut Vec<Change>,
    ) -> Option<u64> {
        let here = desk.here;
        let mut reports = self.reports_of(here)?;
        reports.push(here.now);
        self.change_standing(here.member(), |standing| standing.reports = reports, out);
        self.state.last_case += 1;
        let case = self.state.last_case;
        let mut ledger = self.state.group(here.group_key()).ledger.clone();
        ledger.reported.retain(|one| one.at.plus(DAY) > here.now);
        if ledger.reported.len() >= MOST_REPORTED {
            ledger.reported.remove(0);
        }
        ledger.reported.push(Reported { message: key(here, quote), case, at: here.now });
        self.keep_ledger(&here.event.platform, &here.event.group, ledger, out);
        self.put_report(desk, case, quote, whom, reason, out);
        Some(case)
    }

    /// What the reporter reported within the hour; `None` when that is too much.
    fn reports_of(&mut self, here: &Here<'_>) -> Option<Vec<Timestamp>> {
        let standing = self.state.member(here.member_key()).standing.as_ref();
        let mut reports = standing.map(|standing| standing.reports.clone()).unwrap_or_default();
        reports.retain(|at| at.plus(HOUR) > here.now);
        (reports.len() < here.policy.reports_per_hour as usize).then_some(reports)
    }

    /// Whether a report will be put before the admins.
    pub(super) fn is_new_report(&mut self, here: &Here<'_>) -> bool {
        let Some(quote) = here.message.quote.as_deref() else { return false };
        self.reported(here, quote).is_none() && self.reports_of(here).is_some()
    }

    fn put_report(
        &mut self,
        desk: &Desk<'_, '_>,
        no: u64,
        quote: &Quote,
        whom: &[Whom],
        reason: &str,
        out: &mut Vec<Change>,
    ) {
        let here = desk.here;
        let user = quote.sender.as_deref().unwrap_or_default();
        let name = whom.first().map(|whom| whom.name.to_string()).unwrap_or_default();
        let findings = self.judged(desk, quote);
        let said = self.concealed(here.policy, &quote.text);
        let (shown, name_shown) = if user.is_empty() {
            ("有人".to_owned(), "（不知道是谁）".to_owned())
        } else {
            let shown = self.harmless_name(here.policy, here.group_key(), &name, user);
            (shown, name.clone())
        };
        let mut titles: Vec<String> = findings.iter().map(|finding| self.title(finding)).collect();
        titles.dedup();
        let vars = Vars {
            name: shown,
            by: desk.by().name,
            case: no.to_string(),
            text: Some(self.shown_text(here.policy, &quote.text, LONGEST_SHOWN))
                .filter(|text| !text.is_empty())
                .unwrap_or_else(|| "（不是文字，请在群里看）".to_owned()),
            rule: titles.join("、"),
            why: self.shown_text(here.policy, reason, LONGEST_REASON),
            wanted: if user.is_empty() { "找到发的人".to_owned() } else { String::new() },
            ..Vars::default()
        };
        let case = Case {
            no,
            platform: here.event.platform.clone(),
            group: (*here.event.group).into(),
            user: user.into(),
            name: name_shown,
            // An edit of the message is judged by itself: nobody hides behind a report.
            message: "".into(),
            time: here.time,
            opened: here.now,
            text: self.shown_text(here.policy, &quote.text, LONGEST_KEPT),
            findings: std::iter::once(Finding::of_no_rule(REPORTED, REPORTED, false)).chain(findings).collect(),
            rules: here.settings.version.clone(),
            step: REPORTED.into(),
            strikes: 0,
            decided_by: MACHINE.into(),
            reason: String::new(),
            observe: false,
            actions: Vec::new(),
            forgotten: false,
        };
        out.push(Change::Case(Box::new(case)));
        let alert = Alert {
            input: (*here.event.id).into(),
            cause: Cause {
                event: Some((*here.event.id).into()),
                case: Some(no.to_string()),
                user: Some(user.into()).filter(|_| !user.is_empty()),
                ..Cause::default()
            },
            observe: false,
            notice: "reported",
            about: &vars.case.clone(),
            vars,
            subject: Subject::of(user, if user.is_empty() { "" } else { &name }, &said),
        };
        let (platform, group) = (&here.event.platform, &(*here.event.group).into());
        self.alert_but(here.policy, platform, group, &alert, Some(user), here.now, out);
    }

    /// What the rules say of the text alone, whoever wrote it.
    fn judged(&mut self, desk: &Desk<'_, '_>, quote: &Quote) -> Vec<Finding> {
        let here = desk.here;
        let sender = Person { id: "?".into(), ..Person::default() };
        let message = Message { sender, content: vec![Segment::Text(quote.text.clone())], ..Message::default() };
        here.settings.rules.find(&message, &mut self.scratch);
        let learned = Learned { lessons: Some(&self.state.lessons), group: Some(here.group_key()) };
        here.settings.rules.find_learned(&message, learned, &mut self.scratch);
        let mut judgement = judge::judge(here.settings, here.policy, Role::Member, &message, &self.scratch);
        self.chat_words(here, &message, Role::Member, &mut judgement);
        let kept = crate::domain::conceal::conceal(
            &here.settings.rules,
            &self.scratch.text.original,
            &judgement.all().cloned().collect::<Vec<_>>(),
        );
        kept.findings
    }
}

/// Which message it is: by its id, else by what it says and who said it. Of a picture without an id nobody can tell which.
fn key(here: &Here<'_>, quote: &Quote) -> u64 {
    let hash = match &quote.message {
        Some(id) => ids::hash(&["reported", id]),
        None if quote.text.is_empty() => ids::hash(&["reported by", &here.event.id]),
        None => ids::hash(&["reported text", quote.sender.as_deref().unwrap_or_default(), &quote.text]),
    };
    hash as u64
}
