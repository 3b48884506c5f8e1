// The generated JavaScript client, without a server: what it sends, and what it makes of answers.
// usage: node client.test.js CLIENT.js
'use strict';

const assert = require('assert');
const path = require('path');
const api = require(path.resolve(process.argv[2]));

// Takes down what is sent and answers as told.
function fetchAnswering(status, body) {
  const fetch = function (url, init) {
    fetch.url = url;
    fetch.init = init;
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return Promise.resolve({ok: status < 400, status, text: () => Promise.resolve(text)});
  };
  return fetch;
}

function client(fetch) {
  return new api.ConcertService(api.fetchTransport(fetch));
}

const tests = {
  async 'fields of the path go into it, the others into the body'() {
    const fetch = fetchAnswering(200, {id: 'c1'});
    const answer = await client(fetch).addConcertToCampaign(
      {campaignId: 'a/b c', id: 'c1', venueName: 'X'}, {headers: {Authorization: 'Bearer t'}});
    assert.strictEqual(fetch.url, '/api/campaigns/a%2Fb%20c/concerts');
    assert.strictEqual(fetch.init.method, 'POST');
    assert.deepStrictEqual(JSON.parse(fetch.init.body), {id: 'c1', venueName: 'X'});
    assert.strictEqual(fetch.init.headers.Authorization, 'Bearer t');
    assert.strictEqual(fetch.init.headers['Content-Type'], 'application/json');
    assert.deepStrictEqual(answer, {id: 'c1'});
  },
  async 'what neither path nor body takes is the query, lists repeated, messages dotted'() {
    const fetch = fetchAnswering(200, []);
    await client(fetch).listConcerts({
      filter: {campaignId: 'x', after: new Date(0)}, states: ['A', 'B&'], pageSize: 0, pageToken: null,
    });
    assert.strictEqual(
      fetch.url,
      '/api/campaigns/x/concerts?filter.after=1970-01-01T00%3A00%3A00.000Z&states=A&states=B%26&pageSize=0');
    assert.strictEqual(fetch.init.body, undefined);
  },
  async 'a variable of several segments keeps its slashes, a named body is sent alone'() {
    const fetch = fetchAnswering(200, {});
    await client(fetch).publishConcert({id: 'concerts/1?', venue: {name: 'V'}, notifyFans: true});
    assert.strictEqual(fetch.url, '/api/concerts/1%3F:publish?notifyFans=true');
    assert.deepStrictEqual(JSON.parse(fetch.init.body), {name: 'V'});
  },
  async 'an empty field of the path is refused before anything is sent'() {
    const fetch = fetchAnswering(200, {});
    await assert.rejects(client(fetch).addConcertToCampaign({campaignId: ''}),
      (error) => error instanceof api.RpcError && error.code === 3 && /^campaignId: /.test(error.message));
    assert.strictEqual(fetch.url, undefined);
  },
  async 'an error carries code, status and the broken rules by field'() {
    const fetch = fetchAnswering(400, {
      code: 3, status: 'INVALID_ARGUMENT', message: 'no',
      details: [{badRequest: {fieldViolations: [{field: 'venueName', description: 'too short'}]}}],
    });
    await assert.rejects(client(fetch).addConcertToCampaign({campaignId: 'x'}), (error) => {
      assert.ok(error instanceof api.RpcError && error instanceof Error);
      assert.strictEqual(error.status, 'INVALID_ARGUMENT');
      assert.strictEqual(error.httpStatus, 400);
      assert.deepStrictEqual(error.fieldErrors, {venueName: 'too short'});
      return true;
    });
  },
  async 'a proxy\'s page, a dead server, an abort and a time-out are errors too'() {
    await assert.rejects(client(fetchAnswering(502, '<html>')).listConcerts({filter: {campaignId: 'x'}}),
      (error) => error.code === 2 && error.httpStatus === 502);
    const failing = (name) => client(() => Promise.reject(Object.assign(new Error('x'), {name})));
    for (const [name, code] of [['TypeError', 14], ['AbortError', 1], ['TimeoutError', 4]]) {
      await assert.rejects(failing(name).listConcerts({filter: {campaignId: 'x'}}),
        (error) => error.code === code);
    }
  },
  async 'over AngularJS the same, with its promises'() {
    const $q = {reject: (error) => Promise.reject(error)};
    let sent;
    const good = (config) => {
      sent = config;
      return Promise.resolve({data: {id: 'c1'}, status: 200});
    };
    const service = new api.ConcertService(api.angularTransport(good, $q, '/base'));
    assert.deepStrictEqual(await service.addConcertToCampaign({campaignId: 'x', id: 'c1'}), {id: 'c1'});
    assert.strictEqual(sent.url, '/base/api/campaigns/x/concerts');
    assert.deepStrictEqual(sent.data, {id: 'c1'});
    const bad = () => Promise.reject({data: {code: 5, status: 'NOT_FOUND'}, status: 404});
    await assert.rejects(
      new api.ConcertService(api.angularTransport(bad, $q)).addConcertToCampaign({campaignId: 'x'}),
      (error) => error.status === 'NOT_FOUND');
  },
  async 'a stream gives messages, then its end or its error, once'() {
    const sources = [];
    global.EventSource = function (url) {
      this.url = url;
      this.listeners = {};
      this.readyState = 1;
      this.addEventListener = (name, listener) => (this.listeners[name] = listener);
      this.close = () => (this.closed = true);
      sources.push(this);
    };
    const seen = [];
    const handlers = {
      message: (concert) => seen.push(concert.id),
      end: () => seen.push('end'),
      error: (error) => seen.push(error.status),
    };
    client(null).watchConcerts({pageSize: 2}, handlers);
    assert.strictEqual(sources[0].url, '/api/concerts:watch?pageSize=2');
    sources[0].onmessage({data: '{"id":"1"}'});
    sources[0].listeners.error({}); // the browser connects again
    sources[0].listeners.end({});
    sources[0].listeners.error({data: '{"code":13,"status":"INTERNAL"}'});
    assert.ok(sources[0].closed);
    client(null).watchConcerts({}, handlers);
    sources[1].listeners.error({data: '{"code":13,"status":"INTERNAL"}'});
    client(null).watchConcerts({}, handlers).close();
    sources[2].onmessage({data: '{"id":"late"}'});
    assert.deepStrictEqual(seen, ['1', 'end', 'INTERNAL']);
  },
};

(async () => {
  const names = Object.keys(tests);
  let failed = 0;
  console.log('1..' + names.length);
  for (let i = 0; i < names.length; i++) {
    try {
      await tests[names[i]]();
      console.log('ok ' + (i + 1) + ' - ' + names[i]);
    } catch (error) {
      failed++;
      console.log('not ok ' + (i + 1) + ' - ' + names[i]);
      console.log(String(error.stack).replace(/^/gm, '# '));
    }
  }
  process.exit(failed ? 1 : 0);
})();
