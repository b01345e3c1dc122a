//! `qunwei wecom`: asks WeCom what an operator wants to know before anything runs (do the secrets work, which groups are there),
//! and makes what only its interface makes: join ways, welcome templates, messages to many groups. Needs no running daemon.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use crate::adapters::wecom::api::ApiError;
use crate::adapters::wecom::app::{App, PER_PERSON};
use crate::adapters::wecom::archive_http::ArchiveApi;
use crate::adapters::wecom::customer::{Customers, JoinWay, MassSend, Patience, WelcomeTemplate};
use crate::adapters::wecom::errcode;
use crate::cli::{ConfigArg, failed, load};
use crate::config::Wecom;
use crate::ports::Clock;
use crate::serve::SystemClock;
use crate::serve::wecom::Calls;

/// `qunwei wecom`
#[derive(Args)]
pub(super) struct WecomArgs {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    config: ConfigArg,
    /// Which company, where the configuration has several: NAME of `[wecom.NAME]`.
    #[arg(long, global = true, value_name = "NAME")]
    corp: Option<String>,
}

#[derive(Subcommand)]
enum What {
    /// Asks with every secret of the configuration, and says what works and what to do about the rest. Changes nothing.
    #[command(after_help = "Example:\n  qunwei wecom check --config config")]
    Check,
    /// Lists the customer groups: id, owner, members, name.
    #[command(after_help = "Example:\n  qunwei wecom groups --config config")]
    Groups,
    /// Makes a join way (渠道活码): a QR code into groups, whose `state` comes back as the join channel of who came by it. Prints
    /// its id and the address of its picture.
    #[command(after_help = "Example:\n  qunwei wecom join-way-add --groups wr1 --state shop --config config")]
    JoinWayAdd(JoinArgs),
    /// Shows a join way.
    #[command(after_help = "Example:\n  qunwei wecom join-way-show 9ad7fa5c --config config")]
    JoinWayShow(IdArg),
    /// Deletes a join way: its code leads nowhere any more.
    #[command(after_help = "Example:\n  qunwei wecom join-way-delete 9ad7fa5c --config config")]
    JoinWayDelete(IdArg),
    /// Adds a text for newcomers (入群欢迎语), which the owner of a group applies in the client, and prints its id. `%NICKNAME%`
    /// becomes the newcomer's name.
    #[command(
        after_help = "Example:\n  qunwei wecom welcome-add --text '欢迎%NICKNAME%，群规请看公告' --config config"
    )]
    WelcomeAdd(TextArg),
    /// Changes a text for newcomers.
    #[command(after_help = "Example:\n  qunwei wecom welcome-edit WTID --text '欢迎%NICKNAME%' --config config")]
    WelcomeEdit(EditArgs),
    /// Deletes a text for newcomers.
    #[command(after_help = "Example:\n  qunwei wecom welcome-delete WTID --config config")]
    WelcomeDelete(IdArg),
    /// Puts a message to many customer groups before their owner, who must confirm it in the client.
    #[command(
        after_help = "Example:\n  qunwei wecom mass-send --sender zhangsan --groups wr1,wr2 --text '明天停电检修' --config config"
    )]
    MassSend(MassArgs),
    /// What became of a message to many groups.
    #[command(after_help = "Example:\n  qunwei wecom mass-result msgGCAAA --sender zhangsan --config config")]
    MassResult(MassResultArgs),
}

#[derive(Args)]
struct JoinArgs {
    /// The groups it leads into, at most five.
    #[arg(long, value_delimiter = ',', required = true)]
    groups: Vec<String>,
    /// The join channel, at most 30 characters.
    #[arg(long)]
    state: String,
    /// For whoever manages them.
    #[arg(long, default_value = "")]
    remark: String,
    /// When the groups are full another one is created, called this with a number behind it.
    #[arg(long, value_name = "NAME")]
    then_create: Option<String>,
}

#[derive(Args)]
struct IdArg {
    /// Its id.
    id: String,
}

#[derive(Args)]
struct TextArg {
    /// At most 3000 bytes.
    #[arg(long)]
    text: String,
}

#[derive(Args)]
struct EditArgs {
    /// Its id.
    id: String,
    #[command(flatten)]
    text: TextArg,
}

#[derive(Args)]
struct MassArgs {
    /// The employee who owns the groups and confirms it.
    #[arg(long, value_name = "USERID")]
    sender: String,
    /// The groups; all of the sender's when none is named.
    #[arg(long, value_delimiter = ',')]
    groups: Vec<String>,
    /// At most 4000 bytes.
    #[arg(long)]
    text: String,
}

#[derive(Args)]
struct MassResultArgs {
    /// Its id.
    id: String,
    /// The employee who was to confirm it.
    #[arg(long, value_name = "USERID")]
    sender: String,
}

/// Runs it.
pub(super) fn run(args: &WecomArgs) -> ExitCode {
    let config = match load(&args.config) {
        Ok(config) => config,
        Err(code) => return code,
    };
    match answer(args, &config.daemon.wecom, &config.notes) {
        Ok((text, code)) => match std::io::stdout().lock().write_all(text.as_bytes()) {
            Ok(()) => code,
            Err(error) => failed(&error.into()),
        },
        Err(error) => failed(&error),
    }
}

fn answer(args: &WecomArgs, tenants: &[Wecom], notes: &[String]) -> anyhow::Result<(String, ExitCode)> {
    let tenant = match (&args.corp, tenants) {
        (_, []) => bail!("the configuration has no [wecom.NAME]; see docs/wecom.md"),
        (None, [tenant]) => tenant,
        (None, _) => bail!("there are several companies; say which one: --corp NAME"),
        (Some(name), _) => {
            let named = tenants.iter().find(|tenant| *tenant.name == **name);
            named.with_context(|| format!("the configuration has no [wecom.{name}]"))?
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let calls = Calls::of(tenant, clock.clone())?;
    if let What::Check = args.what {
        let off = notes.iter().filter(|note| note.starts_with(&format!("wecom {}:", tenant.name)));
        return Ok(runtime.block_on(checked(tenant, &calls, clock, off)));
    }
    let customer = tenant.customer.as_ref().context("this needs [wecom.NAME.customer] with its secret")?;
    let customers = Customers::new(calls.api(&customer.secret), Patience::default());
    let text = runtime.block_on(asked(&args.what, tenant, &customers)).map_err(|error| advised(&error))?;
    Ok((text, ExitCode::SUCCESS))
}

async fn asked(what: &What, tenant: &Wecom, customers: &Customers) -> Result<String, ApiError> {
    let ids = |groups: &[String]| groups.iter().map(|group| Arc::from(group.trim())).collect();
    let template =
        |arg: &TextArg| WelcomeTemplate { text: arg.text.clone(), notify: true, ..WelcomeTemplate::default() };
    Ok(match what {
        What::Check => String::new(),
        What::Groups => {
            let owners = tenant.customer.as_ref().map(|customer| customer.owners.clone()).unwrap_or_default();
            let mut text = String::new();
            for (listed, group) in customers.described(&owners).await? {
                let told = match group {
                    Ok(group) => format!("{}\t{}\t{}", group.owner, group.members.len(), plain(&group.name)),
                    Err(error) => format!("cannot be read: {error}"),
                };
                let _ = writeln!(text, "{}\t{told}", listed.chat_id);
            }
            text
        }
        What::JoinWayAdd(args) => {
            let way = JoinWay {
                scene: 2,
                remark: args.remark.clone(),
                auto_create_room: u8::from(args.then_create.is_some()),
                room_base_name: args.then_create.clone().unwrap_or_default(),
                room_base_id: u32::from(args.then_create.is_some()),
                chat_id_list: ids(&args.groups),
                state: args.state.clone(),
                ..JoinWay::default()
            };
            let id = customers.add_join_way(&way).await?;
            shown(&customers.join_way(&id).await?)
        }
        What::JoinWayShow(arg) => shown(&customers.join_way(&arg.id).await?),
        What::JoinWayDelete(arg) => {
            customers.delete_join_way(&arg.id).await?;
            format!("{} is deleted\n", arg.id)
        }
        What::WelcomeAdd(arg) => format!("{}\n", customers.add_welcome(&template(arg)).await?),
        What::WelcomeEdit(args) => {
            customers.edit_welcome(&args.id, &template(&args.text)).await?;
            format!("{} is changed\n", args.id)
        }
        What::WelcomeDelete(arg) => {
            customers.delete_welcome(&arg.id, None).await?;
            format!("{} is deleted\n", arg.id)
        }
        What::MassSend(args) => {
            let (sender, chats) = (Arc::from(args.sender.as_str()), ids(&args.groups));
            let message = MassSend { sender, chats, text: args.text.clone(), attachments: Vec::new() };
            let sent = customers.mass_send(&message).await?;
            let mut text = format!("{}\twaits for {} to confirm it in the client\n", sent.msgid, args.sender);
            for group in &sent.fail_list {
                let _ = writeln!(text, "{group}\tcannot be reached");
            }
            text
        }
        What::MassResult(args) => {
            let mut text = String::new();
            for task in customers.mass_result(&args.id, &args.sender).await? {
                let state = match task.status {
                    0 => "not confirmed yet",
                    1 => "sent",
                    _ => "cannot be sent",
                };
                let _ = writeln!(text, "{}\t{}\t{state}", task.chat_id, task.userid);
            }
            text
        }
    })
}

fn shown(way: &JoinWay) -> String {
    let groups: Vec<&str> = way.chat_id_list.iter().map(|group| &**group).collect();
    format!("{}\t{}\t{}\t{}\n", way.config_id, plain(&way.state), groups.join(","), way.qr_code)
}

/// What people call things stays on its line.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Each secret is shown to WeCom once.
async fn checked<'n>(
    tenant: &Wecom,
    calls: &Calls,
    clock: Arc<dyn Clock>,
    off: impl Iterator<Item = &'n String>,
) -> (String, ExitCode) {
    let mut rows: Vec<(String, Result<String, String>)> = Vec::new();
    for app in &tenant.apps {
        let api = App::new(calls.api(&app.secret), app.agent_id.into(), PER_PERSON, clock.clone());
        let ips = api.callback_ips().await.map(|ips| format!("callbacks come from {}", ips.join(", ")));
        rows.push((format!("app {}", app.name), ips.map_err(|error| advised(&error).to_string())));
    }
    if let Some(customer) = &tenant.customer {
        let customers = Customers::new(calls.api(&customer.secret), Patience::default());
        let groups = customers.groups(&customer.owners).await.map(|groups| format!("{} groups", groups.len()));
        rows.push(("customer".to_owned(), groups.map_err(|error| advised(&error).to_string())));
    }
    if let Some(archive) = &tenant.archive {
        let users = ArchiveApi::new(calls.api(&archive.secret)).permitted_users(None).await;
        let users = users.map(|users| format!("{} employees are archived", users.len()));
        rows.push(("archive".to_owned(), users.map_err(|error| advised(&error).to_string())));
    }
    let mut text = String::new();
    let mut wrong = false;
    for (what, row) in rows {
        wrong |= row.is_err();
        let _ = match row {
            Ok(told) => writeln!(text, "{what}: works; {told}"),
            Err(why) => writeln!(text, "{what}: does not work: {why}"),
        };
    }
    for note in off {
        let _ = writeln!(text, "{note}");
    }
    if text.is_empty() {
        text.push_str("there is no secret to try\n");
    }
    (text, if wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// An error with what to do about it.
fn advised(error: &ApiError) -> anyhow::Error {
    match error.code().and_then(errcode::row) {
        Some(row) => {
            let [advice, _] = row.advice;
            anyhow::anyhow!("{error}; {advice}")
        }
        None => anyhow::anyhow!("{error}"),
    }
}
