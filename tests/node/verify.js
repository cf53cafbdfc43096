// Reads {secret, publicKey, body, headers} from stdin, runs the code given as the first argument's file over them,
// and prints {event, forged, ed25519}: what `received` returned, how it refused, whether v1a holds by Node's own crypto.
const crypto = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const vm = require("node:vm");

const given = JSON.parse(fs.readFileSync(0, "utf8"));
const context = vm.createContext({ require: require("node:module").createRequire(path.join(__dirname, "x.js")) });
vm.runInContext(fs.readFileSync(process.argv[2], "utf8"), context);

const body = Buffer.from(given.body, "base64");
const event = context.received(given.secret, body.toString("utf8"), given.headers);

let forged = "taken";
try {
  context.received(given.secret, body.toString("utf8") + " ", given.headers);
} catch (error) {
  forged = error.constructor.name;
}

const key = crypto.createPublicKey({
  key: { kty: "OKP", crv: "Ed25519", x: Buffer.from(given.publicKey, "base64").toString("base64url") },
  format: "jwk",
});
const content = Buffer.concat([
  Buffer.from(`${given.headers["webhook-id"]}.${given.headers["webhook-timestamp"]}.`),
  body,
]);
const v1a = given.headers["webhook-signature"].split(" ").find((each) => each.startsWith("v1a,"));
const ed25519 = crypto.verify(null, content, key, Buffer.from(v1a.slice(4), "base64"));

console.log(JSON.stringify({ event, forged, ed25519 }));
