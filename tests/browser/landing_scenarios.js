// Fans, on the public page of a campaign.
'use strict';

const assert = require('assert');
const demo = require('./demo');
const { enter } = require('./backoffice_scenarios');

const page = `/campaign/${demo.slug}/landing`;
const subscribeApi = `POST /api/public/campaigns/${demo.slug}/subscriptions`;

async function subscribe(visitor, email) {
  await visitor.fill('#email-input', email);
  await visitor.click('#consent-input');
  await visitor.click('#submit');
}

const scenarios = {
  async 'a fan sees the concerts to come, and subscribes'(visitor) {
    await visitor.go(page);
    await visitor.see('h1', demo.campaign);
    await visitor.see('.concert', demo.upcomingVenue);
    assert(!(await visitor.texts('.venue')).includes(demo.pastVenue));
    await visitor.click('#submit');
    await visitor.see('#email-error', 'e-mail address');
    await visitor.see('#consent-error', 'tick the box');
    assert.strictEqual(await visitor.focused(), 'email-input');
    assert.deepStrictEqual(visitor.posted, []);
    await visitor.fill('#name-input', 'Joe');
    await subscribe(visitor, 'joe@fans.example');
    await visitor.see('#subscribed', 'Check your mailbox');
    await visitor.see('#subscribed', 'joe@fans.example');
    assert.deepStrictEqual(await visitor.page.cookies(), []);
    visitor.checkTroubles();
  },

  async 'an address that only the server refuses is refused beside the input'(visitor) {
    await visitor.go(page);
    await visitor.see('h1', demo.campaign);
    await subscribe(visitor, `${'j'.repeat(250)}@fans.example`);
    assert.match(await visitor.errorBeside('#email-input'), /./);
    await visitor.fill('#email-input', 'joan@fans.example');
    await visitor.click('#submit');
    await visitor.see('#subscribed', 'joan@fans.example');
    visitor.checkTroubles([`${subscribeApi} 400`]);
  },

  async 'somebody who is signed in to the back office can subscribe too'(visitor) {
    await enter(visitor, '/');
    await visitor.see('h1', demo.org);
    await visitor.go(page);
    await visitor.see('h1', demo.campaign);
    await subscribe(visitor, 'owner@fans.example');
    await visitor.see('#subscribed', 'owner@fans.example');
    visitor.checkTroubles();
  },

  async 'a link of a mail that is no good says so'(visitor) {
    await visitor.go(`${page}?confirm=no-such-token`);
    await visitor.see('h1', 'One step left');
    await visitor.click('#confirm');
    await visitor.see('#confirm-error', 'not good any more');
    assert(!visitor.page.url().includes('no-such-token'));
    visitor.checkTroubles(['POST /api/public/confirmations/no-such-token 404']);
  },
};

module.exports = { scenarios, page };
