//! What WeCom's error codes mean and what is done about them: the one table that retries, refusals, what an operator is told
//! and the page of documentation are made of.
//!
//! The code decides, never the HTTP status (which is 200 on all of them) and never `errmsg`, whose wording changes.

/// What is done about an answer with a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// It was not done and may be tried again, each time after a longer wait.
    Retry,
    /// It was not done and never will be in this form.
    Final,
    /// It was not done, and will be once an operator has set something right; tried again until its deadline.
    Operator,
    /// The access token is of no use any more: a new one is fetched and the call made once again, at once.
    Token,
    /// Too many calls in a minute: nothing more for 60 seconds, which is how long WeCom keeps the limit up (90454).
    Pace,
}

impl Class {
    /// What it comes to, for the documentation: English, Chinese.
    pub fn words(self) -> [&'static str; 2] {
        match self {
            Class::Retry => ["tried again", "自动重试"],
            Class::Final => ["given up", "不再重试"],
            Class::Operator => ["tried again, and the operator is told", "重试，并提醒运维人员处理"],
            Class::Token => ["new token, then once again", "换新令牌后立即重试"],
            Class::Pace => ["waits 60 s", "暂停 60 秒"],
        }
    }
}

/// One code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The `errcode`, or what a function of the archive's library returns.
    pub code: i64,
    /// What it means: English, Chinese.
    pub meaning: [&'static str; 2],
    /// What is done about it.
    pub class: Class,
    /// What an operator should do: English, Chinese.
    pub advice: [&'static str; 2],
    /// Where it is documented: `NNNNN` is `https://developer.work.weixin.qq.com/document/path/NNNNN`.
    pub source: &'static str,
}

/// Every code that is known, in ascending order.
pub fn table() -> &'static [Row] {
    TABLE
}

/// What is known of a code.
pub fn row(code: i64) -> Option<&'static Row> {
    TABLE.binary_search_by_key(&code, |row| row.code).ok().and_then(|at| TABLE.get(at))
}

/// What is done about a code. One that the table does not have is tried again with longer and longer waits: an error code
/// says that the call was not carried out, so repeating it does no harm, and giving up could cost a removal or a warning
/// for what may be a passing disturbance. The action's deadline ends it, and the log names the code.
pub fn class(code: i64) -> Class {
    row(code).map_or(Class::Retry, |row| row.class)
}

const fn row_of(
    code: i64,
    class: Class,
    meaning: [&'static str; 2],
    advice: [&'static str; 2],
    source: &'static str,
) -> Row {
    Row { code, meaning, class, advice, source }
}

const NOTHING: [&str; 2] = ["nothing; it passes", "无需处理，会自行恢复"];
const REPORT: [&str; 2] = ["report it as a fault of Qunwei, with the log line", "请连同日志行作为群卫的缺陷反馈"];
const ARCHIVE: &str = "91774";

#[rustfmt::skip]
const TABLE: &[Row] = &[
    row_of(-1, Class::Retry, ["WeCom is busy", "系统繁忙"], NOTHING, "90455"),
    row_of(10000, Class::Final, ["archive library: wrong parameters", "存档库：参数错误"], REPORT, ARCHIVE),
    row_of(10001, Class::Retry, ["archive library: no network", "存档库：网络错误"],
        ["see whether the machine reaches qyapi.weixin.qq.com, and the proxy", "检查本机到 qyapi.weixin.qq.com 的网络与代理"], ARCHIVE),
    row_of(10002, Class::Retry, ["archive library: unreadable answer", "存档库：数据解析失败"], NOTHING, ARCHIVE),
    row_of(10003, Class::Retry, ["archive library: system error", "存档库：系统错误"], NOTHING, ARCHIVE),
    row_of(10004, Class::Operator, ["archive library: the key is wrong", "存档库：密钥错误"],
        ["give the private key that belongs to the public key in the admin console", "配置与管理后台公钥对应的私钥"], ARCHIVE),
    row_of(10005, Class::Final, ["archive library: no such file", "存档库：文件标识错误"], ["nothing; the file is gone", "无需处理，文件已不存在"], ARCHIVE),
    row_of(10006, Class::Operator, ["archive library: cannot decrypt", "存档库：解密失败"],
        ["keep the private keys of all versions configured", "保留并配置所有版本的私钥"], ARCHIVE),
    row_of(10007, Class::Operator, ["archive library: no key of this version", "存档库：找不到该版本的公钥"],
        ["add the private key of that version", "补充该版本的私钥"], ARCHIVE),
    row_of(10008, Class::Final, ["archive library: the encrypted message is damaged", "存档库：密文错误"], REPORT, ARCHIVE),
    row_of(10009, Class::Operator, ["archive library: this IP address is not allowed", "存档库：IP 不在允许范围"],
        ["put this machine's egress IP on the archive's list in the admin console", "在管理后台「会话内容存档」中加入本机出口 IP"], ARCHIVE),
    row_of(10010, Class::Final, ["archive library: the data are older than 5 days", "存档库：数据已过期（超过 5 天）"],
        ["those messages are lost; see why the archive was not read", "这些消息已无法取回，请检查存档为何长时间未拉取"], ARCHIVE),
    row_of(10011, Class::Operator, ["archive library: certificate error", "存档库：证书错误"],
        ["see the machine's clock and its authorities' certificates", "检查本机时间与根证书"], ARCHIVE),
    row_of(40001, Class::Operator, ["the secret is wrong", "secret 不正确"],
        ["copy the secret of this app from the admin console again", "从管理后台重新复制该应用的 secret"], "90455"),
    row_of(40003, Class::Final, ["no such userid", "无效的 userid"],
        ["see whether the member left the company", "确认该成员是否已离职"], "90455"),
    row_of(40007, Class::Final, ["the media_id is wrong or older than 3 days", "media_id 无效或已超过 3 天"], REPORT, "90455"),
    row_of(40008, Class::Final, ["wrong msgtype", "消息类型不合法"], REPORT, "91770"),
    row_of(40009, Class::Final, ["the picture is too large", "图片大小不合法"], ["use a picture of at most 2 MB", "图片不得超过 2 MB"], "91770"),
    row_of(40013, Class::Operator, ["the corp id is wrong", "企业 ID 不正确"],
        ["copy it from 我的企业 in the admin console", "从管理后台「我的企业」复制企业 ID"], "90455"),
    row_of(40014, Class::Token, ["the access token is not valid", "access_token 无效"], NOTHING, "91039"),
    row_of(40033, Class::Final, ["a character that is not allowed", "请求含不合法字符"], REPORT, "90455"),
    row_of(40035, Class::Final, ["a parameter is wrong", "参数不合法"], REPORT, "91770"),
    row_of(40050, Class::Operator, ["no such chat of this app", "chatid 不存在，或不属于该应用"],
        ["see the group's chat id and that this very app created the group", "核对 chatid，并确认该群由此应用创建"], "90245"),
    row_of(40056, Class::Operator, ["the agentid is wrong", "agentid 不正确"],
        ["copy the agent id of this app again", "重新复制该应用的 AgentId"], "90455"),
    row_of(40058, Class::Final, ["a parameter is wrong", "参数不合法"], REPORT, "91770"),
    row_of(40063, Class::Final, ["a parameter is missing", "参数为空"], REPORT, "91770"),
    row_of(40091, Class::Operator, ["the secret is wrong", "secret 不正确"],
        ["copy the secret of this app from the admin console again", "从管理后台重新复制该应用的 secret"], "90455"),
    row_of(41001, Class::Token, ["the access token is missing", "缺少 access_token"], NOTHING, "91039"),
    row_of(41004, Class::Operator, ["the secret is missing", "缺少 secret"], ["configure the secret", "配置 secret"], "90455"),
    row_of(41051, Class::Final, ["the welcome code was used already or is older than 20 s", "欢迎码已使用或超过 20 秒"],
        ["see that no other app welcomes the same customer", "确认没有其他应用在发送同一欢迎语"], "92366"),
    row_of(42001, Class::Token, ["the access token has expired", "access_token 已过期"], NOTHING, "91039"),
    row_of(44004, Class::Final, ["the text is empty", "消息内容为空"], REPORT, "91770"),
    row_of(45002, Class::Final, ["the text is too long", "消息内容超长"], REPORT, "90455"),
    row_of(45009, Class::Pace, ["too many calls in a minute", "接口调用超过频率限制"],
        ["nothing; if it happens often, see who else sends through the same robot or app", "无需处理；若频繁出现，检查是否有其他程序共用同一机器人或应用"], "91770"),
    row_of(45033, Class::Retry, ["too many calls at once", "接口并发调用超过限制"], NOTHING, "90455"),
    row_of(46004, Class::Final, ["no such user", "用户不存在"], ["see whether the member left the company", "确认该成员是否已离职"], "90455"),
    row_of(48002, Class::Operator, ["the app has no permission for this interface", "应用没有该接口的权限"],
        ["give the app the permission in the admin console", "在管理后台为应用开通该接口权限"], "90455"),
    row_of(48004, Class::Operator, ["the interface was taken away", "接口权限被停用"],
        ["see the notices in the admin console", "查看管理后台的通知"], "90455"),
    row_of(49008, Class::Operator, ["the group was dissolved", "群已解散"],
        ["take the group out of the configuration", "从配置中移除该群"], "90455"),
    row_of(50003, Class::Operator, ["the app is disabled", "应用已停用"], ["enable it in the admin console", "在管理后台启用应用"], "90455"),
    row_of(60011, Class::Operator, ["the member is outside the app's visible range", "成员不在应用可见范围"],
        ["widen the app's visible range", "扩大应用可见范围"], "90455"),
    row_of(60020, Class::Operator, ["this IP address is not trusted", "来源 IP 不在可信列表"],
        ["put this machine's egress IP on the app's list of trusted IPs (企业可信IP)", "将本机出口 IP 加入应用的「企业可信IP」"], "90455"),
    row_of(60111, Class::Final, ["no such userid", "userid 不存在"], ["see whether the member left the company", "确认该成员是否已离职"], "90455"),
    row_of(81013, Class::Final, ["none of the receivers can be reached", "所有接收人均无效或不可见"],
        ["see the app's visible range, and whether the receivers left", "检查应用可见范围，及接收人是否离职"], "90236"),
    row_of(81017, Class::Operator, ["too many groups without a filter", "未加筛选时客户群过多"],
        ["name the groups' owners in the configuration", "在配置中指定群主以筛选"], "92120"),
    row_of(86001, Class::Operator, ["the chat id is not one", "chatid 不合法"], ["see the group's chat id", "核对 chatid"], "90455"),
    row_of(86003, Class::Operator, ["no such chat", "chatid 不存在"], ["see the group's chat id", "核对 chatid"], "90455"),
    row_of(86008, Class::Operator, ["the group was not created by this app", "该群不是由此应用创建"],
        ["configure the app that created the group", "配置创建该群的应用"], "90455"),
    row_of(90501, Class::Operator, ["not a customer group", "不是客户群"],
        ["configure the group as what it is; internal groups cannot be read here", "按实际类型配置该群；此接口读不到内部群"], "92122"),
    row_of(93000, Class::Operator, ["the robot's key is wrong, or it was removed from the group", "机器人 key 错误，或已被移出群"],
        ["add a robot to the group and configure its webhook address", "在群里重新添加机器人，并配置新的 Webhook 地址"], "91770"),
    row_of(93004, Class::Operator, ["the robot is disabled", "机器人已停用"], ["enable the robot in the group's settings", "在群设置中启用机器人"], "91770"),
    row_of(93005, Class::Final, ["the robot may not write to this person now", "机器人当前不能向此人发消息"],
        ["the person must write to the robot first", "需对方先向机器人发消息"], "91770"),
    row_of(93008, Class::Operator, ["the robot is not in the group", "机器人不在群中"], ["add the robot to the group again", "重新将机器人加入群"], "91770"),
    row_of(301059, Class::Operator, ["not an internal group", "不是内部群"],
        ["configure the group as a customer group", "将该群配置为客户群"], ARCHIVE),
    row_of(846605, Class::Final, ["long connection: unknown req_id", "长连接：req_id 无效"], REPORT, "101463"),
    row_of(846608, Class::Final, ["long connection: the stream is over", "长连接：流式消息已结束"], NOTHING, "101463"),
    row_of(846609, Class::Retry, ["long connection: not subscribed", "长连接：尚未订阅"], NOTHING, "101463"),
    row_of(850001, Class::Operator, ["long connection: the authorisation has expired", "长连接：授权已过期"],
        ["copy the bot's id and secret again", "重新复制机器人的 ID 与 secret"], "101463"),
    row_of(851014, Class::Operator, ["long connection: the authorisation has expired", "长连接：授权已过期"],
        ["copy the bot's id and secret again", "重新复制机器人的 ID 与 secret"], "101463"),
    row_of(853006, Class::Operator, ["this tool is not there for this company", "该工具对本企业不可用"],
        ["do without it; it is for companies of at most 10 people", "停用该工具；它仅限 10 人以下企业"], "101463"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_stands_there_once_with_its_source_and_what_to_do() {
        assert!(table().windows(2).all(|pair| pair[0].code < pair[1].code), "in order, none twice");
        for row in table() {
            let texts = row.meaning.iter().chain(&row.advice);
            assert!(texts.clone().all(|text| !text.is_empty() && !text.contains('|')), "{row:?}");
            assert!(texts.skip(1).step_by(2).all(|chinese| !chinese.is_ascii()), "{row:?}");
            assert!(row.source.len() >= 5 && row.source.bytes().all(|byte| byte.is_ascii_digit()), "{row:?}");
        }
    }

    #[test]
    fn what_is_done_about_the_codes_that_matter() {
        let rows = [
            (-1, Class::Retry),
            (40014, Class::Token),
            (42001, Class::Token),
            (41001, Class::Token),
            (45009, Class::Pace),
            (93000, Class::Operator),
            (93004, Class::Operator),
            (93008, Class::Operator),
            (60020, Class::Operator),
            (81013, Class::Final),
            (40058, Class::Final),
            (123_456, Class::Retry),
        ];
        for (code, expected) in rows {
            assert_eq!(class(code), expected, "{code}");
        }
        assert!(row(123_456).is_none() && row(0).is_none());
    }
}
