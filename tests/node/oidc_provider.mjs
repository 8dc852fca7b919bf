// An OpenID provider for a test, and a browser that logs in there. Prints its address, then for each line with an address to
// begin at the address where the login ends. REDIRECT names another address to come back to.
import http from 'node:http';
import readline from 'node:readline';
import Provider from 'oidc-provider';

const server = http.createServer();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(issuer, {
  clients: [{
    client_id: 'trunkline',
    client_secret: 'a-secret-of-the-test',
    redirect_uris: [process.env.REDIRECT ?? 'http://127.0.0.1:1/login/callback'],
    response_types: ['code'],
    grant_types: ['authorization_code'],
  }],
  pkce: { required: () => true },
  claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email', 'email_verified'] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id, name: 'Ann Smith', preferred_username: `${id}.smith`, email: `${id}@Example.com`, email_verified: true,
    }),
  }),
  cookies: { keys: ['test'] },
});
server.on('request', provider.callback());
console.log(issuer);

/** Follows redirects by hand, logs in as `user`, agrees, and gives the address that the provider sends the browser back to. */
async function login(start, user) {
  const cookies = new Map();
  let [url, body] = [start, undefined];
  for (let step = 0; step < 30; step += 1) {
    const response = await fetch(url, {
      method: body ? 'POST' : 'GET',
      body,
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie);
      cookies.set(name, value);
    }
    body = undefined;
    const location = response.headers.get('location');
    if (location) {
      url = new URL(location, url).href;
      if (url.startsWith('http://127.0.0.1:1/')) return url;
      continue;
    }
    const page = await response.text();
    if (!response.ok) throw new Error(`${response.status} ${page}`);
    const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1];
    url = new URL(/action="([^"]+)"/.exec(page)[1], url).href;
    body = new URLSearchParams(prompt === 'login' ? { prompt, login: user, password: 'x' } : { prompt });
  }
  throw new Error('the login has no end');
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const [user, start] = line.split(' ');
  console.log(await login(start, user).catch((error) => `error ${error.stack}`));
}
server.close();
