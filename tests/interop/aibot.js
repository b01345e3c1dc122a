// A bot written with WeCom's own `@wecom/aibot-node-sdk`, as a company has one. The folder with its `node_modules`, the address,
// the bot's id and its secret are the arguments. Answers each line of JSON with a line:
//   {"seen": n}             waits until n things have happened and answers {"seen": [...]}
//   {"send": chat, "text"}  says something unasked
//   {"upload": text}        uploads a file
// It answers every text with a stream of two parts and every click with an updated card.

const { createRequire } = require("module");
const readline = require("readline");

const [folder, wsUrl, botId, secret] = process.argv.slice(2);
const { WSClient } = createRequire(folder + "/")("@wecom/aibot-node-sdk");

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const client = new WSClient({ botId, secret, wsUrl, logger: quiet, heartbeatInterval: 500, reconnectInterval: 50 });
const seen = [];
let waiting = () => {};
const see = (what) => {
  seen.push(what);
  waiting();
};

client.on("authenticated", () => see("authenticated"));
client.on("disconnected", (reason) => see("disconnected " + reason));
client.on("error", (error) => see("error " + error.message));
client.on("message.text", async (frame) => {
  see("text " + frame.body.text.content);
  const first = await client.replyStream(frame, "s-" + frame.body.msgid, "想一想", false);
  const last = await client.replyStream(frame, "s-" + frame.body.msgid, "答：" + frame.body.text.content, true);
  see("replied " + first.errcode + " " + last.errcode);
});
client.on("event.template_card_event", async (frame) => {
  const key = frame.body.event.template_card_event.event_key;
  const answer = await client.updateTemplateCard(frame, { card_type: "text_notice", task_id: "t", main_title: { title: key } });
  see("clicked " + key + " " + answer.errcode);
});
client.connect();

const until = (count) =>
  new Promise((done) => {
    waiting = () => seen.length >= count && done();
    waiting();
  });

readline.createInterface({ input: process.stdin }).on("line", async (line) => {
  const asked = JSON.parse(line);
  let answer;
  try {
    if ("seen" in asked) {
      await until(asked.seen);
      answer = { seen: seen.splice(0) };
    } else if ("send" in asked) {
      const said = await client.sendMessage(asked.send, { msgtype: "markdown", markdown: { content: asked.text } });
      answer = { errcode: said.errcode };
    } else {
      answer = await client.uploadMedia(Buffer.from(asked.upload), { type: "file", filename: "a.txt" });
    }
  } catch (error) {
    answer = { error: error.errcode ?? String(error) };
  }
  console.log(JSON.stringify(answer));
});
