// Seals and opens callbacks with the `@wecom/crypto` library, which is WeCom's own. Lines as in `wecom_crypt.py`. The folder with
// its `node_modules` is the first argument.

const { createRequire } = require("module");
const readline = require("readline");

const { decrypt, encrypt, getSignature } = createRequire(process.argv[2] + "/")("@wecom/crypto");

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const asked = JSON.parse(line);
  let answer;
  try {
    if ("seal" in asked) {
      const encrypted = encrypt(asked.key, asked.seal, asked.receiveid);
      answer = { encrypted, signature: getSignature(asked.token, asked.timestamp, asked.nonce, encrypted) };
    } else if (getSignature(asked.token, asked.timestamp, asked.nonce, asked.open) !== asked.signature) {
      answer = { error: "signature" };
    } else {
      const { message, id } = decrypt(asked.key, asked.open);
      answer = id === asked.receiveid ? { text: message } : { error: "receiveid " + id };
    }
  } catch (error) {
    answer = { error: String(error) };
  }
  console.log(JSON.stringify(answer));
});
