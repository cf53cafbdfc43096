// Keys of this browser: made here, kept in its database, never to be read out again. What they sign lets somebody in.
const DATABASE = "keys";
const IDENTITIES = "identities";
const ALGORITHMS = {
  ES256: { key: { name: "ECDSA", namedCurve: "P-256" }, signing: { name: "ECDSA", hash: "SHA-256" } },
  EdDSA: { key: { name: "Ed25519" }, signing: { name: "Ed25519" } },
};
const PUBLIC_MEMBERS = { OKP: ["kty", "crv", "x"], EC: ["kty", "crv", "x", "y"] };
const LIFE_S = 45;

function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function identities(mode) {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(IDENTITIES, { keyPath: "id" });
  const database = await settled(opening);
  return database.transaction(IDENTITIES, mode).objectStore(IDENTITIES);
}

// An identity: {id, place, client_id, name, algorithm, key, jwk}. `id` is the key's own; `place` says which console it is for.
export async function kept(place) {
  const all = await settled((await identities("readonly")).getAll());
  return all.filter((one) => one.place === place && one.client_id);
}

export async function keep(identity) {
  await settled((await identities("readwrite")).put(identity));
}

export async function forget(id) {
  await settled((await identities("readwrite")).delete(id));
}

export async function generate(place) {
  const pair = await crypto.subtle.generateKey(ALGORITHMS.ES256.key, false, ["sign", "verify"]);
  const jwk = publicMembers(await crypto.subtle.exportKey("jwk", pair.publicKey));
  return { id: jwk.x, place, client_id: null, name: "", algorithm: "ES256", key: pair.privateKey, jwk };
}

// An identity file of the command line: it is read here, and its key cannot be read out of this browser again.
export async function fromFile(file, place) {
  const { client_id, jwk } = JSON.parse(await file.text());
  const algorithm = jwk.kty === "OKP" ? "EdDSA" : "ES256";
  const whole = { ...publicMembers(jwk), d: jwk.d };
  const key = await crypto.subtle.importKey("jwk", whole, ALGORITHMS[algorithm].key, false, ["sign"]);
  if (!client_id) throw new Error("nobody was let in with this identity yet");
  return { id: jwk.x, place, client_id, name: file.name, algorithm, key, jwk: publicMembers(jwk) };
}

export async function signed(identity, header, claims) {
  const said = [{ alg: identity.algorithm, ...header }, claims].map((one) => encoded(utf8(JSON.stringify(one)))).join(".");
  const signature = await crypto.subtle.sign(ALGORITHMS[identity.algorithm].signing, identity.key, utf8(said));
  return `${said}.${encoded(new Uint8Array(signature))}`;
}

// A client assertion (RFC 7523), good once and for less than a minute.
export function assertion(identity, audience) {
  const now = Math.floor(Date.now() / 1000);
  return signed(identity, { typ: "JWT" }, {
    iss: identity.client_id, sub: identity.client_id, aud: audience,
    iat: now, exp: now + LIFE_S, jti: crypto.randomUUID(),
  });
}

function publicMembers(jwk) {
  return Object.fromEntries(PUBLIC_MEMBERS[jwk.kty].map((name) => [name, jwk[name]]));
}

function utf8(text) {
  return new TextEncoder().encode(text);
}

function encoded(bytes) {
  return btoa(Array.from(bytes, (one) => String.fromCharCode(one)).join(""))
    .replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
