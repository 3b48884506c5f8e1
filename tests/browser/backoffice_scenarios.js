// People who run campaigns, in the back office.
'use strict';

const assert = require('assert');
const demo = require('./demo');

const login = 'POST /api/auth/login';
const campaignPath = `/#/home/campaign/${demo.campaignId}`;
const concertsApi = `POST /api/campaigns/${demo.campaignId}/concerts`;

async function enter(visitor, address) {
  await visitor.go(address);
  await visitor.signIn(demo.email, demo.password);
}

const scenarios = {
  async 'a wrong password is refused in the form, the right one leads home'(visitor) {
    await visitor.go('/');
    await visitor.signIn(demo.email, 'not the password');
    await visitor.see('.alert', '');
    assert.match(await visitor.page.url(), /#\/login/);
    await visitor.fill('#password', demo.password);
    await visitor.click('button[type=submit]');
    await visitor.see('h1', demo.org);
    assert.match(await visitor.page.url(), new RegExp(`#/home/org/${demo.orgId}$`));
    assert.strictEqual(await visitor.page.title(), `${demo.org} · Bandstand`);
    assert.strictEqual(await visitor.focused(), 'H1');
    visitor.checkTroubles([`${login} 401`]);
  },

  async 'fields left empty are refused by the server, each beside its input'(visitor) {
    await visitor.go('/');
    await visitor.click('button[type=submit]');
    assert.match(await visitor.errorBeside('#email'), /required/);
    assert.match(await visitor.errorBeside('#password'), /required/);
    assert.strictEqual(await visitor.focused(), 'email');
    visitor.checkTroubles([`${login} 400`]);
  },

  async 'a concert is refused beside its fields, then added and listed'(visitor) {
    await enter(visitor, campaignPath);
    await visitor.see('h1', demo.campaign);
    await visitor.see('#past .concert', demo.pastVenue);
    await visitor.see('#upcoming .concert', demo.upcomingVenue);
    await visitor.click('#add-concert button');
    assert.match(await visitor.errorBeside('#venueName'), /^Venue is required\./);
    assert.match(await visitor.errorBeside('#time'), /^Date and time is required\./);
    await visitor.fill('#venueName', 'v'.repeat(121));
    await visitor.click('#add-concert button');
    await visitor.see('#add-concert .field-error', '120');

    const year = new Date().getFullYear() + 1;
    await visitor.fill('#venueName', 'Zénith, Lille');
    await visitor.click('#time');
    await visitor.page.keyboard.type(`0304${year}`);
    await visitor.page.keyboard.type('0830PM');
    await visitor.click('#add-concert button');
    await visitor.see('#upcoming .concert.fresh', 'Zénith, Lille');
    await visitor.see('#upcoming .concert.fresh', '20:30');
    await visitor.see('.notice', 'Zénith, Lille');
    const sent = visitor.posted[visitor.posted.length - 1];
    assert.strictEqual(sent.time, `${year}-03-04T19:30:00.000Z`); // Paris is an hour ahead
    assert.match(sent.id, /^[0-9a-f]{24}$/);

    await visitor.page.reload();
    await visitor.see('#upcoming .concert', 'Zénith, Lille');
    visitor.checkTroubles([`${concertsApi} 400`, `${concertsApi} 400`]);
  },

  async 'a campaign is created with an artist, published, and then public'(visitor) {
    await enter(visitor, '/');
    await visitor.click('#new-campaign');
    await visitor.see('h1', 'New campaign');
    await visitor.click('form button[type=submit]');
    assert.match(await visitor.errorBeside('#name'), /^Name is required\./);
    await visitor.fill('#name', 'One night only');
    await visitor.fill('#slug', 'Not A Slug');
    await visitor.fill('#artist', demo.artistWords);
    await visitor.see('.options li', demo.artist);
    await visitor.page.keyboard.press('ArrowDown');
    await visitor.page.keyboard.press('Enter');
    await visitor.see('.picked', demo.artist);
    await visitor.click('form button[type=submit]');
    assert.match(await visitor.errorBeside('#slug'), /Not A Slug/);
    await visitor.fill('#slug', 'one-night');
    await visitor.click('form button[type=submit]');
    await visitor.see('h1', 'One night only');
    await visitor.see('.chip', 'Draft');
    await visitor.click('#publish');
    await visitor.see('.chip', 'Live');
    const landing = await visitor.page.$eval('#landing', (link) => link.getAttribute('href'));
    assert.strictEqual(new URL(landing).pathname, '/campaign/one-night/landing');
    await visitor.page.goto(landing);
    await visitor.see('#name', 'One night only');
    await visitor.see('#artist', demo.artist.toUpperCase());
    await visitor.see('#no-concerts', 'No date');
    const create = `POST /api/orgs/${demo.orgId}/campaigns 400`;
    visitor.checkTroubles([create, create]);
  },

  async 'artists are found by words, country and years, and shown with releases and labels'(visitor) {
    await enter(visitor, '/#/artists');
    await visitor.fill('#query', demo.artistWords);
    await visitor.see('#found .artist', demo.artist);
    assert.match(visitor.page.url(), /query=beatl/);
    await visitor.fill('#country', 'FR');
    await visitor.see('.blank', 'Nobody found');
    await visitor.fill('#country', 'GB');
    await visitor.fill('#fromYear', '1965');
    await visitor.fill('#toYear', '1966');
    await visitor.see('#found .artist', demo.artist);
    await visitor.fill('#toYear', 'soon');
    assert.match(await visitor.errorBeside('#toYear'), /./);
    await visitor.fill('#toYear', '');
    await visitor.click('#found .card-link');
    await visitor.see('h1', demo.artist);
    await visitor.see('.releases td', demo.release);
    await visitor.see('.releases td', demo.label);
    await visitor.page.goBack();
    await visitor.see('#found .artist', demo.artist);
    visitor.checkTroubles(['GET /api/artists 400']);
  },

  async 'signing out ends the session, and signing in again leads back'(visitor) {
    await enter(visitor, '/');
    await visitor.see('h1', demo.org);
    await visitor.click('#sign-out');
    await visitor.see('h1', 'Sign in');
    await visitor.go(campaignPath);
    await visitor.page.reload();
    await visitor.see('h1', 'Sign in');
    await visitor.signIn(demo.email, demo.password);
    await visitor.see('h1', demo.campaign);
    visitor.checkTroubles();
  },

  async 'a session that the server has forgotten leads to the sign-in page'(visitor) {
    await enter(visitor, '/');
    await visitor.see('h1', demo.org);
    const cookies = await visitor.page.cookies();
    await visitor.page.deleteCookie(...cookies.filter((cookie) => cookie.httpOnly));
    await visitor.click(`a[href="#/home/campaign/${demo.campaignId}"]`);
    await visitor.see('.hint', 'session has ended');
    await visitor.signIn(demo.email, demo.password);
    await visitor.see('h1', demo.campaign);
    visitor.refusals.sort(); // three requests at once
    visitor.checkTroubles([
      `GET /api/campaigns/${demo.campaignId} 401`,
      `GET /api/campaigns/${demo.campaignId}/concerts/past 401`,
      `GET /api/campaigns/${demo.campaignId}/concerts/upcoming 401`,
    ]);
  },

  async 'what is not there is said on the page'(visitor) {
    await enter(visitor, `/#/artists/${'0'.repeat(8)}-0000-4000-8000-${'0'.repeat(12)}`);
    await visitor.see('.blank h2', 'Not found');
    await visitor.go('/#/no/such/page');
    await visitor.see('h1', demo.org);
    visitor.checkTroubles(['GET /api/artists/00000000-0000-4000-8000-000000000000 404']);
  },

  async 'keys alone do'(visitor) {
    await visitor.go('/');
    await visitor.page.waitForSelector('#email');
    assert.strictEqual(await visitor.focused(), 'email');
    await visitor.page.keyboard.type(demo.email);
    await visitor.page.keyboard.press('Tab');
    await visitor.page.keyboard.type(demo.password);
    await visitor.page.keyboard.press('Enter');
    await visitor.see('h1', demo.org);
    await visitor.page.reload();
    await visitor.see('h1', demo.org);
    await visitor.page.keyboard.press('Tab');
    await visitor.page.keyboard.press('Enter'); // the way around the bar
    assert.strictEqual(await visitor.focused(), 'main');
    visitor.checkTroubles();
  },
};

module.exports = { scenarios, enter, campaignPath };
